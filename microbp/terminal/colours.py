"""Colours in a terminal: for whoever has not declined them.

>>> painted("   wrong   d = 1\\n  rest").replace("\\x1b", "ESC")
'   ESC[1;38;5;208mwrong   d = 1ESC[0m\\n  rest'
"""

from __future__ import annotations

import os
import re
from typing import IO

WRONG, RIGHT = "1;38;5;208", "38;5;39"
"""Orange and blue, as everywhere: readable on black and on white, and colour-blind safe."""
_LINES = re.compile(
    r"^(?P<indent> *)(?:(?P<wrong>wrong  .*|.*gradients are wrong.*)|(?P<right>right  .*|.*gradients are right.*))$"
    r"|\b(?P<word>WRONG|DIFFERS?|GRADIENTS DIFFER)\b|(?P<mark>×)(?=$| is | [×· ])",
    re.MULTILINE,
)


def wants_colour(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that shows colours to someone who has not declined them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def painted(text: str) -> str:
    """An answer with its wrong and right lines, and its wrong entries, in colours."""
    return _LINES.sub(_paint, text)


def _paint(found: re.Match[str]) -> str:
    colour = RIGHT if found["right"] else WRONG
    said = found["wrong"] or found["right"] or found["word"] or found["mark"]
    return f"{found['indent'] or ''}\x1b[{colour}m{said}\x1b[0m"
