"""How near two numbers must be to be the same: what a learner typed, and what arithmetic can do.

>>> typed_half_units(np.array([0.082167041, 0.000438568])).tolist()
[5e-10, 5e-10]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from microbp.diagnosis.passes import gradients
from microbp.diagnosis.rules import plan
from microbp.learner.cases import Case, Floats, Gradients
from microbp.learner.given import Given

RELATIVE = 1e-9
"""How near numbers in double precision must be, relative to the largest of their array."""
LEAST_DIGITS = 3
"""No number is taken to be rounded to fewer: 2.0 can be exact."""
OF_ZEROS = 5e-7
"""How far from 0 a number may be if all that were given are 0: they may have been rounded to 6 decimals."""
COMPUTED = 1e-13
"""Numbers that are more precise than this were not typed: then a short one among them is exact."""
_SINGLE = float(np.finfo(np.float32).eps)
_MARGIN = 32.0
"""How many times the rounding error of one pass another may have."""


def typed_half_units(numbers: Floats, least: int = LEAST_DIGITS) -> Floats:
    """Half a unit of the last place that was typed, for each number: rounding changes a number by no more.

    Numbers are rounded to so many decimals, or to so many digits: the most that any of them has, and `least` digits of
    the largest. Full doubles have so many that it comes to nothing.
    """
    finite = numbers[np.isfinite(numbers) & (numbers != 0)]
    if not finite.size:
        return np.full_like(numbers, OF_ZEROS)
    few = finite if finite.size <= 1000 else finite[:: finite.size // 1000]
    digits, decimals = least, least - 1 - _exponent(float(np.abs(finite).max()))
    for number in few.tolist():
        _, figures, exponent = Decimal(repr(number)).normalize().as_tuple()
        digits, decimals = max(digits, len(figures)), max(decimals, -int(exponent))
    exponents = np.floor(np.log10(np.abs(numbers), out=np.full_like(numbers, -400.0), where=numbers != 0))
    with np.errstate(invalid="ignore"):
        units: Floats = np.maximum(10.0**-decimals, 10.0 ** (exponents - digits + 1))
    return units / 2


def _exponent(number: float) -> int:
    return int(np.floor(np.log10(number)))


@dataclass(frozen=True)
class Precision:
    """How near the numbers of each array must be."""

    half: Gradients
    """Half a unit of what was typed."""
    noise: Mapping[str, float]
    """The rounding error of a pass in single precision, relative to the largest number of the array."""
    single: bool
    """Whether the numbers are of float32."""

    def tolerance(self, name: str, right: Floats, single: bool = False) -> Floats:
        """How far the given numbers of an array may be from these; with `single`, as far as float32 brings them."""
        largest = float(np.max(np.abs(right), initial=0.0))
        bound = largest * self.noise[name] * _MARGIN
        if not (single or self.single):
            bound = bound * 2.0**-29 + RELATIVE * largest
        return self.half[name] * (1 + 1e-6) + bound


def precision_of(case: Case, given: Given, typed: bool = True) -> Precision:
    """The precision of a learner's numbers, for this network and these data; if they were not typed they are exact."""
    numbers = [given.numbers(name) for name in given.arrays]
    together = np.split(typed_half_units(np.concatenate(numbers)), np.cumsum([array.size for array in numbers])[:-1])
    units = together  # all with as many decimals, or digits; or, if they were typed, each array with its own
    if all(np.all(half >= COMPUTED * np.abs(array)) for half, array in zip(together, numbers, strict=True)):
        units = [np.maximum(half, typed_half_units(array)) for half, array in zip(together, numbers, strict=True)]
    if not typed:
        units = [np.zeros_like(array) for array in numbers]
    noise = {}
    with np.errstate(all="ignore"):
        rough = gradients(case, plan(case, {"precision": "single"}))
    for name, right in case.truth[1].items():
        largest = float(np.abs(right).max())
        error = float(np.abs(rough[name] - right).max())
        noise[name] = max(error / largest if largest else 0.0, _SINGLE) if np.isfinite(error) else _SINGLE
    return Precision(dict(zip(given.arrays, units, strict=True)), noise, given.single)


def few_digits(given: Given, right: Gradients) -> bool:
    """Whether these are right numbers with hardly a digit left: 0.02 for 0.0196, and none is much larger."""
    numbers, vectors = [given.numbers(name) for name in given.arrays], [given.select(n, right[n]) for n in given.arrays]
    found = [v for v in vectors if v is not None]
    if len(found) < len(vectors):
        return False
    half = typed_half_units(np.concatenate(numbers), 1) * (1 + 1e-6)
    return bool(np.all(np.abs(np.concatenate(numbers) - np.concatenate(found)) <= half))


def rounded_to_single(given: Given, right: Gradients) -> bool:
    """Whether these are right numbers, each rounded to float32 and no more."""
    for name in given.arrays:
        expected = given.select(name, right[name])
        if expected is None or not np.allclose(given.numbers(name), expected, rtol=2.0**-23, atol=1e-38):
            return False
    return True
