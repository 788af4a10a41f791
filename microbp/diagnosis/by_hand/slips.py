"""The slips of a derivation by hand: wrong local derivatives, and contributions that are lost; where they can be made.

A row has formulas in the language of the table of operations, so that a slip is data: {operation: {input: formula}}.
Besides the inputs and `out` they may name `inner`, a value that the argument is made of, and `dx` or `dy`, the
derivative of that input with respect to the one variable that there is.

>>> [slip.code for slip in SLIPS if "cos" in slip.partials]
['missing-outer-derivative', 'derivative-sign', 'wrong-point', 'wrong-point', 'wrong-point']
>>> from microbp import load
>>> from microbp.stepping.step import pass_steps
>>> steps = list(pass_steps(load("(w*x + b)**2", {"w": 2.0, "x": 3.0, "b": 0.5}).root()))
>>> [place.changed for place in slipped(steps) if place.slip.code == "power-not-lowered"]
[{0: 84.5}]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from microbp.engine import Value
from microbp.engine.ops import OPS, Op
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula
from microbp.stepping.step import Step


@dataclass(frozen=True, eq=False)
class Slip:
    """One slip: a code, a sentence, and the wrong local derivatives, by operation and input."""

    code: str
    sentence: str
    partials: Mapping[str, Mapping[str, Formula]] = field(default_factory=dict)
    variables: int = 0
    """How many inputs must depend on what is asked for; 0 if that does not matter."""

    @property
    def told_as_rule(self) -> bool:
        """Whether it shows in the rule as a whole, (u·v)′ = …, rather than in one local derivative."""
        return self.code in ("product-rule-one-term", "product-of-derivatives")


def _slip(code: str, sentence: str, variables: int = 0, /, **partials: Mapping[str, str | Formula]) -> Slip:
    """A row of the table."""
    formulas = {
        op: {key: Formula(f) if isinstance(f, str) else f for key, f in row.items()} for op, row in partials.items()
    }
    return Slip(code, sentence, formulas, variables)


_CURVED = {
    op.name: next(key for key, partial in zip(op.inputs, op.partials, strict=True) if partial is not None)
    for op in OPS.values()
    if sum(p is not None for p in op.partials) == 1 and op.name not in ("neg", "abs")
}
"""The operations of one variable, and which that is, whose derivative is a factor that can be left out."""
_SLOPES = {op: OPS[op].print_formula(key) for op, key in _CURVED.items()}


def _at(point: str) -> dict[str, dict[str, Formula]]:
    """The derivative of every operation f at another point: "out" is f(x) itself, "d" the derivative of x."""
    rows = {}
    for op, key in _CURVED.items():
        out = OPS[op].print_formula()
        at = out if point == "out" else Formula(point + key if point == "d" else point)
        rows[op] = {key: _SLOPES[op].substitute(**{key: at, "out": out.substitute(**{key: at})})}
    return rows


SLIPS = (
    _slip("missing-outer-derivative", "The chain rule lacks the derivative of one function.",
          **{op: {key: "1"} for op, key in _CURVED.items()}),
    _slip("power-exponent", "The exponent is not brought down as a factor.",
          pow_const={"x": "x ** (c - 1)"}, pow={"x": "x ** (y - 1)"}),
    _slip("power-exponent", "The exponent is lowered before it is brought down as a factor.",
          pow_const={"x": "(c - 1) * x ** (c - 1)"}, pow={"x": "(y - 1) * x ** (y - 1)"}),
    _slip("power-exponent", "The exponent is lowered twice.",
          pow_const={"x": "c * x ** (c - 2)"}, pow={"x": "y * x ** (y - 2)"}),
    _slip("power-not-lowered", "The exponent is not lowered by 1.",
          pow_const={"x": "c * x ** c"}, pow={"x": "y * x ** y"}),
    _slip("power-rule-on-exponential", "The power rule is applied to an exponential: the variable is in the exponent.",
          pow={"y": "y * x ** (y - 1)"}, const_pow={"y": "y * c ** (y - 1)"}),
    _slip("power-rule-on-exponential", "The power rule is applied to an exponential, with base and exponent swapped.",
          pow={"y": "x * y ** (x - 1)"}, const_pow={"y": "c * y ** (c - 1)"}),
    _slip("log-of-base", "The derivative of an exponential lacks the logarithm of its base.",
          pow={"y": "x ** y"}, const_pow={"y": "c ** y"}),
    _slip("product-rule-one-term", "The product rule has one term only.", 2, mul={"x": "0"}),
    _slip("product-rule-one-term", "The product rule has one term only.", 2, mul={"y": "0"}),
    _slip("taken-for-constant", "Something that depends on the variable is treated as a constant.", 1, mul={"x": "0"}),
    _slip("taken-for-constant", "Something that depends on the variable is treated as a constant.", 1, mul={"y": "0"}),
    _slip("product-like-sum", "A product is differentiated like a sum: u′ + v′.", mul={"x": "1", "y": "1"}),
    _slip("product-of-derivatives", "A product is differentiated factor by factor: u′·v′.", 2,
          mul={"x": "dy", "y": "0"}),
    _slip("quotient-sign", "The quotient rule lacks its minus sign.", div={"y": "x / y ** 2"}),
    _slip("quotient-square", "The quotient rule's denominator is not squared.", div={"y": "-x / y"}),
    _slip("quotient-square", "The quotient rule's denominator is left out.", div={"y": "-x"}),
    _slip("quotient-inner", "The numerator's derivative is not divided by the denominator.", div={"x": "1"}),
    _slip("quotient-sign", "The terms of the quotient rule are swapped: u·v′ − u′·v.", 2,
          div={"x": "-1 / y", "y": "x / y ** 2"}),
    _slip("quotient-square", "The quotient rule's denominator is not squared.", 2, div={"x": "1", "y": "-x / y"}),
    _slip("quotient-square", "The quotient rule's denominator is left out.", 2, div={"x": "y", "y": "-x"}),
    _slip("quotient-of-derivatives", "A quotient is differentiated part by part: u′/v′.", 2,
          div={"x": "1 / dy", "y": "0"}),
    _slip("inner-sign", "A minus sign is lost.", sub={"y": "1"}, neg={"x": "1"}),
    _slip("derivative-sign", "The derivative of the cosine lacks its minus sign.", cos={"x": "sin(x)"}),
    _slip("wrong-point", "A derivative is evaluated at the function's value, not at its argument: f′(f(x)).",
          **_at("out")),
    _slip("wrong-point", "A derivative is evaluated at an inner value, not at its argument: f′(x) for f′(g(x)).", 1,
          **_at("inner"), div={"y": "-x / inner ** 2"}, pow={"x": "y * inner ** (y - 1)"}),
    _slip("wrong-point", "A derivative is evaluated at its argument's derivative, not at its argument: f′(g′(x)).", 1,
          **_at("d"), div={"y": "-x / dy ** 2"}, pow={"x": "y * dx ** (y - 1)"}),
    _slip("formula-of-net", "A derivative written in terms of the function's value got its argument instead.",
          **{op: {key: _SLOPES[op].substitute(out=Formula(key))}
             for op, key in _CURVED.items() if "out" in _SLOPES[op].names}),
)  # fmt: skip  # one row reads best as one paragraph
"""Every slip in a local derivative. Lost contributions, and factors, have no formula."""
OVERWRITTEN = Slip("fan-out-overwritten", "What arrives at a value along several paths is overwritten, not added up.")
MISSING_PATH = Slip("missing-path", "One of the paths that lead to a value is left out.")
EARLY = Slip("passed-on-too-early", "A shared value passes its gradient on before it is complete, and again each time.")
SIGN = Slip("sign", "All signs are wrong.")
FACTOR = Slip("factor", "All is right except for a factor.")

MOST_WAYS = 60
"""Of more ways to one value only the first and the last are kept alone."""
MOST_INNER = 3
"""Of more inputs or leaves of an argument none is taken for the argument itself."""


class Place(NamedTuple):
    """One slip at one value."""

    slip: Slip
    node: Value
    changed: dict[int, float]
    """The locals that it changes, by number of the step in the list; those of contributions that are lost are 0."""
    kind: str = ""
    """What it has in common with the same slip at other values: one idea that makes all of them, if not empty."""
    inner: Value | None = None
    """The value that is called `inner` in its formulas."""

    @property
    def loses(self) -> bool:
        """Whether it leaves contributions out, rather than get them wrong."""
        return self.slip in (OVERWRITTEN, MISSING_PATH) or self.slip.code in (
            "product-rule-one-term",
            "taken-for-constant",
        )


class _Made(NamedTuple):
    """What a value is made of."""

    leaves: tuple[Value, ...]
    """Its leaves, or some of them if they are more than `MOST_INNER`."""
    variables: tuple[Value, ...]
    """Those that are asked for; all if they are more."""
    slope: float
    """Its derivative with respect to its variable if that is one."""


def slipped(steps: Sequence[Step], asked: Collection[Value] | None = None) -> Iterator[Place]:
    """Every slip at every value where it makes finite numbers of the local derivatives.

    The leaves asked for are the variables, all unless given.
    """
    arrivals: dict[Value, list[int]] = {}
    by_node: dict[Value, list[int]] = {}
    for k, step in enumerate(steps):
        by_node.setdefault(step.node, []).append(k)
        arrivals.setdefault(step.input, []).append(k)
    made = _made([[steps[k] for k in own] for own in by_node.values()], asked)
    for node, own in by_node.items():
        yield from _in_rule(node, {_op(node).inputs[steps[k].position]: k for k in own}, made)
    for node, ways in arrivals.items():
        n = len(ways)
        for i in range(n) if n <= MOST_WAYS else (0, n - 1):
            kind = {n - 1: "last", 0: "first"}.get(i, "")
            if n > 1:
                yield Place(OVERWRITTEN, node, {k: 0.0 for k in ways if k != ways[i]}, kind)
        for k in ways if n > 2 else ():
            yield Place(MISSING_PATH, node, {k: 0.0})


def _made(nodes: Sequence[Sequence[Step]], asked: Collection[Value] | None) -> dict[Value, _Made]:
    """What the values are made of, from their steps, each value before its inputs."""
    made: dict[Value, _Made] = {}
    for own in reversed(nodes):
        for x in (step.input for step in own):
            if x not in made:
                leaf, counts = (x,) if x.op is None else (), x.op is None and (asked is None or x in asked)
                made[x] = _Made(leaf, leaf if counts else (), float(counts))
        leaves = tuple(dict.fromkeys(leaf for step in own for leaf in made[step.input].leaves))[: MOST_INNER + 1]
        few = asked is not None and len(leaves) <= MOST_INNER
        variables = tuple(leaf for leaf in leaves if made[leaf].variables) if few else leaves
        made[own[0].node] = _Made(leaves, variables, sum(step.local * made[step.input].slope for step in own))
    return made


def _in_rule(node: Value, own: Mapping[str, int], made: Mapping[Value, _Made]) -> Iterator[Place]:
    """Every slip in the local derivatives of a value; `own` has its steps by input."""
    op = _op(node)
    inputs = dict(zip(op.inputs, node.inputs, strict=True))
    variables = [inputs[key] for key in own if made[inputs[key]].variables]
    numbers = {"out": node.data} | {key: x.data for key, x in inputs.items()}
    if len(made[node].variables) == 1:
        numbers |= {f"d{key}": made[inputs[key]].slope for key in own}
    for slip in SLIPS:
        wrong = {own[key]: formula for key, formula in slip.partials.get(op.name, {}).items() if key in own}
        if not wrong or slip.variables not in (0, len(variables)):
            continue
        if slip.variables == 1 and variables[0].op is None:  # what is taken for a leaf?
            continue
        inner = any("inner" in formula.names for formula in wrong.values())
        for point in _inner(variables[0], made) if inner else (None,):
            known = numbers if point is None else {**numbers, "inner": point.data}
            changed = {k: _value(formula, known) for k, formula in wrong.items()}
            if np.isfinite(list(changed.values())).all():
                innermost = "innermost" if inner and made[variables[0]].variables == (point,) else ""
                yield Place(slip, node, changed, innermost if inner else op.name, point)


def _inner(argument: Value, made: Mapping[Value, _Made]) -> list[Value]:
    """The values that may be taken for an argument: its inputs, and its leaves."""
    inputs = [x for x in argument.inputs if x in made]
    few = [x for some in (inputs, made[argument].leaves) if len(some) <= MOST_INNER for x in some]
    return [x for x in dict.fromkeys(few) if x is not argument]


def _op(node: Value) -> Op:
    assert node.op is not None
    return node.op


@cache
def _function(formula: Formula) -> tuple[tuple[str, ...], Any]:
    return formula.names, numpy_function("slip", formula.names, [formula])


def _value(formula: Formula, numbers: Mapping[str, float]) -> float:
    """What a formula gives with these numbers; nan if one of them is not known."""
    names, function = _function(formula)
    with np.errstate(all="ignore"):
        (value,) = function(*(np.float64(numbers.get(name, np.nan)) for name in names))
    return float(value)
