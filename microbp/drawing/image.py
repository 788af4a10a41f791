"""From DOT text to a picture: the only module that runs a renderer.

`dot` on the PATH is used if it is there, else pygraphviz, whose wheels carry Graphviz: `pip install "microbp[images]"`.
Either runs in a process of its own, which can be stopped when it takes too long. Where there are no processes, as in a
browser, `use` takes a function instead.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from subprocess import PIPE
from typing import Any, NamedTuple

from microbp.errors import RendererError
from microbp.printing import GRACE, end_group, in_background, printable, read_until

TIMEOUT = 30.0
"""Seconds that a renderer may take."""
NO_RENDERER = (
    "no Graphviz was found to make a picture with. Any of these helps: "
    '`pip install "microbp[images]"` (no root needed), `apt install graphviz`, `brew install graphviz`, '
    "`choco install graphviz`; or write a .dot file, which needs none."
)
_SEPARATOR = "\n//\n"
"""What stands between two texts for one process: a comment on a line of its own, which no label can hold."""
_BY_PYGRAPHVIZ = f"""
import sys, pygraphviz
for text in sys.stdin.buffer.read().decode().split({_SEPARATOR!r}):
    sys.stdout.buffer.write(pygraphviz.AGraph(string=text).draw(format=sys.argv[1], prog=sys.argv[2]))
"""
AT_ONCE, BYTES_AT_ONCE = 8, 8_000_000
"""So many pictures of a film are made by one process, or more if they are small: a start takes as long as three."""
_BEGINNINGS = {"svg": rb"<\?xml ", "jpg": rb"\xff\xd8\xff", "png": rb"\x89PNG\r\n\x1a\n", "pdf": rb"%PDF-"}
_ENDS = {"jpg": b"\xff\xd9", "png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}
_NUMBER = r"[-+\d.e]+"
_COMMAS = {"bb": 3, "width": 0, "height": 0}
"""Between the numbers of a layout's corners, and of a size; in a point there is one."""
_RUN = re.compile(rf"(?:(?:[es],)?{_NUMBER},{_NUMBER}(?:\\\n|\s)*)+")
"""How an arrow runs: points, of which those of its tips have a letter."""
MOST_BYTES = 64_000_000
"""What a renderer makes at once has no more: the eight pictures of the largest graph that can be drawn have less."""
LONGEST = 400
"""So much of what it complains is repeated."""
CHEAPER = ("splines=spline", "splines=line nslimit=1 nslimit1=1 mclimit=0.2")
"""What takes longest, and the second try: straight arrows, and an earlier end to the search for the best places."""
FONTS = b'font-family="Verdana,DejaVu Sans,sans-serif"'
"""The second has the widths of the first."""
Renderer = Callable[[str, str, str], bytes | str]
"""From DOT text, a format and a layout engine to a picture."""
_used: list[Renderer] = []


def use(render: Renderer | None) -> None:
    """Makes every picture from now on by a function, `render(dot_text, format, engine)`; `None` goes back to Graphviz.

    Formats are "svg", "png", "pdf", and "json0", which the page and films need; engines "dot" and "neato". Where the
    function makes something else, drawing raises `RendererError`; what it raises itself goes through. There is no time
    limit for it. In a browser viz.js can be asked, for svg and json0.

    >>> use(lambda text, format, engine: f"<svg><text>{engine}</text></svg>")
    >>> render("digraph {}", "svg")
    b'<svg><text>dot</text></svg>'
    >>> use(None)
    """
    _used[:] = [] if render is None else [render]


def render(source: str, ending: str, *, timeout: float = TIMEOUT, dpi: int | None = None) -> bytes:
    """The picture that DOT text describes: svg, png or jpg (`dpi` dots an inch), pdf, json0; the text itself for dot.

    What takes more than half of `timeout` seconds is tried again with straight arrows. Raises `RendererError` if there
    is no renderer, if it fails, or if it takes too long even so.
    """
    return next(render_all([source], ending, timeout=timeout, dpi=dpi))


class GraphvizLayout(NamedTuple):
    """Where Graphviz puts everything, in points from the bottom left corner, in its own words."""

    bb: str
    """The corners of the whole."""
    objects: list[dict[str, Any]]
    """Cards, which have a "pos", and boxes, which have a "bb" and the numbers of what is in them, "subgraphs"."""
    arrows: list[dict[str, Any]]


def layout(source: str, timeout: float = TIMEOUT) -> GraphvizLayout:
    """Where Graphviz puts what DOT text describes. Raises `RendererError` as `render` does."""
    return _layout(json.loads(render(source, "json0", timeout=timeout)))


