"""A check of a gradient check: which mistakes it could not have caught on these data.

>>> from microbp import load
>>> found = strength(load("w1-w8"))
>>> hidden = {row.code: row.reason for row in found.rows if row.reason}
>>> hidden["l2-sign"], hidden["last-sample-only"], hidden["softmax-diagonal-only"]
('λ = 0 hides it', 'one sample hides it', 'cannot happen in this network')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.diagnosis.mistake import Mistake
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.passes import gradients
from microbp.diagnosis.rules import plan
from microbp.diagnosis.separating import random_data
from microbp.diagnosis.ways import SOLVED
from microbp.learner.cases import Case, case_of
from microbp.nn import MLP
from microbp.problems import Problem
from microbp.tabular import columns

SEEN = 1e-6
"""What a central difference can tell: ‖a − b‖ / (‖a‖ + ‖b‖) of an array."""
IMPOSSIBLE = "cannot happen in this network"
TOO_SMALL = "it is smaller than what a check can see"
SAMPLES = (3, 5, 8)
_NUMBER = 2.0
"""What stands for a factor that could be any."""


@dataclass(frozen=True)
class Row:
    """One mistake: by how much it would show, and why it would not."""

    code: str
    shows: float
    """The relative error of the array in which it shows most."""
    caught: bool
    reason: str
    """Why a check on these data could not have caught it; empty if it could."""


@dataclass(frozen=True)
class Strength:
    """Every mistake of the table, and data on which a check would catch all that can happen. Prints as a table."""

    rows: tuple[Row, ...]
    X: list[list[float]]
    Y: list[list[float]]
    l2: float

    @property
    def ok(self) -> bool:
        """Whether the data at hand would show every mistake that can happen in this network and that can be seen."""
        return all(row.caught or row.reason in (IMPOSSIBLE, TOO_SMALL) for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        rows = [(r.code, f"{r.shows:.1e}", "caught" if r.caught else f"NOT CAUGHT: {r.reason}") for r in self.rows]
        head = f"On these data a gradient check would {'' if self.ok else 'not '}see every mistake"
        data = f"These would show all that can happen: λ = {self.l2}, X = {self.X}, Y = {self.Y}"
        return "\n".join([f"{head} (relative errors above {SEEN:.0e}):", *columns(rows), *([] if self.ok else [data])])


def strength(
    model: MLP | Problem,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    loss: str | None = None,
    l2: float | None = None,
) -> Strength:
    """Runs every mistake through a check on these data, in the variety and the layers where it shows least.

    X has shape (m, n_in), Y (m, n_out); a problem has them. Raises `ShapeError` and `UnknownNameError`.
    """
    case = case_of(model, X, Y, loss=loss, l2=l2)
    if not case.learning_rate:
        case = replace(case, learning_rate=0.1)
    rng = np.random.default_rng(0)
    best, most = replace(case, l2=1.0), -1
    for m in SAMPLES * 4:
        tried = replace(case, l2=1.0).on(*random_data(case, m, rng))
        if (seen := sum(_shows(tried, mistake) > SEEN for mistake in MISTAKES)) > most:
            best, most = tried, seen
    rows = tuple(_row(case, best, mistake) for mistake in MISTAKES)
    return Strength(rows, best.X.tolist(), best.Y.tolist(), best.l2)


def _row(case: Case, best: Case, mistake: Mistake) -> Row:
    shows = _shows(case, mistake)
    if shows > SEEN:
        return Row(mistake.code, shows, True, "")
    reason = "these data hide it"
    if mistake.code == "single-precision":
        reason = TOO_SMALL
    elif _shows(best, mistake) <= SEEN:
        reason = IMPOSSIBLE
    elif _shows(replace(case, l2=1.0), mistake) > SEEN:
        reason = "λ = 0 hides it"
    elif len(case.Y) == 1:
        reason = "one sample hides it"
    return Row(mistake.code, shows, False, reason)


def _shows(case: Case, mistake: Mistake) -> float:
    """How much a mistake changes the gradients, in the variety that changes them least but can change them."""
    return min((s for s in _varieties(case, mistake) if s > 0), default=0.0)


def _varieties(case: Case, mistake: Mistake) -> Iterator[float]:
    layers = mistake.scopes(case.depth)[:1]
    for change in mistake.varieties(case) if layers else ():
        change = {rule: _NUMBER if value == SOLVED else value for rule, value in change.items()}
        with np.errstate(all="ignore"):
            made = gradients(case, plan(case, change, layers[0]))
        errors = []
        for name, right in case.truth[1].items():
            if made[name].shape != right.shape:
                errors.append(1.0)
                continue
            norms = float(np.linalg.norm(made[name]) + np.linalg.norm(right))
            errors.append(float(np.linalg.norm(made[name] - right)) / norms if norms else 0.0)
        worst = max(errors)
        yield worst if worst > 1e-14 else 0.0
