"""A part of a large layer before the whole: what cannot be the learner's numbers there is dropped at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.backprop import Scope
from microbp.diagnosis.search.ideas import Ideas
from microbp.diagnosis.search.replay import Start
from microbp.diagnosis.search.shapes import part_behind, part_of, part_of_start
from microbp.problems.exercise import Floats

LARGE = 50_000
"""Of layers with as many products, samples times weights, a part is looked at first."""
FEW = 4
"""How many neurons, and inputs, are a part."""


class Part(NamedTuple):
    """Some neurons and inputs of a layer, and the learner's numbers of them: each array with its tolerance."""

    neurons: list[int]
    inputs: list[int]
    start: Start
    given: Mapping[str, tuple[Floats, Floats]]

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
                start = part_of_start(self.start, l, neurons, inputs)
                found[l] = Part(neurons, inputs, start, {"W": of_W, "b": of_b})  # type: ignore[dict-item]  # pairs
        return found

    def _may_fit(self, start: Start, l: int, after: Scope | None, texts: Mapping[str, str], rate: Any = None) -> bool:
        """Whether a layer with these lines may be the learner's, as far as a part shows."""
        part = self._parts.get(l) if start is self.start else None
        if part is None or not self._shapes.alike(l, texts):
            return True
        made = self.layer(part.start, l, part_behind(after, part.neurons), texts, rate)
        return made is None or part.fits(made, "Wb")

    def _may_be_sums(
        self, start: Start, l: int, scope: Scope | None, texts: Mapping[str, str], kinds: str, rate: Any = None
    ) -> bool:
        """The same of other sums of a layer that is done: `scope` is its part."""
        part = self._parts.get(l)
        if part is None or scope is None or not self._shapes.alike(l, texts):
            return True
        made = self.resummed(start, l, scope, texts, rate)
        return made is None or part.fits(made, kinds)

    def _part(self, l: int, scope: Scope) -> Scope | None:
        """The part of a layer that is done, if it is a large one."""
        part = self._parts.get(l)
        return part and part_of(scope, part.neurons, part.inputs)


def _some(size: int, one: int) -> list[int]:
    """A few places, that one among them."""
    return sorted({one, *range(0, size, -(-size // FEW))})
