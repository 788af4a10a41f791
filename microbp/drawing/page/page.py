"""From a backward pass to one HTML file to step through it: no network, the same bytes for the same graph.

Python makes every number and sentence beforehand, and Graphviz places empty boxes; page.js only shows and hides.
"""

from __future__ import annotations

import html
import json
import math
import re
from base64 import b64encode
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from microbp import printing
from microbp.drawing.escape import plain
from microbp.drawing.grouping import Box, group, kind_of
from microbp.drawing.levels import MAX_NODES
from microbp.drawing.page.frames import Frames
from microbp.drawing.palette import THEMES, Theme
from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.errors import GraphError, UnknownNameError, nearest
from microbp.nn import MLP
from microbp.printing import check_place, number_text, printable, write
from microbp.stepping import sentences
from microbp.stepping.guesses import IDEAS, TOLERANCE, Verdict, wrong_numbers
from microbp.stepping.names import expression, local_derivative, typeset
from microbp.stepping.step import Step
from microbp.stepping.stepper import Stepper

ENDINGS = (".html", ".htm")
SAID = 200
"""Longer sentences are cut in the middle."""


def page(
    root: Value, path: str | Path, *, model: MLP | None = None, title: str = "", max_nodes: int = MAX_NODES
) -> Path:
    """Writes a page to step through the backward pass of a value: one HTML file that works without a network.

    With `model`, its layers and neurons are boxes. Large graphs are folded around the current node. Raises
    `GraphError` for more than `max_nodes` values, `RendererError` if there is no Graphviz to place the cards, and what
    `check_page` raises.
    """
    check_page(path)
    return write(path, page_html(root, model=model, title=title, max_nodes=max_nodes).encode())


def check_page(path: str | Path) -> None:
    """Raises `UnknownNameError` if a file of this name is no page, `ProblemError` if none can stand there."""
    if (ending := Path(path).suffix.lower()) not in ENDINGS:
        raise UnknownNameError(nearest("ending of a page", ending, ENDINGS))
    check_place(path)


def page_html(
    root: Value, *, model: MLP | None = None, title: str = "", max_nodes: int = MAX_NODES, start: int = 0
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
    title = title or f"Backpropagation of {sentences.root_name(stepper)}, step by step"
    data = json.dumps(
        {**_data(stepper, model), "start": start}, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    style, script = _themes() + _file("page.css"), _file("page.js")
    parts = {
        "title": html.escape(_cut(title, 120)),
        "policy": (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        "data": re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", data),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("page.html"))  # one pass: data may hold {{


def _data(stepper: Stepper, model: MLP | None) -> dict[str, Any]:
    """Everything that the script shows; nodes are numbers, in topological order."""
    top, boxes = group(stepper.graph, model)
    nodes = [node for node in stepper.graph if not isinstance(node, Constant)]
    place = {node: k for k, node in enumerate(nodes)}
    rules: dict[str, int] = {}
    cards = [_card(node, boxes[node], stepper) for node in nodes]
    labels = [_edge_label(step) for step in stepper]
    frames = Frames(stepper, place, lambda node: _size(cards[place[node]], node, stepper, labels), labels)
    steps = [
        [
            place[step.node],
            place[step.input],
            printing.factor(step.upstream),
            printing.factor(step.local),
            printing.decimals(step.contribution),
            printing.decimals(step.after),
            number_text(step.after),
            labels[step.number - 1],
            _cut(f"{sentences.reason(step)}.", SAID),
            rules.setdefault(step.rule, len(rules)),
            _cut(sentences.arrival(step), SAID),
            _number(step.contribution),
            {code: _number(n) for code, n in wrong_numbers(step, stepper.arrivals(step.node)).items()},
        ]
        for step in stepper
    ]
    return {
        "cards": cards,
        "steps": steps,
        "forward": [place[node] for node in nodes if node.op is not None],
        "rules": list(rules),
        "ideas": {idea.code: idea.sentence for idea in IDEAS},
        "right": Verdict(True, 0, 0, None).sentence,
        "wrong": Verdict(False, 0, 0, None).sentence,
        "tolerance": TOLERANCE,
        **frames.as_dict(top, boxes),
    }


def _card(node: Value, box: Box, stepper: Stepper) -> list[Any]:
    """Its kind; name, value and expression for the card; derivative, equation and value for the formula; arrivals."""
    name = stepper.names[node].text()
    made = "" if node.op is None else expression(node, stepper.names).text()
    return [
        kind_of(node, box),
        _cut(name, 18),
        number_text(node.data),
        _cut("" if made == name else made, 28),
        printing.derivative("", plain(name)).removeprefix("∂/"),
        _cut(name if made in ("", name) else f"{name} = {made}", SAID),
        printing.decimals(node.data),
        len(stepper.arrivals(node)),
    ]


def _size(card: list[Any], node: Value, stepper: Stepper, labels: list[str]) -> tuple[float, float]:
    """The size of a card: room for its rows, by the count of their characters (the script squeezes what is wider)."""
    _, name, value, shown, *_, arrivals = card
    row = [7 * len(name) + 7 * len(value) + 10, 5.6 * len(shown), 112 if arrivals > 1 else 84]
    if node.op is None:  # the label of the arrow below a weight stands left of the arrow
        first = stepper.arrivals(node)[:1] if card[0] == "parameter" else []
        row += [10.4 * len(labels[step.number - 1]) + 4 for step in first]
    return 12 + min(max(row), 200), 54 if shown else 38


def _edge_label(step: Step) -> str:
    """The local derivative: its formula if that is short, and its number."""
    number, formula = number_text(step.local), local_derivative(step.node, step.position, step.names)
    text = typeset(printable(formula.text()))
    return f"{text} = {number}" if len(text) < 8 and formula.number is None else number


def _cut(text: str, most: int) -> str:
    """Printable text of bearable length."""
    if len(text) > 2 * most:  # what falls away need not be made printable first
        text = text[:most] + text[-most:]
    shown = typeset(printable(text))
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-(most // 2 - 1) :]}"


def _number(number: float) -> float | None:
    """A number for JSON, which has no inf and nan; the script judges within 1 %, so that eight digits are plenty."""
    return float(f"{number:.8g}") if math.isfinite(number) else None


def _themes() -> str:
    """The colours of palette.py as CSS variables: dark where the reader's screen is dark, never on paper."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n:root {{{_variables(THEMES['dark'])}}}\n}}"
    return f":root {{{_variables(THEMES['light'])}}}\n{dark}\n"


def _variables(theme: Theme) -> str:
    plain_ones = {name: getattr(theme, name) for name in ("ground", "box", "box_line", "text", "faint", "edge", "grad")}
    kinds = {f"{kind}-{part}": getattr(look, part) for kind, look in theme.kinds.items() for part in ("fill", "line")}
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in (plain_ones | kinds).items())


def _file(name: str) -> str:
    return resources.files("microbp.drawing.page").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
