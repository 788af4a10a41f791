"""The cards of a picture as HTML-like labels: tables whose size does not depend on what has arrived."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from microbp.drawing.escape import in_html
from microbp.drawing.heat import Scale
from microbp.drawing.levels import CardRow
from microbp.drawing.moment import Said, Static
from microbp.drawing.palette import THEMES, Look, Theme
from microbp.drawing.scene import Card, Scene
from microbp.engine import Value
from microbp.printing import number_text, say

CURRENT = 4
"""The border of a card at which the current step is; the padding of all cards makes up for their borders."""
BESIDE = 5.8
"""The points that a character takes on an arrow."""
WIDEST = 48
"""The most characters of an expression."""


class Cards:
    """Writes the cards of a scene, at a moment of the pass."""

    def __init__(self, scene: Scene, moment: Static, beside: Mapping[str, str]) -> None:
        self.scene, self.moment, self.beside = scene, moment, beside
        self.scale: Scale | None = None
        self.style, self.theme = scene.style, THEMES[scene.style.theme]
        self.many = any(len(part.values) > 1 for card in scene.cards.values() for part in card.parts)
        self.room = 8 * self.style.digits + 62  # for the widest number, a bold −1.234e−308

    @property
    def faint(self) -> str:
        """The colour of what is said aside; on a heat colour, that of everything else."""
        return self.theme.text if self.scale else self.theme.faint

    def card(self, card: Card) -> str:
        """The label of a card."""
        members = self.scene.members[card.id]
        if card.parts and card.value is None:
            head = f"<B>{in_html(card.name)}</B>"
            if card.about and "expressions" in self.style.show:
                head += f'<FONT POINT-SIZE="9">   {in_html(card.about, WIDEST)}</FONT>'
            rows = [f'<TD ALIGN="LEFT" COLSPAN="4">{head}</TD>', *map(self._part, card.parts)]
            return self._framed(card.kind, rows, members)
        assert card.value is not None
        rows = [self._head(card.name, card.value.data, self._beside_room(card))]
        made = self.scene.expression(card.value)
        if made and "expressions" in self.style.show:
            assert card.value.op is not None
            rows.append(self._small(card.value.op.symbol if made == card.name else made))
        if "grads" in self.style.show and card.kind != "constant":
            rows.append(self._grad(self.moment.grad(card.value), members))
            if card.value in self.moment.given:
                rows.append(self._given(self.moment.given[card.value]))
        heat = self.scale.colour(self.moment.grad(card.value)) if self.scale else None
        return self._framed(card.kind, rows, members, heat)

    def text(self, card: Card) -> str:
        """What is on a card, as a line of text."""
        if card.value is None:
            called = [" ".join(filter(None, self._called(part))) for part in card.parts]
            rows = [
                say(
                    "{name} {value}, grad {grad}",
                    name=name,
                    value=self._range(part.values),
                    grad=self._grad_text(part.values),
                )
                for name, part in zip(called, card.parts, strict=True)
            ]
            return f"{card.name}: {'; '.join(rows)}"
        made = self.scene.expression(card.value)
        said = [card.name, *([made] if made not in ("", card.name) else []), self._range([card.value])]
        return say("{value}, grad {grad}", value=" = ".join(said), grad=self._grad_text([card.value]))

    def _grad_text(self, values: Sequence[Value]) -> str:
        norm = self.norm(values)
        return "?" if norm is None else number_text(norm, self.style.digits)

    def _range(self, values: Sequence[Value]) -> str:
        data = [value.data for value in values]
        low, high = (number_text(n, self.style.digits) for n in (min(data), max(data)))
        return low if low == high else f"{low} … {high}"

    def product(self, w: Value, x: Value, node: Value, arrived: bool) -> str:
        """The label for a product of a weighted sum that is drawn open."""
        rows = [
            self._head("×", w.data * x.data),
            self._small(" · ".join(self.scene.names[value].text() for value in (w, x))),
            self._grad(self.moment.grad(node) if arrived else None, []),
        ]
        return self._framed("operation", rows, [])

    def _head(self, name: str, number: float, room: int = 0) -> str:
        shown = in_html(number_text(number, self.style.digits)) if "values" in self.style.show else ""
        fixed = f' WIDTH="{self.room}"' if self.moment.trains else ""
        return f'<TD ALIGN="LEFT" WIDTH="{room}"><B>{in_html(name)}</B></TD><TD ALIGN="RIGHT"{fixed}>{shown}</TD>'

    def _beside_room(self, card: Card) -> int:
        """How wide the name of a weight must be for half of its card to hold the label left of the arrow below it."""
        label = self.beside.get(card.id, "")
        return max(math.ceil(2 * (BESIDE * len(label) + 10)) - self.room - 22, 0) if label else 0

    def _small(self, text: str) -> str:
        return f'<TD COLSPAN="2" ALIGN="LEFT"><FONT POINT-SIZE="9">{in_html(text, WIDEST)}</FONT></TD>'

    def _grad(self, grad: float | None, values: Sequence[Value]) -> str:
        fill = self._fill(None, values)
        return (
            f'<TD ALIGN="LEFT"{fill}><FONT POINT-SIZE="9" COLOR="{self.faint}">{say("grad")}</FONT></TD>'
            f'<TD ALIGN="RIGHT" WIDTH="{self.room}"{fill}>{self._number(grad)}</TD>'
        )

    def _given(self, number: float) -> str:
        """The row for what someone else's gradient is instead."""
        fill, line = self.theme.wrong
        shown = f'<FONT COLOR="{line}"><B>{in_html(number_text(number, self.style.digits))}</B></FONT>'
        about = f'<FONT POINT-SIZE="9" COLOR="{self.theme.text}">{say("≠ given")}</FONT>'
        return f'<TD ALIGN="LEFT" BGCOLOR="{fill}">{about}</TD><TD ALIGN="RIGHT" BGCOLOR="{fill}">{shown}</TD>'

    def _number(self, grad: float | None) -> str:
        if grad is None:
            return f'<FONT COLOR="{self.faint}">?</FONT>'
        colour = self.theme.text if self.scale else self.theme.grad
        return f'<FONT COLOR="{colour}"><B>{in_html(number_text(grad, self.style.digits))}</B></FONT>'

    def _part(self, part: CardRow) -> str:
        """A row for some values: one of them as it is, of many the shape, the range and the norm of the gradients."""
        name, shape = self._called(part)
        shown = self._range(part.values) if "values" in self.style.show else ""
        cells = [
            f'<TD ALIGN="LEFT"><B>{in_html(name)}</B></TD>',
            f'<TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="{self.faint}">{shape} </FONT></TD>',
            f'<TD ALIGN="RIGHT" WIDTH="{2 * self.room - 20 if self.many else self.room}">{in_html(shown)}</TD>',
        ]
        if "grads" in self.style.show:
            sign = say("grad") if len(part.values) == 1 else say("‖grad‖")
            norm = self.norm(part.values)
            fill = self._fill(self.scale.colour(norm) if self.scale else None, part.values)
            wrong = [value for value in part.values if value in self.moment.given]
            more = ""
            if wrong:
                number = number_text(self.moment.given[wrong[0]], self.style.digits)
                text = say("{count:,} differ", count=len(wrong)) if len(part.values) > 1 else f"≠ {in_html(number)}"
                more = f'   <FONT COLOR="{self.theme.wrong[1]}"><B>{text}</B></FONT>'
            cells.append(
                f'<TD ALIGN="RIGHT" WIDTH="{self.room + 30}"{fill}><FONT POINT-SIZE="9" COLOR="{self.faint}">{sign} '
                f"</FONT>{self._number(norm)}{more}</TD>"
            )
        return "".join(cells)

    def _called(self, part: CardRow) -> tuple[str, ...]:
        """What to call some values, and their shape."""
        if len(part.values) == 1:
            return self.scene.names[part.values[0]].text(), ""
        return part.letter, "×".join(map(str, part.shape))

    def norm(self, values: Sequence[Value], at_end: bool = False) -> float | None:
        """The norm of what has arrived at many values; the grad itself of one; `None` before anything has."""
        arrived = self.moment.last if at_end else self.moment.grad
        grads = [grad for value in values if (grad := arrived(value)) is not None]
        if len(values) == 1 or not grads:
            return grads[0] if grads else None
        return math.hypot(*grads)

    def _fill(self, heat: str | None, values: Sequence[Value]) -> str:
        """What is behind a grad: its heat, or the colour of the current step if that is at one of these values."""
        if not self.scale and any(map(self.moment.at_work, values)):
            heat = self.theme.current[0]
        return f' BGCOLOR="{heat}"' if heat else ""

    def _framed(self, kind: str, rows: Sequence[str], values: Sequence[Value], heat: str | None = None) -> str:
        look = self.theme.kinds[kind]
        if self.scale:
            look = look._replace(fill=heat or self.theme.ground)
        if any(map(self.moment.at_work, values)):
            look = look._replace(border=CURRENT, line=self.theme.current[1])
        if any(value in self.moment.given for value in values):
            look = self.wrongly(look)
        return html_table(f"<TR><TD>{frame(look, 4, rows)}</TD></TR>", padding=CURRENT - look.border)

    def wrongly(self, look: Look) -> Look:
        """How a card looks whose gradient someone got wrong."""
        return look._replace(border=CURRENT, line=self.theme.wrong[1], style="dashed")


def html_table(rows: str, padding: int = 0, spacing: int = 0, more: str = "") -> str:
    """A table without lines."""
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="{padding}"{more and " " + more}>'
        f"{rows}</TABLE>"
    )


def frame(look: Look, padding: int, rows: Sequence[str]) -> str:
    """A table with the border of a kind of card."""
    style = f' STYLE="{look.style.upper()}"' if look.style else ""
    return (
        f'<TABLE BORDER="{look.border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}" COLOR="{look.line}" '
        f'BGCOLOR="{look.fill}"{style}>{"".join(f"<TR>{row}</TR>" for row in rows)}</TABLE>'
    )


def top_line(said: Said, theme: Theme) -> str:
    """The line on top: its number in the colour of gradients."""
    number = f'<FONT COLOR="{theme.grad}"><B>{in_html(said.number)}</B></FONT>' if said.number else ""
    return in_html(said.before, 200) + number + (in_html(said.after, 80) if said.after else "")
