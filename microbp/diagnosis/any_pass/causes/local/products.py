"""A product on the way, as it is with one factor transposed: `einsum` of three operands multiplies two first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph.sites import Sites
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say

MOST_AXES = 4
"""Factors of so many axes are transposed in every way."""


def other_products(trace: Recorded, sites: Sites, number: int) -> Iterator[tuple[str, Any]]:
    """(what it is made with, its numbers) for the product that a site has made, if it has made one alone."""
    site, nodes, data = sites.all[number], trace.graph.nodes, trace.graph.data
    if site.op not in ("dot", "mul") or len(site.arrays) != 1:
        return
    (made,) = site.arrays
    factors = [[trace.graph.place[x] for x in nodes[k].inputs] for k in made.ravel().tolist()]
    if len(set(map(len, factors))) != 1:
        return
    pairs = np.array(factors).reshape(made.size, -1, 2)
    for side in (0, 1):
        own, beside = pairs[..., side], data[pairs[..., 1 - side]]
        if (home := sites.home(own)) is None:
            continue
        base = sites.all[home[0]].arrays[home[1]]
        name = sites.names.get(int(base.ravel()[0]), sites.all[home[0]].text)
        for axes in permutations(range(base.ndim)) if base.ndim <= MOST_AXES else ():
            turned = base.transpose(axes)
            if turned.shape == base.shape and axes != tuple(range(base.ndim)):
                found = (data[turned.ravel()[sites.position[own]]] * beside).sum(axis=1)
                yield say("`{name}` transposed", name=name), found.reshape(made.shape)
