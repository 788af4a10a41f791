"""The arrows of one way back with the numbers at their ends, for whoever thinks of other local derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.local.products import other_products
from microbp.diagnosis.any_pass.causes.local.windows import other_windows
from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.graph.sites import Sites
from microbp.diagnosis.any_pass.graph.ways import WayBack
from microbp.diagnosis.any_pass.scope import Other, Scope
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say


class Arrows:
    """The arrows of a way: for each the local derivative, the operand, the result, the other operand if any."""

    def __init__(self, trace: Recorded, sites: Sites, scope: Scope, region: Region, way: WayBack) -> None:
        graph = trace.graph
        self.trace, self.sites, self.scope, self.way, self.data = trace, sites, scope, way, graph.data
        self.target, self.source = region.target[way.edges], region.source[way.edges]
        self.slot, self.local = region.slot[way.edges], region.local[way.edges]
        self.op: Any = graph.nodes[self.target[0]].op
        self.out, self.own = graph.data[self.target], graph.data[self.source]
        self.upstream = region.here()[np.searchsorted(region.nodes, self.target)]
        self.kind = self.op.family or self.op.name
        self.other: Any = None
        """The place of the other operand of each arrow, if the operation has two."""
        if self.kind == "dot" or (self.op.arity == 2 and self.op.name != "where"):
            self.other = graph.other[region.edges[way.edges]]
        self.chain = trace.graph.chain

    def divisor(self) -> float | None:
        """The one number that all are divided by, as in a mean."""
        if self.kind != "div" or self.slot.any():
            return None
        numbers = np.unique(self.data[self.other])
        return float(numbers[0]) if len(numbers) == 1 and numbers[0].is_integer() else None

    def slope(self, x: Any, out: Any) -> Any:
        """The derivative of the operation at another operand and another result."""
        inputs = [x]
        if self.op.arity > 1:
            pair = [np.where(self.slot == slot, self.own, self.data[self.other]) for slot in (0, 1)]
            inputs = [np.where(self.slot == slot, x, pair[slot]) for slot in (0, 1)]
        partials = np.broadcast_arrays(*self.op.textbook_partials(*inputs, out), out)[:-1]
        return np.choose(np.minimum(self.slot, len(partials) - 1), partials).astype(float)

    def opposite(self) -> Any:
        """The derivatives of a tree of maxima, if at each of them the side with the smallest of all were chosen."""
        sign = 1.0 if self.op.name == "max" else -1.0
        best: dict[int, tuple[float, int]] = {}
        for edge in np.lexsort((self.slot, self.target)):
            source, target = int(self.source[edge]), int(self.target[edge])
            number = best[source][0] if source in best else sign * float(self.own[edge])
            if target not in best or number < best[target][0]:
                best[target] = number, int(edge)
        chosen = {edge for _, edge in best.values()}
        return np.array([float(edge in chosen) for edge in range(len(self.target))])

    def shares(self) -> Any:
        """The derivatives of a tree of maxima, if each of those compared got as much of the gradient."""
        leaves: dict[int, int] = {}
        for target, source in sorted(zip(self.target.tolist(), self.source.tolist(), strict=True)):
            leaves[target] = leaves.get(target, 0) + leaves.get(source, 1)
        return np.array(
            [leaves.get(s, 1) / leaves[t] for t, s in zip(self.target.tolist(), self.source.tolist(), strict=True)]
        )

    def places_agree(self) -> Any:
        """1 for arrows between the same places of arrays of one shape, else 0; None if the shapes differ."""
        shapes = []
        for places in (self.target, self.source):
            homes = np.unique(self.sites.of[places])
            if len(homes) != 1 or homes[0] < 0 or not self.sites.all[homes[0]].arrays:
                return None
            shapes.append({a.shape for a in self.sites.all[homes[0]].arrays})
        if shapes[0] != shapes[1]:
            return None
        return (self.sites.position[self.target] == self.sites.position[self.source]).astype(float)

    def fitting(self, places: Any) -> Iterator[Other]:
        """Arrays that fit where these nodes come from, element by element for the arrows."""
        turns = self.sites.turn[self.target]
        present = np.unique(turns)
        homes = [home for turn in present if (home := self.sites.home(places[turns == turn])) is not None]
        rows = [self.data[self.sites.all[home].arrays[at]] for home, at in homes]
        if len(rows) < len(present) or len({row.shape for row in rows}) != 1:
            return
        arrays = np.stack(rows)
        row, position = np.searchsorted(present, turns), self.sites.position[places]
        here = arrays.reshape(len(arrays), -1)[row, position]
        others = [*self.scope.like(arrays, present)]
        if len({home for home, _ in homes}) == 1:
            number, taken = homes[0][0], [at for _, at in homes]
            for how, cut in other_windows(self.trace, self.sites, number):
                said = say("{site}, cut out {how},", site=self.sites.all[number], how=how)
                others.append(Other(said, "wrong-index", self.data[cut[taken]]))
            if len(taken) == 1:
                for how, made in other_products(self.trace, self.sites, number):
                    others.append(Other(say("the product with {factor}", factor=how), "transposed", made[None]))
        for other in others:
            found = other.numbers.reshape(len(arrays), -1)[row, position]
            if not np.array_equal(found, here):
                yield other._replace(numbers=found.astype(float))
