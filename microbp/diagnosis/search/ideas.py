"""The ideas that there are for a layer: changes of its lines by the rows of the table, and by the grammar of edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from microbp.derivation.backprop import PASS, Change
from microbp.derivation.formulas import JACOBIANS, SLOPES
from microbp.diagnosis.mistakes import ANOTHER, MISTAKES, Mistake, find_mistake
from microbp.diagnosis.search.changes import factor_value, is_factor, texts, varieties
from microbp.diagnosis.search.edits import edits
from microbp.diagnosis.search.fitting import Column, interval, round_number, roundest, spans
from microbp.diagnosis.search.replay import Replayer, stage
from microbp.diagnosis.search.shapes import Shapes
from microbp.losses import LOSSES

UNNAMED = 2
"""What an edit costs that has no row in the table; one that has costs 1."""
MOST_LAYERS = 60_000
"""Layers replayed at most in one search."""


class Idea(NamedTuple):
    """One change of lines, by a row of the table or by the grammar."""

    mistake: Mistake
    change: Change
    f: str = ""
    """The activation whose formula it edits."""
    output: bool | None = None
    """Whether it is of the last layer, if that matters."""

    @property
    def cost(self) -> int:
        """How many mistakes it counts as."""
        return UNNAMED if self.mistake is ANOTHER else 1

    @property
    def stepped(self) -> bool:
        """Whether it needs a learning rate."""
        return any("eta" in str(text) for text in self.change.values())

    @property
    def of_gradients(self) -> bool:
        """Whether another line has the weights' gradients in it: then their factor counts twice."""
        return self.stepped or any("dW" in str(self.change.get(line)) for line in ("back", "db"))


class Used(NamedTuple):
    """An idea with the layers that it is used in, and the learning rate that it takes."""

    idea: Idea
    layers: tuple[int, ...]
    rate: float | None = None

    @property
    def cost(self) -> int:
        """A learning rate that is no round number is one more."""
        return self.idea.cost + (self.rate is not None and self.rate != float(f"{self.rate:.3g}"))


class Move(NamedTuple):
    """What is new in one layer."""

    idea: Idea
    texts: Mapping[str, str]


