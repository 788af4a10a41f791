"""The pictures of a film as pixels, of which only what changes is drawn again: Graphviz draws a window of a picture.

What changes, and where, is read off the pictures as SVG, which are made in a tenth of the time of pixels.
"""

from __future__ import annotations

import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint32]
"""The colour of each as one number, red in its lowest byte; of shape (height, width)."""
COSTS = 60_000
"""To draw one window more takes as long as so many pixels: windows that are near each other become one."""
AROUND = 12.0
"""Points around what changes: half a line's width, the head of an arrow, what text has beside its place."""
WIDE, HIGH = 0.8, 1.3
"""No letter is wider, or higher, for the size of its font."""
NUDGE = 0.001
"""So many points each window is moved: what lies on half a pixel is then rounded to the same side in all of them."""
SEEN = 64
"""By less two ways to draw a pixel may differ: they round it otherwise."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Window(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        """How many pixels it has."""
        return (self.right - self.left) * (self.bottom - self.top)

    def joined(self, other: Window) -> Window:
        """The smallest that holds both."""
        return Window(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))


Look = list[tuple[str, list[tuple[str, str]], str | None]]


class ShownPart(NamedTuple):
    """What an SVG of Graphviz shows: for each card, arrow and box how it looks, and its element."""

    looks: dict[str, tuple[Look, ET.Element]]
    origin: tuple[float, float]
    size: tuple[float, float]

    def whole(self, scale: float) -> Window:
        """All of it in pixels, of which a point has `scale`."""
        return Window(0, 0, *(math.floor(points * scale + 0.5) for points in self.size))


def shown(svg: bytes) -> ShownPart:
    """Reads an SVG of Graphviz."""
    root = ET.fromstring(svg)
    graph = next((part for part in root if part.tag.endswith("}g")), root)
    found = re.search(r"translate\(([\d.-]+)[ ,]+([\d.-]+)\)", graph.get("transform", ""))
    looks: dict[str, tuple[Look, ET.Element]] = {}
    for part in _parts(graph):
        called = part.findtext(f"{part.tag.partition('}')[0]}}}title") or repr(_look(part)[0])
        key = next(key for n in count() if (key := f"{part.get('class')} {called} {n}") not in looks)
        looks[key] = _look(part), part
    _, _, *size = map(float, root.get("viewBox", "0 0 0 0").split())
    return ShownPart(looks, (float(found[1]), float(found[2])) if found else (0.0, 0.0), (size[0], size[1]))


def _parts(graph: ET.Element) -> Iterator[ET.Element]:
    """Cards, arrows and boxes; what belongs to the picture as a whole, a line or a piece of text, by itself."""
    for part in graph:
        if part.get("class") or not len(part):
            yield part
        else:
            yield from _parts(part)


def _look(part: ET.Element) -> Look:
    """All that is seen of it; numbers that Graphviz gives its parts differ from picture to picture."""
    inside = part.iter()
    return [(inner.tag, [pair for pair in inner.items() if pair[0] != "id"], inner.text) for inner in inside]


def _corners(part: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom, in points."""
    xs: list[float] = []
    ys: list[float] = []
    for inner in part.iter():
        numbers = [float(n) for name in ("points", "d") for n in _NUMBER.findall(inner.get(name, ""))]
        xs, ys = xs + numbers[::2], ys + numbers[1::2]
        if inner.tag.endswith("}ellipse"):
            x, y, rx, ry = (float(inner.get(name, 0.0)) for name in ("cx", "cy", "rx", "ry"))
            xs, ys = [*xs, x - rx, x + rx], [*ys, y - ry, y + ry]
        if inner.tag.endswith("}text"):
            x, y, size = (float(inner.get(name, 14.0)) for name in ("x", "y", "font-size"))
            wide, anchor = WIDE * size * len(inner.text or ""), inner.get("text-anchor", "start")
            left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
            xs, ys = [*xs, left, left + wide], [*ys, y - HIGH * size, y + size / 2]
    if not xs:
        return 0.0, 0.0, 0.0, 0.0
    return min(xs) - AROUND, min(ys) - AROUND, max(xs) + AROUND, max(ys) + AROUND


