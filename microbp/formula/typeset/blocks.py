"""What stands on a page: headings, lines of words and formulas, lines of code, matrices.

>>> said("With {x} the input: {f}", x="x1", f="∂E/∂w1 = δ1 · x1").parts
('With ', 'x1', ' the input: ', '∂E/∂w1 = δ1 · x1')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import NamedTuple

from microbp.printing import translated


class Math(str):
    """A formula, as a line of text has it; other texts are words."""

    __slots__ = ()


class Words(str):
    """What is put into a sentence and is no formula."""

    __slots__ = ()


class Heading(NamedTuple):
    """The title of a page, level 1, or of a part of it."""

    level: int
    parts: tuple[str, ...]


class Sentence(NamedTuple):
    """A line of words and formulas; a deeper one belongs to the one before it."""

    parts: tuple[str, ...]
    depth: int = 0

    @property
    def text(self) -> str:
        """What stands there, as one text."""
        return "".join(self.parts)

    def deeper(self) -> Sentence:
        """The same, as one that belongs to the line before it."""
        return self._replace(depth=self.depth + 1)


class CodeLines(NamedTuple):
    """Lines of code, each beside what it is in formulas."""

    rows: Sequence[tuple[str, str, str]]


class Matrix(NamedTuple):
    """A matrix of numbers with its name."""

    name: str
    rows: Sequence[Sequence[float | None]]
    depth: int = 0


Block = Heading | Sentence | CodeLines | Matrix


def joined(*parts: str | Sentence) -> Sentence:
    """One line of several parts, sentences among them.

    >>> joined(said("by {f}", f="f"), ": ", Math("x = 2")).text
    'by f: x = 2'
    """
    return Sentence(tuple(piece for part in parts for piece in (part.parts if isinstance(part, Sentence) else (part,))))


def said(template: str, /, **fields: object) -> Sentence:
    """What `say` says, in parts: a field is a formula, but for `Words`, and for another sentence, which is put in.

    >>> said("{n} samples: {more}", n=2, more=said("{f} in {what}", f="m = 2", what=Words("rows"))).parts
    ('2', ' samples: ', 'm = 2', ' in ', 'rows')
    """
    return Sentence(tuple(_filled(translated(template), fields)))


def _filled(template: str, fields: Mapping[str, object]) -> Iterator[str]:
    for words, field, form, _ in Formatter().parse(template):
        if words:
            yield words
        if field:
            value = fields[field]
            if isinstance(value, Sentence):
                yield from value.parts
            else:
                yield value if isinstance(value, Words) else Math(format(value, form or ""))
