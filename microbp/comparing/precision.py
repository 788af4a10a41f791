"""How near two numbers must be to be the same: what a learner typed, and what arithmetic can do.

>>> typed_half_units(np.array([0.082167041, 0.000438568])).tolist()
[5e-10, 5e-10]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from microbp.comparing.answers.answer import Answer, largest, within
from microbp.comparing.noise import OF_HALF, SINGLE, noise_of
from microbp.problems.exercise import Exercise, Floats, Gradients

RELATIVE = 1e-9
"""How near numbers in double precision must be, relative to the largest of their array."""
LEAST_DIGITS = 3
"""No number is taken to be rounded to fewer: 2.0 can be exact."""
OF_ZEROS = 5e-7
"""How far from 0 a number may be if all that were given are 0: they may have been rounded to 6 decimals."""
HALF_DIGITS = 4
"""Of numbers with one more that are typed float16 can hold one in ten, with two more one in a hundred."""
COMPUTED = 1e-13
"""Numbers that are more precise than this were not typed: then a short one among them is exact."""
OF_LOSS = 1e-6
"""How near, relative to it, a loss must be to the right one: float32 is right."""
RUINED = 1e-3
"""How far from the largest of their array float32 may bring numbers that are still right."""
FEW_DIGITS = "With so few digits this says little: give more digits."
BY_CHANCE = 2.0
"""By how many digits wrong numbers must outdo what was tried and solved for, or something would fit them by chance."""
RUINED_HALF = 2.0**-5
"""How far float16 may: 32 times its last place."""
_MARGIN = 32.0
"""How many times the rounding error of one pass another may have."""


def typed_half_units(numbers: Floats, least: int = LEAST_DIGITS, alike: bool = False) -> Floats:
    """Half a unit of the last place that was typed, for each number: rounding changes a number by no more.

    Numbers are rounded to so many decimals, or to so many digits: the most that any of them has, and `least` digits of
    the largest. Unless they are `alike`, each may also have fewer digits than the others, if none was computed. Full
    doubles have so many that it comes to nothing; inf and nan are not rounded.
    """
    if not numbers.ndim:
        return typed_half_units(numbers.reshape(1), least, alike).reshape(())
    finite = numbers[np.isfinite(numbers) & (numbers != 0)]
    if not finite.size:
        return np.where(np.isfinite(numbers), OF_ZEROS, 0.0)
    few = finite if finite.size <= 1000 else finite[:: finite.size // 1000]
    most, decimals = least, least - 1 - _exponent(float(np.abs(finite).max()))
    for number in few.tolist():
        _, written, exponent = Decimal(repr(number)).normalize().as_tuple()
        most, decimals = max(most, len(written)), max(decimals, -int(exponent))
    some = np.isfinite(numbers) & (numbers != 0)
    exponents = np.floor(np.log10(np.abs(numbers), out=np.full_like(numbers, -400.0), where=some))
    units: Floats = np.maximum(10.0**-decimals, 10.0 ** (exponents - most + 1))
    if not alike and _short(units[some] / 2, numbers[some]):
        own = np.array([max(least, figures(number)) for number in numbers[some].tolist()])
        units[some] = np.maximum(units[some], 10.0 ** (exponents[some] - own + 1))
    return np.where(np.isfinite(numbers), units / 2, 0.0)


def figures(number: float) -> int:
    """How many significant digits a number is written with.

    >>> figures(0.25), figures(100.0)
    (2, 1)
    """
    return len(Decimal(repr(number)).normalize().as_tuple().digits)


def _exponent(number: float) -> int:
    return int(np.floor(np.log10(number)))


@dataclass(frozen=True)
class Precision:
    """How near the numbers of each array must be."""

    half: Gradients
    """Half a unit of what was typed."""
    noise: Gradients
    """The rounding error that a pass in single precision may have in each number."""
    single: bool
    """Whether the numbers are of float32."""
    cut: bool = False
    """Whether digits were cut off, not rounded: then they are a whole unit apart."""
    float16: bool = False
    """Whether the numbers are of float16, which the whole pass may have been computed in."""

    @property
    def typed(self) -> bool:
        """Whether some numbers were typed, with so few digits that they were cut off or rounded."""
        return any((half > COMPUTED).any() for half in self.half.values())

    def tolerance(self, name: str, right: Floats, single: bool = False, ruined: float = RUINED) -> Floats:
        """How far the given numbers of an array may be from these; with `single`, as far as their own kind brings them.

        But no farther, relative to the largest, than makes them `ruined`: where that is more than the noise of doubles.
        """
        most = largest(right)
        noise = self.noise[name] * _MARGIN
        # Of a perfect fit the sum is nothing but noise: the terms say how large that may be.
        bound = noise * 2.0**-29 + RELATIVE * most
        if single or self.single:
            if single and self.float16:
                noise, ruined = noise * OF_HALF, max(ruined, RUINED_HALF)
            spoilt = ruined * most if most > noise.max(initial=0.0) * 2.0**-29 else np.inf
            bound = np.maximum(bound, np.minimum(noise, spoilt))
        return self.half[name] * (1 + 1e-6) * (1 + self.cut) + bound


def decimals_of(arrays: Sequence[Floats]) -> float:
    """Half a unit of the last decimal of all these, which were typed together; 0 if any were computed."""
    numbers = np.concatenate([array.ravel() for array in arrays])
    half = typed_half_units(numbers, alike=True)
    return float(half.min()) if _short(half, numbers) else 0.0


def of_quantity(numbers: Floats, right: Floats, noise: Floats | float = 0.0, least: float = 0.0) -> Floats:
    """How far a quantity that is no gradient may be from this: its digits cut off, or computed in float32.

    No number was typed to a smaller half unit than the `least`.
    """
    half = np.maximum(typed_half_units(numbers), least)
    if fits(numbers, np.float16):
        half = np.maximum(half, _of_half(numbers))
    noise = np.broadcast_to(np.maximum(noise, SINGLE * largest(right)), right.shape)
    return Precision({"": half}, {"": noise}, single=True, cut=True).tolerance("", right)


def near_loss(yours: float, right: float) -> bool:
    """Whether a loss that came with gradients is right: to its digits, and as float32 computes it."""
    return bool(within(yours, right, 2 * typed_half_units(np.array(yours)) + OF_LOSS * abs(right)))


def digits_given(numbers: Floats, right: Floats, tolerance: Floats) -> float:
    """How many digits numbers have together that are known so well, and that a mistake must get right.

    >>> round(digits_given(np.array([250.0, 4.0]), np.array([1000.0, 3.0]), np.array([0.1, 0.4])))
    5
    """
    size = np.maximum(np.abs(numbers), np.abs(right))
    return float(np.sum(np.log10(np.maximum(1.0, size / tolerance))))


class Marked(NamedTuple):
    """An array as a learner gave it, beside the right one."""

    name: str
    numbers: Floats
    right: Floats | None
    """None if it has another shape."""
    tolerance: Floats

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which of the numbers are wrong."""
        return ~within(self.numbers, np.nan if self.right is None else self.right, self.tolerance)

    @property
    def digits(self) -> float:
        """How many digits the wrong ones have together."""
        wrong = self.wrong
        if self.right is None:
            return np.inf
        return digits_given(self.numbers[wrong], self.right[wrong], self.tolerance[wrong])


