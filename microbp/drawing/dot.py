"""From a scene to DOT text: pure, and the same bytes for the same graph."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from microbp.drawing.cards import BESIDE, Cards
from microbp.drawing.escape import in_html, in_quotes, plain
from microbp.drawing.framing.legend import top
from microbp.drawing.grouping import Box
from microbp.drawing.heat import Scale
from microbp.drawing.moment import Static, differ, headed
from microbp.drawing.palette import THEMES
from microbp.drawing.scene import Arrow, Card, Joint, Scene
from microbp.engine import Value
from microbp.printing import number_text

THIN, THICK = 0.3, 7.0
"""The points that an arrow is wide for a weight of 0, and for the largest."""
MANY_ARROWS = 80
"""Above so many arrows between cards of many values there is no room for what stands on them."""


class Dot:
    """The DOT text of a scene, at a moment of the pass; `note` goes into the line on top."""

    def __init__(self, scene: Scene, moment: Static, root: Value | None, note: str) -> None:
        self.scene, self.moment = scene, moment
        self.root_name = "" if root is None else scene.names[root].text()
        self.style, self.theme = scene.style, THEMES[scene.style.theme]
        self.plain = sum(arrow.kind == "many" for arrow in scene.arrows) <= MANY_ARROWS
        self.words = "locals" in self.style.show and self.plain
        labelled = zip(scene.arrows, scene.abouts, strict=True)
        beside = {a.tail: _short(text) for a, (text, _) in labelled if a.kind == "beside" and self.words}
        self.widest = self._widest()
        self.cards = Cards(scene, moment, beside)
        if self.style.heat:
            self.cards.scale = Scale.over(self._grads(), self.theme.heat)
        start = "" if root is None else f"{self.root_name} = {number_text(root.data, self.style.digits)}"
        self.said = headed(moment.line(scene, self.style.digits), self.style.title, start)
        if moment.given:
            note = f"{note}   {differ(len(moment.given))}".strip()
        gap = "   " if note and self.said.text else ""
        self.said = self.said._replace(after=f"{self.said.after}{gap}{note}")

    def _widest(self) -> float:
        """The weight that has the widest arrow; 0 if all are alike."""
        if self.style.widths is not True:
            return self.style.widths
        weights = [weight for arrow in self.scene.arrows if (weight := self.scene.weight(arrow)) is not None]
        return max((abs(weight.data) for weight in weights if math.isfinite(weight.data)), default=0.0)

    def __str__(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _grads(self) -> Iterator[float]:
        for card in self.scene.cards.values():
            groups = [[card.value]] if card.value else [part.values for part in card.parts]
            yield from (norm for values in groups if (norm := self.cards.norm(values, at_end=True)) is not None)

    def _lines(self) -> Iterator[str]:
        t = self.theme
        wide = self.widest and self.scene.level != "op"  # wide arrows need room
        spaces = "ranksep=0.3 splines=spline" if self.plain and not wide else "ranksep=2.5 splines=line"
        if self.scene.level == "neuron":  # full layers cross anyhow: a short search leaves neurons in their order
            spaces += " mclimit=0.01"
        yield "digraph microbp {"
        yield (
            f'graph [rankdir={self.style.direction} fontname="Verdana" fontsize=11 fontcolor="{t.text}" '
            f'bgcolor="{self.style.ground}" nodesep=0.16 {spaces} pad=0.15 newrank=true labelloc=t '
            'labeljust=l tooltip=" "];'
        )
        yield f'node [shape=plain fontname="Verdana" fontsize=11 fontcolor="{t.text}"];'
        yield (
            f'edge [fontname="Verdana" fontsize=9 color="{t.edge}" fontcolor="{t.text}" arrowsize=0.6 penwidth=1.1];'
        )
        yield f"label=<{top(self.cards, self.said, self.root_name, self.words, self.widest)}>;"
        standing: dict[Box, list[str]] = {}
        for card in self.scene.cards.values():
            lines = standing.setdefault(card.box, [])
            lines.append(self._card(card))
            lines += self._joints(self.scene.joints.get(card.id, []))
        yield from self._box(self.scene.top, "c", standing)
        inputs = [card.id for card in self.scene.cards.values() if card.box.kind == "inputs" and card.value]
        if self.style.direction in ("LR", "RL"):
            yield from column([("", name) for name in inputs])
        for k, (arrow, (local, of)) in enumerate(zip(self.scene.arrows, self.scene.abouts, strict=True)):
            yield self._arrow(arrow, k, local, of)
        yield "}"

    @property
    def headline(self) -> str:
        """The line on top, as text."""
        return plain(self.said.text, 300)

    def text_lines(self) -> list[str]:
        """What is on the cards, as text, one line each."""
        return [plain(self.cards.text(card), 300) for card in self.scene.cards.values()]

    def _box(self, box: Box, path: str, standing: Mapping[Box, Sequence[str]]) -> Iterator[str]:
        """A box, with the lines for what is standing in it and in the boxes in it."""
        yield from standing.get(box, ())
        for k, inner in enumerate(box.boxes):
            if any(each in standing for each in inner.walk()):
                t = self.theme
                yield f"subgraph cluster_{path}{k} {{"
                yield (
                    f'label=<{in_html(inner.title)}> tooltip="{in_quotes(inner.title)}" fontsize=10 '
                    f'fontcolor="{t.faint}" labeljust=l labelloc=t style=rounded color="{t.box_line}" '
                    f'bgcolor="{t.box if path == "c" else t.ground}" margin=13'
                )
                yield from self._box(inner, f"{path}{k}_", standing)
                yield "}"

    def _card(self, card: Card) -> str:
        made = "" if card.value is None else self.scene.expression(card.value)
        about = card.name if made in ("", card.name) else f"{card.name} = {made}"
        return f'{card.id} [id="{card.id}" label=<{self.cards.card(card)}> tooltip="{in_quotes(about)}"];'

    def _joints(self, joints: list[Joint]) -> Iterator[str]:
        """A weighted sum: a small × for each product, with its weight above it."""
        look = self.theme.kinds["operation"]
        for joint in joints:
            k = 2 * joint.term
            w, x = joint.node.inputs[k : k + 2]
            if self.style.affine == "open":
                arrived = self.moment.state([(joint.node, k), (joint.node, k + 1)]) != "" or not self.moment.walks
                shape = f"label=<{self.cards.product(w, x, joint.node, arrived)}>"
            else:
                shape = (
                    'shape=circle label="×" fontsize=13 width=0.24 height=0.24 fixedsize=true style=filled '
                    f'fillcolor="{look.fill}" color="{look.line}"'
                )
            names = [in_quotes(self.scene.names[value].text()) for value in (w, x)]
            yield f'{joint.id} [{shape} tooltip="{" × ".join(names)}"];'
        if self.style.direction in ("LR", "RL"):
            bias = self.scene.biases.get(joints[0].node, "") if joints else ""
            yield from column([(joint.id, joint.weight) for joint in joints], bias)

    def _arrow(self, arrow: Arrow, k: int, local: str, of: str) -> str:
        state = self.moment.state(arrow.uses)
        t = self.theme
        attributes = {
            "": self._width(arrow),
            "done": [f'color="{t.done}" style={t.done_style} penwidth=2.2'],
            "current": [f'color="{t.current[1]}" penwidth=4'],
        }[state]
        ends, turned = (arrow.tail, arrow.head), arrow.kind == "beside"
        if turned:
            ends = (arrow.head, arrow.tail)
        way = "back" if turned != bool(state) else "forward"  # the gradient runs against the arrow
        if arrow.kind == "out":
            attributes.append('arrowsize=0.5 weight=6 edgetooltip=" "')
        else:
            attributes.append(self._place(arrow, local if self.words else ""))
            if state == "current":
                attributes.append(f'fontcolor="{t.current[1]}"')
            text = in_quotes(f"{of} = {local}" if of else local)
            attributes.append(f'tooltip="{text}" labeltooltip="{text}" edgetooltip="{text}"')
        return f"{ends[0]} -> {ends[1]} [key=e{k} id=e{k} dir={way} {' '.join(attributes)}];"

    def _width(self, arrow: Arrow) -> list[str]:
        """How wide an arrow is if its weight says so."""
        weight = self.scene.weight(arrow) if self.widest else None
        if weight is None:
            return []
        share = abs(weight.data) / self.widest if math.isfinite(weight.data) else 1.0
        wide = THIN + (THICK - THIN) * min(share, 1.0)
        return [f"penwidth={wide:.2f}", *(["style=dashed"] if weight.data < 0 else [])]

    def _place(self, arrow: Arrow, local: str) -> str:
        """The attributes that place an arrow, and the local derivative on it."""
        if arrow.kind == "beside":
            local = _short(local)
            aside = 9 + BESIDE / 2 * len(local)  # points from the arrow to the middle of its label
            distance, angle = math.hypot(aside, 8) / 10, math.degrees(math.atan2(aside, 8))
            placed = f"taillabel=<{in_html(local)}> labeldistance={distance:.2f} labelangle={angle:.1f}"
            return f"arrowsize=0.5 {placed if local else ''}"
        label = f"label=<{in_html(local)}>" if local else ""
        if self.style.direction in ("TB", "BT") or arrow.kind not in ("in", "many"):
            return label
        head, tail = "we" if self.style.direction == "LR" else "ew"
        return f"{label} headport={head} tailport={tail}{' minlen=2' if arrow.kind == 'in' else ''}"


def column(products: Sequence[tuple[str, str]], bias: str = "") -> Iterator[str]:
    """The DOT text that keeps a weighted sum in one rank: each product, by id, below its weight, if it has one there.

    So arrows need not go round it. From top to bottom stand the first product, the others, and the bias: of two in one
    rank the tail of an arrow stands below its head.
    """
    stacked = [name for joint, above in products if above for name in (above, joint) if name]
    stacked += [bias] * bool(bias)
    for upper, lower in pairwise(stacked):
        if (lower, upper) not in products:
            yield f"{lower} -> {upper} [key=k{lower} id=k{lower} dir=forward style=invis];"
    if products:
        yield f"{{rank=same {' '.join(dict.fromkeys([*(joint for joint, _ in products if joint), *stacked]))}}}"


def _short(local: str) -> str:
    """A local derivative that stands left of an arrow, below a card: the number alone if there is no more room."""
    return local if len(local) <= 16 else local.rpartition(" = ")[2]
