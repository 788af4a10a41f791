"""Gradients against the truth, number by number: the scalar graph's, or a learner's.

>>> from microbp import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
>>> comparison = compare(model, [[0.5, -1.0], [2.0, 0.25]], [[1.0], [0.0]], loss="squared_error", l2=0.1)
>>> comparison.ok, [row.name for row in comparison.rows]
(True, ['W1', 'b1', 'W2', 'b2'])

A learner's numbers, in any form that `answers.read` takes:

>>> from microbp import load
>>> mine = {"dW2": [[0.08217, 0.08267], [0.02260, -0.02274]], "w1": 0.000438568}
>>> print("\\n".join(str(compare(load("w1-w8"), gradients=mine)).splitlines()[-2:]))
W2: × is wrong   · ·
                 × ·
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.comparing.answers.answer import Answer, within
from microbp.comparing.answers.files import named
from microbp.comparing.answers.hand_in import answers
from microbp.comparing.answers.read import choose
from microbp.comparing.difference import Difference, difference
from microbp.comparing.precision import marked, precision_of
from microbp.engine.operands import real_number
from microbp.errors import ProblemError
from microbp.losses import LossName, batch_loss
from microbp.nn import MLP
from microbp.nn.arrays import Layout
from microbp.printing import Shown, columns, markdown, notebook
from microbp.problems import NetworkProblem, Problem
from microbp.problems.exercise import Exercise, Gradients, exercise_of

TOLERANCE = 1e-12
_WORDS = {True: "ok", False: "DIFFERS"}
_HEAD = ("", "shape", "worst absolute", "relative", "‖a−b‖/(‖a‖+‖b‖)", "ulps", "wrong", "at", "")


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """For each parameter array how far the gradients are apart, and the loss of both. Prints as a table."""

    loss: float | None
    """The loss of the graph, or the learner's if it was given."""
    vectorized_loss: float
    rows: tuple[Difference, ...]
    tolerance: float | None
    """Absolute plus relative; None: the precision of the learner's numbers."""
    subject: str = "graph"
    """Whose gradients are compared with vectorized NumPy."""
    notes: tuple[str, ...] = ()
    """How a learner's gradients were read, where that was not said."""

    @property
    def ok(self) -> bool:
        """Whether the losses and all gradients agree within the tolerance."""
        same = self.loss is None or _near(self.loss, self.vectorized_loss, self.tolerance or 1e-9)
        return same and all(row.ok for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def as_markdown(self) -> str:
        """The report as Markdown: a sentence, a table, a map of each array that differs."""
        maps = "\n".join(self._maps())
        parts = [" ".join([self._verdict() + "." * bool(self.notes), *self.notes]), markdown(_HEAD, self._cells())]
        return "\n\n".join([*parts, f"```\n{maps}\n```"] if maps else parts)

    def _repr_html_(self) -> str:
        return notebook.answer(
            notebook.sentence(" ".join([f"{self._verdict()}.", *self.notes])),
            notebook.table(self._cells(), [not row.ok for row in self.rows], _HEAD),
            notebook.maps({f"{row.name}, {row.wrong:,} wrong": row.map for row in self.rows}),
        )

    def __str__(self) -> str:
        loss = f"loss: {self.subject} {self.loss!r}, vectorized {self.vectorized_loss!r}"
        if self.loss is None:
            loss = f"loss: {self.vectorized_loss!r}"
        return "\n".join([self._verdict(), *self.notes, loss, *columns([_HEAD, *self._cells()]), *self._maps()])

    def _verdict(self) -> str:
        within = "to their precision" if self.tolerance is None else f"tolerance {self.tolerance:.0e}"
        return f"{self.subject} and vectorized NumPy {'agree' if self.ok else 'DIFFER'} ({within})"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                *(r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", f"{r.norm:.1e}"),
                f"{r.ulps:.0f}" if r.ulps < 1e6 else f"{r.ulps:.1e}",
                f"{r.wrong} of {r.given}{' given' if r.given < math.prod(r.shape) else ''}",
                *(str(r.where), _WORDS[r.ok]),
            )
            for r in self.rows
        ]

    def _maps(self) -> Iterator[str]:
        """Of each array that differs the two numbers that are furthest apart, and a map."""
        a, b = ("yours", "right") if self.subject == "learner" else (self.subject, "vectorized")
        for row in self.rows:
            if not row.ok:
                digits = 9 if f"{row.yours:.9g}" != f"{row.right:.9g}" else 17
                yield f"{row.name} at {row.where}: {a} a = {row.yours:.{digits}g}, {b} b = {row.right:.{digits}g}"
            head = f"{row.name}: × is wrong   "
            for k, line in enumerate(row.map):
                yield f"{'' if k else head:<{len(head)}}{line}".rstrip()


