"""Which rule a derivation by hand got wrong: a graph's backward pass is replayed with every slip in it.

>>> from microbp import load
>>> problem = load("(w*x + b - y)**2", {"w": 2.0, "x": 3.0, "b": 0.5, "y": 1.0})
>>> diagnosis = diagnose_graph(problem.root(), {"w": 16.5, "b": 5.5})
>>> diagnosis.mistakes, diagnosis.alternatives
(('power-exponent',), (('factor',),))
>>> diagnosis.details["factor"], diagnosis.details["reading"]
(0.5, 'a ½ too many')
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, compress, islice
from typing import Any, NamedTuple

import numpy as np

from microbp.comparing.answers.labelled import labelled
from microbp.comparing.difference import ROUNDING
from microbp.comparing.precision import BY_CHANCE, FEW_DIGITS, digits_given
from microbp.derivation.notation import short_number
from microbp.diagnosis.by_hand.following import follow_leaf
from microbp.diagnosis.by_hand.replay import GraphReplay
from microbp.diagnosis.by_hand.slips import EARLY, FACTOR, SIGN, Place, Slip, slipped
from microbp.diagnosis.by_hand.text import FoundSlip, finding, leaf_text, told, written
from microbp.diagnosis.explanation import Diagnosis
from microbp.diagnosis.search.factors import scalings
from microbp.diagnosis.search.fitting import Column
from microbp.diagnosis.search.likely_factors import LikelyFactors
from microbp.diagnosis.text import in_a_row
from microbp.engine import Constant, Value
from microbp.printing import columns, printable, say, word

MOST_WORK = 30_000_000
"""Contributions replayed at most: in a large graph slips are tried alone, not in pairs, and in a huge one not all."""
MOST_ALTERNATIVES = 5
"""As many are told; all are named in the details."""


class _Try(NamedTuple):
    """Slips that are made together."""

    causes: tuple[FoundSlip, ...]
    changed: dict[int, float]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(cause.slip.code for cause in self.causes)


def diagnose_graph(root: Value, gradients: Any) -> Diagnosis:
    """Names the slip behind gradients of a graph that were computed by hand, a dict by label of the leaf.

    Leaves that are not given are not judged. Raises `UnknownNameError` for a label that no leaf has, `GraphError` for
    one that two have, `ProblemError` for what is no number.

    >>> x = Value(3.0, label="x")
    >>> y = x.sin() + x.exp()
    >>> diagnose_graph(y, {"x": x.exp().data}).mistakes
    ('fan-out-overwritten',)
    """
    leaves = [v.label for v in root.graph() if v.op is None and not isinstance(v, Constant) and v.label]
    given = labelled(gradients, leaves)
    judge = GraphReplay(root, given)
    few = judge.wrong and judge.few and not any(map(_likely, _search(GraphReplay(root, given, typed=False))[0]))
    if few or not judge.wrong:
        names = ", ".join(judge.labels)
        said = [say("The gradients are right: {names}, to the precision in which they were given.", names=names)]
        said += [word(FEW_DIGITS)] if few else []
        details = {"leaves": judge.labels, "precision": "few digits" if few else "double"}
        return Diagnosis(True, (), (), details, printable(in_a_row(said)))
    if not np.isfinite(judge.right).all():
        return _told(judge, [], say("The right gradients are not finite here: choose other numbers for the leaves."))
    if not np.isfinite(judge.given).all():
        return _told(judge, [], say("inf and nan are never right: look for an overflow or a division by 0."))
    return _told(judge, *_search(judge))


def _search(judge: GraphReplay) -> tuple[list[_Try], str]:
    """What gives the learner's numbers; what to say if nothing does."""
    most = MOST_WORK // max(1, len(judge.steps))
    tries = [_Try((cause,), cause.changed) for cause in islice(_causes(judge), most + 1)]
    if len(tries) > most:
        return [], say("The graph is too large to try every slip: take a part of it.")
    made = judge.replay([one.changed for one in tries])
    with np.errstate(invalid="ignore"):
        moved = np.any(np.abs(made - judge.right) > ROUNDING * np.abs(judge.right), axis=1)
    singles = [*compress(tries, moved)]
    found = [*compress(tries, np.all(judge.near(made), axis=1) & moved)]
    early = [grads for grads in judge.early() if not np.allclose(grads, judge.right, rtol=ROUNDING, atol=0)]
    found += [_Try((FoundSlip(EARLY),), {}) for grads in early if judge.near(grads).all()][:1]
    factors = [_Try(causes, {}) for causes in _factors(judge)]
    found += filter(_likely, factors)
    if found:
        return found, ""
    count = len(singles) * (len(singles) - 1) // 2
    if count > most:
        return factors, say("No known slip gives these numbers; the graph is too large to try two at once.")
    wrong = ~judge.near(judge.right) & np.isfinite(judge.given)
    known = digits_given(judge.given[wrong], judge.right[wrong], judge.tolerance(judge.right)[wrong])
    if known < math.log10(max(1, count)) + BY_CHANCE:
        return factors, say(
            "No known slip gives these numbers; two at once would fit by chance: give more numbers, or more digits."
        )
    pairs = [
        _Try(one.causes + two.causes, one.changed | two.changed)
        for one, two in combinations(singles, 2)
        if not one.changed.keys() & two.changed.keys()
    ]
    fitting = np.all(judge.near(judge.replay([pair.changed for pair in pairs])), axis=1)
    return [*compress(pairs, fitting), *factors], say("No known slip, nor any two of them, gives these numbers.")


