"""The layout of a module: a function with its docstring, titles, and long lines in brackets over several."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 120


def module(head: Sequence[str], signature: str, said: str, body: Sequence[str], parts: Sequence[str] = ()) -> str:
    """A module with a function, and before it its parts; lines of these that are too long are wrapped."""
    lines = [*parts, "", f"def {signature}:", f'    """{said}"""', *indented(body[body[0] == "" :])]
    return "\n".join([*head, *(wrapped for line in lines for wrapped in _wrap(line)), ""])


def titled(title: str, lines: list[str]) -> list[str]:
    """Lines under a heading, if there are any."""
    return ["", f"# {title}", *lines] if lines else []


def names_in(text: str) -> set[str]:
    """The identifiers in a text."""
    return set(re.findall(r"[^\W\d]\w*", text))


def shortly(names: Sequence[str]) -> str:
    """Identifiers in a sentence: all of a few, the first and the last of many; how many, if these are long."""
    said = ", ".join(names) if len(names) < 5 else f"{names[0]}, {names[1]}, … {names[-1]}"
    return said if len(said) < WIDTH / 2 else f"{len(names)} arguments"


def returned(value: str, grads: Sequence[str]) -> list[str]:
    """The statement that gives back value and gradients: a line for each entry if they are too many for one."""
    line = f"return {value}, [{', '.join(grads)}]"
    if len(line) <= WIDTH - 8:
        return [line]
    return [f"return {value}, [", *indented(text for grad in grads for text in filled_lines(f"{grad},")), "]"]


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level further in."""
    return [f"    {line}" if line else "" for line in lines]


def _wrap(line: str) -> list[str]:
    """A line, in brackets over several lines if it is too long for one."""
    if len(line) <= WIDTH:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    for pattern, close in (
        (r"( *def \w+\()(.*)(\):)", ""),
        (r"( *return )(.*)()", "()"),
        (r"( *\[)(.*)(\] = \w+)", ""),
        (r"( *[\w.\[\], :]+ [-+]?= )(.*)()", "()"),
        (r"( *[\w.]+\()(.*)(\))", ""),
    ):
        if match := re.fullmatch(pattern, line):
            start, inner, end = match.groups()
            start, end = (start + close[:1], close[1:] + end)
            break
    else:
        return [line]
    filled = indented(f"{indent}{text}" for text in filled_lines(inner, WIDTH - len(indent) - 4))
    return [start, *filled, *_wrap(f"{indent}{end.lstrip()}")]


def filled_lines(text: str, width: int = WIDTH - 12) -> list[str]:
    """A long list over several lines."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
