"""The pictures of a page: Graphviz places empty boxes of fixed size, and says where the arrows run.

A large graph has many: one for each node at work, with what stands next to it. They are told apart by shape only, so
that a few runs of Graphviz do for a thousand neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from microbp.drawing.dot import column
from microbp.drawing.grouping import Box
from microbp.drawing.image import layout
from microbp.engine import Value
from microbp.printing import breadth, printable, say
from microbp.stepping.stepper import Stepper

FOLD = 150
"""Above so many cards, the page shows the node at work with what stands next to it, not the whole graph."""
FAN = 40
"""Where a node has more inputs than this, the page shows the node at work as well."""
ROWS, USERS = 8, 4
"""The most inputs and users of a node that stand next to it where not the whole graph is shown."""
FOLDED = (156, 54)
"""The size of every card where not the whole graph is shown, in points."""


@dataclass
class Frame:
    """One picture: the text for Graphviz, and what its parts stand for."""

    nodes: list[int] = field(default_factory=list)
    """The number of the node that each card stands for."""
    arrows: list[list[int]] = field(default_factory=list)
    """The numbers of the steps that each arrow stands for."""
    titles: list[str] = field(default_factory=list)
    """The title of each box."""
    lines: list[str] = field(default_factory=list)

    def dot(self) -> str:
        """The DOT text."""
        head = (
            "graph [rankdir=LR nodesep=0.26 ranksep=0.22 newrank=true labeljust=l labelloc=t splines=spline]\n"
            'node [shape=box fixedsize=true label=""]\nedge [dir=both arrowsize=0.8]'
        )
        return "\n".join(["digraph {", head, *self.lines, "}"])

    def card(self, node: int, size: tuple[float, float]) -> str:
        """The line for a card."""
        self.nodes.append(node)
        return f"n{len(self.nodes) - 1} [width={size[0] / 72:.3f} height={size[1] / 72:.3f}]"

    def arrow(self, tail: str, head: str, steps: Sequence[int], room: int = 0, more: str = "") -> None:
        """The line for an arrow, with room for a label."""
        label = f"label=<{_room(room)}> " if room else ""
        self.lines.append(f'{tail} -> {head} [id="{len(self.arrows)}" {label}{more}]')
        self.arrows.append(list(steps))

    def box(self, box: Box, inner: bool = False) -> Iterator[str]:
        """The lines of a box and of all in it."""
        if inner:
            yield f"subgraph cluster_{len(self.titles)} {{ margin=11 label=<{_room(6 * breadth(box.title))}>"
            self.titles.append(printable(box.title[:40]))
        yield from box.lines
        for each in box.boxes:
            yield from self.box(each, True)
        if inner:
            yield "}"


def _room(width: int) -> str:
    """A label without text, so that no font matters."""
    return f'<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="14"><TR><TD></TD></TR></TABLE>'


class Frames:
    """The pictures of a pass. `place` numbers the nodes, `size` is that of a card, `labels` are the steps'."""

    def __init__(
        self,
        stepper: Stepper,
        place: dict[Value, int],
        size: Callable[[Value], tuple[float, float]],
        labels: Sequence[str],
    ) -> None:
        self.stepper, self.place, self.size, self.labels = stepper, place, size, labels
        self.steps = {(step.node, step.position): step for step in stepper}

    def as_dict(self, top: Box, boxes: dict[Value, Box]) -> dict[str, Any]:
        """DOT texts; frames, each with the number of its text; the frame that goes with each step and each node: none,
        −1, where each of several samples has its own and this stands in all."""
        samples = self.stepper.samples
        most = max(samples.values(), default=1)
        shown = [[node for node in self.place if samples.get(node, k) == k] for k in range(1, most + 1)]
        if (
            max(map(len, shown)) <= FOLD
            and max(len(node.inputs) for node in self.place if node in samples or most == 1) <= FAN
        ):
            frames = [self._whole(nodes, top, boxes) for nodes in shown]
            anywhere = 0 if most == 1 else -1
            homes = {node: sample - 1 for node, sample in samples.items()}
            by_step = [homes.get(step.node, homes.get(step.input, anywhere)) for step in self.stepper]
            by_node = [homes.get(node, anywhere) for node in self.place]
        else:
            most = 1
            frames, by_step, by_node = [], [], [0] * len(self.place)
            titles = dict(_paths(top))
            for (node, part), steps in groupby(self.stepper, lambda step: (step.node, step.position // ROWS)):
                by_step += [len(frames)] * len(list(steps))
                by_node[self.place[node]] = by_node[self.place[node]] or len(frames)
                frames.append(self._around(node, range(part * ROWS, part * ROWS + ROWS), titles[id(boxes[node])]))
        layouts: dict[str, int] = {}
        rows = [[layouts.setdefault(f.dot(), len(layouts)), f.nodes, f.arrows, f.titles] for f in frames]
        frames_of = {"frames": rows, "byStep": by_step, "byNode": by_node, "samples": most}
        return {"layouts": list(layouts), **frames_of}

    def _whole(self, nodes: Sequence[Value], top: Box, boxes: dict[Value, Box]) -> Frame:
        frame = Frame()
        ids = {node: f"n{k}" for k, node in enumerate(nodes)}
        for node in nodes:
            boxes[node].lines.append(frame.card(self.place[node], self.size(node)))
        joined: set[Value] = set()
        for node in nodes:
            if node.op is not None and node.op.family == "affine":
                boxes[node].lines += self._joints(frame, node, ids, joined)
            else:
                for position in range(len(node.inputs)):
                    self._arrow(frame, node, position, ids)
        frame.lines[:0] = frame.box(top)
        frame.lines += column([("", ids[node]) for node in nodes if boxes[node].kind == "inputs"])
        for box in top.walk():
            box.lines.clear()
        return frame

    def _arrow(self, frame: Frame, node: Value, position: int, ids: dict[Value, str], joint: str = "") -> None:
        step = self.steps.get((node, position))
        if step is not None and step.input in ids:  # constants have no arrow
            more = "minlen=2 headport=w tailport=e" if joint else ""
            room = round(5.2 * len(self.labels[step.number - 1])) + 4
            frame.arrow(ids[step.input], joint or ids[node], [step.number], room, more)

    def _joints(self, frame: Frame, node: Value, ids: dict[Value, str], joined: set[Value]) -> Iterator[str]:
        """A weighted sum: a small × for each product, with its weight above it if it stands nowhere else."""
        products: list[tuple[str, str]] = []
        for k in range(0, len(node.inputs) - 1, 2):
            joint = f"x{ids[node]}_{k}"
            weight = node.inputs[k]
            yield f"{joint} [shape=circle width=0.25 height=0.25]"
            pair = [self.steps[node, p].number for p in (k, k + 1) if (node, p) in self.steps]
            frame.arrow(joint, ids[node], pair, 0, "weight=6")
            beside = (node, k) in self.steps and weight.op is None and weight not in joined
            products.append((joint, ids[weight] if beside else ""))
            if beside:
                joined.add(weight)
                frame.arrow(joint, ids[weight], [self.steps[node, k].number], 0, 'comment="turned"')
            else:
                self._arrow(frame, node, k, ids, joint)
            self._arrow(frame, node, k + 1, ids, joint)
        self._arrow(frame, node, len(node.inputs) - 1, ids)
        bias = node.inputs[-1]
        own = bias.op is None and [step.node for step in self.stepper.arrivals(bias) if step.node in ids] == [node]
        yield from column(products, ids[bias] if own else "")

    def _around(self, node: Value, positions: range, title: str) -> Frame:
        """A node with some of its inputs on the left, and some of the values made from it on the right."""
        frame = Frame()
        last = min(positions.stop, len(node.inputs))
        start, count = positions.start + 1, len(node.inputs)
        of = say("made from: {first} to {last} of {count}", first=start, last=last, count=count)
        arrivals = self.stepper.arrivals(node)
        users = list(dict.fromkeys(step.node for step in arrivals))
        by = say("used by: {count} of {all}", count=USERS, all=len(users))
        below = [self.steps[node, p] for p in range(positions.start, last) if (node, p) in self.steps]
        sides = {
            of if count > ROWS else say("made from"): list(dict.fromkeys(step.input for step in below)),
            title: [node],
            by if len(users) > USERS else say("used by"): users[:USERS],
        }
        ids: dict[Value, str] = {}
        top = Box("")
        for name, values in sides.items():
            box = top.inner("", name) if name and values else top
            for value in values:
                ids[value] = f"n{len(ids)}"
                box.lines.append(frame.card(self.place[value], FOLDED))
        for step in (*(s for s in arrivals if s.node in ids), *below):
            frame.arrow(ids[step.input], ids[step.node], [step.number], 66)
        frame.lines[:0] = frame.box(top)
        return frame


def _paths(box: Box, title: str = "") -> Iterator[tuple[int, str]]:
    """For each box, by identity, the titles that lead to it."""
    yield id(box), title
    for each in box.boxes:
        yield from _paths(each, f"{title} · {each.title}" if title else each.title)


def placed(dot: str) -> dict[str, Any]:
    """Where Graphviz puts everything, for SVG: pixels from the top left corner."""
    drawn = layout(dot)
    width, height = _numbers(drawn.bb)[2:]
    parts: dict[str, dict[int, Any]] = {"n": {}, "x": {}, "c": {}}
    for part in drawn.objects:
        name = part["name"]
        if name.startswith("cluster_") and "bb" in part:
            x, y, right, top = _numbers(part["bb"])
            parts["c"][int(name[8:])] = [tenths(n) for n in (x, height - top, right - x, top - y)]
        elif name[0] in "nx" and "pos" in part:
            x, y = _numbers(part["pos"])
            w, h = float(part["width"]) * 72, float(part["height"]) * 72
            k = int(name[1:]) if name[0] == "n" else len(parts["x"])
            parts[name[0]][k] = [tenths(n) for n in (x - w / 2, height - y - h / 2, w, h)]
    arrows = {int(edge["id"]): _arrow(edge, height) for edge in drawn.arrows if edge["id"].isdigit()}
    rows = {name: [found[k] for k in sorted(found)] for name, found in {**parts, "a": arrows}.items()}
    return {"w": tenths(width), "h": tenths(height), **rows}


def _arrow(edge: dict[str, Any], height: float) -> list[Any]:
    """The points of an arrow, first both tips, its input's end first; then the middle of its label."""
    ends: dict[str, list[float]] = {}
    points = []
    for piece in edge["pos"].replace("\\\n", "").split():
        kind, _, rest = piece.partition(",")
        if kind in "se":
            ends[kind] = _numbers(rest)
        else:
            points.append(_numbers(piece))
    # Where two arrows run from a card to the same ×, as of x·x, Graphviz leaves out a tip.
    points = [ends.get("s", points[0]), *points, ends.get("e", points[-1])]
    turned = "comment" in edge
    points = points[::-1] if turned else points
    middle = _numbers(edge["lp"]) if "lp" in edge else []
    if turned:  # a weight above its ×: the label stands left of the arrow, in the room below the card
        middle = [points[0][0] - 6, (points[0][1] + points[-1][1]) / 2]
    flat = [tenths(n) for x, y in points for n in (x, height - y)]
    return [flat, [tenths(middle[0]), tenths(height - middle[1]), int(turned)] if middle else []]


def _numbers(text: str) -> list[float]:
    return [float(n) for n in text.split(",")]


def tenths(number: float) -> float:
    """A tenth of a pixel is as fine as anyone sees."""
    rounded = round(number, 1)
    return int(rounded) if rounded == int(rounded) else rounded
