"""The command `microbp diagnose`: its options, and what it prints."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.compare_command import add_sources, source
from microbp.diagnosis import diagnose
from microbp.errors import ProblemError
from microbp.problems import NetworkProblem
from microbp.tabular import json_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the file of gradients may also stand right after the problem."""
    parser.usage = "microbp diagnose PROBLEM GRADIENTS [options]"
    add_sources(parser)
    parser.add_argument("--lr", type=float, dest="learning_rate", metavar="RATE", help="the learning rate you used")


def take_file(options: argparse.Namespace) -> None:
    """Moves the file of gradients, the one word without =, from the numbers of an expression to where it belongs."""
    files = [text for text in options.numbers if "=" not in text]
    options.numbers = [text for text in options.numbers if "=" in text]
    given = [*files, *(text for text in (options.gradients, options.function) if text)]
    if len(given) != 1:
        raise ProblemError(f"diagnose needs one file of gradients, or --function module:name; got {given or 'none'}")
    if files:
        options.gradients = files[0]


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the diagnosis. Exit code: 0 if the gradients are right, else 1."""
    X, Y = problem.inputs[: options.samples], problem.targets[: options.samples]
    settings: dict[str, Any] = {"learning_rate": options.learning_rate, "layout": options.layout}
    diagnosis = diagnose(problem, source(options), X, Y, **settings)
    print(json_text(diagnosis.as_dict()) if options.json else diagnosis)
    return 0 if diagnosis.ok else 1
