"""A learner's gradients from a file, or from a function of the learner's.

>>> import tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "mine.csv")
...     _ = path.write_text("w5,0.0822\\nw6,0.0827\\n")
...     load_gradients(path)
{'w5': 0.0822, 'w6': 0.0827}
"""

from __future__ import annotations

import contextlib
import csv
import functools
import importlib
import inspect
import json
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from microbp.errors import ExtraError, MicrobpError, ProblemError, unknown
from microbp.learner.cases import Case

MAX_BYTES = 100_000_000
_UNNAMED = re.compile(r"arr_\d+")
_FOLDERS = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
_NOT_THEIRS = tuple(os.path.join(folder, "") for folder in (*_FOLDERS, str(Path(__file__).parents[1])))
"""Where code lies that is not the learner's."""


def load_gradients(path: str | os.PathLike[str]) -> Any:
    """What a .npz, .npy, .json, .csv or .mat file holds, for `learner.read`. Nothing in a file is ever run.

    A .csv has numbers alone, or lines with a name first: `w5, 0.08` or `dW1, 0.1, 0.2`, a line for each row. The
    arrays of a .npz that have no names are a list. Raises `ProblemError` for a file that cannot be read, whatever is
    wrong with it, `ExtraError` for .mat without SciPy.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ProblemError(f"cannot read gradients from {str(path)!r}: {unknown('kind of file', suffix, READERS)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProblemError(f"{path}: a file of gradients may have {MAX_BYTES:,} bytes, this has more")
        return READERS[suffix](path)
    except MicrobpError:
        raise
    except Exception as error:  # what NumPy, SciPy and others raise for a broken file is no list that ends
        raise ProblemError(f"cannot read gradients from {str(path)!r}: {reason(error)}") from error


@contextlib.contextmanager
def readable(source: str | None) -> Iterator[None]:
    """Any error while these gradients are looked at is a `ProblemError` that names them; nothing if there are none."""
    try:
        yield
    except (MicrobpError, OSError):
        raise
    except Exception as error:
        if source is None:
            raise
        raise ProblemError(f"cannot read gradients from {source}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """What an error says, on one line; of what kind it is, unless its words were made for people.

    >>> reason(ValueError("no numbers")), reason(KeyError("w5")), reason(EOFError())
    ('no numbers', "KeyError: 'w5'", 'EOFError')
    """
    said = " ".join(str(error).split())
    if said and isinstance(error, ValueError | OSError | MicrobpError):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _numpy(path: Path) -> Any:
    found = np.load(path, allow_pickle=False)
    if not isinstance(found, np.lib.npyio.NpzFile):
        return found
    with found as file:
        arrays = {name: file[name] for name in file.files}
    if not arrays:
        raise ValueError("it is empty")
    if not all(map(_UNNAMED.fullmatch, arrays)):
        return arrays
    listed = [arrays[name] for name in sorted(arrays, key=lambda name: int(name[4:]))]
    return listed if len(listed) > 1 else listed[0]


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes(), parse_int=_integer)  # as bytes: with a BOM, or in UTF-16, it is read too


def _integer(text: str) -> int:
    try:
        float(number := int(text))
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text[:12]}… has {len(text)} digits: that is no number of a gradient") from error
    return number


def _csv(path: Path) -> Any:
    rows = [
        [cell.strip() for cell in row if cell.strip()] for row in csv.reader(path.read_text("utf-8-sig").splitlines())
    ]
    rows = [row for row in rows if row]
    if not rows:
        raise ValueError("it is empty")
    if not any(_is_number(cell) for cell in rows[0]):
        rows = rows[1:]  # a head
    if not rows:
        raise ValueError("it has no numbers between commas")
    if all(_is_number(row[0]) for row in rows):
        numbers = [[float(cell) for cell in row] for row in rows]
        if len(numbers) == 1 or all(len(row) == 1 for row in numbers):
            return [x for row in numbers for x in row]
        return [numbers]
    arrays: dict[str, list[list[float]]] = {}
    for name, *cells in rows:
        if not cells:
            raise ValueError(f"a name and its numbers stand between commas, w5,0.08 for one; got {name!r}")
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


READERS: dict[str, Callable[[Path], Any]] = {".npz": _numpy, ".npy": _numpy, ".json": _json, ".csv": _csv, ".mat": _mat}
"""What reads each kind of file."""


def call_function(case: Case, function: Callable[..., Any]) -> Any:
    """What a learner's `f(weights, biases, X, Y)` returns for a network: arrays in the shapes of its own.

    It may return the loss first. It gets copies: a function that changes its arguments spoils nothing.
    """
    weights, biases = [W.copy() for W in case.weights], [b.copy() for b in case.biases]
    return function(weights, biases, case.X.copy(), case.Y.copy())


def find_function(name: str) -> Callable[..., Any]:
    """The function `module:name` of the user's, from the current directory or from what is installed.

    The module is imported, and so run: name one that you trust. What it and the function print goes to stderr, and what
    they raise is a `ProblemError` that says where. Raises `ProblemError` if there is none.

    >>> find_function("math:hypot")(3, 4)
    5.0
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ProblemError(f"a function is given as module:name, mine:backward for one; got {name!r}")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    with _running(f"cannot import the module {module!r}:"):
        found = importlib.import_module(module)
        function: Any = getattr(found, attribute, None)
    if not callable(function):
        names = [n for n, value in vars(found).items() if inspect.isfunction(value)]
        raise ProblemError(f"{unknown('function', attribute, names)}, in the module {module!r}")

    @functools.wraps(function)
    def guarded(*arguments: Any) -> Any:
        with _running("your function raised", "; it is called as f(weights, biases, X, Y)"):
            return function(*arguments)

    return guarded


@contextlib.contextmanager
def _running(words: str, nowhere: str = "") -> Iterator[None]:
    """Runs a learner's code: what it prints goes to stderr, what it raises, sys.exit too, is a `ProblemError`."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(("<", *_NOT_THEIRS))
        ]
        if frames and not isinstance(error, SyntaxError):  # which says itself where it is
            said += f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})"
        elif isinstance(error, TypeError):
            said += nowhere
        raise ProblemError(f"{words} {said}") from error


def obtain(case: Case, gradients: Any) -> Any:
    """A learner's gradients as they are, out of a file, or from a function."""
    if callable(gradients):
        return call_function(case, gradients)
    return load_gradients(gradients) if isinstance(gradients, str | os.PathLike) else gradients
