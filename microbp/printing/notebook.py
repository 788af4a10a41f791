"""Pieces of HTML for the cell of a notebook. They take its font colour and let its ground through, dark or light.

Styles stand in the elements, since what a notebook does not trust loses its style sheets.

>>> print(grid(["× ·"])[:18])
<table style="bord
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from microbp.printing.language import word

WRONG, RIGHT = "213, 94, 0", "0, 114, 178"
"""Vermilion and blue, as the pictures have them: colour-blind safe, and readable on white and on black."""
_CELL = "padding: .2em .8em .2em .5em; text-align: left; border: 0; vertical-align: top; background: transparent"
_SQUARE = "width: 1.2em; height: 1.2em; padding: 0; line-height: 1; text-align: center; border: 2px solid transparent"
_TABLE = "border-collapse: collapse; margin: .4em 0; color: inherit"
_MONO = "font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere"


def answer(*parts: str) -> str:
    """Parts one below the other, as the answer of one object."""
    return f'<div style="max-width: 60em; color: inherit; background: transparent">{"".join(parts)}</div>'


def sentence(text: str) -> str:
    """Text for people; lines stay lines."""
    return f'<p style="margin: .4em 0; white-space: pre-line">{html.escape(text)}</p>'


def beside(wrong: Sequence[str], right: Sequence[str]) -> str:
    """The wrong lines and the right ones beside each other, or below each other where it is narrow."""
    boxes = "".join(
        f'<div style="flex: 1 1 20em; padding: .3em .7em; border-left: .3em solid rgb({colour}); '
        f'background: rgba({colour}, .12)"><b>{word(head)}</b>'
        f'<div style="{_MONO}">{html.escape(chr(10).join(lines))}</div></div>'
        for head, lines, colour in (("wrong", wrong, WRONG), ("right", right, RIGHT))
    )
    return f'<div style="display: flex; flex-wrap: wrap; gap: .5em; margin: .4em 0">{boxes}</div>'


def rows_table(rows: Iterable[Sequence[str]], wrong: Iterable[bool], head: Sequence[str] = ()) -> str:
    """A table in which the rows that are wrong can be seen at once."""
    top = _row(head, "transparent", "th") if head else ""
    body = [
        _row(row, f"rgba({WRONG}, .18)" if marked else "transparent") for row, marked in zip(rows, wrong, strict=True)
    ]
    return f'<table style="{_TABLE}">{top}{"".join(body)}</table>'


def _row(cells: Sequence[str], ground: str, tag: str = "td") -> str:
    look = f"{_CELL}; white-space: nowrap" if tag == "th" else _CELL
    inner = "".join(f'<{tag} style="{look}">{html.escape(cell)}</{tag}>' for cell in cells)
    return f'<tr style="background: {ground}">{inner}</tr>'


def grid(rows: Sequence[str]) -> str:
    """A map of wrong entries as `Difference.map` has it: a wrong one has a cross, one that was not given is grey."""
    width = max(map(len, rows), default=0)
    squares = {
        "×": _square(f"rgba({WRONG}, .85)", "×"),
        "·": _square(f"rgba({RIGHT}, .25)"),
        " ": _square("rgba(128, 128, 128, .12)"),
    }
    body = ["".join(squares[mark] for mark in row.ljust(width)[::2]) for row in rows]
    made = "".join(f'<tr style="background: transparent">{row}</tr>' for row in body)
    return f'<table style="{_TABLE}">{made}</table>'


def _square(colour: str, text: str = "") -> str:
    return f'<td style="{_SQUARE}; background: {colour}; background-clip: padding-box">{text}</td>'


def maps_in_a_row(of: dict[str, Sequence[str]]) -> str:
    """The maps of several arrays in a row, each below its name."""
    parts = "".join(f"<div><code>{html.escape(name)}</code>{grid(rows)}</div>" for name, rows in of.items() if rows)
    return f'<div style="display: flex; flex-wrap: wrap; gap: 1.5em; margin: .4em 0">{parts}</div>' if parts else ""


def preformatted(text: str) -> str:
    """Lines as a terminal shows them."""
    return f'<pre style="margin: .4em 0; color: inherit; background: transparent">{html.escape(text)}</pre>'


def collapsed(summary: str, text: str) -> str:
    """Lines that are there on a click."""
    return f'<details><summary style="cursor: pointer">{html.escape(summary)}</summary>{preformatted(text)}</details>'
