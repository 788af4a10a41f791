"""From a backward pass to one HTML file to step through it: no network, the same bytes for the same graph.

Python makes the sentences, Graphviz places empty boxes, and the numbers are computed in the page, by JavaScript that is
made from the table of operations: so they can be changed there.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microbp import printing
from microbp.drawing.escape import plain
from microbp.drawing.grouping import Box, group, kind_of
from microbp.drawing.levels import MAX_NODES
from microbp.drawing.page.code import row_of
from microbp.drawing.page.figure import figure
from microbp.drawing.page.frames import Frames, placed
from microbp.drawing.page.parts import content_hash, filled_in, page_script, page_style
from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.engine.ops import Family, Op
from microbp.errors import GraphError, RendererError, UnknownNameError, nearest
from microbp.nn import ACTIVATIONS, MLP, Parameter
from microbp.printing import check_place, language_now, number_text, printable, say, word, write_file
from microbp.stepping import sentences
from microbp.stepping.guesses import IDEAS, TOLERANCE, TRIES, Verdict
from microbp.stepping.names import expression, local_derivative, typeset
from microbp.stepping.step import Step, symbols
from microbp.stepping.stepper import Stepper

ENDINGS = (".html", ".htm")
RATE = 0.1
"""The learning rate that descent begins with."""
SAID = 200
"""Longer sentences are cut in the middle."""


def page(
    root: Value,
    path: str | Path,
    *,
    model: MLP | None = None,
    title: str = "",
    max_nodes: int = MAX_NODES,
    learning_rate: float = RATE,
) -> Path:
    """Writes a page to step through the backward pass of a value: one HTML file that works without a network.

    With `model`, its layers and neurons are boxes. Large graphs are folded around the current node. The page computes
    forward and backward pass anew from its leaves, which can be changed there; `learning_rate` is what descent begins
    with, of the graph's parameters if it has any, else of all leaves. Raises
    `GraphError` for more than `max_nodes` values, `RendererError` if there is no Graphviz to place the cards and no
    network small enough to be drawn without, and what `check_page` raises.
    """
    check_page(path)
    made = page_html(root, model=model, title=title, max_nodes=max_nodes, learning_rate=learning_rate)
    return write_file(path, made.encode())


def check_page(path: str | Path) -> None:
    """Raises `UnknownNameError` if a file of this name is no page, `ProblemError` if none can stand there."""
    if (ending := Path(path).suffix.lower()) not in ENDINGS:
        raise UnknownNameError(nearest("ending of a page", ending, ENDINGS))
    check_place(path)


def page_html(
    root: Value,
    *,
    model: MLP | None = None,
    title: str = "",
    max_nodes: int = MAX_NODES,
    start: int = 0,
    learning_rate: float = RATE,
) -> str:
    """The page as text; it opens where `start` steps have been made."""
    root = root_of(root)
    count = len(root.graph())
    if count > max_nodes:
        raise GraphError(
            f"a page with {count:,} values would be slow to step through (the limit is {max_nodes:,}): take a part of "
            "the graph, from a value inside it, a smaller batch, or raise max_nodes"
        )
    stepper = Stepper(root)
    title = word(title) or say("Backpropagation of {name}, step by step", name=sentences.root_name(stepper))
    rows, shown = _data(stepper, model)
    data = json.dumps(
        {**shown, "start": start, "rate": learning_rate},
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    style, script = page_style(), page_script(rows)
    parts = {
        "language": language_now(),
        "title": html.escape(_cut(title, 120)),
        "policy": (
            f"default-src 'none'; script-src '{content_hash(script)}'; style-src '{content_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        "data": re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", data),
        "script": script,
    }
    return filled_in(parts)


def _data(stepper: Stepper, model: MLP | None) -> tuple[list[Op | Family], dict[str, Any]]:
    """The operations, and everything that the script shows; nodes are numbers, in topological order."""
    top, boxes = group(stepper.graph, model)
    nodes = [node for node in stepper.graph if not isinstance(node, Constant)]
    place = {node: k for k, node in enumerate(nodes)}
    rules: dict[str, int] = {}
    rows: dict[Op | Family, int] = {}
    cards = [_card(node, boxes[node], stepper) for node in nodes]
    labels = [_edge_label(step) for step in stepper]
    written = [prefix + number_text(step.local) for prefix, step in zip(labels, stepper, strict=True)]
    frames = Frames(stepper, place, lambda node: _size(cards[place[node]], node, stepper, written), written)
    parameters = [node for node in nodes if isinstance(node, Parameter)]
    trained = set(parameters or (node for node in nodes if node.op is None))
    for node, card in zip(nodes, cards, strict=True):
        if node.op is None:
            card += [None, _exact(node.data), node in trained]
        else:
            inputs = [place[x] if x in place else [_exact(x.data)] for x in node.inputs]
            card += [[rows.setdefault(row_of(node.op), len(rows)), inputs], None, False]
    steps = [
        [
            place[step.node],
            place[step.input],
            step.position,
            labels[step.number - 1],
            _cut(sentences.local_reason(step), SAID),
            rules.setdefault(step.rule, len(rules)),
            _cut(_arrival(step), SAID),
            _activation_above(stepper.arrivals(step.node)),
            _cut(symbols(step).partition(" · ")[2], SAID) if step.node is stepper.root else None,
        ]
        for step in stepper
    ]
    return list(rows), {
        "cards": cards,
        "steps": steps,
        "rules": list(rules),
        "ideas": {idea.code: word(idea.sentence) for idea in IDEAS},
        "right": Verdict(True, 0, 0, None).sentence,
        "wrong": Verdict(False, 0, 0, None).sentence,
        "tolerance": TOLERANCE,
        "tries": TRIES,
        **_pictures(frames.as_dict(top, boxes), figure(stepper, model, place)),
    }


def _pictures(frames: dict[str, Any], drawn: dict[str, Any] | None) -> dict[str, Any]:
    """The cards where Graphviz puts them, and the figure, which needs none: where there is no Graphviz, it alone."""
    try:
        layouts = [placed(dot) for dot in frames["layouts"]]
    except RendererError:
        if drawn is None:
            raise
        layouts = []
    return {**frames, "layouts": layouts, "figure": drawn}


def _card(node: Value, box: Box, stepper: Stepper) -> list[Any]:
    """Its kind; its name and expression for the card; its derivative and equation for the formula."""
    name = stepper.names[node].text()
    made = "" if node.op is None else expression(node, stepper.names).text()
    return [
        kind_of(node, box),
        _cut(name, 18),
        _cut("" if made == name else made, 28),
        printing.derivative("", plain(name)).removeprefix("∂/"),
        _cut(name if made in ("", name) else f"{name} = {made}", SAID),
    ]


def _arrival(step: Step) -> str:
    """What the contribution is added to; where something has arrived before, with fields for the numbers."""
    if step.first:
        return sentences.arrival(step)
    return say(
        "It is added to what has arrived at {name} before: {before} + {contribution} = {after}.",
        name=step.input_name,
        before="{before}",
        contribution="{contribution}",
        after="{after}",
    )


def _activation_above(above: Sequence[Step]) -> int | None:
    """Of the steps that brought a node its gradient: the place of the only one, if that is an activation's."""
    only = above[0] if len(above) == 1 else None
    return only.number - 1 if only and only.node.op and only.node.op.name in ACTIVATIONS else None


