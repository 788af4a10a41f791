"""The film of a training run: the graph after every so many steps, its arrows as wide as their weights are large.

>>> from microbp import load, train
>>> problem = load("w1-w8")
>>> film = training_film(problem, train(problem, steps=10, record=True), every=5)
>>> [drawing.title for drawing in film.drawings]
['step 0 of 10   E = 0.2984', 'step 5 of 10   E = 0.2604', 'step 10 of 10   E = 0.2209']
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.drawing.drawing import Plan
from microbp.drawing.film.film import Film
from microbp.drawing.levels import READABLE, choose_level
from microbp.drawing.moment import AfterTraining
from microbp.engine import Value
from microbp.engine.ieee import errstate
from microbp.errors import DrawingWarning, ProblemError
from microbp.problems import NetworkProblem
from microbp.training.train import TrainingResult

MOST_PICTURES = 40
"""A film has no more unless it is told how many steps are between them."""
SHOWN = ("values", "grads", "expressions")
"""Local derivatives change as the numbers do: the width of an arrow says enough."""


def training_film(
    problem: NetworkProblem,
    result: TrainingResult,
    *,
    every: int | None = None,
    seconds: float = 0.2,
    **options: Any,
) -> Film:
    """The graph of a problem before its training, after every so many steps, and after the last.

    Cards hold the values and grads of that moment, arrows are as wide as their weights are large, dashed if they are
    negative; of several samples each weight has one arrow, between neurons. Needs a result with a history
    (`train(…, record=True)`). The other options are those of `draw`, which raises the same; raises `ProblemError` for
    a history that is not there, and for less than one step between pictures.
    """
    if result.history is None:
        raise ProblemError("a film of training needs the parameters of each step: train(…, record=True)")
    count = len(result.history)
    every = -(-count // MOST_PICTURES) if every is None else every
    if every < 1:
        raise ProblemError(f"a film of training needs 1 or more steps between pictures, got {every}")
    first = result.steps + 1 - count  # not 0 if the run was resumed
    weights = result.history[np.isfinite(result.history)]
    if options.get("level") is None and len(problem.shown_samples[0]) > 1:  # an arrow for each weight, not more
        options["level"] = choose_level(READABLE["values"] + 1, problem.model).name
    style = {"show": SHOWN, "widths": float(np.abs(weights).max(initial=0.0)) or True, **options}
    rows = sorted({*range(0, count, every), count - 1})
    drawings = []
    with errstate("ignore"), warnings.catch_warnings(), closing(_roots(problem, result.history[rows])) as roots:
        for row, root in zip(rows, roots, strict=True):
            plan = Plan.of(root, model=problem.model, **style)
            drawings.append(plan.at(AfterTraining(root, first + row, result.steps)))
            warnings.simplefilter("ignore", DrawingWarning)  # once is enough
    return Film(drawings, [first + row for row in rows], seconds)


def _roots(problem: NetworkProblem, parameters: NDArray[np.float64]) -> Generator[Value, None, None]:
    """The graph at each row of parameters, after its backward pass; the problem's own numbers come back at the end."""
    leaves = problem.leaves()
    before = [(leaf.data, leaf.grad) for leaf in leaves]
    try:
        for row in parameters.tolist():
            for leaf, number in zip(leaves, row, strict=True):
                leaf.data = number
            root = problem.root()
            root.zero_grad()
            root.backward()
            yield root
    finally:
        for leaf, (data, grad) in zip(leaves, before, strict=True):
            leaf.data, leaf.grad = data, grad
