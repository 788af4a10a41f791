"""How fine a picture is: a card for each operation, for each neuron, for each layer, or for each array of a trace.

>>> from microbp import load
>>> choose_level(31, load("w1-w8").model)
Level(name='op', why='31 values are few enough to read')
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from typing import Any, Literal, NamedTuple

from microbp.drawing.grouping import Box
from microbp.engine import Value
from microbp.errors import DrawingWarning, GraphError, UnknownNameError, nearest, place_outside
from microbp.nn import MLP
from microbp.printing import say

LevelName = Literal["op", "neuron", "network", "layer", "array"]
FOLDED: dict[str, tuple[str, ...]] = {
    "op": (),
    "neuron": ("input", "neuron", "loss"),
    "network": (),
    "layer": ("inputs", "layer", "loss"),
    "array": ("leaves", "array", "loss"),
}
"""For each level the kinds of boxes that become one card each. A network has circles instead of cards."""
BY_SAMPLE = ("op", "network")
"""The levels at which one sample is drawn, of several."""
READABLE = {"values": 60, "weights": 400}
"""How many values can be read one by one, and how many weights as arrows between neurons."""
FEW_WEIGHTS = 8
"""So many weights of a neuron have a row each; more have one, with their range and the norm of their grads."""
MAX_NODES = 2000
"""The most values, or weights as arrows, that are drawn unless it is said otherwise."""
MANY_NODES = 400
"""The most values, or weights as arrows, that are drawn without a warning."""


class Level(NamedTuple):
    """A level, and why it was chosen."""

    name: str
    why: str


def choose_level(values: int, model: MLP | None, arrays: Any = None) -> Level:
    """The finest level that can be read, for a graph of so many values; for a trace, that of its arrays."""
    if arrays is not None:
        return Level("array", say("a trace has arrays; level='op' has a card for each operation"))
    if model is None:
        return Level("op", say("there is no network with neurons and layers to fold into"))
    if values <= READABLE["values"]:
        return Level("op", say("{count:,} values are few enough to read", count=values))
    weights = sum(len(neuron.w) for layer in model.layers for neuron in layer.neurons)
    most = READABLE["values"]
    too_many = say("{count:,} values are more than the {most} that can be read", count=values, most=most)
    if weights <= READABLE["weights"]:
        return Level("neuron", too_many)
    return Level(
        "layer",
        say(
            "{said}, {count:,} weights more than the {most} that can be arrows",
            said=too_many,
            count=weights,
            most=READABLE["weights"],
        ),
    )


def check_level(level: str, model: MLP | None, arrays: Any = None) -> None:
    """Raises `UnknownNameError` for a level that does not exist, `GraphError` for one that needs a model or trace."""
    if level not in FOLDED:
        raise UnknownNameError(nearest("level", level, FOLDED))
    if level == "array" and arrays is None:
        raise GraphError("level='array' has a card for each array of a trace: draw(microbp.trace(forward, x=x, …))")
    if level not in ("op", "array") and model is None:
        raise GraphError(f"level={level!r} needs the network that it shows: pass model=...")


def folded_boxes(top: Box, level: str, titles: Collection[str] = ()) -> set[Box]:
    """The boxes that become one card each: those of the level, and those with these titles.

    Raises `UnknownNameError` for a title that no box has.
    """
    boxes = [box for box in top.walk() if box is not top]
    for title in titles:
        if title not in (known := {box.title for box in boxes}):
            raise UnknownNameError(nearest("box", title, known))
    return {box for box in boxes if box.kind in FOLDED[level] or box.title in titles}


def regroup(top: Box, boxes: dict[Value, Box]) -> set[Value]:
    """Readies the boxes for neurons as cards, and returns the biases that neurons share.

    An input gets a box of its own, with its values for all samples; a shared bias is a part of each of its neurons, so
    that no arrow need lead from it.
    """
    shared: set[Value] = set()
    for outer in top.boxes:
        slots: dict[str, Box] = {}
        for x in outer.parts.pop("x", []):
            if x.label and x.label not in slots:
                slots[x.label] = outer.inner("input", x.label)
            if x.label:
                slots[x.label].parts.setdefault("x", []).append(x)
                boxes[x] = slots[x.label]
        if outer.kind == "layer" and (biases := outer.parts.pop("b", None)):
            shared |= set(biases)
            for inner in outer.boxes:
                inner.parts = {"w": inner.parts.pop("w"), "b": biases, **inner.parts}
            boxes |= dict.fromkeys(biases, outer.boxes[0])
    return shared


class CardRow(NamedTuple):
    """A row of the card of a folded box: some of its values, with the letter and the shape that a text gives them."""

    letter: str
    shape: tuple[int, ...]
    values: list[Value]


def parts(box: Box) -> Iterator[CardRow]:
    """What a box and the boxes in it consist of: 128 neurons with 784 weights each are a w of shape (128, 784)."""
    for letter in dict.fromkeys(letter for each in box.walk() for letter in each.parts):
        lists = [each.parts[letter] for each in box.walk() if letter in each.parts]
        shape = box.shape or tuple(n for n in (len(lists), len(lists[0])) if n > 1)
        yield CardRow(letter, shape, [value for values in lists for value in values])


def split_rows(part: CardRow, level: str) -> list[CardRow]:
    """The rows of a part of a card: at level neuron each of a neuron's weights has its own, if they are few."""
    if level != "neuron" or part.letter != "w" or len(part.values) > FEW_WEIGHTS:
        return [part]
    return [CardRow(part.letter, (), [value]) for value in part.values]


def refuse(level: str, values: int, model: MLP | None, arrays: Any, max_nodes: int) -> None:
    """Raises `GraphError` for what no one could read; warns of what is hard to read."""
    count, of = values, "values"
    if level in ("neuron", "network") and model is not None:
        count, of = sum(len(neuron.w) for layer in model.layers for neuron in layer.neurons), "weights as arrows"
    if level in ("layer", "array") or count <= min(MANY_NODES, max_nodes):
        return
    levels = [name for name in FOLDED if name != "array"] if arrays is None else ["op", "array"]
    coarser = levels[levels.index(level) + 1 :]
    advice = f"a coarser level ({', '.join(coarser)}), " if model is not None or arrays is not None else ""
    advice += "a part of the graph (only=paths_to(…), around=…, depth=…)"
    if count > max_nodes:
        raise GraphError(
            f"a picture of {count:,} {of} cannot be read (the limit is {max_nodes:,}): "
            f"draw {advice}, or raise max_nodes"
        )
    if max_nodes == MAX_NODES:
        said = f"a picture of {count:,} {of} is hard to read: draw {advice}"
        warnings.warn_explicit(said, DrawingWarning, *place_outside())
