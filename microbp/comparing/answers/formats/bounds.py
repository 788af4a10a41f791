"""How much a file of gradients may hold: it is looked at before anything is unpacked.

The largest problem has 100,000 parameters; intermediates of many samples are more.

>>> budget = Budget(numbers=10)
>>> budget.take("dW1", (2, 3)), budget.numbers
(6, 4)
>>> budget.take("dW2", (2, 3))
Traceback (most recent call last):
ValueError: dW2 has shape (2, 3): 4 more numbers may be read, of 10 in a file
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

MAX_BYTES = 30_000_000
MAX_NUMBERS = 1_000_000
MAX_NAMES = 10_000
MAX_DEPTH = 16
"""Brackets in brackets, or cells in cells."""


@dataclass
class Budget:
    """How many numbers may still be read from a file."""

    numbers: int = MAX_NUMBERS
    most: int = field(init=False)

    def __post_init__(self) -> None:
        self.most = self.numbers

    def take(self, name: str, shape: tuple[int, ...]) -> int:
        """The count of numbers in an array of that shape, taken from what may be read.

        Raises `ValueError` if it is more. A side of 0 does not make the others any shorter.
        """
        count = math.prod(max(1, side) for side in shape)
        if min(shape, default=0) < 0 or len(shape) > MAX_DEPTH:
            raise ValueError(f"{name} has the shape {shape}, which no array of a network has")
        if count > self.numbers:
            raise ValueError(
                f"{name} has shape {shape}: {self.numbers:,} more numbers may be read, of {self.most:,} in a file"
            )
        self.numbers -= count
        return math.prod(shape)


def most(count: int, limit: int, of: str) -> None:
    """Raises `ValueError` for more of something than a file may hold.

    >>> most(11, 10, "names")
    Traceback (most recent call last):
    ValueError: a file may have 10 names, this has 11
    """
    if count > limit:
        raise ValueError(f"a file may have {limit:,} {of}, this has {count:,}")
