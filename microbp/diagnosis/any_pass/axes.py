"""Axes of arrays: every choice of some, what they are called, and an array that is moved along one.

>>> list(choices(range(3), 2)), along((0, 2))
([(0, 1), (0, 2), (1, 2), (0, 1, 2)], 'along axis 0, 2')
>>> shifted(np.array([1, 2, 3]), 1, 0)
array([0, 1, 2])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np

from microbp.printing import say


def choices(axes: Sequence[int], least: int = 1, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """Every choice of at least, and at most, so many of these axes (all), single ones first."""
    counts = range(least, min(len(axes), len(axes) if most is None else most) + 1)
    return chain.from_iterable(combinations(axes, count) for count in counts)


def along(axes: Sequence[int]) -> str:
    """Axes in a sentence."""
    return say("along axis {axes}", axes=listed(axes))


def listed(axes: Sequence[int]) -> str:
    """The numbers of axes."""
    return ", ".join(map(str, axes))


def shifted(a: Any, step: int, axis: int) -> Any:
    """The array moved by one place (`step` 1 or -1) along an axis, with 0 where nothing moves in."""
    moved = np.roll(a, step, axis)
    edge = [slice(None)] * a.ndim
    edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    moved[tuple(edge)] = 0
    return moved
