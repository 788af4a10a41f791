"""Factors that were solved for, read as mistakes of the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from microbp.comparing.answers.answer import Answer
from microbp.diagnosis.explanation import Finding
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.search.changes import SCALED, SOLVED, factor_value
from microbp.diagnosis.search.factors import SameFactor, Scaling
from microbp.diagnosis.search.likely_factors import LikelyFactors
from microbp.problems.exercise import Exercise

_NEAR = 1e-6


def read_scaling(case: Exercise, given: Answer, scaling: Scaling, nice: LikelyFactors) -> Iterator[tuple[Finding, ...]]:
    """Every way to read factors as mistakes of the table."""
    everything = frozenset(given.arrays)
    choices = [_groups(case, group, everything, nice) for group in scaling.groups]
    for kind, l2 in (("W", scaling.l2_weights), ("b", scaling.l2_biases)):
        names = tuple(name for name in scaling.penalised if name[1] == kind)
        if names:
            factor = next((g.value for g in scaling.groups if g.value and {*names} & {*g.names}), 1.0)
            penalties = [_penalty(case, c, names, nice) for c in dict.fromkeys((l2, l2 / factor))]
            choices.insert(0, penalties)  # these may put a line in the place of one, which a factor then multiplies
    for chosen in product(*choices):
        yield tuple(finding for findings in chosen for finding in findings)


def _groups(
    case: Exercise, group: SameFactor, everything: frozenset[str], nice: LikelyFactors
) -> list[tuple[Finding, ...]]:
    """A common factor as each row of the table that it fits; a negative one may be a sign and a factor."""
    found: list[tuple[Finding, ...]] = [(finding,) for finding in _rows(case, group, everything, nice, group.value)]
    if group.value < 0 and group.value != -1:
        sign = next(_rows(case, group, everything, nice, -1.0))
        found = [(sign, rest) for rest in _rows(case, group, everything, nice, -group.value)]
    return found


def _rows(
    case: Exercise, group: SameFactor, everything: frozenset[str], nice: LikelyFactors, value: float
) -> Iterator[Finding]:
    """The rows of the table that this factor fits, of those arrays."""
    biases = frozenset(name for name in everything if name[1] == "b")
    layers = tuple(sorted({int(name[2:]) for name in group.names}))
    known = False
    for mistake in MISTAKES:
        for way in mistake.ways:
            ((rule, text), *more) = way.change.items()
            if more or rule not in SCALED or not rule.startswith("scale"):
                continue
            wanted = factor_value(text, case)
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


def _rule(group: SameFactor) -> str:
    """The rule that has such a factor: of all, of weights, of biases, or of what the loss gives."""
    kinds = {name[1] for name in group.names}
    if not group.penalty and "W" in kinds:
        return "scale_loss"
    return {"W": "scale_weights", "b": "scale_biases"}[kinds.pop()] if len(kinds) == 1 else "scale"


def _penalty(case: Exercise, value: float, names: tuple[str, ...], nice: LikelyFactors) -> tuple[Finding, ...]:
    """A factor of the penalty in those arrays as the row of the table that it fits best."""
    layers = tuple(sorted({int(name[2:]) for name in names}))
    rule = "l2_weights" if case.l2 else "l2"
    rule = "l2_biases" if names[0][1] == "b" else rule
    ways = [(mistake, way.change[rule]) for mistake in MISTAKES for way in mistake.ways if rule in way.change]
    known = [mistake for mistake, text in ways if text != SOLVED and abs(float(text) - value) <= _NEAR]
    if known:
        return (Finding(known[0], {rule: value}, layers, names),)
    (mistake,) = [mistake for mistake, text in ways if text == SOLVED]
    reading = "λ" if rule == "l2" else nice.read(value)
    return (Finding(mistake, {rule: value}, layers, names, None, value, reading),)
