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
import shutil
import sys
from textwrap import TextWrapper

from microbp.printing.tables import breadth

WIDTH = 100
"""The most columns of what prints itself."""
NARROWEST = 40


class Shown:
    """What prints itself as its command prints it, its `str`, in lines that fit: `room()`.

    A dataclass takes it with `repr=False`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return in_width(str(self))


def room(most: int = WIDTH) -> int:
    """The columns of a line: `most`, or as many as the terminal has, if it is narrower."""
    return max(min(most, shutil.get_terminal_size((most, 24)).columns), NARROWEST) if sys.stdout.isatty() else most


def in_width(text: str, width: int | None = None) -> str:
    """Text in lines of at most so many columns, else of `room()`: what goes on does so below its line's last column.

    >>> print(in_width("  sign  the sign is wrong", 20))
      sign  the sign is
            wrong
    """
    most = room() if width is None else width
    return "\n".join(part for line in text.splitlines() for part in _folded(line.rstrip(), most))


def filled(line: str, width: int, indent: int = 0, *, break_words: bool = False) -> list[str]:
    """One line as several of at most so many columns, all but the first indented; between wide characters, which need
    no blank, it may be broken, but no line begins with what ends a sentence, or ends with what opens a bracket.

    >>> filled("损失对权重的梯度，由链式法则给出。", 17)
    ['损失对权重的梯', '度，由链式法则给', '出。']
    """
    wrapper = _Wrapper(width, subsequent_indent=" " * indent, break_long_words=break_words)
    wide = "".join(c + _HALF * (breadth(c) - 1) for c in line)
    return [part.replace(_HALF, "") for part in wrapper.wrap(wide)] or [""]


_HALF = "\ue000"
"""Stands behind a wide character, so that what counts characters counts columns. No text has it: it is private."""
_PIECES = re.compile(
    rf"\s+|(?:[（「『《“]{_HALF}?)*(?:\S{_HALF}|(?:(?!\S{_HALF})\S)+)(?:[，。：；、？！）」』》”…%]{_HALF}?)*"
)


class _Wrapper(TextWrapper):
    def __init__(self, width: int, **more: object) -> None:
        super().__init__(width, break_on_hyphens=False, replace_whitespace=False, expand_tabs=False, **more)  # type: ignore[arg-type]  # as it takes them

    def _split(self, text: str) -> list[str]:
        return _PIECES.findall(text)


def _folded(line: str, width: int) -> list[str]:
    if breadth(line) <= width:
        return [line]
    ends = [breadth(line[: found.end()]) for found in re.finditer(r"(?<=\S) {2,}", line)]
    under = [end for end in ends if end <= width // 2]
    indent = under[-1] if under else min(len(line) - len(line.lstrip()) + 2, width // 2)
    return filled(line, width, indent, break_words=True)
