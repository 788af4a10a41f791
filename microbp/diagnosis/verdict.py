"""Whether what a learner handed in is right: the one rule of compare, diagnose, grade, first_divergence and pictures.

>>> from microbp import load
>>> from microbp.comparing.answers.read import read_gradients
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> right = found_right([Search(case, given) for given in read_gradients(case, {"w5": 0.08216, "w6": 0.0827})])
>>> right.precision, right.words
('double', '')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.answers.read import likeliest_reading
from microbp.comparing.assumptions import right_for, same_penalty, verdict
from microbp.comparing.precision import FEW_DIGITS, Marked, marked, near_loss
from microbp.derivation.notation import short_number
from microbp.diagnosis.search.search import Search
from microbp.printing import say, word
from microbp.problems.exercise import Exercise

IN_PRECISION = {
    "single": "The numbers have single precision (float32): about 7 digits are right.",
    "half": "The numbers have half precision (float16): about 3 digits are right.",
    "few digits": FEW_DIGITS,
}
"""What to say of right numbers that are not right to the last digit."""
LARGEST = float(np.finfo(np.float64).max)
"""The tolerance of what was found right: it marks nothing."""


@dataclass(frozen=True)
class Right:
    """Numbers that are right: as they were read, and for which conventions."""

    given: Answer
    case: Exercise
    """With the conventions for which they are right."""
    precision: str
    """"double", "single", "half" or "few digits"."""
    words: str = ""
    """For which conventions, if no loss was said and they are not the default."""


def found_right(searches: Sequence[Search]) -> Right | None:
    """The first reading of a hand-in that is right, if one is: a wrong number is one that no reading makes right.

    Numbers are right if they are so to the digits that they have, rounded or cut off, or to what float32 can do, and
    are not exactly what a mistake gives. If no loss was said, those of another convention are right as well.
    """
    for search in searches:
        if precision := search.right_in():
            return Right(search.given, search.case, precision)
    for search in searches:
        found = None if "loss" in search.case.said else right_for(search.case, search.given)
        if found and same_penalty(search.case, found[1]):  # which was said
            return Right(search.given, found[1], "double", verdict(search.case, found[0]))
    return None


@dataclass(frozen=True)
class Judged:
    """A hand-in, array by array: with something wrong in it exactly if it is not right."""

    given: Answer
    case: Exercise
    arrays: tuple[Marked, ...]
    notes: tuple[str, ...]


def judged(case: Exercise, readings: Sequence[Answer]) -> Judged:
    """The hand-in in its right reading, or the likeliest. Raises `ShapeError` as `likeliest_reading`."""
    with np.errstate(all="ignore"):  # a learner's inf and nan
        searches = [Search(case, given) for given in readings]
        if right := found_right(searches):
            arrays = list(marked(right.given, right.case.truth[1], lambda name, right: np.full_like(right, LARGEST)))
            notes = [right.words, word(IN_PRECISION.get(right.precision, ""))]
            given, case = right.given, right.case
        else:
            given = likeliest_reading(case, readings)
            arrays = searches[list(readings).index(given)].marked()
            other = right_for(case, given)
            notes = [verdict(case, other[0])] if other else []
        notes.append(wrong_loss(case, given))
    return Judged(given, case, tuple(arrays), tuple(filter(None, notes)))


def wrong_loss(case: Exercise, given: Answer) -> str:
    """What to say of the loss that came with the gradients; nothing if there was none, or a right one."""
    yours, right = given.loss, case.truth[0]
    if yours is None or near_loss(yours, right):
        return ""
    return say(
        "The loss that came with the gradients is wrong: yours {yours}, right {right}.",
        yours=short_number(yours),
        right=short_number(right),
    )
