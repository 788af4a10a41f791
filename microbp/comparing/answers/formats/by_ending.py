"""What reads the bytes of a file of arrays, by its ending: none runs anything that is in it.

>>> sorted(READERS)
['.csv', '.json', '.mat', '.npy', '.npz', '.txt']
>>> READERS[".json"](b'{"w5": 0.1, "w5": 0.2}')
Traceback (most recent call last):
ValueError: it has several values called 'w5': give each once
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from microbp.comparing.answers.formats.bounds import MAX_DEPTH, MAX_NUMBERS, most
from microbp.comparing.answers.formats.matlab import read_matlab
from microbp.comparing.answers.formats.numpy_files import read_numpy
from microbp.comparing.answers.formats.table import cells_of, is_number, under_names
from microbp.comparing.answers.formats.text import read_text

_DEEP = f"its brackets are nested more than {MAX_DEPTH} deep"


def read_json(content: bytes) -> Any:
    """What a JSON text holds, with or without a byte order mark, in UTF-8, 16 or 32; each name in it stands once."""
    text = content.decode(json.detect_encoding(content))
    most(sum(map(text.count, ",[{")), MAX_NUMBERS, "numbers and brackets")
    try:
        found = json.loads(text, parse_int=_integer, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError(_DEEP) from error
    level, deep = [found], 0
    while level := [part for value in level for part in _parts(value)]:
        if (deep := deep + 1) > MAX_DEPTH:
            raise ValueError(_DEEP)
    return found


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"it has several values called {twice!r}: give each once")
    return found


def _integer(text: str) -> int:
    try:
        float(number := int(text))
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{text[:12]}… has {len(text)} digits: that is not a number in a gradient") from error
    return number


def read_csv(content: bytes) -> Any:
    """Numbers alone as a vector or a matrix; or, by name, a number, a row of them, or as many rows as have the name."""
    text = content.decode("utf-8-sig")
    most(sum(map(text.count, ",;\t\n\r")), MAX_NUMBERS, "cells and lines")
    lines = io.StringIO(text, newline=None)
    rows = [row for line in lines if (row := cells_of(line))]
    if not rows:
        raise ValueError("it is empty")
    if named := under_names(rows):
        return named
    if not any(is_number(cell) for cell in rows[0]):
        rows = rows[1:]  # a head
    if not rows:
        raise ValueError("it has no numbers between commas")
    if all(is_number(row[0]) for row in rows):
        numbers = _as_long("the matrix", [[_number(cell) for cell in row] for row in rows])
        if len(numbers) == 1 or all(len(row) == 1 for row in numbers):
            return [x for row in numbers for x in row]
        return [numbers]
    arrays: dict[str, list[list[float]]] = {}
    for name, *row in rows:
        if not row:
            raise ValueError(f"a name and its numbers stand between commas, for example w5,0.08; got {name!r}")
        arrays.setdefault(name, []).append([_number(cell) for cell in row])
    return {name: _unwrapped(_as_long(name, rows)) for name, rows in arrays.items()}


def _as_long(name: str, rows: list[list[float]]) -> list[list[float]]:
    """The same rows. Raises `ValueError` if one is longer than another."""
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise ValueError(f"row {number} of {name} has {len(row)} numbers, row 1 has {len(rows[0])}")
    return rows


def _unwrapped(rows: list[list[float]]) -> Any:
    if len(rows) > 1:
        return rows
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def _number(text: str) -> float:
    if not is_number(text):
        raise ValueError(f"{text!r} stands where a number should: a line is w5,0.08 or dW1,0.1,0.2")
    return float(text)


READERS: dict[str, Callable[[bytes], Any]] = {
    ".npz": read_numpy,
    ".npy": read_numpy,
    ".json": read_json,
    ".csv": read_csv,
    ".mat": read_matlab,
    ".txt": read_text,
}
"""What reads each kind of file."""
