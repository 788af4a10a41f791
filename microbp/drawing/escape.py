"""Text of any kind, made safe for DOT, SVG and PDF: it comes out as text."""

from __future__ import annotations

import html

from microbp.printing import printable
from microbp.stepping.names import typeset

LONGEST = 40
"""Longer labels and expressions are cut in the middle."""


def plain(text: str, longest: int = LONGEST) -> str:
    """Text on one line and of bearable length, with nothing in it that a renderer or XML would choke on."""
    shown = typeset(printable(text))
    return shown if len(shown) <= longest else f"{shown[: longest // 2]}…{shown[-longest // 2 + 1 :]}"


def in_html(text: str, longest: int = LONGEST) -> str:
    """Text inside an HTML-like label."""
    # Even here Graphviz reads \N as the node's name; and it trips over a text that is nothing but brackets.
    return html.escape(plain(text, longest)).replace("\\", "\\\\").replace("]", "&#93;") or " "


def in_quotes(text: str) -> str:
    """Text inside a quoted tooltip, where Graphviz reads entities, and backslashes twice."""
    return html.escape(plain(text)).replace("\\", "\\" * 4)
