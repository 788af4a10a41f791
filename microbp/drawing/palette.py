"""The colours of a picture: kinds differ in border and shape too, so that they can be told apart without colour.

From the palette of Okabe and Ito: text has a contrast of at least 4.5 with its ground, lines of at least 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Look(NamedTuple):
    """How one kind of card looks."""

    fill: str
    line: str
    border: int
    style: str
    name: str


@dataclass(frozen=True)
class Theme:
    """One set of colours."""

    ground: str
    box: str
    box_line: str
    text: str
    faint: str
    edge: str
    grad: str
    current: tuple[str, str]
    """The fill and the line of what is at work in the current step."""
    wrong: tuple[str, str]
    """The fill and the line of a gradient that someone got wrong."""
    done: str
    """The colour of the way that the gradient has come."""
    done_style: str
    """The style of the lines on the way that the gradient has come."""
    heat: tuple[str, ...]
    """The colours of the heat scale, small magnitudes first."""
    kinds: dict[str, Look]


SHAPES = {
    "input": (1, "rounded"),
    "constant": (1, "dashed"),
    "parameter": (3, ""),
    "operation": (1, ""),
    "activation": (2, "rounded"),
    "group": (3, "rounded"),
    "loss": (2, ""),
}
"""The border of each kind of card: how wide, and in which style."""


def _kinds(**colours: tuple[str, str]) -> dict[str, Look]:
    return {kind: Look(*colours[kind], *shape, kind) for kind, shape in SHAPES.items()}


_MONO = ("#FFFFFF", "#000000")

THEMES = {
    "light": Theme(
        ground="#FFFFFF", box="#F6F6F6", box_line="#8C8C8C",
        text="#111111", faint="#595959", edge="#767676", grad="#B23A00",
        current=("#FFE8D9", "#B23A00"), wrong=("#FCE1E8", "#B0003A"), done="#B4733F", done_style="solid",
        heat=("#B9D6EE", "#D3E4F1", "#EDEDE6", "#FBE3BF", "#F9C588", "#F0A052", "#E57F2E"),
        kinds=_kinds(
            input=("#E3F2FC", "#0072B2"), constant=("#FFFFFF", "#4D4D4D"), parameter=("#FFF3D6", "#A66A00"),
            operation=("#FFFFFF", "#4D4D4D"), activation=("#E3F5EF", "#00735A"), group=("#E3F5EF", "#00735A"),
            loss=("#FBEAF3", "#A0447A"),
        ),
    ),
    "dark": Theme(
        ground="#16181D", box="#1E2128", box_line="#747A86",
        text="#F2F2F2", faint="#B4B8C0", edge="#9AA0AA", grad="#FF9A57",
        current=("#4A2A14", "#FF9A57"), wrong=("#4A1022", "#FF7D9C"), done="#C98550", done_style="solid",
        heat=("#123A5A", "#1D3444", "#2E2E30", "#4A3820", "#67451A", "#864D12", "#A2510C"),
        kinds=_kinds(
            input=("#10344B", "#56B4E9"), constant=("#24272F", "#C9C9C9"), parameter=("#453208", "#E69F00"),
            operation=("#24272F", "#C9C9C9"), activation=("#0B3B30", "#2FC39D"), group=("#0B3B30", "#2FC39D"),
            loss=("#44203A", "#E08CBB"),
        ),
    ),
    "mono": Theme(
        ground="#FFFFFF", box="#F6F6F6", box_line="#767676",
        text="#000000", faint="#404040", edge="#595959", grad="#000000",
        current=("#D9D9D9", "#000000"), wrong=("#D9D9D9", "#000000"), done="#595959", done_style="dashed",
        heat=("#FFFFFF", "#EFEFEF", "#DDDDDD", "#C8C8C8", "#B2B2B2", "#9A9A9A", "#828282"),
        kinds=_kinds(
            input=_MONO, constant=_MONO, parameter=_MONO, operation=_MONO, activation=_MONO, group=_MONO, loss=_MONO
        ),
    ),
}  # fmt: skip  # one theme reads best as a block
THEMES["auto"] = THEMES["light"]  # an SVG has the style below as well


_SCHEMES = (
    "svg[data-theme=auto]:root { color-scheme: light dark }",
    ":is([theme=dark], [data-theme=dark], .dark, .vscode-dark) svg[data-theme=auto] { color-scheme: dark }",
)
"""How an SVG knows: by itself, or as an image, it is told; inside a page it inherits what that says."""


def at_night() -> str:
    """The style that gives an SVG of theme auto the colours of the dark theme where what is around it is dark.

    That is the page that it stands in, as its `color-scheme` says, or its notebook; of an SVG by itself it is the
    reader's screen.

    >>> at_night().splitlines()[3]
    'svg[data-theme=auto] [fill="#ffffff"] { fill: light-dark(#ffffff, #16181D) }'
    """
    pairs: dict[str, str] = {}
    for day, night in zip(_colours(THEMES["light"]), _colours(THEMES["dark"]), strict=True):
        pairs.setdefault(day.lower(), night)
    rules = [
        f'svg[data-theme=auto] [{paint}="{day}"] {{ {paint}: light-dark({day}, {night}) }}'
        for day, night in pairs.items()
        for paint in ("fill", "stroke")
    ]
    return "\n".join(["@media screen {", *_SCHEMES, *rules, "}"])


def _colours(theme: Theme) -> list[str]:
    """All of a theme, those that stand for most first."""
    plain = [theme.ground, theme.text, theme.box, theme.box_line, theme.faint, theme.edge, theme.grad, theme.done]
    looks = [colour for look in theme.kinds.values() for colour in (look.fill, look.line)]
    return [*plain, *theme.current, *theme.wrong, *theme.heat, *looks]
