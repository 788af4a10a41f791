"""Sums of sums are one sum, and its products by weights one row of a matrix product: whatever wrote them.

>>> from microbp import Value
>>> a, b, c = (Value(2.0, name) for name in "abc")
>>> root = a * b + (c + b)
>>> found = collect_sums(root, lambda x: 2 if x is a else None, lambda x: False)
>>> found.order == [root], [x.label for x in found.inputs[root]], [x.label for x in found.products[root][0]]
(True, ['c', 'b'], ['a', 'b'])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from microbp.engine import OPS, Value, apply
from microbp.engine.order import topological_order

Pair = tuple[Value, Value]


class CollectedSums(NamedTuple):
    """The nodes that stay, in order; what each is made from; and of sums, the products of weights with something."""

    order: list[Value]
    inputs: dict[Value, tuple[Value, ...]]
    products: dict[Value, list[Pair]]

    def all_inputs(self, node: Value) -> list[Value]:
        """Everything that a node is made from."""
        return [*self.inputs[node], *(x for pair in self.products.get(node, ()) for x in pair)]


def collect_sums(
    root: Value, rank: Callable[[Value], int | None], is_constant: Callable[[Value], bool]
) -> CollectedSums:
    """The graph with its sums collected. `rank` is the number of axes of the array that a weight is from."""
    order = [node for node in topological_order(root) if node is root or _bare(node) is node]
    inputs = {node: tuple(map(_bare, node.inputs)) for node in order}
    uses = Counter(x for node in order for x in inputs[node])
    found = CollectedSums([], {}, {})
    absorbed: set[Value] = set()
    alone: dict[Value, list[Value]] = {}
    for node in reversed(order):
        if node in absorbed:
            continue
        found.inputs[node] = inputs[node]
        if is_sum(node):
            terms, products, inner = _addends(node, inputs, uses, is_constant)
            absorbed |= inner
            pairs = [_weight_first(pair, rank) for pair in products]
            weights = [pair[0] for pair in pairs if pair is not None]
            if len(weights) == 1 and (rank(weights[0]) or 0) < 2:
                pairs = [None] * len(pairs)  # a single product is no row of a matrix product
            alone[node] = [apply(OPS["mul"], factors) for factors, p in zip(products, pairs, strict=True) if p is None]
            found.inputs.update((x, x.inputs) for x in alone[node])
            found.inputs[node] = (*terms, *alone[node]) or inputs[node][:1] * (not products)
            if kept := [pair for pair in pairs if pair is not None]:
                found.products[node] = kept
    found.order.extend(x for node in order if node not in absorbed for x in (*alone.get(node, ()), node))
    return found


def is_sum(node: Value) -> bool:
    """Whether it adds up its inputs, or products of them."""
    return node.op is not None and (node.op is OPS["add"] or node.op.family in ("affine", "dot", "total"))


def _addends(
    node: Value,
    inputs: Mapping[Value, tuple[Value, ...]],
    uses: Mapping[Value, int],
    is_constant: Callable[[Value], bool],
) -> tuple[list[Value], list[Pair], set[Value]]:
    """The terms of a sum and its products, those too of the sums in it that stand nowhere else: which these are."""
    terms: list[Value] = []
    products: list[Pair] = []
    absorbed: set[Value] = set()
    stack = [node]
    while stack:
        x = stack.pop()
        inner = x is node or (x.op is not None and uses[x] == 1 and not x.label)
        if inner and is_sum(x):
            family, of = x.op.family if x.op else "", inputs[x]
            if family in ("affine", "dot"):
                products += zip(of[: len(of) // 2 * 2 : 2], of[1::2], strict=True)
                stack += of[len(of) // 2 * 2 :]
            else:
                stack += reversed(of)
        elif inner and x.op is OPS["mul"] and not any(map(is_constant, inputs[x])):
            products.append((inputs[x][0], inputs[x][1]))
        else:
            if not (is_constant(x) and x.data == 0.0):  # what Python's sum() begins with
                terms.append(x)
            continue
        absorbed.add(x)
    return terms, products, absorbed - {node}


def _weight_first(pair: Pair, rank: Callable[[Value], int | None]) -> Pair | None:
    """The factors, a weight before what it weighs, of two weights that of more axes; None if neither is one."""
    a, b = pair
    first, second = rank(a), rank(b)
    if a is b or first is second is None:
        return None
    return pair if first is not None and (second is None or second <= first) else (b, a)


def _bare(x: Value) -> Value:
    """What a value without a name is, that was only handed on: an element of an array, most often."""
    while x.op is OPS["identity"] and not x.label:
        (x,) = x.inputs
    return x
