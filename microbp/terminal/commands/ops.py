"""The command `microbp ops`: the table of operations."""

from __future__ import annotations

import argparse

from microbp.engine.ops import FAMILIES, find
from microbp.terminal import reference
from microbp.terminal.commands.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("name", nargs="?", help="an operation")
    parser.add_argument("--source", action="store_true", help="print the functions made from its row")


def run(options: argparse.Namespace) -> int:
    """Prints the table, or a row."""
    if options.name is None:
        head, *rows = reference.HEAD, *reference.table()
        put(options, [dict(zip(head, row, strict=True)) for row in rows], reference.text())
        return 0
    family = options.name.rstrip("0123456789")  # one shows what all of a family are like
    op = FAMILIES[family].row(2) if family in FAMILIES else find(options.name)
    put(options, reference.as_dict(op), reference.source(op) if options.source else reference.describe(op))
    return 0
