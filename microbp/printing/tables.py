"""What a command prints: columns of text for people, tables for Markdown, JSON for machines."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from typing import Any


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


def json_text(data: Any) -> str:
    """Data as JSON. What JSON has no number for is a text: "inf", "-inf" or "nan".

    >>> print(json_text([0.5, float("nan")]))
    [
      0.5,
      "nan"
    ]
    """
    return json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, float) and data - data:
        return str(data)
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, list | tuple) else data
