"""The command `microbp gradcheck`: the chain rule beside numeric derivatives, and the check of that check."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from microbp.comparing.gradcheck import METHODS, GradCheck, gradcheck
from microbp.problems import Problem, as_network
from microbp.terminal.output import put

if TYPE_CHECKING:
    from microbp.diagnosis.strength.strength import Strength


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
    check: GradCheck | Strength
    if options.strength:
        from microbp.diagnosis.strength.strength import strength  # which brings all that searches

        check = strength(as_network(problem), method=options.method)
    else:
        check = gradcheck(problem, method=options.method)
    put(options, check.as_dict(), check)
    return 0 if check.ok else 1
