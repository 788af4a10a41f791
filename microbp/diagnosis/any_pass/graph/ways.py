"""The ways that a gradient comes back to an array, and what becomes of a line if one is missing, doubled, negated, cut.

A way is all arrows from one operand of one operation in the code of the forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.graph.sites import Site, Sites
from microbp.diagnosis.any_pass.trace import Recorded


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
        where = f"through `{self.through}`" if self.through else f"through {self.site}"
        return where if not self.through or self.site.line is None else f"{where}, {self.site}"


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


def cuts(sites: Sites, region: Region, way: WayBack) -> Iterator[tuple[str, str, Any]]:
    """(code, what is left, mask of the way's arrows) for parts of a way that learners leave out, or leave alone."""
    target, source = region.target[way.edges], region.source[way.edges]
    turn = sites.turn[target]
    turns = len(way.site.arrays)
    if turns > 1:
        last = turns - 1
        yield "overwritten", "only the last time round the loop is left", turn == last
        yield "overwritten", "only the first time round the loop is left", turn == 0
        yield "part-only", "the last time round the loop is left out", turn != last
        yield "part-only", "the first time round the loop is left out", turn != 0
        for parts in (2, 3, 4, 5, 6):
            if turns % parts == 0 and turns > parts:
                block, inner = turns // parts, turn % parts
                yield "part-only", "only the last round of an outer loop is left", turn >= turns - block
                yield "part-only", "only the first round of an outer loop is left", turn < block
                yield "part-only", "only the last round of an inner loop is left", inner == parts - 1
                yield "part-only", "only the first round of an inner loop is left", inner == 0
    if way.site.arrays:
        shape = way.site.arrays[0].shape
        index = (
            np.unravel_index(np.minimum(sites.position[target], max(0, way.site.arrays[0].size - 1)), shape)
            if shape
            else ()
        )
        for axis, place in enumerate(index):
            n = shape[axis] - 1
            if n:
                yield "part-only", f"only the last place along axis {axis} is left", place == n
                yield "part-only", f"only the first place along axis {axis} is left", place == 0
                yield "part-only", f"the last place along axis {axis} is left out", place != n
                yield "part-only", f"the first place along axis {axis} is left out", place != 0
                both = f"the first and the last place along axis {axis} are left out"
                yield "part-only", both, (place != 0) & (place != n)
    ranks = [("last", turn), ("first", -turn), ("last", target), ("first", -target)]
    if turns == 1:  # a loop over the places in a window, not over the windows
        shape, position = way.site.arrays[0].shape, sites.position[target]
        for axis in range(1, len(shape)):
            inner = int(np.prod(shape[axis:]))
            rank = position % inner * way.site.arrays[0].size + position // inner
            ranks += [("last", rank), ("first", -rank)]
    for text, rank in ranks:
        rank = np.where(region.leads[way.edges], rank, np.iinfo(np.intp).min)
        best = np.full(int(source.max(initial=0)) + 1, np.iinfo(np.intp).min)
        np.maximum.at(best, source, rank)
        keep = rank == best[source]
        if not keep.all():
            yield "overwritten", f"of several contributions to one element, only the {text} is left", keep
