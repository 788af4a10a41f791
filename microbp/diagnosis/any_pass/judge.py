"""Each line of a learner's backward pass by itself: is it right, given what the learner has for the lines above?

One sweep goes back and passes on the learner's own numbers at each array that they gave. What arrives at the next array
is what its line should be. A line that differs is wrong; one that agrees is right, or carries what a wrong one above
gave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.nodes import Sweep
from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.readings import before_dropout, readings
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.errors import ProblemError

RELATIVE = 1e-8
"""As near as this to the right number is right."""
NOISE = 1e-11
"""And as near as this to it, relative to the sum of the magnitudes of all that was added up for it."""
SINGLE = 2e-5
"""As NOISE, for numbers of single precision."""

RIGHT, CARRIED, WRONG = "right", "carried", "wrong"


@dataclass(frozen=True)
class JudgedLine:
    """The verdict on one line: what was given, in the shape of the array if it fits, and what it should be."""

    name: str
    verdict: str
    mine: Any
    """What was given, as it was given."""
    fitted: Any
    """The same in the shape of the array; None if it has another."""
    wanted: Any
    """What it should be, given the lines above."""
    single: bool
    """Whether it is right to single precision only."""


def fit(mine: Any, shape: tuple[int, ...]) -> Any:
    """A gradient in the shape of its array: axes of length 1 may be more or fewer. None if it does not fit.

    >>> fit(np.ones((1, 3)), (3,)).shape, fit(np.ones((2, 3)), (3, 2)), fit(np.ones((3, 1)), (1, 3))
    ((3,), None, None)
    """
    mine = np.asarray(mine, dtype=float)
    if mine.shape == shape:
        return mine
    if mine.ndim != len(shape) and [n for n in mine.shape if n != 1] == [n for n in shape if n != 1]:
        return mine.reshape(shape)
    return None


def looks_single(mine: Any) -> bool:
    """Whether every number is one of single precision, and not all are round."""
    mine = np.asarray(mine)
    if mine.dtype.kind == "f" and mine.dtype.itemsize < 8:
        return True
    numbers = mine.astype(float).ravel()
    numbers = numbers[np.isfinite(numbers)]
    with np.errstate(over="ignore"):
        short = numbers == numbers.astype(np.float32)
    return bool(short.all()) and bool((numbers * 2**12 != np.round(numbers * 2**12)).any())


class Judge:
    """Judges given gradients of a trace, {name: array}, each named as the trace names it."""

    def __init__(self, trace: Recorded, given: Mapping[str, Any], places: Mapping[str, Any]) -> None:
        self.trace = trace
        self.given = given
        self.places = places
        self.fitted = {name: self._spread(fit(mine, trace[name].shape), name) for name, mine in given.items()}
        self.fixed = self._fixed(given)
        self.passed = trace.graph.sweep(self.fixed)
        """The sweep in which every given gradient is passed on."""
        self.wrong = {name for name in given if not self._agrees(name, self.passed)}
        if self.wrong:
            # A line may have been computed past a wrong one, from what stands above it.
            self.past = trace.graph.sweep(self._fixed(name for name in given if name not in self.wrong))
            self.wrong = {name for name in self.wrong if not self._agrees(name, self.past)}
            self.wrong -= self._undecided()

    def _undecided(self) -> set[str]:
        """Lines below one whose numbers cannot be passed on, since their shape does not fit: nobody can tell."""
        bad = [name for name in self.wrong if self.fitted[name] is None or not np.isfinite(self.fitted[name]).all()]
        above = {int(k) for name in bad for k in self.places[name]}
        fixed = {k: x for k, x in self.fixed.items() if k not in above}
        found = set()
        for name in self.wrong if bad else ():
            reached = Region(self.trace.graph, self.places[name], fixed).nodes.tolist()
            if name not in bad and above.intersection(reached):
                found.add(name)
        return found

    def lines(self) -> list[JudgedLine]:
        """The verdicts, in the order of the way back: last made, first judged."""
        return [self._judged(name) for name in reversed(list(self.trace)) if name in self.given]

    def wanted(self, name: str) -> Any:
        """What a line should be, given the learner's lines above it."""
        return self.passed.arrived[self.places[name]].reshape(self.trace[name].shape)

    def close(self, name: str, a: Any, b: Any, single: bool = False) -> Any:
        """Whether two gradients of that quantity are the same but for rounding."""
        noise = (SINGLE if single else NOISE) * self.sizes(name)
        return is_near(a, b, noise, SINGLE if single else RELATIVE)

    def sizes(self, name: str) -> Any:
        """The sums of magnitudes from which the noise in a gradient follows."""
        places, shape = self.places[name], self.trace[name].shape
        return np.fmax(self.passed.size[places], self.trace.truth.size[places]).reshape(shape)

    def _spread(self, mine: Any, name: str) -> Any:
        """What stands for a whole array by broadcasting, in the shape of the array."""
        given, shape = np.asarray(self.given[name], dtype=float), self.trace[name].shape
        whole = given.ndim in (0, len(shape)) and all(n in (1, m) for n, m in zip(given.shape, shape, strict=False))
        return np.broadcast_to(given, shape) if mine is None and whole else mine

    def _fixed(self, names: Any) -> dict[int, float]:
        fixed: dict[int, float] = {}
        for name in names:
            mine = self.fitted[name]
            if mine is not None:
                for place, number in zip(self.places[name].tolist(), mine.ravel().tolist(), strict=True):
                    fixed.setdefault(place, number)
        return fixed

    def _agrees(self, name: str, sweep: Sweep) -> bool:
        singles = (False, True)[: 1 + looks_single(self.given[name])]
        return any(self._as(name, one, single) for single in singles for one in (sweep, self.trace.truth))

    def _as(self, name: str, sweep: Sweep, single: bool) -> bool:
        """Whether a line is what arrives in a sweep, kinks to either side."""
        mine = self.fitted[name]
        if mine is None:
            return False
        places, shape = self.places[name], mine.shape
        least, most, want = (x[places].reshape(shape) for x in (sweep.least, sweep.most, sweep.arrived))
        noise = (SINGLE if single else NOISE) * np.fmax(sweep.size[places].reshape(shape), self.sizes(name))
        inside = np.clip(mine, np.fmin(least, most), np.fmax(least, most))
        relative = SINGLE if single else RELATIVE
        if not (is_near(mine, inside, noise, relative) | ~np.isfinite(want)).all():
            return False
        return (least == most).all() or self._adds_up(name, sweep, noise.sum(), relative)

    def _adds_up(self, name: str, sweep: Sweep, noise: float, relative: float) -> bool:
        """Whether what stands on kinks shares the gradient of each maximum, and does not get it several times."""
        bounds, mine = self.trace.graph.bounds, self.fitted[name]
        if bounds is None or not np.isfinite(mine).all():
            return True
        region = Region(self.trace.graph, self.places[name], sweep.given)
        low, high = region.sums(*(bound[region.edges] for bound in bounds))
        _, once = np.unique(self.places[name], return_index=True)  # a copy may be read as what it was copied from
        mine = mine.ravel()[once]
        room = relative * np.abs(mine).sum() + noise
        return not (np.isfinite(room) and (mine.sum() < low - room or mine.sum() > high + room))

    def _judged(self, name: str) -> JudgedLine:
        verdict = RIGHT
        if name in self.wrong:
            verdict = WRONG
        elif self.wrong and not self._agrees(name, self.trace.truth):
            verdict = CARRIED
        single = verdict != WRONG and not any(self._as(name, s, False) for s in (self.passed, self.trace.truth))
        return JudgedLine(name, verdict, self.given[name], self.fitted[name], self.wanted(name), single)


