"""Weights to begin with: a seeded rule by name, or numbers that are the same everywhere.

>>> weights, biases = start([2, 3, 1], "glorot", seed=0)
>>> [W.shape for W in weights], [b.shape for b in biases]
([(3, 2), (1, 3)], [(3,), (1,)])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from microbp.datasets import sin_filled
from microbp.errors import ShapeError, UnknownNameError, nearest
from microbp.nn.arrays import from_theta

Floats = NDArray[np.float64]
Rule = Callable[[np.random.Generator, int, int], Floats]

INITS: dict[str, Rule] = {
    "uniform": lambda rng, n_out, n_in: _no_bias(rng.uniform(-1, 1, (n_out, n_in))),
    "glorot": lambda rng, n_out, n_in: _no_bias(rng.uniform(-1, 1, (n_out, n_in)) * np.sqrt(6 / (n_in + n_out))),
    "he": lambda rng, n_out, n_in: _no_bias(rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in))),
    "sin": lambda rng, n_out, n_in: sin_filled(n_out, 1 + n_in),
}
"""Θ of shape (n_out, 1 + n_in) by rule: uniform in −1 … 1; Glorot and Bengio 2010, for tanh and sigmoid; He et al.
2015, for relu; and sin(1)/10, sin(2)/10, … column by column, biases too, as in the gradient-checking exercise.
"""


def _no_bias(W: Floats) -> Floats:
    return np.column_stack([np.zeros(len(W)), W])


def start(sizes: Sequence[int], init: str = "glorot", seed: int = 0) -> tuple[list[Floats], list[Floats]]:
    """Weights of shape (n_out, n_in) and biases of shape (n_out,) for each layer, the inputs being the first size.

    Raises `UnknownNameError` for a rule that is not in `INITS`, `ShapeError` for less than two sizes.
    """
    if init not in INITS:
        raise UnknownNameError(nearest("init", init, INITS))
    if len(sizes) < 2 or min(sizes) < 1:
        raise ShapeError(f"a network needs two sizes or more, inputs first, each 1 or more, got {list(sizes)}")
    rng = np.random.default_rng(seed)
    return from_theta([INITS[init](rng, n, m) for m, n in pairwise(sizes)])
