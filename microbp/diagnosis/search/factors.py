"""Mistakes that are a matter of factors: solved for, not tried.

What a learner gave of an array is f·(d + r), f·d + r, or d + c·r, where d comes from the loss and r from the penalty.
For each such form the factors that fit are an interval; where several arrays have one factor in common, it is one
mistake.

>>> column = Column("dW1", np.array([2.0, 4.0]), np.array([1.0, 2.0]), np.zeros(2), np.full(2, 1e-9))
>>> [(group.value, group.names) for group in scalings([column], LikelyFactors(m=1, n=1), 1)[0].groups]
[(2.0, ('dW1',))]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from microbp.comparing.answers.answer import largest
from microbp.diagnosis.search.fitting import Column, common, interval, middle, round_number
from microbp.diagnosis.search.likely_factors import Interval, LikelyFactors
from microbp.problems.exercise import Floats

LEAST_FOR_LAMBDA = 3
"""Of fewer numbers it is not said that there is a penalty in them where λ is 0, if that is no round number."""
LEAST_CHANGE = 1e-3
"""A factor that is no likely number, and changes less, is nobody's mistake."""


class SameFactor(NamedTuple):
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

    groups: tuple[SameFactor, ...] = ()
    l2_weights: float = 1.0
    l2_biases: float = 0.0
    penalised: tuple[str, ...] = ()
    """The arrays in which the penalty has those factors."""
    nice: bool = True
    """Whether they are likely numbers."""

    @property
    def cost(self) -> int:
        """How many mistakes that is; a number that is not nice counts as one more, and a sign is one of its own."""
        signs = sum(group.value < 0 and group.value != -1 for group in self.groups)
        biases = (self.l2_biases != 0) + (self.l2_biases not in (0.0, 1.0))
        factors = sum(group.cost for group in self.groups) + signs
        return factors + (not self.nice) + any(name[1] == "W" for name in self.penalised) + biases


def scalings(columns: Sequence[Column], nice: LikelyFactors, most: int) -> list[Scaling]:
    """The cheapest ways to make all columns the learner's by factors, of at most that cost."""
    weights = list(_options([c for c in columns if c.name[1] == "W"], nice))
    biases = list(_options([c for c in columns if c.name[1] == "b"], nice))
    found = []
    for w, b in product(weights, biases):
        for groups in _groupings(columns, w.factors, b.factors, w.l2 is None or w.whole, nice):
            l2 = 1.0 if w.l2 is None else w.l2
            made = Scaling(groups, l2, b.l2 or 0.0, w.penalised + b.penalised, w.nice and b.nice)
            if made.cost <= most and made not in found:
                found.append(made)
    cheapest = min((s.cost for s in found), default=0)
    return [s for s in found if s.cost == cheapest]


class _Option(NamedTuple):
    """One form of the arrays of weights, or of those of biases."""

    factors: dict[str, Interval]
    """The factor of each array, as an interval."""
    l2: float | None = None
    """The factor of the penalty; None for the array's own."""
    penalised: tuple[str, ...] = ()
    """The arrays that have it, if it is a wrong one."""
    nice: bool = True
    whole: bool = False
    """Whether the penalty has the factor of the array as well."""


def _options(columns: Sequence[Column], nice: LikelyFactors) -> Iterator[_Option]:
    if not columns:
        yield _Option({})
        return
    weights, plain = columns[0].name[1] == "W", columns[0].plain
    names = tuple(c.name for c in columns)
    penalised = any(c.l2.any() for c in columns)
    forms: list[tuple[float | None, Callable[[Column], tuple[Floats, Floats]]]] = []
    forms.append((None, lambda c: (c.right, 0.0 * c.l2)))
    if penalised and (plain or not weights):
        forms.append((1.0, lambda c: (c.loss, c.l2)))
        if not weights:
            forms.append((1.0, lambda c: (c.loss + c.l2, 0.0 * c.l2)))
    for l2, form in forms:
        found = {c.name: interval(c.given - form(c)[1], form(c)[0], c.tolerance) for c in columns}
        if all(found.values()):
            wrong = names if l2 is not None and l2 != plain else ()
            yield _Option({name: interval for name, interval in found.items() if interval}, l2, wrong)
    if not penalised:
        return
    yield from _penalties(columns, nice)
    yield from _both(columns, nice)


