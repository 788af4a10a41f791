"""What rounding does to a pass in single precision.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> noise = noise_of(case, Answer({"dW2": case.truth[1]["dW2"]}, "arrays by name"))
>>> bool(0 < noise["dW2"].max() < 1e-6)
True
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.derivation.backprop import backward, forward_scopes, one_at_a_time, pass_of
from microbp.problems.exercise import Exercise, Floats

SINGLE = float(np.finfo(np.float32).eps)
OF_HALF = float(np.finfo(np.float16).eps) / SINGLE
"""How many times as large the rounding errors of a pass in float16 are."""


class Noise(dict[str, Floats]):
    """The rounding errors of each array, computed when they are asked for: last layers first."""

    def __init__(self, found: Iterator[tuple[str, Floats]]) -> None:
        self._found = found

    def __missing__(self, name: str) -> Floats:
        with np.errstate(all="ignore"):
            for found, noise in self._found:
                self[found] = noise
                if found == name:
                    return noise
        raise KeyError(name)


def noise_of(case: Exercise, given: Answer) -> Noise:
    """The rounding errors of single precision: as large, for the terms of its sum, as the worst of its neuron."""
    return Noise(_each(case, given))


def _each(case: Exercise, given: Answer) -> Iterator[tuple[str, Floats]]:
    right, lines = case.truth[1], pass_of(case)
    scopes = forward_scopes(case, lines)
    # Where a − y is all but 0, what rounding does to a is all of δ: so much at least.
    near = [case.Y + signs * SINGLE * np.abs(case.Y) for signs in (1.0, _alternating(case.Y))]
    others = [one_at_a_time(case, lines, [*scopes[:-1], scopes[-1] | {"y": Y, "known": {}}]) for Y in near]
    others.append(one_at_a_time(case, lines.changed({"precision": "single"}, ())))
    for l, scope in backward(case, lines, scopes):
        W, b, delta = f"dW{l}", f"db{l}", np.abs(scope["d"])
        sizes = {W: delta.T @ np.abs(scope["a0"]) + np.abs(scope["l2W"]), b: delta.sum(axis=0)}
        *moved, rough = (dict([next(other), next(other)]) for other in others)
        errors = np.column_stack([np.abs(rough[name] - right[name]) / sizes[name] for name in (W, b)])
        level = np.maximum(np.nan_to_num(errors, nan=0.0, posinf=0.0).max(axis=1), SINGLE)
        for name, own in ((W, level[:, None] * sizes[W]), (b, level * sizes[b])):
            if name in given.arrays:
                noise = np.max([own, *(np.abs(other[name] - right[name]) for other in moved)], axis=0)
                selected = given.select(name, noise)
                yield name, np.full(given.numbers(name).shape, noise.max()) if selected is None else selected


def _alternating(Y: Floats) -> Floats:
    """1 and −1 like a chessboard."""
    return np.asarray(1.0 - 2.0 * (np.indices(Y.shape).sum(axis=0) % 2), dtype=np.float64)
