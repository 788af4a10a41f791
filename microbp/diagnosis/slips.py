"""The slips of a derivation by hand: wrong local derivatives, and contributions that are lost.

A row has formulas in the language of the table of operations, so that a slip is data: {operation: {input: formula}}.

>>> [slip.code for slip in SLIPS if "div" in slip.partials]
['quotient-sign', 'quotient-square', 'quotient-square', 'quotient-inner']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from microbp.engine import Constant, Value
from microbp.formula import Formula
from microbp.generated import numpy_function
from microbp.ops import OPS, Op
from microbp.stepper import Step

Partials = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Slip:
    """One slip: a code, a sentence, and the wrong local derivatives, by operation and input."""

    code: str
    sentence: str
    partials: Partials = field(default_factory=dict)


_CURVED = [op for op in OPS.values() if sum(p is not None for p in op.partials) == 1 and op.name not in ("neg", "abs")]
"""The operations of one variable whose derivative is a factor that can be left out."""


def _inner(op: Op) -> str:
    return next(name for name, partial in zip(op.inputs, op.partials, strict=True) if partial is not None)


SLIPS = (
    Slip(
        "missing-outer-derivative",
        "The chain rule lacks the derivative of one function.",
        {op.name: {_inner(op): "1.0"} for op in _CURVED},
    ),
    Slip("power-exponent", "The exponent is not brought down as a factor.", {"pow_const": {"x": "x ** (c - 1)"}}),
    Slip("power-not-lowered", "The exponent is not lowered by 1.", {"pow_const": {"x": "c * x ** c"}}),
    Slip("product-rule-one-term", "The product rule has one term only.", {"mul": {"x": "0.0"}}),
    Slip("product-rule-one-term", "The product rule has one term only.", {"mul": {"y": "0.0"}}),
    Slip(
        "product-of-derivatives",
        "A product is differentiated factor by factor: f′g′.",
        {"mul": {"x": "1.0", "y": "1.0"}},
    ),
    Slip("quotient-sign", "The quotient rule lacks its minus.", {"div": {"y": "out / y"}}),
    Slip("quotient-square", "The quotient rule's denominator is not squared.", {"div": {"y": "-x"}}),
    Slip("quotient-square", "The quotient rule's denominator is not squared.", {"div": {"y": "-x / y"}}),
    Slip("quotient-inner", "The numerator's derivative is not divided by the denominator.", {"div": {"x": "1.0"}}),
    Slip("inner-sign", "The minus of a subtraction is lost.", {"sub": {"y": "1.0"}, "neg": {"x": "1.0"}}),
    Slip("derivative-sign", "The derivative of the cosine lacks its minus.", {"cos": {"x": "sin(x)"}}),
)
"""Every slip in a local derivative. Those that concern the wrong point, and lost contributions, have no formula."""
WRONG_POINT = Slip("wrong-point", "A derivative is taken at the function's value, not at its argument: f′(f(x)).")
OVERWRITTEN = Slip("fan-out-overwritten", "What arrives at a value by several ways is overwritten, not added up.")
SIGN = Slip("sign", "All signs are wrong.")
FACTOR = Slip("factor", "All is right but for a factor.")


def slipped(steps: Sequence[Step]) -> Iterator[tuple[Slip, Value, dict[int, float]]]:
    """Every slip at every node: the slip, the node, and the locals that it changes, by number of the step in the list.

    A lost contribution is a local of 0.
    """
    arrivals: dict[Value, list[int]] = {}
    by_node: dict[Value, list[int]] = {}
    for k, step in enumerate(steps):
        by_node.setdefault(step.node, []).append(k)
        if not isinstance(step.input, Constant):
            arrivals.setdefault(step.input, []).append(k)
    for node, own in by_node.items():
        op = node.op
        assert op is not None
        for slip in SLIPS:
            if wrong := slip.partials.get(op.name):
                locals_ = {k: _value(node, wrong[name]) for k in own if (name := op.inputs[steps[k].position]) in wrong}
                yield slip, node, locals_
        if op in _CURVED and (partial := op.partials[op.inputs.index(_inner(op))]):
            yield WRONG_POINT, node, {k: _value(node, partial, at_out=True) for k in own}
    for node, ways in arrivals.items():
        for kept in (ways[-1], ways[0]) if len(ways) > 1 else ():
            yield OVERWRITTEN, node, {k: 0.0 for k in ways if k != kept}


def _value(node: Value, formula: str, at_out: bool = False) -> float:
    """What a formula gives with the inputs and the result of a node; or with its result put in for the argument."""
    op = node.op
    assert op is not None
    values = {name: x.data for name, x in zip(op.inputs, node.inputs, strict=True)}
    out = node.data
    if at_out:
        values[_inner(op)] = out
        (out,) = op.numpy(*values.values())
    (value,) = numpy_function("slip", (*op.inputs, "out"), [Formula(formula)])(*values.values(), out)
    return float(value)
