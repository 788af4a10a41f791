"""A learner's gradients, in whatever form they come, as named arrays.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read_gradients(case, {"w5": 0.0822, "w6": 0.0827})
>>> given.form, list(given.arrays), given.select("dW2", case.truth[1]["dW2"]).round(4).tolist()
('numbers by label', ['dW2'], [0.0822, 0.0827])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer, meanings, within
from microbp.comparing.answers.arrays import all_single, depth, floats, unwrapped, words
from microbp.comparing.answers.flat import ORDERS, ambiguous, flat_readings
from microbp.comparing.answers.layouts import apart, as_they_stand, layouts_of, notes_on
from microbp.comparing.answers.named import Collected, collect
from microbp.comparing.answers.sequences import Named, loss_apart, name_arrays
from microbp.errors import ShapeError, UnknownNameError, nearest
from microbp.nn.layout import ArrayLayout
from microbp.printing import say
from microbp.problems.exercise import Exercise, Gradients

_FLAT = ("gradient", "gradients", "grad", "grads", "flat", "vector", "delta", "D")
_NAMES = 'give them by name, {"dW1": [[…]], "w5": 0.08}, in a .csv as lines, dW1,0.1,0.2 (one a row) or w5,0.08'
_AGREES = 1e-4
"""How near a number must be to a right one to speak for a way to read it."""


def read_gradients(
    case: Exercise,
    gradients: Any,
    *,
    order: str | None = None,
    layout: str | ArrayLayout | None = None,
    like: ArrayLayout | None = None,
    loose: bool = False,
) -> list[Answer]:
    """All ways to read a learner's gradients, the likeliest first: one, but for what their shapes leave open.

    `gradients` is `{"dW": […], "db": […]}`, a dict by array (`dW1`, `dL_dW1`, `W[1]`, `0.weight`), by parameter label
    (`w5`) or with θ (`Theta1`), a pair of lists in either order, a list of all arrays, a list of Θ, or one flat vector,
    whose `order` is one of `ORDERS`; the loss may stand before or after them, or in the dict. `layout` says how the
    arrays are laid out (`in,out`, `bias last`); unsaid, their shapes tell, first by what is `like` the arguments that
    a function had. What is not given is not looked at. With `loose` arrays may be transposed, or stand in reversed
    order. Raises `ShapeError`, with both shapes, for what does not fit, and `UnknownNameError`.

    >>> from microbp import load
    >>> from microbp.problems.exercise import exercise_of
    >>> case = exercise_of(load("w1-w8"))
    >>> [given.order for given in read_gradients(case, range(12))]
    ['rows', 'columns', 'weights-rows', 'weights-columns', 'neurons', 'theta-rows', 'theta-columns']
    """
    if order is not None and order not in ORDERS:
        raise UnknownNameError(nearest("order", order, ORDERS))
    said = ArrayLayout.said(layout)
    loss, gradients = loss_apart(unwrapped(gradients))
    found = [answer for answer in _answers(case, gradients, order, said, like, loose) if answer.arrays]
    if not found:
        shapes = ", ".join(f"{name} {case.shape(name)}" for name in case.names)
        raise ShapeError(f"cannot read gradients out of {words(gradients)}: this network has {shapes}; {_NAMES}")
    single = all_single(gradients)
    found = [replace(answer, single=single, loss=answer.loss if loss is None else loss) for answer in found]
    distinct: list[Answer] = []
    for answer in _meant(case, found, loose):
        if not any(_same(answer.arrays, other.arrays) for other in distinct):
            distinct.append(answer)
    return distinct


def likeliest_reading(case: Exercise, readings: Sequence[Answer]) -> Answer:
    """The reading with the most right numbers. Raises `ShapeError`, naming the orders, if several orders have it."""
    if len(readings) == 1:
        return readings[0]
    scores = [agreeing(case, given) for given in readings]
    best = [given for given, score in zip(readings, scores, strict=True) if score == max(scores)]
    if len({given.order for given in best}) > 1:
        raise ShapeError(ambiguous(best))
    return min(best, key=lambda given: _apart(case, given))


def agreeing(case: Exercise, given: Answer) -> int:
    """How many of the numbers are about right."""
    agree = 0
    for name in given.arrays:
        right = given.select(name, case.truth[1][name])
        if right is not None:
            agree += int(np.sum(within(given.numbers(name), right, _AGREES * np.abs(right))))
    return agree


def _apart(case: Exercise, given: Answer) -> float:
    """How far the numbers for shared biases are from the right ones."""
    found = 0.0
    for name in case.shared & given.arrays.keys():
        right = given.select(name, case.truth[1][name])
        if right is not None:
            found += float(np.max(np.abs(np.nan_to_num(given.numbers(name) - right))))
    return found


def _same(one: Gradients, other: Gradients) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)


def _meant(case: Exercise, found: Sequence[Answer], loose: bool) -> Iterator[Answer]:
    """What the answers mean. Raises the first `ShapeError` if none of them fits the network."""
    wrong: ShapeError | None = None
    fitting = False
    for answer in found:
        try:
            yield from meanings(case, answer, loose)
            fitting = True
        except ShapeError as error:
            wrong = wrong or error
    if wrong and not fitting:
        raise wrong


def _answers(
    case: Exercise, given: Any, order: str | None, said: ArrayLayout, like: ArrayLayout | None, loose: bool
) -> Iterator[Answer]:
    if isinstance(given, Mapping):
        key = next(iter(given), "")
        if len(given) == 1 and key in _FLAT and (depth(given[key]) or isinstance(given[key], Mapping)):
            yield from _answers(case, given[key], order, said, like, loose)
        else:
            yield from _laid_out(case, collect(case, _flattened(given)), said, like, loose)
        return
    deep = depth(given)
    if deep == 1 and depth(next(iter(given))) == 0 and not any(isinstance(part, Mapping) for part in given):
        yield from flat_readings(case, floats("a flat vector", given), order)
    elif deep == 2 and isinstance(given, np.ndarray) and 1 in given.shape and case.depth > 1:
        yield from flat_readings(case, floats("a flat vector", given).ravel(), order)
    elif deep:
        for collected in _sequences(case, list(given), said):
            yield from _laid_out(case, collected, said, like, loose)


def _flattened(given: Mapping[str, Any]) -> dict[str, Any]:
    """A dict of dicts as one dict: {"layer1": {"dW": …}} as {"layer1.dW": …}."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if isinstance(value, Mapping) and value:
            found |= {f"{key}.{name}": part for name, part in _flattened(value).items()}
        else:
            found[key] = value
    return found