def judge_gradients(trace: Recorded, given: Mapping[str, Any]) -> Judge:
    """Judges gradients, {name: array}, in the reading of copied arrays that leaves the fewest lines wrong.

    What is right in one reading is not read as the gradient of another named array, whatever that makes of others.
    Raises `ProblemError` where the loss, or a right gradient, is inf or nan.
    """
    _finite("the loss", trace.loss.data)
    for name in given:
        _finite(f"the right gradient of {name}", trace.truth.arrived[trace.places(name)])
    found = readings(trace, given)
    best = Judge(trace, given, {name: choices[0] for name, choices in found.items()})
    if best.wrong and any(len(choices) > 1 for choices in found.values()):
        found = {name: _true_first(trace, given[name], name, choices) for name, choices in found.items()}
        best = Judge(trace, given, {name: choices[0] for name, choices in found.items()})
    literal = {name: trace.places(name) for name in given if len(found[name]) > 1}
    others = [literal] if literal else []
    others += [{name: places} for name, choices in found.items() for places in choices[1:]]
    for other in others:
        if not best.wrong:
            break
        tried = Judge(trace, given, {**best.places, **other})
        if len(tried.wrong) < len(best.wrong):
            best = tried
    for name in sorted(best.wrong):  # a slip in the way back through dropout, where dA is that of the A before it
        if (places := before_dropout(trace, name)) is not None:
            tried = Judge(trace, given, {**best.places, name: places})
            best = tried if len(tried.wrong) <= len(best.wrong) else best
    return best


def _finite(what: str, numbers: Any) -> None:
    bad = np.extract(~np.isfinite(numbers), numbers)
    if bad.size:
        raise ProblemError(
            f"{what} is {bad[0]:g} here, and then no line can be judged: look for inf and nan in what "
            "forward is given, for a division by 0, and for what overflows"
        )


def _true_first(trace: Recorded, mine: Any, name: str, choices: list[Any]) -> list[Any]:
    """The reading in which a gradient is right, and that of the nameless state if it copies one; else all of them."""
    fitted, truth = fit(mine, trace[name].shape), trace.truth
    noise, relative = (SINGLE, SINGLE) if looks_single(mine) else (NOISE, RELATIVE)
    for places in choices if fitted is not None and len(choices) > 1 else ():
        if is_near(fitted.ravel(), truth.arrived[places], noise * truth.size[places], relative).all():
            nameless = choices[:1] if not np.array_equal(choices[0], trace.places(name)) else []
            return [places, *nameless]
    return choices


def is_near(a: Any, b: Any, noise: Any, relative: float = RELATIVE) -> Any:
    """Element by element, whether two numbers are the same but for rounding."""
    with np.errstate(all="ignore"):
        return (a == b) | (np.abs(a - b) <= relative * np.fmax(np.abs(a), np.abs(b)) + noise)
