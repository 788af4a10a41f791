"""The line on top of a picture with cards, and its legend."""

from __future__ import annotations

from microbp.drawing.cards import Cards, frame, html_table, top_line
from microbp.drawing.escape import in_html
from microbp.drawing.moment import Said, headed_room
from microbp.printing import breadth, derivative, filled, number_text, say, word

LEGEND = 500
"""The points that the rows of the legend may be wide."""
CAPTION = 90
"""The characters of a line of the caption."""


def top(cards: Cards, said: Said, root_name: str, words: bool, widest: float) -> str:
    """The title line, or the formula of the current step; below it the legend."""
    t, moment = cards.theme, cards.moment
    room = f' FIXEDSIZE="TRUE" HEIGHT="22" WIDTH="{9 * headed_room(moment, cards.style.title)}"' if moment.room else ""
    rows = [
        f'<TR><TD ALIGN="LEFT"{room}><FONT POINT-SIZE="14">{top_line(said, t)}</FONT></TD></TR>',
        *(
            f'<TR><TD ALIGN="LEFT">{in_html(line, CAPTION)}</TD></TR>'
            for line in filled(cards.style.caption, CAPTION)
            if line
        ),
        f'<TR><TD ALIGN="LEFT">{legend(cards, root_name, words, widest)}</TD></TR>',
    ]
    return html_table("".join(rows), spacing=3)


def legend(cards: Cards, root_name: str, words: bool, widest: float) -> str:
    """What the kinds of cards, the signs and the colours mean, in rows that fit a page."""
    t = cards.theme
    present = {card.kind for card in cards.scene.cards.values()}
    looks = [look for kind, look in t.kinds.items() if kind in present]
    if cards.scale:
        looks = [look._replace(fill=t.ground) for look in looks]
    said = []
    if "grads" in cards.style.show:
        of = derivative(root_name or say("loss"), say("name"))
        said.append(say("grad = {derivative}", derivative=in_html(of)))
    if cards.many:
        said.append(say("many values: shape, range, norm of their grads"))
    if words and cards.scene.level == "op":
        folded = any(len(arrow.uses) > 1 and arrow.kind != "out" for arrow in cards.scene.arrows)
        said.append(
            say("arrow: local derivative, or that through what is folded") if folded else say("arrow: local derivative")
        )
    if widest:
        most = number_text(widest)
        said.append(say("width of arrow: |weight|, the widest {most}, dashed if negative", most=most))
    level = cards.scene.level
    names = (look.name if look.name != "group" or level == "op" else level for look in looks)
    texts = [cards.style.called(word(name)) for name in names]
    cells = [(frame(look, 2, [_cell(text)]), text) for look, text in zip(looks, texts, strict=True)]
    cells += [(f'<FONT POINT-SIZE="9" COLOR="{t.faint}">{text}</FONT>', text) for text in said]
    if cards.moment.given:
        cells.insert(
            len(looks), (frame(cards.wrongly(t.kinds["operation"]), 2, [_cell(say("≠ given"))]), say("≠ given"))
        )
    if cards.scale:
        size = say("|grad|")
        cells.append((f'<FONT POINT-SIZE="9" COLOR="{t.faint}">   {size}</FONT>', "|grad|"))
        swatch = t.kinds["operation"]
        cells += [
            (frame(swatch._replace(fill=colour), 2, [_cell(text)]), text) for colour, text in cards.scale.swatches()
        ]
    rows, used = list[list[str]](), LEGEND
    widest = 0
    for cell, text in cells:
        wide = 7 * breadth(text) + 18
        if used + wide > LEGEND or text == "|grad|":  # its colours stand together
            rows.append([])
            used = 0
        rows[-1].append(f"<TD>{cell}</TD>")
        used += wide
        widest = max(widest, used)
    size = f'FIXEDSIZE="TRUE" ALIGN="LEFT" WIDTH="{widest}" HEIGHT="28"'
    lines = (html_table(f"<TR>{''.join(row)}</TR>", 0, 4, size) for row in rows)
    made = "".join(f'<TR><TD ALIGN="LEFT">{line}</TD></TR>' for line in lines)
    return html_table(made, more='ALIGN="LEFT"')


def _cell(text: str) -> str:
    return f'<TD><FONT POINT-SIZE="9">{text}</FONT></TD>'
