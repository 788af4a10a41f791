"""Windows that are cut out of an array, in a loop or all at once, as they are with another stride, step or beginning.

>>> windows = np.array([0, 2, 4])[:, None] + 2 * np.arange(3)
>>> {said: found[1].tolist() for said, found in cut_otherwise(windows, 9).items()}
{'1 apart, not 2': [1, 3, 5], 'with a step of 1, not 2': [2, 3, 4]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along
from microbp.diagnosis.any_pass.graph.sites import Site, Sites
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say


def other_windows(trace: Recorded, sites: Sites, number: int) -> list[tuple[str, Any]]:
    """(how, places in the graph) of what a site hands on, if it is cut out otherwise: shaped (turns, *shape)."""
    if number not in sites.windows:
        sites.windows[number] = [*_other_windows(trace, sites, sites.all[number])]
    return sites.windows[number]


def _other_windows(trace: Recorded, sites: Sites, site: Site) -> Iterator[tuple[str, Any]]:
    if site.op != "identity" or len({a.shape for a in site.arrays}) != 1 or not site.arrays[0].ndim:
        return
    made = np.stack(site.arrays)
    source, home = _source(trace, sites, made.ravel())
    if home is None:
        return
    stacked = len(made) == 1 and sites.home(_inputs(trace, made.ravel())) is None  # its rows are the windows
    base, shape = sites.all[home[0]].arrays[home[1]], made.shape[stacked:]
    at = np.unravel_index(sites.position[source].reshape(shape), base.shape) if base.ndim else ()
    found: dict[str, dict[int, Any]] = {}
    for axis, own in enumerate(at):
        for said, other in cut_otherwise(own, base.shape[axis]).items():
            found.setdefault(said, {})[axis] = other
    for said, changes in found.items():
        for chosen in [[axis] for axis in changes] + [[*changes]] * (len(changes) > 1):
            places = base[tuple(changes[axis] if axis in chosen else own for axis, own in enumerate(at))]
            yield say("{how} {along}", how=said, along=along(chosen)), places.reshape(made.shape)


def _source(trace: Recorded, sites: Sites, places: Any) -> tuple[Any, tuple[int, int] | None]:
    """The places in one array that all of these are copies of, be it by way of copies, and the home of that array."""
    while (source := _inputs(trace, places)) is not None:
        if (home := sites.home(source)) is not None:
            return source, home
        places = source
    return places, None


def _inputs(trace: Recorded, places: Any) -> Any:
    """What these are copies of; None if not all are copies."""
    nodes = [trace.graph.nodes[k] for k in places.tolist()]
    if any(node.op is None or node.op.name != "identity" for node in nodes):
        return None
    return np.array([trace.graph.place[x] for node in nodes for x in node.inputs])


def cut_otherwise(own: Any, length: int) -> dict[str, Any]:
    """Other places along an axis of that length for windows of shape (turns, *shape), by how they are cut out."""
    first = own[(slice(None), *[slice(0, 1)] * (own.ndim - 1))]
    inner, least = own - first, own.min()
    apart = int(np.gcd.reduce((first - least).ravel()))
    every = {1: apart > 1, int(inner.max()) + 1: apart > 0}
    made = {
        say("{n} apart, not {right}", n=n, right=apart): least + (first - least) // max(1, apart) * n + inner
        for n, other in every.items()
        if other and n != apart
    }
    for axis in range(1, own.ndim):
        steps = np.unique(np.diff(own, axis=axis))
        if len(steps) == 1 and steps[0] > 1:
            places = np.arange(own.shape[axis]).reshape(-1, *[1] * (own.ndim - 1 - axis))
            made[say("with a step of 1, not {right}", right=steps[0])] = own - (steps[0] - 1) * places
    made |= {say("one place further"): own + 1, say("one place before"): own - 1}
    return {said: found for said, found in made.items() if found.min() >= 0 and found.max() < length}
