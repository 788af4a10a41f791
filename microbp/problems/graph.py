"""Any graph of values as a problem: something to step through and to draw.

>>> w, x = Value(2.0, "w"), Value(-1.0, "x")
>>> problem = GraphProblem((w * x).tanh())
>>> problem.title, [leaf.label for leaf in problem.leaves()]
('a graph of 4 values', ['w', 'x'])
"""

from __future__ import annotations

from typing import Any

from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.nn import MLP
from microbp.problems.network import Problem


class GraphProblem(Problem):
    """The graph of a value that your own code has made; with `model`, its layers and neurons are known.

    Raises `OperandError` for what is no value.
    """

    def __init__(self, root: Any, title: str = "", model: MLP | None = None) -> None:
        self._root: Value = root_of(root)
        graph = self._root.graph()
        self._leaves = [node for node in graph if node.op is None and not isinstance(node, Constant)]
        self.title = title or self._root.label or f"a graph of {len(graph):,} values"
        self.model = model

    def root(self) -> Value:
        return self._root

    def leaves(self) -> list[Value]:
        """Its leaves, in the order in which the graph uses them."""
        return self._leaves
