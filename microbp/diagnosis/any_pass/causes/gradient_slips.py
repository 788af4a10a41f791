"""Slips in what arrives, not in what it is multiplied by: a gradient transposed, shifted, turned, another gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along, choices, shifted
from microbp.diagnosis.any_pass.causes.contributions import summed_elsewhere
from microbp.diagnosis.any_pass.causes.local.windows import other_windows
from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.graph.sites import Sites
from microbp.diagnosis.any_pass.graph.ways import WayBack
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say

MOST_AXES = 5
"""Axes are exchanged in every way up to so many."""

MOST_EACH_TURN = 1_000_000
"""Turns times arrows, up to which what is moved at each turn is followed from turn to turn."""
Change = tuple[str, str, float, int, Any]
"""A code, a text, a weight, the number of a site (-1: none), and how much more arrives at each node of a region."""


def gradient_slips(
    trace: Recorded,
    sites: Sites,
    region: Region,
    ways: list[WayBack],
    line: str,
    given: Mapping[str, tuple[Any, Any]],
    values: Mapping[str, Any],
) -> Iterator[Change]:
    """What the gradients that arrive inside of a region may have been taken for; `given` are places and
    numbers by name, the `line` itself left aside."""
    passing = region.here()
    yield from _given_otherwise(sites, region, line, given, values)
    passed = region.passed()
    for way in ways:
        yield from _summed_otherwise(sites, region, way, passed)
    for number in dict.fromkeys(way.number for way in ways):
        site = sites.all[number]
        turns = [a for a in site.arrays if a.ndim and (region.index(a) >= 0).all()]
        if turns and site.op == "identity":
            yield from _cut_otherwise(trace, sites, region, number)
        if turns and len({a.shape for a in turns}) == 1:
            places = np.stack(turns) if len(turns) > 1 else turns[0]
            inside = region.index(places)
            found = passing[inside]
            said = say("the gradient of {name}", name=site)
            if site.op == "cumsum":
                yield from _running_sums(region, inside, found, said, number)
            yield from _moves(region, inside, found, said, number, int(len(turns) > 1))
            if len(turns) > 1 and len(turns) * len(region.edges) <= MOST_EACH_TURN:
                yield from _moves_each_turn(region, inside.ravel(), found, said, number)


def _given_otherwise(
    sites: Sites,
    region: Region,
    line: str,
    given: Mapping[str, tuple[Any, Any]],
    values: Mapping[str, Any],
) -> Iterator[Change]:
    """What the gradients that were given may have been taken for."""
    for name, (places, numbers) in given.items():
        inside = region.index(places)
        if name == line or (inside < 0).all():
            continue
        own = numbers.reshape(places.shape)
        for other, (_, theirs) in given.items():
            if other not in (name, line) and theirs.shape == own.shape:
                said = say("the gradient of `{other}` is used in place of that of `{name}`", other=other, name=name)
                yield "other-quantity", said, 0.5, -1, region.spread(inside, theirs - own)
        said = say("the upstream gradient, that of `{name}`, is left out of the product", name=name)
        yield "upstream-left-out", said, 0.5, -1, region.spread(inside, np.ones_like(own) - own)
        for other, value in values.items():
            if value.shape == own.shape:
                said = say("`{other}` itself is used in place of the gradient of `{name}`", other=other, name=name)
                yield "other-quantity", said, 0.6, -1, region.spread(inside, value - own)
        yield from _moves(region, inside, own, say("the gradient of {name}", name=f"`{name}`"), -1)
        yield from _reordered(sites, region, own, name)


def _cut_otherwise(trace: Recorded, sites: Sites, region: Region, number: int) -> Iterator[Change]:
    """What comes back to the elements of windows, as it is if they are cut out in another way."""
    site = sites.all[number]
    made = region.index(np.concatenate([a.ravel() for a in site.arrays]))
    for how, places in other_windows(trace, sites, number):
        to = region.index(places.ravel())
        edges = np.flatnonzero(sites.of[region.target] == number)
        if (made >= 0).all() and (to >= 0).all():
            here, change = region.here(), np.zeros(len(region.nodes))
            np.subtract.at(change, np.searchsorted(region.nodes, region.source[edges]), region.passed()[edges])
            np.add.at(change, to, here[made])
            said = say(
                "the gradient that comes back to {site} goes to the places of windows cut out {how}", site=site, how=how
            )
            yield "wrong-index", said, 0.6, number, change


def _summed_otherwise(sites: Sites, region: Region, way: WayBack, passed: Any) -> Iterator[Change]:
    """What a way brings to a broadcast array, summed along another axis than it was broadcast on, turn by turn."""
    shapes = {a.shape for a in way.site.arrays}
    target, source = region.target[way.edges], region.source[way.edges]
    if len(shapes) != 1 or len(way.edges) != sum(a.size for a in way.site.arrays):
        return
    (shape,) = shapes
    homes, turns = sites.of[source], sites.turn[target]
    if len(np.unique(homes)) != 1 or homes[0] < 0 or not sites.all[homes[0]].arrays:
        return
    changes: dict[tuple[int, ...], Any] = {}
    for turn in np.unique(turns):
        here = turns == turn
        at = np.unique(sites.turn[source[here]])
        own = sites.all[homes[0]].arrays[at[0]]
        if len(at) != 1 or own.size * 2 > np.prod(shape):
            return
        parts = np.zeros(int(np.prod(shape)))
        parts[sites.position[target[here]]] = passed[way.edges][here]
        parts = parts.reshape(shape)
        right = np.zeros(own.size)
        np.add.at(right, sites.position[source[here]], passed[way.edges][here])
        inside = region.index(own.ravel())
        for axes in choices(range(parts.ndim)):
            other = parts.sum(axis=axes).ravel()
            if other.size in (1, own.size):
                found = changes.setdefault(axes, np.zeros(len(region.nodes)))
                found[inside] += np.broadcast_to(other, right.shape) - right
    for axes, change in changes.items():
        said = summed_elsewhere(say("through {site}", site=way.site), axes)
        yield "wrong-axis", said, 0.6, way.number, change


def _reordered(sites: Sites, region: Region, own: Any, name: str) -> Iterator[Change]:
    """A gradient on its way through reshape and transpose, as it is with other axes exchanged, before or after."""
    if not 2 <= own.ndim <= MOST_AXES:
        return
    arrived = region.arrived(region.local)
    for number, site in enumerate(sites.all):
        if len(site.arrays) != 1 or site.arrays[0].size != own.size or not 2 <= site.arrays[0].ndim <= MOST_AXES:
            continue
        shape = site.arrays[0].shape
        inside = region.index(site.arrays[0])
        if (inside < 0).all() or not np.isin(arrived[inside[inside >= 0]], own).all():
            continue
        for axes in permutations(range(own.ndim)):
            other = own.transpose(axes).reshape(shape)
            said = say(
                "the gradient of `{name}` is reshaped with its axes in the order {axes} at {site}",
                name=name,
                axes=axes,
                site=site,
            )
            yield "reshaped", said, 0.55, number, region.spread(inside, other - arrived[inside])
        for axes in permutations(range(len(shape))):
            other = own.reshape([shape[k] for k in axes]).transpose(np.argsort(axes))
            said = say(
                "the gradient of `{name}` is reshaped to axes in the order {axes} at {site}",
                name=name,
                axes=axes,
                site=site,
            )
            yield "reshaped", said, 0.55, number, region.spread(inside, other - arrived[inside])


def _moves(region: Region, inside: Any, own: Any, said: str, number: int, first: int = 0) -> Iterator[Change]:
    """A gradient with its axes exchanged, its places shifted, turned or in another order; axes from the `first`."""
    for code, weight, how, other in _moved(own, first):
        text = say("{gradient} is {how}", gradient=said, how=how)
        yield code, text, weight, number, region.spread(inside, other - own)


def _running_sums(region: Region, inside: Any, own: Any, said: str, number: int) -> Iterator[Change]:
    """What comes back through a running sum is added up from its end; instead from its beginning, or not at all."""
    for axis in range(own.ndim):
        where = {"gradient": said, "along": along([axis])}
        forwards = say("{gradient} is added up from the beginning, not from the end, {along}", **where)
        left_out = say("{gradient} is not added up, {along}", **where)
        for code, text, sums in (
            ("other-derivative", forwards, np.cumsum(own, axis)),
            ("derivative-left-out", left_out, own),
        ):
            other = sums - shifted(sums, -1, axis)  # what has these sums from its end
            yield code, text, 0.5, number, region.spread(inside, other - own)


def _moves_each_turn(region: Region, inside: Any, own: Any, said: str, number: int) -> Iterator[Change]:
    """The same at each turn of a loop, where what comes back to the turn before was moved already."""
    numbered = np.arange(1.0, own.size + 1).reshape(own.shape)
    moves = [move for move in _moved(numbered, 1) if np.isin(move[3], [0, *numbered.flat]).all()]
    if not moves:
        return
    to = np.stack([other.ravel().astype(int) for *_, other in moves], axis=1)
    here = np.repeat(own.ravel()[:, None], len(moves), axis=1)
    arrived, change = here, np.zeros((len(region.nodes), len(moves)))
    for _ in own:
        change[inside] = np.take_along_axis(np.pad(arrived, ((1, 0), (0, 0))), to, axis=0) - arrived
        arrived = here + region.brought(change)[inside] - change[inside]
    for (code, weight, how, _), column in zip(moves, change.T, strict=True):
        yield code, say("{gradient} is {how}, in each iteration", gradient=said, how=how), weight, number, column


def _moved(own: Any, first: int) -> Iterator[tuple[str, float, str, Any]]:
    axes = [axis for axis in range(first, own.ndim) if own.shape[axis] > 1]
    for a, b in combinations(axes, 2):
        if own.shape[a] == own.shape[b]:
            how = say("taken with its axes {one} and {other} swapped", one=a - first, other=b - first)
            yield "transposed", 0.7, how, own.swapaxes(a, b)
    if own.ndim == first + 2:
        yield "reshaped", 0.8, say("reshaped in the wrong order"), own.swapaxes(-1, -2).reshape(own.shape)
    for axis in axes:
        where = along([axis - first])
        otherwise = say("put together {along} in another order", along=where)
        yield "off-by-one", 0.9, say("reversed {along}", along=where), np.flip(own, axis)
        mean = np.broadcast_to(own.mean(axis=axis, keepdims=True), own.shape)
        yield "mean-for-sum", 0.9, say("averaged {along}", along=where), mean
        for parts in (2, 3, 4):
            if own.shape[axis] % parts == 0 and own.shape[axis] > parts:
                blocks = np.split(own, parts, axis)
                for order in permutations(range(parts)):
                    if 0 < sum(k != place for place, k in enumerate(order)) < 4:
                        other = np.concatenate([blocks[k] for k in order], axis)
                        yield "reshaped", 0.8, otherwise, other
    for chosen, step in product(choices(axes, most=2), (1, -1)):
        how = say("shifted by one place {along}", along=along([axis - first for axis in chosen]))
        yield "off-by-one", 0.8, how, np.roll(own, (step,) * len(chosen), chosen)
        moved = own
        for axis in chosen:
            moved = shifted(moved, step, axis)
        yield "off-by-one", 0.8, how, moved
