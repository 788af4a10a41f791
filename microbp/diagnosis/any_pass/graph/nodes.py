"""A recorded forward pass as arrays of numbers: nodes in the order of their making, arrows, and sweeps back over them.

A sweep goes back once. At nodes that it is *given* a gradient for, it notes what arrived and passes on what was given.

>>> x = Value(2.0)
>>> y = x * x
>>> graph = Graph([], y, [x])
>>> graph.sweep().arrived.tolist(), graph.sweep({1: 10.0}).arrived.tolist()
([4.0, 1.0], [40.0, 1.0])
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.sweeps import SortedEdges, chain_product, run_back, runs
from microbp.engine.arrays.recording import ArrayOperation
from microbp.engine.ops import Op
from microbp.engine.value import Constant, Value
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula

NEAR_KINK = 1e-12
"""So near to a kink, relative to the largest number in the pass, another order of summation falls on its other side."""


SMALL = 1e-5
"""What is added to keep a logarithm's argument from 0 is as small as this."""
SATURATED = 1e-2
"""A function's derivative counts for so much at least, where the noise of rounding is estimated."""
_EXACT = ("add", "sub", "mul", "div", "neg", "identity", "dot", "total", "affine")


@dataclass(frozen=True)
class Sweep:
    """What arrived at each node: the gradient, the least and the most it may be where a pass has kinks, and the sum of
    the magnitudes of all that was added up, by which the noise of rounding is judged."""

    arrived: Any
    least: Any
    most: Any
    size: Any
    given: Mapping[int, float]
    """What was passed on in the place of what arrived."""


class Graph:
    """Every node that a forward pass made, those that never reach the loss among them, inputs before results."""

    def __init__(self, groups: Sequence[ArrayOperation], loss: Value, named: Iterable[Value]) -> None:
        self.nodes = _in_order([*(node for group in groups for node in group.array.ravel().tolist()), *named, loss])
        self.place = {node: k for k, node in enumerate(self.nodes)}
        self.loss = self.place[loss]
        self.data = np.array([node.data for node in self.nodes])
        place = self.place
        source: list[int] = []
        counts, level, local = [0] * len(self.nodes), [0] * len(self.nodes), list[float]()
        products = []
        for k, node in enumerate(self.nodes):
            if node.op is None:
                continue
            assert node.op.local is not None
            inputs = [place[x] for x in node.inputs]
            level[k] = 1 + max([level[i] for i in inputs])
            counts[k] = len(inputs)
            source += inputs
            if node.op.family == "dot":
                products.append(k)
                local += [0.0] * len(inputs)
            elif node.op.family == "total":
                local += [1.0] * len(inputs)
            else:
                local += node.op.local(node)
        self.level = np.array(level)
        lengths, sources = np.array(counts), np.array(source, dtype=np.intp)
        target = np.repeat(np.arange(len(self.nodes)), lengths)
        starts = np.cumsum(lengths) - lengths
        slot = np.arange(len(target)) - starts[target] if len(target) else np.array([], dtype=np.intp)
        locals_ = np.array(local, dtype=float)
        inside = np.isin(target, products)
        beside = np.flatnonzero(inside | (lengths[target] == 2))
        other = np.full(len(target), -1)
        other[beside] = sources[beside + 1 - 2 * (slot[beside] % 2)]
        locals_[inside] = self.data[other[inside]]
        order = np.lexsort((sources, -self.level[target]))
        self.other = other[order]
        """The factor, or the operand, beside the input that an arrow leads to; -1 if there is none, or several."""
        self.source, self.target, self.slot, self.local = sources[order], target[order], slot[order], locals_[order]

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def operand(self) -> Any:
        """For each arrow which operand of its operation it leads to: all addends of a sum are one."""
        kinds = np.array([0 if node.op is None else _kind(node.op) for node in self.nodes])[self.target]
        last = np.bincount(self.target, minlength=len(self))[self.target] - 1
        of_affine = np.where(self.slot == last, 2, self.slot % 2)
        return np.select([kinds == 1, kinds == 2, kinds == 3], [self.slot % 2, of_affine, 0], self.slot)

    @cached_property
    def runs(self) -> list[SortedEdges]:
        """The arrows of each level of results, from the loss down."""
        return runs(self.source, self.target, self.level[self.target])

    @cached_property
    def bounds(self) -> tuple[Any, Any] | None:
        """The least and the most that each local derivative may be, if any node stands on a kink."""
        least, most = self.local.copy(), self.local.copy()
        found = False
        scale = NEAR_KINK * max(1e-300, float(np.abs(self.data[np.isfinite(self.data)]).max(initial=0.0)))
        rows = {node.op for node in self.nodes if node.op is not None and node.op.kink}
        for op in rows:
            places = np.array([k for k, node in enumerate(self.nodes) if node.op is op])
            inputs = np.array([[x.data for x in self.nodes[k].inputs] for k in places]).T
            on = np.abs(_side(op)(*inputs)[0]) <= scale
            if not on.any():
                continue
            found = True
            edges = np.flatnonzero(np.isin(self.target, places[on]))
            where = {int(k): i for i, k in enumerate(places)}
            columns = np.array([where[int(k)] for k in self.target[edges]])
            for step in (-1.0, 1.0):
                moved = inputs.copy()
                moved[0] += step * (scale + np.abs(moved[0]) * 1e-9 + 1e-9)
                partials = np.array(np.broadcast_arrays(*op.numpy_partials(*moved, op.numpy(*moved)[0]), moved[0])[:-1])
                there = partials[self.slot[edges], columns]
                least[edges], most[edges] = np.minimum(least[edges], there), np.maximum(most[edges], there)
        return (least, most) if found else None

    @cached_property
    def roughness(self) -> Any:
        """The magnitudes of the local derivatives, for the noise that they leave: not less than a little for functions.

        A saturated sigmoid's derivative is 1e-12 by one formula, and by another, q (1 − q), as much as 1e-16 off. But
        what is divided by a sum that it is in, as a softmax's exp, keeps all its digits: and beside 1/p, which is large
        there, a little would hide any mistake.
        """
        exact = np.array([node.op is not None and (node.op.family or node.op.name) in _EXACT for node in self.nodes])
        least = np.where(exact, 0.0, SATURATED)
        exp = np.array([node.op is not None and node.op.name == "exp" for node in self.nodes])
        exp &= np.bincount(self.source, minlength=len(self)) > 1
        least[exp] *= np.minimum(1.0, np.abs(self.data[exp]))
        return np.maximum(np.abs(self.local), least[self.target])

    @cached_property
    def chain(self) -> Chain:
        """For each node the one arrow that leads to it, if it is used once, beside constants alone."""
        varying = np.array([node.op is not None or not isinstance(node, Constant) for node in self.nodes])
        inputs = np.bincount(self.target[varying[self.source]], minlength=len(self))
        uses = np.bincount(self.source, minlength=len(self))
        edge = np.full(len(self), -1)
        edge[self.source] = np.arange(len(self.source))
        edge[(uses != 1) | (edge < 0)] = -1
        edge[(edge >= 0) & (inputs[self.target[edge]] != 1)] = -1
        return Chain(edge, self.target, self.local)

    def without_small_constants(self) -> Graph | None:
        """The graph in which log(x + 1e-8) has the derivative of log x, as in p − y; None if there is no such log."""
        logs = [k for k, node in enumerate(self.nodes) if node.op is not None and node.op.name == "log"]
        inside = {k: self.nodes[k].inputs[0].data - added for k in logs if (added := _added(self.nodes[k].inputs[0]))}
        edges = np.flatnonzero(np.isin(self.target, [k for k, x in inside.items() if x]))
        if not len(edges):
            return None
        made = copy.copy(self)
        made.local = self.local.copy()
        made.local[edges] = 1 / np.array([inside[k] for k in self.target[edges].tolist()])
        for derived in ("bounds", "roughness", "chain"):
            vars(made).pop(derived, None)
        return made

    def sweep(self, given: Mapping[int, float] | None = None) -> Sweep:
        """One pass back; `given` replaces what arrives at its places, for the nodes below them."""
        fixed, is_given = np.zeros(len(self)), np.zeros(len(self), dtype=bool)
        if given:
            fixed[list(given)] = list(given.values())
            is_given[list(given)] = True
        seed = np.zeros(len(self))
        seed[self.loss] = 1.0
        arrived = run_back(self.runs, seed, fixed, is_given, self.local)
        size = run_back(self.runs, seed, np.abs(fixed), is_given, self.roughness)
        if self.bounds is None:
            return Sweep(arrived, arrived, arrived, size, given or {})
        return Sweep(arrived, *_run_interval(self, seed, fixed, is_given, *self.bounds), size, given or {})


