"""The forward and the backward pass of a batch, and the gradients that come of them.

>>> loss, dW, db = loss_and_gradients([[[2.0]]], [[0.0]], [[3.0]], [[5.0]])
>>> loss, dW[0].item(), db[0].item()
(0.5, 3.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.vectorized.checks import CheckedNetwork, checked_network, checked_targets
from microbp.vectorized.functions import LOSSES, LOSSES_OF_NET, OUTPUTS, Array

Arrays = Sequence[ArrayLike]
Names = str | Sequence[str]


def forward(
    weights: Arrays, biases: Arrays, X: ArrayLike, *, activation: Names = "relu", output: str = "linear"
) -> tuple[list[Array], list[Array]]:
    """Computes the nets [z1 … zL] and the activations [X, a1 … aL] of a batch.

    weights[l] has shape (n_out, n_in), biases[l] (n_out,), X (m, n_in); each z and a has shape (m, n_out) of its layer.
    `activation` is one name for all hidden layers or a sequence with one for each. Raises `ValueError` for an unknown
    name and for shapes that do not fit.

    >>> [z.tolist() for z in forward([[[1, -1], [2, 0]], [[1, 3]]], [[0, -4], [0.5]], [[2, 1], [3, 5]])[0]]
    [[[1.0, 0.0], [-2.0, 2.0]], [[1.5], [6.5]]]
    """
    return _forward(checked_network(weights, biases, X, activation, output))


def deltas(
    weights: Arrays, biases: Arrays, X: ArrayLike, Y: ArrayLike,
    *, activation: Names = "relu", output: str = "linear", loss: str = "half_squared_error",
) -> list[Array]:  # fmt: skip
    """Computes the deltas [δ1 … δL], where δl = ∂loss/∂zl, with the 1/m of a loss that has one.

    Shapes and errors as for `forward`, Y (m, n_out); each δ has shape (m, n_out) of its layer.

    >>> [delta.tolist() for delta in deltas([[[1, -1], [2, 0]], [[1, 3]]], [[0, -4], [0.5]], [[2, 1]], [[1]])]
    [[[0.5, 0.0]], [[0.5]]]
    """
    network = checked_network(weights, biases, X, activation, output)
    return _deltas(network, *_forward(network), checked_targets(network, Y, loss), loss)


def loss_and_gradients(
    weights: Arrays, biases: Arrays, X: ArrayLike, Y: ArrayLike,
    *, activation: Names = "relu", output: str = "linear", loss: str = "half_squared_error", l2: float = 0.0,
    penalize_biases: bool = False, backward_weights: Arrays | None = None, checked: bool = False,
) -> tuple[float, list[Array], list[Array]]:  # fmt: skip
    """Computes the loss of a batch and its gradients [dW1 … dWL] and [db1 … dbL].

    Shapes and errors as for `deltas`; each gradient is shaped like its parameter. `l2` is the λ of a penalty
    λ/(2m)·ΣW², which leaves the biases alone. `backward_weights` take the place of the weights in the backward pass,
    as if these had been changed before the pass was over. In a loop what was `checked` before is taken as it is.

    >>> loss, dW, db = loss_and_gradients([[[2, -1]]], [[1]], [[1, 1], [3, 0]], [[0], [6]], l2=0.4)
    >>> loss, dW[0].round(6).tolist(), db[0].tolist()
    (3.0, [[5.4, 1.8]], [3.0])
    """
    network = checked_network(weights, biases, X, activation, output, checked)
    y: Any = Y if checked else checked_targets(network, Y, loss)
    zs, activations = _forward(network)
    of_net = LOSSES_OF_NET.get((loss, network.names[-1]))
    total = float(of_net[0](zs[-1], y) if of_net else LOSSES[loss][0](activations[-1], y)) + 0.0  # no −0.0
    if l2:
        total += l2 / 2 / len(y) * sum(float(np.sum(p**2)) for p in network.weights + network.biases * penalize_biases)
    if backward_weights is not None:
        network = checked_network(backward_weights, biases, X, activation, output, checked)
    ds = _deltas(network, zs, activations, y, loss)
    of_weights, of_biases = l2 / len(y), l2 / len(y) if penalize_biases else 0.0
    dW = [d.T @ a + of_weights * W for d, a, W in zip(ds, activations[:-1], network.weights, strict=True)]
    return total, dW, [d.sum(axis=0) + of_biases * b for d, b in zip(ds, network.biases, strict=True)]


def _forward(network: CheckedNetwork) -> tuple[list[Array], list[Array]]:
    zs, activations = [], [network.X]
    for W, b, name in zip(network.weights, network.biases, network.names, strict=True):
        zs.append(activations[-1] @ W.T + b)
        activations.append(OUTPUTS[name][0](zs[-1]))
    return zs, activations


def _deltas(network: CheckedNetwork, zs: list[Array], activations: list[Array], y: Array, loss: str) -> list[Array]:
    slopes = [OUTPUTS[name][1](z, a) for name, z, a in zip(network.names, zs, activations[1:], strict=True)]
    of_net = LOSSES_OF_NET.get((loss, network.names[-1]))
    ds = [of_net[1](zs[-1], y) if of_net else LOSSES[loss][1](activations[-1], y) * slopes[-1]]
    for W, slope in zip(network.weights[:0:-1], slopes[-2::-1], strict=True):
        ds.append((ds[-1] @ W) * slope)
    return ds[::-1]
