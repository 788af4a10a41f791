"""The search for two mistakes that together give a learner's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations, product

from microbp.derivation.rules import changed
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import MISTAKES, find
from microbp.diagnosis.replay import Candidate, Replayer, below
from microbp.diagnosis.ways import SOLVED, Change

MOST_LAYERS = 120_000
"""Layers replayed at most: of a deep network not all pairs are tried."""


def pairs(replayer: Replayer, candidates: Sequence[Candidate], cost: int) -> Iterator[Explanation]:
    """Every two candidates that together give the numbers, array by array, as long as these are the learner's."""
    everything = frozenset(replayer.given.arrays)
    tried = 0
    stepped = [one for one in candidates if _steps(one.findings[0].change)]
    for one, two in chain(combinations(candidates, 2), product(stepped, _scaled(replayer) if stepped else ())):
        (a,), (b,) = one.findings, two.findings
        # An array that one of them leaves alone is as the other makes it; what neither touches is right. But what is
        # made with changed weights depends on how wrong the change was, and a reversed list has all in other places.
        apart = one.matches >= everything - two.changes and two.matches >= everything - one.changes
        bound = a.rate or b.rate or "order" in a.change or "order" in b.change
        if not (apart or bound) or a.cost + b.cost > cost or _clash(a, b):
            continue
        tried += replayer.case.depth
        if tried > MOST_LAYERS:
            replayer.complete = False
            return
        rules = changed(changed(replayer.right, a.change, a.layers), b.change, b.layers)
        if replayer.all_exact(Candidate((a, b), rules, two.case if b.rate else one.case)):
            yield Explanation((a, b), cost)
    yield from _with_early_updates(replayer, candidates, cost)


def _with_early_updates(replayer: Replayer, candidates: Sequence[Candidate], cost: int) -> Iterator[Explanation]:
    """Weights that were changed too early, at a learning rate that only beside the other mistake can be solved for."""
    mistake = find("update-before-backprop")
    (change,) = mistake.changes
    others = [*candidates, *_scaled(replayer)]
    for layers in mistake.scopes(replayer.case.depth):
        rules = changed(replayer.right, change, layers)
        early = Candidate((Finding(mistake, change, layers, ()),), rules, replayer.case)
        for other in others:
            (finding,) = other.findings
            if finding.rate or finding.cost >= cost or _clash(finding, early.findings[0]):
                continue
            both = changed(rules, finding.change, finding.layers)
            if not replayer.all_exact(Candidate((), both, replayer.case), down_to=max(layers)):
                continue  # what comes before the change is wrong at any rate
            sign = -1 if finding.mistake.code == "sign" else 1  # a step along the learner's own gradient goes uphill
            if not (rate := replayer.solve_rate(both, below(max(layers)), sign)):
                continue
            solved = Finding(mistake, change, layers, (), rate)
            case = replace(replayer.case, learning_rate=rate)
            if finding.cost + solved.cost <= cost and replayer.all_exact(Candidate((solved, finding), both, case)):
                yield Explanation((solved, finding), cost)


def _steps(change: Change) -> bool:
    """Whether weights are changed by a gradient on the way: then a factor of it cannot be found afterwards."""
    return "updated" in change.values() or "passes" in change


def _scaled(replayer: Replayer) -> Iterator[Candidate]:
    """Likely factors as candidates: they matter to weights that were changed by a wrong gradient."""
    m = float(len(replayer.case.Y))
    for mistake in MISTAKES:
        for change in mistake.changes if mistake.scales else ():
            ((rule, value),) = change.items()
            values = [value] if value != SOLVED else list(dict.fromkeys((2.0, 0.5, m, 1 / m, m / 2)))
            for number in values:
                known = mistake.varieties(replayer.case)[0][rule] if number in ("m", "1/m") else number
                finding = Finding(mistake, {rule: known}, tuple(range(1, replayer.case.depth + 1)), ())
                rules = changed(replayer.right, finding.change, finding.layers)
                candidate = Candidate((finding,), rules, replayer.case)
                candidate.changes = frozenset(replayer.given.arrays)
                yield candidate


def _clash(a: Finding, b: Finding) -> bool:
    """Whether two mistakes would have the same rule of the same layer be two things."""
    return bool(set(a.layers) & set(b.layers) and a.change.keys() & b.change.keys())
