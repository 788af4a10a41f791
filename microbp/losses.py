"""Losses, each composed from operations of the table: no new derivatives.

Outputs are given as m rows of n values (or one flat row), targets as numbers in the same shape. The names
and conventions are those of `microbp.vectorized`, which derives them a second time, in matrix form.

>>> from microbp import Value
>>> loss = half_squared_error([Value(0.75), Value(0.77)], [0.01, 0.99])
>>> loss.data
0.298
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.engine import OPS, Value
from microbp.engine.families import total
from microbp.errors import ShapeError, UnknownNameError, unknown
from microbp.nn import MLP

SMALLEST_PROBABILITY = 1e-12
"""What binary_cross_entropy takes the logarithm of instead of anything smaller, if its outputs are no sigmoids."""


def _rows(outputs: Any, targets: Any) -> list[tuple[NDArray[Any], list[float]]]:
    a = np.atleast_2d(np.array(outputs, dtype=object))
    y = np.atleast_2d(np.array(targets, dtype=np.float64))
    if a.shape != y.shape:
        raise ShapeError(f"a loss needs outputs and targets of the same shape (m, n_out), got {a.shape} and {y.shape}")
    return list(zip(a, y.tolist(), strict=True))


def _pairs(outputs: Any, targets: Any) -> list[tuple[Any, float]]:
    return [pair for row, y in _rows(outputs, targets) for pair in zip(row, y, strict=True)]


def half_squared_error(outputs: Any, targets: Any) -> Value:
    """Σ ½(t − o)², summed over rows and outputs: nothing is divided by m."""
    return total([0.5 * (t - o) ** 2 for o, t in _pairs(outputs, targets)])


def squared_error(outputs: Any, targets: Any) -> Value:
    """Σ (t − o)², summed over rows and outputs."""
    return total([(t - o) ** 2 for o, t in _pairs(outputs, targets)])


def squared_error_per_sample(outputs: Any, targets: Any) -> Value:
    """1/m · Σ (t − o)², summed over outputs, averaged over the m rows."""
    return total([(t - o) ** 2 for o, t in _pairs(outputs, targets)]) / len(_rows(outputs, targets))


def mean_squared_error(outputs: Any, targets: Any) -> Value:
    """The mean of (t − o)² over all m·n entries."""
    pairs = _pairs(outputs, targets)
    return total([(t - o) ** 2 for o, t in pairs]) / len(pairs)


def binary_cross_entropy(outputs: Any, targets: Any) -> Value:
    """1/m · Σ −[y log a + (1 − y) log(1 − a)], where the outputs a are probabilities.

    Of an output a = σ(z) the logarithms are taken from its net, −log a = softplus(−z) and −log(1 − a) = softplus(z), so
    that loss and gradient are right at every z, also where a is 0 or 1 in double precision. Of any other output no
    logarithm is taken of less than `SMALLEST_PROBABILITY`: finite at 0 and 1.

    >>> z = Value(-1000.0)
    >>> loss = binary_cross_entropy([z.sigmoid()], [1.0])
    >>> loss.backward()
    >>> loss.data, z.grad
    (1000.0, -1.0)
    >>> binary_cross_entropy([Value(0.0)], [1.0]).data
    27.631021115928547
    """
    rows = _rows(outputs, targets)
    terms = [
        surprise(a) * factor
        for row, y in rows
        for a, t in zip(row, y, strict=True)
        for factor, surprise in ((t, _surprise), (1 - t, _surprise_of_rest))
        if factor
    ]
    return total(terms) / len(rows)


def _surprise(a: Any) -> Value:
    """−log a."""
    net = _net_of_sigmoid(a)
    found: Value = -a.max(SMALLEST_PROBABILITY).log() if net is None else (-net).softplus()
    return found


def _surprise_of_rest(a: Any) -> Value:
    """−log(1 − a)."""
    net = _net_of_sigmoid(a)
    found: Value = -(1 - a).max(SMALLEST_PROBABILITY).log() if net is None else net.softplus()
    return found


def _net_of_sigmoid(a: Any) -> Value | None:
    """The z of an output that is σ(z)."""
    return a.inputs[0] if isinstance(a, Value) and a.op is OPS["sigmoid"] else None


def hinge(outputs: Any, targets: Any) -> Value:
    """1/m · Σ max(0, 1 − y·a), for targets −1 and +1: the loss of micrograd's demo."""
    rows = _rows(outputs, targets)
    return total([(1 - t * a).relu() for row, y in rows for a, t in zip(row, y, strict=True)]) / len(rows)


def softmax_cross_entropy(outputs: Any, targets: Any) -> Value:
    """1/m · Σ −y · log softmax(o), where the outputs o are logits; stable for logits of any size.

    >>> round(softmax_cross_entropy([Value(1000.0), Value(999.0)], [0.0, 1.0]).data, 6)
    1.313262
    """
    terms = []
    rows = _rows(outputs, targets)
    for row, y in rows:
        # log Σ e^o is the largest logit plus log1p of the others: so 1 − p keeps its digits where p rounds to 1.
        k = max(range(len(row)), key=lambda j: row[j].data)
        largest, others = row[k], [o for j, o in enumerate(row) if j != k]
        if others:
            terms.append(total([(o - largest).exp() for o in others]).log1p() * sum(y))
        terms += [(largest - o) * t for o, t in zip(row, y, strict=True) if t and (o is not largest or not others)]
    return total(terms) / len(rows)


LOSSES: dict[str, Callable[[Any, Any], Value]] = {
    loss.__name__: loss
    for loss in (
        half_squared_error,
        squared_error,
        squared_error_per_sample,
        mean_squared_error,
        binary_cross_entropy,
        hinge,
        softmax_cross_entropy,
    )
}
"""Every loss by name."""


def l2_penalty(weights: MLP | Sequence[Value], l2: float, m: int) -> Value:
    """λ/2m · Σ w², over the weights of a network (its biases are not penalised) or over the values given.

    >>> l2_penalty([Value(3.0), Value(4.0)], l2=0.2, m=5).data
    0.5
    """
    if isinstance(weights, MLP):
        weights = [w for matrix in weights.parameter_arrays()[::2] for w in matrix.flat]
    return total([w**2 for w in weights]) * (l2 / (2 * m))


def batch_loss(model: MLP, X: Any, Y: Any, loss: str, l2: float = 0.0) -> Value:
    """The loss of a whole batch as one graph: X of shape (m, n_in), Y of shape (m, n_out); with l2, plus λ/2m Σ w².

    Raises `UnknownNameError` for a loss that is not in `LOSSES`.
    """
    if loss not in LOSSES:
        raise UnknownNameError(unknown("loss", loss, LOSSES))
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2:
        raise ShapeError(f"a batch needs X of shape (m, n_in), got {X.shape}. One sample is X.reshape(1, -1).")
    outputs = [np.atleast_1d(np.array(model(x), dtype=object)) for x in X.tolist()]
    root = LOSSES[loss](outputs, Y)
    return root + l2_penalty(model, l2, len(X)) if l2 else root
