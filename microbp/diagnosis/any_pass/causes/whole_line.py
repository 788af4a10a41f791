"""What can be seen of a wrong line without its graph: a sign, a factor, turned axes, another order, a shift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along, choices, shifted
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.factors import Factors
from microbp.diagnosis.any_pass.judge import RELATIVE, is_near
from microbp.printing import say

MOST_AXES = 5
"""Axes are turned in every way up to so many."""


def whole_line(mine: Any, want: Any, noise: Any, factors: Factors, scope: Mapping[str, Any]) -> Iterator[Cause]:
    """The causes that one sees by laying a line beside the right one; `scope` are the arrays that a factor may be."""
    mine = np.asarray(mine, dtype=float)
    if not np.isfinite(mine).all():
        bad = np.count_nonzero(~np.isfinite(mine))
        yield Cause("not-finite", say("{bad} of {count} numbers are inf or nan", bad=bad, count=mine.size), 0.1)
        return
    if mine.shape != want.shape:
        yield from _turned(mine, want, noise)
        return
    if not mine.any() and want.any():
        yield Cause("zero", say("it is 0 everywhere: no line adds anything to it"), 0.1)
        return
    yield from _by_factor(mine, want, noise, factors, scope)
    if mine.ndim > 1:
        yield from _turned(mine, want, noise)
    for axis in range(mine.ndim):
        for step in (1, -1):
            if want.shape[axis] > 2 and _same(mine, np.roll(want, step, axis), noise):
                yield Cause("off-by-one", say("it is shifted by one place round axis {axis}", axis=axis), 0.5)
            if want.shape[axis] > 2 and _same(mine, shifted(want, step, axis), noise):
                yield Cause("off-by-one", say("it is shifted by one place along axis {axis}", axis=axis), 0.5)
    if _is_picked_elsewhere(mine, want):
        yield Cause("wrong-index", say("the right numbers stand at places that the forward pass did not pick"), 0.5)
    yield from _moved_whole(mine, want, noise)


def _is_picked_elsewhere(mine: Any, want: Any) -> bool:
    """Whether it has the few numbers of the right one, at other places."""
    numbers = np.unique(want[want != 0])
    there, right = mine != 0, want != 0
    if not 0 < len(numbers) <= 2 or right.all() or (there == right).all():
        return False
    return bool(np.isclose(mine[there][:, None], numbers, rtol=RELATIVE, atol=0.0).any(axis=1).all())


def _moved_whole(mine: Any, want: Any, noise: Any) -> Iterator[Cause]:
    """All of it stands one or two places further along an axis, or two, as if it was cut out at the wrong place."""
    for step in (1, -1, 2, -2):
        for axes in choices(range(mine.ndim), most=2):
            if any(mine.shape[axis] <= 2 * abs(step) for axis in axes):
                continue
            here, there = [slice(None)] * mine.ndim, [slice(None)] * mine.ndim
            for axis in axes:
                here[axis] = slice(max(step, 0), mine.shape[axis] + min(step, 0))
                there[axis] = slice(max(-step, 0), mine.shape[axis] + min(-step, 0))
            left, right = mine[tuple(here)], want[tuple(there)]
            if left.size > 3 and np.ptp(right) > 0 and _same(left, right, np.max(noise, initial=0.0)):
                text = say("it is shifted by one place {along}, as if cut out there", along=along(axes))
                if abs(step) == 2:
                    text = say("it is shifted by two places {along}, as if cut out there", along=along(axes))
                yield Cause("off-by-one", text, 0.5)


def _factors(q: Any, text: str) -> Iterator[tuple[Any, str, bool]]:
    """What a line is multiplied by too often, and whether too seldom, if q is in it: (numbers, words, is divided)."""
    shapes = {
        text: q,
        f"{text}²": q**2,
        f"(1 − {text})": 1 - q,
        f"{text} (1 − {text})": q * (1 - q),
        f"(1 − {text}²)": 1 - q**2,
    }
    for said, factor in shapes.items():
        yield factor, said, False
        with np.errstate(all="ignore"):
            yield 1 / factor, said, True


def _broadcasts(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    return len(shape) <= len(into) and all(a in (1, b) for a, b in zip(shape[::-1], into[::-1], strict=False))


def _same(a: Any, b: Any, noise: Any) -> bool:
    room = noise if np.shape(noise) == np.shape(b) else np.max(noise, initial=0.0)
    return np.shape(a) == np.shape(b) and bool(is_near(a, b, room).all())


def _turned(mine: Any, want: Any, noise: Any) -> Iterator[Cause]:
    if want.ndim <= MOST_AXES:
        for axes in permutations(range(want.ndim)):
            if axes != tuple(range(want.ndim)) and _same(mine, want.transpose(axes), noise):
                said = say("the numbers are right, but transposed")
                if want.ndim > 2:
                    said = say("the numbers are right, but its axes are in the order {axes}", axes=axes)
                yield Cause("transposed", said, 0.2)
                return
        if mine.size == want.size:
            for axes in permutations(range(want.ndim)):
                for order in "CF":
                    if _same(mine, want.transpose(axes).reshape(mine.shape, order=order), noise):
                        yield Cause("reshaped", say("the numbers are right, but reshaped in the wrong order"), 0.3)
                        return
    a, b = np.sort(mine.ravel()), np.sort(want.ravel())
    if a.size > 3 and a.shape == b.shape and np.ptp(a) > 0 and bool(is_near(a, b, np.max(noise, initial=0.0)).all()):
        yield Cause("reshaped", say("the numbers are right, but stand in other places"), 0.9)


def _by_factor(mine: Any, want: Any, noise: Any, factors: Factors, scope: Mapping[str, Any]) -> Iterator[Cause]:
    seen = np.abs(want) > 1e6 * noise
    if not seen.any():
        return
    ratio = np.divide(mine, want, out=np.full(want.shape, np.nan), where=seen)
    factor = float(np.median(ratio[seen]))
    if _same(mine, factor * want, noise):
        name = factors.name(factor)
        if abs(factor + 1) < RELATIVE:
            yield Cause("sign", say("it has the wrong sign"), 0.2)
        elif name is not None:
            yield Cause("factor", say("it is {factor} times what it should be", factor=name), 0.4)
        elif seen.sum() > 2:
            yield Cause("factor", say("it is {factor} times what it should be", factor=f"{factor:.6g}"), 2.0)
        return
    if seen.sum() < 4:
        return
    for text, other in scope.items():
        if not _broadcasts(other.shape, want.shape):
            continue
        for factor, name, is_divided in _factors(other.astype(float), text):
            with np.errstate(all="ignore"):
                moved = want * factor
            if np.isfinite(moved).all() and _same(mine, moved, noise):
                said = say("it is what it should be times {factor}", factor=name)
                if is_divided:
                    said = say("it is what it should be divided by {factor}", factor=name)
                yield Cause("factor-along-axis", said, 0.7)
                return
    for axes in choices(range(mine.ndim), most=mine.ndim - 1):
        low = np.where(seen, ratio, np.inf).min(axis=axes, keepdims=True)
        several = np.max(seen.sum(axis=axes), initial=0) > 1
        if several and _same(mine, want * np.where(np.isfinite(low), low, 0.0), noise):
            rest = next(k for k in range(mine.ndim) if k not in axes)
            said = say("it is off by a factor that varies along axis {axis} only", axis=rest)
            yield Cause("factor-along-axis", said, 1.5)
            return
