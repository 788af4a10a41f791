"""The backward pass in matrix form: `dW2 = dZ2.T @ A1`.

What stands here is the chain rule for three kinds of arrays, a weighted sum, a total, and an operation of the table on
every element; the derivatives are the table's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from microbp.derivation.compiling.arrays import Gather, Linear, Map, Nodes, SourceArray, Total
from microbp.derivation.compiling.forward import ForwardSource, operands_of
from microbp.derivation.compiling.references import Ref, index_of, product, sum_over, times, with_axes
from microbp.derivation.compiling.scalar import INLINE, partials_of
from microbp.formula.folding import fold_constants, number_formula
from microbp.formula.language import Formula


class Grad(NamedTuple):
    """A contribution to the gradient of an array, or of a part of it. `full`: of its shape, not to be spread yet."""

    text: Formula
    full: bool
    at: str = ""
    twice: bool = False


class Matrices(ForwardSource):
    """The lines of a graph in matrix form, forward and backward."""

    def backward(self, root: Ref) -> None:
        """The gradient of every array that needs one, from the last to the first."""
        assert root.array is not None
        seed = number_formula(1.0)
        if self.sample and self.reduce == "mean":
            self.counts_rows = True
            seed = Formula("1.0 / m")
        self.shares = {"1.0 / m"}  # and what it is called: m times that is 1
        self.grads[root.array].append(Grad(seed, False, root.at))
        for array in reversed(self.done):
            if array in self.needs and (found := self.grads.pop(array, None)):
                self._pull(array, self._gradient(array, found))

    def result(self, leaves: Nodes) -> str:
        """The gradient of these leaves in their shape, after `backward`."""
        every: dict[SourceArray, str] = {}
        for x in leaves.flat:
            array = self.groups.place[x][0]
            every[array] = every.get(array) or self._argument(array)
        ref = self.groups.place[leaves.flat[0]][0]
        if ref.shape == leaves.shape and all(a is b for a, b in zip(ref.nodes.flat, leaves.flat, strict=True)):
            return every[ref]
        texts = []
        for x in leaves.flat:
            array, k = self.groups.place[x]
            index = ", ".join([":"] * self._rows(array) + index_of(array, k).split(", ")[array.batched :])
            texts.append(f"{every[array]}[{index}]" if array.shape else every[array])
        if not leaves.shape:
            return texts[0]
        rows = all(self._rows(array) for array in every)
        text = f"np.stack([{', '.join(texts)}], axis=-1)" if rows else f"np.asarray([{', '.join(texts)}])"
        shape = self._shape(SourceArray("", leaves, rows))
        return f"{text}.reshape({shape})" if leaves.ndim > 1 else text

    def _argument(self, array: SourceArray) -> str:
        if array not in self.grads:
            return f"np.zeros({self._shape(array)})"
        if not isinstance(found := self.grads[array], Grad):
            found = self._gradient(array, found, named=True)
            self.grads[array] = found
        text = self._full(found, array).numpy()
        return text if found.full else f"{text} + 0.0"  # an array of its own, which may be written to

    def _gradient(self, array: SourceArray, found: list[Grad], named: bool = False) -> Grad:
        """All contributions as one, with a line of its own unless it is a number, or short, and used once."""
        called = f"d{array.name}" if len(array.name.rstrip("0123456789")) == 1 else f"d_{array.name}"
        whole = [grad for grad in found if not grad.at]
        full = any(grad.full for grad in whole)
        if len(whole) == len(found):
            text = fold_constants(Formula.sum([grad.text for grad in whole]))
            atom = text.numpy().isidentifier()
            labelled = self.readable and any(x.label for x in array.nodes.flat)
            short = not named and not labelled and isinstance(array.made, Map | Total)
            single = isinstance(array.made, Total) or sum(self._wanted(array)) == 1
            if (
                text.number is not None
                or atom
                or (short and single and ("@" not in text.numpy() or not self.readable) and len(text.numpy()) <= INLINE)
            ):
                return Grad(text, full)
            name = self.given.give(called if array.name else "", "d1")
            if full:
                self._line(name, text.numpy(), array, self._rows(array))
            else:
                self.lines.append((name, f"{name} = {text.numpy()}", ""))
                self.shares |= {name} if text.numpy() in self.shares else set()
            return Grad(Formula.atom(name), full)
        name = self.given.give(called if array.name else "", "d1")
        self._line(name, f"np.zeros({self._shape(array)})", array, self._rows(array))
        for grad in found:
            rows = ":, " if self._rows(array) and not array.batched and grad.at else ""
            if grad.twice:
                index = f"{rows}{grad.at}".replace(":", "slice(None)")
                self._line("", f"np.add.at({name}, ({index}), {grad.text.numpy()})", None, False)
            else:
                at = f"[{rows}{grad.at}]" if grad.at else ""
                self._line(f"{name}{at}", grad.text.numpy(), None, True)
        return Grad(Formula.atom(name), True)

    def _wanted(self, array: SourceArray) -> list[bool]:
        return [any(self._needed(x) for x in o.flat) for o in operands_of(array)]

    def _pull(self, array: SourceArray, grad: Grad) -> None:
        match array.made:
            case Map(op=op, operands=operands):
                named = self._named(array, op.inputs, operands) | {"out": self.text[array]}
                for partial, o in zip(partials_of(op, self.textbook), operands, strict=True):
                    if partial is not None and any(map(self._needed, o.flat)):
                        local = fold_constants(partial.substitute(**named))
                        text = fold_constants(Formula("u * p").substitute(u=grad.text, p=local))
                        known = {**dict(zip(op.inputs, operands, strict=True)), "out": array.nodes}
                        full = grad.full or any(
                            self._fills(known[name], array, self._rows(array)) for name in _left(partial, local)
                        )
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
                whole = self._full(grad, array).numpy()
                for at, x in np.ndenumerate(array.nodes):
                    if self._needed(x):
                        index = ", ".join([":"] * self._rows(array) + [str(k) for k in at])
                        one = SourceArray("", np.array(x, dtype=object), array.batched)
                        self._give(one.nodes, Grad(Formula.atom(f"{whole}[{index}]"), True), one)

    def _pull_dots(self, array: SourceArray, dots: list[tuple[Nodes, Nodes]], d: Formula) -> None:
        rows, column = self._rows(array), Formula.atom(f"{d.numpy()}[:, None]")
        for x, w in dots:
            ref = self.ref(x, True)
            if any(map(self._needed, x.flat)):
                weights = self._weights(array, w, "backward")
                back = product(d, weights) if array.shape else times(column if rows else d, weights)
                self._give(x, Grad(back, True), SourceArray("", x, array.batched))
            if not any(map(self._needed, w.flat)):
                continue
            inputs, turned = ref.text, array.shape and self.ref(w, True).kind == "turned"
            if not rows or (not self._batched(ref) and self.reduce is not None):
                total = sum_over(d.numpy(), "axis=0") if rows else d
                a, b = (inputs, total) if turned else (total, inputs)
                text = Formula.atom(f"np.outer({a.numpy()}, {b.numpy()})") if array.shape else times(a, b)
            elif self.reduce is not None:
                a, b = (inputs, d) if turned else (d, inputs)
                text = product(Formula.atom(f"{a.numpy()}.T") if array.shape else a, b)
            elif array.shape:
                each = [(d, True), (inputs, self._batched(ref))]
                (a, a_rows), (b, b_rows) = each[::-1] if turned else each
                text = times(
                    Formula.atom(f"{a.numpy()}{'[:, :, None]' if a_rows else '[:, None]'}"),
                    Formula.atom(f"{b.numpy()}[:, None, :]") if b_rows else b,
                )
            else:
                text = times(column, inputs)
            self._give(w if array.shape else w[0], Grad(text, True), None)

    def _give(self, nodes: Nodes, grad: Grad, array: SourceArray | None) -> None:
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
                said = "" if every else f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"
                grad = Grad(sum_over(self._full(grad, array).numpy(), said), True)
        self.grads[ref.array].append(Grad(grad.text, grad.full, ref.at, ref.twice))
        if ref.array.made is None and len(self.grads[ref.array]) == self.expected[ref.array]:
            self._argument(ref.array)  # all that comes has come

    def _give_total(self, part: Nodes, grad: Grad, array: SourceArray) -> None:
        ref = self.ref(part)
        assert ref.array is not None
        text, full = grad.text, False
        if self._rows(array) and not self._rows(ref.array):
            self.counts_rows |= not grad.full
            of_all = number_formula(1.0) if text.numpy() in self.shares else fold_constants(times(Formula("m"), text))
            text = sum_over(text.numpy()) if grad.full else of_all
        elif self._rows(array) and text.number is None and grad.full and ref.kind != "scalar":
            text = with_axes(text, len(ref.array.shape))
        elif ref.kind == "scalar":
            full = grad.full
        self.grads[ref.array].append(Grad(text, full, ref.at, ref.twice))

    def _full(self, grad: Grad, array: SourceArray) -> Formula:
        if grad.full:
            return grad.text
        return Formula.atom(f"np.broadcast_to({grad.text.numpy()}, {self._shape(array)})")


def _left(partial: Formula, local: Formula) -> list[str]:
    return [] if local.number is not None else list(partial.names)
