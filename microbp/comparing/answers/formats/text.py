"""Reads what people type, or print from Python, as text: `w5 = 0.0822`, matrices as NumPy prints them, dicts of them.

It is a small parser: nothing in the text is run, and what looks like a call is one of a few names around an array.

>>> read_text(b"w5 = 0.0822\\ndE/dw6: 0,0827\\ndW1 = [[0.1 -2.0e-3]\\n [0.3  0.4]]")
{'w5': 0.0822, 'dE/dw6': 0.0827, 'dW1': [[0.1, -0.002], [0.3, 0.4]]}
>>> read_text(b"{'db1': array([0.1, 0.2], dtype=float32), 'w5': np.float64(0.5)}")
{'db1': [0.1, 0.2], 'w5': 0.5}
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from microbp.comparing.answers.formats.bounds import MAX_NUMBERS, most
from microbp.comparing.answers.formats.literals import BRACKETS, NUMBER, read_value
from microbp.comparing.answers.formats.table import cells_of, under_names

_ROW = re.compile(rf"[\s,;]*{NUMBER}(?:[\s,;]+{NUMBER})*[\s,;]*")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])([-+]?\d+),(\d+(?:[eE][-+]?\d+)?)(?![\w.,])")
_POWER_OF_TEN = re.compile(r" ?[×x*·] ?10 ?(?:\^|\*\*) ?[({]?([-+]?\d+)[)}]?")
_COUNTED = re.compile(rf"(?=[-+.\diInN\[({{\n])(?:{NUMBER}|[\[({{\n])")  # first what is none of it: four times as fast
_VALUE = re.compile(r"[\[({]|[^\W\d][\w.]*\(")
_NAME_BEFORE = re.compile(r"((?:[^\s,;\[(]|\[[^\]\n]*\]){1,80})[\s,;]+")
_NEXT_NAME = re.compile(r"[,;]\s*[^\W\d][^,;=:\n]{0,60}[=:]")
_AROUND_NAMES = " \t\n'\"`*•-"
_ARRAYS = {
    "array",
    "asarray",
    "matrix",
    "tensor",
    "Tensor",
    "Parameter",
    "float32",
    "float64",
    "float",
    "list",
    "tuple",
}
"""What may stand around numbers, with a module before it: np.array(…), torch.tensor(…)."""


def read_text(content: bytes) -> Any:
    """The numbers by name, or a list of those without one. Lines without a number are for people.

    Raises `ValueError`, with the line, for what is neither, and for a name that stands twice.
    """
    wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # what PowerShell's > writes
    text = content.decode("utf-16" if wide else "utf-8-sig").replace("−", "-")
    text = _POWER_OF_TEN.sub(r"e\1", text) if "10" in text else text
    text = re.sub(r"#.*", "", text)
    most(sum(1 for _ in _COUNTED.finditer(text)), MAX_NUMBERS, "numbers, brackets and lines")
    if named := _under_names(text):
        return named
    found = _Found()
    for line, entry in _entries(text):
        begin = 0
        for end in [*(k for k in _at_top(entry, ",;") if _NEXT_NAME.match(entry, k)), len(entry)]:
            try:
                found.take(entry[begin:end].strip(" \t\r\n,;"))
            except ValueError as error:
                raise ValueError(f"line {line}: {error}") from error
            begin = end
    return found.all()


def _under_names(text: str) -> dict[str, float] | None:
    """Two lines that were copied out of a spreadsheet: names, and below each its number."""
    lines = [line for line in text.splitlines() if line.strip()]
    return under_names([cells_of(line) for line in lines]) if len(lines) == 2 else None


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its number; one that opens a bracket goes on to where that is closed."""
    depth, begin, first, line = 0, 0, 1, 1
    for match in re.finditer(r"[\[\](){}\n]", text):
        if match[0] != "\n":
            depth += 1 if match[0] in BRACKETS else -1
            continue
        line += 1
        if depth <= 0:
            yield first, text[begin : match.start()]
            depth, begin, first = 0, match.end(), line
    yield first, text[begin:]


