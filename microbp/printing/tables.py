"""What a command prints: columns of text for people, tables for Markdown, JSON for machines."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from microbp.printing.language import say
from microbp.printing.numbers import decimals, printable


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Lines of text with the cells of each column under each other.

    >>> columns([("a", "bcd"), ("ef", "g")])
    ['a   bcd', 'ef  g']
    """
    widths = [max(map(breadth, column)) for column in zip(*rows, strict=True)]
    return [
        gap.join(cell + " " * (w - breadth(cell)) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def breadth(text: str) -> int:
    """How many columns a text is wide: characters of some scripts take two, accents that are put on others none.

    >>> breadth("loss"), breadth("損失")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    seen = [c for c in text if not unicodedata.combining(c)]
    return len(seen) + sum(unicodedata.east_asian_width(c) in "WF" for c in seen)


MOST = 6
"""The most rows and columns of a matrix that are written down."""


def matrix_cells(rows: Sequence[Sequence[float | None]], most: int = MOST) -> list[list[str]]:
    """The numbers of a matrix as texts, "?" for `None`; of many columns the first `most`, and dots.

    >>> matrix_cells([[0.5, None, 1.0]], 2)
    [['0.5', '?', '…']]
    """
    cells = [["?" if x is None else decimals(x) for x in row[:most]] for row in rows[:MOST]]
    return [row + ["…"] * (len(all_of) > most) for row, all_of in zip(cells, rows, strict=False)]


def matrix_lines(name: str, rows: Sequence[Sequence[float | None]], room: int = 98) -> list[str]:
    """A matrix with its name before it, cut where it grows too large to read.

    >>> matrix_lines("W", [[1.0, 2.5], [-3.0, 0.0]])
    ['W = [   1  2.5 ]', '    [  −3    0 ]']
    """
    width = max(len(cell) for row in matrix_cells(rows) for cell in row)
    most = min(MOST, max(1, (room - len(name) - 8) // (width + 2)))  # there is room for so many, and for dots
    cells = matrix_cells(rows, most)
    lines = [f"[ {'  '.join(cell if cell == '…' else cell.rjust(width) for cell in row)} ]" for row in cells]
    lines += [say("… {count} rows", count=len(rows))] * (len(rows) > MOST)
    return [f"{' ' * (len(name) + 2) if k else f'{name} ='} {line}" for k, line in enumerate(lines)]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(markdown(("a", "b"), [("1", "x|y")]))
    | a | b |
    | --- | --- |
    | 1 | x\\|y |
    """
    lines = [head, ("---",) * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows for a spreadsheet. A cell that one would take for a formula is made a text.

    >>> print(csv_text([("a, b", "=1+1")]))
    "a, b",'=1+1
    """
    out = io.StringIO()
    safe = [[f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in row] for row in rows]
    csv.writer(out, lineterminator="\n").writerows(safe)
    return out.getvalue().rstrip("\n")


_MARKS = re.compile(r"[\\`*\[\]<>#|]|(?<![^\W_])_")
"""What commands in Markdown: a line below only where it can begin emphasis, which is not inside a name."""


def markdown_words(text: str) -> str:
    """Text for Markdown: nothing in a label starts a tag, a link or emphasis.

    >>> print(markdown_words("out_h1 *_x_* <b>"))
    out_h1 \\*\\_x_\\* \\<b\\>
    """
    return _MARKS.sub(r"\\\g<0>", printable(text))


def json_text(data: Any) -> str:
    """Data as JSON. What JSON has no number for is a text: "inf", "-inf" or "nan".

    >>> print(json_text([0.5, float("nan")]))
    [
      0.5,
      "nan"
    ]
    """
    return json.dumps(_finite(data), indent=2, ensure_ascii=False)


def _finite(data: Any) -> Any:
    if isinstance(data, float) and data - data:
        return str(data)
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data