def windows(before: ShownPart, after: ShownPart, width: int, height: int, scale: float) -> list[Window]:
    """Where two pictures of this size differ; `scale` is the pixels of a point."""
    found: list[Window] = []
    for key in {**before.looks, **after.looks}:  # in the same order in every run
        pair = [looks[key] for looks in (before.looks, after.looks) if key in looks]
        if len(pair) == 2 and pair[0][0] == pair[1][0]:
            continue
        for _, part in pair:
            left, top, right, bottom = _corners(part)
            (x, y), room = after.origin, (width, height)
            low = [max(0, int((a + o) * scale)) for a, o in ((left, x), (top, y))]
            high = [min(most, int((a + o) * scale) + 1) for a, o, most in ((right, x, room[0]), (bottom, y, room[1]))]
            if low[0] < high[0] and low[1] < high[1]:
                found.append(Window(*low, *high))
    return _joined(found)


def _joined(found: list[Window]) -> list[Window]:
    """Fewer windows, where that is less work."""
    done: list[Window] = []
    while found:
        window = found.pop()
        for other in (*found, *done):
            both = window.joined(other)
            if both.size <= window.size + other.size + COSTS:
                (found if other in found else done).remove(other)
                found.append(both)
                break
        else:
            done.append(window)
    return done


def in_window(source: str, window: Window, origin: tuple[float, float], scale: float) -> str:
    """The DOT text of a part of a picture."""
    wide, high = (window.right - window.left) / scale, (window.bottom - window.top) / scale
    x, y = window.left / scale + wide / 2 - origin[0], origin[1] - window.top / scale - high / 2
    place = f"{wide:.6f},{high:.6f},1,{x + NUDGE:.6f},{y + NUDGE:.6f}"
    return source.replace("graph [", f'graph [viewport="{place}" ', 1)


def pixels_of(picture: bytes) -> Pixels:
    """The pixels of a PNG."""
    from PIL import Image

    pixels: Pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA")).view(np.dtype("<u4"))[..., 0]
    return pixels & np.uint32(0xFFFFFF)


def channels(pixels: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Red, green and blue of each, in an axis more."""
    return np.stack([pixels & 255, pixels >> 8 & 255, pixels >> 16], axis=-1).astype(np.uint8)


def composed(first: Pixels, changes: Sequence[Mapping[Window, Pixels]]) -> Iterator[Pixels]:
    """The pictures, one after the other; each is changed into the next."""
    picture = first.copy()
    yield picture
    for change in changes:
        for window, part in change.items():
            picture[window.top : window.bottom, window.left : window.right] = part
        yield picture


def changing(
    sources: Sequence[str],
    svgs: Sequence[bytes],
    draw: Callable[[Sequence[str]], Iterator[bytes]],
    scale: float,
    on_picture: Callable[[int], None],
) -> Callable[[], Iterator[Pixels]] | None:
    """All pictures of DOT texts whose layout is one; nothing if parts of them do not come out as the whole does.

    `draw` makes PNG pictures of DOT texts. The last picture is drawn both ways to see that.
    """
    seen = [shown(svg) for svg in svgs]
    origin, whole = seen[0].origin, seen[0].whole(scale)
    asked = [windows(a, b, whole.right, whole.bottom, scale) for a, b in pairwise(seen)]
    ends = [(sources[0], [whole]), (sources[-1], [whole])]
    texts = [
        in_window(source, window, origin, scale)
        for source, places in [*ends, *zip(sources[1:], asked, strict=True)]
        for window in places
    ]
    drawn = draw(texts)
    first, last = (pixels_of(next(drawn)) for _ in ends)
    changes = []
    for k, places in enumerate(asked, 2):
        changes.append({window: pixels_of(next(drawn)) for window in places})
        if any(part.shape != (w.bottom - w.top, w.right - w.left) for w, part in changes[-1].items()):
            return None
        on_picture(k)
    *_, end = composed(first, changes)
    if not last.shape == end.shape == (whole.bottom, whole.right):
        return None
    off = end != last
    if np.abs(channels(end[off]).astype(np.int16) - channels(last[off])).max(initial=0) > SEEN:
        return None
    return lambda: composed(first, changes)
