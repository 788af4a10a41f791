"""The command `microbp diagnose`: its options, and what it prints."""

from __future__ import annotations

import argparse
import math
import os
from typing import Any

from microbp.compare_command import add_sources, described, source
from microbp.diagnosis.findings import Diagnosis
from microbp.diagnosis.verdict import diagnose
from microbp.errors import ProblemError
from microbp.learner.files import readable
from microbp.learner.labelled import read_labelled
from microbp.problems import ExpressionProblem, Problem, as_network
from microbp.tabular import json_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the file of gradients may also stand right after the problem."""
    parser.usage = "microbp diagnose PROBLEM GRADIENTS [options]"
    add_sources(parser)
    parser.add_argument("--lr", type=float, dest="learning_rate", metavar="RATE", help="the learning rate you used")


def take_files(options: argparse.Namespace) -> list[str]:
    """Takes the files out of the numbers of an expression: the words without =, and those that are there."""
    files = [text for text in options.numbers if "=" not in text or os.path.isfile(text)]
    options.numbers = [text for text in options.numbers if text not in files]
    return files


def take_file(options: argparse.Namespace) -> None:
    """Moves the one file of gradients to where it belongs."""
    files = take_files(options)
    given = [*files, *(text for text in (options.gradients, options.function) if text)]
    if len(given) != 1:
        raise ProblemError(f"diagnose needs one file of gradients, or --function module:name; got {given or 'none'}")
    if files:
        options.gradients = files[0]


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the diagnosis. Exit code: 0 if the gradients are right, else 1."""
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise ProblemError(f"--lr is the learning rate you used, a positive number; got {rate}")
    if isinstance(problem, ExpressionProblem):
        if options.function:
            raise ProblemError("--function is for networks: give the gradients of an expression as --gradients w=0.5")
        labels = [leaf.label for leaf in problem.leaves()]
        return _print(diagnose(problem, read_labelled(options.gradients, labels)), options)
    problem = as_network(problem)
    X, Y = problem.inputs[: options.samples], problem.targets[: options.samples]
    settings: dict[str, Any] = {"learning_rate": rate, "layout": options.layout}
    with readable(described(options)):
        diagnosis = diagnose(problem, source(options), X, Y, **settings)
    return _print(diagnosis, options)


def _print(diagnosis: Diagnosis, options: argparse.Namespace) -> int:
    print(json_text(diagnosis.as_dict()) if options.json else diagnosis)
    return 0 if diagnosis.ok else 1
