"""The search for the lines behind a learner's numbers: single ones of the table, then any other, and two together.

>>> from microbp import load
>>> from microbp.comparing.answers.read import read_gradients
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read_gradients(case, {"dW2": -case.truth[1]["dW2"]})
>>> [explanation.codes for explanation in Search(case, given).explanations()]
[('sign',)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.noise import SINGLE
from microbp.comparing.precision import (
    BY_CHANCE,
    Marked,
    Precision,
    digits_given,
    few_digits,
    figures,
    marked,
    precision_of,
    rounded_to_single,
)
from microbp.derivation.backprop import gradients
from microbp.derivation.formulas import JACOBIANS
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import CODES, find_mistake
from microbp.diagnosis.search.changes import is_factor
from microbp.diagnosis.search.elsewhere import MOST_MISTAKES, MOST_PAIRED, Elsewhere, Run
from microbp.diagnosis.search.factors import scalings
from microbp.diagnosis.search.ideas import Used
from microbp.diagnosis.search.likely_factors import LikelyFactors
from microbp.diagnosis.search.readings import read_scaling
from microbp.losses import LOSSES
from microbp.problems.exercise import Exercise, Gradients

AT_KINK = "np.abs(z) <= 2.0 ** -22 * (np.abs(a0) @ np.abs(W.T) + np.abs(b))"
"""Where a net is 0 but for the rounding of its terms: 0.1 + 0.2 − 0.3 is 5.6e-17, and float32 makes it 0 or −1e-8."""


class Search(Elsewhere):
    """A learner's numbers, and everything that explains them."""

    def __init__(self, case: Exercise, given: Answer, precision: Precision | None = None) -> None:
        super().__init__(case, given, precision)
        self.nice = LikelyFactors(len(case.Y), case.sizes[-1])
        self.by_chance = False
        """Whether what would give the numbers was left out: so few digits fit many things."""

    def is_right(self) -> bool:
        """Whether the numbers are right to their precision; at the kink of a ReLU either side will do."""
        return bool(self.right_in())

    def right_in(self) -> str:
        """The precision in which they are right, "double", "single", "half", "few digits"; nothing if they are wrong.

        What is right only with few digits, or as float32 or float16, must not be a mistake exactly.
        """
        typed = replace(self.precision, single=self.given.single)
        exact = rough = "half"
        if not typed.float16:
            exact, rough = "single" if self.given.single else "double", "single"
        right = self.case.truth[1]
        if self._near(typed):
            return "" if self._of_few_digits(typed) else exact
        if rounded_to_single(self.given, right):
            return "single"
        if self.precision.single and self._in_single and self._near(typed, [self._in_single], single=True):
            return "single"  # where 1 − a² is 0 in float32, mistakes come to 0 as well
        if self._near(typed, single=True) and not self._mistakes(typed):
            return rough
        if self._near(replace(typed, cut=True)) and not self._mistakes(typed):
            return "double"
        # So few digits can be rounded, or be the exact numbers of a mistake.
        exactly = self._precision(typed=False)
        few = few_digits(self.given, right) and not Search(self.case, self.given, exactly).explanations(1)
        return "few digits" if few else ""

    def marked(self) -> list[Marked]:
        """The arrays beside the right ones: digits that were cut off make none wrong, unless nothing else is."""
        arrays = self._marked(replace(self.precision, cut=True))
        for finer in (self.precision, replace(self.precision, single=False)):
            arrays = arrays if any(array.wrong.any() for array in arrays) else self._marked(finer)
        if not any(array.wrong.any() for array in arrays):
            arrays = self._marked(self._precision(typed=False))
        return arrays

    def _marked(self, precision: Precision) -> list[Marked]:
        return list(marked(self.given, self.case.truth[1], precision.tolerance))

    def _precision(self, **how: bool) -> Precision:
        """The precision of the numbers, if they are to be seen in another way."""
        return precision_of(self.case, self.given, noise=self.precision.noise, **how)

    def _near(self, precision: Precision, rights: Sequence[Gradients] = (), **how: Any) -> bool:
        """Whether the numbers are as near to the right ones, or to some others, as that."""
        allowed = partial(precision.tolerance, **how)
        every = rights or self._rights
        return any(not any(array.wrong.any() for array in marked(self.given, right, allowed)) for right in every)

    @cached_property
    def _in_single(self) -> Gradients:
        """What the right pass comes to in float32; nothing if that is more than rounding of the largest."""
        found, right = gradients(self.case, self.right.changed({"precision": "single"}, ())), self.case.truth[1]
        most = SINGLE * max(np.abs(numbers).max(initial=0.0) for numbers in right.values())
        near = all((np.abs(found[name] - right[name]) <= most).all() for name in right)
        return found if near and not self.precision.float16 else {}

    @cached_property
    def _rights(self) -> list[Gradients]:
        """The right gradients; those from either side at kinks; and those of logarithms that nobody clipped."""
        layers = [l for l, f in enumerate(self.case.activations, 1) if f not in JACOBIANS]
        passes = [self.right.changed({"slope": f"f1(np.where({AT_KINK}, {side}, z))"}, layers) for side in (1.0, -1.0)]
        if text := LOSSES[self.case.loss].delta.get(self.case.activations[-1]):
            passes.append(self.right.changed({"d": text}, [self.case.depth]))
        return [self.case.truth[1], *(gradients(self.case, lines, self.start.scopes) for lines in passes)]

    def _of_few_digits(self, precision: Precision) -> list[Explanation]:
        """The mistakes that numbers are exactly which a few digits in one array make right."""
        pooled = replace(self._precision(pooled=True), single=precision.single)
        return [] if not self._near(precision) or self._near(pooled) else self._mistakes(pooled)

    def _mistakes(self, precision: Precision) -> list[Explanation]:
        """The single mistakes that explain the numbers to that precision; a rate that is solved for fits many."""
        search = Search(self.case, self.given, precision)
        numbers = [search._given[name] for name in self.given.arrays]
        known = sum(digits_given(made, made, np.maximum(near, 1e-300)) for made, near in numbers)
        if known < self._choices_at_least + BY_CHANCE:
            return []  # so few digits speak for nothing
        found = [e for e in search.explanations(1) if e.codes != ("single-precision",)]
        return [e for e in found if e.rate in (None, self.case.learning_rate)]

    def is_single(self) -> bool:
        """Whether they are what single precision makes of the right ones, even if it ruins them."""
        return self._near(self.precision, single=True, ruined=1.0)

    def explanations(self, most: int = MOST_MISTAKES + 1) -> list[Explanation]:
        """The simplest explanations, all of one cost; none if nothing explains the numbers at that cost."""
        single = [Explanation((Finding(find_mistake("single-precision"), {"precision": "single"}, ()),), 1)]
        if self.precision.single and self.is_single():
            return self._mistakes(replace(self.precision, single=False)) or single
        if most > 1 and (exact := self._of_few_digits(self.precision)):
            return exact
        if not all(np.isfinite(numbers).all() for numbers, _ in self._given.values()):
            return []
        for cost in range(1, most + 1):
            self.too_large = cost > 1 and sum(W.size for W in self.case.weights) > MOST_PAIRED
            if self.too_large:
                break
            enough = cost == 1 or self._speak_for(self._choices_at_least)  # dearer ones are one among so many, or more
            with np.errstate(all="ignore"):
                tried = self._at(cost) if enough else ()
                found = [e for e in tried if self._makes(e) and self._speak_for(self._choices(e))]
            if cost == 1 and not found and self.is_single():
                found = single
            if (cost == MOST_MISTAKES or not enough) and not found and self.precision.typed and not self.precision.cut:
                found = Search(self.case, self.given, replace(self.precision, cut=True)).explanations(cost)
            if found:
                return _distinct(found)
            if not enough:
                break
        if most <= MOST_MISTAKES:
            return []
        return _distinct([e for e in self._factored(2 * len(self.given.arrays), self._right_run) if self._makes(e)])

    def _at(self, cost: int) -> Iterator[Explanation]:
        """Explanations of that cost."""
        yield from self._factored(cost, self._right_run)
        if cost <= MOST_MISTAKES:
            for used in self.explained(self.start, (), cost):
                if any(u.idea.of_gradients for u in used) or not any(is_factor(u.idea.change) for u in used):
                    yield self._explanation(used)
            for start, ideas in self._starts(cost):
                spent = sum(used.cost for used in ideas)
                yield from map(self._explanation, self.explained(start, ideas, cost - spent) if spent <= cost else ())
            yield from self._again(cost)
        if cost > 1:
            yield from self._factored(cost, self._scoped_runs)
            yield from self._factored(cost, self._runs(self._at_other_weights()))

    def _explanation(self, used: Sequence[Used]) -> Explanation:
        findings = []
        for u in used:
            solved = u.idea.mistake.code in ("factor", "l2-factor")
            factor = float(next(iter(u.idea.change.values()))) if solved else None
            layers = tuple(sorted(u.layers))
            rate = u.rate or (self.case.learning_rate if u.idea.stepped or "passes" in u.idea.change else None)
            reading = self.nice.read(factor) if factor is not None else ""
            findings.append(Finding(u.idea.mistake, u.idea.change, layers, (), rate, factor, reading))
        return Explanation(tuple(findings), sum(u.cost for u in used))

    def _factored(self, cost: int, tried: Iterable[Run]) -> Iterator[Explanation]:
        """Passes that fit with factors, at this cost all in all."""
        with np.errstate(all="ignore"):
            for findings, columns in tried:
                for scaling in scalings(columns, self.nice, cost - len(findings)):
                    if scaling.cost and (scaling.cost + len(findings) == cost or cost > MOST_MISTAKES + 1):
                        for factors in read_scaling(self.case, self.given, scaling, self.nice):
                            yield Explanation((*findings, *factors), len(findings) + scaling.cost)

    @cached_property
    def _digits(self) -> float:
        """How many digits the wrong numbers have."""
        return sum(array.digits for array in self._marked(replace(self.precision, cut=True)))

    @property
    def _choices_at_least(self) -> float:
        """How many digits it takes to choose one idea in one layer."""
        return float(np.log10(len(self.ideas) * self.case.depth))

    def _choices(self, explanation: Explanation) -> float:
        """How many digits went into the choice of an explanation: of a learning rate, a line, one pair among all."""
        rate = explanation.rate
        solved: float = figures(rate) if rate and rate != self.case.learning_rate else 0
        ideas = max(10, len(self.ideas) * self.case.depth)
        if find_mistake("another-line") in [f.mistake for f in explanation.findings]:
            solved += float(np.log10(max(1, self.tried)))
        if any("targets" in f.change for f in explanation.findings):
            solved += float(np.log10(len(self.orders)))
        return solved + (2 * float(np.log10(ideas)) - 0.3 if len(explanation.findings) > 1 else 0.0)

    def _speak_for(self, choices: float) -> bool:
        """Whether the wrong numbers have the digits to speak for one of so many choices."""
        enough = not choices or self._digits >= choices + BY_CHANCE
        self.by_chance = self.by_chance or not enough
        return enough

    def _makes(self, explanation: Explanation) -> bool:
        """Whether a pass with these mistakes makes the numbers: what is said has been seen."""
        with np.errstate(all="ignore"):
            return self._misses(explanation.lines(self.case), 0, explanation.case(self.case)) is not None


def _distinct(explanations: list[Explanation]) -> list[Explanation]:
    """Each combination of codes once, in the order of the table, a line without a name last: the likelier first."""
    order = {code: k for k, code in enumerate(CODES)}
    found: dict[tuple[str, ...], Explanation] = {}
    for explanation in sorted(explanations, key=lambda e: (len(e.codes), sorted(order[code] for code in e.codes))):
        found.setdefault(tuple(sorted(explanation.codes)), explanation)
    return list(found.values())
