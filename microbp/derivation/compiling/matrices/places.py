"""Where each number of the graph stands in the arrays: an array, a part of one, or elements put side by side.

>>> import numpy as np
>>> from microbp import Value
>>> x = np.array([[Value(1.0), Value(2.0), Value(3.0)], [Value(4.0), Value(5.0), Value(6.0)]])
>>> places = Places(Identifiers())
>>> places.add(SourceArray(x, rows=True, name="X"))
>>> [places.ref(x[at]).expr.written for at in (..., (1, 2, ...), (slice(2), 0), (1, slice(1, 3)), ([0, 1], [2, 0]))]
['X', 'X[:, 1, 2]', 'X[:, :, 0]', 'X[:, 1, 1:3]', 'X[:, [0, 1], [2, 0]]']
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from microbp.derivation.compiling.entries import Identifiers
from microbp.derivation.compiling.matrices.arrays import Gather, Nodes, Ref, SourceArray
from microbp.derivation.compiling.matrices.expressions import Shape, atom
from microbp.engine import Value
from microbp.formula.folding import number_formula

LONG = 40
"""A list of indices with so many letters stands above the function."""


class Places:
    """The arrays, those that others are made from first, and the names and constants that stand above the function."""

    def __init__(self, given: Identifiers) -> None:
        self.given = given
        self.arrays: list[SourceArray] = []
        self.constants: dict[str, str] = {}
        """The name of each, by what it is."""
        self._at: dict[Value, tuple[SourceArray, int]] = {}
        self._refs: dict[tuple[Any, ...], Ref] = {}

    def add(self, array: SourceArray) -> None:
        """One more array, made from those that are there."""
        self.arrays.append(array)
        for k, node in enumerate(array.nodes.flat):
            self._at.setdefault(node, (array, k))

    def array(self, x: Value) -> SourceArray | None:
        """The array that it stands in; `None` for a plain number, which is a leaf that is no argument."""
        return self._at[x][0] if x in self._at or x.op is not None else None

    def number(self, x: Value) -> int:
        """Which element of its array it is."""
        return self._at[x][1] if x in self._at else -1

    def rows(self, nodes: Nodes) -> bool:
        """Whether any of them is another number for each sample."""
        return any(array is not None and array.rows for array in map(self.array, nodes.flat))

    def ref(self, nodes: Nodes, vector: bool = False) -> Ref:
        """How these nodes are written; what stands in several places is put side by side first.

        What is one number for all is written once, unless it has to be a vector.
        """
        alike = {x if self.array(x) else None for x in nodes.flat}
        vector = vector and len(alike) == 1 and (nodes.size > 1 or None in alike)
        key = (vector, nodes.shape, *map(id, nodes.flat))
        if key not in self._refs:
            self._refs[key] = self._find(nodes, vector)
        return self._refs[key]

    def whole(self, nodes: Nodes) -> bool:
        """Whether they are all elements of an array, in its shape and order."""
        array = self.array(nodes.flat[0])
        return array is not None and array.shape == nodes.shape and all(map(_same, array.nodes.flat, nodes.flat))

    def _find(self, nodes: Nodes, vector: bool) -> Ref:
        arrays = {self.array(x) for x in nodes.flat}
        array = arrays.pop()
        if arrays:
            return self._gathered(nodes)
        if array is None:
            data = [x.data for x in nodes.flat]
            if len(set(data)) == 1 and not vector:
                return Ref((), constant=number_formula(data[0]))
            numbers = re.sub("nan|inf", r"np.\g<0>", str(np.reshape(data, nodes.shape).tolist()))
            return Ref(nodes.shape, constant=atom(self._above(f"np.asarray({numbers})", "c1")))
        if self.whole(nodes):
            return Ref(nodes.shape, array)
        at = np.array([self.number(x) for x in nodes.flat]).reshape(nodes.shape)
        if not nodes.ndim or (nodes.size > 1 and len(set(at.flat)) == 1 and not vector):
            return Ref((), array, self._index(array.shape, at.flat[0]))
        if not array.shape:
            return self._gathered(nodes)
        return Ref(nodes.shape, array, self._index(array.shape, at), len(np.unique(at)) < at.size)

    def _gathered(self, nodes: Nodes) -> Ref:
        elements = [self.ref(np.array(x, dtype=object)) for x in nodes.flat]
        array = SourceArray(nodes, self.rows(nodes), Gather(elements))
        self.arrays.append(array)
        return Ref(nodes.shape, array)

    def _index(self, shape: Shape, at: Any) -> str:
        """The index of these elements, which are numbered row by row."""
        where = np.unravel_index(at, shape)
        if not np.ndim(at):
            return ", ".join(str(int(k)) for k in where)
        parts: list[str] = []
        for axis, k in enumerate(where):
            bare = axis == len(where) - 1 and not any(":" in part for part in parts)  # an axis must stay
            if np.ndim(k) == 1 and len(set(k.tolist())) == 1 and len(where) > 1 and not bare:
                parts.append(str(int(k[0])))
            elif np.ndim(k) == 1 and (len(k) > 1 or bare) and np.array_equal(k, np.arange(k[0], k[0] + len(k))):
                parts.append(":" if len(k) == shape[axis] else f"{k[0]}:{k[0] + len(k)}")
            else:
                lists = [str(w.tolist()) for w in where]
                return ", ".join(text if len(text) < LONG else self._above(text, "i1") for text in lists)
        return ", ".join(parts)

    def _above(self, text: str, name: str) -> str:
        """The name of a constant, which gets its line above the function once."""
        if text not in self.constants:
            self.constants[text] = self.given.give("", name)
        return self.constants[text]


def _same(a: Value, b: Value) -> bool:
    return a is b
