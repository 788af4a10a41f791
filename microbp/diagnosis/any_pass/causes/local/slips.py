"""The derivative of one operation, as learners get it wrong.

It is left out, applied twice, in another power, taken at another point, that of another function, or another array
stands in the place of a factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.local.arrows import Arrows
from microbp.diagnosis.any_pass.causes.local.slopes import Slip, chained, elsewhere
from microbp.printing import number_text

SELECTING = ("max", "min", "where", "relu", "leaky_relu", "abs")
"""Operations whose derivative is a choice."""
PRODUCTS = ("mul", "div", "dot")


def local_slips(arrows: Arrows) -> Iterator[Slip]:
    """Every slip in the local derivatives of a way that gives finite numbers."""
    text = str(arrows.way.site)
    with np.errstate(all="ignore"):
        for code, said, weight, local in _all(arrows, text):
            if np.isfinite(local).all():
                yield code, said, weight, local


def _all(arrows: Arrows, text: str) -> Iterator[Slip]:
    local, ones = arrows.local, np.ones(len(arrows.local))
    yield from chained(arrows)
    if arrows.kind in ("add", "sub", "neg", "identity", "total"):
        return
    if arrows.kind in SELECTING:
        yield "mask", f"the choice in {text} is left out: every side gets the gradient", 0.3, ones
        yield "mask", f"the choice in {text} is turned round: the other side gets the gradient", 0.4, 1 - local
    elif arrows.kind in PRODUCTS:
        divisor = arrows.divisor()
        said = "the factor beside it" if divisor is None else f"the division by {number_text(divisor, 6)}"
        yield "derivative-left-out", f"{said} in {text} is left out", 0.4, ones * _sign(arrows)
    else:
        yield "derivative-left-out", f"the derivative of {text} is left out", 0.3, ones
    if arrows.op.name in ("max", "min"):
        ties = (arrows.own == arrows.out).astype(float)
        yield "mask", f"all that tie in {text} get the whole gradient: the tie is counted several times", 0.35, ties
        turned = f"the smallest is taken for the largest, or the other way round, in {text}"
        yield "mask", turned, 0.4, arrows.opposite()
        shared = f"all sides of {text} get the same share of the gradient, not the chosen one"
        yield "mask", shared, 0.4, arrows.shares()
    if arrows.kind == "dot" and (same := arrows.places_agree()) is not None:
        yield "derivative-left-out", f"the matrix beside it in {text} is left out", 0.45, same
    twice = local * (np.abs(local) if arrows.kind in PRODUCTS else local)
    yield "derivative-twice", f"the derivative of {text} is applied twice", 0.6, twice
    yield "other-power", f"it is divided by the derivative of {text}, not multiplied", 0.8, 1 / local
    yield from _powers(arrows, text)
    if arrows.op.arity == 1 or arrows.op.name in ("pow_const", "const_pow", "max", "min"):
        yield from elsewhere(arrows, text)
    if arrows.other is not None:
        yield from _other_arrays(arrows, text)


def _powers(arrows: Arrows, text: str) -> Iterator[Slip]:
    if arrows.op.name in ("dot", "max", "min"):
        return
    parts = {"its operand": arrows.own, "the result": arrows.out}
    if arrows.other is not None:
        parts["the other operand"] = arrows.data[arrows.other]
    for name, part in parts.items():
        for power in (1, -1, 2, -2):
            how = f"{'multiplied' if power > 0 else 'divided'} by {name}{' twice' * (abs(power) == 2)} too often"
            weight = 0.8 + 0.1 * abs(power)
            yield "other-power", f"the derivative of {text} is {how}", weight, arrows.local * part**power
    if arrows.other is not None:
        exchanged = f"the operands in the derivative of {text} are exchanged"
        for one, two in permutations((arrows.data[arrows.other], arrows.own)):
            yield "other-power", exchanged, 1.0, arrows.local * one / two


def _other_arrays(arrows: Arrows, text: str) -> Iterator[Slip]:
    if arrows.kind not in PRODUCTS:
        return
    other = arrows.data[arrows.other]
    for name, code, value, is_own in arrows.fitting(arrows.other):
        said = f"{name} stands in the place of the other factor in {text}"
        weight = 0.8 if is_own else 0.6
        if arrows.op.name != "div":
            yield code or "other-quantity", said, weight, value
        else:
            first = arrows.slot == 0
            yield code or "other-quantity", said, weight, np.where(first, 1 / value, arrows.local * value / other)
    for name, code, value, _ in arrows.fitting(arrows.source) if arrows.op.name == "div" else ():
        said = f"{name} stands in the place of an operand of {text}"
        found = np.where(arrows.slot == 0, arrows.local, arrows.local * (arrows.own / value) ** 2)
        yield code or "other-quantity", said, 0.8, found


def _sign(arrows: Arrows) -> Any:
    return np.where((arrows.op.name == "div") & (arrows.slot == 1), -1.0, 1.0)
