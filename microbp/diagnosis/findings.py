"""What a search finds: mistakes with the layers they are in, and factors read as mistakes.

>>> from microbp.diagnosis.mistakes import find
>>> Explanation((Finding(find("sign"), {"scale": -1.0}, (1, 2), ("dW1", "dW2")),), 1).codes
('sign',)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from microbp.diagnosis.mistake import CHOICES, SOLVED, Change, Mistake
from microbp.diagnosis.mistakes import MISTAKES, find
from microbp.diagnosis.niceness import Niceness
from microbp.diagnosis.rules import Plan, changed, plan
from microbp.diagnosis.scaling import Group, Scaling
from microbp.learner.cases import Case
from microbp.learner.given import Given

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

    def rules(self, case: Case) -> Plan:
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

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return self.explanation


def read_scaling(case: Case, given: Given, scaling: Scaling, nice: Niceness) -> Iterator[tuple[Finding, ...]]:
    """Every way to read factors as mistakes of the table."""
    everything = frozenset(given.arrays)
    choices = [_groups(case, group, everything, nice) for group in scaling.groups]
    if scaling.l2_weights != 1:
        factor = next((g.value for g in scaling.groups if g.value), 1.0)
        choices.append([_penalty(c, nice) for c in dict.fromkeys((scaling.l2_weights, scaling.l2_weights / factor))])
    if scaling.l2_biases:
        factors = (Finding(find("l2-factor"), {"l2_biases": scaling.l2_biases}, (), (), None, scaling.l2_biases),)
        regularized = Finding(find("bias-regularized"), {"l2_biases": scaling.l2_biases}, (), ())
        choices.append([(regularized, *(factors if scaling.l2_biases != 1 else ()))])
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


def _penalty(value: float, nice: Niceness) -> tuple[Finding, ...]:
    for mistake in MISTAKES:
        for change in mistake.changes:
            number: Any = change.get("l2_weights", 1.0)
            if number == SOLVED or (number != 1.0 and abs(number - value) <= _NEAR):
                solved = number == SOLVED
                return (
                    Finding(
                        mistake,
                        {"l2_weights": value},
                        (),
                        (),
                        None,
                        value if solved else None,
                        nice.read(value) if solved else "",
                    ),
                )
    raise AssertionError("the table has a row for every factor of the penalty")
