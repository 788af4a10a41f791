"""What a search finds: mistakes with the layers they are in, and factors read as mistakes.

>>> from microbp.diagnosis.table import find
>>> Explanation((Finding(find("sign"), {"scale": -1.0}, (1, 2), ("dW1", "dW2")),), 1).codes
('sign',)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from microbp.comparing.answers.answer import Given
from microbp.derivation.lines import Change, Pass, after_step, pass_of
from microbp.diagnosis.changes import SCALED, SOLVED, changed, number
from microbp.diagnosis.factors import Group, Scaling
from microbp.diagnosis.likely_factors import Niceness
from microbp.diagnosis.table import MISTAKES, Mistake
from microbp.problems.case import Case

_NEAR = 1e-6


@dataclass(frozen=True)
class Finding:
    """One mistake, in one variety, in these layers, with the arrays or the numbers that belong to it."""

    mistake: Mistake
    change: Change
    layers: tuple[int, ...]
    arrays: tuple[str, ...] = ()
    """For a factor the arrays that have it."""
    rate: float | None = None
    """The learning rate that it takes."""
    value: float | None = None
    """The factor."""
    reading: str = ""
    """What the factor may mean."""

    def layer(self, case: Case) -> int:
        """The layer that its lines are written for: the last of those that have the mistake."""
        return max(self.layers or [int(name[2:]) for name in self.arrays] or [case.depth])


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together reproduce a learner's numbers."""

    findings: tuple[Finding, ...]
    cost: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the mistakes."""
        return tuple(finding.mistake.code for finding in self.findings)

    @property
    def rate(self) -> float | None:
        """The learning rate that it takes, if any."""
        return next((finding.rate for finding in self.findings if finding.rate), None)

    def lines(self, case: Case) -> Pass:
        """The lines of a pass with these mistakes."""
        made = pass_of(case)
        for finding in self.findings:
            made = changed(case, made, finding.change, finding.layers, finding.arrays)
        return made

    def case(self, case: Case) -> Case:
        """The network on which that pass runs: with the learning rate, and the weights, that the mistakes take."""
        case = replace(case, learning_rate=self.rate or case.learning_rate)
        for finding in self.findings:
            if "start" in finding.change:
                case = at_other_weights(case, finding.change)
        return case


@dataclass(frozen=True)
class Diagnosis:
    """Whether gradients are right, and if not, which mistakes make them. Prints as its explanation."""

    ok: bool
    mistakes: tuple[str, ...]
    """The codes of the simplest explanation; none if the gradients are right, or if nothing explains them."""
    alternatives: tuple[tuple[str, ...], ...]
    """The codes of other explanations that are as simple and give the same numbers on these data."""
    details: dict[str, Any]
    """Factors, layers, formulas, the learning rate, data that separate the alternatives; what is known otherwise."""
    explanation: str

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return self.explanation


def at_other_weights(case: Case, change: Change) -> Case:
    """The network after a step, or with two of its weights exchanged: ((layer, row, column), (layer, row, column))."""
    if "exchanged" not in change:
        return after_step(case, pass_of(case))
    weights = [W.copy() for W in case.weights]
    (l, *one), (k, *two) = change["exchanged"]
    a, b = case.weights[l - 1][tuple(one)], case.weights[k - 1][tuple(two)]
    weights[l - 1][tuple(one)], weights[k - 1][tuple(two)] = b, a
    return replace(case, weights=tuple(weights))


def read_scaling(case: Case, given: Given, scaling: Scaling, nice: Niceness) -> Iterator[tuple[Finding, ...]]:
    """Every way to read factors as mistakes of the table."""
    everything = frozenset(given.arrays)
    choices = [_groups(case, group, everything, nice) for group in scaling.groups]
    for kind, l2 in (("W", scaling.l2_weights), ("b", scaling.l2_biases)):
        names = tuple(name for name in scaling.penalised if name[1] == kind)
        if names:
            factor = next((g.value for g in scaling.groups if g.value), 1.0) if kind == "W" else 1.0
            choices.append([_penalty(case, c, names, nice) for c in dict.fromkeys((l2, l2 / factor))])
    for chosen in product(*choices):
        yield tuple(finding for findings in chosen for finding in findings)


def _groups(case: Case, group: Group, everything: frozenset[str], nice: Niceness) -> list[tuple[Finding, ...]]:
    """A common factor as each row of the table that it fits; a negative one may be a sign and a factor."""
    found: list[tuple[Finding, ...]] = [(finding,) for finding in _rows(case, group, everything, nice, group.value)]
    if group.value < 0 and group.value != -1:
        sign = next(_rows(case, group, everything, nice, -1.0))
        found = [(sign, rest) for rest in _rows(case, group, everything, nice, -group.value)]
    return found


def _rows(case: Case, group: Group, everything: frozenset[str], nice: Niceness, value: float) -> Iterator[Finding]:
    """The rows of the table that this factor fits, of those arrays."""
    biases = frozenset(name for name in everything if name[1] == "b")
    layers = tuple(sorted({int(name[2:]) for name in group.names}))
    known = False
    for mistake in MISTAKES:
        for way in mistake.ways:
            ((rule, text), *more) = way.change.items()
            if more or rule not in SCALED or not rule.startswith("scale"):
                continue
            wanted = number(text, case)
            if mistake.where == "all":  # all arrays, or all biases
                fits = group.compatible >= (biases if rule == "scale_biases" else everything)
                fits = fits and (rule != "scale_biases" or set(group.names) <= biases)
            else:
                fits = rule == _rule(group)
            if text == SOLVED:
                if fits and not (known and value in (-1.0, 0.0)):
                    reading = nice.read(value) if value else "left at 0"
                    yield Finding(mistake, {rule: value}, layers, group.names, None, value, reading)
            elif fits and wanted is not None and abs(wanted - value) <= _NEAR * abs(wanted):
                known = True
                yield Finding(mistake, {rule: text}, layers, group.names)


def _rule(group: Group) -> str:
    """The rule that has such a factor: of all, of weights, of biases, or of what the loss gives."""
    kinds = {name[1] for name in group.names}
    if not group.penalty and "W" in kinds:
        return "scale_loss"
    return {"W": "scale_weights", "b": "scale_biases"}[kinds.pop()] if len(kinds) == 1 else "scale"


def _penalty(case: Case, value: float, names: tuple[str, ...], nice: Niceness) -> tuple[Finding, ...]:
    """A factor of the penalty in those arrays as the row of the table that it fits best."""
    layers = tuple(sorted({int(name[2:]) for name in names}))
    rule = "l2_biases" if names[0][1] == "b" else "l2_weights" if case.l2 else "l2"
    ways = [(mistake, way.change[rule]) for mistake in MISTAKES for way in mistake.ways if rule in way.change]
    known = [mistake for mistake, text in ways if text != SOLVED and abs(float(text) - value) <= _NEAR]
    if known:
        return (Finding(known[0], {rule: value}, layers, names),)
    (mistake,) = [mistake for mistake, text in ways if text == SOLVED]
    reading = "λ" if rule == "l2" else nice.read(value)
    return (Finding(mistake, {rule: value}, layers, names, None, value, reading),)
