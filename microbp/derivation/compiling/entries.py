"""What a compiled function takes and gives back, and what its variables are called.

>>> from microbp import Value
>>> names = Identifiers()
>>> w = [[Value(1.0, label="w[1][0,0]"), Value(2.0, label="w[1][0,1]")]]
>>> (entry,) = entries([w], names, "inputs")
>>> entry.name, entry.shape
('W1', (1, 2))
>>> names.give("net_h1"), names.give("lambda"), names.give("net h1"), names.give("w[1][0,0]")
('net_h1', 'lambda_', 'net_h1_2', 'w_1_0_0')
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, wraps
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.engine import Value
from microbp.errors import GraphError, OperandError, ShapeError

LONGEST = 32
"""A label with more letters is cut."""
_RESERVED = {*keyword.kwlist, *dir(builtins), "math", "np", "l", "O", "I", "learning_rate", "steps", "step"}
"""What a variable cannot be called, or should not: l, O and I are read as digits."""


class Identifiers:
    """The names of a piece of source: each once, and each an identifier whatever the label is."""

    def __init__(self, *taken: str) -> None:
        self._taken = {*taken}
        self._last: dict[str, int] = {}

    def give(self, label: str, fallback: str = "v1") -> str:
        """A name as near to the label as can be; without a label, the fallback."""
        text = unicodedata.normalize("NFKC", label)[: 4 * LONGEST]
        text = re.sub("_+", "_", "".join(c if f"a{c}".isidentifier() else " " for c in text).strip(" _"))
        text = re.sub(" +", "_", text)[:LONGEST].strip("_") or fallback
        text = text if text.isidentifier() else f"v{text}"
        counted = re.fullmatch(r"(d?[a-z])\d+", text) if not label else None
        start = counted[1] if counted else f"{text}_"
        name = text if text not in _RESERVED else start
        while name in self._taken:
            self._last[start] = self._last.get(start, 1) + 1
            name = f"{start}{self._last[start]}"
        self._taken.add(name)
        return name


class Entry(NamedTuple):
    """One argument, or one gradient that is given back: a Value, or an array of Values."""

    name: str
    leaves: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """() for a Value."""
        return self.leaves.shape


def entries(given: Sequence[Any], names: Identifiers, what: str, batch: Sequence[int] = ()) -> list[Entry]:
    """The entries of `inputs` or `wrt`, with names; those of the batch get an axis more.

    Raises `OperandError` and `GraphError` for what is no leaf."""
    if isinstance(given, Value) or not isinstance(given, Iterable):
        raise OperandError(f"{what} needs a list of Values, or of lists or arrays of them, got {given!r}")
    found = []
    for k, entry in enumerate(given):
        leaves = np.array(entry, dtype=object)
        for leaf in leaves.flat:
            if not isinstance(leaf, Value):
                raise OperandError(
                    f"{what}[{k}] must be a Value, or a list or array of Values in rows of one length, got {leaf!r}"
                )
            if leaf.op is not None:
                raise GraphError(f"{what}[{k}] needs leaves, got {leaf!r}, which {leaf.op.name} made from others")
        if not leaves.size:
            raise ShapeError(f"{what}[{k}] is empty")
        shape = (1,) * (k in batch) + leaves.shape
        found.append(Entry(names.give(stem([v.label for v in leaves.flat], shape), f"x{k + 1}"), leaves))
    return found


def check_once(found: Sequence[Entry]) -> None:
    """Raises `GraphError` for a leaf that stands in two places: it is one number, and can be given once."""
    seen: set[Value] = set()
    for entry in found:
        for leaf in entry.leaves.flat:
            if leaf in seen:
                raise GraphError(f"{leaf!r} stands twice in inputs: give what is shared once, as an entry of its own")
            seen.add(leaf)


def stem(labels: Sequence[str], shape: tuple[int, ...] = ()) -> str:
    """What the labels of an array have in common, without their last index: the array's name, matrices in capitals.

    >>> stem(["z[2][0]", "z[2][1]"], (2,)), stem(["net_h1", "net_h2"], (2,)), stem(["a", "b"], (2,))
    ('z2', 'net_h', '')
    """
    if not shape:
        return re.sub(r"^([^\W\d_]+)\[(\d+)\]$", r"\1\2", labels[0]) if len(labels) == 1 else ""
    stems = {re.sub(r"\[[\d, ]*\]$|_?\d+$", "", label) for label in labels}
    if len(stems) != 1:
        return ""
    found = re.sub(r"\[(\d+)\]", r"\1", stems.pop())
    return found[:1].upper() + found[1:] if len(shape) == 2 and re.fullmatch(r"[^\W\d_]\d*", found) else found


def checked(f: Callable[..., Any], arguments: Sequence[Entry], batch: Sequence[int]) -> Callable[..., Any]:
    """The function for arrays of these shapes alone, which NumPy would spread; what is no array yet is made one.

    It raises `ShapeError`, with the name and the shape that is needed.
    """

    @lru_cache
    def shapes(m: int) -> list[tuple[int, ...]]:
        return [(m, *entry.shape) if k in batch else entry.shape for k, entry in enumerate(arguments)]

    @wraps(f)
    def function(*given: Any) -> Any:
        try:
            fits = [x.shape for x in given] == shapes(given[batch[0]].shape[0] if batch else 0)
        except (AttributeError, IndexError):  # a list, or a plain number
            fits = False
        return f(*(given if fits else _fitted(given)))

    def _fitted(given: Sequence[Any]) -> list[Any]:
        arrays = [
            x if hasattr(x, "shape") or not shape else np.asarray(x) for x, shape in zip(given, shapes(1), strict=False)
        ]
        found = [np.shape(x) for x in arrays]
        m = next((found[k][0] for k in batch if k < len(found) and found[k]), 1)
        for entry, got, needed in zip(arguments, found, shapes(m), strict=False):
            if got != needed:
                raise ShapeError(f"{entry.name} needs the shape {needed}, got {got}")
        return arrays

    return function
