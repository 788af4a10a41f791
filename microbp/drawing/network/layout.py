"""The places of a network figure: a column for each layer, a row for each neuron, and before it a port for each weight.

The edge of a weight ends at its port, where its label begins; from there a short line leads into the neuron. So no
label stands on a crossing, on another edge or on another label, whatever the sizes are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from microbp.nn import MLP

FONT = 8.0
"""Points of the text in circles and labels."""
CHARACTER, LINE = 0.64, 1.22
"""How wide a character (a digit of Verdana) and how high a line are, in parts of the font's size."""
RADIUS = {"input": 20.0, "bias": 27.0, "neuron": 31.0, "loss": 22.0}
"""Points of a circle, which holds a name and up to three lines of numbers."""
FAN, SPREAD, LEAD, GAP = 30.0, 4.0, 7.0, 9.0
"""Points between a column and the ports of the next (and for each row that edges come from), between labels and their
neuron, and between rows."""
MANY = 160
"""More edges have no labels: widths and colours say what can be said."""

Spot = tuple[int, int]
"""Column and row: inputs stand in column 0, the loss in the last; the row after the last is the next layer's bias."""
Pair = tuple[Spot, Spot]
"""The two ends of an edge."""
Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, by its centre and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass
class Layout:
    """Where everything stands, in points, y upwards."""

    circles: dict[Spot, tuple[Point, float]]
    """The centre and the radius of each circle."""
    ports: dict[Pair, Point]
    """Where the edge from a circle ends, if edges have labels,"""
    labels: dict[Pair, Box]
    """and the room for its label, which begins there."""


def lay_out(model: MLP, labels: Mapping[Pair, Sequence[str]]) -> Layout:
    """Places for a network whose edges have these labels, in lines; for more than `MANY` there are none."""
    sizes = [len(model.layers[0].neurons[0].w), *(len(layer.neurons) for layer in model.layers), 1]
    if len(labels) > MANY:
        labels = {}
    lines = max((len(text) for text in labels.values()), default=0)
    port = lines * FONT * LINE + 1.0
    row = max((n + 1) * port if labels else 0.0 for n in sizes[:-2])
    row = max(row, 2 * RADIUS["neuron"]) + GAP
    made, x = Layout({}, {}, {}), 0.0
    for column, size in enumerate(sizes):
        own = {pair: text for pair, text in labels.items() if pair[1][0] == column}
        width = max((len(line) for text in own.values() for line in text), default=0) * FONT * CHARACTER
        radius = RADIUS[_kind(column, len(sizes))]
        if column:
            x += FAN + SPREAD * sizes[column - 1] + (width + LEAD if own else 0.0) + radius
        middles = [((size - 1) / 2 - j) * row for j in range(size)]
        made.circles |= {(column, j): ((x, y), radius) for j, y in enumerate(middles)}
        left = x - radius - LEAD - width
        for j, middle in enumerate(middles if own else ()):
            for k in range(sizes[column - 1] + 1):
                y = middle + (sizes[column - 1] / 2 - k) * port
                made.ports[(column - 1, k), (column, j)] = left, y
                made.labels[(column - 1, k), (column, j)] = Box(left + width / 2, y, width, lines * FONT * LINE)
        x += radius
    _place_biases(made, sizes, row)
    return made


def _place_biases(made: Layout, sizes: Sequence[int], row: float) -> None:
    """A bias stands below the column before the layer that it belongs to, and so far to the right that its edges pass
    the circles above it; all at one height."""
    lowest = min(y for (_, y), _ in made.circles.values()) - row / 2 - RADIUS["bias"] - GAP / 2
    for column, size in enumerate(sizes[:-2]):
        (x, _), radius = made.circles[column, 0]
        made.circles[column, size] = (x + radius, lowest), RADIUS["bias"]


def _kind(column: int, columns: int) -> str:
    return {0: "input", columns - 1: "loss"}.get(column, "neuron")


def edges_of(model: MLP) -> Iterator[Pair]:
    """From each neuron, and each bias, to the neurons of the next layer; from each output to the loss."""
    for l, layer in enumerate(model.layers):
        for k in range(len(layer.neurons[0].w) + 1):  # the bias is the last
            yield from (((l, k), (l + 1, j)) for j in range(len(layer.neurons)))
    last = len(model.layers)
    yield from (((last, j), (last + 1, 0)) for j in range(len(model.layers[-1].neurons)))
