"""Which neuron of a network made which value of a graph."""

from __future__ import annotations

from collections.abc import Iterable

from microbp.engine import Value
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
        elif first.op is not None and first.op.family == "affine" and first.inputs[0] in owners:
            l, j = owners[first.inputs[0]]
            if node.op.name == model.layers[l].neurons[j].activation:
                places[node] = l, j
    return places
