"""Any forward and backward pass that is written in NumPy: which line of the backward pass is wrong, and why.

>>> def forward(x, w):
...     z = x @ w
...     a = np.tanh(z)
...     return {"z": z, "a": a, "loss": (a**2).sum()}
>>> def backward(x, w, z, a):
...     da = 2 * a
...     dz = da * (1 - z**2)
...     return {"da": da, "dz": dz, "dw": x.T @ dz}
>>> x, w = np.array([[0.5, 1.0], [2.0, -0.3]]), np.array([0.2, 0.7])
>>> found = check(forward, backward, x=x, w=w)
>>> found.ok, found.first, [line.verdict for line in found.lines]
(False, 'z', ['right', 'wrong', 'carried'])
>>> found["z"].causes[0]
'derivative-elsewhere'
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.answer import within
from microbp.comparing.precision import of_quantity
from microbp.diagnosis.any_pass.calling import (
    CLIPS,
    SINGLE,
    array_of_list,
    bind,
    mentions,
    run_on_numbers,
    same_random_numbers,
    written_into,
)
from microbp.diagnosis.any_pass.conventions import judge_as_meant, told_of_targets
from microbp.diagnosis.any_pass.gradients import (
    beside_the_loss,
    gradients_by_name,
    gradients_of_forward,
    handed_back,
    matched,
    numbers_of,
)
from microbp.diagnosis.any_pass.judge import RIGHT, judge_gradients
from microbp.diagnosis.any_pass.learners.shared import globals_meant, shared_arrays
from microbp.diagnosis.any_pass.learners.steps import as_gradients, rates_of, stepped, steps_among
from microbp.diagnosis.any_pass.names import flatten, meant
from microbp.diagnosis.any_pass.report import Report, report_on
from microbp.diagnosis.any_pass.returned import cache_of, parts_by_name, returned_by, upstream_of
from microbp.diagnosis.any_pass.trace import Recorded, run_forward
from microbp.errors import GraphError, ProblemError, nearest
from microbp.printing import in_width, say

FEWER = (16, 8, 4, 2)
"""A pass that is too large is checked with so many samples."""


class Trace(Recorded):
    """What `trace` gives: the `loss`, a `Value`, and each named array, a `Quantity`, by name, in the order of making.

    Whatever takes a root takes a trace: `steps(t)`, `draw(t)`, with a card for each array, `page(t, file)`,
    `paths(t, t.find("W1[0,2]"))`, `gradcheck(t)`.
    """

    def compare(self, name: str, mine: Any) -> None:
        """Compares a gradient of yours with the right one, given those compared before, and prints a line.

        What is printed is `report()[name]` afterwards. Raises `ProblemError` for a name that the forward pass did not
        return.
        """
        found = meant(name, list(self))
        if found is None:
            raise ProblemError(f"{nearest('quantity', name, list(self))}: forward has to return it to have it compared")
        self.compared[found] = numbers_of(found, mine)
        line = self.report()[found]
        fits = np.shape(mine) == self[found].shape
        apart = np.abs(np.asarray(mine, dtype=float) - self[found].gradient).max(initial=0.0) if fits else np.inf
        right = line.verdict == RIGHT
        said = f"exact: {apart == 0!s:5}  approximate: {right!s:5}  worst difference: {apart:.3g}"
        print(f"{found:15} {said}" if right else in_width(f"{found:15} {said}\n  {line.text}"))

    def report(self) -> Report:
        """The report on all that was compared so far."""
        return report_on(judge_gradients(self, self.compared))


def trace(forward: Callable[..., Any], /, **arrays: Any) -> Trace:
    """Runs `forward(**arrays)` on arrays of values, and gives what it returns as a `Trace`.

    Arrays of floats, and floats, become leaves; whole numbers and truths stay as they are. `forward` returns the loss,
    or a dict with it (`locals()` is one), or a tuple of the loss and others. Raises `ProblemError` if no loss is found,
    `OperandError` for functions of NumPy that cannot work on values, `GraphError` if the pass is too large.

    >>> t = trace(lambda x, w: {"z": x * w, "loss": np.sum((x * w) ** 2)}, x=np.array([1.0, 2.0]), w=3.0)
    >>> t.loss.data, t["w"].gradient, list(t)
    (45.0, array(30.), ['x', 'w', 'z'])
    >>> t.compare("dw", 30.0)
    w               exact: True   approximate: True   worst difference: 0
    >>> t.report().ok
    True
    """
    return run_forward(Trace, forward, arrays, lambda name: True)


def check(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    /,
    *,
    gradients: Any = None,
    names: Mapping[str, str] | None = None,
    arrays: Mapping[str, Any] | None = None,
    **more: Any,
) -> Report:
    """Judges each gradient that `backward` returns by itself: right, right for a wrong input, or wrong, and why.

    Both functions get the arrays that they name; `backward` may also name what `forward` returned, all of which goes to
    one name besides (`cache`). `gradients` takes numbers instead of a function. Names are those of `forward`, with or
    without `d`, `grad_`, `_grad`; `names={"delta2": "z2"}` says what another one means. An array whose name collides
    with an option is passed in `arrays`. Arrays of floats are leaves, whole numbers and truths stay as they are.

    A function that returns its loss and the gradients beside it, `softmax_loss(x, y)`, is both; it is given alone.

    A layer alone is judged with a gradient from above: `affine_forward(x, w, b)` returns its result and a cache, and
    `affine_backward(dout, cache)` the gradients; `dout` is given as an array, or random.

    Every answer at a kink that is a one-sided derivative is right, and so is what differs by rounding alone; numbers of
    single precision are held to single precision. What is too large is checked with fewer samples, and the report
    notes it. Raises `ProblemError` for what cannot be compared, and what `trace` raises.
    """
    given = {name: array_of_list(x) for name, x in {**(arrays or {}), **more}.items()}
    if backward is not None and gradients is not None:
        raise ProblemError("check needs a backward pass, or gradients=… with its numbers: one of the two")
    if gradients is None:
        backward = backward or forward
    try:
        return _check(forward, backward, gradients, names or {}, given)
    except GraphError as error:
        if backward is None:
            raise
        for count in FEWER:
            fewer, samples = _fewer(given, count)
            try:
                found = _check(forward, backward, None, names or {}, fewer)
            except GraphError:
                continue
            except Exception as trouble:
                raise error from trouble
            counts = {"count": count, "samples": samples}
            note = say("checked on the first {count} of {samples} samples: all would be too many for scalars", **counts)
            return Report(found.lines, (*found.notes, note))
        raise


def _check(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None,
    gradients: Any,
    names: Mapping[str, str],
    arrays: Mapping[str, Any],
) -> Report:
    returned = run_on_numbers(forward, arrays)
    above = upstream_of(returned, backward, arrays)
    upstream = None if above is None else above[1]
    plain = returned_by(returned, forward, upstream)
    floats = {k: x.shape for k, x in flatten(arrays) if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.ndim}
    if above is not None:
        floats.pop(above[0], None)
        arrays = {**arrays, above[0]: upstream}
    shared = {k: x for k, x in shared_arrays([forward, backward], written_by=forward).items() if k not in arrays}
    handed = copy.deepcopy({**arrays, **shared})
    if backward is not None:
        with same_random_numbers():
            results = {**parts_by_name(returned, forward), **plain}
            gradients = bind(backward, handed, results, cache_of(returned))
    before, after = dict(flatten({**arrays, **shared})), dict(flatten(handed))
    changed = stepped(before, after, [*before])
    if gradients is None and changed:
        gradients = {}
    flat = dict(flatten(gradients_by_name(gradients, backward, floats)))
    own = [name for name, _ in flatten(arrays)]
    known = own if backward is forward else [*own, *dict(flatten(plain))]
    needed = globals_meant([*changed, *flat], known, shared)
    if needed:
        numbers = gradients if backward is None else None
        return _check(forward, backward, numbers, names, {**arrays, **needed})
    flat, steps = steps_among(flat, before, after, backward)
    asked = {key: names.get(key) or meant(key, own) for key in [*flat, *steps]}
    with same_random_numbers():
        recorded = run_forward(Recorded, forward, arrays, lambda name: name in asked.values(), upstream)
    _same_pass(recorded, plain)
    recorded.plain |= written_into(arrays, handed)
    of_forward = gradients_of_forward(flat, recorded)
    recorded = recorded.without(of_forward)
    if backward is forward and not steps:
        flat = beside_the_loss(flat, recorded)
    elif not of_forward:
        own = handed_back(flat, dict(flatten({**arrays, **plain})))
        gradient = {key for key in own if key in recorded and _is_near(flat[key], recorded[key].gradient)}  # of ½Σa²
        flat = {key: x for key, x in flat.items() if key not in own or key in gradient}
    flat, told = as_gradients(flat, steps, recorded, rates_of(backward, arrays))
    mine, notes = matched(flat, names, recorded)
    clips = mentions(CLIPS, backward)
    judge, of_scale = judge_as_meant(recorded, mine, clips)
    found = None
    if judge.wrong and mentions(SINGLE, forward, backward):
        single = {name: np.asarray(x, dtype=np.float32) for name, x in mine.items()}
        other, notes_of_other = judge_as_meant(recorded, single, clips)
        if len(other.wrong) == len(judge.wrong):
            found = report_on(judge, [*told, *of_scale, *notes])
        if len(other.wrong) < len(judge.wrong) or (found and found[str(found.first)].causes[0] == "unexplained"):
            found = report_on(other, [*told, *notes_of_other, *notes])
    found = found or report_on(judge, [*told, *of_scale, *notes])
    again = backward and partial(_check, forward, backward, None, names)
    return told_of_targets(found, recorded, arrays, again)


def _is_near(numbers: Any, right: NDArray[np.float64]) -> bool:
    numbers = np.asarray(numbers, dtype=float)
    return numbers.shape == right.shape and bool(within(numbers, right, of_quantity(numbers, right)).all())


def _same_pass(recorded: Recorded, plain: Mapping[str, Any]) -> None:
    """Raises `ProblemError` if forward did something else with values than with numbers."""
    loss = float(np.asarray(plain["loss"]).ravel()[0])
    if np.isfinite(loss) and not np.isclose(loss, recorded.loss.data, rtol=1e-6, atol=1e-12):
        raise ProblemError(
            f"forward gives another loss when it runs again: {loss:.9g}, then {recorded.loss.data:.9g}. If it draws "
            "random numbers, pass them in as arrays; if it keeps something from one call to the next, let it begin anew"
        )


def _fewer(arrays: Mapping[str, Any], count: int) -> tuple[dict[str, Any], int]:
    """The first samples of all arrays that have as many as the first one."""
    lengths = [len(x) for x in arrays.values() if isinstance(x, np.ndarray) and x.ndim]
    if not lengths:
        raise ProblemError("there is no array whose samples could be fewer")
    samples = lengths[0]
    return {
        k: x[:count] if isinstance(x, np.ndarray) and x.ndim and len(x) == samples else x for k, x in arrays.items()
    }, samples
