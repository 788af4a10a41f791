"""The part of a graph that one line of a backward pass answers for: from the arrays given above it down to its own.

>>> from microbp.engine.value import Value
>>> x = Value(3.0, "x")
>>> region = Region(Graph([], x * x, [x]), np.array([0]), {})
>>> region.result(region.local).tolist(), region.result(np.array([[6.0, 3.0], [0.0, 3.0]])).tolist()
([6.0], [[6.0, 6.0]])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.nodes import Graph
from microbp.diagnosis.any_pass.graph.sweeps import chain_product, run_back, runs

AT_ONCE = 4_000_000
"""So many arrows are swept over at once at most: 32 MB."""


class Region:
    """The arrows between a line's array and what is given above it, and what other arrows would make of the line."""

    def __init__(self, graph: Graph, places: Any, fixed: Mapping[int, float]) -> None:
        self._graph = graph
        own = np.zeros(len(graph), dtype=bool)
        own[places] = True
        is_given = np.zeros(len(graph), dtype=bool)
        is_given[list(fixed)] = True
        reached = own.copy()
        for run in reversed(graph.runs):
            source = graph.source[run.edges]
            go = own[source] | (reached[source] & ~is_given[source])
            reached[run.target[go]] = True
        leads = is_given.copy()
        leads[graph.loss] = True
        for run in graph.runs:
            leads[run.source] |= np.logical_or.reduceat(leads[run.target], run.starts)
        source = graph.source
        self.edges = np.flatnonzero(own[source] | (reached[source] & ~is_given[source]))
        self.leads = leads[graph.target[self.edges]]
        """Of each arrow whether it comes from the loss, or from what is given."""
        self.source, self.target = graph.source[self.edges], graph.target[self.edges]
        self.slot, self.local = graph.slot[self.edges], graph.local[self.edges]
        nodes, inverse = np.unique(np.concatenate([places, self.source, self.target]), return_inverse=True)
        self.nodes = nodes
        self._own = inverse[: len(places)]
        ends = inverse[len(places) :].reshape(2, -1)
        self._runs = runs(ends[0], ends[1], graph.level[self.target])
        self._given = is_given[nodes]
        self._fixed = np.array([fixed.get(int(k), 0.0) for k in nodes])
        self._seed = (nodes == graph.loss).astype(float)

    def index(self, places: Any) -> Any:
        """Where these places of the graph stand among its nodes, in their shape; -1 for those that do not."""
        at = np.minimum(np.searchsorted(self.nodes, places), len(self.nodes) - 1)
        return np.where(self.nodes[at] == places, at, -1)

    def spread(self, inside: Any, change: Any) -> Any:
        """A change at the nodes of these indices, as one at all nodes: 0 elsewhere."""
        found = np.zeros(len(self.nodes))
        found[inside[inside >= 0]] = change[inside >= 0]
        return found

    def result(self, local: Any) -> Any:
        """What the line would be with these local derivatives, one for each arrow; several have an axis, the last."""
        return self.arrived(local)[self._own]

    def arrived(self, local: Any) -> Any:
        """What would arrive at every node of it."""
        return run_back(self._runs, self._seed, self._fixed, self._given, local)

    def added(self, change: Any) -> Any:
        """What the line would gain if so much more arrived at (or was given for) each node; columns for several."""
        return self.brought(change)[self._own]

    def brought(self, change: Any, local: Any = None) -> Any:
        """What that would bring to every node of it, by these local derivatives, if not by the right ones."""
        above = self._given.copy()
        above[self._own] = False
        there = above.reshape(-1, *[1] * (np.ndim(change) - 1))
        local = self.local if local is None else local
        return run_back(self._runs, np.where(there, 0.0, change), np.where(there, change, 0.0), self._given, local)

    def into_later(self, places: Any) -> Any:
        """The arrows from these nodes of the graph on a way to others of them, a state's from one step to the next."""
        state = np.isin(self.nodes, places)
        leads = state.copy()
        for run in self._runs:
            leads[run.source] |= np.logical_or.reduceat(leads[run.target], run.starts)
        ends = np.searchsorted(self.nodes, self.target), np.searchsorted(self.nodes, self.source)
        return np.flatnonzero(state[ends[1]] & leads[ends[0]])

    def carried(self, edges: Any, rest: Any) -> Iterator[Any]:
        """What comes to the line over one of these arrows, over two of them, … by the local derivatives of the rest."""
        here = np.where(self._given, self._fixed, self.arrived(rest))
        source, target = (np.searchsorted(self.nodes, ends[edges]) for ends in (self.source, self.target))
        while here.any():
            over = np.zeros(len(self.nodes))
            np.add.at(over, source, here[target] * self.local[edges])
            here = self.brought(np.where(self._given, 0.0, over), rest)
            yield here[self._own]

    def sums(self, least: Any, most: Any) -> tuple[float, float]:
        """The least and the most that all of the line may add up to, of local derivatives between those of the arrows.

        Of a maximum with a tie the sides share one gradient: as much goes to them in all, whichever way it is split.
        """
        ends = [np.searchsorted(self.nodes, places) for places in (self.source, self.target)]
        chosen = np.array([self._graph.nodes[k].op.name in ("max", "min") for k in self.nodes[ends[1]]], dtype=bool)
        tied = chosen & (least < most)
        both = np.bincount(ends[1][tied], minlength=len(self.nodes)) > 1
        low, high, own = np.zeros(len(self.nodes)), np.zeros(len(self.nodes)), np.zeros(len(self.nodes))
        own[self._own] = 1.0
        for run in reversed(self._runs):
            source, target = (places[run.edges] for places in ends)
            sides = [np.where(own[source] > 0, 1.0, np.where(self._given[source], 0.0, x[source])) for x in (low, high)]
            corners = [chain_product(x, d[run.edges]) for x in sides for d in (least, most)]
            shared = tied[run.edges]
            np.add.at(low, target[~shared], np.minimum.reduce(corners)[~shared])
            np.add.at(high, target[~shared], np.maximum.reduce(corners)[~shared])
            first = target[shared & both[target]]
            low[first], high[first] = np.inf, -np.inf
            np.minimum.at(low, target[shared], sides[0][shared])
            np.maximum.at(high, target[shared], sides[1][shared])
        weights = np.where(self._given, self._fixed, self._seed)
        found = [chain_product(weights, x) for x in (low, high)]
        return float(np.minimum(*found).sum()), float(np.maximum(*found).sum())

    def here(self) -> Any:
        """What passes down from each node: what was given, or else what arrives."""
        return np.where(self._given, self._fixed, self.arrived(self.local))

    def passed(self) -> Any:
        """What each arrow brings to its input, with the right derivatives."""
        return self.here()[np.searchsorted(self.nodes, self.target)] * self.local
