"""Mistakes that are a matter of factors: solved for, not tried.

What a learner gave of an array is f·(d + r), f·d + r, or d + c·r, where d comes from the loss and r from the penalty.
For each such form the factors that fit are an interval; where several arrays have one factor in common, it is one
mistake.

>>> column = Column("dW1", np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.zeros(2), np.full(2, 1e-9))
>>> [(group.value, group.names) for group in scalings([column], Niceness(m=1, n=1), 1)[0].groups]
[(2.0, ('dW1',))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from microbp.diagnosis.niceness import Interval, Niceness
from microbp.learner.cases import Floats

_EVERY: Interval = (-np.inf, np.inf)


class Column(NamedTuple):
    """One array: the learner's numbers, what the loss gives, what the penalty adds, how near is near enough."""

    name: str
    given: Floats
    loss: Floats
    l2: Floats
    """(λ/m)·W for weights, which belongs in them, and (λ/m)·b for biases, which does not."""
    tolerance: Floats

    @property
    def right(self) -> Floats:
        """The sum as it should be."""
        return self.loss + self.l2 if self.name[1] == "W" else self.loss


class Group(NamedTuple):
    """Arrays that have a wrong factor in common."""

    value: float
    names: tuple[str, ...]
    """Those that need it."""
    compatible: frozenset[str]
    """These, and those that would fit with it as well: arrays of zeros."""
    cost: int
    """1 for a likely number, 2 for another, many for one that nothing speaks for: a single number fits any factor."""
    penalty: bool
    """Whether the penalty has the factor too."""


@dataclass(frozen=True)
class Scaling:
    """What factors would make numbers the learner's: none, if there are no groups and l2 is as it should be."""

    groups: tuple[Group, ...] = ()
    l2_weights: float = 1.0
    l2_biases: float = 0.0
    nice: bool = True
    """Whether the factors of the penalty are likely numbers."""

    @property
    def cost(self) -> int:
        """How many mistakes that is; a number that is not nice counts as one more, and a sign is one of its own."""
        signs = sum(group.value < 0 and group.value != -1 for group in self.groups)
        biases = (self.l2_biases != 0) + (self.l2_biases not in (0.0, 1.0))
        factors = sum(group.cost for group in self.groups) + signs
        return factors + (not self.nice) + (self.l2_weights != 1) + biases


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


def scalings(columns: Sequence[Column], nice: Niceness, most: int) -> list[Scaling]:
    """The cheapest ways to make all columns the learner's by factors, of at most that cost."""
    weights = list(_options([c for c in columns if c.name[1] == "W"], nice))
    biases = list(_options([c for c in columns if c.name[1] == "b"], nice))
    found = []
    for (w, l2w, nw), (b, l2b, nb) in product(weights, biases):
        for groups in _groupings(columns, w, b, l2w is None, nice):
            made = Scaling(groups, 1.0 if l2w is None else l2w, l2b or 0.0, nw and nb)
            if made.cost <= most and made not in found:
                found.append(made)
    cheapest = min((s.cost for s in found), default=0)
    return [s for s in found if s.cost == cheapest]


Option = tuple[dict[str, Interval], float | None, bool]
"""The factor of each array, as an interval; the factor of the penalty (None: the array's own); whether that is nice."""


def _options(columns: Sequence[Column], nice: Niceness) -> Iterator[Option]:
    if not columns:
        yield {}, None, True
        return
    weights = columns[0].name[1] == "W"
    penalised = any(c.l2.any() for c in columns)
    plain = 1.0 if weights else 0.0
    forms: list[tuple[float | None, Callable[[Column], tuple[Floats, Floats]]]] = []
    forms.append((None, lambda c: (c.right, 0.0 * c.l2)))
    if penalised:
        forms.append((1.0, lambda c: (c.loss, c.l2)))
        if not weights:
            forms.append((1.0, lambda c: (c.loss + c.l2, 0.0 * c.l2)))
    for l2, form in forms:
        found = {c.name: _interval(c.given - form(c)[1], form(c)[0], c.tolerance) for c in columns}
        if all(found.values()):
            yield {name: interval for name, interval in found.items() if interval}, l2, True
    if not penalised:
        return
    one = _common([_interval(c.given - c.loss, c.l2, c.tolerance) for c in columns])
    if one and not one[0] <= plain <= one[1]:
        value = nice.snap(one)
        yield {c.name: (1.0, 1.0) for c in columns}, _middle(one) if value is None else value, value is not None
    yield from _both(columns, nice)


