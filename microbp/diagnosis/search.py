"""The search for the mistakes behind a learner's numbers: the network is replayed under each, then under each two.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.comparing.answers.read import read
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read(case, {"dW2": -case.truth[1]["dW2"]})
>>> [explanation.codes for explanation in Search(case, given).explanations()]
[('sign',)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.precision import (
    BY_CHANCE,
    Marked,
    Precision,
    few_digits,
    figures,
    marked,
    precision_of,
    rounded_to_single,
)
from microbp.derivation.backprop import backward, gradients
from microbp.derivation.rules import changed, plan
from microbp.diagnosis.explanation import Explanation, Finding, read_scaling
from microbp.diagnosis.factors import scalings
from microbp.diagnosis.fitting import Column, spans
from microbp.diagnosis.likely_factors import LikelyFactors
from microbp.diagnosis.mistake import Mistake
from microbp.diagnosis.mistakes import MISTAKES, find
from microbp.diagnosis.pairs import pairs
from microbp.diagnosis.replay import Candidate, Made, Replayer, below
from microbp.diagnosis.ways import Change
from microbp.problems.exercise import Exercise, Gradients
from microbp.vectorized import LOSSES_OF_NET

MOST_MISTAKES = 2


class Search(Replayer):
    """A learner's numbers, and everything that explains them."""

    def __init__(self, case: Exercise, given: Answer, precision: Precision | None = None) -> None:
        super().__init__(case, given, precision)
        self.nice = LikelyFactors(len(case.Y), case.sizes[-1])
        self.base = Candidate((), self.right, self.case)
        self.replayed: list[Candidate] = []
        self.by_chance = False
        """Whether what would give the numbers was left out: so few digits fit many things."""

    def is_right(self) -> bool:
        """Whether the numbers are right to their precision; at the kink of a ReLU either side will do."""
        return bool(self.right_in())

    def right_in(self) -> str:
        """The precision in which the numbers are right, "double", "single", "few digits"; nothing if they are wrong.

        What is right only with few digits, or as float32, must not be a mistake exactly.
        """
        typed = replace(self.precision, single=self.given.single)
        right = self.case.truth[1]
        if self._near(typed):
            return "" if self._of_few_digits(typed) else "single" if self.given.single else "double"
        if rounded_to_single(self.given, right):
            return "single"
        if self._near(typed, single=True) and not self._mistakes(typed):
            return "single"
        if self._near(replace(typed, cut=True)) and not self._mistakes(typed):
            return "double"
        # So few digits can be rounded, or be the exact numbers of a mistake.
        exactly = precision_of(self.case, self.given, typed=False)
        few = few_digits(self.given, right) and not Search(self.case, self.given, exactly).explanations()
        return "few digits" if few else ""

    def marked(self) -> list[Marked]:
        """The arrays beside the right ones: digits that were cut off make none wrong."""
        return list(marked(self.given, self.case.truth[1], replace(self.precision, cut=True).tolerance))

    def _near(self, precision: Precision, **how: Any) -> bool:
        """Whether the numbers are as near to the right ones as that."""
        allowed = partial(precision.tolerance, **how)
        return any(not any(array.wrong.any() for array in marked(self.given, right, allowed)) for right in self._rights)

    @cached_property
    def _rights(self) -> list[Gradients]:
        """The right gradients; those from the other side at kinks; and those of logarithms that nobody clipped."""
        plans = [plan(self.case, {"slope": "kink"})]
        if (self.case.loss, self.case.activations[-1]) in LOSSES_OF_NET:
            plans.append(plan(self.case, {"error": "unclipped"}))
        return [self.case.truth[1], *(gradients(self.case, rules, self.values) for rules in plans)]

    def _of_few_digits(self, precision: Precision) -> list[Explanation]:
        """The mistakes that numbers are exactly which a few digits in one array make right."""
        pooled = replace(precision_of(self.case, self.given, pooled=True), single=precision.single)
        return [] if not self._near(precision) or self._near(pooled) else self._mistakes(pooled)

    def _mistakes(self, precision: Precision) -> list[Explanation]:
        """The single mistakes that explain the numbers to that precision; a rate that is solved for fits many."""
        search = Search(self.case, self.given, precision)
        found = [e for e in search.explanations(1) if e.codes != ("single-precision",)]
        return [e for e in found if e.rate in (None, self.case.learning_rate)]

    def is_single(self) -> bool:
        """Whether they are what single precision makes of the right ones, even if it ruins them."""
        return self._near(self.precision, single=True, ruined=1.0)

    def explanations(self, most: int = MOST_MISTAKES + 1) -> list[Explanation]:
        """The simplest explanations, all of one cost; none if nothing explains the numbers at that cost."""
        single = [Explanation((Finding(find("single-precision"), {"precision": "single"}, (), ()),), 1)]
        if self.precision.single and self.is_single():
            return self._mistakes(replace(self.precision, single=False)) or single
        if most > 1 and (exact := self._of_few_digits(self.precision)):
            return exact
        base = self.base
        self.replay(base)
        self.replayed = list(self._replayed())
        for cost in range(1, most + 1):
            found = list(self._factored([base, *self.replayed], cost))
            if cost == 1 and not found and self.is_single():
                found = single
            if cost == MOST_MISTAKES and self._speak_for(self._pairs()):
                found += pairs(self, self.replayed, cost)
            found = [e for e in found if self._makes(e) and self._speak_for(self._choices(e))]
            if cost == MOST_MISTAKES and not found and self.precision.typed and not self.precision.cut:
                found = Search(self.case, self.given, replace(self.precision, cut=True)).explanations(cost)
            if found:
                return _distinct(found)
        return _distinct(list(self._factored([base], 2 * len(self.given.arrays)))) if most > MOST_MISTAKES else []

    @cached_property
    def _digits(self) -> float:
        """How many digits the wrong numbers have."""
        return sum(array.digits for array in self.marked())

    def _choices(self, explanation: Explanation) -> float:
        """How many digits went into the choice of an explanation: of its learning rate, and of one pair among all."""
        rate = explanation.rate
        solved = figures(rate) if rate and rate != self.case.learning_rate else 0
        return solved + (self._pairs() if len(explanation.findings) > 1 else 0.0)

    def _pairs(self) -> float:
        """How many digits the number of pairs has."""
        return float(np.log10(max(1, len(self.replayed) * (len(self.replayed) - 1) // 2)))

    def _speak_for(self, choices: float) -> bool:
        """Whether the wrong numbers have the digits to speak for one of so many choices."""
        enough = not choices or self._digits >= choices + BY_CHANCE
        self.by_chance = self.by_chance or not enough
        return enough

    def _makes(self, explanation: Explanation) -> bool:
        """Whether a pass with these mistakes makes the numbers: what is said has been seen."""
        if explanation.codes == ("single-precision",):
            return True
        case = replace(self.case, learning_rate=explanation.rate or self.case.learning_rate)
        return self.all_exact(Candidate(explanation.findings, explanation.rules(self.case), case))

    def _factored(self, candidates: Sequence[Candidate], cost: int) -> Iterator[Explanation]:
        """Those that fit with factors, at this cost all in all."""
        for candidate in candidates:
            spent = sum(finding.cost for finding in candidate.findings)
            if candidate.columns is None or spent > cost:
                continue
            for scaling in scalings(candidate.columns, self.nice, cost - spent):
                if scaling.cost + spent == cost or cost > MOST_MISTAKES + 1:
                    for findings in read_scaling(self.case, self.given, scaling, self.nice):
                        yield Explanation((*candidate.findings, *findings), spent + scaling.cost)

    def _replayed(self) -> Iterator[Candidate]:
        """Every mistake that is not a matter of factors, in every variety and scope that changes these numbers."""
        for mistake in MISTAKES:
            if mistake.scales or mistake.code == "single-precision":
                continue
            seen = [self.truth]
            for change in self._varieties(mistake):
                if "scale" in change:
                    continue
                for candidate, made in self._scoped(mistake, change):
                    if made not in seen:
                        seen.append(made)
                        yield candidate

    def _scoped(self, mistake: Mistake, change: Change) -> Iterator[tuple[Candidate, Made]]:
        """A change in every scope, of the layers in which it alone does something; and in all."""
        scopes = mistake.scopes(self.case.depth)
        made: dict[tuple[int, ...], list[tuple[Candidate, Made]]] = {}
        if len(scopes) > 1:
            for layer in scopes[0]:
                made[layer,] = list(self._tried(mistake, change, (layer,)))
            alone = [l for (l,), tries in made.items() if any(g != self.truth for _, g in tries)]
            scopes = list(dict.fromkeys([*(tuple(l for l in scope if l in alone) for scope in scopes), scopes[0]]))
        for layers in scopes:
            if layers:
                yield from made[layers] if layers in made else self._tried(mistake, change, layers)

    def _tried(self, mistake: Mistake, change: Change, layers: tuple[int, ...]) -> Iterator[tuple[Candidate, Made]]:
        for case, rate in self._rates(change, layers):
            finding = Finding(mistake, change, layers, (), rate)
            candidate = Candidate((finding,), changed(self.right, change, layers), case)
            yield candidate, self.replay(candidate)

    def _rates(self, change: Any, layers: Sequence[int]) -> Iterator[tuple[Exercise, float | None]]:
        """The case with the learning rate, or with one that is solved for, where a change needs one."""
        early, stepped = change.get("back") == "updated", "returned" in change
        if not (early or stepped or "passes" in change):
            yield self.case, None
            return
        if self.case.learning_rate:
            yield self.case, self.case.learning_rate
        linear = below(max(layers)) if early else self.case.names if stepped else ()
        if linear and (rate := self.solve_rate(changed(self.right, change, layers), linear)):
            yield replace(self.case, learning_rate=rate), rate

    def _varieties(self, mistake: Mistake) -> list[Change]:
        """A mistake's changes; which of many samples is missing is solved for."""
        varieties = mistake.varieties(self.case)
        if mistake.code == "missing-sample" and not varieties:
            return [{"samples": f"without {i}"} for i in (self._missing() if len(self.case.Y) > 1 else ())]
        return varieties

    def _missing(self) -> list[int]:
        """The samples without which an array of the last layer is the learner's, but for a factor."""
        part = next(backward(self.case, self.right, self.values))
        for name, inputs in ((f"dW{part.l}", part.inputs), (f"db{part.l}", np.ones((len(part.delta), 1)))):
            right = self.case.truth[1][name]
            if name not in self.given.arrays or self.given.select(name, right) is None or right.size < 2:
                continue
            numbers = self.given.numbers(name)
            found = []
            for i, (delta, a) in enumerate(zip(part.delta, inputs, strict=True)):
                rest = self.given.select(name, right - np.outer(delta, a).reshape(right.shape))
                if rest is not None and spans(
                    Column(name, numbers, rest, 0.0 * rest, self.precision.tolerance(name, rest))
                ):
                    found.append(i)
            return found
        return []


def _distinct(explanations: list[Explanation]) -> list[Explanation]:
    """Each combination of codes once, in the order of the table: the likelier first."""
    order = {mistake.code: k for k, mistake in enumerate(MISTAKES)}
    found: dict[tuple[str, ...], Explanation] = {}
    for explanation in sorted(explanations, key=lambda e: sorted(order[code] for code in e.codes)):
        found.setdefault(tuple(sorted(explanation.codes)), explanation)
    return list(found.values())
