"""A drawing: it shows itself in a notebook, and its file says what is in it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

import graphviz

from microbp.drawing.dot import Dot
from microbp.drawing.framing.in_browser import browser_picture
from microbp.drawing.framing.sizes import Fitted
from microbp.drawing.image import TIMEOUT, render
from microbp.drawing.levels import Level
from microbp.drawing.network.figure import NetworkFigure
from microbp.drawing.palette import at_night
from microbp.drawing.style import ThemeName
from microbp.errors import RendererError
from microbp.printing import in_width, say

SHORT_TEXT = 40
"""Longer texts in place of a picture are cut."""


class Drawing(graphviz.Source):  # type: ignore[misc]  # the package has no types
    """DOT text that shows itself in a notebook: as an SVG, or as lines of text where no renderer is found."""

    level = Level("op", "")
    """The level of the drawing, and why it was chosen."""
    title = ""
    """The line on top of the picture."""
    lines: Sequence[str] = ()
    """What is on the cards, as lines of text."""
    timeout = TIMEOUT
    """The seconds that a renderer may take."""

    theme: ThemeName | None = None
    """The theme that was asked for: if none was, it is light, and in a notebook as dark as that is."""
    fit: Fitted | None = None
    """How it fits the width that was asked for."""
    for_cell: Callable[[], Drawing] | None = None
    """Draws it again as it can be read in a notebook; None if a width was asked for."""

    def resized(self, source: str) -> Drawing:
        """The same drawing with another DOT text."""
        drawing = Drawing(source)
        drawing.level, drawing.title, drawing.lines, drawing.timeout = self.level, self.title, self.lines, self.timeout
        drawing.theme = self.theme
        return drawing

    @classmethod
    def of(cls, dot: Dot | NetworkFigure, level: Level, timeout: float, theme: ThemeName | None) -> Drawing:
        """The drawing of a scene, with the theme that was asked for."""
        drawing = cls(str(dot))
        drawing.level, drawing.title, drawing.lines, drawing.timeout = level, dot.headline, dot.text_lines(), timeout
        drawing.theme = theme
        return drawing

    def picture(self, ending: str, dpi: int | None = None) -> bytes:
        """The picture as svg, png or pdf. Raises `RendererError` if it cannot be made."""
        made = render(self.source, ending, timeout=self.timeout, dpi=dpi if ending in ("png", "jpg") else None)
        return self.told(made) if ending == "svg" else made

    def told(self, svg: bytes, more: str = "", *, in_notebook: bool = False) -> bytes:
        """An SVG that says what it shows, to those who cannot see it; with `more` in its head."""
        about = "\n".join(self.lines[:SHORT_TEXT])
        said = f"<title>{html.escape(self.title)}</title>\n<desc>{html.escape(about)}</desc>{more}"
        own = b' role="img"'
        if self.theme == "auto" or (in_notebook and self.theme is None):
            own += b' data-theme="auto"'
            said += f"\n<style>{at_night()}</style>"
        return re.sub(rb"(<svg)([^>]*>)", lambda m: m[1] + own + m[2] + b"\n" + said.encode(), svg, count=1)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        try:
            shown = self.for_cell() if self.for_cell else self
            made = render(shown.source, "svg", timeout=self.timeout)
            return {"image/svg+xml": shown.told(made, in_notebook=True).decode(), "text/plain": repr(shown)}
        except RendererError as error:
            frame = browser_picture(self.source, self.title)
            more = {} if frame is None else {"text/html": frame}
            return {"text/plain": f"{self.text}\n({error})", **more}

    def __repr__(self) -> str:
        return in_width(f"<drawing, level {self.level.name}: {self.title}>")

    @property
    def text(self) -> str:
        """What is in it, as lines of text."""
        more = [say("… {count:,} more", count=len(self.lines) - SHORT_TEXT)] if len(self.lines) > SHORT_TEXT else []
        return "\n".join([self.title, *self.lines[:SHORT_TEXT], *more])
