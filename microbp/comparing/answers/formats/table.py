"""Tables as spreadsheets and pandas write them: cells between commas, semicolons or tabs, names above the numbers.

>>> under_names([cells_of("w5;w6"), cells_of("0,08;0,09")])
{'w5': 0.08, 'w6': 0.09}
"""

from __future__ import annotations

import csv
import re

_WORDS = re.compile(r"[\s:=]")
"""What stands in a line of words, and in no name."""


def cells_of(line: str) -> list[str]:
    """The cells of a line that are not empty. Between semicolons or tabs a comma is a decimal one.

    >>> cells_of('dW1,0.1,0.2'), cells_of('w[1][0,2];0,5'), cells_of('w5\\t0,5')
    (['dW1', '0.1', '0.2'], ['w[1][0,2]', '0.5'], ['w5', '0.5'])
    """
    between = next((mark for mark in "\t;" if mark in line), ",")
    (row,) = csv.reader([line], delimiter=between)
    found = [text for cell in row if (text := cell.strip())]
    if between == ",":
        return found
    return [number if is_number(number := cell.replace(",", ".")) else cell for cell in found]


def under_names(rows: list[list[str]]) -> dict[str, float] | None:
    """The numbers of one row by the names above them, None if it is no such table.

    Below several names the row may have its own place or name in front, as pandas writes it: the corner above that is
    empty. Names that are given twice are no names of numbers, and `dW1 =` or `dW1 (out, in)` is a line of words.

    >>> under_names([["w5", "w6"], ["0", "0.08", "0.09"]])
    {'w5': 0.08, 'w6': 0.09}
    >>> under_names([["name", "value"], ["w5", "0.08"]])
    """
    if len(rows) != 2 or len(set(rows[0])) < len(rows[0]):
        return None
    names, row = rows
    if any(is_number(name) or _WORDS.search(name) for name in names):
        return None
    if len(names) > 1 and len(row) == len(names) + 1 and (row[0].isdecimal() or not is_number(row[0])):
        row = row[1:]
    if len(row) != len(names) or not all(map(is_number, row)):
        return None
    return dict(zip(names, map(float, row), strict=True))


def is_number(text: str) -> bool:
    """Whether this is a number as Python writes it, inf and nan too."""
    try:
        float(text)
    except ValueError:
        return False
    return True
