"""The command `microbp explain`: the gradient of a weight in three notations."""

from __future__ import annotations

import argparse
import shutil
import sys

from microbp.derivation.any_value import value_lines
from microbp.derivation.one_weight import explain
from microbp.problems import NetworkProblem
from microbp.terminal.output import put

WIDTH = 120
"""The width of what is not for a terminal, and the most of what is, in characters."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--weight", metavar="NAME", help="a weight or bias, such as 'w[1][2,0]' (default: one a layer)")
    which.add_argument("--of", metavar="NAME", help="any value: 'a[1][0]', 'z[1][0]@2' of sample 2, 'δ[1][0]', out_h1")


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the derivations. Exit code: 1 if one of them does not give the gradient."""
    if options.of is not None:
        lines = list(value_lines(problem, options.of))
        put(options, {"of": options.of, "lines": lines}, "\n".join(lines))
        return 0
    labels = [options.weight] if options.weight else [layer.neurons[0].w[0].label for layer in problem.model.layers]
    found = [explain(problem, label) for label in labels]
    width = min(shutil.get_terminal_size().columns, WIDTH) if sys.stdout.isatty() else WIDTH
    put(options, {"derivations": [one.as_dict() for one in found]}, "\n\n\n".join(one.page(width) for one in found))
    return 0 if all(one.ok for one in found) else 1
