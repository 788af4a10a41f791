"""The command `microbp problems`: what comes with microbp, and a file to begin one's own with."""

from __future__ import annotations

import argparse

from microbp.printing import columns, word
from microbp.problems import titles
from microbp.problems.template import template
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--template", action="store_true", help="print a problem file to begin with, every key explained"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the list, or the template."""
    if options.template:
        put(options, {"template": template()}, template().removesuffix("\n"), verbatim=True)
    else:
        listed = titles()
        put(options, {"problems": listed}, "\n".join(columns([(name, word(title)) for name, title in listed.items()])))
    return 0
