"""Films: a picture for each step of a pass, in one file that moves, or in a file each.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> film = animate(problem.root(), model=problem.model)
>>> len(film.drawings), film.drawings[16].title.partition("   ")[0]
(33, 'step 16 of 32')
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from microbp.drawing.drawing import FORMATS, PictureOptions, Plan
from microbp.drawing.film.fixed_layout import PINNED, pinned
from microbp.drawing.film.merge_frames import check_pillow, moving_image, moving_svg
from microbp.drawing.film.windows import Pixels, changing, pixels_of
from microbp.drawing.framing.result import Drawing
from microbp.drawing.image import render_all
from microbp.drawing.moment import AtStep
from microbp.engine import Value
from microbp.engine.node import root_of
from microbp.errors import GraphError, RendererError, UnknownNameError, nearest
from microbp.printing import check_place, write_file

MOVING = ("svg", "gif", "webp")
FEW = 4
"""A film of no more pictures draws each as a whole."""
DPI = 72
"""A film has this many dots an inch unless more are asked for."""
OnPicture = Callable[[int], None]


@dataclass(frozen=True)
class Film:
    """Pictures of one size that follow each other, each for some `seconds`. In a notebook it shows itself and moves."""

    drawings: Sequence[Drawing]
    steps: Sequence[int]
    """The number of the step that each shows."""
    seconds: float

    def write(self, path: str | Path, *, dpi: int = DPI, on_picture: OnPicture | None = None) -> None:
        """Writes one file that moves: .svg, .gif or .webp. `on_picture` is called with how many pictures are done.

        Raises what `check_film` and `Drawing.picture` raise.
        """
        ending = check_film(path)
        write_file(path, self.moving(ending, dpi, on_picture))

    def moving(
        self, ending: str, dpi: int = DPI, on_picture: OnPicture | None = None, *, in_notebook: bool = False
    ) -> bytes:
        """What `write` writes, or a notebook shows."""
        if ending != "svg":
            return moving_image(self._frames(dpi, on_picture), ending, self.seconds)
        merged, style = moving_svg(self.pictures("svg", None, on_picture), self.seconds)
        return self.drawings[-1].told(merged, style, in_notebook=in_notebook)

    def write_each(
        self, folder: str | Path, ending: str = "svg", *, dpi: int = 144, on_picture: OnPicture | None = None
    ) -> list[Path]:
        """Writes each picture to a file in `folder`, which is made if need be, named by its step; returns the paths.

        Raises `UnknownNameError` for an ending that is no picture's, and what `Drawing.picture` raises.
        """
        if ending not in FORMATS:
            raise UnknownNameError(nearest("picture format", ending, FORMATS))
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        digits = len(str(self.steps[-1]))
        paths = [folder / f"{step:0{digits}}.{ending}" for step in self.steps]
        pictures = self.pictures(ending, dpi, on_picture)
        for path, drawing, picture in zip(paths, self.drawings, pictures, strict=True):
            write_file(path, drawing.told(picture) if ending == "svg" else picture)
        return paths

    def pictures(self, ending: str, dpi: int | None, on_picture: OnPicture | None = None) -> Iterator[bytes]:
        """The pictures, one after the other."""
        sources, program = self._sources(ending)
        timeout = self.drawings[0].timeout
        made = render_all(sources, ending, program=program, timeout=timeout, dpi=dpi if ending == "png" else None)
        for k, picture in enumerate(made, 1):
            yield picture
            if on_picture:
                on_picture(k)

    def _sources(self, ending: str) -> tuple[Sequence[str], str]:
        """The DOT texts, in which everything has its place, and what draws them."""
        sources = [drawing.source for drawing in self.drawings]
        if self.drawings[0].level.name == "network":
            return sources, "neato"
        if len(sources) == 1 or ending == "dot":
            return sources, "dot"
        return pinned(sources, self.drawings[0].timeout), PINNED

    def _frames(self, dpi: int, on_picture: OnPicture | None) -> Callable[[], Iterator[Pixels]]:
        """The pixels of each picture; called again, they are there again."""
        timeout = self.drawings[0].timeout
        sources, program = self._sources("png")

        def draw(texts: Sequence[str]) -> Iterator[bytes]:
            return render_all(texts, "png", program=program, timeout=timeout, dpi=dpi)

        if len(sources) > FEW:
            svgs = list(render_all(sources, "svg", program=program, timeout=timeout))
            if frames := changing(sources, svgs, draw, dpi / 72, on_picture or (lambda k: None)):
                return frames
        pictures = []
        for k, picture in enumerate(draw(sources), 1):
            pictures.append(picture)
            if on_picture:
                on_picture(k)
        return lambda: map(pixels_of, pictures)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.moving("svg", in_notebook=True).decode(), "text/plain": repr(self)}
        except RendererError as error:
            return {"text/plain": f"{self.drawings[-1].text}\n({error})"}

    def __repr__(self) -> str:
        return f"<film of {len(self.drawings):,} pictures>"


def animate(
    root: Value,
    path: str | Path | None = None,
    *,
    steps: slice = slice(None),
    seconds: float = 1.0,
    dpi: int = DPI,
    on_picture: OnPicture | None = None,
    **options: Unpack[PictureOptions],
) -> Film:
    """Draws each moment of the backward pass of a value, nothing moving but the gradient; writes the film to `path`.

    The moments are those after 0, 1, 2, … steps, of several samples those of the one that is drawn;
    `steps=slice(10, 21)` takes some. An .svg moves without a script,
    shows the end to readers who want less motion, and stands still under the mouse; .gif and .webp need Pillow. The
    other options are those of `draw`, which raises the same.
    """
    if path is not None:
        check_film(path)
    if not isinstance(root, Mapping):  # a trace has one root, whose arrays are drawn; a problem makes another each time
        root = root_of(root)
    plan, root = Plan.of(root, **options), root_of(root)
    moment = AtStep(root, 0)
    shown = moment.positions(plan.hidden)
    positions = [position for position in range(len(moment) + 1)[steps] if position in shown]
    if not positions:
        raise GraphError(f"a film needs a step of this pass, which has 0 to {len(moment)}, got {steps}")
    drawings = []
    for position in positions:
        moment.goto(position)
        drawings.append(plan.at(moment))
    film = Film(drawings, positions, seconds)
    if path is not None:
        film.write(path, dpi=dpi, on_picture=on_picture)
    return film


def check_film(path: str | Path) -> str:
    """The ending of the path, if a film can be written to it: to know before a long run.

    Raises `UnknownNameError` for another ending, `ExtraError` for a .gif or .webp without Pillow, `ProblemError` if no
    file can stand there.
    """
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in MOVING:
        raise UnknownNameError(nearest("film format", ending, MOVING))
    if ending != "svg":
        check_pillow()
    check_place(path)
    return ending
