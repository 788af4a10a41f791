"""A network replayed under wrong rules, beside the numbers that a learner got from it.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.comparing.answers.read import read
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read(case, case.truth[1])
>>> replayer = Replayer(case, given)
>>> candidate = Candidate((), replayer.right, case)
>>> _ = replayer.replay(candidate)
>>> sorted(candidate.matches), sorted(candidate.changes)
(['dW1', 'dW2', 'db1', 'db2'], [])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer, largest, within
from microbp.comparing.precision import Precision, precision_of
from microbp.derivation.backprop import Part, backward, forward, gradients
from microbp.derivation.rules import Plan, plan
from microbp.diagnosis.explanation import Finding
from microbp.diagnosis.fitting import Column, common, interval, roundest, spans
from microbp.diagnosis.likely_factors import Interval
from microbp.problems.exercise import Exercise, Floats, Gradients


@dataclass
class Candidate:
    """Rules with one or two mistakes in them, and what came of a replay."""

    findings: tuple[Finding, ...]
    rules: Plan
    case: Exercise
    """With the learning rate that it needs."""
    matches: frozenset[str] = frozenset()
    """The arrays that it makes as the learner has them."""
    changes: frozenset[str] = frozenset()
    """The arrays that it makes other than right."""
    misses: tuple[tuple[str, int], ...] = ()
    """The numbers that it makes otherwise than the learner has them: the array, and which of its numbers."""
    columns: list[Column] | None = None
    """All columns, if they are the learner's but for factors."""


