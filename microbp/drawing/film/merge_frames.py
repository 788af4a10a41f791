"""From the pictures of a film to one that moves: an SVG with CSS and no script, a GIF, a WebP."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from microbp.drawing.film.windows import Pixels, channels
from microbp.errors import ExtraError, RendererError

if TYPE_CHECKING:
    from PIL import Image

HOLD = 3
"""The last picture stays so many times as long as the others."""
SVG = "http://www.w3.org/2000/svg"
_SIZES = "the pictures of this film differ in size: draw fewer things in them, with show=…"
_TITLE = f"{{{SVG}}}title"
ET.register_namespace("", SVG)
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def durations(count: int, seconds: float) -> list[float]:
    """How long each picture stays."""
    return [seconds] * (count - 1) + [seconds * HOLD]


class _Merger:
    """Lays pictures on each other: what is the same in all of them is there once, the rest is there by turns."""

    def __init__(self, count: int, name: str) -> None:
        self.count, self.name = count, name
        self._kinds: dict[tuple[object, ...], int] = {}
        self._kind_of: dict[ET.Element, int] = {}
        self.turns: dict[tuple[int, ...], int] = {}
        """The numbers of the pictures in which something is seen, and the number of its class."""

    def merge(self, versions: Sequence[ET.Element]) -> ET.Element:
        """One element out of those that differ, if at all, in what is inside."""
        merged = ET.Element(versions[0].tag, versions[0].attrib)
        merged.text, merged.tail = versions[0].text, versions[0].tail
        for parts in zip_longest(*versions):
            merged.extend(self._slot(parts))
        return merged

    def _slot(self, parts: Sequence[ET.Element | None]) -> list[ET.Element]:
        """What takes the same place in all pictures."""
        there = [part for part in parts if part is not None]
        seen: dict[int, list[int]] = {}
        for k, part in enumerate(parts):
            if part is not None:
                seen.setdefault(self._kind(part), []).append(k)
        if len(seen) == 1 and len(there) == self.count:
            return there[:1]
        if len(there) == self.count and all(
            len(part) and (part.tag, part.attrib) == (there[0].tag, there[0].attrib) for part in there
        ):
            return [self.merge(there)]
        firsts = {self._kind(part): part for part in reversed(there)}
        for kind, numbers in seen.items():
            number = self.turns.setdefault(tuple(numbers), len(self.turns))
            firsts[kind].set("class", f"{firsts[kind].get('class', '')} {self.name}{number}".strip())
        return [firsts[kind] for kind in seen]

    def _kind(self, part: ET.Element) -> int:
        """A number, the same for elements that are alike in all that is in them."""
        if part not in self._kind_of:
            key = (part.tag, *part.attrib.items(), part.text, *map(self._kind, part))
            self._kind_of[part] = self._kinds.setdefault(key, len(self._kinds))
        return self._kind_of[part]


def moving_svg(pictures: Iterable[bytes], seconds: float) -> tuple[bytes, str]:
    """One SVG out of many of the same size, and the style that makes it move: for its head.

    Without the style, and for readers who want less motion, it shows the last. Raises `RendererError` if sizes differ.
    """
    frames = [ET.fromstring(picture) for picture in pictures]
    for frame in frames:
        for group in frame:  # Graphviz writes the boxes in any order, only none before what it is in
            boxes = iter(sorted((part for part in group if _is_box(part)), key=lambda part: part.findtext(_TITLE, "")))
            group[:] = [next(boxes) if _is_box(part) else part for part in group]
        for part in frame.iter():
            part.attrib.pop("id", None)  # some differ from picture to picture
            part.tail = "\n"  # an empty line may follow a box, which has moved
    if len({frame.get("viewBox") for frame in frames}) > 1:
        raise RendererError(_SIZES)
    stays = durations(len(frames), seconds)
    code = sha256(ET.tostring(frames[0]) + ET.tostring(frames[-1]) + repr(stays).encode())
    merger = _Merger(len(frames), f"m{code.hexdigest()[:8]}-")  # in a notebook all SVGs share their classes
    merged = merger.merge(frames)
    return ET.tostring(merged), _style(merger.turns, merger.name, stays)


def _is_box(part: ET.Element) -> bool:
    return part.get("class") == "cluster"


def _style(turns: dict[tuple[int, ...], int], name: str, stays: Sequence[float]) -> str:
    starts = [0.0, *accumulate(stays)]
    shown, moves, last = [], [], len(stays) - 1
    for numbers, k in turns.items():
        shown += [f".{name}{k}{{visibility:{'visible' if last in numbers else 'hidden'}}}"]
        keys, before = "", None
        for number, start in enumerate(starts[:-1]):
            if (now := number in numbers) is not before:
                keys += f"{100 * start / starts[-1]:.3f}%{{visibility:{'visible' if now else 'hidden'}}}"
            before = now
        moves.append(f".{name}{k}{{animation-name:{name}{k}}}\n@keyframes {name}{k}{{{keys}}}")
    each = f"[class*={name}]{{animation:{starts[-1]:g}s step-end infinite}}\nsvg:hover [class*={name}]"
    each += "{animation-play-state:paused}"
    lines = [*shown, "@media (prefers-reduced-motion:no-preference){", each, *moves, "}"]
    return "<style>\n" + "\n".join(lines) + "\n</style>"


def moving_image(pictures: Callable[[], Iterable[Pixels]], ending: str, seconds: float) -> bytes:
    """A GIF or a WebP out of pictures, which may be asked for twice, over and over. Raises `ExtraError` without Pillow,
    `RendererError` if they differ in size."""
    check_pillow()
    from PIL import Image

    frames = _indexed(pictures) if ending == "gif" else [Image.fromarray(channels(picture)) for picture in pictures()]
    if len({frame.size for frame in frames}) > 1:
        raise RendererError(_SIZES)
    made = io.BytesIO()
    stays = [round(1000 * stay) for stay in durations(len(frames), seconds)]
    frames[0].save(
        made, ending, save_all=True, append_images=frames[1:], duration=stays, loop=0,
        **({"optimize": False} if ending == "gif" else {"lossless": True, "method": 2}),
    )  # fmt: skip  # one call reads best on few lines
    return made.getvalue()


def _indexed(pictures: Callable[[], Iterable[Pixels]]) -> list[Image.Image]:
    """The pictures in one palette, each colour the nearest in it: the frequent ones stay exactly what they are."""
    from PIL import Image

    count = sum(1 for _ in pictures())
    some = {0, count // 2, count - 1}
    board = np.concatenate([picture.flatten() for k, picture in enumerate(pictures()) if k in some])
    colours, counts = np.unique(board, return_counts=True)
    palette = channels(colours[np.argsort(-counts, kind="stable")[:256]])
    # Of each colour in the palette, from 1, where it was looked for once: pictures have the same few thousand.
    places = np.zeros(1 << 24, np.uint16)
    before: NDArray[np.uint32] | None = None
    images = []
    for pixels in pictures():
        if before is None:
            indexed, changed = np.zeros(pixels.shape, np.uint8), np.ones(pixels.shape, bool)
            before = pixels.copy()
        elif before.shape != pixels.shape:
            raise RendererError(_SIZES)
        else:
            changed = pixels != before
        seen = pixels[changed]
        strange = np.unique(seen[places[seen] == 0])
        off = (channels(strange)[:, None].astype(np.int32) - palette) ** 2
        places[strange] = off.sum(axis=-1).argmin(axis=1) + 1
        indexed[changed] = places[seen] - 1
        before[changed] = seen
        images.append(Image.frombytes("P", (pixels.shape[1], pixels.shape[0]), indexed.tobytes()))
        images[-1].putpalette(palette.tobytes())
    return images


def check_pillow() -> None:
    """Raises `ExtraError` if Pillow is not there: to know before a long run."""
    try:
        import PIL  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise ExtraError('a .gif or .webp needs Pillow: pip install "microbp[animation]"') from error
