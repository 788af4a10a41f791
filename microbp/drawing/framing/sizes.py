"""How large a picture is on paper, on a slide or on a screen, and how large its smallest text is there.

>>> Size.of("6in")
Size(width=432.0, height=685.0, least=8.0, unit='in')
>>> Size.of("slide").least
12.0
"""

from __future__ import annotations

import re
from typing import NamedTuple

from microbp.errors import UnknownNameError
from microbp.printing import say

UNITS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "px": 0.75}
"""The points of each."""
PAGE = 685.0
"""The points of the height of a page's text, and of the highest picture."""
MEDIA = ("paper", "slide", "screen", "notebook")
_MADE_OF = re.compile(r"([\d.]+)\s*([a-z]+)")


_FONT = re.compile(r'(?:fontsize=|POINT-SIZE=")([\d.]+)')


def smallest_text(source: str) -> float:
    """The points of the smallest text that DOT text asks for."""
    return min(map(float, _FONT.findall(source)))


class Size(NamedTuple):
    """The room for a picture and the least size of its text, in points."""

    width: float
    height: float
    least: float
    unit: str = "cm"
    """In which to say it."""

    @classmethod
    def of(cls, text: str) -> Size:
        """The size that "16cm" (mm, in, pt, px) or the name of a medium says. Raises `UnknownNameError` for others."""
        if text in MEDIA:
            return {
                "paper": cls(16 * UNITS["cm"], PAGE, 8.0),
                "slide": cls(30 * UNITS["cm"], 15 * UNITS["cm"], 12.0),
                "screen": cls(1240 * UNITS["px"], 660 * UNITS["px"], 9.0, "px"),
                "notebook": cls(900 * UNITS["px"], 660 * UNITS["px"], 9.0, "px"),
            }[text]
        found = _MADE_OF.fullmatch(text.strip().lower())
        if not found or found[2] not in UNITS or found[1].count(".") > 1 or not float(found[1].strip(".") or 0):
            known = f"a length ({', '.join(f'16{unit}' for unit in UNITS)}) or {', '.join(MEDIA)}"
            raise UnknownNameError(f"the width of a picture is {known}, got {text!r}")
        width, unit = float(found[1]) * UNITS[found[2]], found[2]
        return cls(width, PAGE, 9.0 if unit == "px" else 8.0, unit)

    def said(self, points: float) -> str:
        """A length in the unit of the width."""
        digits = 1 if self.unit in ("cm", "in") else 0
        return f"{points / UNITS[self.unit]:.{digits}f} {self.unit}"


def svg_width(svg: bytes) -> float:
    """The points that an SVG of ours is wide.

    >>> svg_width(b'<svg style="max-width:453pt"')
    453.0
    """
    found = re.search(rb"max-width:([\d.]+)pt", svg)
    return float(found[1]) if found else 0.0


class Fitted(NamedTuple):
    """How a picture fits a size."""

    size: Size
    text: float
    """The points of its smallest text."""
    width: float
    height: float

    @property
    def readable(self) -> bool:
        """Whether its text is as large as it should be."""
        return self.text >= self.size.least - 0.05

    @property
    def about(self) -> str:
        """The size of the picture and of its smallest text; if that is too small, what helps."""
        size = self.size
        said = say(
            "{width} × {height}, text at least {text}",
            width=size.said(self.width),
            height=size.said(self.height),
            text=self._points(self.text),
        )
        if self.readable:
            return said
        more = size.least / self.text
        if self.width < 0.99 * size.width:  # the height is what there is too little of
            helps = say("make it {length} high", length=size.said(self.height * more))
        else:
            helps = say("make it {length} wide", length=size.said(self.width * more))
        return say(
            "{said}, less than {least}: leave something out (--paths-to, --around, --depth, --show values, a "
            "coarser --level), or {helps}",
            said=said,
            least=self._points(size.least),
            helps=helps,
        )

    def _points(self, points: float) -> str:
        return f"{points / UNITS['px']:.1f} px" if self.size.unit == "px" else f"{points:.1f} pt"