class Replayer:
    """A learner's numbers, and passes to hold against them."""

    def __init__(self, case: Exercise, given: Answer, precision: Precision | None = None) -> None:
        self.case, self.given = case, given
        self.precision = precision or precision_of(case, given)
        numbers = {name: given.numbers(name) for name in given.arrays}
        self._given = {name: (array, self.precision.tolerance(name, array)) for name, array in numbers.items()}
        self._right = {name: given.select(name, case.truth[1][name]) for name in given.arrays}
        self.sizes = {name: largest(right) or 1.0 for name, right in case.truth[1].items()}
        self.truth = Made(case.truth[1], self.sizes)
        self.right = plan(case)
        self.values = forward(case, self.right)
        self._misfits: set[Any] = set()
        self.complete = True  # until pairs are left out
        self._forwards = {tuple(rule.forward for rule in self.right): self.values}

    def replay(self, candidate: Candidate) -> Made:
        """Runs the pass of a candidate and notes what it matches and changes; returns what it makes."""
        matches, changes, columns, fits = set(), set(), [], True
        misses: list[tuple[str, int]] = []
        made: Gradients = {}
        with np.errstate(all="ignore"):
            for part, found in self.parts(candidate):
                l = self._place(candidate.rules, part.l)
                made |= {f"dW{l}": part.dW + part.dW_l2, f"db{l}": part.db}
                for name, column in found:
                    right = self._right[name]
                    if column is None:
                        changes.add(name)
                        misses += [(name, k) for k in range(self.given.numbers(name).size)]
                        fits = False
                        continue
                    columns.append(column)
                    if right is None or (np.abs(right - column.right) > 1e-12 * np.abs(right).max(initial=0)).any():
                        changes.add(name)
                    far = np.flatnonzero(~within(column.given, column.right, column.tolerance))
                    misses += [(name, int(k)) for k in far]
                    if not far.size:
                        matches.add(name)
                    fits = fits and spans(column)
        candidate.matches, candidate.changes = frozenset(matches), frozenset(changes)
        candidate.misses = tuple(misses)
        candidate.columns = columns if fits else None
        return Made(made, self.sizes)

    def _place(self, rules: Plan, l: int) -> int:
        """Where in the list of gradients those of layer l stand."""
        return self.case.depth + 1 - l if rules[0].order == "reversed" else l

    def parts(self, candidate: Candidate) -> Iterator[tuple[Part, list[tuple[str, Column | None]]]]:
        """The parts of a pass, each with the columns that the learner gave of it; None for one of another shape."""
        rules = candidate.rules
        key = tuple(rule.forward for rule in rules)
        if key not in self._forwards:
            self._forwards[key] = forward(self.case, rules)
        for part in backward(candidate.case, rules, self._forwards[key]):
            l = self._place(rules, part.l)
            found: list[tuple[str, Column | None]] = []
            dW, dW_l2, plain_W = part.dW, part.dW_l2, 1.0
            if not self.case.l2:
                dW, dW_l2, plain_W = dW + dW_l2, self._weights(rules, part.l) / len(self.case.Y), 0.0
            of_weights, of_biases = (f"dW{l}", dW, dW_l2, plain_W), (f"db{l}", part.db, part.db_l2, 0.0)
            for name, loss, l2, plain in (of_weights, of_biases):
                if name not in self.given.arrays:
                    continue
                a, b = self.given.select(name, loss), self.given.select(name, l2)
                numbers, tolerance = self._given[name]
                column = None
                if a is not None and b is not None and np.isfinite(a).all():
                    column = Column(name, numbers, a, b, tolerance, plain)
                found.append((name, column))
            yield part, found

    def _weights(self, rules: Plan, l: int) -> Floats:
        """The weights of layer l, in the shape of their gradient under these rules."""
        W = self.values.weights[l - 1]
        return W.T if rules[l - 1].transposed == "all" else W

    def solve_rate(self, rules: Plan, names: Sequence[str], sign: int = 1) -> float | None:
        """The learning rate of that sign for which arrays that are linear in it come out as the learner has them."""
        wanted: list[Interval | None] = []
        values = self.values if all(not rule.forward for rule in rules) else None
        zero, one = (gradients(replace(self.case, learning_rate=rate), rules, values) for rate in (0.0, 1.0))
        for name in names:
            if name in self.given.arrays:
                numbers, tolerance = self._given[name]
                at_0, at_1 = self.given.select(name, zero[name]), self.given.select(name, one[name])
                if at_0 is None or at_1 is None:
                    return None
                with np.errstate(all="ignore"):
                    wanted.append(interval(numbers - at_0, at_1 - at_0, tolerance))
        rate = roundest(common(wanted)) if wanted else None
        return rate if rate and 0 < sign * rate < np.inf else None

    def all_exact(self, candidate: Candidate, down_to: int = 1) -> bool:
        """Whether a candidate makes the learner's numbers, of all layers from the last to that one.

        It stops at the first layer that does not fit, and remembers under which rules that did not.
        """
        rules = candidate.rules
        forwards = tuple(rule.forward for rule in rules)
        whole = (candidate.case.learning_rate, forwards, rules[0].order, rules[0].passes)
        again = rules[0].passes > 1  # then what a layer gives depends on the layers below it, which were changed
        keys = [(whole, rules if again else rules[l - 1 :]) for l in range(self.case.depth, down_to - 1, -1)]
        if not self._misfits.isdisjoint(keys):
            return False
        with np.errstate(all="ignore"):
            for key, (_, found) in zip(keys, self.parts(candidate), strict=False):
                if not all(column is not None and exact(column) for _, column in found):
                    self._misfits.add(key)
                    return False
        return True


def below(l: int) -> tuple[str, str]:
    """The arrays of the layer below l: they are linear in the rate at which the weights of l were changed too early."""
    return f"dW{l - 1}", f"db{l - 1}"


def exact(column: Column) -> bool:
    """Whether the numbers of an array are the learner's."""
    return bool(within(column.given, column.right, column.tolerance).all())


class Made:
    """The gradients that a pass made, each relative to a size, to see whether two are the same."""

    def __init__(self, gradients: Gradients, sizes: Mapping[str, float]) -> None:
        self._shapes = [gradients[name].shape for name in sizes]
        self._vector = np.concatenate([gradients[name].ravel() / size for name, size in sizes.items()])

    def __eq__(self, other: object) -> bool:
        """Whether they are the same, but for rounding."""
        if not isinstance(other, Made) or self._shapes != other._shapes:
            return NotImplemented
        return bool((np.abs(self._vector - other._vector) <= 1e-12).all())

    __hash__ = None  # type: ignore[assignment]  # equality within rounding has no hash
