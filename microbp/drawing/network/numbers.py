"""What stands in the circles of a network figure and beside its edges at a moment: names and numbers, in lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from microbp.drawing.moment import Static
from microbp.drawing.network.layout import Pair, Spot
from microbp.drawing.network.network import Network
from microbp.engine import Constant, Value
from microbp.printing import number_text, say

FEW = 3
"""So many outputs have their own parts of the loss in its circle."""


class Numbers:
    """Writes them for a network at a moment. What belongs to no part that was asked for has only its name.

    Of a part of the graph, what comes back along each edge is there, too: δ·w, whose sum is ∂E/∂out.
    """

    def __init__(self, network: Network, moment: Static) -> None:
        self.network, self.moment, self.style = network, moment, network.style
        self.arrived: Callable[[Value], float | None] = moment.grad
        self.room = ""
        """What stands for a number where all numbers change: it is as wide as −1.234·10⁻⁵ is."""

    def widest(self) -> tuple[dict[Pair, list[str]], dict[Spot, list[str]]]:
        """The labels and what is in circles, as wide as they are at any moment."""
        self.arrived, self.room = self.moment.last, "0" * (self.style.digits + 4) if self.moment.trains else ""
        labels = {pair: lines for pair in self.network.weights if (lines := self.label(pair))}
        inside = {spot: self.inside(spot) for spot in self.network.spots()}
        self.arrived, self.room = self.moment.grad, ""
        return labels, inside

    def name(self, value: Value) -> str:
        """What to call a value."""
        return self.network.names[value].text()

    def number(self, number: float | None) -> str:
        """A number, or that nothing has arrived."""
        return self.room or ("?" if number is None else number_text(number, self.style.digits))

    def legend(self) -> str:
        """What the signs mean."""
        if "grads" not in self.style.show or not self._tells(self.network.root):
            return ""
        root = self.name(self.network.root)
        first = self.network.model.layers[0].neurons[0]
        net, out = map(letter, (first.net_label, first.out_label))
        said = [say("∂ beside a weight w: {gradient}", gradient=f"∂{root}/∂w"), f"δ: ∂{root}/∂{net}"]
        if self.network.partly and self.network.single:
            total = f"∂{out} = ∂{root}/∂{out}"
            said.append(say("δ·w: the gradient that comes back along an edge; their sum: {total}", total=total))
        return ",  ".join(said)

    def label(self, pair: Pair) -> list[str]:
        """What stands beside an edge: the weight, and its gradient once there is one, or a walk that will bring it."""
        network, weight = self.network, self.network.weights[pair]
        if weight in network.biases.values() or not network.is_kept(pair) or weight not in network.names:
            return []
        head = f"{self.name(weight)} = {self.number(weight.data)}" if "values" in self.style.show else self.name(weight)
        return [head, *self._grad(weight), *self._back(pair)]

    def _back(self, pair: Pair) -> list[str]:
        """What comes back along an edge, of a part of the graph and one sample."""
        network, ((column, k), head) = self.network, pair
        if not (network.partly and network.single and column and (column, k) in network.outs):
            return []
        net, weight = network.nets[head][0], network.weights[pair]
        if not network.has((column, k)) or not self._tells(net):
            return []
        delta = self.arrived(net)
        return [f"δ·{self.name(weight)} {self.number(None if delta is None else delta * weight.data)}"]

    def _tells(self, value: Value) -> bool:
        """Whether there is a gradient to tell of, or a walk that will bring it."""
        known = self.arrived(value) is not None or self.moment.walks
        return "grads" in self.style.show and known and not isinstance(value, Constant)

    def _grad(self, value: Value, name: str = "∂") -> list[str]:
        if not self._tells(value):
            return []
        wrong = f" ≠ {self.number(self.moment.given[value])}" if value in self.moment.given else ""
        return [f"{name} {self.number(self.arrived(value))}{wrong}"]

    def _data(self, name: str, number: float) -> list[str]:
        return [f"{name} {self.number(number)}".strip()] if "values" in self.style.show else []

    def inside(self, spot: Spot) -> list[str]:
        """The lines in a circle: the name, and of one sample its numbers."""
        network, column = self.network, spot[0]
        if column > network.last:
            return [self.name(network.root), *self._data("", network.root.data), *self._losses()]
        if spot in network.biases:
            bias = network.biases[spot]
            more = [*self._data("", bias.data), *self._grad(bias)] if network.has(spot) else []
            return [self.name(bias), *more]
        if spot not in network.outs:
            return ["1"]
        if column == 0:
            name = network.model.input_labels[spot[1]]
            more = self._data("", network.outs[spot][0].data) if network.single and network.has(spot) else []
            return [name, *more]
        return self._neuron(spot)

    def _neuron(self, spot: Spot) -> list[str]:
        network = self.network
        neuron = network.model.layers[spot[0] - 1].neurons[spot[1]]
        name = neuron.name.removeprefix("neuron ")
        if not network.single or not network.has(spot):
            return [name]
        net, made = network.nets[spot][0], network.outs[spot][0]
        out = made.data
        if neuron.activation != "linear" and made is net:  # the loss is made from the net
            out = getattr(Value(net.data), neuron.activation)().data
        lines = [name, *self._data(letter(neuron.net_label), net.data)]
        if neuron.activation != "linear":
            lines += self._data(letter(neuron.out_label), out)
        target = network.target(spot)
        if target is not None:
            lines += self._data(say("target"), target)
        return [
            *lines,
            *(self._grad(made, f"∂{letter(neuron.out_label)}") if network.partly and made is not net else []),
            *self._grad(net, "δ"),
        ]

    def _losses(self) -> list[str]:
        """Each output's own part of the loss, if it has a name."""
        network, lines = self.network, list[str]()
        if not network.single or len(network.losses) > FEW or len(network.losses) == 1:
            return []
        for nodes in network.losses.values():
            named = [node for node in network.graph if node in nodes and node.label]
            lines += [line for node in named[-1:] for line in self._data(self.name(node), node.data)]
        return lines


def letter(label: str) -> str:
    """What a text calls the nets, or the outputs, of all its neurons: net of net_h1, z of z[1][0]."""
    found = re.match(r"[^\W\d_]+", label)
    return found[0] if found else label
