"""A learner's gradients as named arrays, checked against the shapes of the network.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("xor"))
>>> fitted_shapes(case, Answer({"dW2": np.zeros((case.sizes[1], 1))}, "arrays by name"))  # doctest: +ELLIPSIS
Traceback (most recent call last):
microbp.errors.ShapeError: dW2 needs shape (1, ...), as W2 has, got (..., 1); its transpose fits: give dW2.T
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp.errors import ShapeError
from microbp.nn.layout import OURS, ArrayLayout
from microbp.printing import say
from microbp.problems.exercise import Exercise, Floats, Gradients


def within(numbers: ArrayLike, right: ArrayLike, tolerance: ArrayLike) -> NDArray[np.bool_]:
    """Which numbers are right ones: as near as that; inf only where inf is right, and nan never.

    >>> within([1.0, np.inf, np.inf, 2.0], [1.1, np.inf, 1.0, np.inf], [0.2, 0.0, np.inf, np.inf]).tolist()
    [True, True, False, False]
    """
    numbers, right, tolerance = (np.asarray(x, dtype=np.float64) for x in (numbers, right, tolerance))
    with np.errstate(invalid="ignore", over="ignore"):
        near = (np.abs(numbers - right) <= tolerance) & np.isfinite(tolerance)
    return np.asarray((numbers == right) | (near & np.isfinite(numbers) & np.isfinite(right)))


def largest(numbers: Floats) -> float:
    """The largest of those that are finite, without its sign."""
    return float(np.max(np.abs(numbers), initial=0.0, where=np.isfinite(numbers)))


@dataclass(frozen=True, eq=False)
class Answer:
    """Gradients as a learner gave them: some or all arrays, or only some entries of an array."""

    arrays: Gradients
    form: str
    known: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Which entries were given, for each array of which only some were."""
    totals: frozenset[str] = frozenset()
    """Shared biases given as the one number for the layer."""
    order: str | None = None
    """That of a flat vector."""
    idle: tuple[str, ...] = ()
    """Biases of a problem that does not train them, all given as 0: they are left out."""
    single: bool = False
    """Whether the numbers were given as float32: the learner knows what precision that is."""
    layout: ArrayLayout = OURS
    """The layout that they were in."""
    loss: float | None = None
    """The loss, if it came with them."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What a pass computes on its way, as it was given beside the gradients: dZ2, delta1 …"""
    notes: tuple[str, ...] = ()
    """How they were read, where that was not said."""

    def select(self, name: str, full: Floats) -> Floats | None:
        """Those entries of such an array that the learner gave, as a vector; None if it has another shape."""
        if name in self.totals:
            return np.array([full.sum()])
        if full.shape != self.arrays[name].shape:
            return None
        return full[self.known[name]] if name in self.known else full.ravel()

    def numbers(self, name: str) -> Floats:
        """What the learner gave of an array, as a vector."""
        array = self.arrays[name]
        return array[self.known[name]] if name in self.known else array.ravel()

    def called(self, name: str) -> str:
        """An array in a sentence: with how much of it was given, if that is not all."""
        if name not in self.known or self.known[name].all():
            return name
        count, every = self.known[name].sum(), self.known[name].size
        return say("{name} ({count} of {all} numbers)", name=name, count=count, all=every)

    def place(self, name: str, k: int) -> tuple[int, ...]:
        """Where the k-th number that was given stands in its array."""
        if name in self.known:
            return tuple(int(i) for i in np.argwhere(self.known[name])[k])
        return tuple(int(i) for i in np.unravel_index(k, self.arrays[name].shape))


def meanings(case: Exercise, given: Answer, loose: bool = False) -> list[Answer]:
    """What equal numbers for the biases that a layer shares can be: each the layer's total, or one for each neuron."""
    found = [fitted_shapes(case, given, loose), fitted_shapes(case, given, loose, each=True)]
    return found[: 1 if found[0].totals == found[1].totals else 2]


