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
    rounded: bool
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
    kinds: dict[str, Look]


def _kinds(**colours: tuple[str, str]) -> dict[str, Look]:
    shapes = {
        "input": (1, True),
        "parameter": (3, False),
        "operation": (1, False),
        "activation": (1, True),
        "loss": (2, False),
    }
    return {kind: Look(*colours[kind], border, rounded, kind) for kind, (border, rounded) in shapes.items()}


THEMES = {
    "light": Theme(
        ground="#FFFFFF", box="#F6F6F6", box_line="#C4C4C4",
        text="#111111", faint="#595959", edge="#767676", grad="#B23A00",
        kinds=_kinds(
            input=("#E3F2FC", "#0072B2"), parameter=("#FFF3D6", "#A66A00"), operation=("#FFFFFF", "#4D4D4D"),
            activation=("#E3F5EF", "#00735A"), loss=("#FBEAF3", "#A0447A"),
        ),
    ),
    "dark": Theme(
        ground="#16181D", box="#1E2128", box_line="#4A4F5A",
        text="#F2F2F2", faint="#B4B8C0", edge="#9AA0AA", grad="#FF9A57",
        kinds=_kinds(
            input=("#10344B", "#56B4E9"), parameter=("#453208", "#E69F00"), operation=("#24272F", "#C9C9C9"),
            activation=("#0B3B30", "#2FC39D"), loss=("#44203A", "#E08CBB"),
        ),
    ),
    "mono": Theme(
        ground="#FFFFFF", box="#FFFFFF", box_line="#767676",
        text="#000000", faint="#404040", edge="#404040", grad="#000000",
        kinds=_kinds(
            input=("#FFFFFF", "#000000"), parameter=("#FFFFFF", "#000000"), operation=("#FFFFFF", "#000000"),
            activation=("#FFFFFF", "#000000"), loss=("#FFFFFF", "#000000"),
        ),
    ),
}  # fmt: skip  # one theme reads best as a block
