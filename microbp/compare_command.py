"""The command `microbp compare`: its options, and what is compared with what."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.comparison import compare
from microbp.diagnosis.divergence import first_divergence
from microbp.learner.files import find_function, load_gradients
from microbp.learner.flat import LAYOUTS
from microbp.problems import NetworkProblem
from microbp.tabular import json_text

FORMATS = ("text", "md")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    group = add_sources(parser)
    group.add_argument("--intermediates", metavar="FILE", help="your z1, a1, delta2 …: which is wrong first?")
    parser.add_argument("--names", nargs="+", default=[], metavar="MINE=NAME", help="other names in that file: h=a1")
    parser.add_argument("--tolerance", type=float, metavar="T", help="absolute plus relative; else as precise as given")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="text, or Markdown")


def add_sources(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """The options that say whose gradients are looked at; returns those of which one can be given."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--gradients", metavar="FILE", help="your gradients: a .npz, .npy, .json, .csv or .mat file")
    source.add_argument(
        "--function", metavar="MODULE:NAME", help="your function f(weights, biases, X, Y) -> (dW, db): it is imported"
    )
    parser.add_argument("--layout", choices=LAYOUTS, help="how one flat vector holds them")
    return source


def source(options: argparse.Namespace) -> Any:
    """A learner's gradients as the options name them: a file, or a function; None if neither was given."""
    return find_function(options.function) if options.function else options.gradients


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the comparison. Exit code: 0, 1 if something differs."""
    X, Y = problem.inputs[: options.samples], problem.targets[: options.samples]
    if options.intermediates:
        names = dict(text.split("=", 1) if "=" in text else (text, text) for text in options.names)
        walk = first_divergence(problem, load_gradients(options.intermediates), X, Y, names=names)
        print(json_text(walk.as_dict()) if options.json else walk)
        return 0 if walk.ok else 1
    comparison = compare(problem, X, Y, gradients=source(options), layout=options.layout, tolerance=options.tolerance)
    if options.json:
        print(json_text(comparison.as_dict()))
    else:
        print(comparison.as_markdown() if options.format == "md" else comparison)
    return 0 if comparison.ok else 1
