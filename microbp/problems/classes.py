"""Losses of classes: what they ask of the targets, and where one class ends.

>>> CLASSES["binary_cross_entropy"].fit(np.array([[0.0], [2.0]]))
False
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Classes(NamedTuple):
    """What a loss of classes asks of the targets, and what lies between the targets of two classes."""

    between: float
    words: str
    fit: Callable[[NDArray[np.float64]], bool]


CLASSES = {
    "binary_cross_entropy": Classes(0.5, "from 0 to 1", lambda Y: bool(np.all((Y >= 0) & (Y <= 1)))),
    "hinge": Classes(0.0, "−1 or +1", lambda Y: bool(np.all(np.abs(Y) == 1))),
    "softmax_cross_entropy": Classes(
        0.5, "0 or more, for two outputs or more", lambda Y: Y.shape[1] > 1 and bool(np.all(Y >= 0))
    ),
}
"""The losses of classes."""
