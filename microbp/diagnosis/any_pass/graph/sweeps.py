"""Sweeps back over arrows that are sorted by the level of their results.

>>> steps = runs(source=np.array([1, 0]), target=np.array([2, 1]), level=np.array([2, 1]))
>>> seed, nothing = np.array([0.0, 0.0, 1.0]), np.zeros(3)
>>> run_back(steps, seed, nothing, nothing > 0, local=np.array([2.0, 3.0])).tolist()
[6.0, 2.0, 1.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SortedEdges:
    """The arrows out of the results of one level, sorted by the input they lead to."""

    edges: slice
    target: Any
    starts: Any
    """Where in them those to the next input begin."""
    source: Any
    """The inputs, each once."""

    def add(self, arrived: Any, contributions: Any) -> None:
        """Adds a contribution for each arrow to what arrived at the inputs; several passes have an axis, the last."""
        arrived[self.source] += np.add.reduceat(contributions, self.starts, axis=0)


def runs(source: Any, target: Any, level: Any) -> list[SortedEdges]:
    """Arrows, sorted by falling level of their results and by their inputs, as runs."""
    cuts = [0, *(np.flatnonzero(np.diff(level)) + 1).tolist(), len(level)]
    found = []
    for a, b in pairwise(cuts):
        if a < b:
            starts = np.flatnonzero(np.diff(source[a:b], prepend=-1))
            found.append(SortedEdges(slice(a, b), target[a:b], starts, source[a:b][starts]))
    return found


def chain_product(gradient: Any, local: Any) -> Any:
    """Upstream × local; nothing comes of no gradient, be the local derivative infinite."""
    with np.errstate(all="ignore"):
        found = gradient * local
    if not np.isfinite(found).all():
        found = np.where(gradient == 0, 0.0, found)
    return found


def run_back(steps: list[SortedEdges], seed: Any, fixed: Any, is_given: Any, local: Any) -> Any:
    """What arrives at each node, those that are given passing on what is fixed; several passes at once have an axis,
    the last, of the seed (and of what is fixed), or of the local derivatives."""
    many = max(seed.shape[1:], local.shape[1:])
    seed, fixed, local = (x.reshape(len(x), *(x.shape[1:] or (1,))) for x in (seed, fixed, local))
    for times in (np.multiply, chain_product):  # the second, slower one is needed where something is infinite
        arrived = np.repeat(seed, many[0], axis=1) if many and seed.shape[1] == 1 else seed.copy()
        with np.errstate(all="ignore"):
            for run in steps:
                passed = arrived[run.target]
                if (given := is_given[run.target]).any():
                    passed[given] = fixed[run.target[given]]
                run.add(arrived, times(passed, local[run.edges]))
        if np.isfinite(arrived).all():
            break
    return arrived.reshape(len(arrived), *many)
