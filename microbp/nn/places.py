"""Which neuron of a network made which value of a graph."""

from __future__ import annotations

from collections.abc import Iterable

from microbp.engine import OPS, Value
from microbp.nn.network import MLP


def layers_of(model: MLP, graph: Iterable[Value]) -> dict[Value, tuple[int, int]]:
    """Where each net and each activation of a network stands: {value: (layer, neuron)}, both from 0.

    Read off the graph (in topological order), so that nothing need be kept on it: a net is affine in its neuron's
    weights, its activation is made from such a net: not what a loss makes of it.
    """
    owners = {n.w[0]: (l, j) for l, layer in enumerate(model.layers) for j, n in enumerate(layer.neurons)}
    places: dict[Value, tuple[int, int]] = {}
    for node in graph:
        first = node.inputs[0] if node.inputs else None
        if node.op is None or first is None:
            continue
        if node.op.family == "affine" and first in owners:
            places[node] = owners[first]
            continue
        net, made = (first, node.op.name) if node.op.name != "div" else (_net_of_power(first), "softmax")
        if net is not None and net.op is not None and net.op.family == "affine" and net.inputs[0] in owners:
            l, j = owners[net.inputs[0]]
            if made == model.layers[l].neurons[j].activation:
                places[node] = l, j
    return places


def _net_of_power(power: Value) -> Value | None:
    """z of e^z, or of e^(z − c), as a softmax has it."""
    exponent = power.inputs[0] if power.op is OPS["exp"] else None
    return exponent.inputs[0] if exponent is not None and exponent.op is OPS["sub"] else exponent