@dataclass(frozen=True)
class Chain:
    """The arrow that leads to a node as to the only input that varies (-1: none), and where it comes from."""

    edge: Any
    target: Any
    local: Any


def _added(node: Value) -> float:
    """The small constant in x + 1e-8; 0 if it is no such sum."""
    if node.op is None or node.op.name != "add":
        return 0.0
    return next((x.data for x in node.inputs if isinstance(x, Constant) and abs(x.data) <= SMALL), 0.0)


def _run_interval(graph: Graph, seed: Any, fixed: Any, is_given: Any, least: Any, most: Any) -> tuple[Any, Any]:
    low, high = seed.copy(), seed.copy()
    for run in graph.runs:
        ends = [np.where(is_given[run.target], fixed[run.target], x[run.target]) for x in (low, high)]
        corners = [chain_product(g, d[run.edges]) for g in ends for d in (least, most)]
        run.add(low, np.minimum.reduce(corners))
        run.add(high, np.maximum.reduce(corners))
    return low, high


def _kind(op: Op) -> int:
    if op.family in ("dot", "affine"):
        return 1 if op.family == "dot" else 2
    return 3 if op.family or op.name in ("max", "min") else 0


def _side(op: Op) -> Any:
    left, _, right = op.kink.partition(" == ")
    return numpy_function(f"{op.name}_side", op.inputs, [Formula(f"({left}) - ({right})")])


def _in_order(roots: Iterable[Value]) -> list[Value]:
    """All that the roots depend on, inputs first, otherwise in the order of the roots."""
    done: dict[Value, None] = {}
    for root in roots:
        if root in done:
            continue
        path = [root]
        while path:
            node = path[-1]
            missing = [x for x in node.inputs if x not in done]
            if missing:
                path += reversed(missing)
            else:
                done.setdefault(path.pop())
    return list(done)
