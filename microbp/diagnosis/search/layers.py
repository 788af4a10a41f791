"""The search from the last layer to the first: in each the lines that make the learner's numbers, by the fewest ideas.

An idea is a change of lines; in several layers it counts once. A layer whose numbers no lines make ends a way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from microbp.comparing.difference import same_but_rounding
from microbp.derivation.backprop import Scope
from microbp.diagnosis.search.ideas import Move, Used
from microbp.diagnosis.search.replay import Start, same, stage, touches
from microbp.diagnosis.search.screen import FirstLook

_OF_LOSS, _OF_PENALTY = ("dW", "db"), ("l2W", "l2b")
"""The sums of a layer, and what is added to them."""
Found = tuple[tuple[Move, ...], Scope, float | None]
"""What is new in a layer, its scope then, and the learning rate if that was solved for."""


class Layers(FirstLook):
    """The search for the ideas that make a learner's numbers."""

    def explained(self, start: Start, used: tuple[Used, ...], left: int) -> Iterator[tuple[Used, ...]]:
        """Every set of ideas of at most that cost, besides those of the start, that makes all numbers."""
        with np.errstate(all="ignore"):
            yield from self._from(start, self.case.depth, None, used, left)

    def _from(
        self, start: Start, l: int, after: Scope | None, used: tuple[Used, ...], left: int
    ) -> Iterator[tuple[Used, ...]]:
        """The ways from a layer down to the first."""
        if l == 0:
            yield used
            return
        for again, lines, rate in self._again_in(l, used):
            kept = tuple(u._replace(layers=(*u.layers, l)) if u in again else u for u in used)
            if left < 1 and not self._may_fit(start, l, after, lines, rate):
                continue
            right = self.layer(start, l, after, lines, rate, exact=left < 1)
            if right is None:
                continue
            for moves, scope, rated in self._layer(start, l, after, right, lines, rate, left):
                new = kept + tuple(Used(m.idea, (l,), rated if m.idea.stepped else None) for m in moves)
                spent = left - sum(u.cost for u in new[len(kept) :])
                if spent >= 0:
                    yield from self._below(start, l, scope, new, spent, lines)

    def _again_in(self, l: int, used: Sequence[Used]) -> Iterator[tuple[tuple[Used, ...], dict[str, str], Any]]:
        """The ideas that are used in this layer again, all that can be, then fewer; with their lines and their rate."""
        can = [u for u in used if (texts := self.texts(u.idea, l)) and stage(texts) != "forward"]
        for count in range(len(can), -1, -1):
            for some in combinations(can, count):
                lines = [line for u in some for line in self.texts(u.idea, l).items()]
                if len(dict(lines)) == len(lines):
                    yield some, dict(lines), _rate_of(some)

    def _below(
        self, start: Start, l: int, scope: Scope, used: tuple[Used, ...], left: int, lines: Mapping[str, str]
    ) -> Iterator[tuple[Used, ...]]:
        """The ways below a layer, with what it passes back, or with another line for that."""
        if l == 1:
            yield used
            return
        own = start.lines.layers[l - 1]["back"]
        done = self.back(start, l, scope, lines.get("back", own), _rate_of(used))
        if done is None:
            return
        yield from self._from(start, l - 1, done, used, left)
        if "back" in lines or left < 1:
            return
        if l - 1 in self.full and self._plain(start, l - 1, done, used):
            return
        for move in self._moves(l, "back", left):
            for rate in self._rates(start, l, scope, move, used) if move.idea.stepped else (None,):
                made = self.back(start, l, scope, move.texts["back"], rate)
                new = Used(move.idea, (l,), rate)
                if made is None or same_but_rounding(made["back"], done["back"]) or new.cost > left:
                    continue
                yield from self._from(start, l - 1, made, (*used, new), left - new.cost)

    def _plain(self, start: Start, l: int, after: Scope, used: Sequence[Used]) -> bool:
        """Whether a layer is the learner's with nothing new in it."""
        made = (self.layer(start, l, after, lines, rate) for _, lines, rate in self._again_in(l, used))
        return any(scope is not None and self.fits(start, l, scope) for scope in made)

    def _rates(self, start: Start, l: int, scope: Scope, move: Move, used: Sequence[Used]) -> list[float]:
        """The learning rates that may be in a line for what goes back: the known one, and what the layer below says."""
        found = [self.case.learning_rate] if self.case.learning_rate else []
        ends = [self.back(start, l, scope, move.texts["back"], rate) for rate in (0.0, 1.0)]
        for _, lines, _ in self._again_in(l - 1, used):
            for new in ({}, *(m.texts for kind in ("delta", "sums") for m in self._named.get((l - 1, kind), []))):
                if None in ends or lines.keys() & new.keys():
                    continue
                if not self._may_have_rate(start, l - 1, ends, {**lines, **new}):
                    continue
                below = [self.layer(start, l - 1, end, {**lines, **new}) for end in ends]
                if None not in below:
                    zero, one = (self.numbers(start, l - 1, s) for s in below if s is not None)
                    rate = self.rate(zero, one)
                    if rate and rate > 0 and rate not in found:
                        found.append(rate)
        return found

    def _layer(
        self, start: Start, l: int, after: Scope | None, right: Scope, lines: Mapping[str, str], rate: Any, left: int
    ) -> Iterator[Found]:
        """What can be new in a layer that then makes the learner's numbers."""
        if self.fits(start, l, right):
            yield (), right, None
            if l in self.full:
                return
        if left < 1:
            return
        deltas: list[tuple[tuple[Move, ...], Scope]] = [((), right)]
        options: list[tuple[Move, ...]] = [(m,) for m in _beside(lines, self._moves(l, "delta", left))]
        if left >= 2:
            named = _beside(lines, self._named.get((l, "delta"), []))
            options += [(m, o) for m, o in combinations(named, 2) if not m.texts.keys() & o.texts.keys()]
        for moves in options:
            texts_ = {k: t for m in moves for k, t in m.texts.items()}
            alone = left <= sum(m.idea.cost for m in moves)  # nothing else can be wrong
            made = self._try(start, l, after, {**lines, **texts_}, rate, alone)
            if made is None or (len(moves) == 1 and same(made, right)):
                continue
            deltas.append((moves, made))
            if self.fits(start, l, made) and not same(made, right):
                yield moves, made, None
        for moves, scope in deltas:
            rest = left - sum(m.idea.cost for m in moves)
            if rest >= 1:
                yield from self._sums(start, l, scope, moves, lines, rest)

    def _try(
        self, start: Start, l: int, after: Scope | None, lines: Mapping[str, str], rate: Any, exact: bool
    ) -> Scope | None:
        self.tried += 1
        if not self.complete or (exact and not self._may_fit(start, l, after, lines, rate)):
            return None
        return self.layer(start, l, after, lines, rate, exact)

    def _sums(
        self, start: Start, l: int, scope: Scope, moves: tuple[Move, ...], lines: Mapping[str, str], left: int
    ) -> Iterator[Found]:
        """What can be new in the sums of a layer whose δ is done: one thing in those of weights, one of biases."""
        good = {kind: self.fits(start, l, scope, kind) for kind in "Wb"}
        part = self._part(l, scope)
        alone: dict[str, list[tuple[Move, float | None]]] = {"W": [], "b": []}
        for move in _beside(lines, self._moves(l, "sums", left)):
            kinds = "Wb" if "dW" in lines.get("db", "") else touches(move.texts)
            others = [kind for kind in "Wb" if kind not in kinds]
            if left <= move.idea.cost and not all(good[k] for k in others):
                continue
            for rate in self._rates_here(start, l, scope, move) if move.idea.stepped else (None,):
                self.tried += 1
                of_weights = kinds == "b" and "dW" in move.texts.get("db", "")  # right only beside the right dW
                texts_ = {**lines, **move.texts}
                if not of_weights and not self._may_be_sums(start, l, part, texts_, kinds, rate):
                    continue
                made = self.resummed(start, l, scope, texts_, rate)
                if made is None:
                    continue
                fits = self.fits(start, l, made, kinds)
                if not (fits or of_weights) or same(made, scope):
                    continue
                if fits and all(good[k] for k in others):
                    yield (*moves, move), made, rate
                elif len(kinds) == 1:
                    alone[kinds].append((move, rate))
        for (one, rate), (two, other) in product(alone["W"], alone["b"]):
            if one.idea.cost + two.idea.cost <= left:
                both = self.resummed(start, l, scope, {**lines, **one.texts, **two.texts}, rate or other)
                if both is not None and self.fits(start, l, both):
                    yield (*moves, one, two), both, rate or other
        if self.case.l2 and left > 1 and not all(good.values()):
            yield from self._with_penalty(start, l, scope, moves, lines)

    def _with_penalty(
        self, start: Start, l: int, scope: Scope, moves: tuple[Move, ...], lines: Mapping[str, str]
    ) -> Iterator[Found]:
        """Two things in the sums of a layer: one in those of the loss, and one in a penalty."""
        named = _beside(lines, self._moves(l, "sums", 1))
        made: list[list[tuple[Move, Scope]]] = []
        for keys in (_OF_LOSS, _OF_PENALTY):
            made.append([])
            for move in named:
                if move.texts.keys() <= {*keys} and not move.idea.stepped:
                    self.tried += 1
                    if (done := self.resummed(start, l, scope, {**lines, **move.texts})) is not None:
                        made[-1].append((move, done))
        for (one, loss), (two, penalty) in product(*made):
            of_dW = "dW" in one.texts.get("db", "") and "l2W" in two.texts  # that is another dW
            if not of_dW and np.shape(loss["of_W"]) == np.shape(penalty["l2W"]):
                both = loss | {key: penalty[key] for key in _OF_PENALTY}
                both |= {f"d{kind}": both[f"of_{kind}"] + both[f"l2{kind}"] for kind in "Wb"}
                if self.fits(start, l, both):
                    yield (*moves, one, two), both, None

    def _rates_here(self, start: Start, l: int, scope: Scope, move: Move) -> list[float]:
        """The learning rates that may be in the lines of a layer's sums."""
        found = [self.case.learning_rate] if self.case.learning_rate else []
        ends = [self.resummed(start, l, scope, move.texts, rate) for rate in (0.0, 1.0)]
        if None not in ends:
            zero, one = (self.numbers(start, l, end) for end in ends if end is not None)
            kinds = touches(move.texts)
            rate = self.rate([n for n in zero if n[0][1] in kinds], [n for n in one if n[0][1] in kinds])
            found += [rate] if rate and rate > 0 and rate not in found else []
        return found


def _rate_of(used: Sequence[Used]) -> float | None:
    return next((u.rate for u in used if u.rate is not None), None)


def _beside(lines: Mapping[str, str], moves: Sequence[Move]) -> list[Move]:
    """Those that change none of these lines."""
    return [move for move in moves if not move.texts.keys() & lines.keys()]