def _likely(one: _Try) -> bool:
    """Whether it is a slip, or a factor that somebody may have meant."""
    last = one.causes[-1]
    return last.slip is not FACTOR or bool(last.reading)


def _causes(judge: GraphReplay) -> Iterator[FoundSlip]:
    """Each slip at each value; and at all values that can have it, for someone who has the rule wrong."""
    groups: dict[tuple[Slip, str], list[Place]] = {}
    tried = set()
    for place in slipped(judge.steps, set(judge.values.values())):
        key = place.slip.code, place.node, frozenset(place.changed.items())
        if key not in tried:  # two sentences may come to the same
            tried.add(key)
            yield FoundSlip(place.slip, (place,))
        if place.kind:
            groups.setdefault((place.slip, place.kind), []).append(place)
        if place.slip.partials and not place.inner:
            groups.setdefault((place.slip, ""), []).append(place)
    several = {tuple(map(id, places)): places for places in groups.values() if len(places) > 1}
    yield from (FoundSlip(places[0].slip, tuple(places)) for places in several.values())


def _factors(judge: GraphReplay) -> Iterator[tuple[FoundSlip, ...]]:
    """A factor that all have in common, likely or with several numbers to speak for it; a sign is one of its own."""
    zeros = np.zeros_like(judge.right)
    column = Column("dW1", judge.given, judge.right, zeros, judge.tolerance(judge.given))
    for scaling in scalings([column], LikelyFactors(1, 1), 2):
        for group in scaling.groups:
            sign = (FoundSlip(SIGN),) if group.value < 0 else ()
            yield (*sign, *(() if group.value == -1 else (FoundSlip(FACTOR, (), abs(group.value)),)))


def _told(judge: GraphReplay, found: list[_Try], otherwise: str) -> Diagnosis:
    same: dict[tuple[str, ...], list[_Try]] = {}
    for one in found:
        same.setdefault(one.codes, []).append(one)
    explained = [[finding(judge, cause) for cause in tries[0].causes] for tries in same.values()]
    followed = follow_leaf(judge, judge.wrong[0], found[0].causes if found else ())
    first, *others = same or [()]
    blocks = [
        [line for one in findings for line in ("", *told(one, _elsewhere(judge, tries)))][1:]
        for findings, tries in zip(explained, same.values(), strict=True)
    ]
    text = [
        say("The gradients are wrong: {codes}.", codes=say(" and ").join(first))
        if first
        else in_a_row([say("The gradients are wrong."), otherwise])
    ]
    text += _in_words(judge, blocks, [*leaf_text(followed)])
    details = _details(judge, explained, others) | {"followed": followed}
    return Diagnosis(False, tuple(first), tuple(others), details, "\n".join(map(printable, text)))


def _details(
    judge: GraphReplay, explained: Sequence[Sequence[Mapping[str, Any]]], others: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """What was found, for JSON: the findings of each explanation, the first being the one that is told."""
    main, *more = explained or [[]]
    factors = [one for findings in explained for one in findings if one["factor"] is not None]
    wrong = judge.wrong
    return {
        "yours_and_right": {label: (yours, right) for label, yours, right in judge.numbers},
        **{"first_wrong": wrong[0], "wrong": wrong, "right": [label for label in judge.labels if label not in wrong]},
        "findings": main,
        "alternatives": [
            {"mistakes": list(codes), "findings": findings} for codes, findings in zip(others, more, strict=True)
        ],
        "factors": {label: f["factor"] for f in main if f["factor"] is not None for label in f["arrays"]},
        "factor": factors[0]["factor"] if factors else None,
        "reading": factors[0]["reading"] if factors else "",
    }


def _in_words(judge: GraphReplay, blocks: Sequence[Sequence[str]], followed: Sequence[str]) -> Iterator[str]:
    """The numbers side by side, the first explanation, a leaf followed through, and what else would fit."""
    wrong = judge.wrong
    rows = [
        (
            *(
                label,
                say("yours {number}", number=short_number(yours)),
                say("right {number}", number=short_number(right)),
            ),
            "" if label in wrong else word("ok"),
        )
        for label, yours, right in judge.numbers
    ]
    yield from (f"   {line}" for line in columns(rows, "   "))
    yield from (line for block in blocks[:1] for line in ("", *block))
    yield from ("", *followed)
    if blocks[1:]:
        more = len(blocks) - 1 - MOST_ALTERNATIVES
        yield ""
        yield (
            say("Other slips give the same numbers here: ({count} more are not shown)", count=more)
            if more > 0
            else say("Other slips give the same numbers here:")
        )
        yield from (f"   {line}".rstrip() for block in blocks[1 : 1 + MOST_ALTERNATIVES] for line in block)


def _elsewhere(judge: GraphReplay, tries: Sequence[_Try]) -> list[str]:
    """Where else one slip would give the same numbers."""
    places = [one.causes[0].places for one in tries[1:] if len(one.causes) == 1]
    every = say("all values that can have it")
    return [written(one[0].node, judge) if len(one) == 1 else every for one in places if one]
