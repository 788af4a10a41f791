"""A learner's lists and tuples of gradients: what stands where in them, told by the shapes.

>>> for form, arrays in name_arrays([[[0.1]], [[0.2]], [0.3], [0.4]], 2):
...     print(form, list(arrays))
list of arrays ['dW1', 'db1', 'dW2', 'db2']
list of arrays ['dW1', 'dW2', 'db1', 'db2']
list of arrays ['dW2', 'db2', 'dW1', 'db1']
list of arrays ['db1', 'db2', 'dW1', 'dW2']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from microbp.comparing.answers.arrays import depth, floats
from microbp.nn.array_names import array_name

Named = tuple[str, dict[str, Any]]


def loss_apart(given: Any) -> tuple[float | None, Any]:
    """The loss, if it stands before or after the gradients, and what is left.

    >>> loss_apart((0.3, [[[1.0]]], [[2.0]])), loss_apart(([[[1.0]]], [[2.0]]))
    ((0.3, ([[[1.0]]], [[2.0]])), (None, ([[[1.0]]], [[2.0]])))
    >>> loss_apart((0.3, {"dW1": [[1.0]]})), loss_apart(({"dW1": [[1.0]]}, 0.3))
    ((0.3, {'dW1': [[1.0]]}), (0.3, {'dW1': [[1.0]]}))
    """
    if isinstance(given, list | tuple) and len(given) > 1:
        for at, rest in ((0, given[1:]), (-1, given[:-1])):
            if _is_loss(given[at], rest) and all(isinstance(part, Mapping) or depth(part) for part in rest):
                loss = None if given[at] is None else float(floats("the loss", given[at]).item())
                return loss, rest[0] if len(rest) == 1 else rest
    return None, given


def _is_loss(value: Any, rest: Sequence[Any]) -> bool:
    """Whether it is one number, or None; beside a dict it may have brackets around it."""
    if isinstance(value, Mapping) or (depth(value) and not isinstance(rest[0], Mapping)):
        return False
    return np.size(value) == 1


def name_arrays(items: Sequence[Any], L: int) -> Iterator[Named]:
    """Every way to give names to a list of arrays, of lists, or of dicts, for L layers; the likeliest first."""
    if all(isinstance(item, Mapping) for item in items):
        yield from _dicts(items, L)
        return
    pairs = [(f"dW{l}", f"db{l}") for l in range(1, L + 1)]
    if not (len(items) == 2 and depth(items) > 3):  # else they are lists of matrices
        yield from _arrays(items, pairs)
    if len(items) == L and all(isinstance(item, list | tuple) and len(item) == 2 for item in items):
        for turn in (1, -1):
            ways = (zip(pair[::turn], item, strict=True) for pair, item in zip(pairs, items, strict=True))
            yield "a pair a layer", dict(chain(*ways))
    if len(items) == 2 and all(map(depth, items)):
        yield "dW and db", {"dW": items[0], "db": items[1]}
        yield "db and dW", {"db": items[0], "dW": items[1]}


def _arrays(items: Sequence[Any], pairs: Sequence[tuple[str, str]]) -> Iterator[Named]:
    """An array a layer, or all arrays in one order or another."""
    L = len(pairs)
    weights, biases = ([pair[k] for pair in pairs] for k in (0, 1))
    if L == 1 and depth(items) == 2 and len({len(item) if depth(item) else 0 for item in items}) == 1:
        yield "θ", {"theta1": items}
        yield "weights", {"dW1": items}
    if len(items) == L:
        yield "list of θ", {f"theta{l}": item for l, item in enumerate(items, 1)}
        yield "list of weights", dict(zip(weights, items, strict=True))
    if len(items) == 2 * L:
        for order in (chain(*pairs), [*weights, *biases], chain(*pairs[::-1]), [*biases, *weights]):
            yield "list of arrays", dict(zip(order, items, strict=True))


def _dicts(items: Sequence[Mapping[str, Any]], L: int) -> Iterator[Named]:
    """A dict for each layer, or several dicts that together have everything."""
    names = [{key: array_name(key) for key in item} for item in items]
    if len(items) == L and all(name and name.number is None for found in names for name in found.values()):
        yield (
            "a dict a layer",
            {
                ("theta" if name.kind == "theta" else f"d{name.kind}") + str(l): items[l - 1][key]
                for l, found in enumerate(names, 1)
                for key, name in found.items()
                if name
            },
        )
    merged: dict[str, Any] = {}
    for item in items:
        merged |= {key: value for key, value in item.items() if key not in merged}
    yield "dicts", merged
