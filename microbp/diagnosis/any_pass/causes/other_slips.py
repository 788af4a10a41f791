"""Slips in the derivative of one operation, in a whole formula, and in what arrives from above."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.closed_forms import closed_forms, inner_forms
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.gradient_slips import Change, gradient_slips
from microbp.diagnosis.any_pass.causes.local.arrows import Arrows
from microbp.diagnosis.any_pass.causes.local.slips import local_slips
from microbp.diagnosis.any_pass.causes.replaced import replaced
from microbp.diagnosis.any_pass.causes.search import CauseSearch
from microbp.diagnosis.any_pass.graph.region import AT_ONCE
from microbp.diagnosis.any_pass.graph.ways import WayBack
from microbp.diagnosis.any_pass.judge import is_near
from microbp.printing import say

MOST_INSIDE = 5000
"""Larger arrays on the way to a line are not taken for a softmax, or a normalization."""


def operation_slips(search: CauseSearch, mine: Any, hinted: bool = False) -> list[Cause]:
    """Slips in the derivative of one operation: those that explained another line first (or alone), then nearest."""
    known = search.known
    hints = known.hints | known.pair
    for way in sorted(search.ways, key=lambda way: way.number not in hints):
        if hinted and way.number not in hints:
            break
        if search.left <= 0 and not way.direct:
            continue
        slips: list[tuple[Cause, WayBack, Any]] = []
        for code, text, weight, local in local_slips(Arrows(known.trace, known.sites, known.scope, search.region, way)):
            slips.append((search.cause(code, text, way, weight), way, local))
            for number, count, keep in _calls(search, way) if weight <= 0.5 else ():
                partly = np.where(keep, local, search.region.local[way.edges])
                said = say("{slip}, in call {number} of {count}", slip=text, number=number, count=count)
                slips.append((search.cause(code, said, way, weight + 0.2), way, partly))
        first = len(search.tried)
        search.attempt(slips)
        if found := search.hits(mine, first):
            known.hints.add(way.number)
            return found
    return []


def _calls(search: CauseSearch, way: WayBack) -> Iterator[tuple[int, int, Any]]:
    """Of a function that one line calls several times: one call of so many, and a mask of its arrows."""
    turns = len(way.site.arrays)
    if len(way.site.place) > 1:
        turn = search.known.sites.turn[search.region.target[way.edges]]
        for count in (2, 3, 4):
            for k in range(count) if turns % count == 0 else ():
                yield k + 1, count, turn % count == k


def formula_slips(search: CauseSearch, mine: Any) -> Iterator[Cause]:
    """What another array in a sum, or a formula from the one array above to this one, would have made of it."""
    arrays = {f"`{name}`": value for name, value in search.known.scope.named.items()}
    mine, want, noise = (x.reshape(search.shape) for x in (mine, search.want, search.noise))
    yield from replaced(mine, want, noise, arrays)
    judge, own = search.known.judge, search.known.trace[search.line.name]
    inside = set(search.region.nodes.tolist())
    for name, places in judge.places.items():
        fitted = judge.fitted[name]
        if name == own.name or fitted is None or fitted.shape != own.shape or not inside.intersection(places.tolist()):
            continue
        others = {f"`{k}`": v for k, v in search.known.scope.named.items() if v.shape == own.shape and k != name}
        want = search.want.reshape(own.shape)
        for cause, result in closed_forms(fitted, search.known.trace[name].value, own.value, want, name, others):
            if result.shape == own.shape and np.isfinite(result).all():
                search.tried.append((cause, result.ravel() - search.want))
                if search.same(result, mine):
                    yield cause


def _inner_slips(search: CauseSearch) -> Iterator[Change]:
    """What the formula of a softmax or a normalization on the way would have let arrive at its input."""
    region, sites, data = search.region, search.known.sites, search.known.trace.graph.data
    here = region.here()
    shapes = [quantity.shape for quantity in search.known.trace.values()]
    lengths = {a * b for shape in shapes for a, b in combinations((1, *shape), 2)}
    by_shape: dict[tuple[int, ...], list[tuple[Any, int]]] = {}
    for number, site in enumerate(sites.all):
        if len(site.arrays) == 1 and 1 < site.arrays[0].size <= MOST_INSIDE:
            inside = region.index(site.arrays[0])
            if (inside >= 0).all():
                by_shape.setdefault(inside.shape, []).append((inside, number))
    for arrays in by_shape.values():
        for high, number in arrays:
            brought = region.brought(region.spread(high, here[high]))
            U, Q = here[high], data[region.nodes[high]]
            for low, _ in arrays:
                want = brought[low]
                if low is high or not want.any():
                    continue
                for cause, result in inner_forms(U, Q, want, str(sites.all[number]), lengths):
                    change = region.spread(low, result - want)
                    if np.isfinite(change).all():
                        yield cause.code, cause.text, cause.weight, number, change


def arriving_slips(search: CauseSearch, mine: Any) -> list[Cause]:
    """What another gradient, or the right one turned, would have made of it: all of it, or by one way."""
    known = search.known
    judge = known.judge
    given = {
        name: (judge.places[name].reshape(search.known.trace[name].shape), judge.fitted[name])
        for name in judge.given
        if judge.fitted[name] is not None
    }
    found: list[Cause] = []
    named = search.known.scope.named
    more = gradient_slips(known.trace, known.sites, search.region, search.ways, search.line.name, given, named)
    slips = islice(chain(_inner_slips(search), more), max(0, search.left))
    while chunk := list(islice(slips, max(1, AT_ONCE // max(1, len(search.region.edges))))):
        search.left -= len(chunk)
        added = search.region.added(np.array([change for *_, change in chunk]).T).T
        hits = is_near(search.want + added, mine, search.noise, search.relative).all(axis=1)
        for (code, text, weight, site, _), row, hit in zip(chunk, added, hits, strict=True):
            cause = Cause(code, text, weight, site)
            search.tried.append((cause, row))
            if hit:
                found.append(cause)
    return found
