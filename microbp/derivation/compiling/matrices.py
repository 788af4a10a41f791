"""The forward and the backward pass in matrix form: `Z2 = A1 @ W2.T + b2`, `dW2 = dZ2.T @ A1`, found in a graph.

What stands here is the chain rule for three kinds of arrays, a weighted sum, a total, and an operation of the table on
every element; the derivatives are the table's.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.compiling.entries import Names, stem
from microbp.derivation.compiling.grouping import Array, Gather, Groups, Linear, Map, Nodes, Total
from microbp.derivation.compiling.scalar import INLINE
from microbp.engine import Value
from microbp.formula.folding import fold, number
from microbp.formula.language import Formula


class Ref(NamedTuple):
    """How nodes are written: an array, part of one ("index"), one element for all ("scalar"), turned, or a number."""

    text: Formula
    kind: str
    array: Array | None = None
    index: str = ""
    twice: bool = False
    """Whether an element of the part stands in it twice, so that += would count it once."""


class Grad(NamedTuple):
    """A contribution to the gradient of an array, or of a part of it. `full`: of its shape, not to be spread yet."""

    text: Formula
    full: bool
    index: str = ""
    twice: bool = False


class Matrices:
    """The lines of a graph in matrix form. `sample` is the argument that has a row for each sample, if there is one."""

    def __init__(self, groups: Groups, given: Names, wrt: set[Value], sample: str, reduce: str | None) -> None:
        self.groups, self.given, self.sample, self.reduce = groups, given, sample, reduce
        self.constants: list[str] = []
        self.lines: list[tuple[str, str, str]] = []
        self.text = {a: Formula.atom(a.name) for a in groups.arrays if a.made is None}
        self.needs = {a for a in groups.arrays if a.made is None and any(x in wrt for x in a.nodes.flat)}
        self.done: list[Array] = []
        self.grads: dict[Array, Any] = defaultdict(list)
        self.counts_rows = False
        self.expected: Counter[Array] = Counter()
        self._refs: dict[tuple[int, ...], Ref] = {}

    def forward(self, root: Value) -> Ref:
        """Every array, and what the root is called."""
        made = [a for a in self.groups.arrays if a.made is not None]
        for array in made:
            operands = _operands(array)
            if any(self.groups.place[x][0] in self.needs for o in operands for x in o.flat if x in self.groups.place):
                self.needs.add(array)
        uses = self._uses(made)
        for array in made:
            text = self._made(array)
            labels = [x.label for x in array.nodes.flat]
            inner = uses[array] == 1 and not any(labels) and root not in array.nodes
            self.done.append(array)
            if inner and isinstance(array.made, Map) and len(text.numpy()) <= INLINE:
                self.text[array] = text
                continue
            named = stem(labels, (*array.shape, 1)[: array.batched + len(array.shape)])
            array.name = self.given.give(named or ("loss" if root in array.nodes else ""))
            self._line(array.name, text.numpy(), array, array.batched)
            self.text[array] = Formula.atom(array.name)
        return self.ref(np.array(root, dtype=object))

    def backward(self, root: Ref) -> None:
        """The gradient of every array that needs one, from the last to the first."""
        assert root.array is not None
        seed = number(1.0)
        if self.sample and self.reduce == "mean":
            self.counts_rows = True
            seed = Formula("1 / m")
        self.grads[root.array].append(Grad(seed, False, root.index))
        for array in reversed(self.done):
            if array in self.needs and (found := self.grads.pop(array, None)):
                self._pull(array, self._gradient(array, found))

    def result(self, leaves: Nodes) -> str:
        """The gradient of these leaves in their shape, after `backward`."""
        every: dict[Array, str] = {}
        for x in leaves.flat:
            array = self.groups.place[x][0]
            every[array] = every.get(array) or self._argument(array)
        ref = self.groups.place[leaves.flat[0]][0]
        if ref.shape == leaves.shape and all(a is b for a, b in zip(ref.nodes.flat, leaves.flat, strict=True)):
            return every[ref]
        texts = []
        for x in leaves.flat:
            array, k = self.groups.place[x]
            index = ", ".join([":"] * self._rows(array) + _index(array, k).split(", ")[array.batched :])
            texts.append(f"{every[array]}[{index}]" if array.shape else every[array])
        if not leaves.shape:
            return texts[0]
        rows = all(self._rows(array) for array in every)
        text = f"np.stack([{', '.join(texts)}], axis=-1)" if rows else f"np.asarray([{', '.join(texts)}])"
        shape = self._shape(Array("", leaves, rows))
        return f"{text}.reshape({shape})" if leaves.ndim > 1 else text

    def _argument(self, array: Array) -> str:
        if array not in self.grads:
            return f"np.zeros({self._shape(array)})"
        if not isinstance(found := self.grads[array], Grad):
            found = self._gradient(array, found, named=True)
            self.grads[array] = found
        return self._full(found, array)

    def ref(self, nodes: Nodes, vector: bool = False) -> Ref:
        """How these nodes are written; what stands in several places is put side by side first.

        What is one number for all is written once, unless it has to be a vector.
        """
        alike = {None if self.groups.constant(x) else x for x in nodes.flat}
        vector = vector and len(alike) == 1 and (nodes.size > 1 or None in alike)
        key = (vector, nodes.ndim, *map(id, nodes.flat))
        if key not in self._refs:
            self._refs[key] = self._find(nodes, vector)
        return self._refs[key]

    def _find(self, nodes: Nodes, vector: bool) -> Ref:
        first = nodes.flat[0]
        if all(map(self.groups.constant, nodes.flat)):
            data = [x.data for x in nodes.flat]
            if len(set(data)) == 1 and not vector:
                return Ref(number(data[0]), "number")
            name = self.given.give("", "c1")
            self.constants.append(f"{name} = np.asarray({np.reshape(data, nodes.shape).tolist()})")
            return Ref(Formula.atom(name), "constant")
        arrays = {self.groups.place[x][0] if x in self.groups.place else None for x in nodes.flat}
        array = arrays.pop()
        if arrays or array is None:
            return self._gathered(nodes)
        at = np.array([self.groups.place[x][1] for x in nodes.flat]).reshape(nodes.shape)
        every = np.arange(array.nodes.size).reshape(array.shape)
        if not nodes.ndim or (nodes.size > 1 and all(x is first for x in nodes.flat) and not vector):
            index = _index(array, at.flat[0])
            return Ref(self._indexed(array, index), "scalar", array, index)
        if np.array_equal(at, every):
            return Ref(self.text[array], "whole", array)
        if at.ndim == 2 and np.array_equal(at, every.T):
            return Ref(Formula.atom(f"{array.name}.T"), "turned", array)
        if not array.shape:
            return self._gathered(nodes)
        index = _index(array, at)
        return Ref(self._indexed(array, index), "index", array, index, len(np.unique(at)) < at.size)

    def _indexed(self, array: Array, index: str) -> Formula:
        return Formula.atom(f"{array.name}[{index}]") if index else self.text[array]

    def _gathered(self, nodes: Nodes) -> Ref:
        array = Array(self.given.give(""), nodes, any(map(self.groups.batched, nodes.flat)), Gather())
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

    def _made(self, array: Array) -> Formula:
        match array.made:
            case Map(op=op, operands=operands):
                return fold(op.formula.substitute(**self._named(array, op.inputs, operands)))
            case Linear(dots=dots, terms=terms):
                texts = [f"{self.ref(x, True).text.numpy()} @ {self._weights(array, w, 'forward')}" for x, w in dots]
                named = self._named(array, [str(k) for k in range(len(terms))], terms) if not dots else {}
                return Formula.sum(
                    [*map(Formula.atom, texts), *(named.values() or (self._spread(self.ref(t), array) for t in terms))]
                )
            case Total(parts=parts):
                return Formula.sum([self._summed(self.ref(self._part(part))) for part in parts])
        raise AssertionError(array)

    def _named(self, array: Array, names: Sequence[str], operands: list[Nodes]) -> dict[str, Formula]:
        """The operands by name. One of them has the shape of the array, also where each is one number for all."""
        texts = [self._spread(ref, array) for ref in map(self.ref, operands)]
        if array.shape and all(self.ref(o).kind in ("scalar", "number") for o in operands):
            k = next(k for k, o in enumerate(operands) if self.ref(o).kind == "scalar")
            texts[k] = self.ref(operands[k], True).text
        return dict(zip(names, texts, strict=True))

    def _part(self, part: Nodes) -> Nodes:
        array = self.groups.place[part[0]][0] if part[0] in self.groups.place else None
        if array is not None and array.nodes.size == part.size:
            return part.reshape(array.shape)
        return part.reshape(()) if part.size == 1 else part

    def _summed(self, ref: Ref) -> Formula:
        if ref.kind == "scalar" or (ref.kind == "number" and ref.array is None):
            return ref.text
        axes = ", axis=1" if self._batched(ref) and ref.array and len(ref.array.shape) < 2 else ""
        axes = ", axis=(1, 2)" if self._batched(ref) and not axes else axes
        return Formula.atom(f"np.sum({ref.text.numpy()}{axes})")

    def _spread(self, ref: Ref, array: Array) -> Formula:
        """An operand as it fits beside the array: a number for each sample gets an axis more."""
        if ref.kind == "scalar" and self._batched(ref) and array.shape:
            return _with_axes(ref.text, len(array.shape))
        return ref.text

    def _weights(self, array: Array, weights: Nodes, way: str) -> str:
        """Shape (n, k) backward, its transpose forward; of a single number's weights, shape (k,)."""
        if not array.shape:
            return self.ref(weights[0], True).text.numpy()
        ref = self.ref(weights, True)
        plain = ref.array.name if ref.kind == "turned" and ref.array else ref.text.numpy()
        return plain if (way == "forward") == (ref.kind == "turned") else f"{plain}.T"

    def _batched(self, ref: Ref) -> bool:
        return ref.array is not None and ref.array.batched

    def _rows(self, array: Array) -> bool:
        """Whether its gradient has a row for each sample."""
        return array.batched or (bool(self.sample) and self.reduce is None)

    def _gradient(self, array: Array, found: list[Grad], named: bool = False) -> Grad:
        """All contributions as one, with a line of its own unless it is a number, or short, and used once."""
        called = f"d{array.name}" if len(array.name.rstrip("0123456789")) == 1 else f"d_{array.name}"
        whole = [grad for grad in found if not grad.index]
        full = any(grad.full for grad in whole)
        if len(whole) == len(found):
            text = fold(Formula.sum([grad.text for grad in whole]))
            atom = text.numpy().isidentifier()
            short = not named and not any(x.label for x in array.nodes.flat) and isinstance(array.made, Map | Total)
            single = isinstance(array.made, Total) or sum(self._wanted(array)) == 1
            if text.number is not None or atom or (short and single and _safe(text) and len(text.numpy()) <= INLINE):
                return Grad(text, full)
            name = self.given.give(called if array.name else "", "d1")
            if full:
                self._line(name, text.numpy(), array, self._rows(array))
            else:
                self.lines.append((name, f"{name} = {text.numpy()}", ""))
            return Grad(Formula.atom(name), full)
        name = self.given.give(called if array.name else "", "d1")
        self._line(name, f"np.zeros({self._shape(array)})", array, self._rows(array))
        for grad in found:
            rows = ":, " if self._rows(array) and not array.batched and grad.index else ""
            if grad.twice:
                index = f"{rows}{grad.index}".replace(":", "slice(None)")
                self._line("", f"np.add.at({name}, ({index}), {grad.text.numpy()})", None, False)
            else:
                at = f"[{rows}{grad.index}]" if grad.index else ""
                self._line(f"{name}{at}", grad.text.numpy(), None, True)
        return Grad(Formula.atom(name), True)

    def _wanted(self, array: Array) -> list[bool]:
        return [any(self._needed(x) for x in o.flat) for o in _operands(array)]

    def _needed(self, x: Value) -> bool:
        return x in self.groups.place and self.groups.place[x][0] in self.needs

    def _pull(self, array: Array, grad: Grad) -> None:
        match array.made:
            case Map(op=op, operands=operands):
                named = self._named(array, op.inputs, operands) | {"out": self.text[array]}
                for partial, o in zip(op.partial_formulas, operands, strict=True):
                    if partial is not None and any(map(self._needed, o.flat)):
                        local = fold(partial.substitute(**named))
                        text = fold(Formula("u * p").substitute(u=grad.text, p=local))
                        known = {**dict(zip(op.inputs, operands, strict=True)), "out": array.nodes}
                        full = grad.full or any(self._fills(known[name], array) for name in _left(partial, local))
                        self._give(o, Grad(text, full), array)
            case Total(parts=parts):
                for part in map(self._part, parts):
                    if any(map(self._needed, part.flat)):
                        self._give_total(part, grad, array)
            case Linear(dots=dots, terms=terms):
                for term in terms:
                    if any(map(self._needed, term.flat)):
                        self._give(term, grad, array)
                if dots:
                    self._pull_dots(array, dots, self._full(grad, array))
            case Gather():
                text = self._full(grad, array)
                for at, x in np.ndenumerate(array.nodes):
                    if self._needed(x):
                        index = ", ".join([":"] * self._rows(array) + [str(k) for k in at])
                        one = Array("", np.array(x, dtype=object), array.batched)
                        self._give(one.nodes, Grad(Formula.atom(f"{text}[{index}]"), True), one)

    def _pull_dots(self, array: Array, dots: list[tuple[Nodes, Nodes]], d: str) -> None:
        rows = self._rows(array)
        for x, w in dots:
            ref = self.ref(x, True)
            if any(map(self._needed, x.flat)):
                weights = self._weights(array, w, "backward")
                back = f"{d} @ {weights}" if array.shape else f"{d}{'[:, None]' if rows else ''} * {weights}"
                self._give(x, Grad(Formula.atom(back), True), Array("", x, array.batched))
            if not any(map(self._needed, w.flat)):
                continue
            inputs, turned = ref.text.numpy(), array.shape and self.ref(w, True).kind == "turned"
            a, b = (inputs, d) if turned else (d, inputs)
            if not rows or (not self._batched(ref) and self.reduce is not None):
                total = d if not rows else f"np.sum({d}, axis=0)"
                a, b = (inputs, total) if turned else (total, inputs)
                text = f"np.outer({a}, {b})" if array.shape else f"{a} * {b}"
            elif self.reduce is not None:
                text = f"{a}.T @ {b}" if array.shape else f"{a} @ {b}"
            elif array.shape:
                column, row = "[:, :, None]", "[:, None, :]"
                a, b = (
                    x if x == inputs and not self._batched(ref) else f"{x}{at}" for x, at in ((a, column), (b, row))
                )
                text = f"{a} * {b}"
            else:
                text = f"{d}[:, None] * {inputs}"
            self._give(w if array.shape else w[0], Grad(Formula.atom(text), True), None)

    def _give(self, nodes: Nodes, grad: Grad, array: Array | None) -> None:
        """A contribution to nodes, summed over what the array has and they have not; `None` for one that fits."""
        ref = self.ref(nodes, vector=array is None)
        assert ref.array is not None
        if array is not None:
            samples = self._rows(array) and not self._rows(ref.array)
            elements = bool(ref.kind == "scalar" and array.shape)
            if samples or elements:
                rows, rank = self._rows(array), len(array.shape)
                axes = ([0] if samples else []) + [k + rows for k in range(rank)] * elements
                every = len(axes) == rank + rows
                said = "" if every else f", axis={axes[0] if len(axes) == 1 else tuple(axes)}"
                grad = Grad(Formula.atom(f"np.sum({self._full(grad, array)}{said})"), True)
        self.grads[ref.array].append(Grad(grad.text, grad.full, ref.index, ref.twice))
        if ref.array.made is None and len(self.grads[ref.array]) == self.expected[ref.array]:
            self._argument(ref.array)  # all that comes has come

    def _give_total(self, part: Nodes, grad: Grad, array: Array) -> None:
        ref = self.ref(part)
        assert ref.array is not None
        text, full = grad.text, False
        if self._rows(array) and not self._rows(ref.array):
            text = Formula.atom(f"np.sum({self._full(grad, array)})")
        elif self._rows(array) and text.number is None and grad.full and ref.kind != "scalar":
            text = _with_axes(text, len(ref.array.shape))
        elif ref.kind == "scalar":
            full = grad.full
        self.grads[ref.array].append(Grad(text, full, ref.index, ref.twice))

    def _fills(self, nodes: Nodes, array: Array) -> bool:
        ref = self.ref(nodes)
        if ref.array is None or (ref.kind == "scalar" and array.shape):
            return ref.kind == "constant" and not self._rows(array)
        return self._batched(ref) or not self._rows(array)

    def _full(self, grad: Grad, array: Array) -> str:
        text = grad.text.numpy()
        if grad.full:
            return text
        return f"np.broadcast_to({text}, {self._shape(array)})"

    def _shape(self, array: Array, rows: bool | None = None) -> str:
        rows = self._rows(array) if rows is None else rows
        self.counts_rows |= rows
        sizes = ["m"] * rows + [str(n) for n in array.shape]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def _uses(self, made: list[Array]) -> Counter[Array]:
        """How often each array stands in the text; what is not used whole counts as more than once."""
        uses: Counter[Array] = Counter()
        for array in made:
            operands = _operands(array)
            for k, o in enumerate(map(self._part, operands) if isinstance(array.made, Total) else operands):
                for owner in {self.groups.place[x][0] for x in o.flat if x in self.groups.place}:
                    self.expected[owner] += array in self.needs and owner in self.needs
                    whole = o.shape == owner.shape and all(map(operator.is_, o.flat, owner.nodes.flat))
                    times = 2 if not whole or isinstance(array.made, Linear) else 1
                    if isinstance(array.made, Map) and array in self.needs:
                        times += sum(array.made.op.inputs[k] in p.names for p in self._partials(array.made))
                    uses[owner] += times
            if isinstance(array.made, Map) and array in self.needs:
                uses[array] += sum("out" in p.names for p in self._partials(array.made))
        return uses

    def _partials(self, made: Map) -> list[Formula]:
        """The derivatives that are asked for."""
        every = zip(made.op.partial_formulas, made.operands, strict=True)
        return [p for p, o in every if p is not None and any(map(self._needed, o.flat))]

    def _line(self, target: str, text: str, array: Array | None, rows: bool) -> None:
        if array is None:
            self.lines.append((target, f"{target} += {text}" if target else text, ""))
            return
        sizes = ["m"] * rows + [str(n) for n in array.shape]
        self.lines.append((target, f"{target} = {text}", f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"))


def _operands(array: Array) -> list[Nodes]:
    match array.made:
        case Map(operands=operands):
            return operands
        case Linear(dots=dots, terms=terms):
            return [*(nodes for dot in dots for nodes in dot), *terms]
        case Total(parts=parts):
            return parts
    return [array.nodes]


def _index(array: Array, at: Any) -> str:
    """The index of these elements, which are numbered row by row."""
    if not array.shape:
        return ""
    rows = [":"] * array.batched
    where = np.unravel_index(at, array.shape)
    if not np.ndim(at):
        return ", ".join([*rows, *(str(int(k)) for k in where)])
    parts = []
    for axis, k in enumerate(where):
        if np.ndim(k) == 1 and len(set(k.tolist())) == 1 and len(where) > 1:
            parts.append(str(int(k[0])))
        elif np.ndim(k) == 1 and len(k) > 1 and np.array_equal(k, np.arange(k[0], k[0] + len(k))):
            parts.append(":" if len(k) == array.shape[axis] else f"{k[0]}:{k[0] + len(k)}")
        else:
            return ", ".join([*rows, *(str(w.tolist()) for w in where)])
    return ", ".join([*rows, *parts])


def _with_axes(text: Formula, rank: int) -> Formula:
    """A number for each sample, to stand beside arrays that have a row for each."""
    written = text.numpy()
    return Formula.atom(f"{written if written.isidentifier() else f'({written})'}[:{', None' * rank}]")


def _left(partial: Formula, local: Formula) -> list[str]:
    return [] if local.number is not None else list(partial.names)


def _safe(text: Formula) -> bool:
    """Whether it keeps its meaning inside another formula: a matrix product is known to NumPy alone."""
    return "@" not in text.numpy()
