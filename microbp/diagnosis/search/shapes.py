"""What can be said of a network's lines from a few of its sizes: which fit, and which treat all neurons alike.

They are tried on a tiny network, whose sizes are equal where the network's are.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> shapes = Shapes(exercise_of(load("digits")))
>>> shapes.fit(1, "sums", {"dW": "d.T @ X"}), shapes.fit(1, "sums", {"dW": "d @ X"})
(True, False)
>>> [shapes.alike(1, {"slope": text}) for text in ("a", "a - a.mean(axis=0)", "a - a.mean()")]
[True, True, False]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.precision import Precision
from microbp.derivation.backprop import OF_FORWARD, SUMS, Scope, backward, value
from microbp.diagnosis.search.replay import Replayer, Start
from microbp.problems.exercise import Exercise, Floats
from microbp.vectorized import softmax

_BY_NEURON = {"W": 0, "b": 0, "z": 1, "a": 1, "up": 1, "slope": 1, "d": 1, "back_": 1, "W_": 1, "of_b": 0, "l2b": 0}
_BY_NEURON |= {"of_W": 0, "l2W": 0, "dW": 0, "db": 0}
_BY_INPUT = {"W": 1, "a0": 1, "z0": 1, "W0": 0, "of_W": 1, "l2W": 1, "dW": 1}
"""Along which axis of an array the neurons of a layer, and its inputs, stand."""
Places = Sequence[int]
_APART = (0, 1), (5, 3)
"""Some neurons and some inputs: others, so that a line that takes the ones for the others makes something else."""


def tiny(case: Exercise) -> Exercise:
    """A network with the layers of this one and some numbers, small sizes for large ones: alike, or 1, where they are.

    >>> from microbp import load
    >>> from microbp.problems.exercise import exercise_of
    >>> digits = exercise_of(load("digits"))
    >>> (len(digits.Y), *digits.sizes), (len(tiny(digits).Y), *tiny(digits).sizes)
    ((1437, 64, 16, 10), (14, 16, 18, 20))
    """
    small = {1: 1}
    for size in (len(case.Y), *case.sizes):  # rows that a line has by number are there as well
        small.setdefault(size, 2 * len(small) + 12)

    rng = np.random.default_rng(0)  # no two arrays are the same, which lines would not tell apart

    def made(array: Floats) -> Floats:
        return rng.uniform(-1.0, 1.0, [small[size] for size in array.shape])

    weights, biases = (tuple(map(made, arrays)) for arrays in (case.weights, case.biases))
    return replace(case, weights=weights, biases=biases, X=made(case.X), Y=made(case.Y))


def part_of(scope: Scope, neurons: Places, inputs: Places) -> Scope:
    """The scope of a layer with some of its neurons and of its inputs alone."""
    by_neuron = _BY_NEURON if "W_" in scope else _BY_NEURON | {"y": 1, "p": 1, "q": 1}  # those of the last layer
    by_input = _BY_INPUT if "W0" in scope else _BY_INPUT | {"X": 1}  # those of the first
    found, sizes = dict(scope), scope["W"].shape
    for places, axes, size in ((neurons, by_neuron, sizes[0]), (inputs, by_input, sizes[1])):
        for name in axes.keys() & scope.keys():
            if np.ndim(found[name]) > axes[name] and found[name].shape[axes[name]] == size:
                # In Fortran's order sums over the samples, what a part is mostly made of, are several times as fast.
                found[name] = np.asfortranarray(found[name].take(places, axes[name]))
    found |= {"known": {}, "computed": None}
    for text, array in scope["known"].items():
        part = array.take(neurons, 0 if text.endswith(("W", "b")) else 1)
        found["known"][text] = part.take(inputs, 1) if text.endswith("W") else part
    return found


def part_of_start(start: Start, l: int, neurons: Places, inputs: Places) -> Start:
    """A start with a part of layer l for the layer."""
    scope = start.scopes[l]
    each_alone = {"f1(z)"} if scope["f"] is not softmax else set()
    for text in OF_FORWARD & {*start.lines.layers[l - 1].values()} - each_alone:
        scope["known"].setdefault(text, value(text, scope))
    scopes = [*start.scopes[:l], part_of(scope, neurons, inputs), *start.scopes[l + 1 :]]
    return replace(start, scopes=scopes)


def part_behind(after: Scope | None, neurons: Places) -> Scope | None:
    """A layer, if there is one, with what it passes back to some neurons of the layer before alone."""
    if after is None:
        return None
    back, size = after["back"], after["a0"].shape[1]
    return after | {"back": back.take(neurons, 1) if back.ndim == 2 and back.shape[1] == size else back}


class Shapes:
    """A network's lines on a tiny network."""

    def __init__(self, case: Exercise) -> None:
        self._tiny = Replayer(tiny(case), Answer({}, ""), Precision({}, {}, single=False))
        self._made: dict[tuple[Any, ...], Scope | None] = {}
        self._alike: dict[tuple[Any, ...], bool] = {}

    @cached_property
    def _done(self) -> dict[int, Scope]:
        """Each layer after the right pass."""
        return dict(backward(self._tiny.case, self._tiny.right, self._tiny.start.scopes))

    def fit(self, l: int, kind: str, texts: Mapping[str, str]) -> bool:
        """Whether lines, all of one stage of layer l, make arrays of the right shapes where all others are right."""
        here, start = self._tiny, self._tiny.start
        with np.errstate(all="ignore"):
            if kind == "forward":
                return here.started(here.right.changed(texts, [l]), first=l) is not None
            if kind == "back":
                return here.back(start, l, self._done[l], texts["back"]) is not None
            return self._with(l, texts) is not None

    def _with(self, l: int, texts: Mapping[str, str]) -> Scope | None:
        """Layer l with these lines in it, where all others are right; None if they do not fit."""
        key = (l, *texts.items())
        if key not in self._made:
            here, start = self._tiny, self._tiny.start
            if texts.keys() <= {*SUMS}:
                self._made[key] = here.resummed(start, l, self._done[l], texts)
            else:
                self._made[key] = here.layer(start, l, self._done.get(l + 1), texts)
        return self._made[key]

    def alike(self, l: int, texts: Mapping[str, str]) -> bool:
        """Whether layer l with each of these lines makes of a part what it makes there of the whole."""
        each = [{line: text} for line, text in texts.items()] or [{}]  # without others the right ones are asked
        keys = [(l, *lines.items()) for lines in each]
        for key, lines in zip(keys, each, strict=True):
            if key not in self._alike:
                with np.errstate(all="ignore"):
                    self._alike[key] = self._is_alike(l, lines)
        return all(self._alike[key] for key in keys)

    def _is_alike(self, l: int, texts: Mapping[str, str]) -> bool:
        here, after = self._tiny, self._done.get(l + 1)
        whole = self._with(l, texts)
        if whole is None or any("dW_" in text for text in texts.values()):  # of which no part is taken
            return False
        neurons, inputs = ([k % size for k in some] for some, size in zip(_APART, whole["W"].shape, strict=True))
        part = here.layer(part_of_start(here.start, l, neurons, inputs), l, part_behind(after, neurons), texts)
        if part is None or whole["dW"].shape != whole["W"].shape or np.shape(whole["db"]) != whole["b"].shape:
            return False
        pairs = ((part["dW"], whole["dW"][neurons][:, inputs]), (part["db"], whole["db"][neurons]))
        return all(one.shape == other.shape and np.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in pairs)
