"""One number followed through a pass: the lines that make it, wrong and right, with the numbers in them.

>>> from microbp import load
>>> from microbp.diagnosis.explanation import Finding
>>> from microbp.diagnosis.mistakes import find_mistake
>>> from microbp.problems.exercise import exercise_of
>>> finding = Finding(find_mistake("missing-hidden-derivative"), {"slope": "1.0"}, (1,))
>>> for row in follow(exercise_of(load("w1-w8")), Explanation((finding,), 1), "dW1", (0, 1)):
...     print(row.side, row.line, "=", row.numbers)
wrong dW1[0,1] = Σi δ1[i,0]·X[i,1] = 0.0363503064·0.1
right dW1[0,1] = Σi δ1[i,0]·X[i,1] = 0.00877135469·0.1
wrong δ1[0,0] = Σk δ2[0,k]·W2[k,0] = 0.138498562·0.4 − 0.0380982365·0.5
right δ1[0,0] = (Σk δ2[0,k]·W2[k,0]) · σ′(z1[0,0]) = (0.138498562·0.4 − 0.0380982365·0.5)·0.241300709
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from microbp.comparing.difference import ROUNDING
from microbp.derivation.backprop import Pass, backward, pass_of
from microbp.derivation.notation import at_place, names_of, placed_form
from microbp.diagnosis.explanation import Explanation
from microbp.problems.exercise import Exercise, Floats


class FollowedLine(NamedTuple):
    """One line of a pass for one number: with indices, with numbers, and what it comes to."""

    side: str
    """The pass it is of: "wrong" or "right"."""
    line: str
    numbers: str
    value: float


Place = tuple[int, ...]


def follow(case: Exercise, explanation: Explanation, name: str, where: Sequence[int]) -> Iterator[FollowedLine]:
    """The lines that make this entry of a gradient, from the gradient back to where the two passes part.

    Two passes that are added up, and a list in reversed order, are no matter of lines: then there is nothing.
    """
    if any({"order", "passes", "precision"} & finding.change.keys() for finding in explanation.findings):
        return
    with np.errstate(all="ignore"):
        wrong = _Pass(explanation.case(case), explanation.lines(case))
        right = _Pass(case, pass_of(case))
        step: tuple[str, int, Place] | None = (name[:2], int(name[2:]), tuple(where))
        while step:
            head, l, place = step
            yield wrong.row("wrong", head, l, place)
            yield right.row("right", head, l, place)
            step = _next(case, wrong, right, head, l, place)


class _Pass:
    """One pass, with everything that a line of its derivation can name."""

    def __init__(self, case: Exercise, lines: Pass) -> None:
        self._case, self._lines = case, lines
        self.done = dict(backward(case, lines))
        self._names = names_of(case, self.done)

    def row(self, side: str, head: str, l: int, place: Place) -> FollowedLine:
        """The row of this quantity."""
        written = at_place(self._case, self._lines, head, l, place, self._names)
        return FollowedLine(side, placed_form(self._case, self._lines, head, l, place), written.text, written.value)


def _next(case: Exercise, wrong: _Pass, right: _Pass, head: str, l: int, place: Place) -> tuple[str, int, Place] | None:
    """The quantity in a line that the two passes have otherwise, where it is so most."""
    if head in ("z", "a"):
        return ("z", l, place) if head == "a" and _apart(wrong, right, "z", l)[place] else None
    if head == "d" and l < case.depth:
        apart = _apart(wrong, right, "d", l + 1)[place[0]]
        if apart.any():
            return "d", l + 1, (place[0], int(apart.argmax()))
    elif head != "d":
        for j in place:  # of a transposed gradient the second
            apart = _apart(wrong, right, "d", l)
            if j < apart.shape[1] and apart[:, j].any():
                return "d", l, (int(apart[:, j].argmax()), j)
    for k in range(1, case.depth + 1):
        apart = _apart(wrong, right, "a", k)
        if apart.any():
            row, column = np.unravel_index(int(apart.argmax()), apart.shape)
            return "a", k, (int(row), int(column))
    return None


def _apart(wrong: _Pass, right: _Pass, name: str, l: int) -> Floats:
    """How far apart the two passes have an array, entry by entry; 0 for what is rounding."""
    one, other = wrong.done[l][name], right.done[l][name]
    apart: Floats = np.nan_to_num(np.abs(one - other), nan=np.inf)
    apart[apart <= ROUNDING * np.max(np.abs(other), initial=0.0)] = 0.0
    return apart
