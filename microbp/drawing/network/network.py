"""What a network figure shows of a graph: which values each circle and each edge stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from microbp.drawing.folding import Use
from microbp.drawing.moment import Static
from microbp.drawing.network.layout import Pair, Spot, edges_of
from microbp.drawing.style import Style
from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.formula.language import Formula
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.stepping.names import name_graph


def no_use(style: Style) -> None:
    """Raises `GraphError` for options of cards, of which a network figure has none."""
    for name in ("direction", "affine", "constants", "fold", "names"):
        given = getattr(style, name)
        if given != getattr(Style(), name) and (name, given) != ("direction", "RL"):
            raise GraphError(
                f"level='network' has circles in columns, inputs left (direction='RL': right), no cards: "
                f"{name}={given!r} is for other levels"
            )


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
        self.last = len(model.layers)
        self.losses: dict[int, set[Value]] = {}
        """What is made of each output and of no other: its own part of the loss."""
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
        above: dict[Value, set[int]] = {}
        for j in range(len(self.model.layers[-1].neurons)):
            above |= {out: {j} for out in self.outs.get((self.last, j), ())}
        for node in self.graph:
            for j in set().union(*(above.get(x, set()) for x in node.inputs)):
                above.setdefault(node, set()).add(j)
        for j in range(len(self.model.layers[-1].neurons)):
            outputs = set(self.outs.get((self.last, j), ()))
            self.losses[j] = {node for node, found in above.items() if found == {j}} - outputs
            uses = [(node, k) for node in self.graph for k, x in enumerate(node.inputs) if x in outputs]
            yield ((self.last, j), (self.last + 1, 0)), uses

    def values(self, spot: Spot) -> list[Value]:
        """The values that a circle stands for."""
        if spot[0] > self.last:
            return [self.root, *set().union(*self.losses.values())]
        shared = [self.biases[spot]] if spot in self.biases else []
        return [*shared, *self.nets.get(spot, ()), *self.outs.get(spot, ())]

    def has(self, spot: Spot) -> bool:
        """Whether a circle belongs to the part of the graph that was asked for: for a 1, one of its biases."""
        found = self.values(spot) or [w for pair, w in self.weights.items() if pair[0] == spot]
        return not self.kept.isdisjoint(found)

    def spots(self) -> Iterator[Spot]:
        """All circles."""
        yield from dict.fromkeys(spot for pair in edges_of(self.model) for spot in pair)

    def target(self, spot: Spot) -> float | None:
        """The number that an output is held against: what its difference to a plain number says."""
        outs = self.outs[spot]
        users = [node for node, _ in self.uses.get((spot, (self.last + 1, 0)), ()) if node.op and node.op.name == "sub"]
        numbers = {x.data for node in users for x in node.inputs if x not in outs and isinstance(x, Constant)}
        return numbers.pop() if len(numbers) == 1 and len(outs) == 1 else None

    @property
    def partly(self) -> bool:
        """Whether only a part of the graph was asked for."""
        return not self.kept.issuperset(self.graph)

    @property
    def single(self) -> bool:
        """Whether the graph is that of one sample, so that a circle has numbers to show."""
        return all(len(nets) == 1 for nets in self.nets.values())

    def in_loss(self, pair: Pair, moment: Static) -> bool:
        """Whether the current step is in what an output alone makes of the loss."""
        return pair[0][0] == self.last and any(map(moment.at_work, self.losses[pair[0][1]]))

    def is_kept(self, pair: Pair) -> bool:
        """Whether an edge belongs to the part of the graph that was asked for."""
        return any(node in self.kept and node.inputs[k] in self.kept for node, k in self.uses[pair])
