"""The command `microbp diagnose`: its options, and what it prints."""

from __future__ import annotations

import argparse
import math

from microbp.comparing.answers.files import MISFITS, naming_source
from microbp.comparing.answers.labelled import read_labelled
from microbp.diagnosis.diagnose import diagnose
from microbp.errors import ProblemError
from microbp.problems import ExpressionProblem, Problem, as_network
from microbp.terminal.commands.compare import GRADIENTS, add_sources, described, given_source, read_as, sources
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the file of gradients may also stand right after the problem."""
    parser.usage = "microbp diagnose PROBLEM [NAME=NUMBER ...] GRADIENTS [options]"
    add_sources(parser, f"{GRADIENTS}; those of an expression may be typed: w=0.5,b=0.2")
    parser.add_argument("--lr", type=float, dest="learning_rate", metavar="RATE", help="the learning rate you used")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the diagnosis. Exit code: 0 if the gradients are right, else 1."""
    labels = [leaf.label for leaf in problem.leaves()] if isinstance(problem, ExpressionProblem) else []
    if not sources(options):
        other = f"--gradients {','.join(f'{name}=0.5' for name in labels)}" if labels else "--function module:name"
        raise ProblemError(f"diagnose needs one file of gradients, or {other}; got none")
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise ProblemError(f"--lr is the learning rate you used, a positive number; got {rate}")
    if isinstance(problem, ExpressionProblem):
        others = {"function": options.function, "run": options.run, "names": options.names, "lr": rate}
        for option, given in (others | read_as(options)).items():
            if given not in (None, False, []):
                said = "give the gradients of an expression as --gradients w=0.5, or in a file"
                raise ProblemError(f"--{option} is for networks: {said}")
        diagnosis = diagnose(problem, read_labelled(options.gradients, labels))
    else:
        network = as_network(problem)
        X, Y = network.inputs[: options.samples], network.targets[: options.samples]
        with naming_source(described(options), MISFITS), given_source(options, network) as source:
            diagnosis = diagnose(network, source, X, Y, learning_rate=rate, **read_as(options))
    put(options, diagnosis.as_dict(), diagnosis)
    return 0 if diagnosis.ok else 1
