"""Two slips at once: one with a factor, or two that add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.search import CauseSearch
from microbp.printing import say


def with_factor(search: CauseSearch, mine: Any) -> list[Cause]:
    """One of the slips tried, and a factor of the whole line."""
    found = []
    usable = [(cause, search.want + added) for cause, added in search.tried if np.isfinite(added).all()]
    rows = np.array([result for _, result in usable]).reshape(len(usable), len(mine))
    size, along = (rows * rows).sum(axis=1), rows @ mine
    with np.errstate(all="ignore"):
        near = (mine @ mine) * size - along**2 <= 1e-6 * (mine @ mine) * size
    for k in np.flatnonzero(near & (size > 0)):
        (cause, result), factor = usable[k], float(along[k] / size[k])
        said = search.known.factors.name(factor)
        if said not in (None, "1") and search.same(factor * result, mine):
            text = say("{one}; and all of it is {factor} times what it should be", one=cause.text, factor=said)
            found.append(Cause("two-slips", text, 2.0 + cause.weight, cause.site))
    return found


def two_slips(search: CauseSearch, mine: Any) -> list[Cause]:
    """Two slips that add up, found by their projections on two directions."""
    if np.count_nonzero(np.abs(mine - search.want) > 1e3 * search.noise) < 3:
        return []
    directions = np.random.default_rng(0).normal(size=(len(mine), 2))
    usable = [(cause, added) for cause, added in search.tried if np.isfinite(added).all() and added.any()]
    if not usable:
        return []
    shadows = np.array([added for _, added in usable]) @ directions
    goal = (mine - search.want) @ directions
    order = np.argsort(shadows[:, 0])
    room = 1e-7 * (np.abs(shadows) + np.abs(goal) + 1e-300)
    ends = [np.searchsorted(shadows[order, 0], goal[0] - shadows[:, 0] + step * room[:, 0]) for step in (-1, 1)]
    found = []
    for k, (cause, added) in enumerate(usable):
        near = order[ends[0][k] : ends[1][k]]
        for j in near[np.abs(shadows[near, 1] + shadows[k, 1] - goal[1]) <= room[k, 1]].tolist():
            other, more = usable[j]
            if j > k and cause.site != other.site and search.same(search.want + added + more, mine):
                weight = 2.0 + cause.weight + other.weight
                text = say("{one}; and {other}", one=cause.text, other=other.text)
                found.append(Cause("two-slips", text, weight, cause.site))
                search.known.pair |= {cause.site, other.site}
    return found
