"""Copies and pickles of values, without recursion: a graph may be deeper than Python's stack.

>>> import copy, pickle
>>> from microbp import Value
>>> x = Value(2.0, label="x")
>>> pickle.loads(pickle.dumps(x * x)).data, copy.deepcopy(x * x).graph()[0].label
(4.0, 'x')
"""

from __future__ import annotations

from typing import Any

from microbp.engine.node import Node


class Copyable:
    """What makes a value copyable. Its class is called with data and label, and has `graph` and `made_by`."""

    __slots__ = ()

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        for node in self.graph():  # inputs first, so that no copy waits for another
            if id(node) not in memo:
                copy = memo[id(node)] = _leaf(type(node), node.data, node.grad, node.label)
                if node.op is not None:
                    copy.made_by(node.op, tuple(memo[id(x)] for x in node.inputs))
        return memo[id(self)]

    def __reduce__(self: Any) -> tuple[Any, ...]:
        if self.op is None:
            return _leaf, (type(self), self.data, self.grad, self.label)
        # Flat, because pickle would go down the graph by recursion. Leaves go as they are, so that what shares a leaf
        # still shares it; an interior node that two pickled values share becomes one for each.
        graph = self.graph()
        place = {node: k for k, node in enumerate(graph)}
        rows = [
            (node, None, ()) if node.op is None else (_numbers(node), node.op, [place[x] for x in node.inputs])
            for node in graph
        ]
        return _rebuild, (rows,)


def _numbers(node: Node) -> tuple[Any, ...]:
    return type(node), node.data, node.grad, node.label


def _leaf(cls: type[Any], data: float, grad: float, label: str) -> Any:
    out = cls(data, label)
    out.grad = grad
    return out


def _rebuild(rows: list[Any]) -> Any:
    graph: list[Any] = []
    for node, op, places in rows:
        graph.append(node if op is None else _leaf(*node).made_by(op, tuple(graph[k] for k in places)))
    return graph[-1]
