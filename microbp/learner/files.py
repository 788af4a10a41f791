"""A learner's gradients from a file, or from a function of the learner's.

>>> import tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "mine.csv")
...     _ = path.write_text("w5,0.0822\\nw6,0.0827\\n")
...     load_gradients(path)
{'w5': 0.0822, 'w6': 0.0827}
"""

from __future__ import annotations

import csv
import importlib
import inspect
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from microbp.errors import ExtraError, ProblemError, unknown
from microbp.learner.cases import Case

MAX_BYTES = 100_000_000


def load_gradients(path: str | os.PathLike[str]) -> Any:
    """What a .npz, .npy, .json, .csv or .mat file holds, for `learner.read`. Nothing in a file is ever run.

    A .csv has numbers alone, or lines with a name first: `w5, 0.08` or `dW1, 0.1, 0.2`, a line for each row. Raises
    `ProblemError` for a file that cannot be read, `ExtraError` for .mat without SciPy.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ProblemError(f"cannot read gradients from {str(path)!r}: {unknown('kind of file', suffix, READERS)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProblemError(f"{path}: a file of gradients may have {MAX_BYTES:,} bytes, this has more")
        return READERS[suffix](path)
    except (OSError, ValueError, EOFError, RecursionError, csv.Error, zipfile.BadZipFile) as error:
        if isinstance(error, ProblemError):
            raise
        raise ProblemError(f"cannot read gradients from {str(path)!r}: {error}") from error


def _npz(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _npy(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _csv(path: Path) -> Any:
    rows = [
        [cell.strip() for cell in row if cell.strip()] for row in csv.reader(path.read_text("utf-8-sig").splitlines())
    ]
    rows = [row for row in rows if row]
    if not rows:
        raise ValueError("it is empty")
    if not any(_is_number(cell) for cell in rows[0]):
        rows = rows[1:]  # a head
    if all(_is_number(row[0]) for row in rows):
        numbers = [[float(cell) for cell in row] for row in rows]
        if len(numbers) == 1 or all(len(row) == 1 for row in numbers):
            return [x for row in numbers for x in row]
        return [numbers]
    arrays: dict[str, list[list[float]]] = {}
    for name, *cells in rows:
        arrays.setdefault(name, []).append([float(cell) for cell in cells])
    return {name: _unwrapped(rows) for name, rows in arrays.items()}


def _unwrapped(rows: list[list[float]]) -> Any:
    if len(rows) > 1:
        return rows
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _mat(path: Path) -> Any:
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise ExtraError("a .mat file needs SciPy: pip install 'microbp[mat]', or save a .npz or a .csv") from error
    arrays = {name: array for name, array in loadmat(path).items() if not name.startswith("__")}
    return {name: list(array.flat) if array.dtype == object else array for name, array in arrays.items()}


READERS: dict[str, Callable[[Path], Any]] = {".npz": _npz, ".npy": _npy, ".json": _json, ".csv": _csv, ".mat": _mat}
"""What reads each kind of file."""


def call_function(case: Case, function: Callable[..., Any]) -> Any:
    """What a learner's `f(weights, biases, X, Y)` returns for a network: arrays in the shapes of its own.

    It may return the loss first. It gets copies: a function that changes its arguments spoils nothing.
    """
    weights, biases = [W.copy() for W in case.weights], [b.copy() for b in case.biases]
    return function(weights, biases, case.X.copy(), case.Y.copy())


def find_function(name: str) -> Callable[..., Any]:
    """The function `module:name` of the user's, from the current directory or from what is installed.

    The module is imported, and so run: name one that you trust. Raises `ProblemError` if there is none.

    >>> find_function("math:hypot")(3, 4)
    5.0
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ProblemError(f"a function is given as module:name, mine:backward for one; got {name!r}")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise ProblemError(f"cannot import the module {module!r}: {error}") from error
    function: Any = getattr(found, attribute, None)
    if not callable(function):
        names = [n for n, value in vars(found).items() if inspect.isfunction(value)]
        raise ProblemError(f"{unknown('function', attribute, names)}, in the module {module!r}")
    return cast(Callable[..., Any], function)


def obtain(case: Case, gradients: Any) -> Any:
    """A learner's gradients as they are, out of a file, or from a function."""
    if callable(gradients):
        return call_function(case, gradients)
    return load_gradients(gradients) if isinstance(gradients, str | os.PathLike) else gradients