def _penalties(columns: Sequence[Column], nice: LikelyFactors) -> Iterator[_Option]:
    """A factor of the penalty alone, in all arrays or in some."""
    found = {c.name: interval(c.given - c.loss, c.l2, c.tolerance) for c in columns}
    plain = columns[0].plain
    wrong = {name: i for name, i in found.items() if i is None or not i[0] <= plain <= i[1]}
    one = common(list(wrong.values())) if wrong else None
    if one is None:
        return
    value = nice.snap(one)
    entries = sum(np.count_nonzero(c.l2) for c in columns if c.name in wrong)
    if not plain and columns[0].name[1] == "W":  # a λ where there is none: a round number, or many that agree
        value = round_number(one)
        if value is None and entries < LEAST_FOR_LAMBDA:
            return
    if value is None and entries < 2:
        return
    if value is None and all(abs(middle(one)) * largest(c.l2) <= LEAST_CHANGE * largest(c.loss) for c in columns):
        return
    factors = {c.name: (1.0, 1.0) for c in columns}
    yield _Option(factors, middle(one) if value is None else value, tuple(wrong), value is not None)


def _both(columns: Sequence[Column], nice: LikelyFactors) -> Iterator[_Option]:
    """A factor of what the loss gives to each array, and one of the penalty, in all: solved for in each array."""
    seen: set[float] = set()
    for column in columns:
        if column.given.size < 3 or not column.l2.any() or not np.isfinite(column.given).all():
            continue
        (f, c), *_ = np.linalg.lstsq(np.stack([column.loss, column.l2], axis=1), column.given, rcond=None)
        for whole, ratio in ((False, c), (True, c / f if f else 0.0)):
            width = 1e-4 if np.max(column.tolerance) > 1e-8 * np.abs(column.given).max() else 1e-7
            ends = (ratio - width * (1 + abs(ratio)), ratio + width * (1 + abs(ratio)))
            snapped = round_number(ends) if column.name[1] == "W" and not column.plain else nice.snap(ends)
            if snapped is None and column.name[1] == "W" and not column.plain:
                continue  # a λ where there is none is a round number
            value = float(ratio if snapped is None else snapped)
            if value in seen:
                continue
            seen.add(value)
            found = {c.name: _factor(c, value, whole) or _factor(c, c.plain, whole) for c in columns}
            if all(found.values()):
                wrong = tuple(c.name for c in columns if value != c.plain and _factor(c, value, whole))
                factors = {name: factor for name, factor in found.items() if factor}
                yield _Option(factors, value, wrong, snapped is not None, whole)


def _factor(column: Column, l2: float, whole: bool) -> Interval | None:
    """The factor of what the loss gives, or of the whole, beside that one of the penalty."""
    if whole:
        return interval(column.given, column.loss + l2 * column.l2, column.tolerance)
    return interval(column.given - l2 * column.l2, column.loss, column.tolerance)


def _groupings(
    columns: Sequence[Column], w: dict[str, Interval], b: dict[str, Interval], penalty: bool, nice: LikelyFactors
) -> Iterator[tuple[SameFactor, ...]]:
    """The factors of weights and biases together; or one of all arrays, and others of the biases besides."""
    yield _grouped(columns, w | b, penalty, nice)
    for base, rest in ((w, b), (b, w)):
        shared = _grouped(columns, base, penalty, nice)
        if len(shared) != 1 or shared[0].compatible != base.keys() or not shared[0].value:
            continue
        (group,) = shared
        relative = {name: sorted((low / group.value, high / group.value)) for name, (low, high) in rest.items()}
        besides = _grouped(columns, {name: (low, high) for name, (low, high) in relative.items()}, penalty, nice)
        if besides:
            every = tuple(c.name for c in columns)
            yield (group._replace(names=every, compatible=frozenset(every)), *besides)


def _grouped(
    columns: Sequence[Column], intervals: dict[str, Interval], penalty: bool, nice: LikelyFactors
) -> tuple[SameFactor, ...]:
    """The fewest factors other than 1 that do for all arrays."""
    groups: list[tuple[Interval, list[str]]] = []
    for name, wanted in intervals.items():
        if wanted[0] <= 1.0 <= wanted[1]:
            continue
        for k, (held, names) in enumerate(groups):
            if both := common([held, wanted]):
                groups[k] = (both, [*names, name])
                break
        else:
            groups.append((wanted, [name]))
    made = []
    for held, names in groups:
        snapped = nice.snap(held)
        value = middle(held) if snapped is None else snapped
        fitting = frozenset(name for name, (low, high) in intervals.items() if low <= value <= high) | {*names}
        known = _entries(columns, names) > 1 and abs(value - 1) > LEAST_CHANGE
        certain = (
            _entries(columns, names) > 1 or "," not in nice.read(value).partition(", or")[0]
        )  # one number fits many a product
        cost = 2 if known else 99
        cost = 1 if snapped is not None and certain else cost
        made.append(SameFactor(value, tuple(names), fitting, cost, penalty))
    return tuple(made)


def _entries(columns: Sequence[Column], names: Sequence[str]) -> int:
    """How many numbers of these arrays a factor changes."""
    return sum(int(np.count_nonzero(c.loss)) for c in columns if c.name in names)
