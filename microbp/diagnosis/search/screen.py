"""A part of a large layer before the whole: what cannot be the learner's numbers there is dropped at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from microbp.comparing.answers.answer import within
from microbp.derivation.backprop import FORWARD, Scope, value
from microbp.diagnosis.search.fitting import common, interval
from microbp.diagnosis.search.ideas import Ideas
from microbp.diagnosis.search.replay import LARGE, Start
from microbp.diagnosis.search.shapes import part_behind, part_of, part_of_start
from microbp.problems.exercise import Floats

FEW = 1
"""How many neurons, and inputs, are a part."""


class Part(NamedTuple):
    """Some neurons and inputs of a layer, and the learner's numbers of them: each array with its tolerance."""

    neurons: list[int]
    inputs: list[int]
    given: Mapping[str, tuple[Floats, Floats]]

    def start(self, start: Start, l: int) -> Start:
        """A start with this part of its layer."""
        if l not in start.parts:
            start.parts[l] = part_of_start(start, l, self.neurons, self.inputs)
        return start.parts[l]

    def fits(self, scope: Scope, kinds: str) -> bool:
        """Whether these sums of the part are the learner's."""
        given = [(scope[f"d{kind}"], *self.given[kind]) for kind in kinds]
        return all(bool((np.abs(numbers - made) <= tolerance).all()) for made, numbers, tolerance in given)


class FirstLook(Ideas):
    """The ideas for a learner's numbers, and a first look at what they make."""

    @cached_property
    def _parts(self) -> dict[int, Part]:
        """The part of each layer that is large and all of whose numbers were given."""
        found = {}
        for l in self.full:
            W = self.case.weights[l - 1]
            names = {kind: f"d{kind}{l}" for kind in "Wb"}
            as_ours = all(self.given.arrays[name].shape == self.case.shape(name) for name in names.values())
            if W.size * len(self.case.Y) >= LARGE and as_ours:
                wrong = np.abs(self.given.arrays[names["W"]] - self.case.truth[1][names["W"]])
                worst = np.unravel_index(int(wrong.argmax()), W.shape)
                neurons, inputs = (_some(size, int(at)) for size, at in zip(W.shape, worst, strict=True))
                given = {kind: self._given[name] for kind, name in names.items()}
                of_W = tuple(array.reshape(W.shape)[np.ix_(neurons, inputs)] for array in given["W"])
                of_b = tuple(array[neurons] for array in given["b"])
                found[l] = Part(neurons, inputs, {"W": of_W, "b": of_b})  # type: ignore[dict-item]  # pairs
        return found

    def _part_in(self, start: Start, l: int, texts: Mapping[str, str]) -> Part | None:
        """The part of a layer by which a pass with these lines in it can be judged, if there is one."""
        if (part := self._parts.get(l)) is None:
            return None
        changed = dict(start.lines.layers[l - 1].items() - self.right.layers[l - 1].items()).keys() - {*FORWARD}
        return None if changed or start.lines.order != self.right.order or not self._shapes.alike(l, texts) else part

    def _may_fit(self, start: Start, l: int, after: Scope | None, texts: Mapping[str, str], rate: Any = None) -> bool:
        """Whether a layer with these lines may be the learner's, as far as a part shows."""
        if (part := self._part_in(start, l, texts)) is None:
            return True
        made = self.layer(part.start(start, l), l, part_behind(after, part.neurons), texts, rate)
        return made is None or part.fits(made, "Wb")

    def _may_be_sums(
        self, start: Start, l: int, scope: Scope, texts: Mapping[str, str], kinds: str, rate: Any = None
    ) -> bool:
        """The same of other sums of a layer that is done: `scope` is its part."""
        if (part := self._part_in(start, l, texts)) is None:
            return True
        made = self.resummed(start, l, scope, texts, rate)
        return made is None or part.fits(made, kinds)

    def _may_have_rate(self, start: Start, l: int, ends: Sequence[Scope | None], texts: Mapping[str, str]) -> bool:
        """Whether some learning rate may make a layer with these lines the learner's; `ends` are at 0 and at 1."""
        kinds, part = "Wb", self._part_in(start, l, texts)
        if part is None and not any("dW" in text for line, text in texts.items() if line[-1] != "W"):  # biases alone
            texts = {line: text for line, text in texts.items() if line[-1] != "W"}
            kinds, part = "b", self._part_in(start, l, texts)
        if part is None:
            return True
        zero, one = (self.layer(part.start(start, l), l, part_behind(end, part.neurons), texts) for end in ends)
        if zero is None or one is None:
            return True
        pairs = [(zero[f"d{kind}"], one[f"d{kind}"], *part.given[kind]) for kind in kinds]
        return common([interval(numbers - at_0, at_1 - at_0, near) for at_0, at_1, numbers, near in pairs]) is not None

    def _misses_more(self, l: int, scope: Scope, lines: Mapping[str, str], most: float) -> bool:
        """Whether a large layer with these lines misses more than so many weights, from some of its inputs alone."""
        right = self.right.layers[l - 1]
        if l not in self._parts or any(lines[line] != right[line] for line in ("dW", "l2W")):
            return False
        shape = self.case.weights[l - 1].shape
        step = int(shape[1] / (1 + 1.1 * most / shape[0]))
        if scope["d"].shape[1:] != shape[:1] or step < 2:
            return False
        numbers, tolerance = (array.reshape(shape)[:, ::step] for array in self._given[f"dW{l}"])
        made = scope["d"].T @ value(f"a0[:, ::{step}].copy()", scope) + value(lines["l2W"], scope)[:, ::step]
        return bool(np.count_nonzero(~within(numbers, made, tolerance)) > most)

    def _part(self, l: int, scope: Scope) -> Scope:
        """The part of a layer that is done, if it is a large one."""
        part = self._parts.get(l)
        return part_of(scope, part.neurons, part.inputs) if part else scope


def _some(size: int, one: int) -> list[int]:
    """A few places, that one among them."""
    return sorted({one, *range(0, size, -(-size // FEW))})
