"""The network figure as DOT text: circles at fixed places, weights with value and gradient beside their edges."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from microbp.drawing.cards import top_line
from microbp.drawing.escape import in_html, in_quotes, plain
from microbp.drawing.folding import Use
from microbp.drawing.heat import Scale
from microbp.drawing.moment import Said, Static
from microbp.drawing.network.layout import FONT, Pair, Spot, edges_of, lay_out
from microbp.drawing.palette import THEMES, Look
from microbp.drawing.style import Style
from microbp.engine import Constant, Value
from microbp.formula.language import Formula
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import number_text
from microbp.stepping.names import name_graph

THIN, THICK = 0.4, 5.0
"""The points that an edge is wide for a weight of 0, and for the largest."""


class Network:
    """What a network figure shows of a graph, the same at any moment: who stands where, and what each edge is.

    Of several samples an edge stands for all of them, and circles hold no numbers.
    """

    def __init__(
        self, root: Value, kept: Collection[Value], model: MLP, style: Style, hidden: Collection[Value] = ()
    ) -> None:
        self.root, self.model, self.style, self.kept = root, model, style, set(kept)
        graph = root.graph()
        self.names: dict[Value, Formula] = name_graph(graph)
        self.graph = [node for node in graph if node not in hidden]
        self.nets: dict[Spot, list[Value]] = {}
        self.outs: dict[Spot, list[Value]] = {}
        for node, (l, j) in layers_of(model, self.graph).items():
            found = self.nets if node.op is not None and node.op.family == "affine" else self.outs
            found.setdefault((l + 1, j), []).append(node)
        for spot, nets in self.nets.items():
            self.outs.setdefault(spot, nets)
        self.uses: dict[Pair, list[Use]] = {}
        self.weights: dict[Pair, Value] = {}
        self.biases: dict[Spot, Value] = {}
        """The one bias of all neurons of a layer, where they share it."""
        for (column, j), nets in self.nets.items():
            self._connect(column, j, nets)
        self.uses |= self._to_loss()
        for l, layer in enumerate(model.layers):
            own = {neuron.b for neuron in layer.neurons}
            if len(own) == 1:
                self.biases[l, len(layer.neurons[0].w)] = own.pop()

    def _connect(self, column: int, j: int, nets: Sequence[Value]) -> None:
        neuron = self.model.layers[column - 1].neurons[j]
        for k, weight in enumerate(neuron.w):
            pair = (column - 1, k), (column, j)
            self.weights[pair] = weight
            self.uses[pair] = [(net, position) for net in nets for position in (2 * k, 2 * k + 1)]
            if column == 1:
                self.outs.setdefault((0, k), []).extend(net.inputs[2 * k + 1] for net in nets)
        pair = (column - 1, len(neuron.w)), (column, j)
        self.weights[pair] = neuron.b
        self.uses[pair] = [(net, 2 * len(neuron.w)) for net in nets]

    def _to_loss(self) -> Iterator[tuple[Pair, list[Use]]]:
        """From each output to the loss: everything that is made of the output and is no part of the network."""
        last = len(self.model.layers)
        for j in range(len(self.model.layers[-1].neurons)):
            outputs = set(self.outs.get((last, j), ()))
            uses = [(node, k) for node in self.graph for k, x in enumerate(node.inputs) if x in outputs]
            yield ((last, j), (last + 1, 0)), uses

    @property
    def single(self) -> bool:
        """Whether the graph is that of one sample, so that a circle has numbers to show."""
        return all(len(nets) == 1 for nets in self.nets.values())

    def is_kept(self, pair: Pair) -> bool:
        """Whether an edge belongs to the part of the graph that was asked for."""
        return any(node in self.kept and node.inputs[k] in self.kept for node, k in self.uses[pair])


class NetworkFigure:
    """The figure at a moment of the pass."""

    def __init__(self, network: Network, moment: Static, note: str) -> None:
        self.network, self.moment = network, moment
        self.style, self.theme = network.style, THEMES[network.style.theme]
        self.labels = {pair: lines for pair in network.weights if (lines := self._label(pair))}
        self.layout = lay_out(network.model, self.labels)
        self.scale = Scale.over(self._deltas(), self.theme.heat) if self.style.heat else None
        self.widest = max((abs(w.data) for w in network.weights.values() if math.isfinite(w.data)), default=0.0)
        start = f"{self._name(network.root)} = {number_text(network.root.data, self.style.digits)}"
        self.said = moment.line(network.names, self.style.digits) or Said(self.style.title or start)
        if note:
            self.said = self.said._replace(after=f"{self.said.after}   {note}")
        self.headline = plain(self.said.text, 300)

    def _name(self, value: Value) -> str:
        return self.network.names[value].text()

    def _number(self, number: float | None) -> str:
        return "?" if number is None else number_text(number, self.style.digits)

    def _label(self, pair: Pair) -> list[str]:
        """What stands beside an edge: the weight, and its gradient once there is one, or a walk that will bring it."""
        weight = self.network.weights[pair]
        if weight in self.network.biases.values() or not self.network.is_kept(pair) or weight not in self.network.names:
            return []
        return [f"{self._name(weight)} = {self._number(weight.data)}", *self._grad(weight)]

    def _grad(self, value: Value, name: str = "∂") -> list[str]:
        grad = self.moment.grad(value)
        if "grads" not in self.style.show or (grad is None and not self.moment.walks) or isinstance(value, Constant):
            return []
        wrong = f" ≠ {self._number(self.moment.given[value])}" if value in self.moment.given else ""
        return [f"{name} {self._number(grad)}{wrong}"]

    def _deltas(self) -> Iterator[float]:
        for nets in self.network.nets.values():
            yield from (grad for net in nets if (grad := self.moment.last(net)) is not None)

    def __str__(self) -> str:
        t = self.theme
        lines = [
            "digraph microbp {",
            f'graph [layout=neato inputscale=72 splines=line overlap=true fontname="Verdana" fontsize=11 pad=0.05 '
            f'fontcolor="{t.text}" bgcolor="{t.ground}" labelloc=t labeljust=l label=<{top_line(self.said, t)}>];',
            f'node [fontname="Verdana" fontsize={FONT:g} fontcolor="{t.text}" fixedsize=true style=filled];',
            f'edge [color="{t.edge}" arrowsize=0.5 penwidth=1];',
            *self._circles(),
            *self._edges(),
            *self._texts(),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def text_lines(self) -> list[str]:
        """What is in it, as text: a line for each neuron and each weight."""
        circles = [" ".join(self._inside(spot)) for spot in self.layout.circles]
        return [plain(line, 300) for line in (*circles, *(" ".join(lines) for lines in self.labels.values()))]

    def _circles(self) -> Iterator[str]:
        for spot, ((x, y), radius) in self.layout.circles.items():
            look, lines = self._look(spot), self._inside(spot)
            dashed = ",dashed" if look.name == "constant" else ""
            yield (
                f'{_id(spot)} [{_at(x, y)} shape=circle width={2 * radius / 72:.4f} fillcolor="{look.fill}" '
                f'color="{look.line}" penwidth={look.border} style="filled{dashed}" '
                f'label=<{"<BR/>".join(map(in_html, lines))}> tooltip="{in_quotes(", ".join(lines))}"];'
            )

    def _look(self, spot: Spot) -> Look:
        kinds, last = self.theme.kinds, len(self.network.model.layers) + 1
        look = kinds[{0: "input", last: "loss"}.get(spot[0], "activation")]
        if spot[0] < last and spot not in self.network.outs:
            look = kinds["constant"]
        values = [*self.network.nets.get(spot, ()), *self.network.outs.get(spot, ())]
        if any(map(self.moment.at_work, values)):
            return look._replace(fill=self.theme.current[0], line=self.theme.current[1], border=3)
        if self.scale and (nets := self.network.nets.get(spot)):
            grads = [grad for net in nets if (grad := self.moment.grad(net)) is not None]
            look = look._replace(fill=self.scale.colour(math.hypot(*grads) if grads else None) or self.theme.ground)
        return look

    def _inside(self, spot: Spot) -> list[str]:
        """The lines in a circle: the name, and of one sample its numbers."""
        network, column = self.network, spot[0]
        if column > len(network.model.layers):
            return [self._name(network.root), self._number(network.root.data)]
        if spot in network.biases:
            bias = network.biases[spot]
            return [self._name(bias), self._number(bias.data), *self._grad(bias)]
        if spot not in network.outs:
            return ["1"]
        if column == 0:
            name = network.model.input_labels[spot[1]]
            return [name, self._number(network.outs[spot][0].data)] if network.single else [name]
        neuron = network.model.layers[column - 1].neurons[spot[1]]
        name = neuron.name.removeprefix("neuron ")
        if not network.single:
            return [name]
        net, out = network.nets[spot][0], network.outs[spot][0].data
        if neuron.activation != "linear" and network.outs[spot][0] is net:  # the loss is made from the net
            out = getattr(Value(net.data), neuron.activation)().data
        lines = [
            f"net {self._number(net.data)}",
            *([f"out {self._number(out)}"] if neuron.activation != "linear" else []),
        ]
        return [name, *lines, *self._grad(net, "δ")]

    def _edges(self) -> Iterator[str]:
        """Each edge: to its port, and from there behind the label into the neuron; else straight to the circle."""
        for pair in edges_of(self.network.model):
            look, (tail, head) = self._line(pair), map(_id, pair)
            if pair not in self.layout.ports:
                yield f"{tail} -> {head} [{look}];"
                continue
            (x, y), box = self.layout.ports[pair], self.layout.labels[pair]
            port, end = f"p{tail}{head}", f"q{tail}{head}"
            yield f"{port} [{_at(x, y)} {_POINT}]; {end} [{_at(x + box.width, y)} {_POINT}];"
            yield f"{tail} -> {port} [{look} arrowhead=none]; {end} -> {head} [{look}];"
            if pair not in self.labels:
                yield f"{port} -> {end} [{look} arrowhead=none];"

    def _line(self, pair: Pair) -> str:
        """How an edge looks: whether the gradient has come back along it, how large its weight is."""
        network, t = self.network, self.theme
        state, weight = self.moment.state(network.uses.get(pair, [])), network.weights.get(pair)
        colour, width = t.edge, 1.0
        if not self.layout.labels or self.style.widths:
            size = abs(weight.data) / self.widest if weight is not None and self.widest else 0.2
            width = THIN + (THICK - THIN) * min(size, 1.0)
        if state == "current":
            colour, width = t.current[1], max(width, 3.0)
        elif state == "done":
            colour, width = t.done, max(width, 2.2)
        elif not network.is_kept(pair):
            colour, width = t.box_line, 0.3
        negative = weight is not None and weight.data < 0 and not self.layout.labels
        return f'color="{colour}" penwidth={width:.2f}{" style=dashed" if negative else ""}'

    def _texts(self) -> Iterator[str]:
        for pair, (value, *grads) in self.labels.items():
            if pair not in self.layout.labels:
                return  # there are too many for any
            box = self.layout.labels[pair]
            colour = self.theme.wrong[1] if self.network.weights[pair] in self.moment.given else self.theme.grad
            lines = [in_html(value), *(f'<FONT COLOR="{colour}">{in_html(grad)}</FONT>' for grad in grads)]
            yield (
                f't{_id(pair[0])}{_id(pair[1])} [{_at(box.x, box.y)} shape=plain style="" '
                f"label=<{'<BR/>'.join(lines)}> width={box.width / 72:.4f} height={box.height / 72:.4f}];"
            )


_POINT = 'shape=point width=0.001 style=invis label=""'


def _id(spot: Spot) -> str:
    return f"n{spot[0]}_{spot[1]}"


def _at(x: float, y: float) -> str:
    return f'pos="{x:.1f},{y:.1f}!"'
