"""Products of arrays of values: every entry one node, whichever of NumPy's names the product goes by.

>>> from microbp.engine.value import Value
>>> a = np.array([[Value(1.0), Value(2.0)]], dtype=object)
>>> (entry,) = contract("ij,jk->ik", a, np.array([[3.0], [4.0]])).ravel()
>>> entry.data, entry.op.name, len(entry.inputs)
(11.0, 'dot2', 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from microbp.engine.arrays.recording import note, spend
from microbp.engine.families import as_value
from microbp.engine.ops import FAMILIES, OPS
from microbp.engine.value import apply
from microbp.errors import ShapeError

MOST_FACTORS = 100
"""A product of longer rows and columns is a sum of such ones."""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(subscripts: str, *operands: Any) -> Any:
    """`np.einsum` for object arrays: explicit or implicit subscripts, dots, any number of operands, from the left.

    Returns an object array of nodes. Raises `ShapeError` for subscripts that do not fit.
    """
    names, out = _read(subscripts, operands)
    arrays = [np.asarray(operand, dtype=object) for operand in operands]
    for name, array in zip(names, arrays, strict=True):
        if len(name) != array.ndim:
            raise ShapeError(f"einsum {subscripts!r}: {name!r} needs {len(name)} axes, got the shape {array.shape}")
    while len(arrays) > 2:
        rest = "".join(names[2:]) + out
        kept = "".join(dict.fromkeys(c for c in names[0] + names[1] if c in rest))
        arrays[:2] = [_pair(names[0], names[1], kept, *arrays[:2])]
        names[:2] = [kept]
    return _pair(names[0], names[1], out, *arrays) if len(arrays) == 2 else _single(names[0], out, arrays[0])


def matmul(a: Any, b: Any) -> Any:
    """`a @ b` for object arrays: stacks of matrices are broadcast."""
    a, b = (np.asarray(x, dtype=object) for x in (a, b))
    if not a.ndim or not b.ndim:
        raise ShapeError("@ needs arrays with at least one axis: multiply by a number with *")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ShapeError(f"@ needs as many columns on the left as rows on the right, got {a.shape} @ {b.shape}")
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    many = LETTERS[: len(stack)]
    left, right = "YZ" if a.ndim > 1 else "Z", "ZX" if b.ndim > 1 else "Z"
    if a.ndim > 1:
        a = np.broadcast_to(a, (*stack, *a.shape[-2:]))
    if b.ndim > 1:
        b = np.broadcast_to(b, (*stack, *b.shape[-2:]))
    many_a, many_b = many * (a.ndim > 1), many * (b.ndim > 1)
    out = many + left.replace("Z", "") + right.replace("Z", "")
    return contract(f"{many_a}{left},{many_b}{right}->{out}", a, b)


def dot(a: Any, b: Any) -> Any:
    """`np.dot`: the last axis of `a` with the last but one of `b`."""
    a, b = (np.asarray(x, dtype=object) for x in (a, b))
    if not a.ndim or not b.ndim:
        return contract(",", a, b) if a.ndim == b.ndim else tensordot(a, b, 0)
    return tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)]))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """`np.tensordot`: the axes named are summed over, all others stay."""
    a, b = (np.asarray(x, dtype=object) for x in (a, b))
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    over_a, over_b = ([k] if isinstance(k, int | np.integer) else list(k) for k in axes)
    names_a, names_b = list(LETTERS[: a.ndim]), list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(over_a, over_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"a product needs axes of one length, got {a.shape[i]} and {b.shape[j]}: {a.shape}, {b.shape}"
            )
        names_b[j] = names_a[i]
    out = [c for c in names_a + names_b if (c in names_a) + (c in names_b) == 1]
    return contract(f"{''.join(names_a)},{''.join(names_b)}->{''.join(out)}", a, b)


def _read(subscripts: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, dots written out."""
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(operands):
        raise ShapeError(f"einsum {subscripts!r} names {len(names)} operands, got {len(operands)}")
    free = [c for c in LETTERS if c not in subscripts]
    dots = [np.ndim(x) - len(n.replace("...", "")) if "..." in n else 0 for n, x in zip(names, operands, strict=True)]
    most = "".join(free[: max(dots)])
    names = [n.replace("...", most[len(most) - d :]) for n, d in zip(names, dots, strict=True)]
    if not arrow:
        letters = "".join(names)
        out = most + "".join(sorted(c for c in set(letters) - set(most) if letters.count(c) == 1))
    return names, out.replace("...", most)


