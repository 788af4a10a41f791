"""Answers are readable where they are asked: at `>>>`, and as the last line of a cell.

>>> class Answer(Shown):
...     def __str__(self):
...         return "wrong  W1  " + "the gradient of the bias is summed over the wrong axis, " * 2
>>> Answer()
wrong  W1  the gradient of the bias is summed over the wrong axis, the gradient of the bias is
           summed over the wrong axis,
"""

from __future__ import annotations

import re
from textwrap import wrap

WIDTH = 100
"""The most columns of what prints itself."""


class Shown:
    """What prints itself as its command prints it, its `str`, in lines of at most `WIDTH` columns.

    A dataclass takes it with `repr=False`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return in_width(str(self))


def in_width(text: str, width: int = WIDTH) -> str:
    """Text in lines of at most so many characters: what goes on does so below the last column of its line.

    >>> print(in_width("  sign  the sign is wrong", 20))
      sign  the sign is
            wrong
    """
    return "\n".join(part for line in text.splitlines() for part in _folded(line, width))


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    columns = [found.end() for found in re.finditer(r"(?<=\S) {2,}", line) if found.end() <= width // 2]
    indent = columns[-1] if columns else len(line) - len(line.lstrip()) + 2
    return wrap(
        line, width, subsequent_indent=" " * indent, break_on_hyphens=False, replace_whitespace=False, expand_tabs=False
    )
