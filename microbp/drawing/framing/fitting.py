"""The fullest picture whose text can be read at a width."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from microbp.drawing.framing.result import Drawing
from microbp.drawing.framing.sizes import Fitted, Size, smallest_text
from microbp.drawing.image import layout
from microbp.drawing.network.layout import MANY
from microbp.drawing.style import SHOWN, Style
from microbp.printing import say

DIGITS = Style.digits
MOST = 14.0
"""Points of the smallest text that no picture is blown up beyond."""
OF_CARDS = ("affine", "constants", "fold")
"""What makes no sense for circles; nor does a direction up or down."""
FEWER: tuple[tuple[str, ...], ...] = (SHOWN, ("values", "grads", "expressions"), ("values", "grads"))


def best(
    size: Size, asked: Mapping[str, Any], weights: int | None, make: Callable[[Mapping[str, Any]], Drawing]
) -> tuple[Drawing, Fitted]:
    """The first way to draw that has text of the least size, or the one whose text is the largest.

    `asked` are the options of the picture, `weights` the number of the network's, if there is one; `make` draws.
    Raises what `make` and the renderer raise.
    """
    found: list[tuple[Drawing, Fitted]] = []
    for way in options_to_try(asked, weights):
        drawing = make(way)
        fit = _fit(drawing.source, layout(drawing.source, drawing.timeout).bb, size)
        if "level" in way:
            drawing.level = drawing.level._replace(
                why=say("the most detailed that is readable at a width of {width}", width=size.said(size.width))
            )
        found.append((drawing, fit))
        if fit.readable:
            break
    drawing, fit = max(found, key=lambda each: (each[1].readable, each[1].text))
    return drawing.resized(_sized(drawing.source, fit)), fit


def options_to_try(asked: Mapping[str, Any], weights: int | None) -> Iterator[dict[str, Any]]:
    """The options to try, the fullest picture first; what was asked for is never changed.

    Without what stands on arrows, without expressions, each from left to right and from top to bottom; then circles,
    if there are neurons with few weights, also with a digit less; then a card for each neuron, and for each layer.
    """
    given = {name: value for name, value in asked.items() if value not in (None, False, "LR", "card", SHOWN)}
    shows = [{}] if "show" in given else [{"show": show} for show in FEWER]
    turns = [{}] if "direction" in given else [{}, {"direction": "TB"}]
    shorter = [{}] if given.get("digits", DIGITS) != DIGITS else [{}, {"digits": DIGITS - 1}]
    if given.get("level") == "network":
        yield from shorter
        return
    yield from ({**show, **turn} for show in shows for turn in turns)
    if weights is None or "level" in given:
        return
    sideways = given.get("direction", "RL") == "RL"
    if weights <= MANY and sideways and not any(name in given for name in OF_CARDS):
        yield from ({"level": "network", **fewer} for fewer in shorter)
    yield from ({**shows[-1], **turn, "level": level} for level in ("neuron", "layer") for turn in turns)


def _fit(source: str, corners: str, size: Size) -> Fitted:
    """How DOT text that Graphviz lays out between these corners fits a size."""
    left, lower, right, upper = map(float, corners.split(","))
    pad = 2 * 72 * float(found[1]) if (found := re.search(r"\bpad=([\d.]+)", source)) else 8.0
    width, height, text = right - left + pad, upper - lower + pad, smallest_text(source)
    scale = min(size.width / width, size.height / height, max(MOST, size.least) / text)
    return Fitted(size, text * scale, width * scale, height * scale)


def _sized(source: str, fit: Fitted) -> str:
    """DOT text for a picture of that size, in a .pdf, too."""
    return source.replace("graph [", f'graph [margin=0 size="{fit.width / 72:.4f},{fit.height / 72:.4f}!" ', 1)
