"""The matrices found again: the scalars of one sample's graph, gathered into the arrays that a textbook would write.

Scalars of one level, made by the same operation from the same arrays, are one array; weighted sums over the same inputs
are `X @ W.T + b`. Sums and products written by hand are collected first, so that they group as a network's nets do.

>>> from microbp import Value
>>> x = [Value(1.0, f"x[{k}]") for k in range(2)]
>>> W = [[Value(0.5, f"W[{j},{k}]") for k in range(2)] for j in range(3)]
>>> root = sum((w[0] * x[0] + x[1] * w[1]).tanh() for w in W)
>>> groups = Groups(root, [("x", x), ("W", W)], batched=["x"])
>>> [(type(a.made).__name__, a.shape) for a in groups.arrays if a.made]
[('Linear', (3,)), ('Map', (3,)), ('Total', ())]
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from microbp.derivation.compiling.arrays import Linear, Map, Nodes, SourceArray, Total, nodes_of
from microbp.engine import OPS, Value, apply
from microbp.engine.order import topological_order

FEW = 3
"""So many scalars of no array, or fewer, stay scalars."""


class Groups:
    """The arrays of a graph, those that others are made from first, and where each node stands in them."""

    def __init__(self, root: Value, arguments: Iterable[tuple[str, Any]], batched: Sequence[str]) -> None:
        self.place: dict[Value, tuple[SourceArray, int]] = {}
        self.arrays: list[SourceArray] = []
        self.alone = 0
        for name, leaves in arguments:
            self._add(SourceArray(name, np.array(leaves, dtype=object), name in batched))
        self._inputs: dict[Value, tuple[Value, ...]] = {}
        self._products: dict[Value, list[tuple[Value, Value]]] = {}
        order = self._collected(root)
        levels: dict[Value, int] = {}
        rows: dict[int, list[Value]] = defaultdict(list)
        for node in order:
            levels[node] = 1 + max((levels.get(x, 0) for x in self._all(node)), default=0)
            rows[levels[node]].append(node)
        for level in sorted(rows):
            buckets: dict[Any, list[Value]] = defaultdict(list)
            for node in rows[level]:
                buckets[self._key(node)].append(node)
            for key, nodes in buckets.items():
                self._group(key, nodes)

    def _add(self, array: SourceArray) -> None:
        self.arrays.append(array)
        for k, node in enumerate(array.nodes.flat):
            self.place.setdefault(node, (array, k))

    def constant(self, x: Value) -> bool:
        """Whether it is a plain number here: a leaf that is no argument."""
        return x.op is None and x not in self.place

    def batched(self, x: Value) -> bool:
        """Whether it is another number for each sample."""
        return x in self.place and self.place[x][0].batched

    def _weight(self, x: Value) -> bool:
        return x.op is None and x in self.place and not self.place[x][0].batched

    def _all(self, node: Value) -> list[Value]:
        return [*self._inputs[node], *(x for pair in self._products.get(node, ()) for x in pair)]

    def _collected(self, root: Value) -> list[Value]:
        """The nodes that stay when sums of sums are one sum, and products of weights are part of it; in order."""
        order = [node for node in topological_order(root) if node is root or _bare(node) is node]
        inputs = {node: tuple(map(_bare, node.inputs)) for node in order}
        uses = Counter(x for node in order for x in inputs[node])
        absorbed: set[Value] = set()
        made: dict[Value, list[Value]] = {}
        for node in reversed(order):
            if node not in absorbed:
                self._inputs[node] = inputs[node]
                if _is_sum(node):
                    terms, products = self._addends(node, inputs, uses, absorbed)
                    made[node] = self._placed(node, products)
                    self._inputs[node] = (*terms, *made[node]) or inputs[node][:1] * (not products)
        return [x for node in order if node not in absorbed for x in (*made.get(node, ()), node)]

    def _addends(
        self, node: Value, inputs: Mapping[Value, tuple[Value, ...]], uses: Mapping[Value, int], absorbed: set[Value]
    ) -> tuple[list[Value], list[tuple[Value, Value]]]:
        """The terms of a sum and its products, those of the sums in it that stand nowhere else: these are absorbed."""
        terms: list[Value] = []
        products: list[tuple[Value, Value]] = []
        stack = [node]
        while stack:
            x = stack.pop()
            inner = x is node or (x.op is not None and uses[x] == 1 and not x.label)
            if inner and _is_sum(x):
                family, of = x.op.family if x.op else "", inputs[x]
                if family in ("affine", "dot"):
                    products += zip(of[: len(of) // 2 * 2 : 2], of[1::2], strict=True)
                    stack += of[len(of) // 2 * 2 :]
                else:
                    stack += reversed(of)
            elif inner and x.op is OPS["mul"] and not any(map(self.constant, inputs[x])):
                products.append((inputs[x][0], inputs[x][1]))
            else:
                if not (self.constant(x) and x.data == 0.0):  # what Python's sum() begins with
                    terms.append(x)
                continue
            if x is not node:
                absorbed.add(x)
        return terms, products

    def _placed(self, node: Value, products: Sequence[tuple[Value, Value]]) -> list[Value]:
        """Notes the products of weights with a node; the others, and a single weight's, are nodes of their own."""
        turned = [self._turned(a, b) for a, b in products]
        weights = [pair[0] for pair in turned if pair is not None]
        single = len(weights) == 1 and len(self.place[weights[0]][0].shape) < 2
        alone = []
        for (a, b), pair in zip(products, turned, strict=True):
            if pair is None or single:
                alone.append(apply(OPS["mul"], (a, b)))
                self._inputs[alone[-1]] = (a, b)
            else:
                self._products.setdefault(node, []).append(pair)
        return alone

    def _turned(self, a: Value, b: Value) -> tuple[Value, Value] | None:
        """The weight first; None if neither is one."""
        weights = [x for x in (a, b) if self._weight(x)]
        if not weights or a is b:
            return None
        if len(weights) == 1:
            return (a, b) if weights[0] is a else (b, a)
        ranks = [len(self.place[x][0].shape) for x in (a, b)]
        return (b, a) if ranks[1] > ranks[0] else (a, b)

    def _of(self, x: Value, number: bool = False) -> Any:
        """What is alike in what can be grouped: the array that it is from."""
        if self.constant(x):
            return x.data if number else "constant"
        array = self.place[x][0]
        return array if array.nodes.size > 1 or array.shape else f"scalar {array.batched}"

    def _dots(self, node: Value) -> list[list[tuple[Value, Value]]]:
        """Its products, by the array that the inputs are from, in the order in which they stand there."""
        found: dict[Any, list[tuple[Value, Value]]] = defaultdict(list)
        for w, x in self._products.get(node, ()):
            found[self._of(x)].append((w, x))
        return [sorted(pairs, key=lambda pair: self._at(pair[1])) for pairs in found.values()]

    def _at(self, x: Value) -> int:
        return self.place[x][1] if x in self.place else -1

    def _key(self, node: Value) -> Any:
        terms = [self._of(x) for x in self._inputs[node]]
        if node in self._products:
            dots = self._dots(node)
            weights = tuple(self._of(pairs[0][0]) for pairs in dots)
            return "linear", tuple(tuple(x for _, x in pairs) for pairs in dots), len(terms), weights
        if _is_sum(node):
            return ("linear", (), *terms) if len(terms) <= FEW else ("linear", (), node)
        assert node.op is not None
        partials = zip(self._inputs[node], node.op.partials, strict=True)
        return node.op, tuple(self._of(x, number=partial is None) for x, partial in partials)

    def _group(self, key: Any, nodes: list[Value]) -> None:
        linear = key[0] == "linear"
        of = [*key[1], *key[2:]] if linear else key[1]
        if not any(isinstance(one, SourceArray | tuple) for one in of) and len(nodes) <= FEW:
            for node in nodes:
                self.alone += 1
                self._make([node], linear)
            return
        self._make(sorted(nodes, key=lambda node: [self._at(x) for x in self._sorted_by(node)]), linear)

    def _sorted_by(self, node: Value) -> list[Value]:
        return [pairs[0][0] for pairs in self._dots(node)] or list(self._inputs[node])

    def _make(self, nodes: list[Value], linear: bool) -> None:
        operands = [nodes_of(column) for column in zip(*(self._inputs[node] for node in nodes), strict=True)]
        shape: tuple[int, ...] = (len(nodes),) if len(nodes) > 1 else ()
        made: Map | Linear | Total
        if not linear:
            made = Map(nodes[0].op, operands)  # type: ignore[arg-type]  # it has one: it is no leaf
        elif len(nodes) == 1 and nodes[0] not in self._products:
            parts: dict[Any, list[Value]] = defaultdict(list)
            seen: Counter[Value] = Counter()
            for x in self._inputs[nodes[0]]:
                of = self._of(x)
                parts[(of, seen[x]) if isinstance(of, SourceArray) else len(parts)].append(x)
                seen[x] += 1
            made = Total([nodes_of(sorted(part, key=self._at)) for part in parts.values()])
        else:
            dots = []
            every = [self._dots(node) for node in nodes]
            for pairs in zip(*every, strict=True):
                weights = nodes_of([w for row in pairs for w, _ in row]).reshape(len(nodes), -1)
                dots.append((nodes_of([x for _, x in pairs[0]]), weights))
                if len(self.place[weights[0, 0]][0].shape) == 2:
                    shape = (len(nodes),)
            made = Linear(dots, operands)
        if not isinstance(made, Total):
            if isinstance(made, Map) or not made.dots or not shape:  # a product has an axis, whatever is added to it
                shape = next((a.shape for o in operands if (a := self._whole(o)) is not None), shape)
            if isinstance(made, Map):
                made = Map(made.op, [o.reshape(shape) for o in operands])
            else:
                made = Linear(made.dots, [o.reshape(shape) for o in operands])
        batched = any(self.batched(x) for node in nodes for x in self._all(node))
        self._add(SourceArray("", nodes_of(nodes).reshape(() if isinstance(made, Total) else shape), batched, made))

    def _whole(self, nodes: Nodes) -> SourceArray | None:
        """The array that these are all elements of, in order, if they are."""
        array, _ = self.place.get(nodes.flat[0], (None, 0))
        if array is None or array.nodes.size != nodes.size:
            return None
        return array if all(a is b for a, b in zip(array.nodes.flat, nodes.flat, strict=True)) else None


def _bare(x: Value) -> Value:
    """What a value without a name is, that was only handed on: an element of an array, most often."""
    while x.op is OPS["identity"] and not x.label:
        (x,) = x.inputs
    return x


def _is_sum(node: Value) -> bool:
    return node.op is not None and (node.op is OPS["add"] or node.op.family in ("affine", "dot", "total"))