def compare(
    model: MLP | Problem,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    gradients: Any = None,
    order: str | None = None,
    layout: str | None = None,
    loss: LossName | None = None,
    l2: float | None = None,
    tolerance: float | None = None,
) -> Comparison:
    """Compares a learner's gradients with the truth, or without any the scalar graph of a batch with vectorized NumPy.

    X has shape (m, n_in), Y has shape (m, n_out); a problem brings its own, with its loss and λ, a model's loss is
    half_squared_error unless said. `gradients` are in any form that `answers.read` takes, in a file, or what a function
    f(weights, biases, X, Y) returns; they are compared to the precision in which they were given, unless there is a
    tolerance. The model stays as it was. A parameter that stands in several places (one bias for a whole layer) is
    compared with the sum of the vectorized gradients at its places. Raises `ShapeError`, `UnknownNameError`, and
    `ProblemError` for a tolerance below 0.
    """
    if tolerance is not None and not 0.0 <= real_number(tolerance, "tolerance") < math.inf:
        raise ProblemError(f"tolerance is a number that is not negative, for example 1e-6; got {tolerance}")
    case = exercise_of(model, X, Y, loss=loss, l2=l2)
    if gradients is not None:
        given = choose(case, answers(case, gradients, order=order, layout=layout))
        rows = _learners(case, given, tolerance)
        return Comparison(given.loss, case.truth[0], rows, tolerance, "learner", given.notes)
    tolerance = TOLERANCE if tolerance is None else tolerance
    network = model if isinstance(model, MLP) else model.model
    assert network is not None  # exercise_of takes nothing else
    total, graph, truth = _graph(copy.deepcopy(network), case)
    rows = tuple(
        difference(name[1:], graph[name], truth[name], tolerance * (1 + np.abs(truth[name]))) for name in case.names
    )
    return Comparison(total, case.truth[0], rows, tolerance)


def _graph(model: MLP, case: Exercise) -> tuple[float, Gradients, Gradients]:
    """The loss and the gradients of the graph, and the true ones added up for shared parameters."""
    layout = Layout(model.parameter_arrays())
    for leaf in layout.leaves:
        leaf.grad = 0.0
    root = batch_loss(model, case.X, case.Y, case.loss, case.l2, penalize_biases=case.penalize_biases)
    root.backward()
    graph = [g for pair in zip(*model.grad_arrays(), strict=True) for g in pair]
    truth = layout.spread(layout.collect([case.truth[1][name] for name in case.names]))
    return root.data, dict(zip(case.names, graph, strict=True)), dict(zip(case.names, truth, strict=True))


def wrong_gradients(problem: NetworkProblem, gradients: Any) -> dict[str, float]:
    """The learner's number for each gradient that is wrong, by the label of its parameter.

    `gradients` are those of the samples that the problem shows, in any form that `compare` takes.
    """
    case = exercise_of(problem, *problem.shown_samples)
    with named(os.fspath(gradients) if isinstance(gradients, str | os.PathLike) else None):
        given = choose(case, answers(case, gradients))
    leaves = dict(zip(case.names, problem.model.parameter_arrays(), strict=True))
    wrong: dict[str, float] = {}
    for array in marked(given, case.truth[1], precision_of(case, given).tolerance):
        for k in np.flatnonzero(array.wrong).tolist():
            wrong[leaves[array.name][given.place(array.name, k)].label] = float(array.numbers[k])
    return wrong


def _learners(case: Exercise, given: Answer, tolerance: float | None) -> tuple[Difference, ...]:
    rows, precision = [], precision_of(case, given)
    for name, numbers, right, allowed in marked(given, case.truth[1], precision.tolerance):
        assert right is not None  # its shape was looked at
        if tolerance is not None:
            allowed = tolerance * (1 + np.abs(right))
        shape, known = given.arrays[name].shape, given.known.get(name)
        if known is None:
            rows.append(difference(name[1:], numbers.reshape(shape), right.reshape(shape), allowed.reshape(shape)))
            continue
        a, b, t = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        a[known], b[known], t[known] = numbers, right, allowed
        rows.append(difference(name[1:], a, b, t, known))
    return tuple(rows)


def _near(a: float, b: float, tolerance: float) -> bool:
    return bool(within(a, b, tolerance * (1 + abs(b))))
