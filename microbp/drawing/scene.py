"""What is in a picture: cards, arrows and boxes, before anything is written. Values become cards here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from microbp.drawing.escape import LONGEST
from microbp.drawing.folding import Use, fold_graph, weight_of
from microbp.drawing.grouping import Box, group, kind_of, rename
from microbp.drawing.levels import CardRow, folded_boxes, parts, regroup, split_rows
from microbp.drawing.style import Style
from microbp.engine import Constant, Value
from microbp.formula.language import Formula
from microbp.nn import MLP, Parameter
from microbp.printing import number_text, say
from microbp.stepping.names import expression, local_derivative, name_graph


@dataclass
class Card:
    """One card: a value, or all values of a folded box in rows."""

    id: str
    kind: str
    name: str
    box: Box
    value: Value | None = None
    parts: Sequence[CardRow] = ()
    about: str = ""
    """How it was made, if that stands in code."""


@dataclass
class Arrow:
    """One arrow, from an input to what is made from it."""

    tail: str
    head: str
    kind: str = ""
    """How it runs: "in" to a joint, "out" of one, or "beside" one, where a weight stands; "many" between cards of many
    values; nothing for the others."""
    uses: list[Use] = field(default_factory=list)
    """What it stands for: one input of a value; with what is folded between, several on a way; for cards of many values
    all those between them."""


@dataclass
class Joint:
    """One product of a weighted sum: a small × (or a card), and the weight beside it unless that is used elsewhere."""

    id: str
    node: Value
    term: int
    weight: str = ""


class Scene:
    """The cards and arrows for the values `kept` of a graph; `level` and `style` say which values share a card."""

    def __init__(
        self,
        graph: Sequence[Value],
        kept: Sequence[Value],
        model: MLP | None,
        level: str,
        style: Style,
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        self.style, self.level, self.kept = style, level, set(kept)
        self.cards: dict[str, Card] = {}
        self.arrows: list[Arrow] = []
        self.joints: dict[str, list[Joint]] = {}
        """The joints of each weighted sum, by the id of its card."""
        self.biases: dict[Value, str] = {}
        """The card of the bias of a weighted sum that alone uses it."""
        self.top, self._boxes = group(graph, model, arrays)
        rename(self.top, style)
        shared = regroup(self.top, self._boxes) if level == "neuron" else set()
        self._graph, self._chains = graph, dict[Value, Use]()
        self._folded: dict[Value, Formula] = {}
        if style.fold and level != "array":
            self._chains, self._folded = fold_graph(graph, self.kept, self._boxes)
        self._ids: dict[Value, str] = {}
        self._fold_boxes(kept)
        self._add_cards(graph, kept)
        self.members: dict[str, list[Value]] = {}
        """The values that share a card, by its id."""
        for node, name in self._ids.items():
            self.members.setdefault(name, []).append(node)
        self._merged: dict[tuple[str, str], Arrow] = {}
        self._uses = Counter(x for node in kept for x in node.inputs)
        self._made: dict[Value, str] = {}
        self._locals: dict[Value, Sequence[float]] = {}
        for node in kept:
            if node.op is not None:
                self._connect(node, shared)

    @cached_property
    def names(self) -> dict[Value, Formula]:
        """What to call every value of the graph; a picture of layers alone does not ask."""
        return self._folded or name_graph(self._graph)

    def _add_cards(self, graph: Sequence[Value], kept: Sequence[Value]) -> None:
        """A card for each value that is in none yet; one that is folded into another stands in that one's."""
        for k, node in enumerate(graph):
            if node in self.kept and node not in self._ids and node not in self._chains and self._drawn(node):
                box = self._boxes[node]
                place = self._homes.get(box, box)
                self.cards[f"n{k}"] = Card(f"n{k}", kind_of(node, box), self._name(node), place, node)
                self._ids[node] = f"n{k}"
        for node in reversed(kept):  # consumers first
            if node in self._chains:
                self._ids[node] = self._ids[self._chains[node][0]]

    def line_up(self) -> None:
        """Arrows from each card to the next, where there is no graph to read them off."""
        self.arrows += [Arrow(tail, head, "many") for tail, head in pairwise(self.cards)]

    def expression(self, node: Value) -> str:
        """How a value is made, with what is folded into it; nothing for leaves, and for what is made of nameless values
        that are in its card."""
        if node.op is None:
            return ""
        if node not in self._made:
            inside = [x for x in node.inputs if self._ids.get(x) == self._ids[node] and x not in self._chains]
            named = all(x.label for x in inside)
            self._made[node] = expression(node, self.names).text() if named else ""
        return self._made[node]

    def _name(self, node: Value) -> str:
        return "" if isinstance(node, Constant) else self.names[node].text()

    def _drawn(self, node: Value) -> bool:
        return self.style.constants or not isinstance(node, Constant)

    def _fold_boxes(self, kept: Sequence[Value]) -> None:
        """Makes the cards of the boxes that are folded. What would hold one value alone stays what it is."""
        wanted = folded_boxes(self.top, self.level, self.style.titles)
        self._homes: dict[Box, Box] = {}
        """For every box that is not drawn, the one that its card stands in."""
        inside: dict[Box, Box] = {}
        for outer in self.top.walk():
            for box in outer.boxes:
                if outer in self._homes:
                    inside[box], self._homes[box] = inside[outer], self._homes[outer]
                elif box in wanted:
                    inside[box], self._homes[box] = box, outer
        members: dict[Box, list[Value]] = {}
        for node in kept:
            if (box := self._boxes[node]) in inside and not isinstance(node, Constant):
                members.setdefault(inside[box], []).append(node)
        for box, nodes in members.items():
            rows = [CardRow(p.letter, p.shape, [v for v in p.values if v in self.kept]) for p in parts(box)]
            rows = [each for row in rows if row.values for each in split_rows(row, self.level)]
            if len(nodes) > 1 and rows:
                kind = {"inputs": "input", "input": "input", "leaves": "input"}.get(box.kind, "group")
                functions = {v.op.name for row in rows for v in row.values if row.letter == "a" and v.op}
                name = ", ".join([box.title, *functions]) if len(functions) == 1 else box.title
                card = Card(f"g{len(self.cards)}", kind, name, self._homes[box], parts=rows, about=box.about)
                if len(rows) == 1 and len(rows[0].values) == 1:  # the loss
                    value = card.value = rows[0].values[0]
                    card.kind, card.name = kind_of(value, box), self.names[value].text()
                self.cards[card.id] = card
                self._ids |= dict.fromkeys(nodes, card.id)

    def _connect(self, node: Value, shared: Collection[Value]) -> None:
        """The arrows into a value."""
        head = self._ids[node]
        opened = node.op is not None and node.op.family == "affine" and not self.cards[head].parts
        for position, x in enumerate(node.inputs):
            if x not in self._ids or x in shared or (tail := self._ids[x]) == head:
                continue
            if opened and position < len(node.inputs) - 1:
                self._join(node, position, tail, head)
            elif self.cards[tail].parts or self.cards[head].parts:
                if (tail, head) not in self._merged:
                    self._merged[tail, head] = Arrow(tail, head, "many")
                    self.arrows.append(self._merged[tail, head])
                self._merged[tail, head].uses.append((node, position))
            else:
                if opened and x.op is None and self._uses[x] == 1:
                    self.biases[node] = tail
                self.arrows.append(Arrow(tail, head, uses=self._way(node, position)))

    def _join(self, node: Value, position: int, tail: str, head: str) -> None:
        """An arrow into a product of a weighted sum; the first one finds its place, and brings the arrow out of it."""
        joints = self.joints.setdefault(head, [])
        x = node.inputs[position]
        if not joints or joints[-1].term != position // 2:
            joints.append(Joint(f"{head}_{position // 2}", node, position // 2))
            uses = [(node, p) for p in (position // 2 * 2, position // 2 * 2 + 1)]
            self.arrows.append(Arrow(joints[-1].id, head, "out", uses))
        kind = "in"
        if position % 2 == 0 and x.op is None and self._uses[x] == 1 and self.style.direction in ("LR", "RL"):
            joints[-1].weight, kind = tail, "beside"
        self.arrows.append(Arrow(tail, joints[-1].id, kind, self._way(node, position)))

    def _way(self, node: Value, position: int) -> list[Use]:
        """From an input to the value of the card that it goes into, through what is folded into it."""
        way = [(node, position)]
        while node in self._chains:
            way.append(self._chains[node])
            node = way[-1][0]
        return way

    @cached_property
    def abouts(self) -> list[tuple[str, str]]:
        """For each arrow the local derivative that stands on it, and of what it is one: ("x = 0.5", "∂y/∂x")."""
        return [self._about(arrow) for arrow in self.arrows]

    def weight(self, arrow: Arrow) -> Value | None:
        """The weight that an arrow stands for: by what weighted sums multiply that which comes along it."""
        weights = set(map(weight_of, arrow.uses))
        return weights.pop() if len(weights) == 1 else None

    def _about(self, arrow: Arrow) -> tuple[str, str]:
        uses = arrow.uses
        if not uses or isinstance(uses[0][0].inputs[uses[0][1]], Constant):
            return "", ""
        if arrow.kind == "many":
            if self.weight(arrow) is None:
                return _counted({node.inputs[position] for node, position in uses}), ""
            uses = uses[:1]
        (node, position), (last, _) = uses[0], uses[-1]
        local = 1.0
        for user, k in uses:
            if user not in self._locals:
                assert user.op is not None
                assert user.op.local is not None
                self._locals[user] = user.op.local(user)
            local *= self._locals[user][k]
        number = number_text(local, self.style.digits)
        formula = local_derivative(node, position, self.names)
        text = formula.text()
        of = f"∂{self.names[last].text()}/∂{self.names[node.inputs[position]].text()}"
        if len(uses) > 1 or formula.number is not None or len(text) > LONGEST:
            return number, of
        return f"{text} = {number}", of


def _counted(values: Collection[Value]) -> str:
    """How many values go along an arrow: weights go into no sum but that of a penalty."""
    weights = sum(isinstance(value, Parameter) for value in values)
    said = [say("{count:,} values", count=len(values) - weights)] * (len(values) - weights > 1)
    return ", ".join(said + [say("penalty of {count:,}", count=weights)] * (weights > 0))
