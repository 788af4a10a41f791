"""A check of a gradient check: which mistakes it could not have caught on these data, why, and on which it would.

>>> from microbp import load
>>> found = strength(load("w1-w8"))
>>> missed = {row.code: row.reason for row in found.rows if row.verdict != "caught"}
>>> missed["l2-sign"], missed["last-sample-only"], missed["softmax-diagonal-only"]
('hidden by λ = 0', 'hidden by one sample', 'no softmax')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.comparing.gradcheck import Method, check_size
from microbp.diagnosis.mistakes import MISTAKES, Mistake
from microbp.diagnosis.strength.planting import (
    LEAVES,
    CheckVerdict,
    PlantedMistake,
    candidates,
    judge_planted,
    kinds_of,
)
from microbp.diagnosis.strength.what_hides import FACTORS, drawn, hidden_by, lacking, with_factors
from microbp.errors import ProblemError
from microbp.losses import LossName
from microbp.nn import MLP
from microbp.printing import Shown, columns, filled, say, word
from microbp.problems import Problem, as_network
from microbp.problems.exercise import Exercise, exercise_of

DRAWS = 12
"""How often numbers are drawn at most that are to show every mistake."""
PRINTED = 100
"""Of more numbers than these only their shape is printed."""
UNSEEN = "not seen on any data that were tried"
GIVEN_BY = {
    "l2": {"l2"},
    "X": {"inputs", "samples"},
    "Y": {"targets", "samples"},
    "weights": {"weights"},
    "biases": {"biases"},
}
"""What a user changes, and for which factors."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of one mistake: it is "caught", "missed", missed "in part", or "impossible" in this network."""

    code: str
    verdict: str
    reason: str
    """What hides it, or what the network lacks; empty if it is caught."""
    shows: float
    """The worst relative error that the check finds in the kind that shows least."""
    kinds: int
    """How many varieties of it, each layer by itself, can happen in this network."""
    missed: dict[str, str]
    """Those that would be missed, and why."""


