"""The command `microbp conventions`: which conventions give a published number."""

from __future__ import annotations

import argparse

from microbp.errors import ProblemError
from microbp.problems import Problem
from microbp.terminal.output import put
from microbp.training.conventions import conventions


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--published", required=True, metavar="NUMBER", help="the number, with all digits it has")
    parser.add_argument("--steps", type=int, help="after how many steps it is said to be (the problem's own)")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints which conventions give the number. Exit code: 0, 1 if none do."""
    if options.steps is not None and options.steps < 0:
        raise ProblemError(f"--steps is a number of steps, 0 or more; got {options.steps}")
    found = conventions(problem, options.published, options.steps)
    put(options, found.as_dict(), found)
    return 0 if found.ok else 1
