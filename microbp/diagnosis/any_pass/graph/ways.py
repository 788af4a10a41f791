"""The ways that a gradient comes back to an array, and what becomes of a line if one is missing, doubled, negated, cut.

A way is all arrows from one operand of one operation in the code of the forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.graph.sites import Site, Sites
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say


@dataclass(frozen=True, eq=False)
class WayBack:
    """The arrows of a region that lead from one operation to one of its operands."""

    number: int
    """The number of the operation among the sites."""
    site: Site
    operand: int
    edges: Any
    """Where they are among the arrows of the region."""
    direct: bool
    """Whether they lead to the line's own array."""
    through: str
    """The named arrays that the way goes through, as people say it."""

    def __str__(self) -> str:
        return self._said

    @cached_property
    def _said(self) -> str:
        if not self.through:
            return say("through {site}", site=self.site)
        if self.site.line is None:
            return say("through `{name}`", name=self.through)
        return say("through `{name}`, {site}", name=self.through, site=self.site)


def ways_back(trace: Recorded, sites: Sites, region: Region, places: Any) -> list[WayBack]:
    """The ways of a region, nearest to the line first."""
    graph = trace.graph
    operand = graph.operand[region.edges]
    number = sites.of[region.target]
    own = set(places.tolist())
    single = np.array([not site.arrays for site in sites.all])
    # All that was made with single values is one site: what leads to the line itself is a way of its own there.
    key = (number * 8 + operand) * 2 + (np.isin(region.source, places) & single[number])
    found = []
    order = np.argsort(key, kind="stable")
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    for edges in np.split(order, cuts):
        if not len(edges):
            continue
        site = sites.all[number[edges[0]]]
        target, source = region.target[edges], region.source[edges]
        names = {sites.names.get(int(k), "") for k in target[:64]} | set()
        through = next(iter(names)) if len(names) == 1 else ""
        if not through:
            names = {sites.names.get(int(k), "") for k in source[:64]}
            through = next(iter(names)) if len(names) == 1 and not set(source[:64].tolist()) <= own else ""
        direct = bool(np.isin(source, places).all())
        found.append(WayBack(int(number[edges[0]]), site, int(operand[edges[0]]), np.sort(edges), direct, through))
    return sorted(found, key=lambda way: int(graph.level[region.target[way.edges]].min()))


Cut = tuple[str, str, Any]
"""A code, what is left, and a mask of a way's arrows."""


def cuts(sites: Sites, region: Region, way: WayBack) -> Iterator[Cut]:
    """The parts of a way that learners leave out, or leave alone."""
    target = region.target[way.edges]
    turn, position, turns = sites.turn[target], sites.position[target], len(way.site.arrays)
    if turns > 1:
        yield from _loop_cuts(turn, turns)
    if way.site.arrays and way.site.arrays[0].ndim:
        made = way.site.arrays[0]
        index = np.unravel_index(np.minimum(position, max(0, made.size - 1)), made.shape)
        for axis, place in enumerate(index):
            if end := made.shape[axis] - 1:
                yield from _axis_cuts(place, end, axis)
    ranks = [turn, target]
    if turns == 1:  # a loop over the places in a window, not over the windows
        size, shape = way.site.arrays[0].size, way.site.arrays[0].shape
        inner = [int(np.prod(shape[axis:])) for axis in range(1, len(shape))]
        ranks += [position % n * size + position // n for n in inner]
    source, leads = region.source[way.edges], region.leads[way.edges]
    last = say("of several contributions to one element, only the last is left")
    first = say("of several contributions to one element, only the first is left")
    for rank, (text, sign) in product(ranks, ((last, 1), (first, -1))):
        order = np.where(leads, sign * rank, np.iinfo(np.intp).min)
        best = np.full(int(source.max(initial=0)) + 1, np.iinfo(np.intp).min)
        np.maximum.at(best, source, order)
        keep = order == best[source]
        if not keep.all():
            yield "overwritten", text, keep


def _loop_cuts(turn: Any, turns: int) -> Iterator[Cut]:
    """Of a loop, or of two that look like one."""
    yield "overwritten", say("only the last iteration of the loop is left"), turn == turns - 1
    yield "overwritten", say("only the first iteration of the loop is left"), turn == 0
    yield "part-only", say("the last iteration of the loop is left out"), turn != turns - 1
    yield "part-only", say("the first iteration of the loop is left out"), turn != 0
    for parts in (2, 3, 4, 5, 6):
        if turns % parts == 0 and turns > parts:
            block, inner = turns // parts, turn % parts
            yield "part-only", say("only the last iteration of an outer loop is left"), turn >= turns - block
            yield "part-only", say("only the first iteration of an outer loop is left"), turn < block
            yield "part-only", say("only the last iteration of an inner loop is left"), inner == parts - 1
            yield "part-only", say("only the first iteration of an inner loop is left"), inner == 0


def _axis_cuts(place: Any, last: int, axis: int) -> Iterator[Cut]:
    yield "part-only", say("only the last place along axis {axis} is left", axis=axis), place == last
    yield "part-only", say("only the first place along axis {axis} is left", axis=axis), place == 0
    yield "part-only", say("the last place along axis {axis} is left out", axis=axis), place != last
    yield "part-only", say("the first place along axis {axis} is left out", axis=axis), place != 0
    both = say("the first and the last place along axis {axis} are left out", axis=axis)
    yield "part-only", both, (place != 0) & (place != last)
