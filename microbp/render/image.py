"""From DOT text to a picture: the only module that runs a renderer.

`dot` on the PATH is used if it is there, else pygraphviz, whose wheels carry Graphviz: `pip install "microbp[images]"`.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import graphviz

from microbp.engine import Value
from microbp.errors import RendererError, UnknownNameError, unknown
from microbp.nn import MLP
from microbp.render.dot import MAX_NODES, dot_text

FORMATS = ("dot", "svg", "png", "pdf")
NO_RENDERER = (
    "no Graphviz was found to make a picture with. Any of these helps: "
    '`pip install "microbp[images]"` (no root needed), `apt install graphviz`, `brew install graphviz`, '
    "`choco install graphviz`; or write a .dot file, which needs none."
)


class Drawing(graphviz.Source):  # type: ignore[misc]  # the package has no types
    """DOT text that shows itself in a notebook: as an SVG, or as text where no renderer is found."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": render(self.source, "svg").decode(), "text/plain": repr(self)}
        except RendererError as error:
            return {"text/plain": f"{self.source}\n{error}"}


def draw(
    root: Value,
    path: str | Path | None = None,
    *,
    model: MLP | None = None,
    theme: str = "light",
    digits: int = 4,
    max_nodes: int = MAX_NODES,
) -> Drawing:
    """Draws the graph of a value, and writes it to `path` (.svg, .png, .pdf or .dot) if one is given.

    With `model`, its layers and neurons are boxes. Numbers have `digits` significant digits. Raises `GraphError` for
    more than `max_nodes` values, `UnknownNameError` for another ending or theme, and `RendererError`, with the ways
    to get a renderer, if there is none; a .dot file needs none.

    >>> drawing = draw(Value(2.0, label="x") ** 2)
    >>> drawing.source.startswith("digraph")
    True
    """
    ending = "dot" if path is None else Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise UnknownNameError(unknown("picture format", ending, FORMATS))
    drawing = Drawing(dot_text(root, model=model, theme=theme, digits=digits, max_nodes=max_nodes))
    if path is not None:
        Path(path).write_bytes(render(drawing.source, ending))
    return drawing


def render(source: str, ending: str) -> bytes:
    """The picture that DOT text describes. Raises `RendererError` if there is no renderer, or if it fails."""
    if ending == "dot":
        return source.encode()
    try:
        picture: bytes = graphviz.Source(source).pipe(format=ending, quiet=True)
    except graphviz.ExecutableNotFound:
        picture = _by_pygraphviz(source, ending)
    except graphviz.CalledProcessError as error:
        raise RendererError(f"Graphviz could not draw this: {error}") from error
    return _scalable(picture) if ending == "svg" else picture


def _by_pygraphviz(source: str, ending: str) -> bytes:
    if importlib.util.find_spec("pygraphviz") is None:
        raise RendererError(NO_RENDERER)
    import pygraphviz

    try:
        picture: bytes = pygraphviz.AGraph(string=source).draw(format=ending, prog="dot")
    except (OSError, ValueError) as error:
        raise RendererError(f"pygraphviz could not draw this: {error}") from error
    return picture


def _scalable(svg: bytes) -> bytes:
    """An SVG that fits its place: a viewBox, but no width and height."""
    return re.sub(rb'(<svg)\s+width="[^"]*"\s+height="[^"]*"', rb"\1", svg, count=1)
