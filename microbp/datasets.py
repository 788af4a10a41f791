"""Small seeded data sets, made with NumPy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def moons(n: int, noise: float = 0.1, seed: int | None = None) -> tuple[Floats, Floats]:
    """Two half circles that reach into each other: X of shape (n, 2), y of shape (n,) with −1 and +1.

    >>> X, y = moons(100, seed=0)
    >>> X.shape, y.sum()
    ((100, 2), np.float64(0.0))
    """
    rng = np.random.default_rng(seed)
    upper = np.linspace(0, np.pi, n - n // 2)
    lower = np.linspace(0, np.pi, n // 2)
    X = np.concatenate(
        [np.column_stack([np.cos(upper), np.sin(upper)]), np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])]
    )
    y = np.repeat([-1.0, 1.0], [len(upper), len(lower)])
    order = rng.permutation(n)
    return (X + rng.normal(scale=noise, size=X.shape))[order], y[order]
