"""The gradients of a network in one flat vector: which number is which.

>>> import numpy as np
>>> from microbp import load
>>> from microbp.learner.cases import case_of
>>> for given in flat_readings(case_of(load("w1-w8")), np.arange(12.0), None):
...     print(given.layout, given.arrays["dW1"].tolist(), given.arrays["db1"].tolist())
rows [[0.0, 1.0], [2.0, 3.0]] [4.0, 5.0]
columns [[0.0, 2.0], [1.0, 3.0]] [4.0, 5.0]
theta-rows [[1.0, 2.0], [4.0, 5.0]] [0.0, 3.0]
theta-columns [[2.0, 4.0], [3.0, 5.0]] [0.0, 1.0]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from microbp.errors import ShapeError
from microbp.learner.cases import Case, Floats, Gradients
from microbp.learner.given import Given

LAYOUTS = {
    "rows": "W1, b1, W2, b2, … one after the other, each row by row",
    "columns": "W1, b1, W2, b2, … one after the other, each column by column",
    "theta-rows": "Θ1, Θ2, … one after the other, the bias in column 0, each row by row",
    "theta-columns": "Θ1, Θ2, … one after the other, the bias in column 0, each column by column, as Θ(:) in Octave",
}
"""How one flat vector may hold the gradients of a network."""


def flat_readings(case: Case, vector: Floats, layout: str | None) -> Iterator[Given]:
    """A vector in each layout, or in the one that is given. Raises `ShapeError` for another number of numbers."""
    W, b = ([case.shape(name) for name in names] for names in (case.names[::2], case.names[1::2]))
    weights = sum(n * k for n, k in W)
    sizes = {"each with its biases": weights + sum(n for (n,) in b), "the weights alone": weights}
    if case.shared:
        sizes["with one bias a layer"] = weights + len(b)
    if len(vector) not in sizes.values():
        words = " or ".join(f"{size} ({what})" for what, size in sizes.items())
        raise ShapeError(f"a flat vector of this network's gradients needs {words} numbers, got {len(vector)}")
    (n_bias,) = {len(vector) - weights} & {0, sum(n for (n,) in b), len(b)}
    for name in [layout] if layout else LAYOUTS:
        theta = name.startswith("theta")
        order: Literal["F", "C"] = "F" if name.endswith("columns") else "C"
        if theta and n_bias != sizes["each with its biases"] - weights:
            continue
        arrays: Gradients = {}
        rest = vector
        for l, (n, k) in enumerate(W, 1):
            count = n if n_bias == sum(m for (m,) in b) else min(n_bias, 1)
            if theta:
                matrix, rest = rest[: n * (k + 1)].reshape((n, k + 1), order=order), rest[n * (k + 1) :]
                arrays[f"dW{l}"], arrays[f"db{l}"] = matrix[:, 1:], matrix[:, 0]
                continue
            arrays[f"dW{l}"], rest = rest[: n * k].reshape((n, k), order=order), rest[n * k :]
            if count:
                arrays[f"db{l}"], rest = rest[:count], rest[count:]
        yield Given(arrays, "flat vector", {}, frozenset(), name)


def ambiguous(readings: list[Given]) -> str:
    """Says that a flat vector could have several layouts."""
    layouts = dict.fromkeys(given.layout for given in readings)
    choices = "; ".join(f"{layout!r}: {LAYOUTS[layout or 'rows']}" for layout in layouts)
    return f"one flat vector can hold these gradients in several ways: say which with layout=…: {choices}"
