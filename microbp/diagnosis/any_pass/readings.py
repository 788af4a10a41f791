"""What the gradient of a copied array means: that of the copy, or that of what was copied.

`hs[t] = h` puts copies of h into hs. If the next step uses `h`, not `hs[t]`, then the gradient of `hs` is, read
strictly, that of the copies alone; what people mean is that of the states. Both are right answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.trace import Recorded


def readings(trace: Recorded, names: Iterable[str]) -> dict[str, list[Any]]:
    """For each name the places in the graph that its gradient may belong to, the likeliest first."""
    owner = {place: name for name in reversed(list(trace)) for place in trace.places(name).tolist()}
    uses = np.bincount(trace.graph.source, minlength=len(trace.graph))
    return {name: _readings(trace, name, owner, uses) for name in names}


def _readings(trace: Recorded, name: str, owner: dict[int, str], uses: Any) -> list[Any]:
    own = trace.places(name)
    found = [own]
    unnamed = _origins(trace, own, lambda place: place in owner)
    if (unnamed != own).any() and (uses[unnamed[unnamed != own]] > 1).any():
        found.insert(0, unnamed)
    places = own
    for _ in range(2):
        places = _origins(trace, places, lambda place: False)
        found.append(places)
    return [places for k, places in enumerate(found) if not any(np.array_equal(places, p) for p in found[:k])]


def _origins(trace: Recorded, places: Any, stays: Any) -> Any:
    """What each element was copied from, unless that `stays` out of it."""
    origins = []
    for place in places.tolist():
        node = trace.graph.nodes[place]
        if node.op is not None and node.op.name == "identity":
            origin = trace.graph.place[node.inputs[0]]
            origins.append(place if stays(origin) else origin)
        else:
            origins.append(place)
    return np.array(origins, dtype=np.intp)
