"""The network figure as DOT text: circles at fixed places, weights with value and gradient beside their edges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from microbp.drawing.cards import html_table
from microbp.drawing.escape import in_html, in_quotes, plain
from microbp.drawing.heat import Scale
from microbp.drawing.moment import LONGEST_LINE, Said, Static, differ, headed, headed_room
from microbp.drawing.network.layout import FONT, GAP, LINE, Pair, Spot, edges_of, lay_out, wrapped
from microbp.drawing.network.network import Network
from microbp.drawing.network.numbers import Numbers
from microbp.drawing.palette import THEMES, Look

THIN, THICK = 0.4, 5.0
"""The points that an edge is wide for a weight of 0, and for the largest."""
TITLE, LEAST_TITLE = 10.0, 240.0
"""Points of the title's text, and of the least room for it."""


class NetworkFigure:
    """The figure at a moment of the pass."""

    def __init__(self, network: Network, moment: Static, note: str) -> None:
        self.network, self.moment = network, moment
        self.style, self.theme = network.style, THEMES[network.style.theme]
        self.numbers = Numbers(network, moment)
        self.labels = {pair: lines for pair in network.weights if (lines := self.numbers.label(pair))}
        rightwards = lay_out(network.model, *self.numbers.widest())
        self.layout = rightwards if self.style.direction == "LR" else rightwards.mirrored()
        self.scale = Scale.over(self._deltas(), self.theme.heat) if self.style.heat else None
        self.widest = max((abs(w.data) for w in network.weights.values() if math.isfinite(w.data)), default=0.0)
        start = f"{self.numbers.name(network.root)} = {self.numbers.number(network.root.data)}"
        self.said = headed(moment.line(network, self.style.digits), self.style.title, start)
        if moment.given:
            note = f"{note}   {differ(len(moment.given))}".strip()
        if note:
            self.said = self.said._replace(after=f"{self.said.after}   {note}")
        self.headline = plain(self.said.text, 300)

    def _deltas(self) -> Iterator[float]:
        for nets in self.network.nets.values():
            yield from (grad for net in nets if (grad := self.moment.last(net)) is not None)

    def __str__(self) -> str:
        t = self.theme
        lines = [
            "digraph microbp {",
            f'graph [layout=neato inputscale=72 splines=line overlap=true fontname="Verdana" pad=0.05 '
            f'fontcolor="{t.text}" bgcolor="{self.style.ground}"];',
            f'node [fontname="Verdana" fontsize={FONT:g} fontcolor="{t.text}" fixedsize=true style=filled];',
            f'edge [color="{t.edge}" arrowsize=0.5 penwidth=1];',
            *self._top(),
            *self._circles(),
            *self._edges(),
            *self._texts(),
            *self._caption(),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def text_lines(self) -> list[str]:
        """What is in it, as text: a line for each neuron and each weight."""
        circles = [" ".join(self.numbers.inside(spot)) for spot in self.layout.circles]
        return [plain(line, 300) for line in (*circles, *(" ".join(lines) for lines in self.labels.values()))]

    def _top(self) -> Iterator[str]:
        """The title and the legend, above everything: in as many lines as need be, at any moment in as many."""
        upper, room = self.layout.bounds[3], self._room()
        rows = wrapped(self.said, room / TITLE)
        longest = headed_room(self.moment, self.style.title) * 0.64 * TITLE
        most = max(len(rows), -(-int(longest) // int(0.85 * room)))
        rows += [[("", False)]] * (most - len(rows))
        legend = self._small(self.numbers.legend())
        high = most * TITLE * LINE + len(legend) * FONT * LINE + 2 * GAP
        lines = ["".join(self._word(*word) for word in row) for row in rows] + legend
        yield self._block("title", lines, upper + high / 2, high)

    def _caption(self) -> Iterator[str]:
        """The caption, below everything."""
        if lines := self._small(self.style.caption):
            high = len(lines) * FONT * LINE + GAP
            yield self._block("caption", lines, self.layout.bounds[1] - GAP - high / 2, high)

    def _room(self) -> float:
        left, _, right, _ = self.layout.bounds
        return max(right - left, LEAST_TITLE)

    def _block(self, name: str, lines: Sequence[str], y: float, high: float) -> str:
        """Lines that begin at the left, so high, around this height."""
        room = self._room()
        cells = "".join(f'<TR><TD ALIGN="LEFT">{line}</TD></TR>' for line in lines)
        size = f'FIXEDSIZE="TRUE" WIDTH="{room:.0f}" HEIGHT="{high:.0f}"'
        return (
            f'{name} [{_at(self.layout.bounds[0] + room / 2, y)} shape=none margin=0 style="" width={room / 72:.4f} '
            f"height={high / 72:.4f} label=<{html_table(cells, more=size)}>];"
        )

    def _small(self, text: str) -> list[str]:
        """What is said in the size of labels, in as many lines as need be."""
        font = f'<FONT POINT-SIZE="{FONT:g}" COLOR="{self.theme.faint}">'
        rows = wrapped(Said(text), self._room() / FONT) if text else []
        return [f"{font}{in_html(' '.join(word for word, _ in row), LONGEST_LINE)}</FONT>" for row in rows]

    def _word(self, text: str, number: bool) -> str:
        said = in_html(text) + " "
        colour, shown = (f' COLOR="{self.theme.grad}"', f"<B>{said}</B>") if number else ("", said)
        return f'<FONT POINT-SIZE="{TITLE:g}"{colour}>{shown}</FONT>'

    def _circles(self) -> Iterator[str]:
        for spot, ((x, y), radius) in self.layout.circles.items():
            look, lines = self._look(spot), self.numbers.inside(spot)
            dashed = ",dashed" if look.name == "constant" else ""
            grey = "" if self.network.has(spot) else f' fontcolor="{self.theme.faint}"'
            yield (
                f'{_id(spot)} [{_at(x, y)} shape=circle width={2 * radius / 72:.4f} fillcolor="{look.fill}" '
                f'color="{look.line}" penwidth={look.border} style="filled{dashed}"{grey} '
                f'label=<{"<BR/>".join(map(in_html, lines))}> tooltip="{in_quotes(", ".join(lines))}"];'
            )

    def _look(self, spot: Spot) -> Look:
        kinds, network = self.theme.kinds, self.network
        look = kinds[{0: "input", network.last + 1: "loss"}.get(spot[0], "activation")]
        if spot[0] <= network.last and spot not in network.outs:
            look = kinds["constant"]
        if not network.has(spot):
            return look._replace(fill=self.theme.ground, line=self.theme.box_line, border=1)
        if any(map(self.moment.at_work, network.values(spot))):
            return look._replace(fill=self.theme.current[0], line=self.theme.current[1], border=3)
        if self.scale and (nets := network.nets.get(spot)):
            grads = [grad for net in nets if (grad := self.moment.grad(net)) is not None]
            look = look._replace(fill=self.scale.colour(math.hypot(*grads) if grads else None) or self.theme.ground)
        return look

    def _edges(self) -> Iterator[str]:
        """Each edge: to its port, and from there behind the label into the neuron; else straight to the circle."""
        for pair in edges_of(self.network.model):
            look, (tail, head) = self._line(pair), map(_id, pair)
            if pair not in self.layout.ports:
                yield f"{tail} -> {head} [{look}];"
                continue
            port, end = f"p{tail}{head}", f"q{tail}{head}"
            places = (_at(*point) for point in self.layout.ends(pair))
            yield " ".join(f"{name} [{place} {_POINT}];" for name, place in zip((port, end), places, strict=True))
            yield f"{tail} -> {port} [{look} arrowhead=none]; {end} -> {head} [{look}];"
            if pair not in self.labels:
                yield f"{port} -> {end} [{look} arrowhead=none];"

    def _line(self, pair: Pair) -> str:
        """How an edge looks: whether the gradient has come back along it, how large its weight is."""
        network, t = self.network, self.theme
        state, weight = self.moment.state(network.uses.get(pair, [])), network.weights.get(pair)
        colour, width = t.edge, 1.0
        if not self.layout.labels or self.style.widths:
            size = abs(weight.data) / self.widest if weight is not None and self.widest else 0.2
            width = THIN + (THICK - THIN) * min(size, 1.0)
        if network.in_loss(pair, self.moment):
            state = "current"
        if not network.is_kept(pair):
            colour, width = t.box_line, 0.3
        elif state == "current":
            colour, width = t.current[1], max(width, 3.0)
        elif state == "done":
            colour, width = t.done, max(width, 2.2)
        negative = weight is not None and weight.data < 0 and not self.layout.labels
        return f'color="{colour}" penwidth={width:.2f}{" style=dashed" if negative else ""}'

    def _texts(self) -> Iterator[str]:
        for pair, (value, *grads) in self.labels.items():
            if pair not in self.layout.labels:
                return  # there are too many for any
            box = self.layout.labels[pair]
            colour = self.theme.wrong[1] if self.network.weights[pair] in self.moment.given else self.theme.grad
            lines = [in_html(value), *(f'<FONT COLOR="{colour}">{in_html(grad)}</FONT>' for grad in grads)]
            yield (
                f't{_id(pair[0])}{_id(pair[1])} [{_at(box.x, box.y)} shape=none margin=0 style="" '
                f"label=<{'<BR/>'.join(lines)}> width={box.width / 72:.4f} height={box.height / 72:.4f}];"
            )


_POINT = 'shape=point width=0.001 style=invis label=""'


def _id(spot: Spot) -> str:
    return f"n{spot[0]}_{spot[1]}"


def _at(x: float, y: float) -> str:
    return f'pos="{x:.1f},{y:.1f}!"'
