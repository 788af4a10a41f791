"""Gradients beside the truth, number by number, as a table; those of the scalar graph.

>>> from microbp import nn
>>> from microbp.problems.exercise import exercise_of
>>> model, X, Y = nn.MLP(2, [3, 1], activation="tanh", seed=1), [[0.5, -1.0], [2.0, 0.25]], [[1.0], [0.0]]
>>> comparison = compare_graph(model, exercise_of(model, X, Y, loss="squared_error", l2=0.1))
>>> comparison.ok, [row.name for row in comparison.rows]
(True, ['W1', 'b1', 'W2', 'b2'])
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import within
from microbp.comparing.difference import ROUNDING, Difference, difference
from microbp.losses import batch_loss
from microbp.nn import MLP
from microbp.nn.arrays import LeafPlaces
from microbp.printing import Shown, breadth, columns, markdown, notebook, say, word
from microbp.problems.exercise import Exercise, Gradients

_WORDS = {True: "ok", False: "DIFFERS"}
HEAD = ("", "shape", "worst absolute", "relative", "‖a−b‖/(‖a‖+‖b‖)", "ulps", "wrong", "at", "")


def _head() -> list[str]:
    return [word(name) for name in HEAD]


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
        """Whether all gradients agree, and within a tolerance that was said, the losses."""
        unasked = self.loss is None or self.tolerance is None
        return (unasked or self._same_loss()) and all(row.ok for row in self.rows)

    @property
    def score(self) -> float:
        """The share of right numbers, from 0 to 1: that of each array that was given, and of these the mean.

        A matrix counts as much as a vector. What was not given is not counted: `Grade.credit` does that.
        """
        return sum(1 - row.wrong / max(1, row.given) for row in self.rows) / max(1, len(self.rows))

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, "score": self.score, **asdict(self)}

    def as_markdown(self) -> str:
        """The report as Markdown: a sentence, a table, a map of each array that differs."""
        maps = "\n".join(self._maps())
        verdict = say("{sentence}.", sentence=self._verdict()) if self.notes else self._verdict()
        parts = [" ".join([verdict, *self.notes]), markdown(_head(), self._cells())]
        return "\n\n".join([*parts, f"```\n{maps}\n```"] if maps else parts)

    def _repr_html_(self) -> str:
        return notebook.answer(
            notebook.sentence(" ".join([say("{sentence}.", sentence=self._verdict()), *self.notes])),
            notebook.rows_table(self._cells(), [not row.ok for row in self.rows], _head()),
            notebook.maps_in_a_row(
                {say("{name}, {count:,} wrong", name=row.name, count=row.wrong): row.map for row in self.rows}
            ),
        )

    def __str__(self) -> str:
        loss = say("loss: {number!r}", number=self.vectorized_loss)
        if self.loss is not None:
            loss = say(
                "loss: {subject} {number!r}, vectorized {right!r}",
                subject=word(self.subject),
                number=self.loss,
                right=self.vectorized_loss,
            )
        return "\n".join([self._verdict(), *self.notes, loss, *columns([_head(), *self._cells()]), *self._maps()])

    def _same_loss(self) -> bool:
        a, b = self.loss or 0.0, self.vectorized_loss
        return bool(within(a, b, (self.tolerance or 0.0) * (1 + abs(b))))

    def _verdict(self) -> str:
        within = say("to their precision")
        if self.tolerance is not None:
            within = say("tolerance {number:.0e}", number=self.tolerance)
        subject = word(self.subject)
        if self.ok:
            return say("{subject} and vectorized NumPy agree ({within})", subject=subject, within=within)
        return say("{subject} and vectorized NumPy DIFFER ({within})", subject=subject, within=within)

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                *(r.name, str(r.shape), f"{r.absolute:.1e}", f"{r.relative:.1e}", f"{r.norm:.1e}"),
                f"{r.ulps:.0f}" if r.ulps < 1e6 else f"{r.ulps:.1e}",
                say("{wrong} of {count}", wrong=r.wrong, count=r.given)
                if r.given == math.prod(r.shape)
                else say("{wrong} of {count} given", wrong=r.wrong, count=r.given),
                *(str(r.where), word(_WORDS[r.ok])),
            )
            for r in self.rows
        ]

    def _maps(self) -> Iterator[str]:
        """Of each array that differs the two numbers that are furthest apart, and a map."""
        a, b = (say("yours"), word("right"))
        if self.subject != "learner":
            a, b = word(self.subject), say("vectorized")
        for row in self.rows:
            if row.map:
                digits = 9 if f"{row.yours:.9g}" != f"{row.right:.9g}" else 17
                numbers = say(", ").join([f"{a} a = {row.yours:.{digits}g}", f"{b} b = {row.right:.{digits}g}"])
                yield say("{name} at {where}: {numbers}", name=row.name, where=row.where, numbers=numbers)
            head = say("{name}: × is wrong", name=row.name) + "   "
            for k, line in enumerate(row.map):
                yield f"{' ' * breadth(head) if k else head}{line}".rstrip()


def compare_graph(model: MLP, case: Exercise, tolerance: float = ROUNDING) -> Comparison:
    """Compares the scalar graph of a batch with vectorized NumPy. The model stays as it was.

    A parameter that stands in several places (one bias for a whole layer) is compared with the sum of the vectorized
    gradients at its places.
    """
    total, graph, truth = _graph(copy.deepcopy(model), case)
    rows = tuple(
        difference(name[1:], graph[name], truth[name], tolerance * (1 + np.abs(truth[name]))) for name in case.names
    )
    return Comparison(total, case.truth[0], rows, tolerance)


def _graph(model: MLP, case: Exercise) -> tuple[float, Gradients, Gradients]:
    """The loss and the gradients of the graph, and the true ones added up for shared parameters."""
    layout = LeafPlaces(model.parameter_arrays())
    for leaf in layout.leaves:
        leaf.grad = 0.0
    root = batch_loss(model, case.X, case.Y, case.loss, case.l2, penalize_biases=case.penalize_biases)
    root.backward()
    graph = [g for pair in zip(*model.grad_arrays(), strict=True) for g in pair]
    truth = layout.spread(layout.collect([case.truth[1][name] for name in case.names]))
    return root.data, dict(zip(case.names, graph, strict=True)), dict(zip(case.names, truth, strict=True))
