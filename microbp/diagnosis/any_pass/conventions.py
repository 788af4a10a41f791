"""What makes a wrong pass of a right one, and nobody thinks of looking there: deltas without 1/m, targets, scales.

Many write the deltas of each sample's own loss, dZ = A − Y, and divide by m where they sum over the samples, in dW and
db. Read strictly such a dZ is m times a gradient; what people mean is right. A loss of another scale than the gradients
makes every line wrong. And p − y is a softmax's delta only where each row of y adds up to 1: random numbers do not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.judge import RIGHT, WRONG, Judge, judge_gradients, looks_single
from microbp.diagnosis.any_pass.names import TARGETS
from microbp.diagnosis.any_pass.report import Report
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import number_text, say


def judge_as_meant(recorded: Recorded, mine: Mapping[str, Any], clips: bool = False) -> tuple[Judge, list[str]]:
    """Gradients as judged, in what people mean by them if fewer lines are wrong then; and notes on what that is.

    If the code `clips` gradients they are judged as they were before that.
    """
    found, notes = _of_the_loss(recorded, mine)
    for before, note in _before_clipping(found) if found.wrong and clips else ():
        other, more = _of_the_loss(recorded, before)
        if len(other.wrong) < len(found.wrong):
            unclipped = say("leave the clipping out to be told more: numbers that were cut say little of a slip")
            return other, [note, *more, *[unclipped] * bool(other.wrong)]
    return found, notes


def _before_clipping(judge: Judge) -> Iterator[tuple[dict[str, Any], str]]:
    """Gradients as they may have been before they were clipped, each number, their norm together or each norm; notes.

    What they are clipped to is round, and most numbers of an array are not clipped.
    """
    mine = {name: x for name, x in judge.fitted.items() if x is not None and np.isfinite(x).all()}
    truth = {name: judge.trace.truth.arrived[judge.places[name]].reshape(x.shape) for name, x in mine.items()}
    most = {name: float(np.abs(x).max(initial=0.0)) for name, x in mine.items() if name in judge.wrong}
    for limit in sorted(x for x in {*most.values()} if x and _is_round(x)):
        before = dict(judge.given)
        cut = {
            name: (np.abs(mine[name]) == limit) & (truth[name] * np.sign(mine[name]) >= limit)
            for name in most
            if most[name] == limit
        }
        kept = sum(np.count_nonzero(mine[name]) - at.sum() for name, at in cut.items())
        before |= {name: np.where(at, truth[name], mine[name]) for name, at in cut.items()}
        if sum(at.sum() for at in cut.values()) <= kept:
            yield before, _clipped(say("each number is clipped to {limit}", limit=number_text(limit, 6)))
    times = {name: _times(judge, name, right) or 1.0 for name, right in truth.items()}
    norms = {name: float(np.sqrt((x**2).sum())) for name, x in mine.items()}
    together, least = float(np.sqrt(sum(x**2 for x in norms.values()))), min(times.values(), default=1.0)
    if 0 < least < 1 and _is_round(together, 1e-4):
        said = say("their norm together is clipped to {limit}", limit=number_text(together, 2))
        yield {name: np.asarray(x) / least for name, x in judge.given.items()}, _clipped(said)
    each = {name: x for name, x in times.items() if 0 < x < 1 and _is_round(norms[name], 1e-4)}
    if each:
        said = say("each norm is clipped to {limit}", limit=number_text(norms[next(iter(each))], 2))
        yield {**judge.given, **{name: mine[name] / x for name, x in each.items()}}, _clipped(said)


def _clipped(said: str) -> str:
    return say("{said}, as against exploding gradients: that is right, and they were compared as before", said=said)


def _is_round(x: float, room: float = 0.0) -> bool:
    """Whether a number has two digits at most.

    >>> _is_round(0.25), _is_round(0.249999, 1e-4), _is_round(5.01, 1e-4)
    (True, True, False)
    """
    return abs(float(f"{x:.2g}") - x) <= room * abs(x)


def _of_the_loss(recorded: Recorded, mine: Mapping[str, Any]) -> tuple[Judge, list[str]]:
    """Gradients as those of log x where the loss has log(x + 1e-8), if no more lines are wrong then."""
    found, notes = _in_scale(recorded, mine)
    without = recorded.without_small_constants() if found.wrong else None
    if without is not None:
        other, more = _in_scale(without, mine)
        if _merit(other) > _merit(found):
            said = say(
                "taken as the gradients of log x, though forward has log(x + 1e-8) or the like, as p − y is: that"
                " is right"
            )
            return other, [said, *more]
    return found, notes


def _in_scale(recorded: Recorded, mine: Mapping[str, Any]) -> tuple[Judge, list[str]]:
    """Deltas of each sample's own loss as what they are for, if fewer lines are wrong then."""
    found = judge_gradients(recorded, mine)
    inner = [name for name in reversed(list(recorded)) if name in mine and not _was_given(recorded, name)]
    for count in sorted(_counts(found, inner)) if found.wrong.intersection(inner) else ():
        once = {name: _divided(x, count) if name in inner else x for name, x in mine.items()}
        other = judge_gradients(recorded, once)
        ended = any(line.verdict != WRONG and line.name not in inner for line in other.lines())
        if ended and _merit(other) > _merit(found):
            note = say(
                "{names}: gradients of each sample's own loss, divided by {count} only in the lines below. That "
                "is right; they were compared divided by {count}",
                names=", ".join(inner),
                count=count,
            )
            return other, [note]
    return found, [*_of_another_scale(found)]