def render_all(
    sources: Sequence[str], ending: str, *, program: str = "dot", timeout: float = TIMEOUT, dpi: int | None = None
) -> Iterator[bytes]:
    """The pictures of many texts, in `timeout` seconds each: if the first, the largest, has straight arrows, all do."""
    if ending == "dot":
        yield from (source.encode() for source in sources)
        return
    if _used:
        yield from (_by_function(_used[0], source, ending, program) for source in sources)
        return
    command = _command(ending, program)
    if dpi is not None:
        sources = [source.replace("graph [", f"graph [dpi={dpi} ", 1) for source in sources]
    straight = [source.replace(*CHEAPER, 1) for source in sources]
    pictures = None if straight[0] == sources[0] else _run(command, sources[:1], ending, timeout / 2)
    if pictures is None:
        pictures = _run(command, straight[:1], ending, timeout / 2 if straight[0] != sources[0] else timeout)
        sources = straight
    at_once = max(AT_ONCE, BYTES_AT_ONCE // len(pictures[0])) if pictures else AT_ONCE
    for k in range(1, len(sources) + at_once, at_once):
        if pictures is None:
            raise RendererError(
                f"Graphviz took more than {timeout:g} s for this picture, even with straight arrows: draw a part of "
                "the graph, a coarser level, or give it more time with timeout=..."
            )
        yield from map(_fit, pictures) if ending == "svg" else pictures
        if some := sources[k : k + at_once]:
            pictures = _run(command, some, ending, timeout * len(some))


def _by_function(function: Renderer, source: str, ending: str, program: str) -> bytes:
    made = function(source, ending, program)
    picture = made.encode() if isinstance(made, str) else made
    if not isinstance(picture, bytes) or not _is(ending, picture):
        said = printable(repr(picture)[:40])
        raise RendererError(f"the function given to microbp.drawing.use was asked for {ending}, and made {said}")
    return _fit(picture) if ending == "svg" else picture


def _command(ending: str, program: str) -> list[str]:
    if dot := shutil.which("dot"):
        return [dot, f"-K{program}", f"-T{ending}"]
    if importlib.util.find_spec("pygraphviz") is None:
        raise RendererError(NO_RENDERER)
    return [sys.executable, "-P", "-c", _BY_PYGRAPHVIZ, ending, program]


def _run(command: list[str], sources: Sequence[str], ending: str, seconds: float) -> list[bytes] | None:
    """What the renderer makes of these; `None` if it takes too long. Nothing that it says is believed unseen."""
    try:
        code, made, said = _finish(command, _SEPARATOR.join(sources).encode(), seconds)
    except (TimeoutError, subprocess.TimeoutExpired):
        return None
    except OSError as error:
        raise RendererError(f"Graphviz could not be started: {error}") from error
    if len(made) > MOST_BYTES:
        raise RendererError(f"Graphviz made more than {MOST_BYTES:,} bytes of this: draw a part of the graph")
    if code:
        last = printable(said.decode(errors="replace").strip().rpartition("\n")[2][:LONGEST]) or f"exit code {code}"
        raise RendererError(f"Graphviz could not draw this: {last}")
    pictures = [made] if len(sources) == 1 else re.split(rb"(?=%s)" % _BEGINNINGS[ending], made)[1:]
    if len(pictures) != len(sources):
        raise RendererError(f"Graphviz made {len(pictures)} pictures of {len(sources)} graphs")
    for picture in pictures:
        if not _is(ending, picture):
            got = f"bytes that begin with {printable(repr(picture[:20]))}" if picture else "nothing"
            raise RendererError(f"{command[0]} was asked for {ending}, and made {got}: is that Graphviz?")
    return pictures


def _finish(command: list[str], text: bytes, seconds: float) -> tuple[int, bytes, bytes]:
    """Runs a program with this input: its exit code, its output (some bytes too many, if there is more) and its errors.

    When it has ended, or wrote too much, all that it started ends too, as it does before the `TimeoutError`, or
    `subprocess.TimeoutExpired`, of one that takes too long.
    """
    end = time.monotonic() + seconds
    process = subprocess.Popen(command, start_new_session=True, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr

    def feed() -> None:
        with contextlib.suppress(OSError), stdin:  # it may have had enough
            stdin.write(text)

    def hear() -> bytes:
        with stdout:
            return read_until(stdout, MOST_BYTES + 1)

    def listen() -> bytes:
        said = b""
        with stderr:
            while more := read_until(stderr, LONGEST):
                said = (said + more)[-LONGEST:]
        return said

    try:
        in_background(feed)
        making, complaining = in_background(hear), in_background(listen)
        made = making(seconds)
        if len(made) <= MOST_BYTES:
            process.wait(max(0.0, end - time.monotonic()))
    finally:
        end_group(process)
    try:
        return process.returncode, made, complaining(GRACE)
    except TimeoutError:
        return process.returncode, made, b""


def _is(ending: str, picture: bytes) -> bool:
    """Whether these bytes are what was asked for, from the beginning to the end."""
    try:
        if ending == "svg":
            return ET.fromstring(picture).tag.rpartition("}")[2] == "svg"
        if ending == "json0":
            laid = _layout(json.loads(picture))
            return _has(laid._asdict(), "bb") and all(map(_is_part, laid.objects)) and all(map(_is_arrow, laid.arrows))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, ET.ParseError):
        return False
    return bool(re.match(_BEGINNINGS[ending], picture)) and picture.rstrip().endswith(_ENDS[ending])


def _layout(laid: dict[str, Any]) -> GraphvizLayout:
    return GraphvizLayout(laid["bb"], laid.get("objects", []), laid.get("edges", []))


def _is_part(part: dict[str, Any]) -> bool:
    """Whether this is a card, with a place and a size, or a box, or a rank, which has neither."""
    card = "pos" not in part or all(_has(part, what) for what in ("pos", "width", "height"))
    return isinstance(part["name"], str) and card and all(_has(part, what) for what in ("bb", "lp") if what in part)


def _is_arrow(arrow: dict[str, Any]) -> bool:
    places = all(_has(arrow, what) for what in ("lp", "tail_lp") if what in arrow)  # an id is only where one was given
    return places and isinstance(arrow.get("id", ""), str) and _RUN.fullmatch(arrow["pos"]) is not None


def _has(part: dict[str, Any], what: str) -> bool:
    """Whether it has a number, two for a point, or four for corners, between commas."""
    return re.fullmatch(rf"(?:{_NUMBER},){{{_COMMAS.get(what, 1)}}}{_NUMBER}", part[what]) is not None


def _fit(svg: bytes) -> bytes:
    """An SVG that fits its place and is not blown up in it, with fonts of the same width everywhere."""
    sized = re.sub(rb'(<svg)\s+width="([^"]*)"\s+height="[^"]*"', rb'\1 style="max-width:\2"', svg, count=1)
    return sized.replace(b'font-family="Verdana"', FONTS)
