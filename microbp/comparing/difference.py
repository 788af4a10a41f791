"""How far two arrays of the same shape are apart: by how much, in how many places, and where.

>>> mine, right = np.array([[1.0, 2.0], [3.0, 4.5]]), np.array([[1.0, 2.0], [3.0, 4.0]])
>>> row = difference("W1", mine, right, tolerance=1e-9 * right)
>>> row.absolute, row.where, row.wrong, row.map
(0.5, (1, 1), 1, ('· ·', '· ×'))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import within
from microbp.problems.exercise import Floats

MAP = (12, 40)
"""The most rows and columns of a map of wrong entries: a larger array is drawn in blocks."""
ROUNDING = 1e-12
"""How far the same numbers are apart if they were computed in another order, relative to the largest of them."""
_LARGEST = float(np.finfo(np.float64).max)
_LAST_UNIT = 2.0**971
"""The unit in the last place of the largest number, for which `np.spacing` gives inf."""


def same_but_rounding(one: Any, other: Any) -> bool:
    """Whether two arrays have one shape and the same numbers, computed in whatever order.

    >>> same_but_rounding([0.1 + 0.2, 1e-20], [0.3, 0.0]), same_but_rounding([0.3], [[0.3]])
    (True, False)
    """
    if one is other:
        return True
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and bool((np.abs(one - other) <= ROUNDING * np.abs(other).max(initial=0.0)).all())


@dataclass(frozen=True)
class Difference:
    """How far two gradients of one parameter array are apart."""

    name: str
    shape: tuple[int, ...]
    absolute: float
    """The worst absolute difference: inf where one of the two is inf, nan where one is nan."""
    relative: float
    """The worst difference relative to the larger of the two numbers."""
    norm: float
    """‖a − b‖ / (‖a‖ + ‖b‖), as courses define the error of a gradient."""
    ulps: float
    """The worst difference in units of the last place of the larger number; to inf, as to the largest there is."""
    given: int
    """How many numbers were given: all of the array, or some of its entries."""
    wrong: int
    """How many of the numbers that were given differ by more than the tolerance."""
    where: tuple[int, ...]
    """The index of the worst absolute difference, among the wrong entries if there are any."""
    yours: float
    """The learner's number at that index."""
    right: float
    """The right number at that index."""
    ok: bool
    map: tuple[str, ...] = ()
    """Which entries are wrong (×), right (·) and not given (blank), row by row; nothing if all are right."""


def difference(name: str, a: Floats, b: Floats, tolerance: Floats, known: Any = None) -> Difference:
    """The learner's array a beside the right one b; `known` says which entries were given, if not all were."""
    same, larger = a == b, np.maximum(np.abs(a), np.abs(b))
    with np.errstate(all="ignore"):
        absolute = np.where(same, 0.0, np.abs(a - b))
        relative = np.where(np.isinf(absolute), np.abs(a / larger - b / larger), absolute / larger)
        relative = np.where(same, 0.0, np.where(np.isinf(larger), np.inf, relative))
        wrong = ~within(a, b, tolerance)  # nan is wrong
        units = np.minimum(np.spacing(np.minimum(larger, _LARGEST)), _LAST_UNIT)
        ulps = float(np.abs(np.clip(a, -_LARGEST, _LARGEST) / units - np.clip(b, -_LARGEST, _LARGEST) / units).max())
    known = np.ones(a.shape, dtype=bool) if known is None else known
    among = wrong if wrong.any() else known
    where = np.unravel_index(int(np.argmax(np.where(among, absolute, -1.0))), a.shape)
    return Difference(
        name,
        a.shape,
        float(absolute.max()),
        float(relative.max()),
        _norm(a, b),
        ulps,
        int(known.sum()),
        int(wrong.sum()),
        tuple(int(k) for k in where),
        float(a[where]),
        float(b[where]),
        not wrong.any(),
        marks(wrong, known),
    )


def _norm(a: Floats, b: Floats) -> float:
    """‖a − b‖ / (‖a‖ + ‖b‖), of numbers of any size: inf where only one is inf. What is inf in both is left out."""
    counts = ~(np.isinf(a) & (a == b))
    a, b = a[counts], b[counts]
    largest = float(np.max(np.abs([a, b]), initial=0.0))
    if not math.isfinite(largest):
        return largest
    if not largest:
        return 0.0
    unit = math.ldexp(1.0, math.frexp(largest)[1] - 1)  # divides exactly; squares of large numbers would be inf
    a, b = a / unit, b / unit
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))


def marks(wrong: Any, known: Any) -> tuple[str, ...]:
    """A map of an array: wrong entries (×), right ones (·) and those not given (blank); nothing if none is wrong.

    What has more than two axes, and fits nowhere, has no map.
    """
    if not wrong.any() or wrong.ndim > 2:
        return ()
    wrong, known = np.atleast_2d(wrong), np.atleast_2d(known)
    rows, cols = (np.array_split(np.arange(size), min(size, most)) for size, most in zip(wrong.shape, MAP, strict=True))

    def mark(block: tuple[Any, ...]) -> str:
        if wrong[block].any():
            return "×"
        return "·" if known[block].any() else " "

    return tuple(" ".join(mark(np.ix_(r, c)) for c in cols).rstrip() for r in rows)
