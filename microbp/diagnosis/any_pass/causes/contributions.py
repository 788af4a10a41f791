"""What one way brings to a line, summed along the wrong axes, or not at all, or averaged, or turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along, choices
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.search import CauseSearch
from microbp.diagnosis.any_pass.graph.ways import WayBack
from microbp.diagnosis.any_pass.judge import is_near
from microbp.printing import say


def contributions(search: CauseSearch) -> Iterator[Cause]:
    """What one way brings, summed along the wrong axes, or not at all, or averaged, or turned."""
    mine = np.asarray(search.line.mine, dtype=float)
    brought = search.region.passed()
    for way in search.ways:
        if not way.direct:
            continue
        part = np.bincount(search.place[way.edges], brought[way.edges], len(search.places))
        rest = np.where(is_near(search.want, part, search.noise), 0.0, search.want - part).reshape(search.shape)
        yield from _turned(search, mine, part.reshape(search.shape), rest, way)
        shapes = {a.shape for a in way.site.arrays}
        if len(shapes) != 1 or len(way.edges) != sum(a.size for a in way.site.arrays):
            continue
        (shape,) = shapes
        turns = len(way.site.arrays)
        target = search.region.target[way.edges]
        parts = np.zeros((turns, int(np.prod(shape))))
        parts[search.known.sites.turn[target], search.known.sites.position[target]] = brought[way.edges]
        yield from _reduced(
            search, mine, parts.reshape(turns, *shape) if turns > 1 else parts.reshape(shape), rest, way
        )


def _turned(search: CauseSearch, mine: Any, part: Any, rest: Any, way: WayBack) -> Iterator[Cause]:
    """What the way brings, with two axes exchanged; of the only way `whole_line` says so."""
    if rest.any() and mine.shape == part.shape:
        for a, b in combinations(range(part.ndim), 2):
            if part.shape[a] == part.shape[b] and search.same(rest + part.swapaxes(a, b), mine):
                yield Cause("transposed", say("the gradient {way} is transposed", way=way), 0.35, way.number)


def _reduced(search: CauseSearch, mine: Any, parts: Any, rest: Any, way: WayBack) -> Iterator[Cause]:
    """What the way brings to each of its results, added up in other ways than the right one."""
    if parts.size <= search.want.size:
        return
    room = float(search.noise.max(initial=0.0))
    bare = np.squeeze(mine)
    only = not rest.any()
    for axes in choices(range(parts.ndim), 0, 4):
        for code in ("sum", "mean", "max") if axes else ("sum",):
            found = getattr(parts, code)(axis=axes, keepdims=True)
            if not only:
                try:
                    found = found + rest
                except ValueError:
                    continue
            found = np.squeeze(found)
            if found.shape != bare.shape or not is_near(found, bare, room, search.relative).all():
                continue
            if bare.size == search.want.size and search.same(bare, search.want):
                continue
            if not axes:
                said = say("it is not summed, though {site} broadcasts it", site=way.site)
                yield Cause("not-summed", said, 0.2, way.number)
            elif code == "sum":
                yield Cause("wrong-axis", summed_elsewhere(way, axes), 0.3, way.number)
            else:
                where = {"way": way, "along": along(axes)}
                said = say("the gradient {way} is averaged {along} instead of summed", **where)
                if code == "max":
                    said = say("the gradient {way} has a max {along} instead of the sum", **where)
                yield Cause("mean-for-sum", said, 0.25, way.number)
            return


def summed_elsewhere(way: object, axes: Sequence[int]) -> str:
    """That what comes back by a way is summed along axes on which the forward pass did not broadcast."""
    return say("the gradient {way} is summed {along}, though nothing was broadcast there", way=way, along=along(axes))


def fitted_anyhow(search: CauseSearch) -> Iterator[tuple[str, Any]]:
    """The line in the shape of its array, after turning or summing axes."""
    mine = np.asarray(search.line.mine, dtype=float)
    if mine.ndim == len(search.shape) == 2 and mine.T.shape == search.shape:
        yield say("it is transposed"), mine.T
    for axes in choices(range(mine.ndim)):
        found = mine.sum(axis=axes)
        if np.squeeze(found).shape == tuple(n for n in search.shape if n != 1):
            yield say("it is not summed {along}", along=along(axes)), found
