"""One array of a learner's gradients, and the factors with which what a pass makes of it would fit.

>>> column = Column("dW1", np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.zeros(2), np.full(2, 1e-9))
>>> spans(column), [round(end, 6) for end in interval(column.given, column.loss, column.tolerance)]
(True, [2.0, 2.0])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from microbp.diagnosis.search.likely_factors import Interval
from microbp.problems.exercise import Floats

NARROW = 1e-4
"""How near a round number must be known, relative to it, to be no coincidence."""
SOME = 12
"""Of an array so many numbers are looked at before all."""
EVERY: Interval = (-np.inf, np.inf)
"""Any factor at all: of zeros."""


class Column(NamedTuple):
    """One array: the learner's numbers, what the loss gives, what the penalty adds, how near is near enough."""

    name: str
    given: Floats
    loss: Floats
    l2: Floats
    """(λ/m)·W for weights, and (λ/m)·b for biases; W/m where λ is 0."""
    tolerance: Floats
    plain: float = 1.0
    """How much of that belongs in them: 1, or 0 for biases and where λ is 0."""

    @property
    def right(self) -> Floats:
        """The sum as it should be."""
        return self.loss + self.plain * self.l2


def spans(column: Column) -> bool:
    """Whether any factors of loss and penalty can give the learner's numbers: quick, and wrong only in saying yes."""
    given, loss, l2 = column.given, column.loss, column.l2
    size = float(np.sqrt(l2 @ l2))
    if size:
        unit = l2 / size
        given, loss = given - (given @ unit) * unit, loss - (loss @ unit) * unit
    square = float(loss @ loss)
    rest = given - (given @ loss) / square * loss if square > 0 else given
    return bool(rest @ rest <= (column.tolerance @ column.tolerance) * (1 + 1e-6))


def spanned(given: Floats, rows: Floats, tolerance: Floats) -> Sequence[int]:
    """Which rows may have, with a factor, some of the numbers to whose tolerances the learner's are known."""
    rest = given - (rows @ given / (rows**2).sum(axis=1))[:, None] * rows
    far = (rest**2).sum(axis=1) > tolerance @ tolerance * (1 + 1e-6)  # a row of zeros is not: it says nothing
    return [int(k) for k in np.flatnonzero(~far)]


def interval(given: Floats, column: Floats, tolerance: Floats) -> Interval | None:
    """The numbers f for which |given − f·column| is within the tolerance everywhere; None if there are none."""
    zero = column == 0
    if np.any(np.abs(given[zero]) > tolerance[zero]) or not np.isfinite(given).all():
        return None
    if zero.all():
        return EVERY
    ends = np.stack([given[~zero] - tolerance[~zero], given[~zero] + tolerance[~zero]]) / column[~zero]
    low, high = float(ends.min(axis=0).max()), float(ends.max(axis=0).min())
    return (low, high) if low <= high else None


def common(intervals: Sequence[Interval | None]) -> Interval | None:
    """What is in all intervals; None if nothing is."""
    if not all(intervals):
        return None
    low, high = (max(i[0] for i in intervals if i), min(i[1] for i in intervals if i))
    return (low, high) if low <= high else None


def middle(interval: Interval) -> float:
    """The middle of an interval; 1 of one that has no end."""
    return (interval[0] + interval[1]) / 2 if np.isfinite(interval).all() else 1.0


def round_number(held: Interval) -> float | None:
    """The number of three digits in an interval that is narrow enough for that to be no coincidence."""
    near = float(f"{middle(held):.3g}")
    return near if held[0] <= near <= held[1] and held[1] - held[0] <= NARROW * abs(near) else None


def roundest(interval: Interval | None) -> float | None:
    """The number of an interval that has the fewest digits; None for no interval, and for one without an end.

    >>> roundest((0.0497, 0.0504)), roundest((0.123456, 0.123457)), roundest((-1.0, 2.0))
    (0.05, 0.123456, 0.0)
    """
    if interval is None or not np.isfinite(interval).all():
        return None
    low, high = interval
    if low <= 0.0 <= high:
        return 0.0
    for digits in range(1, 16):
        near = float(f"{middle(interval):.{digits}g}")
        if low <= near <= high:
            return near
    return middle(interval)
