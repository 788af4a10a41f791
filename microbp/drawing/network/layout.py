"""The places of a network figure: a column for each layer, a row for each neuron, and before it a port for each weight.

The edge of a weight ends at its port, where its label begins; from there a short line leads into the neuron. So no
label stands on a crossing, on another edge or on another label, whatever the sizes are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from microbp.drawing.moment import Said
from microbp.nn import MLP

FONT = 8.0
"""Points of the text in circles and labels."""
LINE = 1.22
"""How high a line is, in parts of the font's size."""
WIDTHS = dict.fromkeys(" .,:()[]ijltfr", 0.46) | dict.fromkeys("=≠+−mwW", 0.84)
PADDING, LEAST = 3.0, 18.0
"""Points between the text in a circle and its line, and of the least radius."""
FAN, SPREAD, LEAD, GAP = 14.0, 4.0, 7.0, 9.0
"""Points between a column and the ports of the next (and for each row that edges come from), between labels and their
neuron, and between rows."""
MANY = 160
"""More edges have no labels: widths and colours say what can be said."""

Spot = tuple[int, int]
"""Column and row: inputs stand in column 0, the loss in the last; the row after the last is the next layer's bias."""
Pair = tuple[Spot, Spot]
"""The two ends of an edge."""
Point = tuple[float, float]


class Rectangle(NamedTuple):
    """A rectangle, by its centre and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass
class NetworkLayout:
    """Where everything stands, in points, y upwards."""

    circles: dict[Spot, tuple[Point, float]]
    """The centre and the radius of each circle."""
    ports: dict[Pair, Point]
    """Where the edge from a circle ends, if edges have labels,"""
    labels: dict[Pair, Rectangle]
    """and the room for its label, which begins there."""

    def ends(self, pair: Pair) -> tuple[Point, Point]:
        """Where the room for a label begins, seen from the tail of its edge, and where it ends."""
        (x, y), middle = self.ports[pair], self.labels[pair].x
        return (x, y), (2 * middle - x, y)

    def mirrored(self) -> NetworkLayout:
        """The same with its inputs at the right."""
        return NetworkLayout(
            {spot: ((-x, y), radius) for spot, ((x, y), radius) in self.circles.items()},
            {pair: (-x, y) for pair, (x, y) in self.ports.items()},
            {pair: box._replace(x=-box.x) for pair, box in self.labels.items()},
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The left, lower, right and upper end of all circles and labels."""
        boxes = [Rectangle(x, y, 2 * radius, 2 * radius) for (x, y), radius in self.circles.values()]
        boxes += self.labels.values()
        return (
            min(b.x - b.width / 2 for b in boxes), min(b.y - b.height / 2 for b in boxes),
            max(b.x + b.width / 2 for b in boxes), max(b.y + b.height / 2 for b in boxes),
        )  # fmt: skip  # two corners, a line each


def text_width(text: str) -> float:
    """How wide a line is, in parts of the font's size, as Verdana and its like have it or a little more."""
    return sum(WIDTHS.get(c, 0.64) for c in text)


def radius_of(lines: Sequence[str]) -> float:
    """Of a circle that these lines fit into, in points."""
    tops = [abs(k - (len(lines) - 1) / 2) + 0.5 for k in range(len(lines))]
    ends = [math.hypot(text_width(text) / 2, top * LINE) for text, top in zip(lines, tops, strict=True)]
    return max(LEAST, max(ends, default=0.0) * FONT + PADDING)


def lay_out(model: MLP, labels: Mapping[Pair, Sequence[str]], inside: Mapping[Spot, Sequence[str]]) -> NetworkLayout:
    """Places for a network with these lines on its edges and in its circles; of more than `MANY` edges none has any.

    The circles of a column are as large as the largest, those of all biases, too.
    """
    sizes = [len(model.layers[0].neurons[0].w), *(len(layer.neurons) for layer in model.layers), 1]
    if len(labels) > MANY:
        labels = {}
    radii = [max(radius_of(inside[column, j]) for j in range(size)) for column, size in enumerate(sizes)]
    lines = max((len(text) for text in labels.values()), default=0)
    port = lines * FONT * LINE + 1.0
    stacks = [(n + 1) * port for n, heads in pairwise(sizes[:-1]) if labels and heads > 1]
    row = max(stacks, default=0.0)
    row = max(row, *(2 * radius for radius, size in zip(radii, sizes, strict=True) if size > 1), 0.0) + GAP
    made, x = NetworkLayout({}, {}, {}), 0.0
    for column, size in enumerate(sizes):
        own = {pair: text for pair, text in labels.items() if pair[1][0] == column}
        width = max((text_width(line) for text in own.values() for line in text), default=0.0) * FONT
        radius = radii[column]
        if column:
            x += FAN + SPREAD * sizes[column - 1] + (width + LEAD if own else 0.0) + radius
        middles = [((size - 1) / 2 - j) * row for j in range(size)]
        made.circles |= {(column, j): ((x, y), radius) for j, y in enumerate(middles)}
        left = x - radius - LEAD - width
        for j, middle in enumerate(middles if own else ()):
            for k in range(sizes[column - 1] + 1):
                y = middle + (sizes[column - 1] / 2 - k) * port
                made.ports[(column - 1, k), (column, j)] = left, y
                made.labels[(column - 1, k), (column, j)] = Rectangle(left + width / 2, y, width, lines * FONT * LINE)
        x += radius
    _place_biases(made, sizes, max(radius_of(inside[column, size]) for column, size in enumerate(sizes[:-2])))
    return made


def _place_biases(made: NetworkLayout, sizes: Sequence[int], bias: float) -> None:
    """A bias stands below the column before the layer that it belongs to, and so far to the right that its edges pass
    the circles above it; all at one height."""
    lowest = made.bounds[1] - GAP - bias
    for column, size in enumerate(sizes[:-2]):
        (x, _), radius = made.circles[column, 0]
        made.circles[column, size] = (x + radius, lowest), bias


def wrapped(said: Said, room: float) -> list[list[tuple[str, bool]]]:
    """A line of text in lines that fit into so many ems: words, and whether each is the number that it is about."""
    words = [(word, False) for word in said.before.split(" ")] + [(word, True) for word in said.number.split(" ")]
    rows: list[list[tuple[str, bool]]] = []
    used = math.inf
    for word in [*words, *((word, False) for word in said.after.split(" "))]:
        wide = text_width(f"{word[0]} ")
        if used + wide > room:
            rows.append([])
            used = 0.0
        if word[0] or rows[-1]:  # a wider space within a line
            rows[-1].append(word)
            used += wide
    return rows


def edges_of(model: MLP) -> Iterator[Pair]:
    """From each neuron, and each bias, to the neurons of the next layer; from each output to the loss."""
    for l, layer in enumerate(model.layers):
        for k in range(len(layer.neurons[0].w) + 1):  # the bias is the last
            yield from (((l, k), (l + 1, j)) for j in range(len(layer.neurons)))
    last = len(model.layers)
    yield from (((last, j), (last + 1, 0)) for j in range(len(model.layers[-1].neurons)))
