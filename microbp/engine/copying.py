"""Copies and pickles of values, without recursion: a graph may be deeper than Python's stack.

>>> import copy, pickle
>>> from microbp import Value
>>> x = Value(2.0, label="x")
>>> h = x * x
>>> again, root = pickle.loads(pickle.dumps([h, h * x]))
>>> root.data, root.inputs[0] is again, copy.deepcopy(root).graph()[0].label
(8.0, True, 'x')
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import Any
from weakref import ref

from microbp.engine.node import Node
from microbp.engine.ops import Op
from microbp.engine.order import topological_order

_bundles: dict[Any, ref[Bundle]] = {}
"""For each node that is being pickled the bundle it is in."""


class Copyable:
    """What makes a value copyable. Its class is called with data and label, and has `graph` and `made_by`."""

    __slots__ = ()

    def __copy__(self: Any) -> Any:
        copy = _leaf(type(self), *_numbers(self))
        return copy if self.op is None else copy.made_by(self.op, self.inputs)

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        for node in self.graph():  # inputs first, so that no copy waits for another
            if id(node) not in memo:
                copy = memo[id(node)] = _leaf(type(node), *_numbers(node))
                if node.op is not None:
                    copy.made_by(node.op, tuple([memo[id(x)] for x in node.inputs]))
        return memo[id(self)]

    def __reduce__(self: Any) -> tuple[Any, ...]:
        if self.op is None:
            return _leaf, (type(self), *_numbers(self))
        bundle = _bundle_of(self) or Bundle(self)
        return _pick, (bundle, bundle.place[self])


class Bundle:
    """A root and what it depends on, to be pickled together: pickle would go down a graph by recursion.

    Leaves, and values that are in the bundle of another root already, go as they are. A pickle that writes several
    values keeps the bundle of each as long as it is at work, so that what they share stays shared.
    """

    __slots__ = ("__weakref__", "nodes", "place")

    def __init__(self, root: Any) -> None:
        self.nodes = [node for node in topological_order(root) if _bundle_of(node) is None]
        self.place = {node: k for k, node in enumerate(self.nodes)}
        me = ref(self)
        for node in self.nodes:
            _bundles[node] = me

    def __del__(self) -> None:
        for node in self.nodes:
            if _bundle_of(node) in (None, self):
                _bundles.pop(node, None)

    def __reduce__(self) -> tuple[Any, ...]:
        """In columns: a million values would take a gigabyte as objects."""
        place, outside, ops = self.place, dict[Any, int](), dict[Op, int]()
        which, inputs, numbers, labels = array("q"), array("q"), array("d"), dict[int, str]()
        for k, node in enumerate(self.nodes):
            which.append(ops.setdefault(node.op, len(ops)))
            # Those from outside are counted downwards from −1.
            inputs.extend([place[x] if x in place else ~outside.setdefault(x, len(outside)) for x in node.inputs])
            numbers.extend((node.data, node.grad or 0.0))
            if node.label:
                labels[k] = node.label
        # Operations make values of one class, whatever the classes of their inputs.
        return _rebuild, (type(self.nodes[0]), list(outside), list(ops), which, inputs, numbers, labels)


def _bundle_of(node: Any) -> Bundle | None:
    known = _bundles.get(node)
    return None if known is None else known()


def _pick(values: list[Any], k: int) -> Any:
    return values[k]


def _rebuild(
    kind: type,
    outside: list[Any],
    ops: list[Op],
    which: array[int],
    inputs: array[int],
    numbers: array[float],
    labels: dict[int, str],
) -> list[Any]:
    values: list[Any] = []
    places, data = iter(inputs), iter(numbers)
    for k, op in enumerate(map(ops.__getitem__, which)):
        own = [values[j] if j >= 0 else outside[~j] for j in islice(places, op.arity)]
        value = _leaf(kind, next(data), next(data), labels.get(k, ""))
        values.append(value.made_by(op, tuple(own)))
    return values


def _numbers(node: Node) -> tuple[float, float, str]:
    return node.data, node.grad, node.label


def _leaf(cls: type[Any], data: float, grad: float, label: str) -> Any:
    out = cls(data, label)
    out.grad = grad
    return out
