"""A learner's gradients, in whatever form they come, as named arrays.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read(case, {"w5": 0.0822, "w6": 0.0827})
>>> given.form, list(given.arrays), given.select("dW2", case.truth[1]["dW2"]).round(4).tolist()
('numbers by label', ['dW2'], [0.0822, 0.0827])
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.answer import Answer, meanings, within
from microbp.comparing.answers.arrays import depth, floats, is_one, is_single, unwrapped, words
from microbp.comparing.answers.flat import LAYOUTS, ambiguous, flat_readings
from microbp.errors import ShapeError, UnknownNameError, nearest
from microbp.problems.exercise import Exercise, Floats, Gradients

_NAME = re.compile(r"(?:d|grad_?|∂)?(w|b|theta|Θ)_?(\d+)(?:_?grad)?", re.IGNORECASE)
_LISTS = re.compile(r"(?:d|grad_?|∂)?(w|b|theta|Θ)(?:s|eights?|iase?s?)?(?:_?grads?)?", re.IGNORECASE)
_FLAT = ("gradient", "gradients", "grad", "grads", "flat", "vector", "delta", "D")
_NAMES = 'give them by name, {"dW1": [[…]], "w5": 0.08}, in a .csv as lines, dW1,0.1,0.2 (one a row) or w5,0.08'
_AGREES = 1e-4
"""How near a number of a flat vector must be to a right one to speak for a layout."""


def read(case: Exercise, gradients: Any, *, layout: str | None = None, loose: bool = False) -> list[Answer]:
    """All ways to read a learner's gradients: one, but for a flat vector of no given layout, or equal shared biases.

    `gradients` is `{"dW": […], "db": […]}`, a dict by array (`dW1`), by parameter label (`w5`) or with θ (`Theta1`), a
    pair of lists, a list `[W1, b1, W2, …]`, a list of Θ of shape (n_out, 1 + n_in), or one flat vector, whose `layout`
    is one of `LAYOUTS`. What is not given is not looked at. With `loose` arrays may be transposed, or stand in reversed
    order. Raises `ShapeError`, with both shapes, for what does not fit, and `UnknownNameError`.

    >>> from microbp import load
    >>> from microbp.problems.exercise import exercise_of
    >>> case = exercise_of(load("w1-w8"))
    >>> [given.layout for given in read(case, range(12))]
    ['rows', 'columns', 'weights-rows', 'weights-columns', 'neurons', 'theta-rows', 'theta-columns']
    """
    if layout is not None and layout not in LAYOUTS:
        raise UnknownNameError(nearest("layout", layout, LAYOUTS))
    gradients = unwrapped(gradients)
    if loss_in(gradients) is not None:
        gradients = gradients[1:]
    found = [reading for reading in _readings(case, gradients, layout) if reading.arrays]
    if not found:
        shapes = ", ".join(f"{name} {case.shape(name)}" for name in case.names)
        raise ShapeError(f"cannot read gradients out of {words(gradients)}: this network has {shapes}; {_NAMES}")
    single = is_single(gradients)
    found = [meaning for reading in found for meaning in meanings(case, replace(reading, single=single), loose)]
    distinct: list[Answer] = []
    for reading in found:
        if not any(_same(reading.arrays, other.arrays) for other in distinct):
            distinct.append(reading)
    return distinct


def choose(case: Exercise, readings: list[Answer]) -> Answer:
    """The reading with the most right numbers. Raises `ShapeError`, naming the layouts, if that is not one alone."""
    if len(readings) == 1:
        return readings[0]
    scores = []
    for given in readings:
        agree = 0
        for name in given.arrays:
            right = given.select(name, case.truth[1][name])
            if right is not None:
                agree += int(np.sum(within(given.numbers(name), right, _AGREES * np.abs(right))))
        scores.append(agree)
    best = [given for given, score in zip(readings, scores, strict=True) if score == max(scores)]
    if len({given.layout for given in best}) > 1:
        raise ShapeError(ambiguous(best))
    return min(best, key=lambda given: _apart(case, given))


def loss_in(gradients: Any) -> float | None:
    """The loss, if a learner's function gave it before the gradients.

    >>> loss_in((0.3, [[[1.0]]], [[2.0]])), loss_in(([[[1.0]]], [[2.0]]))
    (0.3, None)
    """
    if isinstance(gradients, list | tuple) and len(gradients) == 3:
        first, second, _ = gradients
        if not isinstance(first, list | tuple) and depth(first) == 0 < depth(second):
            return None if first is None else float(floats("the loss", first))
    return None


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


def _readings(case: Exercise, gradients: Any, layout: str | None) -> Iterator[Answer]:
    if isinstance(gradients, Mapping):
        if len(gradients) == 1 and next(iter(gradients)) in _FLAT:
            yield from _readings(case, next(iter(gradients.values())), layout)
        else:
            yield _by_name(case, gradients)
        return
    deep = depth(gradients)
    if deep == 1 and depth(next(iter(gradients))) == 0:
        yield from flat_readings(case, floats("a flat vector", gradients), layout)
    elif deep == 2 and isinstance(gradients, np.ndarray) and 1 in gradients.shape and case.depth > 1:
        yield from flat_readings(case, floats("a flat vector", gradients).ravel(), layout)
    elif deep:
        yield from _sequences(case, gradients)


def _sequences(case: Exercise, gradients: Any) -> Iterator[Answer]:
    """A list of arrays can be Θs, weights alone, all arrays in turn, or a list of weights and one of biases."""
    items = list(gradients)
    L = case.depth
    names = case.names
    forms: list[tuple[str, dict[str, Any]]] = []
    if L == 1 and depth(gradients) == 2:
        forms += [("θ", {"theta1": gradients}), ("weights", {"dW1": gradients})]
    if len(items) == L:
        forms += [("list of θ", {f"theta{l}": g for l, g in enumerate(items, 1)})]
        forms += [("list of weights", dict(zip(names[::2], items, strict=True)))]
    if len(items) == 2 * L:
        forms += [("list of arrays", dict(zip(names, items, strict=True)))]
    if len(items) == 2 and all(depth(part) >= 2 and len(part) == L for part in items):
        forms += [("dW and db", {"dW": items[0], "db": items[1]})]
    elif len(items) == 2 and depth(items[0]) > 2:  # matrices, and then numbers that are no biases
        forms = [("dW and db", {"dW": items[0], "db": items[1]})]
    readings: list[Answer] = []
    wrong: ShapeError | None = None
    for form, named in forms:
        try:
            readings.append(replace(_by_name(case, named), form=form))
        except ShapeError as error:
            wrong = error
    if wrong and not readings:
        raise wrong
    fitting = [r for r in readings if all(_shape_fits(case, name, g) for name, g in r.arrays.items())]
    yield from (fitting or readings[-1:])[:1]


def _by_name(case: Exercise, given: Mapping[str, Any]) -> Answer:
    arrays: Gradients = {}
    known: dict[str, NDArray[np.bool_]] = {}
    totals: set[str] = set()
    form = "arrays by name"
    keys: dict[tuple[Any, ...], str] = {}

    def once(key: str, *places: tuple[Any, ...]) -> None:
        """Notes what a key gives: whole arrays, or one entry. Raises `ShapeError` if that was given."""
        for place in places:
            for other in keys:
                if other[0] == place[0] and (len(other) == 1 or len(place) == 1 or other == place):
                    raise ShapeError(f"{keys[other]} and {key} both give numbers of {place[0]}: give each once")
            keys[place] = key

    for key, value in given.items():
        if value is None:
            continue
        label = key if key in case.labels else key[1:] if key[:1] in "d∂" else ""
        if label in case.labels and is_one(value):
            form = "numbers by label"
            name, where = case.labels[label]
            once(key, (name,) if where is None else (name, where))
            if where is None:
                arrays[name] = floats(key, value).reshape(1)
                totals.add(name)
                continue
            arrays.setdefault(name, np.zeros(case.shape(name)))[where] = floats(key, value).item()
            known.setdefault(name, np.zeros(case.shape(name), dtype=bool))[where] = True
            continue
        match = _NAME.fullmatch(key)
        if match and 1 <= int(match[2]) <= case.depth:
            once(key, *_places(match[1], int(match[2])))
            _put(arrays, match[1], int(match[2]), floats(key, value))
        elif (match := _LISTS.fullmatch(key)) is not None:
            if not depth(value):
                raise ShapeError(f"{key} needs a list with an array for each layer, got {words(value)}")
            parts = [value] if case.depth == 1 and depth(value) == (1 if match[1] in "bB" else 2) else list(value)
            if len(parts) != case.depth:
                raise ShapeError(f"{key} needs an array for each of the {case.depth} layers, got {len(parts)}")
            for l, part in enumerate(parts, 1):
                if part is not None:
                    once(key, *_places(match[1], l))
                    _put(arrays, match[1], l, floats(f"{key}[{l - 1}]", part))
        else:
            raise UnknownNameError(nearest("gradient", key, [*case.names, "dW", "db", *list(case.labels)[:20]]))
    ordered = {name: arrays[name] for name in case.names if name in arrays}
    return Answer(ordered, form, {name: mask for name, mask in known.items() if not mask.all()}, frozenset(totals))


def _places(kind: str, l: int) -> list[tuple[str]]:
    """The arrays that such a name gives: Θ gives two."""
    return [(f"d{k}{l}",) for k in "Wb" if kind.lower() not in ("w", "b") or kind.lower() == k.lower()]


def _put(arrays: Gradients, kind: str, l: int, array: Floats) -> None:
    if kind.lower() in ("w", "b"):
        arrays[f"d{'W' if kind in 'wW' else 'b'}{l}"] = array
    elif (array := np.atleast_2d(array)).ndim != 2 or array.shape[1] < 2:
        raise ShapeError(f"Θ{l} needs shape (n_out, 1 + n_in), the bias in column 0, got {array.shape}")
    else:
        arrays[f"dW{l}"], arrays[f"db{l}"] = array[:, 1:], array[:, 0]


def _shape_fits(case: Exercise, name: str, array: Floats) -> bool:
    return array.shape == case.shape(name) or (name[1] == "b" and array.size == case.shape(name)[0])
