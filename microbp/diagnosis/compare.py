"""Gradients held against the truth: a learner's, judged as `diagnose` judges them, or the scalar graph's.

>>> from microbp import load
>>> mine = {"dW2": [[0.08217, 0.08267], [0.02260, -0.02274]], "w1": 0.000438568}
>>> print("\\n".join(str(compare(load("w1-w8"), gradients=mine)).splitlines()[-2:]))
W2: × is wrong   · ·
                 × ·
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.comparing.answers.answer import Answer, misfit
from microbp.comparing.answers.files import naming_source
from microbp.comparing.answers.flat import OrderName
from microbp.comparing.answers.hand_in import answers
from microbp.comparing.answers.read import likeliest_reading
from microbp.comparing.comparison import Comparison, compare_graph
from microbp.comparing.difference import ROUNDING, Difference, difference
from microbp.comparing.precision import Marked, marked
from microbp.diagnosis.verdict import Judged, judged
from microbp.engine.operands import real_number
from microbp.errors import ProblemError, ShapeError
from microbp.losses import LossName
from microbp.nn import MLP
from microbp.printing import say
from microbp.problems import NetworkProblem, Problem, as_network
from microbp.problems.exercise import exercise_of


def compare(
    model: MLP | Problem,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    gradients: Any = None,
    order: OrderName | None = None,
    layout: str | None = None,
    loss: LossName | None = None,
    l2: float | None = None,
    tolerance: float | None = None,
) -> Comparison:
    """Compares a learner's gradients with the truth, or without any the scalar graph of a batch with vectorized NumPy.

    X has shape (m, n_in), Y has shape (m, n_out); a problem brings its own, with its loss and λ, a model's loss is
    half_squared_error unless said. `gradients` are in any form that `read_gradients` takes, in a file, or what
    a function f(weights, biases, X, Y) returns; unless there is a tolerance they are right where `diagnose` says so,
    to the precision in which they were given. The model stays as it was. A parameter that stands in several places
    (one bias for a whole layer) is compared with the sum of the vectorized gradients at its places. Raises
    `ShapeError`, `UnknownNameError`, and `ProblemError` for a tolerance below 0.
    """
    if tolerance is not None and not 0.0 <= real_number(tolerance, "tolerance") < math.inf:
        raise ProblemError(f"tolerance is a number that is not negative, for example 1e-6; got {tolerance}")
    case = exercise_of(model, X, Y, loss=loss, l2=l2)
    if gradients is None:
        network = model if isinstance(model, MLP) else as_network(model).model
        return compare_graph(network, case, ROUNDING if tolerance is None else tolerance)
    readings = answers(case, gradients, order=order, layout=layout, loose=True)
    with np.errstate(all="ignore"):  # a learner's inf and nan
        if tolerance is None:
            found = judged(case, readings)
        else:
            given = likeliest_reading(case, readings)
            near = marked(given, case.truth[1], lambda name, right: tolerance * (1 + np.abs(right)))
            found = Judged(given, case, tuple(near), ())
        rows = tuple(_row(found.given, array) for array in found.arrays)
    misfits = [misfit(case, a.name, found.given.arrays[a.name]) for a in found.arrays if a.right is None]
    notes = (
        *found.given.notes,
        *found.notes,
        *(said if said.endswith(("?", "？")) else say("{sentence}.", sentence=said) for said in misfits),
    )
    return Comparison(found.given.loss, found.case.truth[0], rows, tolerance, "learner", notes)


def wrong_gradients(problem: NetworkProblem, gradients: Any) -> dict[str, float]:
    """The learner's number for each gradient that is wrong, by the label of its parameter.

    `gradients` are those of the samples that the problem shows, in any form that `compare` takes.
    """
    case = exercise_of(problem, *problem.shown_samples)
    with naming_source(os.fspath(gradients) if isinstance(gradients, str | os.PathLike) else None):
        found = judged(case, answers(case, gradients, loose=True))
    leaves = dict(zip(case.names, problem.model.parameter_arrays(), strict=True))
    wrong: dict[str, float] = {}
    for array in found.arrays:
        own = leaves[array.name]
        if array.right is None:  # a transposed one is drawn; what has any other shape has no place
            own = own.T
            if own.shape != found.given.arrays[array.name].shape:
                raise ShapeError(misfit(case, array.name, found.given.arrays[array.name]))
        for k in np.flatnonzero(array.wrong).tolist():
            wrong[own[found.given.place(array.name, k)].label] = float(array.numbers[k])
    return wrong


def _row(given: Answer, array: Marked) -> Difference:
    if array.right is None:
        yours = given.arrays[array.name]
        nothing = np.full(yours.shape, np.nan)  # no number of it has a right one beside it
        return replace(difference(array.name[1:], yours, nothing, nothing), map=())
    shape, known = given.arrays[array.name].shape, given.known.get(array.name)
    where = np.ones(shape, dtype=bool) if known is None else known
    yours, right, tolerance = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    yours[where], right[where], tolerance[where] = array.numbers, array.right, array.tolerance
    return difference(array.name[1:], yours, right, tolerance, known)
