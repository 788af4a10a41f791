"""The arrays of a problem as they are given: in another layout, in files of NumPy, targets as the numbers of classes.

>>> targets([0, 2, 1], 3).tolist(), targets([0.5, 1.0], 1).tolist()
([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [[0.5], [1.0]])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.errors import ProblemError, ShapeError
from microbp.nn.array_names import array_name
from microbp.nn.layout import ArrayLayout

Floats = NDArray[np.float64]


def targets(given: Any, n_out: int) -> Any:
    """Targets as they are; from a flat list those of one output, or for each sample a 1 at the number of its class.

    Raises `ShapeError` for a number that is no class of so many outputs.
    """
    if not _is_flat(given):
        return given
    numbers = np.asarray(given, dtype=np.float64)
    if n_out == 1:
        return numbers.reshape(-1, 1)
    if not np.all(np.isin(numbers, np.arange(n_out))):
        raise ShapeError(
            f"targets in a flat list are the numbers of classes, from 0 to {n_out - 1} for {n_out} outputs, or give a "
            f"row of {n_out} numbers for each sample; got {numbers[~np.isin(numbers, np.arange(n_out))][0]:g}"
        )
    return np.eye(n_out)[numbers.astype(int)]


def _is_flat(given: Any) -> bool:
    return len(given) > 0 and all(np.ndim(number) == 0 for number in given)


def inputs(given: Any, n_in: int) -> Any:
    """Inputs as they are; from a flat list those of one sample, or of many samples of one input."""
    if not _is_flat(given):
        return given
    return np.asarray(given, dtype=np.float64).reshape(-1, 1) if n_in == 1 else np.asarray([given], dtype=np.float64)


def network_arrays(
    weights: Any, biases: Any, layout: ArrayLayout, folder: Path | None
) -> tuple[list[Floats], list[Floats]]:
    """The weights and the biases that a problem file gives, or names files of, as ours.

    Without biases, false, they are 0. Raises `ProblemError` for a file that cannot be read, and for biases that are
    missing.
    """
    if isinstance(weights, str):
        weights, found = _loaded(weights, folder)
        biases = found if biases is None and found else biases
    else:
        weights = [_one(W, folder) for W in weights]
    if isinstance(biases, str):
        found, more = _loaded(biases, folder)
        biases = more or found
    elif isinstance(biases, list):
        biases = [_one(b, folder) for b in biases]
    apart = layout.full.bias == "apart"
    if apart and biases is None:
        raise ProblemError("network.biases is missing; or say network.biases = false: there are none")
    if not apart and biases is not None:
        raise ProblemError(f"network.biases: with layout.bias = {layout.bias!r} the biases stand in the weights")
    matrices, vectors = layout.taken([np.asarray(W, dtype=np.float64) for W in weights], biases or None)
    return matrices, vectors or [np.zeros(len(W)) for W in matrices]


def _one(array: Any, folder: Path | None) -> Any:
    """An array, or the one that a file holds."""
    if not isinstance(array, str):
        return array
    weights, biases = _loaded(array, folder)
    if len(weights) + len(biases) != 1:
        raise ProblemError(f"{array} must hold one array, got {len(weights) + len(biases)}")
    return (weights or biases)[0]


def _loaded(name: str, folder: Path | None) -> tuple[list[Floats], list[Floats]]:
    """The weights and the biases in a file, by their names (W1, b[0], 0.weight), or in turn if they have none."""
    if folder is None:
        raise ProblemError(f"{name!r} is looked for beside the problem file, and there is none")
    try:
        with (folder / name).open("rb") as file:
            found = np.load(file, allow_pickle=False)
            named = found.items() if isinstance(found, np.lib.npyio.NpzFile) else [("", found)]
            arrays = {key: np.array(array, dtype=np.float64) for key, array in named}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise ProblemError(f"cannot read weights from {name!r}: {error}") from error
    if all(re.fullmatch(r"(arr_\d+)?", key) for key in arrays):
        listed = [arrays[key] for key in sorted(arrays, key=lambda key: int(key[4:] or 0))]
        return [a for a in listed if a.ndim == 2], [a for a in listed if a.ndim != 2]
    kinds: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for key in arrays:
        said = array_name(key)
        if said is None or said.number is None:
            raise ProblemError(f"{name}: the arrays of a network are called W1, b1, W2, …; got {key!r}")
        kinds[key], numbers[key] = said.kind, said.number
    order = sorted(numbers, key=lambda key: numbers[key])
    return [arrays[key] for key in order if kinds[key] != "b"], [arrays[key] for key in order if kinds[key] == "b"]


def sizes_of(weights: Sequence[Floats]) -> list[int]:
    """The inputs, then the neurons of each layer."""
    return [np.shape(weights[0])[1], *map(len, weights)]


def held_out_split(count: int, held_out: int, seed: int = 0) -> tuple[list[int], list[int]]:
    """Which of so many samples are trained on, and which are held out."""
    if not held_out:
        return list(range(count)), []
    order = np.random.default_rng(seed).permutation(count).tolist()
    return order[held_out:], order[:held_out]


def samples(key: str, X: Any, Y: Any, n_in: int, n_out: int) -> list[Floats]:
    """Inputs and targets as arrays, a row for each sample. Raises `ShapeError`, with the key, for what does not fit."""
    arrays = []
    X, Y = inputs(X, n_in), targets(Y, n_out)
    for name, rows, n in (("inputs", X, n_in), ("targets", Y, n_out)):
        if any(len(row) != n for row in rows) or len(rows) != len(X):
            turned = len(rows) == n and len({len(row) for row in rows}) == 1
            raise ShapeError(
                f"{key}.{name} must have {len(X)} row(s), one a sample, of {n} number(s) each, "
                f"got {len(rows)} row(s) of {sorted({len(row) for row in rows})}"
                + ("; is a sample a column? Then give the transpose (.T), or say the layout" if turned else "")
            )
        arrays.append(np.array(rows, dtype=np.float64).reshape(-1, n))
    return arrays
