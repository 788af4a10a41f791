"""From a graph to DOT text: pure, and the same bytes for the same graph.

>>> from microbp import Value
>>> y = Value(2.0, label="x") * 3
>>> "digraph" in dot_text(y)
True
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from microbp.engine import Constant, Value
from microbp.errors import GraphError, UnknownNameError, unknown
from microbp.naming import expression, local_derivative, name_graph, number_text
from microbp.nn import ACTIVATIONS, MLP, Parameter
from microbp.render.escape import LONGEST, in_html, in_quotes
from microbp.render.grouping import Box, group
from microbp.render.palette import THEMES, Look, Theme

MAX_NODES = 2000


def dot_text(
    root: Value, *, model: MLP | None = None, theme: str = "light", digits: int = 4, max_nodes: int = MAX_NODES
) -> str:
    """The DOT text of a graph: a card for each value, an arrow for each input, its local derivative on it.

    `model` boxes the nodes of its layers and neurons. Before a backward pass grads read "?". Raises `GraphError` for
    more than `max_nodes` values, which nobody could read, and `UnknownNameError` for a theme that does not exist.
    """
    if theme not in THEMES:
        raise UnknownNameError(unknown("theme", theme, THEMES))
    graph = root.graph()
    if len(graph) > max_nodes:
        raise GraphError(
            f"a picture of {len(graph):,} values cannot be read (the limit is {max_nodes:,}): draw a part of the "
            "graph, from a value inside it, or raise max_nodes"
        )
    return "\n".join(Picture(root, graph, model, THEMES[theme], digits).lines()) + "\n"


class Picture:
    """A graph on its way to DOT: names, kinds and boxes of its values, and the lines."""

    def __init__(self, root: Value, graph: Sequence[Value], model: MLP | None, theme: Theme, digits: int) -> None:
        self.root, self.graph, self.theme, self.digits = root, graph, theme, digits
        self.names = name_graph(graph)
        self.ids = {node: f"n{k}" for k, node in enumerate(graph)}
        self.arrived = root.grad != 0.0  # backward() sets the root's grad, zero_grad() clears it
        self.top, self.boxes = group(graph, model)
        self.placed: set[Value] = set()

    def lines(self) -> Iterator[str]:
        """The lines of the DOT text."""
        t = self.theme
        yield "digraph microbp {"
        yield (
            f'graph [rankdir=LR fontname="Verdana" fontsize=11 fontcolor="{t.text}" bgcolor="{t.ground}" nodesep=0.16 '
            'ranksep=0.3 pad=0.15 splines=spline newrank=true labelloc=t labeljust=l tooltip=" "];'
        )
        yield f'node [shape=plain fontname="Verdana" fontsize=11 fontcolor="{t.text}"];'
        yield (
            f'edge [fontname="Verdana" fontsize=9 color="{t.edge}" fontcolor="{t.text}" arrowsize=0.6 penwidth=1.1];'
        )
        yield f"label=<{self._legend()}>;"
        edges = []
        for node in self.graph:
            if isinstance(node, Constant):
                continue
            self.boxes[node].lines.append(self._card(node))
            if node.op is not None and node.op.family == "affine":
                edges += self._affine(node)
            else:
                edges += [self._arrow(node, k) for k, x in enumerate(node.inputs) if not isinstance(x, Constant)]
        yield from self._write_box(self.top, "c")
        yield from edges
        yield "}"

    def _write_box(self, box: Box, path: str) -> Iterator[str]:
        yield from box.lines
        for k, inner in enumerate(box.boxes):
            t = self.theme
            yield f"subgraph cluster_{path}{k} {{"
            yield (
                f'label=<{in_html(inner.title)}> tooltip="{in_quotes(inner.title)}" fontsize=10 fontcolor="{t.faint}" '
                f'labeljust=l labelloc=t style=rounded color="{t.box_line}" '
                f'bgcolor="{t.box if path == "c" else t.ground}" margin=13'
            )
            yield from self._write_box(inner, f"{path}{k}_")
            yield "}"

    def kind(self, node: Value) -> str:
        """Which kind of card a value has: a key of `Theme.kinds`."""
        box = self.boxes[node]
        if node.op is None:
            return "parameter" if isinstance(node, Parameter) or box.kind in ("layer", "neuron") else "input"
        if box.kind == "loss":
            return "loss"
        return "activation" if node.op.name in ACTIVATIONS else "operation"

    def _card(self, node: Value) -> str:
        t, kind = self.theme, self.kind(node)
        name = self.names[node].text()
        widths = (48, 96) if kind == "parameter" else (0, 74)  # room for the label of the arrow below it
        rows = [
            f'<TD ALIGN="LEFT" WIDTH="{widths[0]}"><B>{in_html(name)}</B></TD>'
            f'<TD ALIGN="RIGHT" WIDTH="{widths[1]}">{in_html(number_text(node.data, self.digits))}</TD>'
        ]
        tooltip = name
        if node.op is not None:
            made = expression(node, self.names).text()
            shown = node.op.symbol if made == name else made
            tooltip = name if made == name else f"{name} = {made}"
            rows.append(f'<TD COLSPAN="2" ALIGN="LEFT"><FONT POINT-SIZE="9">{in_html(shown)}</FONT></TD>')
        if self.arrived:
            grad = f'<FONT COLOR="{t.grad}"><B>{in_html(number_text(node.grad, self.digits))}</B></FONT>'
        else:
            grad = f'<FONT COLOR="{t.faint}">?</FONT>'
        rows.append(
            f'<TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="{t.faint}">grad</FONT></TD><TD ALIGN="RIGHT">{grad}</TD>'
        )
        look = t.kinds[kind]
        # The padding makes up for the border, so that cards of all kinds take the same room.
        card = _table(f"<TR><TD>{_frame(look, 4, rows)}</TD></TR>", padding=4 - look.border)
        return f'{self.ids[node]} [id="{self.ids[node]}" label=<{card}> tooltip="{in_quotes(tooltip)}"];'

    def _local(self, node: Value, position: int) -> str:
        """The local derivative: its formula and its number, or the number alone."""
        assert node.op is not None
        data = [float(x.data) for x in node.inputs]
        formula = local_derivative(node, position, self.names)
        number = number_text(float(node.op.numpy_partials(*data, node.data)[position]), self.digits)
        text = formula.text()
        return number if formula.number is not None or len(text) > LONGEST else f"{text} = {number}"

    def _arrow(self, node: Value, position: int, extra: str = "") -> str:
        x = node.inputs[position]
        local = self._local(node, position)
        return (
            f"{self.ids[x]} -> {self.ids[node]} [label=<{in_html(local)}> {self._edge_tooltip(node, x, local)}{extra}];"
        )

    def _edge_tooltip(self, node: Value, x: Value, local: str) -> str:
        text = in_quotes(f"∂{self.names[node].text()}/∂{self.names[x].text()} = {local}")
        return f'tooltip="{text}" labeltooltip="{text}" edgetooltip="{text}"'

    def _affine(self, node: Value) -> list[str]:
        """A weighted sum: each weight stands by a small × in its own rank, so that arrows need not go round it."""
        t = self.theme
        edges, rank, chain = [], [], []
        inputs = node.inputs
        box = self.boxes[node]
        for k in range(0, len(inputs) - 1, 2):
            w, x = inputs[k], inputs[k + 1]
            times = f"{self.ids[node]}_{k // 2}"
            box.lines.append(
                f'{times} [shape=circle label="×" fontsize=13 width=0.24 height=0.24 fixedsize=true style=filled '
                f'fillcolor="{t.kinds["operation"].fill}" color="{t.kinds["operation"].line}" '
                f'tooltip="{in_quotes(self.names[w].text())} × {in_quotes(self.names[x].text())}"];'
            )
            rank.append(times)
            edges.append(f'{times} -> {self.ids[node]} [arrowsize=0.5 weight=6 edgetooltip=" "];')
            if w not in self.placed and not isinstance(w, Constant) and w.op is None:
                self.placed.add(w)
                rank.append(self.ids[w])
                chain.append((self.ids[w], times))
                local = self._local(node, k)
                aside = 9 + 2.9 * len(local)  # points from the arrow to the middle of its label
                distance, angle = math.hypot(aside, 8) / 10, math.degrees(math.atan2(aside, 8))
                edges.append(
                    f"{times} -> {self.ids[w]} [taillabel=<{in_html(local)}> labeldistance={distance:.2f} "
                    f"labelangle={angle:.1f} arrowsize=0.5 dir=back {self._edge_tooltip(node, w, local)}];"
                )
            else:
                edges += self._into_times(node, k, times)
            edges += self._into_times(node, k + 1, times)
        if not isinstance(inputs[-1], Constant):
            edges.append(self._arrow(node, len(inputs) - 1))
        for (above, _), (_, below) in pairwise(chain):
            box.lines.append(f"{above} -> {below} [style=invis];")
        box.lines.append(f"{{rank=same {' '.join(rank)}}}")
        return edges

    def _into_times(self, node: Value, position: int, times: str) -> list[str]:
        x = node.inputs[position]
        if isinstance(x, Constant):
            return []
        local = self._local(node, position)
        return [
            f"{self.ids[x]} -> {times} [label=<{in_html(local)}> headport=w tailport=e minlen=2 "
            f"{self._edge_tooltip(node, x, local)}];"
        ]

    def _legend(self) -> str:
        t = self.theme
        present = {self.kind(node) for node in self.graph if not isinstance(node, Constant)}
        looks = [look for kind, look in t.kinds.items() if kind in present]
        frames = [_frame(look, 2, [f'<TD><FONT POINT-SIZE="9">{look.name}</FONT></TD>']) for look in looks]
        root = in_html(self.names[self.root].text())
        said = f"card: name and value, then grad = ∂{root}/∂name  ·  arrow: local derivative"
        cells = [*frames, f'<FONT POINT-SIZE="9" COLOR="{t.faint}">  {said}</FONT>']
        return _table(f"<TR>{''.join(f'<TD>{cell}</TD>' for cell in cells)}</TR>", spacing=4)


def _table(rows: str, padding: int = 0, spacing: int = 0) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="{padding}">{rows}</TABLE>'


def _frame(look: Look, padding: int, rows: Sequence[str]) -> str:
    style = ' STYLE="ROUNDED"' if look.rounded else ""
    return (
        f'<TABLE BORDER="{look.border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}" COLOR="{look.line}" '
        f'BGCOLOR="{look.fill}"{style}>{"".join(f"<TR>{row}</TR>" for row in rows)}</TABLE>'
    )
