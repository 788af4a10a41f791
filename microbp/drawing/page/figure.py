"""A network as its texts draw it: circles in columns, each weight on its edge; places and names alone, for the page.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> stepper = Stepper(problem.root())
>>> made = figure(stepper, problem.model, {node: k for k, node in enumerate(stepper.graph)})
>>> len(made["circles"]), len(made["labels"]), len(made["edges"])
(9, 8, 14)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from microbp.drawing.network.layout import MANY, Pair, Point, Spot, edges_of, lay_out
from microbp.drawing.network.network import Network
from microbp.drawing.network.numbers import letter
from microbp.drawing.page.frames import tenths
from microbp.drawing.style import Style
from microbp.engine import Value
from microbp.nn import MLP
from microbp.printing import number_text, printable, say
from microbp.stepping.stepper import Stepper

SCALE = 1.55
"""Pixels of a point: then the text is as large as that of cards."""
ROOM = "0" * 9
"""What a number has room for: what is wider is squeezed."""
FEW = 3
"""So many outputs have their own parts of the loss in its circle."""

Line = list[Any]
"""A text, and what follows it: nothing (0), the value (1) or the grad (2) of the card."""
Part = list[Any]
"""The cards, one for each sample or one for all, or none; and lines."""


def figure(stepper: Stepper, model: MLP | None, place: Mapping[Value, int]) -> dict[str, Any] | None:
    """The figure of a network whose nodes have these numbers; None for what is no network, or too large for labels."""
    if model is None or sum(len(neuron.w) for layer in model.layers for neuron in layer.neurons) > MANY:
        return None
    network = Network(stepper.root, stepper.graph, model, Style())
    neurons = [(l, j) for l, layer in enumerate(model.layers, 1) for j in range(len(layer.neurons))]
    if any(spot not in network.nets for spot in neurons) or any(w not in place for w in network.weights.values()):
        return None
    return _Figure(stepper, network, place).as_dict()


class _Figure:
    def __init__(self, stepper: Stepper, network: Network, place: Mapping[Value, int]) -> None:
        self.stepper, self.network, self.place = stepper, network, place
        self.steps = {(step.node, step.position): step.number for step in stepper}
        shared = set(network.biases.values())
        self.labels = {pair: self._weight(w) for pair, w in network.weights.items() if w not in shared}
        self.circles = {spot: self._circle(spot) for spot in network.spots()}
        labels = {pair: _lines([part]) for pair, part in self.labels.items()}
        inside = {spot: _lines(parts) for spot, parts in self.circles.items()}
        self.layout = lay_out(network.model, labels, inside)

    def as_dict(self) -> dict[str, Any]:
        """Everything in pixels from the top left corner."""
        left, lower, right, upper = self.layout.bounds
        self.corner = left, upper
        used = {k for parts in self.circles.values() for cards, _ in parts for k in cards}
        used |= {k for cards, _ in self.labels.values() for k in cards}
        rest = [k for k in self.place.values() if k not in used]  # what is made in the loss stands in its circle
        circles = []
        for spot, parts in self.circles.items():
            (x, y), radius = self.layout.circles[spot]
            members = [k for cards, _ in parts for k in cards] + (rest if spot[0] > self.network.last else [])
            circles.append([*self._at(x, y), tenths(radius * SCALE), self._kind(spot), parts, members])
        labels = []
        for pair, part in self.labels.items():
            box = self.layout.labels[pair]
            labels.append([*self._at(box.x, box.y), tenths(box.width * SCALE), tenths(box.height * SCALE), part])
        edges = [
            [self._points(pair), int(pair in self.labels), self._numbers(pair)] for pair in edges_of(self.network.model)
        ]
        size = {"w": tenths((right - left) * SCALE), "h": tenths((upper - lower) * SCALE)}
        return {**size, "circles": circles, "labels": labels, "edges": edges}

    def _at(self, x: float, y: float) -> list[float]:
        return [tenths((x - self.corner[0]) * SCALE), tenths((self.corner[1] - y) * SCALE)]

    def _points(self, pair: Pair) -> list[float]:
        """From the tip at the tail to the tip at the head, over the room of the label; flat."""
        (tail, radius), (head, other) = (self.layout.circles[spot] for spot in pair)
        between: Sequence[Point] = self.layout.ends(pair) if pair in self.layout.ports else ()
        start = _towards(tail, (between or [head])[0], radius)
        end = _towards(head, (between or [tail])[-1], other)
        return [n for point in (start, *between, end) for n in self._at(*point)]

    def _numbers(self, pair: Pair) -> list[int]:
        """The steps that go along an edge; of one to the loss, those in what its output alone makes of it as well."""
        uses = list(self.network.uses[pair])
        if pair[0][0] == self.network.last:
            uses += [(node, k) for node in self.network.losses[pair[0][1]] for k in range(len(node.inputs))]
        return sorted({self.steps[use] for use in uses if use in self.steps})

    def _kind(self, spot: Spot) -> str:
        if spot in self.network.biases or spot not in self.network.outs:
            return "loss" if spot[0] > self.network.last else "parameter"
        return "activation" if spot[0] else "input"

    def _cards(self, values: Iterable[Value]) -> list[int]:
        """Their numbers, the first sample's first."""
        order = sorted(dict.fromkeys(values), key=lambda node: self.stepper.samples.get(node, 0))
        return [self.place[node] for node in order if node in self.place]

    def _weight(self, weight: Value) -> Part:
        return [self._cards([weight]), [[f"{self._name(weight)} = ", 1], ["∂ ", 2]]]

    def _name(self, value: Value) -> str:
        return printable(self.network.names[value].text())

    def _circle(self, spot: Spot) -> list[Part]:
        network, (column, j) = self.network, spot
        if column > network.last:
            losses = [self._own_loss(nodes) for nodes in network.losses.values()]
            own = [part for part in losses if part] if network.single and 1 < len(losses) <= FEW else []
            return [[self._cards([network.root]), [[self._name(network.root), 0], ["", 1]]], *own]
        if spot in network.biases:
            bias = network.biases[spot]
            return [[self._cards([bias]), [[self._name(bias), 0], ["", 1], ["∂ ", 2]]]]
        if spot not in network.outs:
            return [[[], [["1", 0]]]]
        if not column:
            name = printable(network.model.input_labels[j])
            cards = self._cards(network.outs[spot])
            return [
                [cards, [[name, 0], ["", 1]] if cards else [[name, 0], [number_text(network.outs[spot][0].data), 0]]]
            ]
        return self._neuron(spot)

    def _own_loss(self, nodes: Iterable[Value]) -> Part | None:
        """An output's own part of the loss, if it has a name."""
        named = [node for node in self.network.graph if node in set(nodes) and node.label]
        return [self._cards(named[-1:]), [[f"{self._name(named[-1])} ", 1]]] if named else None

    def _neuron(self, spot: Spot) -> list[Part]:
        network = self.network
        neuron = network.model.layers[spot[0] - 1].neurons[spot[1]]
        nets, outs = network.nets[spot], network.outs[spot]
        net, out = map(letter, (neuron.net_label, neuron.out_label))
        parts: list[Part] = [[[], [[printable(neuron.name.removeprefix("neuron ")), 0]]]]
        parts.append([self._cards(nets), [[f"{net} ", 1], ["δ ", 2]]])
        if outs != nets:
            parts.append([self._cards(outs), [[f"{out} ", 1], [f"∂{out} ", 2]]])
        target = network.target(spot)
        return parts if target is None else [*parts, [[], [[f"{say('target')} {number_text(target)}", 0]]]]


def _lines(parts: Iterable[Part]) -> list[str]:
    """How wide lines may become."""
    return [text + (ROOM if what else "") for _, lines in parts for text, what in lines]


def _towards(point: Point, other: Point, length: float) -> Point:
    """So far on the way to another point."""
    share = length / math.dist(point, other)
    return point[0] + (other[0] - point[0]) * share, point[1] + (other[1] - point[1]) * share
