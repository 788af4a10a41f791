"""Ways back that are missing, doubled, negated, off by a factor, or followed in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.local.slips import chosen_by_sign
from microbp.diagnosis.any_pass.causes.search import CauseSearch
from microbp.diagnosis.any_pass.graph.sites import Site
from microbp.diagnosis.any_pass.graph.ways import WayBack, cuts
from microbp.printing import say

MOST_STEPS = 16
"""So many steps are followed back through time, one after the other."""
MOST_DEEP = 30_000_000
"""So many arrows are swept over to see whether a part is left out of a way that is not the line's own."""


def way_slips(search: CauseSearch, mine: Any) -> list[Cause]:
    """What a slip in one way back explains."""
    found = []
    dropped = search.results([(way, np.zeros(len(way.edges))) for way in search.ways])
    for way, without in zip(search.ways, dropped, strict=False):
        part = search.want - without
        if not part.any():
            continue
        search.tried.append((_missing(search, way), -part))
        if search.same(without, np.zeros_like(without)):
            continue  # the only way: a factor of the whole line, which `whole_line` names
        search.tried += [
            (search.cause("counted-twice", say("the gradient {way} is counted twice", way=way), way, 0.4), part),
            (search.cause("way-sign", say("the gradient {way} has the wrong sign", way=way), way, 0.35), -2 * part),
        ]
        if (reached := np.abs(part) > search.noise).any() and not reached.all():
            text = say("the gradient {way} overwrites the rest: = instead of +=", way=way)
            cause = search.cause("overwritten", text, way, 0.45)
            search.tried.append((cause, np.where(reached, without, 0.0) * -1))
        found += _factor(search, mine, way, part)
    local = search.region.local
    repeated = [way for way in search.ways if len(way.site.arrays) > 1]
    twice = [say("the gradient {way} is counted twice, in each iteration", way=way) for way in repeated]
    turned = [say("the gradient {way} has the wrong sign, in each iteration", way=way) for way in repeated]
    for code, texts, factor in (("counted-twice", twice, 2.0), ("way-sign", turned, -1.0)):
        causes = [search.cause(code, text, way, 0.4) for text, way in zip(texts, repeated, strict=True)]
        search.attempt([(c, way, factor * local[way.edges]) for c, way in zip(causes, repeated, strict=True)])
    parts = [
        (
            search.cause(
                code, say("{part}, on the path {way}", part=said, way=way), way, 0.5 - 0.01 * (code == "overwritten")
            ),
            way,
            local[way.edges] * keep,
        )
        for way in search.ways
        for code, said, keep in (cuts(search.known.sites, search.region, way) if way.direct or way.site.place else ())
    ]
    search.tried += _overwriting(search, [slip for slip in parts if slip[1].direct and slip[0].code == "overwritten"])
    search.tried += _no_carry(search)
    search.tried += _one_side(search)
    deep = [slip for slip in parts if not slip[1].direct]
    search.attempt([slip for slip in parts if slip[1].direct])
    search.attempt(deep[: MOST_DEEP // max(1, len(search.region.edges))])
    return found + search.hits(mine)


def _one_side(search: CauseSearch) -> Iterator[tuple[Cause, Any]]:
    """What becomes of a line if one side of a choice gets all of the gradient, or each that of the other's sign."""
    nodes = search.known.trace.graph.nodes
    sides: dict[int, list[WayBack]] = {}
    for way in search.ways:
        if (op := nodes[search.region.target[way.edges[0]]].op) is not None and op.name == "where":
            sides.setdefault(way.number, []).append(way)
    for ways in sides.values():
        for all_of_it in ways if len(ways) > 1 else ():
            local = search.region.local.copy()
            for way in ways:
                local[way.edges] = float(way is all_of_it)
            text = say(
                "one side of the choice in {site} gets the whole gradient, the other nothing", site=all_of_it.site
            )
            yield search.cause("mask", text, all_of_it, 0.4), search.region.result(local) - search.want
            for way in ways:
                local[way.edges] = (search.passing[way.edges] > 0) == (way is all_of_it)
            yield (
                search.cause("mask", chosen_by_sign(all_of_it.site), all_of_it, 0.45),
                search.region.result(local) - search.want,
            )


def _no_carry(search: CauseSearch) -> Iterator[tuple[Cause, Any]]:
    """What becomes of a line if nothing comes back to a state from the step after it, by whatever way."""
    region = search.region
    for number, edges in _carries(search).values():
        local = region.local.copy()
        local[edges] = 0.0
        site = search.known.sites.all[number]
        text = say("the gradient that comes back to {site} from the next step is missing", site=site)
        yield Cause("missing-way", text, 0.55, number), region.result(local) - search.want


def cut_off(search: CauseSearch, mine: Any) -> list[Cause]:
    """What becomes of a line if a state gets what comes back from so many of the steps after it, and no more."""
    first = len(search.tried)
    for number, edges in _carries(search).values():
        site, local = search.known.sites.all[number], search.region.local.copy()
        local[edges] = 0.0
        added = search.region.result(local) - search.want
        for steps, more in enumerate(islice(search.region.carried(edges, local), MOST_STEPS), 1):
            added = added + more
            search.tried.append((Cause("part-only", _truncated(site, steps), 0.6, number), added))
    return search.hits(mine, first)


def _truncated(site: Site, steps: int) -> str:
    if steps == 1:
        return say(
            "the gradient that comes back to {site} is cut off after 1 step: truncated backpropagation through time",
            site=site,
        )
    return say(
        "the gradient that comes back to {site} is cut off after {steps} steps: truncated backpropagation through time",
        site=site,
        steps=steps,
    )


def _carries(search: CauseSearch) -> dict[bytes, tuple[int, Any]]:
    """The operations in a loop, with the arrows over which their results come back from one step to the one before."""
    found: dict[bytes, tuple[int, Any]] = {}
    for number in dict.fromkeys(way.number for way in search.ways):
        site = search.known.sites.all[number]
        if len(site.arrays) > 1:
            edges = search.region.into_later(np.concatenate([a.ravel() for a in site.arrays]))
            if len(edges):
                found.setdefault(edges.tobytes(), (number, edges))
    return found


def _overwriting(search: CauseSearch, parts: list[tuple[Cause, WayBack, Any]]) -> list[tuple[Cause, Any]]:
    """What becomes of a line if a part of a way overwrites all else at the elements that the way reaches."""
    found = []
    for cause, way, local in parts:
        size = len(search.want)
        alone = np.bincount(search.place[way.edges], local * search.passing[way.edges], size)
        reached = np.bincount(search.place[way.edges], search.passing[way.edges] != 0, size) > 0
        if not reached.all():
            found.append((cause, np.where(reached, alone - search.want, 0.0)))
    return found


def _missing(search: CauseSearch, way: WayBack) -> Cause:
    text = say("the gradient {way} is missing, as if that were a constant", way=way)
    cause = search.cause("missing-way", text, way, 0.3)
    nodes = search.known.trace.graph.nodes
    op, source = (nodes[places[way.edges[0]]].op for places in (search.region.target, search.region.source))
    if op is not None and source is not None and op.family == "total" and source.name == "exp":
        text = say("softmax's diagonal only: the gradient through the sum {site} is missing", site=way.site)
        return replace(cause, code="softmax-diagonal", text=text)
    return cause


def _factor(search: CauseSearch, mine: Any, way: WayBack, part: Any) -> list[Cause]:
    scale = 1 + float((mine - search.want) @ part) / float(part @ part)
    said = search.known.factors.name(scale)
    if abs(scale) < 1e-7 or said in ("1", "-1", "2") or not search.same(search.want + (scale - 1) * part, mine):
        return []
    if said is None and np.count_nonzero(np.abs(part) > 1e6 * search.noise) < 4:
        return []  # any few numbers have some factor
    base = 1.5 if said is None else 0.5
    factor = said or f"{scale:.6g}"
    text = say("the gradient {way} is {factor} times what it should be", way=way, factor=factor)
    return [search.cause("way-factor", text, way, base)]
