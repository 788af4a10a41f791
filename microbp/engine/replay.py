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

from microbp.engine.ieee import ARITHMETIC, ieee, report_gradients, report_not_finite
from microbp.engine.methods import evaluate_source
from microbp.engine.node import root_of
from microbp.engine.operands import DECISIONS, Operators, real_number
from microbp.engine.ops import Op
from microbp.engine.order import topological_order
from microbp.engine.value import Constant, Value
from microbp.errors import DecisionError, GraphError, OperandError, UnknownNameError, nearest, place_outside
from microbp.formula.compiled import load_source

SIGNS = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}


class Decision(NamedTuple):
    """A comparison of values that Python decided by, and where it stands in the user's code."""

    compare: Callable[[Any, Any], bool]
    x: Any
    y: Any
    result: bool
    place: str

    @property
    def text(self) -> str:
        """What was compared, with the labels."""
        return f"{_name(self.x)} {SIGNS[self.compare]} {_name(self.y)}"

    def check(self) -> None:
        """Raises `DecisionError` if the numbers of now decide otherwise."""
        x, y = _number(self.x), _number(self.y)
        if bool(self.compare(x, y)) is not self.result:
            known = ", ".join(f"{_name(v)} = {v.data}" for v in _compared([self]))
            raise DecisionError(
                f"the graph was recorded while {self.text} was {self.result}; with {known} it is "
                f"{not self.result} ({self.place}). Record it again with these numbers."
            )


class Replay:
    """A graph that runs again in place. The leaves' data are yours to change; constants stay what they are."""

    def __init__(self, root: Value, decisions: list[Decision]) -> None:
        self.root = root
        order = topological_order(root)
        seen = dict.fromkeys(v for end in (root, *_compared(decisions)) for v in end.graph())
        self.leaves: list[Value] = [v for v in seen if v.op is None and not isinstance(v, Constant)]
        self._backward = [(node.op.pull, node) for node in reversed(order)]
        done: set[Value] = set()
        self._decided = []
        for decision in decisions:
            before = [node for end in _compared([decision]) for node in topological_order(end)]
            fresh = [node for node in dict.fromkeys(before) if node not in done]
            done.update(fresh)
            self._decided.append(([(evaluation(node.op), node) for node in fresh], decision))
        self._forward = [(evaluation(node.op), node) for node in order if node not in done]

    def __repr__(self) -> str:
        return f"Replay({self.root!r}, of {len(self.leaves):,} leaves)"

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
        for _, node in self._backward:
            node.grad = 0.0
        self.root.grad = real_number(seed, "backward")
        check = 0.0
        for pull, node in self._backward:
            pull(node)
            check += node.grad
        if check - check:
            report_gradients([node for _, node in self._backward])

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
        compare, x, y, result = noted
        super().append(Decision(compare, x, y, result, "{}:{}".format(*place_outside("numpy"))))


def _compared(decisions: list[Decision]) -> list[Value]:
    return [v for decision in decisions for v in (decision.x, decision.y) if isinstance(v, Value)]


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


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Operators) else x


def _name(x: Any) -> str:
    if not isinstance(x, Value):
        return str(x)
    return x.label or (x.op.name if x.op else "x")
