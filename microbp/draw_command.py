"""The command `microbp draw`: its options, and the picture that they ask for."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.problems import Problem
from microbp.render import draw as picture
from microbp.render import paths_to
from microbp.render.image import TIMEOUT
from microbp.render.levels import FOLDED, MAX_NODES
from microbp.render.style import CHOICES, SHOWN
from microbp.tabular import json_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add = parser.add_argument
    add("-o", "--output", required=True, metavar="FILE", help="a .svg, .png, .pdf or .dot file")
    add("--level", choices=FOLDED, help="a card for each of these (default: the finest that can be read)")
    add("--step", type=int, metavar="N", help="the moment of the backward pass after N steps")
    add("--no-backward", action="store_true", help="the graph as it is before the backward pass")
    add("--theme", choices=CHOICES["theme"], default="light", help="the colours (default: %(default)s)")
    add("--direction", choices=CHOICES["direction"], default="LR", help="left to right, or top to bottom")
    add("--show", metavar="WHAT", default=",".join(SHOWN), help="which of %(default)s, with commas")
    add("--digits", type=int, default=4, metavar="N", help="significant digits (default: %(default)s)")
    add("--heat", action="store_true", help="colour grads by magnitude")
    add("--fold", action="append", metavar="BOX", help="make one card of the box with this title")
    add("--unfold", action="store_true", help="a card for each operation, even without a name")
    add("--constants", action="store_true", help="a card for each plain number")
    add("--affine", choices=CHOICES["affine"], default="card", help="a weighted sum as one card, or open")
    add("--paths-to", action="append", metavar="NAME", help="only what lies on the paths to this value")
    add("--around", metavar="NAME", help="only what is near this value")
    add("--depth", type=int, metavar="N", help="only what is so many arrows from there, or from the root")
    add("--max-nodes", type=int, default=MAX_NODES, metavar="N", help="the most values (default: %(default)s)")
    add("--dpi", type=int, default=144, help="dots an inch, for .png (default: %(default)s)")
    add("--timeout", type=float, default=TIMEOUT, metavar="S", help="seconds for Graphviz (default: %(default)g)")


def draw(problem: Problem, options: argparse.Namespace) -> int:
    """Writes the picture, and says at which level and why; returns the exit code."""
    root = problem.root()
    if not options.no_backward:
        root.backward()
    same: dict[str, Any] = {
        name: getattr(options, name)
        for name in (
            *("level", "step", "around", "depth", "max_nodes", "dpi", "timeout"),
            *("theme", "direction", "digits", "heat", "constants", "affine"),
        )
    }
    drawing = picture(
        root,
        options.output,
        model=problem.model,
        only=paths_to(*options.paths_to) if options.paths_to else None,
        fold=options.fold or not options.unfold,
        show=[name.strip() for name in options.show.split(",") if name.strip()],
        **same,
    )
    level, why = drawing.level
    if options.json:
        said = {"picture": options.output, "values": len(root.graph()), "level": level, "why": why}
        print(json_text(said))
    else:
        print(f"Picture: {options.output} (level {level}: {why})")
    return 0