def _was_given(recorded: Recorded, name: str) -> bool:
    """Whether an array was given to forward, or is a copy of one that was, as a cache has it."""
    nodes = recorded[name].nodes.ravel().tolist()
    node = nodes[0] if nodes else None
    while node is not None and node.op is not None and node.op.name == "identity":
        node = node.inputs[0]
    return node is None or node.op is None


def _divided(mine: Any, count: int) -> Any:
    """Numbers of single precision remain that."""
    return np.asarray(mine, dtype=np.float32 if looks_single(mine) else None) / count


def _merit(judge: Judge) -> tuple[int, int]:
    """The fewer lines are wrong the better, and then the more are right."""
    return -len(judge.wrong), sum(line.verdict == RIGHT for line in judge.lines())


def _counts(judge: Judge, inner: Collection[str]) -> set[int]:
    """What lines at the end divide by, and how many times what it should be the first wrong one on the way back is.

    Each weight is used once for each sample, and once or twice more in a penalty.
    """
    ends = [name for name in judge.given if name not in inner]
    found = [1 / times for name in ends if (times := _times(judge, name, judge.wanted(name)))]
    top = next(line.name for line in judge.lines() if line.verdict == WRONG)
    found += [_times(judge, top, judge.wanted(top)) or 0.0]
    whole = {round(each) for each in found if each > 1.5 and abs(each - round(each)) < 1e-6 * each}
    graph = judge.trace.graph
    uses = np.bincount(graph.source, minlength=len(graph))
    often = [n for name in ends for n in np.unique(uses[judge.places[name]])]
    return {count for count in whole if any(n >= count and n % count < min(3, count - 1) for n in often)}


def _times(judge: Judge, name: str, right: Any) -> float | None:
    """How many times the right numbers the given ones are, if they are."""
    mine = judge.fitted[name]
    if mine is None or not (np.isfinite(mine).all() and np.any(right) and np.any(mine)):
        return None
    times = float((mine * right).sum() / (right * right).sum())
    return times if times and judge.close(name, mine, times * right).all() else None


def _of_another_scale(judge: Judge) -> Iterator[str]:
    """A note, if all gradients of what was given to forward are one number times the right ones."""
    leaves = {name: judge.trace[name] for name in judge.given if _was_given(judge.trace, name)}
    arrived = judge.trace.truth.arrived
    truth = {name: arrived[judge.trace.places(name)].reshape(leaf.shape) for name, leaf in leaves.items()}
    times = [_times(judge, name, right) for name, right in truth.items() if np.any(right)]
    first = times[0] if len(times) > 1 else None
    if first is None or any(each is None or not np.isclose(each, first, rtol=1e-7) for each in times):
        return
    factor = number_text(abs(first), 6)
    if np.isclose(first, -1):
        yield say(
            "all of them are the negative gradients: right if you add them to the weights, W += lr * dW; a "
            "gradient is subtracted"
        )
    elif first < 0:
        yield say(
            "all of them are −{factor} times the gradients of this loss: added to the weights, W += lr * dW, they are "
            "right for a loss {factor} times as large",
            factor=factor,
        )
    elif not np.isclose(first, 1):
        yield say(
            "all of them are {factor} times the gradients of this loss, so they are right for a loss {factor} times as "
            "large: a sum or a mean, with ½ or without",
            factor=factor,
        )


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
        if not (TARGETS.fullmatch(name) and isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.ndim == 2):
            continue
        for axis in (1, 0):  # a row for each sample, or a column
            if x.shape[axis] > 1 and not np.allclose(x.sum(axis=1), 1) and not np.allclose(x.sum(axis=0), 1):
                totals, top = x.sum(axis=axis), np.indices(x.shape)[axis] == x.argmax(axis=axis, keepdims=True)
                yield name, float(totals[np.abs(totals - 1).argmax()]), top.astype(float)
