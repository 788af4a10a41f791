"""The orders in which a learner's targets may stand beside the inputs, if they are not those of their samples.

>>> import numpy as np
>>> from microbp import nn
>>> from microbp.problems.exercise import exercise_of
>>> model = nn.MLP(2, [5, 1], activation="tanh", seed=1)
>>> X, Y = np.arange(12.0).reshape(6, 2) / 10, np.arange(6.0).reshape(6, 1) ** 2
>>> case, other = exercise_of(model, X, Y), exercise_of(model, X, Y[[2, 0, 1, 5, 3, 4]])
>>> orders(case, Answer(other.truth[1], "arrays by name"))[-1]
(2, 0, 1, 5, 3, 4)
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.derivation.backprop import arrived, forward_scopes, pass_of
from microbp.problems.exercise import Exercise, Floats

MOST_PERMUTED = 4
"""Of more samples not every order is tried."""
MOST_SHIFTED = 12
"""Of more samples they are shifted by one alone, and no two are exchanged."""
Order = tuple[int, ...]
"""For each sample the one whose target it has."""


def orders(case: Exercise, given: Answer) -> list[Order]:
    """The likely orders: turned round, shifted, two exchanged, and the one that the last layer asks for."""
    m = len(case.Y)
    every = tuple(range(m))
    if m <= MOST_PERMUTED:
        found = list(permutations(every))
    else:
        few = m <= MOST_SHIFTED
        found = [every[::-1], *(every[k:] + every[:k] for k in (every[1:] if few else (1, m - 1)))]
        for i, k in combinations(every, 2) if few else ():
            found.append((*every[:i], k, *every[i + 1 : k], i, *every[k + 1 :]))
        found += _solved(case, given)
    return [order for order in dict.fromkeys(found) if not np.array_equal(case.Y[list(order)], case.Y)]


def _solved(case: Exercise, given: Answer) -> list[Order]:
    """The order that makes dW and db of the last layer, if they give δ of every sample.

    That takes as many neurons before the last layer as there are samples, or one less.
    """
    l, lines, m = case.depth, pass_of(case), len(case.Y)
    names = [name for name in (f"dW{l}", f"db{l}") if name in given.arrays.keys() - given.known.keys() - given.totals]
    scope = forward_scopes(case, lines)[-1]
    before = np.hstack([{"W": scope["a0"], "b": np.ones((m, 1))}[name[1]] for name in names] or [np.ones((m, 0))])
    if m > before.shape[1] or any(given.arrays[name].shape != case.shape(name) for name in names):
        return []

    def delta(y: Floats) -> Floats:
        found: Floats = arrived(scope | {"y": y, "known": {}}, lines.layers[-1], None)["d"]
        return found

    missing = np.hstack([(given.arrays[name] - case.truth[1][name]).reshape(case.sizes[-1], -1) for name in names])
    with np.errstate(all="ignore"):
        wanted = delta(case.Y) + np.linalg.lstsq(before.T, missing.T, rcond=None)[0]
        apart = np.stack([np.abs(delta(np.tile(y, (m, 1))) - wanted).max(axis=1) for y in case.Y], axis=1)
    return [_nearest(apart)] if np.isfinite(apart).all() else []


def _nearest(apart: Floats) -> Order:
    """For each sample the target that is nearest, and that no other has."""
    order: list[int] = []
    for row in apart:
        row[order] = np.inf
        order.append(int(row.argmin()))
    return tuple(order)
