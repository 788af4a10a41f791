"""The command `microbp gradcheck`: the chain rule beside numeric derivatives, and the check of that check."""

from __future__ import annotations

import argparse

from microbp.comparing.gradcheck import METHODS, gradcheck
from microbp.diagnosis.strength.strength import strength
from microbp.problems import Problem, as_network
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--method", choices=METHODS, default="auto", help="complex step, central difference, or the first that applies"
    )
    parser.add_argument(
        "--strength",
        action="store_true",
        help="of a network: which mistakes a check on these data could not catch, why, and what to change",
    )


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the check, or what it cannot see. Exit code: 1 if a derivative differs, or a mistake would be missed."""
    check = (
        strength(as_network(problem), method=options.method)
        if options.strength
        else gradcheck(problem, method=options.method)
    )
    put(options, check.as_dict(), check)
    return 0 if check.ok else 1
