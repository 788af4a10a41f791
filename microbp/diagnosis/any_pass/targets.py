"""Targets that a pass takes for shares, and that are none: p − y is a softmax's delta where each row of y adds up to 1.

Random numbers in the place of labels make a wrong pass of a right one, and nobody thinks of looking there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.judge import WRONG
from microbp.diagnosis.any_pass.report import Report
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say

_TARGETS = re.compile(r"(y|t|target|label|one_?hot)s?(_.*)?|.*_(y|true|hot)", re.IGNORECASE)
"""What targets are called."""


def told_of_targets(
    found: Report, recorded: Recorded, arrays: Mapping[str, Any], again: Callable[[dict[str, Any]], Report] | None
) -> Report:
    """A report with a note, if less of it would be wrong for one-hot targets: `again` judges the pass with those."""
    if (
        again is None
        or found.ok
        or not any(node.op and node.op.name.startswith("log") for node in recorded.loss.graph())
    ):
        return found
    for name, total, one_hot in _one_hot(arrays):
        left = _wrong(again({**arrays, name: one_hot}))
        if left < _wrong(found):
            return replace(found, notes=(_note(name, total, left), *found.notes))
    return found


def _note(name: str, total: float, left: int) -> str:
    told = say("{name} is not one-hot: the numbers of a sample add up to {total:.3g}, not to 1", name=name, total=total)
    if left:
        return say(
            "{told}. If it were, {count} of these lines would be wrong: p − y holds for a softmax if y adds up to 1",
            told=told,
            count=left,
        )
    return say(
        "{told}. If it were, none of these lines would be wrong: p − y holds for a softmax if y adds up to 1", told=told
    )


def _wrong(report: Report) -> int:
    return sum(line.verdict == WRONG for line in report.lines)


def _one_hot(arrays: Mapping[str, Any]) -> Iterator[tuple[str, float, Any]]:
    """The names of matrices of targets that are no shares, what a sample adds up to there, and one-hot ones instead.

    >>> found = [*_one_hot({"x": np.ones((2, 2)), "Y": np.array([[0.5, 2.0], [0.0, 1.0]])})]
    >>> [(name, total, rows.tolist()) for name, total, rows in found]  # a sample is a row, or a column
    [('Y', 2.5, [[0.0, 1.0], [0.0, 1.0]]), ('Y', 3.0, [[1.0, 1.0], [0.0, 0.0]])]
    """
    for name, x in arrays.items():
        if not (_TARGETS.fullmatch(name) and isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.ndim == 2):
            continue
        for axis in (1, 0):  # a row for each sample, or a column
            if x.shape[axis] > 1 and not np.allclose(x.sum(axis=1), 1) and not np.allclose(x.sum(axis=0), 1):
                totals, top = x.sum(axis=axis), np.indices(x.shape)[axis] == x.argmax(axis=axis, keepdims=True)
                yield name, float(totals[np.abs(totals - 1).argmax()]), top.astype(float)
