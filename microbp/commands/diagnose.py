"""The command `microbp diagnose`: its options, and what it prints."""

from __future__ import annotations

import argparse
import math

from microbp.commands.compare import add_sources, described, source
from microbp.commands.output import put
from microbp.diagnosis.verdict import diagnose
from microbp.errors import ProblemError
from microbp.learner.files import readable
from microbp.learner.labelled import read_labelled
from microbp.problems import ExpressionProblem, Problem, as_network


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the file of gradients may also stand right after the problem."""
    parser.usage = "microbp diagnose PROBLEM GRADIENTS [options]"
    add_sources(parser)
    parser.add_argument("--lr", type=float, dest="learning_rate", metavar="RATE", help="the learning rate you used")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the diagnosis. Exit code: 0 if the gradients are right, else 1."""
    given = [text for text in (*options.files, options.gradients, options.function) if text]
    if len(given) != 1:
        raise ProblemError(f"diagnose needs one file of gradients, or --function module:name; got {given or 'none'}")
    if options.files:
        (options.gradients,) = options.files
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise ProblemError(f"--lr is the learning rate you used, a positive number; got {rate}")
    if isinstance(problem, ExpressionProblem):
        if options.function:
            raise ProblemError("--function is for networks: give the gradients of an expression as --gradients w=0.5")
        labels = [leaf.label for leaf in problem.leaves()]
        diagnosis = diagnose(problem, read_labelled(options.gradients, labels))
    else:
        network = as_network(problem)
        X, Y = network.inputs[: options.samples], network.targets[: options.samples]
        with readable(described(options)):
            diagnosis = diagnose(network, source(options), X, Y, learning_rate=rate, layout=options.layout)
    put(options, diagnosis.as_dict(), diagnosis)
    return 0 if diagnosis.ok else 1
