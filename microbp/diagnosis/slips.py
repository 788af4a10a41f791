"""The slips of a derivation by hand: wrong local derivatives, and contributions that are lost; where they can be made.

A row has formulas in the language of the table of operations, so that a slip is data: {operation: {input: formula}}.

>>> [slip.code for slip in SLIPS if "cos" in slip.partials]
['missing-outer-derivative', 'derivative-sign', 'wrong-point']
>>> from microbp import load
>>> from microbp.stepper import pass_steps
>>> steps = list(pass_steps(load("(w*x + b)**2", {"w": 2.0, "x": 3.0, "b": 0.5}).root()))
>>> [place.changed for place in slipped(steps) if place.slip.code == "power-exponent"]
[{0: 6.5}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from microbp.engine import Value
from microbp.formula import Formula
from microbp.generated import numpy_function
from microbp.ops import OPS, Op
from microbp.stepper import Step


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