def _size(card: list[Any], node: Value, stepper: Stepper, labels: list[str]) -> tuple[float, float]:
    """The size of a card: room for its rows, by the count of their characters (the script squeezes what is wider)."""
    _, name, shown, *_ = card
    value, arrivals = number_text(node.data), len(stepper.arrivals(node))
    row = [7 * len(name) + 7 * len(value) + 10, 5.6 * len(shown), 112 if arrivals > 1 else 84]
    if node.op is None:  # the label of the arrow below a weight stands left of the arrow
        first = stepper.arrivals(node)[:1] if card[0] == "parameter" else []
        row += [10.4 * len(labels[step.number - 1]) + 4 for step in first]
    return 12 + min(max(row), 200), 54 if shown else 38


def _edge_label(step: Step) -> str:
    """What stands before the number of the local derivative: its formula, if that is short."""
    formula = local_derivative(step.node, step.position, step.names)
    text = typeset(printable(formula.text()))
    return f"{text} = " if len(text) < 8 and formula.number is None else ""


def _cut(text: str, most: int) -> str:
    """Printable text of bearable length."""
    if len(text) > 2 * most:  # what falls away need not be made printable first
        text = text[:most] + text[-most:]
    shown = typeset(printable(text))
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-(most // 2 - 1) :]}"


def _exact(number: float) -> float | str:
    """A number for JSON, which has no inf and nan, to the last digit."""
    number = float(number)
    return number if math.isfinite(number) else str(number).replace("inf", "Infinity").replace("nan", "NaN")
