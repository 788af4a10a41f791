"""A recorded graph again, in place, with other numbers: what repeats need not be built again.

>>> from microbp import Value
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> r = replay((w * x + 7).tanh())
>>> r(x=3.0) == (w * x + 7).tanh().data
True
>>> r.backward()
>>> round(w.grad, 6), round(x.grad, 6)
(0.211952, -0.211952)

What Python decides while the graph is built is not in it. Give the function that builds it, and each comparison of
values is remembered, and checked when the graph is run with other numbers:

>>> r = replay(lambda: x * w if x > 0 else x + w)
>>> r(x=-1.0)  # doctest: +ELLIPSIS
Traceback (most recent call last):
microbp.errors.DecisionError: the graph was recorded while x > 0 was True; with x = -1.0 it is False (...
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from microbp.engine.arrays.elements import as_nodes, as_numbers, each, has_values
from microbp.engine.ieee import ARITHMETIC, ieee, report_not_finite
from microbp.engine.methods import evaluate_source
from microbp.engine.node import root_of
from microbp.engine.operands import DECISIONS, Operators, real_number
from microbp.engine.ops import Op
from microbp.engine.order import pull_back, topological_order
from microbp.engine.value import Constant, Value
from microbp.errors import DecisionError, GraphError, OperandError, UnknownNameError, nearest, place_outside
from microbp.formula.compiled import load_source

SIGNS = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}


class Decision(NamedTuple):
    """What looked at the data of values, by which Python may have decided, and where it stands in the user's code."""

    function: Callable[..., Any]
    operands: tuple[Any, ...]
    result: Any
    place: str

    @property
    def values(self) -> list[Value]:
        """The values that were looked at."""
        return [v for x in self.operands if has_values(x) for v in as_nodes(x).flat if not isinstance(v, Constant)]

    @property
    def text(self) -> str:
        """What was asked, with the labels."""
        if self.function in SIGNS:
            return f" {SIGNS[self.function]} ".join(map(_name, self.operands))
        function = getattr(self.function, "func", self.function)
        return f"np.{function.__name__}({', '.join(map(_name, self.values[:3]))}{', …' * (len(self.values) > 3)})"

    def check(self) -> None:
        """Raises `DecisionError` if the numbers of now decide otherwise."""
        if self.function in SIGNS:
            found = bool(self.function(*(x.data if isinstance(x, Operators) else x for x in self.operands)))
            same = found is self.result
        else:
            found = self.function(*each(self.operands, as_numbers))
            same = np.array_equal(found, self.result)
        if not same:
            known = ", ".join(f"{_name(v)} = {v.data}" for v in self.values[:3])
            raise DecisionError(
                f"the graph was recorded while {self.text} was {self.result}; with {known} it is "
                f"{found} ({self.place}). Record it again with these numbers."
            )


class Replay:
    """A graph that runs again in place. The leaves' data are yours to change; constants stay what they are."""

    def __init__(self, root: Value, decisions: list[Decision]) -> None:
        self.root, self.decisions = root, decisions
        order = topological_order(root)
        ends = [root, *(v for decision in decisions for v in decision.values)]
        seen = dict.fromkeys(v for end in ends for v in end.graph())
        self.leaves: list[Value] = [v for v in seen if v.op is None and not isinstance(v, Constant)]
        self._backward = order[::-1]
        self._pairs = [(node.op.pull, node) for node in self._backward]
        done: set[Value] = set()
        self._decided = []
        for decision in decisions:
            before = [node for end in decision.values for node in topological_order(end)]
            fresh = [node for node in dict.fromkeys(before) if node not in done]
            done.update(fresh)
            self._decided.append(([(evaluation(node.op), node) for node in fresh], decision))
        self._forward = [(evaluation(node.op), node) for node in order if node not in done]

    def __repr__(self) -> str:
        return f"Replay({self.root!r}, of {len(self.leaves):,} leaves)"

    def __reduce__(self) -> tuple[Any, ...]:
        return Replay, (self.root, [*self.decisions])

    def __call__(self, **numbers: Any) -> float:
        """Sets the leaves of these labels, runs forward, and returns the root's data.

        Labels that are no names go in as a dict: `r(**{"w[1][0,0]": 0.5})`. Raises `UnknownNameError` for a label that
        no leaf has, `GraphError` for one that several have.
        """
        labels = [leaf.label for leaf in self.leaves]
        for label, number in numbers.items():
            if label not in labels:
                raise UnknownNameError(nearest("leaf", label, [name for name in labels if name], most=3))
            if labels.count(label) > 1:
                raise GraphError(f"{labels.count(label)} leaves have the label {label!r}: set their data yourself")
            self.leaves[labels.index(label)].data = real_number(number, label)
        return self.forward()

    def forward(self) -> float:
        """Computes the data of every node anew, as building the graph would, and returns the root's.

        Raises `DecisionError` where a comparison that the graph was built by now comes out the other way.
        """
        for nodes, decision in self._decided:
            for evaluate, node in nodes:
                evaluate(node)
            decision.check()
        for evaluate, node in self._forward:
            evaluate(node)
        return self.root.data

    def backward(self, seed: float = 1.0) -> None:
        """Does what `root.backward(seed)` does: leaves accumulate, the grads in between are computed anew."""
        if self.root.op is None:
            self.root.backward(seed)
            return
        pull_back(self._backward, real_number(seed, "backward"), self._pairs)

    def zero_grad(self) -> None:
        """Sets the grad of every leaf to 0."""
        for leaf in self.leaves:
            leaf.grad = 0.0


def replay(root: Value | Callable[[], Value]) -> Replay:
    """The recorded graph again, in place: `r.forward()`, `r.backward()`, `r(x=2.0)`; bitwise what building it gives.

    `root` is a Value, or a function without arguments that builds and returns one: then the comparisons of values made
    in it are remembered, and `r.forward()` raises `DecisionError` where one of them comes out the other way.
    """
    return Replay(*recorded(root))


def recorded(root: Value | Callable[[], Value]) -> tuple[Value, list[Decision]]:
    """The root, and the decisions it was built by if it is given as the function that builds it."""
    if not callable(root):
        return root_of(root), []
    with _decisions() as decisions:
        built = root()
    if not isinstance(built, Value):
        raise OperandError(f"the function must return the Value that the graph ends in, got {built!r}")
    return built, decisions


@contextmanager
def _decisions() -> Iterator[list[Decision]]:
    found: list[Decision] = _Noted()
    token = DECISIONS.set(found)
    try:
        yield found
    finally:
        DECISIONS.reset(token)


class _Noted(list[Decision]):
    def append(self, noted: Any) -> None:
        function, operands, result = noted
        super().append(Decision(function, operands, result, "{}:{}".format(*place_outside("numpy"))))


@cache
def evaluation(op: Op) -> Callable[[Any], None]:
    """The function that computes a node of this row anew, made from the row when it is first asked for."""
    name = f"evaluate_{op.name}"
    tools = {
        "ARITHMETIC": ARITHMETIC,
        "ieee": ieee,
        "report_not_finite": report_not_finite,
        "math": math,
        f"op_{op.name}": op,
    }
    return load_source(evaluate_source(op), f"<microbp {op.name}: {name}>", tools)[name]  # type: ignore[no-any-return]  # generated


def _name(x: Any) -> str:
    if not isinstance(x, Value):
        return str(x)
    return x.label or (x.op.name if x.op else "x")