@dataclass(frozen=True, repr=False)
class Strength(Shown):
    """Every mistake of the table, and what to change so that a check catches all. Prints as a table."""

    rows: tuple[Outcome, ...]
    check: str
    """How it is done, and on what."""
    changed: tuple[str, ...]
    """Which of the following must be other than they are so that all mistakes are caught; nothing if they are."""
    l2: float
    X: list[list[float]]
    Y: list[list[float]]
    weights: list[list[list[float]]]
    biases: list[list[float]]

    @property
    def ok(self) -> bool:
        """Whether every mistake that can happen in this network would be caught."""
        return not any(row.missed for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        missed, never = ([r for r in self.rows if r.missed], [r for r in self.rows if r.verdict == "impossible"])
        possible = len(self.rows) - len(never)
        lines = [
            say(
                "A gradient check on these data ({check})\nwould catch all {possible} mistakes that can happen in this "
                "network.",
                check=self.check,
                possible=possible,
            )
        ]
        if missed:
            lines = [
                say(
                    "A gradient check on these data ({check})\nwould miss {missed} of the {possible} mistakes that can "
                    "happen in this network:",
                    check=self.check,
                    missed=len(missed),
                    possible=possible,
                ),
                *columns([(f"  {row.code}", row.reason) for row in missed]),
            ]
        if never:
            codes = {
                reason: ", ".join(row.code for row in never if row.reason == reason)
                for reason in dict.fromkeys(r.reason for r in never)
            }
            names = say("; ").join(
                say("{said} ({reason})", said=text, reason=reason) if reason else text for reason, text in codes.items()
            )
            lines += filled(say("Cannot happen here: {names}.", names=names), 110, 2)
        if missed and self.changed:
            every = all(word(UNSEEN) not in row.missed.values() for row in missed)
            with_these = say("All would be caught with") if every else say("The others would be caught with")
            lines += [with_these, *map(self._value, self.changed)]
        return "\n".join(lines)

    def _value(self, name: str) -> str:
        value = getattr(self, name)
        count = len(np.hstack([np.ravel(part) for part in value])) if isinstance(value, list) else 1
        if count <= PRINTED:
            return f"  {name} = {value}"
        return "  " + say("{name} = … ({count:,} numbers: --json gives them)", name=name, count=count)


def strength(
    model: MLP | Problem,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    loss: LossName | None = None,
    l2: float | None = None,
    method: Method = "auto",
) -> Strength:
    """Makes every mistake, in each variety and layer, and has a gradient check judge the gradients that come of it.

    It is the check of `gradcheck`, with its methods and tolerances; numeric derivatives are computed once. X has shape
    (m, n_in), Y (m, n_out); of a problem they are those of the samples that it shows. What hides a mistake is found by
    trial: it is the first of targets, inputs, λ, samples, weights and biases, or as few of them together as it takes,
    with another of which it is caught. A small network takes less than a second, 400-25-10 takes 15. Raises
    `ShapeError`, `UnknownNameError`, `GraphError` for a network that takes minutes, and `ProblemError` where not even
    right gradients pass.
    """
    if not isinstance(model, MLP) and X is None and Y is None:
        X, Y = as_network(model).shown_samples
    with np.errstate(all="ignore"):
        case = exercise_of(model, X, Y, loss=loss, l2=l2)
    parameters, neurons = (sum(map(np.size, arrays)) for arrays in (case.weights + case.biases, case.biases))
    check_size(parameters + len(case.X) * neurons, min(parameters, LEAVES))  # the graph has more, and is not made yet
    case = replace(case, learning_rate=case.learning_rate or 0.1)
    kinds = {mistake.code: kinds_of(case, mistake) for mistake in MISTAKES}
    every = [kind for own in kinds.values() for kind in own]
    judged = judge_planted(case, every, method)
    if judged.right.wrong or not np.isfinite(case.truth[0]):
        said = str(judged.right).splitlines()[0]
        raise ProblemError(
            f"a check has a strength on data where right gradients pass it, here the loss is {case.truth[0]:g}: {said}"
        )
    remedy, factors, reasons = _remedy(case, every, judged, method)
    return Strength(
        tuple(_row(case, mistake, kinds[mistake.code], judged, reasons) for mistake in MISTAKES),
        judged.said,
        tuple(name for name, given_by in GIVEN_BY.items() if given_by & set(factors)),
        remedy.l2,
        remedy.X.tolist(),
        remedy.Y.tolist(),
        [W.tolist() for W in remedy.weights],
        [b.tolist() for b in remedy.biases],
    )


def _row(
    case: Exercise,
    mistake: Mistake,
    kinds: Sequence[PlantedMistake],
    judged: CheckVerdict,
    reasons: Mapping[PlantedMistake, str],
) -> Outcome:
    if not kinds:
        lack = lacking(case, lambda other: any(kind.differs(other) for kind in candidates(other, mistake)))
        return Outcome(mistake.code, "impossible", lack, 0.0, 0, {})
    missed = {str(kind): reasons[kind] for kind in kinds if kind in reasons}
    verdict = {0: "caught", len(kinds): "missed"}.get(len(missed), "in part")
    reason = say("; ").join(dict.fromkeys(missed.values()))
    if verdict == "in part":
        some = say(", ").join([next(iter(missed)), *["…"] * (len(missed) > 1)])
        reason = say(
            "{missed} of {count} kinds ({some}): {reason}",
            missed=len(missed),
            count=len(kinds),
            some=some,
            reason=reason,
        )
    return Outcome(mistake.code, verdict, reason, min(judged.errors[kind] for kind in kinds), len(kinds), missed)


def _remedy(
    case: Exercise, every: Sequence[PlantedMistake], judged: CheckVerdict, method: str
) -> tuple[Exercise, tuple[str, ...], dict[PlantedMistake, str]]:
    """A case on which all kinds are caught, the factors in which it is other, and what hides those that are missed."""
    missed = [kind for kind in every if not judged.caught[kind]]
    if not missed:
        return case, (), {}
    new, best = case, judged
    for seed in range(DRAWS):
        tried = drawn(case, seed)
        found = judge_planted(with_factors(case, tried, FACTORS), every, method)
        if sum(found.caught.values()) > sum(best.caught.values()):
            new, best = tried, found
        if all(best.caught.values()):
            break
    without: dict[PlantedMistake, tuple[str, ...]] = {}
    for names in (names for count in range(1, len(FACTORS) + 1) for names in combinations(FACTORS, count)):
        other = with_factors(case, new, names)
        left = [kind for kind in missed if kind not in without and best.caught[kind] and kind.differs(other)]
        if left:
            caught = judge_planted(other, left, method).caught
            without |= {kind: names for kind in left if caught[kind]}
    reasons = {
        kind: say("hidden by {what}", what=hidden_by(case, without[kind])) if kind in without else word(UNSEEN)
        for kind in missed
    }
    factors = {name for names in without.values() for name in names}
    for more in ("", *FACTORS):  # what shows one mistake may hide another
        factors |= {more} & FACTORS.keys()
        names = tuple(name for name in FACTORS if name in factors)
        other = with_factors(case, new, names)
        if all(seen >= best.caught[kind] for kind, seen in judge_planted(other, every, method).caught.items()):
            break
    return other, names, reasons