def _at_top(text: str, marks: str) -> Iterator[int]:
    """Where these marks stand outside of all brackets."""
    depth = 0
    for match in re.finditer(rf"[\[\](){{}}{marks}]", text):
        if match[0] in marks:
            if not depth:
                yield match.start()
        else:
            depth += 1 if match[0] in BRACKETS else -1


class _Found:
    """What was read so far."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}
        self.rows: dict[str, list[list[float]]] = {}
        self.unnamed: list[Any] = []
        self.above = ""
        """A name with nothing behind it: its numbers stand below."""

    def take(self, piece: str) -> None:
        """A name and its value, either of them alone, or words."""
        cut = next(_at_top(piece, "=:"), None)
        name = self.above if cut is None else piece[:cut].strip(_AROUND_NAMES)
        value = piece if cut is None else piece[cut:].lstrip("=:> \t\r\n")
        if cut is not None:
            self.above = "" if value else name
        elif value and not _VALUE.match(value) and not _ROW.fullmatch(value):
            match = _NAME_BEFORE.match(value)
            name, value = (match[1].strip(_AROUND_NAMES), value[match.end() :]) if match else ("", "")
            value = _with_points(value)
            if re.search(r"[^\W\de]", value) and value[:1] != "[":
                return  # words
        if _VALUE.match(value):
            self._put(name, read_value(value))
        elif value:
            self._put_numbers(name, value, below=cut is None)

    def all(self) -> Any:
        """What there is. Raises `ValueError` for nothing."""
        for name, rows in self.rows.items():
            for k, row in enumerate(rows, 1):
                if len(row) != len(rows[0]):
                    raise ValueError(f"row {k} of {name or 'the matrix'} has {len(row)} numbers, row 1 {len(rows[0])}")
            flat = len(rows) == 1 or (not name and len(rows[0]) == 1)
            self._put(name, _one([x for row in rows for x in row]) if flat else rows)
        found: Any = self.named or self.unnamed
        if not found:
            raise ValueError("it has no line such as w5 = 0.0822, and no array")
        only = next(iter(self.named.values())) if len(self.named) == 1 else None
        if isinstance(only, dict):
            return only
        alone = not self.named and len(found) == 1 and isinstance(found[0], list) and not _is_matrix(found[0])
        return found[0] if alone else found

    def _put(self, name: str, value: Any) -> None:
        if not name and isinstance(value, dict):
            for key, part in value.items():
                self._put(str(key), part)
        elif not name:
            self.unnamed.append(value)
        elif name in self.named:
            raise ValueError(f"it has several values called {name!r}: give each once")
        else:
            self.named[name] = value
            self.above = ""

    def _put_numbers(self, name: str, value: str, below: bool) -> None:
        """Numbers that are not in brackets; of a calculation those behind its last sign."""
        value = _with_points(value)
        result = value.rpartition("=")[2]
        if _ROW.fullmatch(result):
            numbers = [float(text) for text in re.findall(NUMBER, result)]
            if below:
                self.rows.setdefault(name, []).append(numbers)
            else:
                self._put(name, _one(numbers))
        elif any(c.isdigit() for c in value):
            raise ValueError(f"{name} needs a number, or an array, got {value[:40]!r}")


def _with_points(text: str) -> str:
    """Numbers with a decimal comma with a point."""
    return _DECIMAL_COMMA.sub(r"\1.\2", text) if "," in text else text


def _one(numbers: list[float]) -> Any:
    return numbers if len(numbers) > 1 else numbers[0]


def _is_matrix(value: list[Any]) -> bool:
    """Whether it is a list of lists of numbers: one array, where a list is one of arrays."""
    return all(isinstance(row, list) and not any(isinstance(x, list) for x in row) for row in value)
