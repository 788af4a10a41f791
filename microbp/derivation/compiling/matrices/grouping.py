"""The matrices found again: the scalars of one sample's graph, gathered into the arrays that a textbook would write.

Scalars of one level, made by the same operation from the same arrays, are one array; weighted sums over the same inputs
are `X @ W.T + b`. Sums and products written by hand are collected first, so that they group as a network's nets do.

>>> import numpy as np
>>> from microbp import Value
>>> from microbp.derivation.compiling.entries import Identifiers
>>> x = [Value(1.0, f"x[{k}]") for k in range(2)]
>>> W = [[Value(0.5, f"W[{j},{k}]") for k in range(2)] for j in range(3)]
>>> root = sum((w[0] * x[0] + x[1] * w[1]).tanh() for w in W)
>>> places = Places(Identifiers())
>>> places.add(SourceArray(np.array(x), rows=True, name="X"))
>>> places.add(SourceArray(np.array(W), rows=False, name="W"))
>>> group_nodes(root, places)
0
>>> [(type(a.made).__name__, a.shape) for a in places.arrays if a.made]
[('Linear', (3,)), ('Map', (3,)), ('Total', ())]
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from microbp.derivation.compiling.matrices.arrays import (
    DotProduct,
    Linear,
    Map,
    Nodes,
    Ref,
    SourceArray,
    Total,
    nodes_of,
)
from microbp.derivation.compiling.matrices.places import Places
from microbp.derivation.compiling.matrices.sums import CollectedSums, Pair, collect_sums, is_sum
from microbp.engine import Value
from microbp.engine.ops import FAMILIES

FEW = 3
"""So many scalars of no array, or fewer, stay scalars."""


def group_nodes(root: Value, places: Places) -> int:
    """Adds the arrays of a graph to those of its arguments; how many scalars have no like, and stay numbers."""

    def rank(x: Value) -> int | None:
        array = places.array(x) if x.op is None else None
        return None if array is None or array.rows else len(array.shape)

    graph = collect_sums(root, rank, lambda x: x.op is None and places.array(x) is None)
    levels: dict[Value, int] = {}
    rows: dict[int, list[Value]] = defaultdict(list)
    for node in graph.order:
        levels[node] = 1 + max((levels.get(x, 0) for x in graph.all_inputs(node)), default=0)
        rows[levels[node]].append(node)
    alone = 0
    for level in sorted(rows):
        buckets: dict[Any, list[Value]] = defaultdict(list)
        for node in rows[level]:
            buckets[_key(node, graph, places)].append(node)
        for (_, of, *_), nodes in buckets.items():
            if len(nodes) <= FEW and not any(isinstance(one, SourceArray | tuple) for one in of):
                alone += len(nodes)
                for node in nodes:
                    _make([node], graph, places)
            else:
                order = {node: [places.number(x) for x in _sorted_by(node, graph, places)] for node in nodes}
                _make(sorted(nodes, key=order.__getitem__), graph, places)
    return alone


def _origin(x: Value, places: Places, number: bool = False) -> Any:
    """What is alike in what can be grouped: the array that it is from."""
    array = places.array(x)
    if array is None:
        return x.data if number else "constant"
    return array if array.shape else f"scalar {array.rows}"


def _dots(node: Value, graph: CollectedSums, places: Places) -> list[list[Pair]]:
    """Its products, by the array that the inputs are from, in the order in which they stand there."""
    found: dict[Any, list[Pair]] = defaultdict(list)
    for w, x in graph.products.get(node, ()):
        found[_origin(x, places)].append((w, x))
    return [sorted(pairs, key=lambda pair: places.number(pair[1])) for pairs in found.values()]


def _key(node: Value, graph: CollectedSums, places: Places) -> tuple[Any, ...]:
    """What is alike in all nodes of one array: how they are made, and from what."""
    inputs = graph.inputs[node]
    if node in graph.products:
        dots = _dots(node, graph, places)
        weights = tuple(_origin(pairs[0][0], places) for pairs in dots)
        return "linear", tuple(tuple(x for _, x in pairs) for pairs in dots), len(inputs), weights
    if is_sum(node):
        few = len(inputs) <= FEW
        return "sum", tuple(_origin(x, places) for x in inputs) if few else (), None if few else node
    assert node.op is not None
    partials = zip(inputs, node.op.partials, strict=True)
    return node.op, tuple(_origin(x, places, number=partial is None) for x, partial in partials)


def _sorted_by(node: Value, graph: CollectedSums, places: Places) -> Sequence[Value]:
    return [pairs[0][0] for pairs in _dots(node, graph, places)] or graph.inputs[node]


def _make(nodes: list[Value], graph: CollectedSums, places: Places) -> None:
    """The array of these nodes."""
    first = nodes[0]
    columns = [nodes_of(column) for column in zip(*(graph.inputs[node] for node in nodes), strict=True)]
    made: Map | Linear | Total
    shape: tuple[int, ...] = (len(nodes),) if len(nodes) > 1 else ()
    if is_sum(first) and len(nodes) == 1 and first not in graph.products:
        made = Total([_part(part, places) for part in _parts(graph.inputs[first], places)])
    else:
        every = list(zip(*(_dots(node, graph, places) for node in nodes), strict=True))
        weights = [nodes_of(w for row in pairs for w, _ in row).reshape(len(nodes), -1) for pairs in every]
        if any(places.whole(w) or places.whole(w.T) for w in weights):
            shape = (len(nodes),)
        if not (every and shape):  # a product has an axis, whatever is added to it
            shape = next((a.shape for o in columns if (a := _all_of(o, places)) is not None), shape)
        dots = [
            _dot(nodes_of(x for _, x in pairs[0]), w if shape else w[0], places)
            for pairs, w in zip(every, weights, strict=True)
        ]
        operands = [places.ref(o.reshape(shape)) for o in columns]
        if dots:
            made = Linear(dots, operands)
        else:
            op = FAMILIES["total"].row(len(operands)) if is_sum(first) else first.op
            assert op is not None
            made = Map(op, operands)
    rows = places.rows(nodes_of(x for node in nodes for x in graph.all_inputs(node)))
    places.add(SourceArray(nodes_of(nodes).reshape(shape), rows, made))


def _dot(x: Nodes, w: Nodes, places: Places) -> DotProduct:
    turned = not places.whole(w) and places.whole(w.T)
    return DotProduct(places.ref(x, vector=True), places.ref(w.T if turned else w, vector=True), turned)


def _parts(inputs: Sequence[Value], places: Places) -> list[Nodes]:
    """The terms of a sum, those of one array together; what stands twice, in two parts."""
    parts: dict[Any, list[Value]] = defaultdict(list)
    seen: Counter[Value] = Counter()
    for x in inputs:
        of = _origin(x, places)
        parts[(of, seen[x]) if isinstance(of, SourceArray) else len(parts)].append(x)
        seen[x] += 1
    return [nodes_of(sorted(part, key=places.number)) for part in parts.values()]


def _part(part: Nodes, places: Places) -> Ref:
    array = places.array(part[0])
    if array is not None and array.nodes.size == part.size:
        return places.ref(part.reshape(array.shape))
    return places.ref(part.reshape(()) if part.size == 1 else part)


def _all_of(nodes: Nodes, places: Places) -> SourceArray | None:
    """The array that these are all elements of, in order, if they are."""
    array = places.array(nodes.flat[0])
    if array is None or array.nodes.size != nodes.size:
        return None
    return array if places.whole(nodes.reshape(array.shape)) else None
