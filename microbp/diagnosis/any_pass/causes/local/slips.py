"""The derivative of one operation, as learners get it wrong.

It is left out, applied twice, in another power, taken at another point, that of another function, or another array
is used in place of a factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.local.arrows import Arrows
from microbp.diagnosis.any_pass.causes.local.slopes import Slip, chained, elsewhere
from microbp.printing import number_text, say

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
        every = say("the choice in {site} is left out: every side gets the gradient", site=text)
        yield "mask", every, 0.3, ones
        turned = say("the choice in {site} is reversed: the other side gets the gradient", site=text)
        yield "mask", turned, 0.4, 1 - local
        by_sign = (arrows.upstream > 0) == (arrows.slot == 0)
        for chosen in (by_sign, ~by_sign):
            yield "mask", chosen_by_sign(text), 0.45, np.where(chosen, local.max(), local.min())
    elif arrows.kind in PRODUCTS:
        divisor = arrows.divisor()
        said = say("the factor beside it in {site} is left out", site=text)
        if divisor is not None:
            said = say("the division by {number} in {site} is left out", site=text, number=number_text(divisor, 6))
        yield "derivative-left-out", said, 0.4, ones * _sign(arrows)
    else:
        yield "derivative-left-out", say("the derivative of {site} is left out", site=text), 0.3, ones
    if arrows.op.name in ("max", "min"):
        ties = (arrows.own == arrows.out).astype(float)
        tied = say("all that tie in {site} get the whole gradient, so the tie is counted several times", site=text)
        yield "mask", tied, 0.35, ties
        turned = say("the largest and the smallest are mixed up in {site}", site=text)
        yield "mask", turned, 0.4, arrows.opposite()
        shared = say("all sides of {site} share the gradient equally, instead of the chosen one getting it", site=text)
        yield "mask", shared, 0.4, arrows.shares()
    if arrows.kind == "dot" and (same := arrows.places_agree()) is not None:
        yield "derivative-left-out", say("the matrix beside it in {site} is left out", site=text), 0.45, same
    twice = local * (np.abs(local) if arrows.kind in PRODUCTS else local)
    yield "derivative-twice", say("the derivative of {site} is applied twice", site=text), 0.6, twice
    divided = say("it is divided by the derivative of {site} instead of multiplied", site=text)
    yield "other-power", divided, 0.8, 1 / local
    yield from _powers(arrows, text)
    if arrows.op.arity == 1 or arrows.op.name in ("pow_const", "const_pow", "max", "min"):
        yield from elsewhere(arrows, text)
    if arrows.other is not None:
        yield from _other_arrays(arrows, text)


def chosen_by_sign(site: object) -> str:
    """That the gradient from above was asked where the numbers of the forward pass should be."""
    return say("the choice in {site} is made by the sign of the upstream gradient, not by the values", site=site)


def _powers(arrows: Arrows, text: str) -> Iterator[Slip]:
    if arrows.op.name in ("dot", "max", "min"):
        return
    parts = {say("its operand"): arrows.own, say("the result"): arrows.out}
    if arrows.other is not None:
        parts[say("the other operand")] = arrows.data[arrows.other]
    for name, part in parts.items():
        where = {"site": text, "what": name}
        powers = {
            1: say("the derivative of {site} is multiplied by {what} one time too many", **where),
            -1: say("the derivative of {site} is divided by {what} one time too many", **where),
            2: say("the derivative of {site} is multiplied by {what} two times too many", **where),
            -2: say("the derivative of {site} is divided by {what} two times too many", **where),
        }
        for power, said in powers.items():
            yield "other-power", said, 0.8 + 0.1 * abs(power), arrows.local * part**power
    if arrows.other is not None:
        exchanged = say("the operands in the derivative of {site} are swapped", site=text)
        for one, two in permutations((arrows.data[arrows.other], arrows.own)):
            yield "other-power", exchanged, 1.0, arrows.local * one / two


def _other_arrays(arrows: Arrows, text: str) -> Iterator[Slip]:
    if arrows.kind not in PRODUCTS:
        return
    other = arrows.data[arrows.other]
    for name, code, value, is_own in arrows.fitting(arrows.other):
        said = say("{array} is used in place of the other factor in {site}", array=name, site=text)
        if code == "transposed" and name == say("its transpose"):
            said = say("the other factor in {site} has a .T too many, or too few, on the way back", site=text)
        weight = 0.8 if is_own else 0.6
        if arrows.op.name != "div":
            yield code or "other-quantity", said, weight, value
        else:
            first = arrows.slot == 0
            yield code or "other-quantity", said, weight, np.where(first, 1 / value, arrows.local * value / other)
    for name, code, value, _ in arrows.fitting(arrows.source) if arrows.op.name == "div" else ():
        said = say("{array} is used in place of an operand of {site}", array=name, site=text)
        found = np.where(arrows.slot == 0, arrows.local, arrows.local * (arrows.own / value) ** 2)
        yield code or "other-quantity", said, 0.8, found


def _sign(arrows: Arrows) -> Any:
    return np.where((arrows.op.name == "div") & (arrows.slot == 1), -1.0, 1.0)