def _both(columns: Sequence[Column], nice: Niceness) -> Iterator[Option]:
    """A factor of what the loss gives to each array, and one of the penalty, in all: solved for in each array."""
    seen: set[float] = set()
    for column in columns:
        if column.given.size < 3 or not column.l2.any() or not np.isfinite(column.given).all():
            continue
        (f, c), *_ = np.linalg.lstsq(np.stack([column.loss, column.l2], axis=1), column.given, rcond=None)
        for whole, ratio in ((False, c), (True, c / f if f else 0.0)):
            width = 1e-4 if np.max(column.tolerance) > 1e-8 * np.abs(column.given).max() else 1e-7
            snapped = nice.snap((ratio - width * (1 + abs(ratio)), ratio + width * (1 + abs(ratio))))
            value = float(ratio if snapped is None else snapped)
            if value in seen:
                continue
            seen.add(value)
            found = {
                other.name: _interval(other.given, other.loss + value * other.l2, other.tolerance)
                if whole
                else _interval(other.given - value * other.l2, other.loss, other.tolerance)
                for other in columns
            }
            if all(found.values()):
                yield {name: interval for name, interval in found.items() if interval}, value, snapped is not None


def _groupings(
    columns: Sequence[Column], w: dict[str, Interval], b: dict[str, Interval], penalty: bool, nice: Niceness
) -> Iterator[tuple[Group, ...]]:
    """The factors of weights and biases together; or one of all arrays, and others of the biases besides."""
    yield _grouped(columns, w | b, penalty, nice)
    for base, rest in ((w, b), (b, w)):
        common = _grouped(columns, base, penalty, nice)
        if len(common) != 1 or common[0].compatible != base.keys() or not common[0].value:
            continue
        (group,) = common
        relative = {name: sorted((low / group.value, high / group.value)) for name, (low, high) in rest.items()}
        besides = _grouped(columns, {name: (low, high) for name, (low, high) in relative.items()}, penalty, nice)
        if besides:
            every = frozenset({*w, *b})
            yield (group._replace(names=tuple(every), compatible=every), *besides)


def _grouped(
    columns: Sequence[Column], intervals: dict[str, Interval], penalty: bool, nice: Niceness
) -> tuple[Group, ...]:
    """The fewest factors other than 1 that do for all arrays."""
    groups: list[tuple[Interval, list[str]]] = []
    for name, interval in intervals.items():
        if interval[0] <= 1.0 <= interval[1]:
            continue
        for k, (common, names) in enumerate(groups):
            if both := _common([common, interval]):
                groups[k] = (both, [*names, name])
                break
        else:
            groups.append((interval, [name]))
    entries = {c.name: int(np.sum(np.abs(c.loss) > 0)) for c in columns}
    made = []
    for common, names in groups:
        snapped = nice.snap(common)
        value = _middle(common) if snapped is None else snapped
        fitting = frozenset(name for name, (low, high) in intervals.items() if low <= value <= high) | {*names}
        cost = 1 if snapped is not None else 2 if sum(entries[name] for name in names) > 1 else 99
        made.append(Group(value, tuple(names), fitting, cost, penalty))
    return tuple(made)


def _interval(given: Floats, column: Floats, tolerance: Floats) -> Interval | None:
    """The numbers f for which |given − f·column| is within the tolerance everywhere; None if there are none."""
    zero = column == 0
    if np.any(np.abs(given[zero]) > tolerance[zero]) or not np.isfinite(given).all():
        return None
    if zero.all():
        return _EVERY
    ends = np.stack([given[~zero] - tolerance[~zero], given[~zero] + tolerance[~zero]]) / column[~zero]
    low, high = float(ends.min(axis=0).max()), float(ends.max(axis=0).min())
    return (low, high) if low <= high else None


def _common(intervals: Sequence[Interval | None]) -> Interval | None:
    if not all(intervals):
        return None
    low, high = (max(i[0] for i in intervals if i), min(i[1] for i in intervals if i))
    return (low, high) if low <= high else None


def _middle(interval: Interval) -> float:
    return (interval[0] + interval[1]) / 2 if np.isfinite(interval).all() else 1.0
