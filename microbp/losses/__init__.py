"""Losses, each a row: its sum composed from operations of the table, with a ½ or not, averaged over what is said.

Outputs are given as m rows of n values (or one flat row), targets as numbers in the same shape. The names
and conventions are those of `microbp.vectorized`, which derives them a second time, in matrix form.

>>> from microbp import Value
>>> loss = half_squared_error([Value(0.75), Value(0.77)], [0.01, 0.99])
>>> loss.data
0.298

To add a loss, write its sum in `sums`, its row in `rows`, and a second time in `microbp.vectorized`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from microbp.engine import Value
from microbp.engine.families import total
from microbp.errors import ProblemError, ShapeError
from microbp.losses.rows import ALIASES, LOSSES, OVER, Loss, LossName, loss_named
from microbp.losses.sums import SMALLEST_PROBABILITY
from microbp.losses.targets import Targets
from microbp.nn import MLP

__all__ = [
    "ALIASES",
    "LOSSES",
    "OVER",
    "SMALLEST_PROBABILITY",
    "Loss",
    "LossName",
    "Targets",
    "batch_loss",
    "l2_penalty",
    "loss_named",
    "loss_of",
]

half_squared_error, squared_error = LOSSES["half_squared_error"].graph, LOSSES["squared_error"].graph
squared_error_per_sample = LOSSES["squared_error_per_sample"].graph
mean_squared_error, hinge = LOSSES["mean_squared_error"].graph, LOSSES["hinge"].graph
binary_cross_entropy = LOSSES["binary_cross_entropy"].graph
softmax_cross_entropy = LOSSES["softmax_cross_entropy"].graph


def l2_penalty(weights: MLP | Sequence[Value], l2: float, m: int) -> Value:
    """λ/2m · Σ w², over the weights of a network (its biases are not penalised) or over the values given.

    >>> l2_penalty([Value(3.0), Value(4.0)], l2=0.2, m=5).data
    0.5
    """
    if isinstance(weights, MLP):
        weights = [w for matrix in weights.parameter_arrays()[::2] for w in matrix.flat]
    squares = total([w**2 for w in weights])
    squares.label = squares.label or "Σw²"
    penalty = squares * (l2 / (2 * m))
    penalty.label = "penalty"
    return penalty


def loss_of(model: MLP, name: str) -> LossName:
    """The name of a loss of this network by any of its names.

    Raises `UnknownNameError` for another name, and `ProblemError` where a softmax would be taken of a softmax.
    """
    output = model.activations()["output"]
    found = loss_named(name, output=output)
    if output == "softmax" and LOSSES[found].of == "softmax_cross_entropy":
        raise ProblemError(f'{found} takes the softmax of the outputs itself: give the network output="linear"')
    return found


def batch_loss(
    model: MLP,
    X: Any,
    Y: Any,
    loss: LossName,
    l2: float = 0.0,
    *,
    penalize_biases: bool = False,
    name: str = "",
    errors: Sequence[str] = (),
) -> Value:
    """The loss of a whole batch as one graph: X of shape (m, n_in), Y of shape (m, n_out); with l2, plus λ/2m Σ w².

    With `penalize_biases` that sum is over the biases too, over one that a layer shares once for each neuron. With a
    `name`, J, its parts have theirs: the shares of the samples J_1 … J_m, those of outputs J[0], … (or `errors`),
    J_data and penalty. Raises what `loss_of` does.
    """
    row = LOSSES[loss_of(model, loss)]
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2:
        raise ShapeError(f"a batch needs X of shape (m, n_in), got {X.shape}. One sample is X.reshape(1, -1).")
    outputs = [np.atleast_1d(np.array(model(x), dtype=object)) for x in X.tolist()]
    root = row.graph(outputs, Y, name, errors)
    if l2:
        root.label = f"{name}_data" if name else root.label
        arrays = model.parameter_arrays() if penalize_biases else model.parameter_arrays()[::2]
        root = root + l2_penalty([value for array in arrays for value in array.flat], l2, len(X))
    root.label = name
    return root