def marked(given: Answer, right: Gradients, tolerance: Callable[[str, Floats], Floats]) -> Iterator[Marked]:
    """Each array that was given, beside the right one and how far its numbers may be from that."""
    for name in given.arrays:
        numbers, expected = given.numbers(name), given.select(name, right[name])
        allowed = np.zeros_like(numbers) if expected is None else tolerance(name, expected)
        yield Marked(name, numbers, expected, allowed)


def precision_of(
    case: Exercise, given: Answer, typed: bool = True, pooled: bool = False, noise: Gradients | None = None
) -> Precision:
    """The precision of a learner's numbers, for this network and these data; if they were not typed they are exact.

    Each array has the precision in which it was typed; `pooled`, none has less than the others, unless all were typed.
    `noise` is that of these numbers, where it is known.
    """
    numbers = [given.numbers(name) for name in given.arrays]
    ends = np.cumsum([array.size for array in numbers])[:-1]
    together = np.split(typed_half_units(np.concatenate(numbers), alike=True), ends)
    short = all(_short(half, array) for half, array in zip(together, numbers, strict=True))
    units = [  # zeros beside numbers that were computed are exact
        np.maximum(half, typed_half_units(array)) if short or (array.any() and not pooled) else half
        for half, array in zip(together, numbers, strict=True)
    ]
    if not typed:
        units = [np.zeros_like(array) for array in numbers]
    # Numbers may be float32's only because they were typed with few digits.
    if not (single := given.single) and typed and all(fits(array, np.float32) for array in numbers):
        single = not all(_short(half, array, 2.0**-26) for half, array in zip(units, numbers, strict=True))
    if float16 := all(fits(n, np.float16) for n in numbers) and (single or (typed and _many_digits(numbers))):
        units = [np.maximum(half, _of_half(array)) for half, array in zip(units, numbers, strict=True)]
    half = dict(zip(given.arrays, units, strict=True))
    return Precision(half, noise or noise_of(case, given), single, float16=float16)


def _short(half: Floats, numbers: Floats, least: float = COMPUTED) -> bool:
    """Whether numbers were typed to so few digits."""
    finite = np.isfinite(numbers)
    return bool(np.all(half[finite] >= least * np.abs(numbers[finite])))


def _many_digits(arrays: Sequence[Floats]) -> bool:
    """Whether numbers that float16 can hold have more digits than it has, which are not there by chance."""
    return sum(max(0, figures(x) - HALF_DIGITS) for array in arrays for x in array[np.isfinite(array)].tolist()) > 1


def _of_half(numbers: Floats) -> Floats:
    """Half a unit of float16's last place: it has eleven bits."""
    return np.asarray(np.abs(numbers) * 2.0**-11 + 2.0**-25)


def fits(numbers: Floats, kind: DTypeLike) -> bool:
    """Whether floats of this kind, float32 or float16, can hold all these numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.all((numbers.astype(kind) == numbers) | np.isnan(numbers)))


def few_digits(given: Answer, right: Gradients) -> bool:
    """Whether right numbers have hardly a digit left: 0.02 for 0.0196; or two in an array beside full ones."""
    numbers, vectors = [given.numbers(name) for name in given.arrays], [given.select(n, right[n]) for n in given.arrays]
    found = [v for v in vectors if v is not None]
    if len(found) < len(vectors):
        return False
    together = typed_half_units(np.concatenate(numbers), 1, alike=True)
    alone = np.concatenate([typed_half_units(array, 2, alike=True) for array in numbers])
    half = np.maximum(together, alone) * (1 + 1e-6)
    bound = RELATIVE * np.concatenate([np.full_like(v, largest(v)) for v in found])
    return bool(np.all(within(np.concatenate(numbers), np.concatenate(found), half + bound)))


def rounded_to_single(given: Answer, right: Gradients) -> bool:
    """Whether these are right numbers, each rounded to float32 and no more."""
    pairs = [(given.numbers(name), given.select(name, right[name])) for name in given.arrays]
    return all(made is not None and np.allclose(own, made, rtol=2.0**-23, atol=1e-38) for own, made in pairs)
