"""One layout for the pictures of a film: Graphviz places the first, and only writes and colours the others.

Laying out each would do for most, for cards keep their size, but a process of Graphviz 2.43 does not lay out its second
graph as it would its first; and to start a process takes five times as long as a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from microbp.drawing.image import TIMEOUT, layout

PINNED = "nop2"
"""The layout program of Graphviz that takes places as they are given."""
_ARROW = re.compile(r"^(\w+ -> \w+) \[key=(\w+) id=\w+ dir=(\w+)", re.MULTILINE)
_TURNED = {"forward": "back", "back": "forward"}


def pinned(sources: Sequence[str], timeout: float = TIMEOUT) -> list[str]:
    """The texts, with the places of everything in the first: for the program `PINNED`.

    They must describe the same cards, boxes and arrows; arrows may turn round, for which there is a second layout: the
    line of an arrow ends where its head begins.
    """
    first = sources[0]
    layouts = [
        layout(text, timeout)
        for text in (first, _ARROW.sub(lambda m: f"{m[0].removesuffix(m[3])}{_TURNED[m[3]]}", first))
    ]
    arrows = {
        (arrow["id"], arrow["dir"]): _attributes(arrow, "pos", "lp", "tail_lp")
        for laid in layouts
        for arrow in laid.arrows
    }
    places = "\n".join(_places(layouts[0].objects))
    return ["\n".join([text.rstrip().removesuffix("}"), places, *_run(text, arrows), "}\n"]) for text in sources]


def _run(text: str, arrows: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """How the arrows of a text run."""
    for ends, key, way in _ARROW.findall(text):
        yield f"{ends} [key={key} {arrows[key, way]}]"


def _places(objects: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Where cards and boxes are."""
    inner = {k for box in objects for k in box.get("subgraphs", ())}
    for k, found in enumerate(objects):
        if "pos" in found:
            yield f"{found['name']} [{_attributes(found, 'pos')}]"
        elif k not in inner:
            yield from _box(found, objects)


def _box(box: dict[str, Any], objects: Sequence[dict[str, Any]]) -> Iterator[str]:
    if "bb" in box:
        yield f"subgraph {box['name']} {{ {_attributes(box, 'bb', 'lp', 'lwidth', 'lheight')}"
        for k in box.get("subgraphs", ()):
            yield from _box(objects[k], objects)
        yield "}"


def _attributes(found: dict[str, Any], *names: str) -> str:
    return " ".join(f'{name}="{found[name]}"' for name in names if name in found)
