"""What the arrays of a pass are called, and which of them a gradient's name means.

>>> dict(flatten({"W": np.zeros(2), "hs": [np.zeros(1), np.ones(1)]}))
{'W': array([0., 0.]), 'hs[0]': array([0.]), 'hs[1]': array([1.])}
>>> [meant(key, ["W1", "hidden", "dist", "x"]) for key in ("dW1", "d_hidden", "d_dist", "dLdx", "∂L/∂x", "dy")]
['W1', 'hidden', 'dist', 'x', 'x', None]
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

_BEFORE = [
    re.compile(rf"{before}(?P<name>\w.*)")
    for before in ("d_", "d", "grad_", "gradient_", "grad", "g_", "g", "delta_", "nabla_", "∇", "d[A-Za-z]*_d_?")
]
_BEFORE += [re.compile(rf"{loss}(?P<name>\w.*)") for loss in ("d([A-Z]|loss|cost)d_?", r"[d∂]\w*/[d∂]_?")]
_AFTER = [re.compile(rf"(?P<name>.*\w){after}") for after in ("_grad", r"\.grad", "_gradient", "_g", "_bar")]


def flatten(nest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in a nest of dicts and lists with their names: `hs[0]`, `block.W`."""
    for key, x in nest.items():
        yield from _flatten(str(key), x)


def _flatten(name: str, x: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(x, Mapping):
        for key, inner in x.items():
            yield from _flatten(f"{name}[{key}]" if isinstance(key, int | np.integer) else f"{name}.{key}", inner)
    elif len(own := getattr(x, "names", ())) and isinstance(x, tuple):
        for part, inner in zip(own, x, strict=True):
            yield from _flatten(part, inner)
    elif isinstance(x, list | tuple) and any(isinstance(e, np.ndarray | Mapping | list | tuple) for e in x):
        for k, inner in enumerate(x):
            yield from _flatten(f"{name}[{k}]", inner)
    else:
        yield name, x


def shorten(names: Collection[str]) -> dict[str, str]:
    """Names without the dict that the arrays are in, where that leaves them different: `params.W1` is W1.

    >>> shorten(["params.W1", "params.blocks[0].W", "x", "cache.x"])
    {'params.W1': 'W1', 'params.blocks[0].W': 'blocks[0].W', 'x': 'x', 'cache.x': 'cache.x'}
    """
    tails = {name: re.sub(r"^\w+\.", "", name) for name in names}
    count = Counter(tails.values())
    return {name: tail if count[tail] == 1 else name for name, tail in tails.items()}


def meant(key: str, names: Collection[str]) -> str | None:
    """The quantity that a gradient of that name belongs to: itself, or without `d`, `grad_`, `_grad`; None if none is.

    A leading d is taken off only if the whole name is no quantity. Of a nest, the last part may carry it.
    """
    if key in names:
        return key
    for pattern in (*_BEFORE, *_AFTER):
        for text, head in _readings(key):
            if (match := pattern.fullmatch(text)) and head + match["name"] in names:
                return head + match["name"]
    head, dot, tail = key.partition(".")
    if dot and "[" not in head and (found := meant(tail, names)) is not None:
        return found
    short = [name for name in names if re.split(r"[.\]]", name)[-1] == key]
    if len(short) == 1:
        return short[0]
    for match in filter(None, (pattern.fullmatch(key) for pattern in _BEFORE)):
        short = [name for name in names if name.rpartition(".")[2] == match["name"]]
        if len(short) == 1:
            return short[0]
    return None


def _readings(key: str) -> list[tuple[str, str]]:
    """A name, and what stands before its last part, which may carry the d instead."""
    head, dot, tail = key.rpartition(".")
    return [(key, ""), (tail, head + dot)] if dot else [(key, "")]
