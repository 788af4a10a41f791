"""Passes that are other as a whole: another forward pass, other weights, another order, two passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.answer import within
from microbp.comparing.difference import same_but_rounding
from microbp.derivation.backprop import Pass, Scope, one_at_a_time, with_targets
from microbp.diagnosis.explanation import Explanation, Finding, at_other_numbers
from microbp.diagnosis.mistakes import ANOTHER, CODES, find_mistake
from microbp.diagnosis.search.changes import changed, forward_of
from microbp.diagnosis.search.fitting import Column
from microbp.diagnosis.search.ideas import UNNAMED, Idea, Used
from microbp.diagnosis.search.layers import Layers
from microbp.diagnosis.search.orders import Order, orders
from microbp.diagnosis.search.replay import ERRORS, Start
from microbp.problems.exercise import Exercise

MOST_MISTAKES = 2
MOST_PAIRED = 250_000
"""In a network of more weights two of them together are not looked for: thousands of passes take minutes there."""
MOST_EXCHANGED = 12
"""Of more weights it is not asked which two were exchanged."""
MOST_ORDERS = 24
"""The most orders of the targets that are tried."""
MOST_AGAIN = 200_000
"""Of larger networks two passes are not replayed beside another mistake: weights times samples."""


Run = tuple[tuple[Finding, ...], list[Column]]
"""Mistakes, and what a pass with them makes."""


class Elsewhere(Layers):
    """What is no change of one layer alone."""

    def _starts(self, cost: int) -> Iterator[tuple[Start, tuple[Used, ...]]]:
        """Other forward passes, other numbers, another order of the list, or two of these, each with what it takes."""
        numbers = [
            Used(idea._replace(change=change), ())
            for idea in self.ideas
            for change in (self._other_numbers(idea) if "start" in idea.change else ())
        ]
        order = [Used(idea, ()) for idea in self.ideas if "order" in idea.change and self.case.depth > 1]
        yield from self._forward
        for move in self._edits(self.case.depth, "forward") if cost >= UNNAMED else ():
            yield from self._other_forward(move.idea)
        for used in (*order, *numbers):
            targets = "targets" in used.idea.change
            if (start := self._started((used,))) and (not targets or cost > 1 or self._last_fits(start)):
                yield start, (used,)
        named = [used for _, (used,) in self._forward]
        for pair in (*product(numbers, (*named, *order)), *product(named, order)) if cost > 1 else ():
            if start := self._started(pair):
                yield start, pair

    @cached_property
    def _forward(self) -> list[tuple[Start, tuple[Used]]]:
        """The other forward passes of the table."""
        return [found for idea in self.ideas for found in self._other_forward(idea)]

    def _other_forward(self, idea: Idea) -> Iterator[tuple[Start, tuple[Used]]]:
        """The starts that have a change of the forward pass, where it makes anything else."""
        if {"z", "a"} & idea.change.keys():
            for layers in idea.mistake.scopes(self.case.depth):
                used = (Used(idea, layers),)
                shapes = (self._shapes.fit(l, "forward", self.texts(idea, l)) for l in layers if self.texts(idea, l))
                if self.computed and not all(shapes):  # a small network is as soon asked itself
                    continue
                if idea.mistake is not ANOTHER or len(layers) in (1, self.case.depth):
                    start = self._started(used)
                    pairs = zip(start.scopes, self.start.scopes, strict=True) if start else ()
                    if start and not all(same_but_rounding(one["a"], other["a"]) for one, other in pairs):
                        yield start, used

    def _started(self, used: Sequence[Used]) -> Start | None:
        """The start of a pass with these ideas."""
        case, lines = self.case, self.right
        for u in used:
            if "start" in u.idea.change:
                case = at_other_numbers(case, u.idea.change)
            else:
                lines = changed(self.case, lines, u.idea.change, u.layers)
        if case.weights is self.case.weights and case.Y is not self.case.Y and (known := self._known_scopes(lines)):
            return Start(with_targets(known, case.Y), lines)
        first = min((l for u in used for l in u.layers), default=len(self.start.scopes))
        return self.started(lines, None if case is self.case else case, first)

    def _last_fits(self, start: Start) -> bool:
        """Whether the last layer is the learner's: of many orders of the targets only such are worth a search."""
        made = self.layer(start, self.case.depth, None, {})
        return made is not None and self.fits(start, self.case.depth, made)

    @cached_property
    def orders(self) -> list[Order]:
        """The orders of the targets that are tried."""
        return orders(self.case, self.given)

    def _other_numbers(self, idea: Idea) -> list[dict[str, Any]]:
        """The same idea with each two weights that may have been exchanged, each order of targets, or after a step."""
        if idea.mistake.code == "targets-in-another-order":
            return [{**idea.change, "targets": order} for order in self.orders[:MOST_ORDERS]]
        if idea.change["start"].startswith("those"):
            return [dict(idea.change)] if self.case.learning_rate else []
        if sum(W.size for W in self.case.weights) > MOST_EXCHANGED:
            return []
        places = [(l, *at) for l, W in enumerate(self.case.weights, 1) for at in np.ndindex(W.shape)]
        return [{**idea.change, "exchanged": pair} for pair in combinations(places, 2)]

    def _at_other_weights(self) -> Iterator[tuple[tuple[Finding, ...], Pass]]:
        """The right pass at each of the other weights."""
        for idea in self.ideas:
            for change in self._other_numbers(idea) if "start" in idea.change else ():
                rate = None if {"exchanged", "targets"} & change.keys() else self.case.learning_rate
                yield (Finding(idea.mistake, change, (), (), rate),), self.right

    def _again(self, cost: int) -> Iterator[Explanation]:
        """Two passes that are added up, alone or beside another mistake: replayed as a whole."""
        twice = Finding(find_mistake("not-zeroed"), {"passes": 2}, (), (), self.case.learning_rate)
        if not self.case.learning_rate:
            return
        beside: list[tuple[Finding, ...]] = [()]
        if cost > 1 and sum(W.size for W in self.case.weights) * len(self.case.Y) <= MOST_AGAIN:
            beside = [findings for findings, _ in self._scoped]
            for idea in self.factors:
                kinds = {"scale_weights": "W", "scale_biases": "b"}.get(next(iter(idea.change)), "Wb")
                names = tuple(name for name in self.case.names if name[1] in kinds)
                beside.append((Finding(idea.mistake, idea.change, (), names),))
        for findings in beside:
            yield Explanation((twice, *findings), 1 + sum(CODES[f.mistake.code] is not ANOTHER for f in findings))

    @cached_property
    def _scoped(self) -> list[tuple[tuple[Finding, ...], Pass]]:
        """Every mistake of the table that is no factor, in every scope, with the pass that has it."""
        found: list[tuple[tuple[Finding, ...], Pass]] = []
        for idea in self.ideas:
            rate = self.case.learning_rate if idea.stepped else None
            if {"passes", "start"} & idea.change.keys() or (idea.stepped and not rate):
                continue
            for layers in idea.mistake.scopes(self.case.depth):
                where = tuple(l for l in layers if self.texts(idea, l))
                if where or "order" in idea.change:
                    finding = Finding(idea.mistake, idea.change, where, (), rate)
                    found.append(((finding,), changed(self.case, self.right, idea.change, where or (0,))))
        return found

    def _runs(self, tried: Iterable[tuple[tuple[Finding, ...], Pass]]) -> list[Run]:
        """What each of these passes makes, of those that are right but for factors."""
        found = []
        with np.errstate(all="ignore"):
            for findings, lines in tried:
                case = Explanation(findings, 0).case(self.case)
                if columns := self.columns(lines, case, self._scopes(lines, case)):
                    found.append((findings, columns))
        return found

    @cached_property
    def _right_run(self) -> list[Run]:
        return self._runs([((), self.right)])

    @cached_property
    def _scoped_runs(self) -> list[Run]:
        return self._runs(self._scoped)

    def nearest(self, most: float) -> tuple[tuple[Finding, ...], list[tuple[str, int]]]:
        """The mistake that makes all numbers but so many, and which it does not make; none if right lines do as well.

        Of several it is the one that makes most.
        """
        best: tuple[Finding, ...] = ()
        fewest = self._misses(self.right, np.inf) or {}
        count = sum(map(len, fewest.values()))
        with np.errstate(all="ignore"):
            for findings, lines in self._scoped:
                misses = self._misses(lines, min(count - 1, most))
                if misses is not None:
                    best, fewest, count = findings, misses, sum(map(len, misses.values()))
        return best, [(name, int(k)) for name in self._given if name in fewest for k in fewest[name]]

    def _misses(self, lines: Pass, most: float, case: Exercise | None = None) -> dict[str, NDArray[np.intp]] | None:
        """The numbers that a pass makes otherwise than the learner has them; None for more than so many."""
        found: dict[str, NDArray[np.intp]] = {}
        count, case = 0.0, case or self.case

        def goes_on(l: int, scope: Scope) -> bool:
            nonlocal count
            whole = lines.order == "right" and lines.passes == 1  # what a layer makes here is all that it makes
            if whole and self._misses_more(l, scope, lines.layers[l - 1], most - count):
                count = np.inf
            return count <= most

        try:
            for name, made in one_at_a_time(case, lines, self._scopes(lines, case), goes_on=goes_on):
                if name not in self._given:
                    continue
                numbers, tolerance = self._given[name]
                selected = self.given.select(name, made)
                far = np.ones(numbers.size, bool) if selected is None else ~within(numbers, selected, tolerance)
                found[name] = np.flatnonzero(far)
                count += found[name].size
                if count > most:
                    return None
        except ERRORS:
            return None
        return found if count <= most else None

    def _scopes(self, lines: Pass, case: Exercise) -> list[Scope] | None:
        """The scopes of the forward pass of a pass on a network, if they are known from this one."""
        same = case.weights is self.case.weights and case.Y is self.case.Y
        if not same or case.learning_rate != self.case.learning_rate or lines.precision != self.right.precision:
            return None
        return self._known_scopes(lines)

    def _known_scopes(self, lines: Pass) -> list[Scope] | None:
        """The scopes of a pass on this network whose forward pass is the right one, or one of the table."""
        same = forward_of(lines) == forward_of(self.right)
        return self.start.scopes if same else self._forward_scopes.get(forward_of(lines))

    @cached_property
    def _forward_scopes(self) -> dict[tuple[str, ...], list[Scope]]:
        """The scopes after the other forward passes of the table, by their lines."""
        return {forward_of(start.lines): start.scopes for start, _ in reversed(self._forward)}