def _laid_out(
    case: Exercise, found: Collected, said: ArrayLayout, like: ArrayLayout | None, loose: bool
) -> Iterator[Answer]:
    """The arrays in each layout that they fit; as they stand if they fit none, or if one may be a mistake."""
    whole = {name: array for name, array in found.arrays.items() if name not in {*found.known, *found.totals}}
    layouts = layouts_of(case, whole, said, like)
    if not layouts or (loose and layouts[0].weights != (said.weights or "out,in") and _some_square(case, whole)):
        layouts = [*layouts, as_they_stand(case, whole, said)]
    for layout in layouts:
        arrays = apart(case, whole, layout) | {n: a for n, a in found.arrays.items() if n not in whole}
        yield Answer(
            {name: arrays[name] for name in case.names if name in arrays},
            found.form,
            {name: mask for name, mask in found.known.items() if not mask.all()},
            frozenset(found.totals),
            layout=layout._replace(samples=said.samples).full,
            loss=found.loss,
            beside=found.beside,
            notes=(*found.notes, *notes_on(layout, said, like, found.arrays)),
        )


def _some_square(case: Exercise, arrays: Gradients) -> bool:
    """Whether it could be that one array is transposed and another is not."""
    return any(array.ndim == 2 and array.shape == case.shape(n) for n, array in arrays.items() if n[:2] == "dW")


def _sequences(case: Exercise, items: list[Any], said: ArrayLayout) -> Iterator[Collected]:
    """What a list can be: the names for it that its shapes fit best; a pair in either order if they leave that open."""
    found: list[tuple[int, Collected]] = []
    wrong: ShapeError | UnknownNameError | None = None
    for form, arrays in name_arrays(items, case.depth):
        try:
            collected = collect(case, arrays)
        except (ShapeError, UnknownNameError) as error:
            wrong = wrong or error
            continue
        collected.form = form
        collected.notes += _order_notes((form, arrays), case)
        found.append((_misfit(case, collected, said), collected))
    if not found:
        if wrong:
            raise wrong
        return
    best = [collected for misfit, collected in found if misfit == min(misfit for misfit, _ in found)]
    if min(misfit for misfit, _ in found) == 2:  # nothing fits: the last of what is in the usual order says why
        best = [collected for collected in best if not collected.notes][-1:] or best[:1]
    yield from [c for k, c in enumerate(best) if not k or c.form == "db and dW"]


def _order_notes(given: Named, case: Exercise) -> list[str]:
    form, arrays = given
    if form == "db and dW":
        return [say("The biases' gradients were given first, then those of the weights.")]
    if form == "list of arrays" and list(arrays) != list(case.names):
        return [say("The list was read as {names}.", names=", ".join(arrays))]
    return []


def _misfit(case: Exercise, found: Collected, said: ArrayLayout) -> int:
    """How badly arrays fit: 0 in the layout that is said, or ours, 1 in another one, 2 in none."""
    for name, array in found.arrays.items():
        if name[:2] == "db" and array.size != case.shape(name)[0] and not (name in case.shared and array.size == 1):
            return 2
    layouts = layouts_of(case, found.arrays, said)
    if not layouts:
        return 2
    return int(layouts[0].weights != (said.weights or "out,in"))