def fitted_shapes(case: Exercise, given: Answer, loose: bool = False, each: bool = False) -> Answer:
    """The same with vectors for biases, shared ones as one number. Raises `ShapeError` for what does not fit.

    With `each` equal numbers for a shared bias are those of the neurons, not the layer's total.
    """
    arrays = {name: _in_shape(case, name, array) for name, array in given.arrays.items()}
    totals = given.totals | {name for name in arrays if name in case.shared and _is_total(arrays[name], each)}
    arrays = {name: array[:1] if name in totals else array for name, array in arrays.items()}
    # Zeros for biases that are not trained say no more than that.
    trained = {name: array for name, array in arrays.items() if name not in case.fixed or array.any()} or arrays
    names = [name for name in trained if name not in totals]
    wrong = [name for name in names if trained[name].shape != case.shape(name)]
    notes = given.notes
    if wrong and not (loose and _fit_turned(case, {name: trained[name] for name in names})):
        # One number for all neurons is what NumPy makes of it in the update: a mistake that can be named.
        alone = [name for name in wrong if name[1] == "b" and trained[name].size == 1]
        spread = trained | {name: np.full(case.shape(name), trained[name].item()) for name in alone}
        if not (loose and alone and _fit_turned(case, {name: spread[name] for name in names})):
            raise ShapeError(misfit(case, wrong[0], trained[wrong[0]]))
        trained, notes = spread, (*notes, *(_one_number(b, case.shape(b)[0]) for b in alone))
    idle = tuple(name for name in arrays if name not in trained)
    return replace(given, arrays=trained, totals=frozenset(totals), idle=idle, notes=notes)


def _one_number(name: str, count: int) -> str:
    return say(
        "{name} is one number: as NumPy would broadcast it, it is used for each of the {count} neurons.",
        name=name,
        count=count,
    )


def _in_shape(case: Exercise, name: str, array: Floats) -> Floats:
    """Biases as a vector; one neuron's weights, given as a vector or as one number, as a row."""
    if (name[1] == "b" and array.ndim == 2 and 1 in array.shape) or array.ndim == 0:
        array = array.ravel()
    of_one = name[1] == "W" and array.ndim < 2 and case.shape(name) == (1, array.size)
    return array.reshape(1, -1) if of_one else array


def _is_total(array: Floats, each: bool) -> bool:
    """Whether numbers for a shared bias are its layer's: there is one, or they are equal and not those of neurons."""
    return array.size == 1 or (array.ndim == 1 and len(set(array.tolist())) == 1 and not each)


def _fit_turned(case: Exercise, arrays: Mapping[str, Floats]) -> bool:
    """Whether all fit if, as a mistake, some are transposed, or the layers are reversed."""
    mirrored = _mirrored(case)
    in_place = {name: case.shape(name) for name in arrays}
    in_reverse = {name: case.shape(mirrored[name]) for name in arrays}
    return any(
        all(array.shape in (needed[name], needed[name][::-1]) for name, array in arrays.items())
        for needed in (in_place, in_reverse)
    )


def _mirrored(case: Exercise) -> dict[str, str]:
    """Each name with that of the same array where the layers are in reversed order."""
    return {name: f"{name[:2]}{case.depth + 1 - int(name[2:])}" for name in case.names}


def misfit(case: Exercise, name: str, array: Floats) -> str:
    """What to say of an array that has not the shape of its parameters: both shapes, and what may have been done."""
    needed = case.shape(name)
    said = say(
        "{name} needs shape {needed}, as {own} has, got {shape}",
        **{"name": name, "needed": needed, "own": name[1:], "shape": array.shape},
    )
    if array.ndim == 2 and array.shape[::-1] == needed:
        return say("{said}; its transpose fits: give {name}.T", said=said, name=name)
    if len(case.Y) > 1 and name[1] == "b" and array.shape in ((len(case.Y), *needed), (*needed, len(case.Y))):
        axis, m = int(array.shape[0] != len(case.Y)), len(case.Y)
        each = (
            say("a column for each of the {m} samples", m=m) if axis else say("a row for each of the {m} samples", m=m)
        )
        summed = say(
            "{said}: {each}, not summed. A bias gets the gradients of all samples: sum over them, axis={axis}",
            **{"said": said, "each": each, "axis": axis},
        )
        right = np.allclose(array.sum(axis=axis), case.truth[1][name], rtol=1e-4, atol=0.0)
        return say("{said}, and then it is right", said=summed) if right else summed
    if array.size == 1:
        return say("{said}; is the sum taken over all of δ, not over the samples alone? That is axis=0", said=said)
    if name[1] == "b" and array.size == len(case.Y):
        return say(
            "{said}, a number for each sample; is the sum taken over the neurons? Sum over the samples: axis=0",
            said=said,
        )
    if array.shape == case.shape(other := _mirrored(case)[name]):
        return say("{said}; that is the shape of {other}: are the layers in reverse order?", said=said, other=other)
    if array.size == np.prod(needed):
        return say("{said}; a reshape fits: {name}.reshape{needed}", said=said, name=name, needed=needed)
    return said
