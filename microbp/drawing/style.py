"""The options of a picture that change how it looks, not what is in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypedDict, get_args

from microbp.drawing.palette import THEMES
from microbp.errors import UnknownNameError, nearest

ThemeName = Literal["light", "dark", "mono", "auto"]
Direction = Literal["LR", "TB", "RL", "BT"]
Sums = Literal["card", "open"]
Part = Literal["values", "grads", "locals", "expressions"]
SHOWN: tuple[Part, ...] = get_args(Part)
CHOICES: dict[str, Iterable[str]] = {"theme": THEMES, "direction": get_args(Direction), "affine": get_args(Sums)}


class StyleOptions(TypedDict, total=False):
    """The fields of `Style`, as options of a function."""

    theme: ThemeName
    direction: Direction
    show: Part | Collection[Part]
    digits: int
    heat: bool
    fold: bool | Collection[str] | None
    constants: bool
    affine: Sums
    widths: bool | float
    title: str
    caption: str
    names: Mapping[str, str]
    transparent: bool


@dataclass(frozen=True)
class Style:
    """How a picture looks. Raises `UnknownNameError` for what is not among the choices."""

    theme: ThemeName = "light"
    """The colours: light, dark or mono; with auto an SVG is light or dark as the page that it
    stands in, or the reader's screen, and all else light. In a notebook that is so unless a theme is asked for."""
    direction: Direction = "LR"
    """LR, from left to right, TB, from top to bottom; RL and BT, the other way round."""

    show: Part | Collection[Part] = SHOWN
    """What stands on cards and arrows: any of values, grads, locals and expressions."""
    digits: int = 4
    """The significant digits of a number."""
    heat: bool = False
    """Whether grads are coloured by magnitude."""
    fold: bool | Collection[str] | None = None
    """Whether unlabelled values that are used once go into the expression of what is made from them: of a network they
    do, of another graph where it is too large to be read; or the titles of boxes that become one card each, as well."""
    constants: bool = False
    """Whether plain numbers have cards."""
    affine: Sums = "card"
    """Whether a weighted sum is one card, or open: a card for each product."""
    widths: bool | float = False
    """Whether arrows are as wide as the weights that they stand for are large, in a weighted sum; or the weight that
    has the widest of them."""
    title: str = ""
    """The title line, instead of the root and its value; at a step of the pass it stands before the formula."""
    caption: str = ""
    """What is said of the picture, in small letters: below the title, of a network below its figure."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What boxes and kinds are called instead, by their titles or the first word of those: {"neuron": "unit"}."""
    transparent: bool = False
    """Whether there is nothing behind the picture."""

    def __post_init__(self) -> None:
        for key, allowed in CHOICES.items():
            if getattr(self, key) not in allowed:
                raise UnknownNameError(nearest(key, getattr(self, key), allowed))
        object.__setattr__(self, "show", (self.show,) if isinstance(self.show, str) else tuple(self.show))
        for name in self.show:
            if name not in SHOWN:
                raise UnknownNameError(nearest("thing to show", name, SHOWN))

    @classmethod
    def of(cls, **options: object) -> Style:
        """The style with these options. Raises `UnknownNameError` for one that does not exist."""
        names = [field.name for field in fields(cls)]
        for name in options:
            if name not in names:
                raise UnknownNameError(nearest("option of a picture", name, names))
        return cls(**options)  # type: ignore[arg-type]  # they come from outside, and are checked above

    def called(self, title: str) -> str:
        """What something with this title is called.

        >>> Style(names={"neuron": "unit", "loss": "error"}).called("neuron h1")
        'unit h1'
        """
        first, gap, rest = title.partition(" ")
        return self.names.get(title, f"{self.names.get(first, first)}{gap}{rest}")

    @property
    def ground(self) -> str:
        """The colour behind everything."""
        return "transparent" if self.transparent else THEMES[self.theme].ground

    @property
    def titles(self) -> Collection[str]:
        """The titles of the boxes that are folded."""
        if isinstance(self.fold, str):
            return (self.fold,)
        return () if self.fold is None or isinstance(self.fold, bool) else self.fold
