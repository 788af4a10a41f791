"""The command `microbp forward`: the forward pass with its numbers put in."""

from __future__ import annotations

import argparse
import shutil
import sys

from microbp.printing import printable
from microbp.problems import Problem
from microbp.stepping.forward import WIDTH, forward
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--sample", type=int, metavar="K", help="of several samples this one, 1 for the first")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints a line for each value; the exit code is 0."""
    root = problem.root()
    for value in root.graph():
        value.label = printable(value.label)
    found = forward(root, sample=options.sample)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    put(options, found.as_dict(), found.page(width))
    return 0
