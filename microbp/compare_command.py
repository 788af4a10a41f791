"""The command `microbp compare`: its options, and what is compared with what."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.comparison import compare
from microbp.learner import LAYOUTS
from microbp.learner_files import find_function
from microbp.problems import NetworkProblem
from microbp.tabular import json_text

FORMATS = ("text", "md")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_sources(parser)
    parser.add_argument("--tolerance", type=float, metavar="T", help="absolute plus relative; else as precise as given")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="text, or Markdown")


def add_sources(parser: argparse.ArgumentParser) -> None:
    """The options that say whose gradients are looked at."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--gradients", metavar="FILE", help="your gradients: a .npz, .npy, .json, .csv or .mat file")
    source.add_argument(
        "--function", metavar="MODULE:NAME", help="your function f(weights, biases, X, Y) -> (dW, db): it is imported"
    )
    parser.add_argument("--layout", choices=LAYOUTS, help="how one flat vector holds them")


def source(options: argparse.Namespace) -> Any:
    """A learner's gradients as the options name them: a file, or a function; None if neither was given."""
    return find_function(options.function) if options.function else options.gradients


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the comparison. Exit code: 0, 1 if something differs."""
    X, Y = problem.inputs[: options.samples], problem.targets[: options.samples]
    comparison = compare(problem, X, Y, gradients=source(options), layout=options.layout, tolerance=options.tolerance)
    if options.json:
        print(json_text(comparison.as_dict()))
    else:
        print(comparison.as_markdown() if options.format == "md" else comparison)
    return 0 if comparison.ok else 1