def _single(name: str, out: str, array: Any) -> Any:
    places = _places(name, out, array.shape)
    elements = array.ravel()[places.reshape(-1, places.shape[-1])]
    row = FAMILIES["total"].row(places.shape[-1]) if places.shape[-1] != 1 else OPS["identity"]
    return _made(row, elements, places.shape[:-1])


def _pair(a: str, b: str, out: str, x: Any, y: Any) -> Any:
    summed = "".join(dict.fromkeys(c for c in a + b if c not in out))
    sizes: dict[str, int] = {}
    for c, n in [*zip(a, x.shape, strict=True), *zip(b, y.shape, strict=True)]:
        if sizes.setdefault(c, n) != n:
            raise ShapeError(f"a product needs axes of one length, got {sizes[c]} and {n}: {x.shape} and {y.shape}")
    terms = int(np.prod([sizes[c] for c in summed], dtype=int))
    shape = tuple(sizes[c] for c in out)
    spend(2 * terms * int(np.prod(shape, dtype=int)))
    pairs = np.empty((int(np.prod(shape, dtype=int)), 2 * terms), dtype=object)
    row = FAMILIES["dot"].row(terms) if terms != 1 else OPS["mul"]
    for k, (name, array) in enumerate(((a, x), (b, y))):
        places = _places(name, out, array.shape, sizes, summed)
        nodes = np.frompyfunc(lambda e: as_value(e, row), 1, 1)(array.ravel())
        pairs[:, k::2] = np.asarray(nodes, dtype=object)[places.reshape(pairs.shape[0], terms)]
    return _made(row, pairs, shape)


def _places(
    name: str, out: str, shape: tuple[int, ...], sizes: dict[str, int] | None = None, summed: str | None = None
) -> Any:
    """For each entry of the result the flat places of its terms in an operand: of shape (*result, terms)."""
    sizes = sizes or dict(zip(name, shape, strict=True))
    own = "".join(dict.fromkeys(name))
    summed = "".join(c for c in own if c not in out) if summed is None else summed
    places = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
    places = np.einsum(places, [LETTERS.index(c) for c in name], [LETTERS.index(c) for c in own])
    order = out + summed
    places = places.transpose([own.index(c) for c in order if c in own])
    places = places.reshape([sizes[c] if c in own else 1 for c in order])
    places = np.broadcast_to(places, [sizes[c] for c in order])
    return places.reshape(*[sizes[c] for c in out], -1)


def _made(row: Any, inputs: Any, shape: tuple[int, ...]) -> Any:
    made = np.empty(len(inputs), dtype=object)
    made[:] = [apply(row, tuple(terms)) for terms in inputs.tolist()]
    made = made.reshape(shape)
    note(row.family or row.name, made)
    return made


def _applied(row: Any, terms: list[Any]) -> Any:
    """One node; of very long products and sums a sum of parts, since a row for thousands of inputs is slow to make."""
    if len(terms) <= 2 * MOST_FACTORS:
        return apply(row, tuple(terms))
    parts = [terms[k : k + 2 * MOST_FACTORS] for k in range(0, len(terms), 2 * MOST_FACTORS)]
    family = FAMILIES[row.family]
    per = 2 if row.family == "dot" else 1
    return _applied(
        FAMILIES["total"].row(len(parts)), [apply(family.row(len(part) // per), tuple(part)) for part in parts]
    )
