"""The command `microbp draw`: its options, and the picture, or the film, that they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from microbp.drawing import animate, paths_to
from microbp.drawing import draw as picture
from microbp.drawing.drawing import FORMATS
from microbp.drawing.film.film import DPI, Film
from microbp.drawing.framing.sizes import MEDIA, Size, smallest_text, svg_width
from microbp.drawing.image import TIMEOUT
from microbp.drawing.levels import FOLDED, MAX_NODES
from microbp.drawing.style import CHOICES, SHOWN
from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.printing import printable, say
from microbp.problems import NetworkProblem, Problem
from microbp.stepping.names import name_graph
from microbp.terminal.output import put
from microbp.terminal.progress import progress

STILL = ("step", "no_backward", "compare", "width", "medium")
"""What makes no sense in a film."""
FLAGS = {"medium": "for"}
"""Options that are not called as what they are kept in."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "-o", "--output", metavar="FILE", help="a .svg, .png, .jpg, .pdf or .dot file; a film: .gif, .webp"
    )
    place.add_argument("--frames", metavar="DIR", help="a picture for each step of the pass, in this directory")
    add = parser.add_argument
    add("--animate", action="store_true", help="a film of the pass, also as .svg: no script in it, only style")
    add("--steps", type=_steps, default=slice(None), metavar="FIRST:LAST", help="of the pass, for a film or --frames")
    add("--seconds", type=float, default=1.0, metavar="S", help="for each picture of a film (default: %(default)g)")
    add("--format", choices=FORMATS, default="svg", help="of --frames (default: %(default)s)")
    add("--level", choices=FOLDED, help="a card for each of these (default: the finest that can be read)")
    add("--sample", type=int, metavar="K", help="of several samples draw this one, or 0 for all (default: 1)")
    add("--step", type=int, metavar="N", help="the moment of the backward pass after N steps")
    add("--no-backward", action="store_true", help="the graph as it is before the backward pass")
    add("--compare", metavar="FILE", help="mark which of these gradients are wrong: .json, .npz, .csv, .txt")
    add(
        "--theme",
        choices=CHOICES["theme"],
        default="light",
        help="the colours; auto follows the reader's screen (default: %(default)s)",
    )
    add(
        "--direction",
        choices=CHOICES["direction"],
        default="LR",
        help="which way the arrows go (default: %(default)s, to the right)",
    )
    wide = parser.add_mutually_exclusive_group()
    wide.add_argument("--width", metavar="W", help="as 16cm, 6in or 830px: as full a picture as can be read so wide")
    wide.add_argument("--for", dest="medium", choices=MEDIA, help="the same, of the width that this has")
    add("--title", metavar="TEXT", help="the line on top (default: the root and its value)")
    add("--caption", metavar="TEXT", help="what to say about the picture: below its title, of a network below it")
    add("--names", metavar="A=B,…", type=_names, default={}, help="boxes are called B, not A: 'neuron=unit,loss=error'")
    add("--transparent", action="store_true", help="nothing behind the picture")
    add("--show", metavar="WHAT", default=",".join(SHOWN), help="which of %(default)s, with commas")
    add("--digits", type=int, default=4, metavar="N", help="significant digits (default: %(default)s)")
    add("--heat", action="store_true", help="colour grads by magnitude")
    add("--widths", action="store_true", help="arrows as wide as their weights are large")
    add("--fold", action="append", metavar="BOX", help="make one card of the box with this title")
    add("--unfold", action="store_true", help="a card for each operation, even without a name")
    add("--constants", action="store_true", help="a card for each plain number")
    add("--affine", choices=CHOICES["affine"], default="card", help="a weighted sum as one card, or open")
    add("--paths-to", action="append", metavar="NAME", help="only what lies on the paths to this value")
    add("--around", metavar="NAME", help="only what is near this value")
    add("--depth", type=int, metavar="N", help="only what is within N arrows of it, or of the root")
    add("--max-nodes", type=int, default=MAX_NODES, metavar="N", help="the most values (default: %(default)s)")
    add("--dpi", type=int, metavar="N", help=f"dots an inch, for .png (default: 144) and films (default: {DPI})")
    add("--timeout", type=float, default=TIMEOUT, metavar="S", help="seconds for Graphviz (default: %(default)g)")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Writes the picture, or pictures, and says at which level and why. Exit code: 1 if gradients differ, else 0."""
    try:
        root = problem.root()
    except GraphError as too_large:
        if not isinstance(problem, NetworkProblem) or not _layers_will_do(options):
            raise
        return _layers(problem, options, str(too_large))
    if not options.no_backward:
        root.backward()
    same = _same(problem, options)
    said: dict[str, Any] = {"picture": options.output or options.frames, "values": len(root.graph())}
    wrong: dict[str, float] = {}
    if options.frames or options.animate or _moves(options.output):
        film = _film(root, options, same)
        drawing, said["pictures"] = film.drawings[0], len(film.drawings)
    else:
        if options.compare:
            said["wrong"] = wrong = differing(options.compare, problem, root)
        width = options.width or options.medium
        drawing = picture(
            root, options.output, step=options.step, wrong=wrong, dpi=options.dpi or 144, width=width, **same
        )
        if drawing.fit:
            said |= {"text_points": drawing.fit.text, "size": drawing.fit.about}
        elif options.output.lower().endswith(".svg") and (wide := svg_width(Path(options.output).read_bytes())):
            smallest = smallest_text(str(drawing.source))
            said |= {"text_points": smallest, "size": _unfitted(wide, smallest)}
    said["level"], said["why"] = drawing.level
    level, text = _told(said)
    if "pictures" in said:
        text = say("{count:,} pictures: {file} (level {level}: {why})", count=said["pictures"], **level)
    if "size" in said:
        text += f"\n{said['size']}"
    if options.compare:
        text += "\n" + say("gradients that differ: {names}", names=", ".join(wrong) or say("none"))
    put(options, said, text)
    return 1 if wrong else 0


def _told(said: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The picture, its level and why, as words and as a sentence of them."""
    words = {"file": printable(str(said["picture"])), "level": said["level"], "why": said["why"]}
    return words, say("Picture: {file} (level {level}: {why})", **words)


