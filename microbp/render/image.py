"""From DOT text to a picture: the only module that runs a renderer.

`dot` on the PATH is used if it is there, else pygraphviz, whose wheels carry Graphviz: `pip install "microbp[images]"`.
Either runs in a process of its own, which can be stopped when it takes too long.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

from microbp.errors import RendererError

TIMEOUT = 30.0
"""Seconds that a renderer may take."""
NO_RENDERER = (
    "no Graphviz was found to make a picture with. Any of these helps: "
    '`pip install "microbp[images]"` (no root needed), `apt install graphviz`, `brew install graphviz`, '
    "`choco install graphviz`; or write a .dot file, which needs none."
)
_BY_PYGRAPHVIZ = (
    "import sys, pygraphviz; graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode()); "
    "sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog='dot'))"
)
CHEAPER = ("splines=spline", "splines=line nslimit=1 nslimit1=1 mclimit=0.2")
"""What takes longest, and the second try: straight arrows, and an earlier end to the search for the best places."""
FONTS = b'font-family="Verdana,DejaVu Sans,sans-serif"'
"""The second has the widths of the first."""


def render(source: str, ending: str, *, timeout: float = TIMEOUT, dpi: int | None = None) -> bytes:
    """The picture that DOT text describes: svg, png (`dpi` dots an inch), pdf, json0; the text itself for dot.

    What takes more than half of `timeout` seconds is tried again with straight arrows. Raises `RendererError` if there
    is no renderer, if it fails, or if it takes too long even so.
    """
    if ending == "dot":
        return source.encode()
    command = _command(ending)
    if dpi is not None:
        source = source.replace("graph [", f"graph [dpi={dpi} ", 1)
    straight = source.replace(*CHEAPER, 1)
    picture = None if straight == source else _run(command, source, timeout / 2)
    if picture is None:
        picture = _run(command, straight, timeout / 2 if straight != source else timeout)
    if picture is None:
        raise RendererError(
            f"Graphviz took more than {timeout:g} s for this picture, even with straight arrows: draw a part of the "
            "graph, a coarser level, or give it more time with timeout=..."
        )
    return _fit(picture) if ending == "svg" else picture


def _command(ending: str) -> list[str]:
    if dot := shutil.which("dot"):
        return [dot, f"-T{ending}"]
    if importlib.util.find_spec("pygraphviz") is None:
        raise RendererError(NO_RENDERER)
    return [sys.executable, "-P", "-c", _BY_PYGRAPHVIZ, ending]


def _run(command: list[str], source: str, seconds: float) -> bytes | None:
    """What the renderer writes; `None` if it takes too long."""
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise RendererError(f"Graphviz could not be started: {error}") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().rpartition("\n")[2] or f"exit code {error.returncode}"
        raise RendererError(f"Graphviz could not draw this: {said}") from error
    return done.stdout


def _fit(svg: bytes) -> bytes:
    """An SVG that fits its place and is not blown up in it, with fonts of the same width everywhere."""
    sized = re.sub(rb'(<svg)\s+width="([^"]*)"\s+height="[^"]*"', rb'\1 style="max-width:\2"', svg, count=1)
    return sized.replace(b'font-family="Verdana"', FONTS)
