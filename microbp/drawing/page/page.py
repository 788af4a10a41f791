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
from microbp.drawing.page.parts import content_hash, filled_in, page_body, page_script, page_style
from microbp.drawing.page.sentences import PageSentences
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
    said = PageSentences()
    rows, shown = _data(stepper, model, said)
    shown["title"] = said.merged(lambda: _cut(_title(title, stepper), 120))
    script = page_script(rows, said)
    own = len(said)
    body = page_body(said)
    shown |= {"languages": said.languages, "said": said.tables(own), "start": start, "rate": learning_rate}
    data = json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    style = page_style()
    parts = {
        "language": language_now(),
        "title": html.escape(_cut(_title(title, stepper), 120)),
        "policy": (
            f"default-src 'none'; script-src '{content_hash(script)}'; style-src '{content_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        "data": re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", data),
        "script": script,
    }
    return filled_in(body, parts)


def _title(title: str, stepper: Stepper) -> str:
    return word(title) or say("Backpropagation of {name}, step by step", name=sentences.root_name(stepper))


def _data(stepper: Stepper, model: MLP | None, said: PageSentences) -> tuple[list[Op | Family], dict[str, Any]]:
    """The operations, and everything that the script shows; nodes are numbers, in topological order."""
    nodes = [node for node in stepper.graph if not isinstance(node, Constant)]
    place = {node: k for k, node in enumerate(nodes)}
    rules: dict[str, int] = {}
    rows: dict[Op | Family, int] = {}
    _, boxes = group(stepper.graph, model)
    cards = [_card(node, boxes[node], stepper) for node in nodes]
    labels = [_edge_label(step) for step in stepper]
    written = [prefix + number_text(step.local) for prefix, step in zip(labels, stepper, strict=True)]
    frames = Frames(stepper, place, lambda node: _size(cards[place[node]], node, stepper, written), written)
    parameters = [node for node in nodes if isinstance(node, Parameter)]
    trained = set(parameters or (node for node in nodes if node.op is None))
    for node, card in zip(nodes, cards, strict=True):
        if node.op is None:
            card += [_exact(node.data), int(node in trained)]
        else:
            inputs = [place[x] if x in place else [_exact(x.data)] for x in node.inputs]
            card.append([rows.setdefault(row_of(node.op), len(rows)), inputs])
    steps = [
        [
            place[step.node],
            place[step.input],
            step.position,
            int(labels[step.number - 1] != ""),
            _cut(step.formula, SAID),
            rules.setdefault(step.node.op.rule, len(rules)),
            _activation_above(stepper.arrivals(step.node)),
            *([_cut(symbols(step).partition(" · ")[2], SAID)] if step.node is stepper.root else []),
        ]
        for step in stepper
        if step.node.op is not None
    ]
    layouts: list[str] = []

    def pictures() -> dict[str, Any]:
        made = frames.as_dict(*group(stepper.graph, model))
        layouts[:] = layouts or made.pop("layouts")
        return {**made, "layouts": [], "figure": figure(stepper, model, place)}

    shown = said.merged(pictures)
    return list(rows), {
        "cards": cards,
        "steps": steps,
        "rules": [said.number(rule) for rule in rules],
        "ideas": {idea.code: said.number(idea.sentence) for idea in IDEAS},
        "right": said.merged(lambda: Verdict(True, 0, 0, None).sentence),
        "wrong": said.merged(lambda: Verdict(False, 0, 0, None).sentence),
        "tolerance": TOLERANCE,
        "tries": TRIES,
        **shown,
        "layouts": _places(layouts, needed=shown["figure"] is None),
    }


def _places(layouts: Sequence[str], *, needed: bool) -> list[dict[str, Any]]:
    """Where Graphviz puts the cards; nowhere if there is no Graphviz and they are not needed: the figure needs none."""
    try:
        return [placed(dot) for dot in layouts]
    except RendererError:
        if needed:
            raise
    return []


def _card(node: Value, box: Box, stepper: Stepper) -> list[Any]:
    """Its kind, its name, how it is made if that is not its name; its differential if that is not ∂ before its name."""
    name = stepper.names[node].text()
    made = "" if node.op is None else expression(node, stepper.names).text()
    by = printing.derivative("", plain(name)).removeprefix("∂/")
    shown = _cut(name, SAID)
    return [kind_of(node, box), shown, "" if made == name else _cut(made, SAID), "" if by == f"∂{shown}" else by]


def _activation_above(above: Sequence[Step]) -> int | None:
    """Of the steps that brought a node its gradient: the place of the only one, if that is an activation's."""
    only = above[0] if len(above) == 1 else None
    return only.number - 1 if only and only.node.op and only.node.op.name in ACTIVATIONS else None


def _size(card: list[Any], node: Value, stepper: Stepper, labels: list[str]) -> tuple[float, float]:
    """The size of a card: room for its rows, by the count of their characters (the script squeezes what is wider)."""
    name, shown = _cut(card[1], 18), _cut(card[2], 28)
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
