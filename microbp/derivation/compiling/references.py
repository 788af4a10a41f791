"""How the nodes of a group are written: an array, a part of one, one element for all, or several put side by side."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.compiling.arrays import Gather, Nodes, SourceArray
from microbp.derivation.compiling.entries import Identifiers
from microbp.derivation.compiling.grouping import Groups
from microbp.engine import Value
from microbp.formula.folding import number_formula
from microbp.formula.language import Formula

LONG = 40
"""A list of indices with so many letters stands above the function."""


class Ref(NamedTuple):
    """How nodes are written: an array, part of one ("index"), one element for all ("scalar"), turned, or a number."""

    text: Formula
    kind: str
    array: SourceArray | None = None
    at: str = ""
    twice: bool = False
    """Whether an element of the part stands in it twice, so that += would count it once."""


class References:
    """The names and the lines so far. `sample` is the argument that has a row for each sample, if there is one."""

    def __init__(
        self,
        groups: Groups,
        given: Identifiers,
        wrt: set[Value],
        sample: str,
        reduce: str | None,
        textbook: bool,
        readable: bool = True,
    ) -> None:
        self.groups, self.given, self.sample, self.reduce = groups, given, sample, reduce
        self.textbook, self.readable = textbook, readable
        self.constants: list[str] = []
        self.lines: list[tuple[str, str, str]] = []
        self.text = {a: Formula.atom(a.name) for a in groups.arrays if a.made is None}
        self.needs = {a for a in groups.arrays if a.made is None and any(x in wrt for x in a.nodes.flat)}
        self.done: list[SourceArray] = []
        self.grads: dict[SourceArray, Any] = defaultdict(list)
        self.counts_rows = False
        self.expected: Counter[SourceArray] = Counter()
        self._lists: dict[str, str] = {}
        self._refs: dict[tuple[Any, ...], Ref] = {}

    def ref(self, nodes: Nodes, vector: bool = False) -> Ref:
        """How these nodes are written; what stands in several places is put side by side first.

        What is one number for all is written once, unless it has to be a vector.
        """
        alike = {None if self.groups.constant(x) else x for x in nodes.flat}
        vector = vector and len(alike) == 1 and (nodes.size > 1 or None in alike)
        key = (vector, nodes.shape, *map(id, nodes.flat))
        if key not in self._refs:
            self._refs[key] = self._find(nodes, vector)
        return self._refs[key]

    def _find(self, nodes: Nodes, vector: bool) -> Ref:
        first = nodes.flat[0]
        if all(map(self.groups.constant, nodes.flat)):
            data = [x.data for x in nodes.flat]
            if len(set(data)) == 1 and not vector:
                return Ref(number_formula(data[0]), "number")
            name = self.given.give("", "c1")
            numbers = re.sub("nan|inf", r"np.\g<0>", str(np.reshape(data, nodes.shape).tolist()))
            self.constants.append(f"{name} = np.asarray({numbers})")
            return Ref(Formula.atom(name), "constant")
        arrays = {self.groups.place[x][0] if x in self.groups.place else None for x in nodes.flat}
        array = arrays.pop()
        if arrays or array is None:
            return self._gathered(nodes)
        at = np.array([self.groups.place[x][1] for x in nodes.flat]).reshape(nodes.shape)
        every = np.arange(array.nodes.size).reshape(array.shape)
        if not nodes.ndim or (nodes.size > 1 and all(x is first for x in nodes.flat) and not vector):
            index = index_of(array, at.flat[0])
            return Ref(self._indexed(array, index), "scalar", array, index)
        if np.array_equal(at, every):
            return Ref(self.text[array], "whole", array)
        if at.ndim == 2 and np.array_equal(at, every.T):
            return Ref(Formula.atom(f"{array.name}.T"), "turned", array)
        if not array.shape:
            return self._gathered(nodes)
        index = index_of(array, at, self._listed)
        return Ref(self._indexed(array, index), "index", array, index, len(np.unique(at)) < at.size)

    def _listed(self, index: list[Any]) -> str:
        """A list of indices; a long one gets a name, once."""
        text = str(index)
        if len(text) < LONG:
            return text
        if text not in self._lists:
            self._lists[text] = self.given.give("", "i1")
            self.constants.append(f"{self._lists[text]} = {text}")
        return self._lists[text]

    def _indexed(self, array: SourceArray, index: str) -> Formula:
        return Formula.atom(f"{array.name}[{index}]") if index else self.text[array]

    def _gathered(self, nodes: Nodes) -> Ref:
        array = SourceArray(self.given.give(""), nodes, any(map(self.groups.batched, nodes.flat)), Gather())
        elements = [self.ref(np.array(x, dtype=object)) for x in nodes.flat]
        texts = [e.text.numpy() for e in elements]
        if array.batched:
            self.counts_rows = True
            texts = [t if self._batched(e) else f"np.full(m, {t})" for t, e in zip(texts, elements, strict=True)]
            text = f"np.stack([{', '.join(texts)}], axis=-1)"
        else:
            text = f"np.asarray([{', '.join(texts)}])"
        text += f".reshape({self._shape(array, array.batched)})" if nodes.ndim > 1 else ""
        for element in elements:
            if element.array is not None:
                self.expected[element.array] = -1  # it gets a contribution for each of its elements
        self._line(array.name, text, array, array.batched)
        self.text[array] = Formula.atom(array.name)
        self.done.append(array)
        if any(e.array in self.needs for e in elements):
            self.needs.add(array)
        return Ref(self.text[array], "whole", array)

    def _part(self, part: Nodes) -> Nodes:
        array = self.groups.place[part[0]][0] if part[0] in self.groups.place else None
        if array is not None and array.nodes.size == part.size:
            return part.reshape(array.shape)
        return part.reshape(()) if part.size == 1 else part

    def _spread(self, ref: Ref, array: SourceArray) -> Formula:
        """An operand as it fits beside the array: a number for each sample gets an axis more."""
        if ref.kind == "scalar" and self._batched(ref) and array.shape:
            return with_axes(ref.text, len(array.shape))
        return ref.text

    def _batched(self, ref: Ref) -> bool:
        return ref.array is not None and ref.array.batched

    def _rows(self, array: SourceArray) -> bool:
        """Whether its gradient has a row for each sample."""
        return array.batched or (bool(self.sample) and self.reduce is None)

    def _fills(self, nodes: Nodes, array: SourceArray, rows: bool) -> bool:
        """Whether what these nodes are made into has the shape of the array, with a row for each sample or without."""
        ref = self.ref(nodes)
        if ref.array is None or (ref.kind == "scalar" and array.shape):
            return ref.kind == "constant" and not rows
        return self._batched(ref) or not rows

    def _shape(self, array: SourceArray, rows: bool | None = None) -> str:
        rows = self._rows(array) if rows is None else rows
        self.counts_rows |= rows
        return _tuple(array, rows)

    def _line(self, target: str, text: str, array: SourceArray | None, rows: bool) -> None:
        if array is None:
            self.lines.append((target, f"{target} += {text}" if target else text, ""))
            return
        self.lines.append((target, f"{target} = {text}", _tuple(array, rows)))

    def _needed(self, x: Value) -> bool:
        return x in self.groups.place and self.groups.place[x][0] in self.needs


def _tuple(array: SourceArray, rows: bool) -> str:
    sizes = ["m"] * rows + [str(n) for n in array.shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def index_of(array: SourceArray, at: Any, listed: Callable[[list[Any]], str] = str) -> str:
    """The index of these elements, which are numbered row by row; `listed` writes a list in it."""
    if not array.shape:
        return ""
    rows = [":"] * array.batched
    where = np.unravel_index(at, array.shape)
    if not np.ndim(at):
        return ", ".join([*rows, *(str(int(k)) for k in where)])
    parts: list[str] = []
    for axis, k in enumerate(where):
        bare = axis == len(where) - 1 and not any(":" in part for part in parts)  # an axis must stay
        if np.ndim(k) == 1 and len(set(k.tolist())) == 1 and len(where) > 1 and not bare:
            parts.append(str(int(k[0])))
        elif np.ndim(k) == 1 and (len(k) > 1 or bare) and np.array_equal(k, np.arange(k[0], k[0] + len(k))):
            parts.append(":" if len(k) == array.shape[axis] else f"{k[0]}:{k[0] + len(k)}")
        else:
            return ", ".join([*rows, *(listed(w.tolist()) for w in where)])
    return ", ".join([*rows, *parts])


def with_axes(text: Formula, rank: int) -> Formula:
    """A number for each sample, to stand beside arrays that have a row for each."""
    written = text.numpy()
    whole = re.fullmatch(r"[\w.]+(\[[^]]*\])?", written)
    return Formula.atom(f"{written if whole else f'({written})'}[:{', None' * rank}]")


def sum_over(text: str, axes: str = "") -> Formula:
    """A sum over some axes, or over all."""
    if text.isidentifier():
        return Formula.atom(f"{text}.sum({axes})")
    return Formula.atom(f"np.sum({text}{', ' if axes else ''}{axes})")


def product(a: Formula, b: Formula) -> Formula:
    """A matrix product, which is known to NumPy alone."""
    return Formula(ast.BinOp(a.tree, ast.MatMult(), b.tree))


def times(a: Formula, b: Formula) -> Formula:
    """A product, element by element."""
    return Formula("a * b").substitute(a=a, b=b)
