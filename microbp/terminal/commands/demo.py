"""The command `microbp demo`: the main job on the w1–w8 network."""

from __future__ import annotations

import argparse

from microbp.drawing import draw
from microbp.errors import RendererError
from microbp.printing import say
from microbp.problems import as_network, load
from microbp.terminal.demo import demo, demo_text
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "-o", "--output", default="w1-w8.svg", metavar="FILE", help="where the picture goes (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints all of it and draws the picture, if it can be drawn. Exit code: 1 if the comparison finds a difference."""
    problem = as_network(load("w1-w8"))
    numbers = demo(problem)
    root = problem.root()
    root.backward()
    try:
        draw(root, options.output, model=problem.model)
        numbers["picture"], said = options.output, say("Picture: {file}", file=options.output)
    except RendererError as error:
        numbers["picture"], said = None, say("No picture: {error}", error=error)
    comparison = numbers["comparison"]
    put(options, numbers | {"comparison": comparison.as_dict()}, "\n".join([*demo_text(numbers), "", said]))
    return 0 if comparison.ok else 1
