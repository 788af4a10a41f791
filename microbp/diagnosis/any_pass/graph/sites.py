"""The operations of a forward pass as its author wrote them: one site for each place in the code, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.trace import Recorded
from microbp.engine.arrays.recording import Place, code_at, positions
from microbp.engine.ops import Op
from microbp.printing import say


@dataclass
class Site:
    """One operation in the code of a forward pass. In a loop it has made an array at each turn."""

    op: str
    place: Place = ()
    arrays: list[Any] = field(default_factory=list)
    """The places in the graph of what it made, turn by turn."""

    @property
    def line(self) -> int | None:
        """The number of its line in the forward pass itself, not in a function that it calls."""
        found: int | None = positions(*self.place[-1])[0] if self.place else None
        return found

    @cached_property
    def text(self) -> str:
        """What stands in the code; of what a function does that the forward pass calls, the call."""
        if not self.place:
            return say("{op} of single values", op=self.op) if not self.arrays else self.op
        return code_at(self.place) or self.op

    def __str__(self) -> str:
        return self._said  # thousands of slips name the same few operations

    @cached_property
    def _said(self) -> str:
        return say("`{code}` (line {line})", code=self.text, line=self.line) if self.line else f"`{self.text}`"


class Sites:
    """The sites of a trace, and for each node the site that made it (-1: none) and at which turn."""

    def __init__(self, trace: Recorded) -> None:
        graph = trace.graph
        found: dict[Any, Site] = {}
        before: Any = ()
        count: dict[str, int] = {}
        self.of = np.full(len(graph), -1)
        self.turn = np.zeros(len(graph), dtype=int)
        order: list[Site] = []
        for group in trace.groups:
            where = tuple((code, positions(code, instruction)) for code, instruction in group.place)
            if where != before:
                before, count = where, {}
            count[group.op] = count.get(group.op, 0) + 1
            key = (where, group.op, count[group.op])
            if key not in found:
                found[key] = Site(group.op, group.place)
                order.append(found[key])
            site = found[key]
            places = np.array([graph.place[node] for node in group.array.ravel().tolist()]).reshape(group.array.shape)
            site.arrays.append(places)
        for k, site in enumerate(order):
            for turn, places in enumerate(site.arrays):
                self.of[places] = k
                self.turn[places] = turn
        for name, quantity in trace.items():
            places = trace.places(name).reshape(quantity.shape)
            if quantity.is_leaf and places.size:
                self.of[places] = len(order)
                order.append(Site(name, (), [places]))
        self.position = np.zeros(len(graph), dtype=int)
        """Where in the array that it was made in a node stands, counted flat."""
        for site in order:
            for places in site.arrays:
                self.position[places.ravel()] = np.arange(places.size)
        self.all: Sequence[Site] = order
        self._inner(trace)
        self.windows: dict[int, list[tuple[str, Any]]] = {}
        """How else the windows that a site cuts out might be cut, for whoever asks first."""
        self.names = {place: name for name in reversed(list(trace)) for place in trace.places(name).tolist()}

    def home(self, places: Any) -> tuple[int, int] | None:
        """The one site that made all of these, and at which turn; None if there are several, or none in the code."""
        homes, turns = np.unique(self.of[places]), np.unique(self.turn[places])
        if len(homes) != 1 or len(turns) != 1 or homes[0] < 0 or not self.all[homes[0]].arrays:
            return None
        return int(homes[0]), int(turns[0])

    def _inner(self, trace: Recorded) -> None:
        """Nodes inside an operation (the tree under a maximum), and those made with single values, get a site too."""
        graph = trace.graph
        loose: dict[str, int] = {}
        consumer = np.full(len(graph), -1)
        consumer[graph.source] = graph.target
        for place in range(len(graph) - 1, -1, -1):
            node = graph.nodes[place]
            if self.of[place] >= 0 or node.op is None:
                continue
            above = consumer[place]
            if above >= 0 and self.of[above] >= 0 and _inside(node.op, graph.nodes[above].op):
                self.of[place], self.turn[place] = self.of[above], self.turn[above]
                continue
            name = node.op.family or node.op.name
            if name not in loose:
                loose[name] = len(self.all)
                self.all = [*self.all, Site(name)]
            self.of[place] = loose[name]


def _inside(op: Op, above: Op | None) -> bool:
    """Whether a node belongs to the operation above it: a pair of a maximum, a part of a long sum or product."""
    return op is above or (above is not None and above.family == "total" and op.family in ("total", "dot"))
