"""What a learner's forward pass returned, by name: the names stand in the last line of its code.

>>> returned_by((3.0, {"z": 2}))
{'z': 2, 'loss': 3.0}
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.names import names_inside, returned_name, returned_names
from microbp.engine.value import Value
from microbp.errors import OperandError, ProblemError, ShapeError

UPSTREAM = r"d_?\w+|g|grad\w*|upstream\w*|delta\w*"
"""What the gradient from above may be called: the first argument of a layer's backward pass."""
LOSSES = ("loss", "L", "l", "cost", "J", "E", "error", "total_loss", "objective")
"""What the loss may be called in a dict, likeliest first."""


def returned_by(returned: Any, function: Callable[..., Any] | None = None, upstream: Any = None) -> dict[str, Any]:
    """What a forward pass returned, by name, the loss as "loss".

    It may be the loss, a dict, or a tuple, of which the names stand in its last line. Of a layer alone, which returns
    its result (and a cache), the loss is the sum of its products with the gradient that comes from above, `upstream`.
    Raises `ProblemError` if there is no loss among it.
    """
    if upstream is not None:
        parts = tuple(returned) if isinstance(returned, tuple | list) else (returned,)
        if not isinstance(returned, tuple | list):
            name = returned_name(function)
        else:
            name = (returned_names(function, len(parts), bare=True) or [""])[0]
        rest = returned_by((0.0, *parts[1:]), function) if len(parts) > 1 else {}
        return {**rest, name or "out": parts[0], "loss": (parts[0] * upstream).sum()}
    if isinstance(returned, tuple | list):
        named: dict[str, Any] = {}
        names = returned_names(function, len(returned), bare=True) or [""] * len(returned)
        inside = names_inside(function, len(returned))
        for k, (name, part) in enumerate(zip(names, returned, strict=True)):
            if isinstance(part, Mapping) and not (name and all(isinstance(key, int | np.integer) for key in part)):
                named.update(part)
            elif isinstance(part, tuple) and len(inside[k]) == len(part):
                named[name or "cache"] = Cache(part, inside[k])
            elif name:
                named[name] = part
            elif "loss" not in named and _is_single(part):
                named["loss"] = part
        returned = named
    if not isinstance(returned, Mapping):
        return {"loss": _single(returned)}
    found = dict(returned)
    called = next((name for name in LOSSES if name in found and _is_single(found[name])), None)
    if called is None:
        single = [k for k, x in found.items() if isinstance(x, Value | float | np.floating)]
        called = single[-1] if single else next((name for name in LOSSES if name in found), None)
    if called is None:
        others = ", ".join(sorted(map(str, found)))
        raise ProblemError(
            f"forward returned no loss, only {others}: compute the loss there, or in a function that calls yours, and "
            f'return it beside them, `return loss, {others}`; in a dict call it "loss"'
        )
    found["loss"] = _single(found.pop(called))
    return found


def upstream_of(
    returned: Any, backward: Callable[..., Any] | None, arrays: Mapping[str, Any]
) -> tuple[str, Any] | None:
    """What a layer's backward pass calls the gradient from above, and that gradient: given, or random numbers.

    None if what forward returned has a loss, or nothing that such a gradient could be of.
    """
    out = returned[0] if isinstance(returned, tuple | list) and returned else returned
    if backward is None or not isinstance(out, np.ndarray) or out.size < 2:
        return None
    if isinstance(returned, tuple | list) and any(map(_is_single, returned)):
        return None
    name = next(iter(inspect.signature(backward).parameters), "")
    if name in arrays:
        return (name, arrays[name]) if np.shape(arrays[name]) == out.shape else None
    return (name, np.random.default_rng(0).normal(size=out.shape)) if re.fullmatch(UPSTREAM, name) else None


def cache_of(returned: Any) -> Any:
    """The one tuple, list or array that a forward pass returned beside its result; None for dicts, which are merged."""
    parts = returned if isinstance(returned, tuple | list) else ()
    nests = [part for part in parts if isinstance(part, tuple | list | Mapping)]
    if len(nests) == 1:
        return None if isinstance(nests[0], Mapping) else nests[0]
    return parts[1] if len(parts) == 2 and not nests and not _is_single(parts[1]) else None


def parts_by_name(returned: Any, function: Callable[..., Any] | None) -> dict[str, Any]:
    """What stands in a tuple that a forward pass returned, by the names in its last line, those in a tuple in it too.

    >>> parts_by_name((0.5, {"z": 1.0}), None)
    {}
    """
    if not isinstance(returned, tuple | list):
        return {}
    names = returned_names(function, len(returned), bare=True) or [""] * len(returned)
    found = {name: part for name, part in zip(names, returned, strict=True) if name}
    for own, part in zip(names_inside(function, len(returned)), returned, strict=True):
        if isinstance(part, tuple) and len(own) == len(part):
            found |= {name: inner for name, inner in zip(own, part, strict=True) if name not in found}
    return found


class Cache(tuple[Any, ...]):
    """What a forward pass returned as a tuple, `cache = (x, w, z)`, with the `names` that stand in its code."""

    names: Sequence[str]

    def __new__(cls, parts: Sequence[Any], names: Sequence[str]) -> Cache:
        """A tuple of these parts."""
        made = super().__new__(cls, parts)
        made.names = names
        return made


def _is_single(x: Any) -> bool:
    return isinstance(x, Value | float | int | np.number) or (isinstance(x, np.ndarray) and x.size == 1)


def _single(x: Any) -> Any:
    if x is None:
        raise ProblemError("forward returned nothing: is `return` missing?")
    if isinstance(x, np.ndarray):
        if x.size != 1:
            raise ShapeError(f"a loss is one number, got the shape {x.shape}: take its mean or its sum")
        return x.ravel()[0]
    if not _is_single(x):
        raise OperandError(f"a loss is one number, of Python's or NumPy's, got {x!r:.60} ({type(x).__name__})")
    return x
