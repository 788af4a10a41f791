"""Every activation and every loss, each with its derivative, worked out by hand.

>>> f, slope = ACTIVATIONS["sigmoid"]
>>> z = np.array([[0.0]])
>>> f(z).item(), slope(z, f(z)).item()
(0.5, 0.25)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SMALLEST_PROBABILITY = 1e-12  # of anything smaller binary_cross_entropy takes no logarithm


def _sigmoid(z: Array) -> Array:
    return np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))  # never overflows


def _sigmoid_slope(z: Array) -> Array:  # σ(z)·σ(−z): 1 − σ(z) has lost its digits where σ(z) rounds to 1
    e = np.exp(-np.abs(z))
    d = 1.0 + e
    return e / d * (1.0 / d)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "linear": (lambda z: z.copy(), lambda z, a: np.ones_like(z)),
    "sigmoid": (_sigmoid, lambda z, a: _sigmoid_slope(z)),
    "tanh": (np.tanh, lambda z, a: 4.0 * _sigmoid_slope(2.0 * z)),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z, a: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z, a: np.where(z > 0, 1.0, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))), lambda z, a: np.exp(np.minimum(z, 0.0))),
    "softplus": (lambda z: np.logaddexp(0.0, z), lambda z, a: _sigmoid(z)),
}
"""Every activation f by name: f(z), and f′ from z and a = f(z)."""


def _log(p: Array) -> tuple[Array, Array]:  # log max(p, ε) and its derivative, half of it at the tie
    clipped = np.maximum(p, SMALLEST_PROBABILITY)
    return np.log(clipped), np.heaviside(p - SMALLEST_PROBABILITY, 0.5) / clipped


def _log_softmax(a: Array) -> tuple[Array, Array, Array]:
    """Has log p, where the largest p of a row is, and 1 − p there: from the others, since that p may round to 1."""
    shifted, largest = a - a.max(axis=1, keepdims=True), np.arange(a.shape[1]) == a.argmax(axis=1)[:, None]
    others = np.where(largest, 0.0, np.exp(shifted)).sum(axis=1, keepdims=True)
    return shifted - np.log1p(others), largest, others / (1.0 + others)


def _cross_entropy_of_softmax_delta(a: Array, y: Array) -> Array:  # p·Σy − y
    (log_p, largest, rest), of_row = _log_softmax(a), y.sum(axis=1, keepdims=True)
    return np.asarray(np.where(largest, (of_row - y) - of_row * rest, np.exp(log_p) * of_row - y))


def softmax(a: Array) -> Array:
    """Has the probabilities that logits a of shape (m, n) stand for: each row adds up to 1."""
    return np.asarray(np.exp(_log_softmax(a)[0]))


OUTPUTS = ACTIVATIONS | {"softmax": (softmax, lambda z, a: a * (1.0 - a))}
"""The same, and what the last layer may make of its nets besides: of softmax only the diagonal of ∂a/∂z stands here."""
Loss = tuple[Callable[[Array, Array], Any], Callable[[Array, Array], Array]]
_BINARY = "binary_cross_entropy_sum", "binary_cross_entropy", "mean_binary_cross_entropy"
_SUMS: dict[tuple[str, ...], Loss] = {
    ("half_squared_error", "half_squared_error_per_sample", "half_mean_squared_error"): (
        lambda a, y: np.sum(0.5 * (y - a) ** 2), lambda a, y: a - y),
    ("squared_error", "squared_error_per_sample", "mean_squared_error"): (
        lambda a, y: np.sum((y - a) ** 2), lambda a, y: 2.0 * (a - y)),
    _BINARY: (
        lambda a, y: -np.sum(y * _log(a)[0] + (1.0 - y) * _log(1.0 - a)[0]),
        lambda a, y: -(y * _log(a)[1] - (1.0 - y) * _log(1.0 - a)[1])),
    ("hinge_sum", "hinge", "mean_hinge"): (
        lambda a, y: np.sum(np.maximum(0.0, 1.0 - y * a)), lambda a, y: np.where(1.0 - y * a > 0, -y, 0.0)),
    ("softmax_cross_entropy_sum", "softmax_cross_entropy", "mean_softmax_cross_entropy"): (
        lambda a, y: -np.sum(y * _log_softmax(a)[0]), _cross_entropy_of_softmax_delta),
}  # fmt: skip  # a loss reads best as one paragraph: its names, its sum, the derivative of that
_OF_NET: Loss = (  # −log σ(z) is softplus(−z), −log(1 − σ(z)) softplus(z): together a − y
    lambda z, y: np.sum(y * np.logaddexp(0.0, -z) + (1.0 - y) * np.logaddexp(0.0, z)),
    lambda z, y: (1.0 - y) * _sigmoid(z) - y * _sigmoid(-z),
)
_PARTS: tuple[Callable[[Array], int], ...] = (lambda a: 1, len, np.size)  # by what each of the three names divides


def _of_softmax(loss: Loss) -> Loss:  # ∂a[i,k]/∂z[i,j] = a[i,k]·(1{j = k} − a[i,j])
    def delta(z: Array, y: Array) -> Array:
        a = softmax(z)
        up = loss[1](a, y)
        return np.asarray(a * (up - (up * a).sum(axis=1, keepdims=True)))

    return lambda z, y: loss[0](softmax(z), y), delta


def _divided(loss: Loss, by: Callable[[Array], int]) -> Loss:
    return lambda a, y: loss[0](a, y) / by(a), lambda a, y: loss[1](a, y) / by(a)


LOSSES = {n: _divided(loss, by) for names, loss in _SUMS.items() for n, by in zip(names, _PARTS, strict=True)}
"""Every loss by name: loss and ∂loss/∂a, both from output activations a and targets y of shape (m, n_out)."""
LOSSES_OF_NET = {(name, "sigmoid"): _divided(_OF_NET, by) for name, by in zip(_BINARY, _PARTS, strict=True)}
LOSSES_OF_NET |= {(name, "softmax"): _of_softmax(loss) for name, loss in LOSSES.items()}
"""By loss and output activation: loss and ∂loss/∂z = δL from z and y, right also where a sigmoid rounds to 0 or 1."""
