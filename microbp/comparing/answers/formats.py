"""What reads a file of arrays, by its ending: none runs anything that is in it.

>>> sorted(READERS)
['.csv', '.json', '.mat', '.npy', '.npz']
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from microbp.errors import ExtraError

_UNNAMED = re.compile(r"arr_\d+")
_OBJECTS = "it holds objects, for example lists of arrays, not numbers: save each by its name, dW1=…, dW2=…, db1=…"


def _numpy(path: Path) -> Any:
    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, np.lib.npyio.NpzFile):
            return found
        with found as file:
            arrays = {name: file[name] for name in file.files}
    except ValueError as error:
        raise ValueError(_OBJECTS) if "Object arrays" in str(error) else error from None
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
    lines = path.read_text("utf-8-sig").splitlines()
    rows = [row for line in lines if (row := [cell for text in _cells(line) if (cell := text.strip())])]
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
            raise ValueError(f"a name and its numbers stand between commas, for example w5,0.08; got {name!r}")
        arrays.setdefault(name, []).append([float(cell) for cell in cells])
    return {name: _unwrapped(rows) for name, rows in arrays.items()}


def _cells(line: str) -> list[str]:
    """The cells of a line: with semicolons between them, as spreadsheets write them, a comma is a decimal one.

    >>> _cells('dW1,0.1,0.2'), _cells('w[1][0,2];0,5')
    (['dW1', '0.1', '0.2'], ['w[1][0,2]', '0.5'])
    """
    (cells,) = csv.reader([line], delimiter=";" if ";" in line else ",")
    if ";" not in line:
        return cells
    return [number if _is_number(number := cell.replace(",", ".")) else cell for cell in cells]


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