def _layers_will_do(options: argparse.Namespace) -> bool:
    """Whether the layers of a network, without values, are a picture of what was asked for."""
    of_values = ("frames", "animate", "compare", "step", "width", "medium", "around", "paths_to")
    asked = _moves(options.output or "") or any(getattr(options, name) not in (None, False) for name in of_values)
    return options.level in (None, "layer") and not asked


def _layers(problem: NetworkProblem, options: argparse.Namespace, why: str) -> int:
    """Writes the layers of a network, for which no graph is made."""
    drawing = picture(problem.model, options.output, dpi=options.dpi or 144, **_same(problem, options))
    said = {"picture": options.output, "level": drawing.level[0], "why": why}
    put(options, said, _told(said)[1])
    return 0


def _same(problem: Problem, options: argparse.Namespace) -> dict[str, Any]:
    """What pictures and films take alike."""
    what = ("level", "sample", "around", "depth", "max_nodes", "timeout")
    how = ("theme", "direction", "digits", "heat", "widths", "constants", "affine", "transparent")
    return {name: getattr(options, name) for name in (*what, *how)} | {
        "model": problem.model,
        "only": paths_to(*options.paths_to) if options.paths_to else None,
        "title": options.title or "",
        "caption": options.caption or "",
        "names": options.names,
        "fold": options.fold or (False if options.unfold else None),
        "show": [name.strip() for name in options.show.split(",") if name.strip()],
    }


def _names(text: str) -> dict[str, str]:
    """What is called otherwise. Raises what argparse tells the user."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(old.strip() and new.strip() for old, _, new in pairs):
        raise argparse.ArgumentTypeError(f"needs what boxes are called, such as neuron=unit,loss=error; got {text!r}")
    return {old.strip(): new.strip() for old, _, new in pairs}


def _unfitted(wide: float, text: float) -> str:
    """How wide a picture came out, and what its text would be on paper."""
    paper = Size.of("paper")
    said, there = say("{width} wide, text at least {size:.0f} pt", width=paper.said(wide), size=text), text
    there *= paper.width / wide
    if there >= paper.least - 0.05:
        return said
    return say(
        "{said}; only {size:.1f} pt if shrunk to {width}: for print, use --for paper (or {others})",
        said=said,
        size=there,
        width=paper.said(paper.width),
        others=", ".join(MEDIA[1:]),
    )


def differing(path: str, problem: Problem, root: Value) -> dict[str, float]:
    """Those gradients of a file that are wrong: of a network in any form that `compare` takes, else {"w": 0.5, …}."""
    from microbp.comparing.answers.labelled import read_labelled  # here, for a picture alone needs none of them
    from microbp.diagnosis.by_hand.replay import GraphReplay
    from microbp.diagnosis.compare import wrong_gradients

    if isinstance(problem, NetworkProblem):
        return wrong_gradients(problem, path)
    names = [name.text() for value, name in name_graph(root.graph()).items() if not isinstance(value, Constant)]
    gradients = read_labelled(path, names, "value")
    return {name: gradients[name] for name in GraphReplay(root, gradients).wrong}


def _film(root: Value, options: argparse.Namespace, same: dict[str, Any]) -> Film:
    for name in STILL:
        if getattr(options, name) not in (None, False):
            raise GraphError(
                f"a film shows the steps of a pass: --{FLAGS.get(name, name.replace('_', '-'))} is for one picture"
            )
    film = animate(root, steps=options.steps, seconds=options.seconds, **same)
    with progress(len(film.drawings), "picture") as show:
        if options.frames:
            film.write_each(options.frames, options.format, dpi=options.dpi or 144, on_picture=lambda k: show(k, ""))
        else:
            film.write(options.output, dpi=options.dpi or DPI, on_picture=lambda k: show(k, ""))
    return film


def _steps(text: str) -> slice:
    """FIRST:LAST, either of which may be left out, as a slice: LAST is a part of it."""
    first, colon, last = text.partition(":")
    try:
        numbers = [int(part) if part else None for part in (first, last)]
    except ValueError:
        numbers = [-1]
    if not colon or any(number is not None and number < 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"steps are given as FIRST:LAST, for example 10:20; got {text!r}")
    return slice(numbers[0], None if numbers[1] is None else numbers[1] + 1)


def _moves(path: str) -> bool:
    """Whether a file of this name is a film."""
    return Path(path).suffix.lower() in (".gif", ".webp")
