"""The parameters of a network as arrays, as one vector, and as the θ of the matrix-form texts.

>>> import numpy as np
>>> weights, biases = [np.array([[0.15, 0.2], [0.25, 0.3]])], [np.array([0.35, 0.36])]
>>> to_theta(weights, biases)[0].tolist()
[[0.35, 0.15, 0.2], [0.36, 0.25, 0.3]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp.engine import Value
from microbp.errors import ShapeError

Floats = NDArray[np.float64]


def to_theta(weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> list[Floats]:
    """For each layer the matrix Θ of shape (n_out, 1 + n_in), with the bias in column 0; for gradients as well.

    Raises `ShapeError` for arrays that are no layer's.
    """
    if len(weights) != len(biases):
        raise ShapeError(f"each layer needs weights and biases, got {len(weights)} and {len(biases)}")
    thetas = []
    for l, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
        W, b = np.asarray(W, dtype=np.float64), np.asarray(b, dtype=np.float64)
        if W.ndim != 2 or b.shape != W.shape[:1]:
            raise ShapeError(
                f"layer {l} needs weights of shape (n_out, n_in) and biases of shape (n_out,), "
                f"got {W.shape} and {b.shape}"
            )
        thetas.append(np.column_stack([b, W]))
    return thetas


def from_theta(thetas: Sequence[ArrayLike]) -> tuple[list[Floats], list[Floats]]:
    """The weights and the biases out of matrices with the bias in column 0: what `to_theta` takes.

    >>> weights, biases = from_theta([[[0.35, 0.15, 0.2]]])
    >>> weights[0].tolist(), biases[0].tolist()
    ([[0.15, 0.2]], [0.35])
    """
    matrices = [np.array(theta, dtype=np.float64) for theta in thetas]
    for l, theta in enumerate(matrices, 1):
        if theta.ndim != 2 or theta.shape[1] < 2:
            raise ShapeError(f"layer {l} needs Θ of shape (n_out, 1 + n_in), the bias in column 0, got {theta.shape}")
    return [theta[:, 1:] for theta in matrices], [theta[:, 0] for theta in matrices]


class LeafPlaces:
    """Where each leaf stands in the arrays of a network: in more than one place if it is shared.

    >>> from microbp.nn.network import MLP
    >>> model = MLP(2, [1], seed=0)
    >>> layout = LeafPlaces(model.parameter_arrays())
    >>> layout.collect([np.array([[1.0, 2.0]]), np.array([3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, arrays: Sequence[NDArray[Any]]) -> None:
        self.leaves: list[Value] = list(dict.fromkeys(value for array in arrays for value in array.flat))
        place = {leaf: k for k, leaf in enumerate(self.leaves)}
        self.index = [np.array([place[value] for value in array.flat]).reshape(array.shape) for array in arrays]
        self._all = np.concatenate([index.ravel() for index in self.index])

    def spread(self, vector: Floats) -> list[Floats]:
        """A number for each leaf, written into the arrays at all its places."""
        return [vector[index] for index in self.index]

    def collect(self, arrays: Sequence[Floats]) -> Floats:
        """For each leaf the sum over all its places: what its gradient is if these are the gradients there."""
        numbers = np.concatenate([array.ravel() for array in arrays])
        sums: Floats = np.bincount(self._all, weights=numbers, minlength=len(self.leaves)).astype(np.float64)
        return sums
