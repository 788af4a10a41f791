"""The gradients of a network in one flat vector: which number is which.

>>> import numpy as np
>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> for given in flat_readings(exercise_of(load("w1-w8")), np.arange(12.0), None):
...     print(given.order, given.arrays["dW1"].tolist(), given.arrays["db1"].tolist())
rows [[0.0, 1.0], [2.0, 3.0]] [4.0, 5.0]
columns [[0.0, 2.0], [1.0, 3.0]] [4.0, 5.0]
weights-rows [[0.0, 1.0], [2.0, 3.0]] [8.0, 9.0]
weights-columns [[0.0, 2.0], [1.0, 3.0]] [8.0, 9.0]
neurons [[0.0, 1.0], [3.0, 4.0]] [2.0, 5.0]
theta-rows [[1.0, 2.0], [4.0, 5.0]] [0.0, 3.0]
theta-columns [[2.0, 4.0], [3.0, 5.0]] [0.0, 1.0]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.errors import ShapeError
from microbp.problems.exercise import Exercise, Floats, Gradients

ORDERS = {
    "rows": "W1, b1, W2, b2, … one after the other, each row by row",
    "columns": "W1, b1, W2, b2, … one after the other, each column by column",
    "weights-rows": "W1, W2, …, then b1, b2, …, each row by row",
    "weights-columns": "W1, W2, …, then b1, b2, …, each column by column",
    "neurons": "the weights of a neuron, then its bias, neuron by neuron: [p.grad for p in model.parameters()]",
    "theta-rows": "Θ1, Θ2, … one after the other, the bias in column 0, each row by row",
    "theta-columns": "Θ1, Θ2, … one after the other, the bias in column 0, each column by column, as Θ(:) in Octave",
}
"""How one flat vector may hold the gradients of a network."""
OrderName = Literal["rows", "columns", "weights-rows", "weights-columns", "neurons", "theta-rows", "theta-columns"]
"""All of these, for type checkers."""


def flat_readings(case: Exercise, vector: Floats, order: str | None) -> Iterator[Answer]:
    """A vector in each order, or in the one that is given. Raises `ShapeError` for another number of numbers."""
    W, b = ([case.shape(name) for name in names] for names in (case.names[::2], case.names[1::2]))
    weights = sum(n * k for n, k in W)
    sizes = {"each with its biases": weights + sum(n for (n,) in b), "the weights alone": weights}
    if case.shared:
        sizes["with one bias a layer"] = weights + len(b)
    if len(vector) not in sizes.values():
        words = " or ".join(f"{size} ({what})" for what, size in sizes.items())
        raise ShapeError(f"a flat vector of this network's gradients needs {words} numbers, got {len(vector)}")
    (n_bias,) = {len(vector) - weights} & {0, sum(n for (n,) in b), len(b)}
    each = n_bias == sum(n for (n,) in b)
    shapes: dict[str, tuple[int, ...]] = {f"dW{l}": shape for l, shape in enumerate(W, 1)}
    if n_bias:
        shapes |= {f"db{l}": (n if each else 1,) for l, (n,) in enumerate(b, 1)}
    in_turn = {name: shapes[name] for name in case.names if name in shapes}
    for name in [order] if order else ORDERS:
        by: Literal["F", "C"] = "F" if name.endswith("columns") else "C"
        if not name.startswith(("theta", "neurons")):
            found = _cut(vector, shapes if name.startswith("weights") else in_turn, by)
            yield Answer({key: found[key] for key in in_turn}, "flat vector", {}, frozenset(), name)
        elif each:
            thetas = _cut(vector, {f"{l}": (n, k + 1) for l, (n, k) in enumerate(W, 1)}, by)
            last, first = {"W": slice(None, -1), "b": -1}, {"W": slice(1, None), "b": 0}
            where: dict[str, Any] = last if name == "neurons" else first
            arrays = {f"d{kind}{l}": t[:, at] for l, t in thetas.items() for kind, at in where.items()}
            yield Answer(arrays, "flat vector", {}, frozenset(), name)


def _cut(vector: Floats, shapes: Mapping[str, tuple[int, ...]], order: Literal["F", "C"]) -> Gradients:
    """The arrays of these names and shapes, one after the other in the vector."""
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
    pieces = zip(shapes.items(), np.split(vector, ends[:-1]), strict=True)
    return {name: piece.reshape(shape, order=order) for (name, shape), piece in pieces}


def ambiguous(readings: list[Answer]) -> str:
    """Says that a flat vector could have several orders."""
    orders = dict.fromkeys(given.order for given in readings)
    choices = "; ".join(f"{order!r}: {ORDERS[order or 'rows']}" for order in orders)
    return f"one flat vector can hold these gradients in several ways: say which with order=…: {choices}"


def in_order(case: Exercise, order: str) -> Floats:
    """The parameters of a network in one vector, in this order: what `flat_readings` takes apart."""
    thetas = [np.column_stack([b, W]) for W, b in zip(case.weights, case.biases, strict=True)]
    by: Literal["F", "C"] = "F" if order.endswith("columns") else "C"
    if order == "neurons":
        thetas = [np.column_stack([W, b]) for W, b in zip(case.weights, case.biases, strict=True)]
    if order == "neurons" or order.startswith("theta"):
        return np.concatenate([theta.ravel(by) for theta in thetas])
    arrays = [array for pair in zip(case.weights, case.biases, strict=True) for array in pair]
    if order.startswith("weights"):
        arrays = [*case.weights, *case.biases]
    return np.concatenate([array.ravel(by) for array in arrays])
