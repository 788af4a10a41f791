"""What a search finds: mistakes with the layers they are in, and factors read as mistakes.

>>> from microbp.diagnosis.mistakes import find
>>> Explanation((Finding(find("sign"), {"scale": -1.0}, (1, 2), ("dW1", "dW2")),), 1).codes
('sign',)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

from microbp.comparing.answers.answer import Answer
from microbp.comparing.assumptions import in_words
from microbp.derivation.rules import Plan, changed, plan
from microbp.diagnosis.factors import Group, Scaling
from microbp.diagnosis.likely_factors import LikelyFactors
from microbp.diagnosis.mistake import CHOICES, Mistake
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.ways import SOLVED, Change
from microbp.problems.exercise import Exercise

_NEAR = 1e-6


@dataclass(frozen=True)
class Finding:
    """One mistake, in one variety, in these layers, with the arrays or the numbers that belong to it."""

    mistake: Mistake
    change: Change
    layers: tuple[int, ...]
    arrays: tuple[str, ...]
    """For a factor the arrays that have it."""
    rate: float | None = None
    """The learning rate that it takes."""
    value: float | None = None
    """The factor."""
    reading: str = ""
    """What the factor may mean."""

    @property
    def cost(self) -> int:
        """1; a learning rate that is no round number is one more."""
        return 1 if self.rate is None or self.rate == float(f"{self.rate:.3g}") else 2

    def layer(self, case: Exercise) -> int:
        """The layer that its lines are written for: the last of those that have the mistake."""
        return max(self.layers or [int(name[2:]) for name in self.arrays] or [case.depth])

    def lines(self, case: Exercise) -> dict[str, str]:
        """The wrong line and the right one, with matrices and by index; of biases, if they alone have the mistake."""
        of = "db" if self.arrays and all(name[1] == "b" for name in self.arrays) else "dW"
        return self.mistake.lines(self.layer(case), self.change, case, of)


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

    def rules(self, case: Exercise) -> Plan:
        """The rules of a pass with these mistakes."""
        rules = plan(case)
        for finding in self.findings:
            layers = finding.layers or range(1, case.depth + 1)
            for rule, value in finding.change.items():
                # Two factors of the same arrays multiply.
                for l in layers:
                    number = next(iter(CHOICES[value](case))) if value in CHOICES else value
                    was = getattr(rules[l - 1], rule)
                    rules = changed(rules, {rule: was * number if rule.startswith("scale") else number}, [l])
        return rules


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
    notes: tuple[str, ...] = ()
    """Sentences on what was taken that was not said: how the gradients were read."""
    assumed: dict[str, Any] = field(default_factory=dict)
    """What they were judged by: the loss, the activations, m, λ, the layout, and which of it was said."""
    right_for: str | None = None
    """The other convention that they are exactly right for, if there is one, and what was said instead."""

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        first = [in_words(self.assumed)] if self.assumed else []
        return "\n".join([*first, self.explanation, *(f"Note: {note}" for note in self.notes)])


def read_scaling(case: Exercise, given: Answer, scaling: Scaling, nice: LikelyFactors) -> Iterator[tuple[Finding, ...]]:
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


def _groups(case: Exercise, group: Group, everything: frozenset[str], nice: LikelyFactors) -> list[tuple[Finding, ...]]:
    """A common factor as each row of the table that it fits; a negative one may be a sign and a factor."""
    found: list[tuple[Finding, ...]] = [(finding,) for finding in _rows(case, group, everything, nice, group.value)]
    if group.value < 0 and group.value != -1:
        sign = next(_rows(case, group, everything, nice, -1.0))
        found = [(sign, rest) for rest in _rows(case, group, everything, nice, -group.value)]
    return found


def _rows(
    case: Exercise, group: Group, everything: frozenset[str], nice: LikelyFactors, value: float
) -> Iterator[Finding]:
    """The rows of the table that this factor fits, of those arrays."""
    biases = frozenset(name for name in everything if name[1] == "b")
    layers = tuple(sorted({int(name[2:]) for name in group.names}))
    known = False
    for mistake in MISTAKES:
        for change in mistake.changes:
            ((rule, number), *more) = change.items()
            numbers = list(CHOICES[number](case)) if number in CHOICES else [number]
            if more or not rule.startswith("scale"):
                continue
            if mistake.where == "all":  # all arrays, or all biases
                fits = group.compatible >= (biases if rule == "scale_biases" else everything)
                fits = fits and (rule != "scale_biases" or set(group.names) <= biases)
            else:
                fits = rule == _rule(group)
            if number == SOLVED:
                if fits and not (known and value in (-1.0, 0.0)):
                    reading = nice.read(value) if value else "left at 0"
                    yield Finding(mistake, {rule: value}, layers, group.names, None, value, reading)
            elif fits and abs(numbers[0] - value) <= _NEAR * abs(numbers[0]):
                known = True
                yield Finding(mistake, change, layers, group.names)


def _rule(group: Group) -> str:
    """The rule that has such a factor: of all, of weights, of biases, or of what the loss gives."""
    kinds = {name[1] for name in group.names}
    if not group.penalty and "W" in kinds:
        return "scale_loss"
    return {"W": "scale_weights", "b": "scale_biases"}[kinds.pop()] if len(kinds) == 1 else "scale"


def _penalty(case: Exercise, value: float, names: tuple[str, ...], nice: LikelyFactors) -> tuple[Finding, ...]:
    """A factor of the penalty in those arrays as the row of the table that it fits best."""
    layers = tuple(sorted({int(name[2:]) for name in names}))
    rule = "l2_biases" if names[0][1] == "b" else "l2_weights" if case.l2 else "l2"
    ways = [(mistake, change[rule]) for mistake in MISTAKES for change in mistake.changes if rule in change]
    known = [mistake for mistake, number in ways if number != SOLVED and abs(number - value) <= _NEAR]
    if known:
        return (Finding(known[0], {rule: value}, layers, names),)
    (mistake,) = [mistake for mistake, number in ways if number == SOLVED]
    reading = "λ" if rule == "l2" else nice.read(value)
    return (Finding(mistake, {rule: value}, layers, names, None, value, reading),)
