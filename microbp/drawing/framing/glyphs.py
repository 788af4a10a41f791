"""Which characters of a picture the fonts of this machine cannot draw: a renderer leaves boxes in their place.

>>> missing("E = 0.2984", "20-7e a0-17f 2202")
''
>>> missing("損失 ∂E", "20-7e a0-17f 2202")
'損失'
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

SECONDS = 5.0
"""What asking for the fonts may take."""


def missing(text: str, known: str | None = None) -> str:
    """The characters of the text that no font has, each once; none where the fonts cannot be asked.

    `known` are the characters that fonts have, as `fc-list` writes them; those of this machine if it is not given.
    """
    ranges = _ranges(_installed() if known is None else known)
    if not ranges:
        return ""
    odd = dict.fromkeys(c for c in text if not c.isascii())
    return "".join(c for c in odd if not any(first <= ord(c) <= last for first, last in ranges))


@cache
def _installed() -> str:
    """The characters of all fonts, "20-7e a0"; nothing without fontconfig, which Graphviz takes its fonts from."""
    program = shutil.which("fc-list")
    if program is None:
        return ""
    command = [program, "-f", "%{charset} "]
    try:
        return subprocess.run(command, capture_output=True, timeout=SECONDS, check=True, encoding="ascii").stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""  # it is a warning alone that is lost


@cache
def _ranges(known: str) -> frozenset[tuple[int, int]]:
    parts = (part.partition("-") for part in known.split())
    return frozenset((int(first, 16), int(last or first, 16)) for first, _, last in parts)
