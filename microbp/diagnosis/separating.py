"""Data on which two explanations of the same numbers part.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.diagnosis.explanation import Explanation, Finding
>>> from microbp.diagnosis.mistakes import find_mistake
>>> case = exercise_of(load("w1-w8"))
>>> mean = Explanation((Finding(find_mistake("bias-mean-for-sum"), {"scale_biases": 0.5}, (1, 2)),), 1)
>>> X, Y = separating(case, Explanation((), 0), mean)
>>> X.shape, Y.shape
((1, 2), (1, 2))
"""

from __future__ import annotations

import numpy as np

from microbp.derivation.backprop import gradients
from microbp.diagnosis.explanation import Explanation
from microbp.diagnosis.search.replay import ERRORS
from microbp.losses import LOSSES
from microbp.problems.exercise import Exercise, Floats, Gradients

SAMPLES = (1, 3, 4, 7)
APART = 1e-3
"""How far, relative to the largest number of their array, gradients must be apart to be told from each other."""


def random_data(case: Exercise, m: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Inputs, and targets such as the loss takes, with few digits, so that they can be typed."""
    X = rng.normal(size=(m, case.sizes[0])).round(2)
    return X, LOSSES[case.loss].targets.sample(rng, (m, case.sizes[-1]))


def replayed(case: Exercise, explanation: Explanation) -> Gradients:
    """The gradients that these mistakes make."""
    with np.errstate(all="ignore"):
        return gradients(explanation.case(case), explanation.lines(case))


def separating(case: Exercise, one: Explanation, other: Explanation) -> tuple[Floats, Floats] | None:
    """Data for the same network on which the two give different gradients; None if they never do."""
    rng = np.random.default_rng(0)
    for m in SAMPLES * 3:
        X, Y = random_data(case, m, rng)
        try:
            a, b = (replayed(case.on(X, Y), explanation) for explanation in (one, other))
        except ERRORS:  # what is said of the third sample needs three
            continue
        if any(_apart(a[name], b[name]) for name in a):
            return X, Y
    return None


def _apart(a: Floats, b: Floats) -> bool:
    if a.shape != b.shape:
        return True
    return bool(np.max(np.abs(a - b)) > APART * max(np.max(np.abs(a)), np.max(np.abs(b))))