class Ideas(Replayer):
    """The ideas that there are for a learner's numbers."""

    tried = 0
    """Layers replayed."""
    too_large = False
    """Whether the network is too large for more than one mistake to be looked for."""

    @property
    def complete(self) -> bool:
        """Whether nothing was left out for want of time."""
        return self.tried <= MOST_LAYERS and not self.too_large

    @cached_property
    def _of_table(self) -> list[Idea]:
        """Every change of the table."""
        return [Idea(mistake, change) for mistake in MISTAKES for change in varieties(mistake, self.case)]

    @cached_property
    def ideas(self) -> list[Idea]:
        """Every change of the table that is no factor."""
        found = [idea for idea in self._of_table if not is_factor(idea.change) and "precision" not in idea.change]
        for code, how in (("missing-sample", "without"), ("sample-twice", "twice")):
            if not any(idea.mistake.code == code for idea in found):
                found += [
                    Idea(find_mistake(code), {"dW": f"{how}(d, {i}).T @ a0", "db": f"{how}(d, {i}).sum(axis=0)"})
                    for i in self._samples(-1.0 if how == "without" else 1.0)
                ]
        clipped = f"np.clip({{}}, -{self._most!r}, {self._most!r})"
        found += [Idea(find_mistake("steps-for-gradients"), {"dW": clipped, "db": clipped})] if self._most else []
        return found

    @cached_property
    def _most(self) -> float:
        """The magnitude that numbers may have been clipped to: the largest one, if several have it; else 0."""
        magnitudes = np.abs(np.concatenate([numbers for numbers, _ in self._given.values()]))
        most = magnitudes.max(initial=0.0)
        return float(most) if (magnitudes == most).sum() > 1 else 0.0

    def can(self, idea: Idea, l: int) -> bool:
        """Whether a layer can have it."""
        depth, where = self.case.depth, idea.mistake.where
        if idea.f and self.case.activations[l - 1] != idea.f:
            return False
        if idea.output is not None and idea.output != (l == depth):
            return False
        return {"output": l == depth, "hidden": l < depth, "upper": l > 1, "first": l == 1}.get(where, True)

    @cached_property
    def _named(self) -> dict[tuple[int, str], list[Move]]:
        found: dict[tuple[int, str], list[Move]] = {}
        for l in range(1, self.case.depth + 1):
            for idea in self.ideas:
                lines = self.texts(idea, l)
                kind = stage(lines)
                if lines and (kind not in ("delta", "back") or idea.stepped or self._shapes.fit(l, kind, lines)):
                    found.setdefault((l, kind), []).append(Move(idea, lines))
        return found

    def _moves(self, l: int, kind: str, left: int) -> list[Move]:
        """What can be new in a layer: of the table, then of the grammar."""
        named = self._named.get((l, kind), []) * (left >= 1)
        if kind == "sums" and left >= 1:  # a factor, of what weights are changed by afterwards
            named = named + [Move(idea, self.texts(idea, l)) for idea in self.factors]
        return named + (self._edits(l, kind) if left >= UNNAMED else [])

    @cached_property
    def factors(self) -> list[Idea]:
        """The factors of the table, solved ones being likely or an array's own: they matter where dW is used again."""
        m = float(len(self.case.Y))
        seen = (
            roundest(interval(numbers, right, tolerance))
            for name, (numbers, tolerance) in self._given.items()
            if (right := self.given.select(name, self.case.truth[1][name])) is not None
        )
        likely = [c for c in dict.fromkeys((2.0, 0.5, m, 1 / m, m / 2, *seen)) if c and c not in (1.0, -1.0)]
        solved = {"factor": likely, "l2-factor": likely, "l2-not-in-loss": self._penalties()}
        of_penalty = {"l2_weights"} if self.case.l2 else {"l2"}
        found = []
        for idea in self._of_table:
            (rule, text), *_ = idea.change.items()
            few = rule in ("scale", "scale_biases") or idea.mistake.code != "factor"
            if is_factor(idea.change) and few and (rule.startswith("scale") or rule in of_penalty):
                value = factor_value(text, self.case)
                values = solved.get(idea.mistake.code, ()) if value is None else (value,)
                found += [Idea(idea.mistake, {rule: c}) for c in values if c != 1.0]
        return found

    def _penalties(self) -> set[float]:
        """The λ that arrays of weights have alone, where there is none."""
        found = set()
        for name, (numbers, tolerance) in self._given.items():
            right, W = self.case.truth[1][name], self.case.weights[int(name[2:]) - 1] / len(self.case.Y)
            if name[1] == "W" and self.given.arrays[name].shape == W.shape:
                own, penalty = self.given.select(name, right), self.given.select(name, W)
                if own is not None and penalty is not None and (held := interval(numbers - own, penalty, tolerance)):
                    found.add(round_number(held))
        return {c for c in found if c}

    def _edits(self, l: int, kind: str) -> list[Move]:
        """Every edit of a layer's lines of that kind."""
        key = (l, kind, "")
        if key not in self._edited:
            self._edited[key] = list(self._every_edit(l, kind))
        return self._edited[key]

    @cached_property
    def _edited(self) -> dict[tuple[int, str, str], list[Move]]:
        return {}

    def _every_edit(self, l: int, kind: str) -> Iterator[Move]:
        f, last = self.case.activations[l - 1], l == self.case.depth
        loss, own = LOSSES[self.case.loss], self.right.layers[l - 1]
        sources: list[tuple[str, str, str]] = []
        if kind == "delta":
            if f in JACOBIANS:
                sources.append(("d", JACOBIANS[f], ""))
            else:
                sources += [("slope", own["slope"], ""), ("d", PASS["d"], "")]
                sources += [("slope", SLOPES[f], f)] if SLOPES[f] != own["slope"] else []
                sources.append(("d", f"up * {SLOPES[f]}" if SLOPES[f].startswith("a *") else f"up * ({SLOPES[f]})", f))
            sources += [("up", loss.derivative, "")] if last else []
            sources += [("d", loss.delta[f], "")] if last and f in loss.delta else []
        elif kind == "sums":
            sources += [("dW", own["dW"], ""), ("db", own["db"], "")]
            sources += [("l2W", own["l2W"], "")] if self.case.l2 else []
            sources += [("l2b", own["l2b"], "")] if self.case.l2 and self.case.penalize_biases else []
        elif kind == "back" and l > 1:
            sources.append(("back", own["back"], ""))
        elif kind == "forward":
            sources += [("z", own["z"], ""), ("a", own["a"], "")]
        for line, source, of in sources:
            for text, _ in edits(source, last):
                if kind == "forward" or self._shapes.fit(
                    l, kind, {line: text}
                ):  # that is tried in other layers as well
                    yield Move(Idea(ANOTHER, {line: text}, of, last if line == "up" else None), {line: text})

    @cached_property
    def _shapes(self) -> Shapes:
        return Shapes(self.case)

    def _samples(self, sign: float) -> list[int]:
        """Of many samples those without which, or with which twice, an array of the last layer is the learner's."""
        l = self.case.depth
        scope = self.layer(self.start, l, None, {})
        if len(self.case.Y) < 2 or scope is None:
            return []
        for kind, before in (("W", scope["a0"]), ("b", np.ones((len(scope["d"]), 1)))):
            name = f"d{kind}{l}"
            if name not in self._given or scope[f"d{kind}"].size < 2:
                continue
            numbers, tolerance = self._given[name]
            found = []
            for i in self._may_be(name, scope[f"d{kind}"], sign * scope["d"], before):
                share = sign * np.outer(scope["d"][i], before[i]).reshape(scope[f"d{kind}"].shape)
                made = self._selected(name, kind, scope, scope[f"d{kind}"] + share)
                if made is not None and spans(Column(name, numbers, made, 0.0 * made, tolerance)):
                    found.append(i)
            return found
        return []

    def texts(self, idea: Idea, l: int) -> Mapping[str, str]:
        """The lines that an idea puts in a layer; none where it cannot be."""
        key = id(idea.change), l
        if key not in self._texts:  # the change is kept, so that no other gets its id
            self._texts[key] = idea.change, (texts(idea.change, self.case, l) if self.can(idea, l) else None) or {}
        return self._texts[key][1]

    @cached_property
    def _texts(self) -> dict[tuple[int, int], tuple[Change, Mapping[str, str]]]:
        return {}
