"""Colours in a terminal: for whoever has not declined them.

>>> painted("   wrong   d = 1\\n  rest").replace("\\x1b", "ESC")
'   ESC[1;38;5;208mwrong   d = 1ESC[0m\\n  rest'
"""

from __future__ import annotations

import os
import re
from typing import IO

from microbp.printing import say, word

WRONG, RIGHT = "1;38;5;208", "38;5;39"
"""Orange and blue, as everywhere: readable on black and on white, and colour-blind safe."""
_LINES = (
    r"^(?P<indent> *)(?:(?P<wrong>{wrong}  .*|.*{all_wrong}.*)|(?P<right>{right}  .*|.*{all_right}.*))$"
    r"|\b(?P<word>{words})\b|(?P<mark>×)(?=$| is | 为| [×· ])"
)


def wants_colour(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that shows colours to someone who has not declined them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def painted(text: str) -> str:
    """An answer with its wrong and right lines, and its wrong entries, in colours."""
    said = {
        "wrong": word("wrong"),
        "right": word("right"),
        "all_wrong": say("gradients are wrong"),
        "all_right": say("gradients are right"),
        "words": "|".join([*map(word, ("WRONG", "DIFFERS")), "DIFFER", say("GRADIENTS DIFFER")]),
    }
    return re.sub(_LINES.format(**said), _paint, text, flags=re.MULTILINE)


def _paint(found: re.Match[str]) -> str:
    colour = RIGHT if found["right"] else WRONG
    said = found["wrong"] or found["right"] or found["word"] or found["mark"]
    return f"{found['indent'] or ''}\x1b[{colour}m{said}\x1b[0m"
