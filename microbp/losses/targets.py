"""The targets that a loss is for: in words, as a test, and as a way to make some.

>>> SIGNS.fit(np.array([[1.0], [0.0]])), PROBABILITIES.words
(False, 'from 0 to 1')
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Targets(NamedTuple):
    """The targets that a loss is for."""

    words: str
    fit: Callable[[Floats], bool]
    """Whether an array of shape (m, n_out) has such targets alone."""
    sample: Callable[[np.random.Generator, tuple[int, int]], Floats]
    """Random ones of this shape, with few digits, so that they can be typed."""
    between: float | None = None
    """What lies between the targets of two classes; `None` if they stand for no classes."""


NUMBERS = Targets("any numbers", lambda Y: True, lambda rng, shape: rng.normal(size=shape).round(2))
PROBABILITIES = Targets(
    "from 0 to 1",
    lambda Y: bool(np.all((Y >= 0) & (Y <= 1))),
    lambda rng, shape: rng.integers(0, 2, size=shape).astype(np.float64),
    0.5,
)
SIGNS = Targets(
    "−1 or +1", lambda Y: bool(np.all(np.abs(Y) == 1)), lambda rng, shape: rng.choice([-1.0, 1.0], size=shape), 0.0
)
SHARES = Targets(
    "0 or more, for two outputs or more",
    lambda Y: Y.shape[1] > 1 and bool(np.all(Y >= 0)),
    lambda rng, shape: np.eye(shape[1])[rng.integers(0, shape[1], size=shape[0])],
    0.5,
)
