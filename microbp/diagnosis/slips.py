"""The slips of a derivation by hand, where they can be made, and a learner's numbers judged by replaying the pass.

A row has formulas in the language of the table of operations, so that a slip is data: {operation: {input: formula}}.

>>> [slip.code for slip in SLIPS if "cos" in slip.partials]
['missing-outer-derivative', 'derivative-sign', 'wrong-point']
>>> from microbp import load
>>> judge = Judge(load("(w*x + b)**2", {"w": 2.0, "x": 3.0, "b": 0.5}).root(), {"w": 19.5, "b": 13.0})
>>> judge.wrong, judge.right.tolist()
(['w'], [39.0, 13.0])
>>> place = next(place for place in slipped(judge.steps) if place.slip.code == "power-exponent")
>>> judge.replay([place.changed]).tolist()
[[19.5, 6.5]]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.diagnosis.precision import COMPUTED, RELATIVE, RUINED, typed_half_units
from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.formula import Formula
from microbp.generated import numpy_function
from microbp.learner.cases import Floats
from microbp.learner.given import within
from microbp.naming import expression, name_graph
from microbp.ops import OPS, Op
from microbp.stepper import Step, pass_steps


@dataclass(frozen=True, eq=False)
class Slip:
    """One slip: a code, a sentence, and the wrong local derivatives, by operation and input."""

    code: str
    sentence: str
    partials: Mapping[str, Mapping[str, Formula]] = field(default_factory=dict)


def _slip(code: str, sentence: str, **partials: Mapping[str, str | Formula]) -> Slip:
    """A row of the table."""
    formulas = {
        op: {key: Formula(f) if isinstance(f, str) else f for key, f in row.items()} for op, row in partials.items()
    }
    return Slip(code, sentence, formulas)


_CURVED = {
    op.name: next(key for key, partial in zip(op.inputs, op.partials, strict=True) if partial is not None)
    for op in OPS.values()
    if sum(p is not None for p in op.partials) == 1 and op.name not in ("neg", "abs")
}
"""The operations of one variable, and which that is, whose derivative is a factor that can be left out."""
_SLOPES = {op: OPS[op].print_formula(key) for op, key in _CURVED.items()}


def _at_value(op: str) -> Formula:
    """The derivative of an operation f at f(x)."""
    key, out = _CURVED[op], OPS[op].print_formula()
    return _SLOPES[op].substitute(**{key: out, "out": out.substitute(**{key: out})})


SLIPS = (
    _slip("missing-outer-derivative", "The chain rule lacks the derivative of one function.",
          **{op: {key: "1"} for op, key in _CURVED.items()}),
    _slip("power-exponent", "The exponent is not brought down as a factor.",
          pow_const={"x": "x ** (c - 1)"}, pow={"x": "x ** (y - 1)"}),
    _slip("power-not-lowered", "The exponent is not lowered by 1.",
          pow_const={"x": "c * x ** c"}, pow={"x": "y * x ** y"}),
    _slip("product-rule-one-term", "The product rule has one term only.", mul={"x": "0"}),
    _slip("product-rule-one-term", "The product rule has one term only.", mul={"y": "0"}),
    _slip("product-like-sum", "A product is differentiated like a sum: u′ + v′.", mul={"x": "1", "y": "1"}),
    _slip("quotient-sign", "The quotient rule lacks its minus.", div={"y": "x / y ** 2"}),
    _slip("quotient-square", "The quotient rule's denominator is not squared.", div={"y": "-x / y"}),
    _slip("quotient-square", "The quotient rule's denominator is left out.", div={"y": "-x"}),
    _slip("quotient-inner", "The numerator's derivative is not divided by the denominator.", div={"x": "1"}),
    _slip("inner-sign", "A minus is lost.", sub={"y": "1"}, neg={"x": "1"}),
    _slip("derivative-sign", "The derivative of the cosine lacks its minus.", cos={"x": "sin(x)"}),
    _slip("wrong-point", "A derivative is taken at the function's value, not at its argument: f′(f(x)).",
          **{op: {key: _at_value(op)} for op, key in _CURVED.items()}),
    _slip("formula-of-net", "A derivative that is written with the function's value got its argument instead.",
          **{op: {key: _SLOPES[op].substitute(out=Formula(key))}
             for op, key in _CURVED.items() if "out" in _SLOPES[op].names}),
)  # fmt: skip  # one row reads best as one paragraph
"""Every slip in a local derivative. Lost contributions, and factors, have no formula."""
OVERWRITTEN = Slip("fan-out-overwritten", "What arrives at a value by several ways is overwritten, not added up.")
MISSING_PATH = Slip("missing-path", "One of the ways that lead to a value is left out.")
SIGN = Slip("sign", "All signs are wrong.")
FACTOR = Slip("factor", "All is right but for a factor.")

MOST_WAYS = 60
"""Of more ways to one value only the first and the last are kept alone."""


class Place(NamedTuple):
    """One slip at one value."""

    slip: Slip
    node: Value
    changed: dict[int, float]
    """The locals that it changes, by number of the step in the list; those of contributions that are lost are 0."""
    kind: str = ""
    """What it has in common with the same slip at other values: one idea that makes all of them, if not empty."""

    @property
    def loses(self) -> bool:
        """Whether it leaves contributions out, rather than get them wrong."""
        return self.slip in (OVERWRITTEN, MISSING_PATH) or self.slip.code == "product-rule-one-term"


def slipped(steps: Sequence[Step]) -> Iterator[Place]:
    """Every slip at every value where it makes finite numbers of the local derivatives."""
    arrivals: dict[Value, list[int]] = {}
    by_node: dict[Value, list[int]] = {}
    for k, step in enumerate(steps):
        by_node.setdefault(step.node, []).append(k)
        arrivals.setdefault(step.input, []).append(k)
    for node, own in by_node.items():
        op = _op(node)
        for slip in SLIPS:
            if wrong := slip.partials.get(op.name):
                names = {k: op.inputs[steps[k].position] for k in own}
                changed = {k: _value(node, wrong[name]) for k, name in names.items() if name in wrong}
                if changed and np.isfinite(list(changed.values())).all():
                    yield Place(slip, node, changed, op.name)
    for node, ways in arrivals.items():
        n = len(ways)
        for i in range(n) if n <= MOST_WAYS else (0, n - 1):
            kind = {n - 1: "last", 0: "first"}.get(i, "")
            if n > 1:
                yield Place(OVERWRITTEN, node, {k: 0.0 for k in ways if k != ways[i]}, kind)
        for k in ways if n > 2 else ():
            yield Place(MISSING_PATH, node, {k: 0.0})


def _op(node: Value) -> Op:
    assert node.op is not None
    return node.op


@cache
def _function(formula: Formula, inputs: tuple[str, ...]) -> Any:
    return numpy_function("slip", inputs, [formula])


def _value(node: Value, formula: Formula) -> float:
    """What a formula gives with the inputs and the result of a node."""
    numbers = (np.float64(x.data) for x in (*node.inputs, node))
    with np.errstate(all="ignore"):
        (value,) = _function(formula, (*_op(node).inputs, "out"))(*numbers)
    return float(value)


LONGEST = 40
"""The most characters of a part of an expression that is written down in full."""
AT_ONCE = 1_000_000
"""Numbers kept while passes are replayed side by side."""
_SINGLE = float(np.finfo(np.float32).eps)
_MARGIN = 32.0
"""How many times the rounding error of one pass another may have."""


class Judge:
    """A learner's gradients of a graph, by label, beside the right ones, and what slips would make of them.

    Values that are not given are not judged. A number is right to as many digits as it has; of float32, to what a pass
    in float32 can be wrong by; inf and nan never are. Raises `GraphError` if a label is that of two values.
    """

    def __init__(self, root: Value, gradients: Mapping[str, float]) -> None:
        self.root = root
        graph = root.graph()
        self.steps = list(pass_steps(root))
        self.names = self.steps[0].names if self.steps else name_graph(graph)
        called = [value for value in graph if self.names[value].text() in gradients and not isinstance(value, Constant)]
        self.values = {self.names[value].text(): value for value in called}
        if twice := [label for label in gradients if sum(self.names[v].text() == label for v in called) > 1]:
            raise GraphError(
                f"two values are called {twice[0]!r}: give them different labels, so that it is clear which is meant"
            )
        self.labels = list(gradients)
        self.given: Floats = np.array(list(gradients.values()), dtype=np.float64)
        place = {root: 0}
        for step in self.steps:
            place.setdefault(step.input, len(place))
        self._edges = [(place[step.node], place[step.input]) for step in self.steps]
        self._asked = [place[self.values[label]] for label in gradients]
        self._locals: Floats = np.array([step.local for step in self.steps])
        self.right = self.replay([{}])[0]
        self._half = typed_half_units(self.given) * (1 + 1e-6)
        self._noise = COMPUTED * self._run(np.abs(self._locals)[:, None])[:, 0] + self._single(graph)

    @cached_property
    def whole(self) -> dict[Value, Formula]:
        """What to call the values where there is more room than in the names of a step."""
        whole = dict(self.names)
        for v in self.root.graph():
            if v.op is not None and not v.label and len((made := expression(v, whole)).text()) <= LONGEST:
                whole[v] = made
        return whole

    @property
    def wrong(self) -> list[str]:
        """The labels of the numbers that are wrong."""
        return [label for label, near in zip(self.labels, self.near(self.right).tolist(), strict=True) if not near]

    def tolerance(self, made: Floats) -> Floats:
        """How far the learner's numbers may be from these."""
        return self._half + RELATIVE * np.abs(made) + self._noise

    def near(self, made: Floats) -> NDArray[np.bool_]:
        """Which of these numbers are the learner's."""
        return within(self.given, made, self.tolerance(made)) & np.isfinite(self.given)

    def replay(self, changes: Sequence[Mapping[int, float]]) -> Floats:
        """The gradients that passes with changed locals give, a row for each pass."""
        rows = max(1, AT_ONCE // (2 * len(self.steps) + 1))
        found = np.empty((len(changes), len(self._asked)))
        for start in range(0, len(changes), rows):
            some = changes[start : start + rows]
            locals_ = np.repeat(self._locals[:, None], len(some), axis=1)
            for column, changed in enumerate(some):
                for k, local in changed.items():
                    locals_[k, column] = local
            found[start : start + rows] = self._run(locals_).T
        return found

    def _run(self, locals_: Floats) -> Floats:
        grads = np.zeros((len(self._edges) + 1, locals_.shape[1]))
        grads[0] = 1.0
        with np.errstate(all="ignore"):
            for (node, x), local in zip(self._edges, locals_, strict=True):
                grads[x] += grads[node] * local
        return grads[self._asked]

    def _single(self, graph: Sequence[Value]) -> Floats:
        """By how much a pass in single precision may be wrong, if the numbers are of such a pass; else 0."""
        finite = np.isfinite(self.given)
        with np.errstate(all="ignore"):
            held = self.given.astype(np.float32) == self.given
        if not held[finite].all() or np.all(self._half[finite] >= 2.0**-26 * np.abs(self.given[finite])):
            return np.zeros_like(self.given)  # such a double is not of float32, or has few digits
        data: dict[Value, Any] = {}
        partials: dict[Value, tuple[Any, ...]] = {}
        with np.errstate(all="ignore"):
            for v in graph:
                inputs = [data[x] for x in v.inputs]
                data[v] = np.array([v.data], dtype=np.float32) if v.op is None else v.op.numpy(*inputs)[0]
                if v.op is not None:
                    partials[v] = v.op.numpy_partials(*inputs, data[v])
        rough = np.array([np.ravel(partials[step.node][step.position])[0] for step in self.steps], dtype=np.float64)
        size = self._run(np.abs(self._locals)[:, None])[:, 0]
        error = np.abs(self._run(rough[:, None])[:, 0] - self.right) + _SINGLE * size
        noise: Floats = np.minimum(_MARGIN * np.nan_to_num(error, nan=np.inf), RUINED * size)
        return noise
