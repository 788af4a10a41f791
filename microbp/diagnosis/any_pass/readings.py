"""What the gradient of a copied array means: that of the copy, or that of what was copied.

`hs[t] = h` puts copies of h into hs. If the next step uses `h`, not `hs[t]`, then the gradient of `hs` is, read
strictly, that of the copies alone; what people mean is that of the states. Both are right answers. So is, after
`A = A * mask; A = A / keep`, as dropout is written, a `dA` of the A before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.trace import Recorded
from microbp.engine.value import Constant, Value

STEPS = 2
"""A mask and a scale."""


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
    scaled: Any = own
    for _ in range(STEPS):
        scaled = None if scaled is None else _scaled(trace, scaled)
        found += [] if scaled is None else [scaled]
    return [places for k, places in enumerate(found) if not any(np.array_equal(places, p) for p in found[:k])]


def before_dropout(trace: Recorded, name: str) -> Any:
    """Where the array stands that this one was made of by a mask and a scale; None if it was made in another way."""
    found, places = None, trace.places(name)
    for _ in range(STEPS):
        made = _scaled(trace, places)
        if made is None:
            break
        masked = any(x.data == 0 for k in places.tolist() for x in trace.graph.nodes[k].inputs if _is_constant(x))
        found, places = made if masked or found is not None else None, made
    return found


def _scaled(trace: Recorded, places: Any) -> Any:
    """What each element was times, or divided by, a constant; None if that is not what made them."""
    made = []
    for place in places.tolist():
        node = trace.graph.nodes[place]
        varying = [] if node.op is None else [x for x in node.inputs if not _is_constant(x)]
        if node.op is None or node.op.name not in ("mul", "div") or len(varying) != 1:
            return None
        made.append(trace.graph.place[varying[0]])
    return np.array(made, dtype=np.intp)


def _is_constant(node: Value) -> bool:
    return isinstance(node, Constant)


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
