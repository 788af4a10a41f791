"""In which layout a learner's arrays are: (n_out, n_in) or its transpose, the biases apart or in a column of it.

>>> import numpy as np
>>> from microbp import load
>>> from microbp.comparing.answers.named import collect
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("xor"))
>>> found = collect(case, {"dW2": np.zeros((case.sizes[1], 1))})
>>> [layout.words for layout in layouts_of(case, found.arrays)]
['W is (n_in, n_out), biases apart']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from microbp.errors import ShapeError
from microbp.nn.layout import CHOICES, OURS, UNSAID, ArrayLayout
from microbp.printing import say
from microbp.problems.exercise import Exercise, Floats, Gradients


def layouts_of(
    case: Exercise, arrays: Gradients, said: ArrayLayout | None = None, like: ArrayLayout | None = None
) -> list[ArrayLayout]:
    """The layouts that the shapes of these arrays fit, the likeliest first; none if they fit none.

    What was `said` is so; else what is `like` the arguments of a learner's function comes first. Square matrices say
    nothing: they are taken to be as they should be.
    """
    said, like = said or UNSAID, like or UNSAID
    matrices = {name: array for name, array in arrays.items() if name[:2] != "db"}
    alone = not any(name[:2] == "db" for name in arrays)
    found: list[ArrayLayout] = []
    for bias, weights in product(_first(CHOICES["bias"], said.bias, like.bias), ("", "turned")):
        own = said.weights or like.weights or CHOICES["weights"][0]
        layout = ArrayLayout(_other(own) if weights else own, "", bias)
        if (weights and (said.weights or layout._replace(weights=own) in found)) or (bias != "apart" and not alone):
            continue
        if all(_fits(case, layout, name, array) for name, array in matrices.items()):
            found.append(layout)
    return found


def apart(case: Exercise, arrays: Gradients, layout: ArrayLayout) -> Gradients:
    """Arrays in a layout as ours: W and b of each layer apart. Raises `ShapeError` for what is no Θ and should be."""
    found: Gradients = {}
    for name, array in arrays.items():
        l = name.lstrip("dWbthea")
        if name[:2] == "db" or array.ndim != 2:
            found[f"d{name[1]}{l}" if name[0] == "d" else f"dW{l}"] = array
            continue
        W, b = layout.apart(array)
        found[f"dW{l}"] = W
        if b is not None:
            found[f"db{l}"] = b
    return {name: found[name] for name in case.names if name in found}


def as_they_stand(case: Exercise, arrays: Gradients, said: ArrayLayout) -> ArrayLayout:
    """The layout of arrays that fit none. Raises `ShapeError` for Θ that cannot have a column of biases."""
    for name, array in arrays.items():
        if name.startswith("theta") and (array.ndim != 2 or array.shape[1] < 2):
            raise ShapeError(f"Θ{name[5:]} needs shape (n_out, 1 + n_in), the bias in column 0, got {array.shape}")
    bias = "first column" if any(name.startswith("theta") for name in arrays) else "apart"
    return ArrayLayout(said.weights or "out,in", "", said.bias or bias)


def notes_on(
    layout: ArrayLayout, said: ArrayLayout, like: ArrayLayout | None, arrays: Mapping[str, Floats]
) -> Iterator[str]:
    """What was taken that was not said, and is other than usual, or than the arguments."""
    usual = like or OURS
    if layout.weights != usual.weights and not said.weights and layout.weights:
        shape = "(n_in, n_out)" if layout.weights == "in,out" else "(n_out, n_in)"
        yield say(
            "Every dW is transposed, as for weights of shape {shape}: that is a layout, not a mistake.", shape=shape
        )
    if layout.bias == usual.bias or said.bias:
        return
    if layout.bias == "last column":
        yield say("The gradients of the biases were taken from the last column of each matrix.")
    elif layout.bias == "first column" and not any(n.startswith("theta") for n in arrays):
        yield say("The gradients of the biases were taken from the first column of each matrix.")


def _fits(case: Exercise, layout: ArrayLayout, name: str, array: Floats) -> bool:
    l = int(name.lstrip("dWbthea"))
    return array.shape == layout.shape(case.sizes[l], case.sizes[l - 1])


def _first(choices: tuple[str, ...], said: str, like: str) -> list[str]:
    return [said] if said else sorted(choices, key=lambda choice: choice != like)


def _other(weights: str) -> str:
    one, two = CHOICES["weights"]
    return two if weights == one else one
