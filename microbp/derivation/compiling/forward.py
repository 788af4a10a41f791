"""The forward pass in matrix form: `Z2 = A1 @ W2.T + b2`."""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from microbp.derivation.compiling.arrays import Linear, Map, Nodes, SourceArray, Total
from microbp.derivation.compiling.entries import stem
from microbp.derivation.compiling.references import Ref, References, product, sum_over
from microbp.derivation.compiling.scalar import INLINE, formula_of, partials_of
from microbp.engine import Value
from microbp.formula.folding import fold_constants
from microbp.formula.language import Formula


class ForwardSource(References):
    """The lines of the forward pass; what is short, without a label and used once stands where it is used.

    If the source need not be readable, so does what has a label, and a weighted sum: fewer arrays live side by side.
    """

    def forward(self, root: Value) -> Ref:
        """Every array, and what the root is called."""
        made = [a for a in self.groups.arrays if a.made is not None]
        for array in made:
            operands = operands_of(array)
            if any(self.groups.place[x][0] in self.needs for o in operands for x in o.flat if x in self.groups.place):
                self.needs.add(array)
        uses = self._uses(made)
        self.cost = ""
        last = self.groups.place[root][0]
        for array in made:
            if array is last and isinstance(array.made, Total) and self.sample and self.reduce:
                self._cost(array, array.made, root)
                break
            text = self._made(array)
            labels = [x.label for x in array.nodes.flat]
            inner = uses[array] == 1 and not (self.readable and any(labels)) and array is not last
            self.done.append(array)
            kinds = Map if self.readable else Map | Linear
            written = text.numpy()
            if inner and isinstance(array.made, kinds) and len(written) <= INLINE:
                self.text[array] = text
                continue
            named = stem(labels, (*array.shape, 1)[: array.batched + len(array.shape)])
            array.name = self.given.give(named or ("loss" if array is last else ""))
            self._line(array.name, text.numpy(), array, array.batched)
            self.text[array] = Formula.atom(array.name)
        if self.sample and self.reduce and last.nodes.size == 1:
            return Ref(
                self.text[last], "whole", last
            )  # of all samples at once, whether it has an axis of its own or not
        return self.ref(np.array(root, dtype=object))

    def _cost(self, array: SourceArray, made: Total, root: Value) -> None:
        """The root of all samples at once, where it is a sum: the sums of each are not needed then."""
        terms = []
        for ref in (self.ref(self._part(part)) for part in made.parts):
            alone = ref.kind in ("scalar", "number") and not self._batched(ref)
            term = ref.text if alone else self._summed(ref)
            term = sum_over(ref.text.numpy()) if self._batched(ref) else term
            if self.reduce == "mean" and self._batched(ref):
                term = Formula("x / m").substitute(x=term)
            if self.reduce == "sum" and not self._batched(ref):
                term = Formula("m * x").substitute(x=term)
            self.counts_rows |= term.numpy() != sum_over(ref.text.numpy()).numpy()
            terms.append(term)
        array.name = self.cost = self.given.give(stem([root.label]) or "loss")
        self.lines.append((array.name, f"{array.name} = {Formula.sum(terms).numpy()}", "()"))
        self.text[array] = Formula.atom(array.name)
        self.done.append(array)

    def _made(self, array: SourceArray) -> Formula:
        match array.made:
            case Map(op=op, operands=operands):
                return self._mapped(array, formula_of(op, self.textbook), self._named(array, op.inputs, operands))
            case Linear(dots=dots, terms=terms):
                products = [product(self.ref(x, True).text, self._weights(array, w, "forward")) for x, w in dots]
                named = self._named(array, [str(k) for k in range(len(terms))], terms) if not dots else {}
                return Formula.sum([*products, *(named.values() or (self._spread(self.ref(t), array) for t in terms))])
            case Total(parts=parts):
                return Formula.sum([self._summed(self.ref(self._part(part))) for part in parts])
        raise AssertionError(array)

    def _mapped(self, array: SourceArray, formula: Formula, named: dict[str, Formula]) -> Formula:
        """The formula of an array; what a number has decided may leave too little of it to fill the array: `where`."""
        assert isinstance(array.made, Map)
        numbers = {name: text for name, text in named.items() if text.number is not None}
        left = fold_constants(formula.substitute(**numbers)).names
        operands = dict(zip(array.made.op.inputs, array.made.operands, strict=True))
        if numbers and not any(self._fills(operands[name], array, array.batched) for name in left):
            text = fold_constants(formula.substitute(**named)).numpy()
            return Formula.atom(f"np.broadcast_to({text}, {self._shape(array, array.batched)})")
        return fold_constants(formula.substitute(**named))

    def _named(self, array: SourceArray, names: Sequence[str], operands: list[Nodes]) -> dict[str, Formula]:
        """The operands by name. One of them has the shape of the array, also where each is one number for all."""
        texts = [self._spread(ref, array) for ref in map(self.ref, operands)]
        if array.shape and all(self.ref(o).kind in ("scalar", "number") for o in operands):
            k = next(k for k, o in enumerate(operands) if self.ref(o).kind == "scalar")
            texts[k] = self.ref(operands[k], True).text
        return dict(zip(names, texts, strict=True))

    def _summed(self, ref: Ref) -> Formula:
        """The sum of an array, for each sample if it has samples."""
        if ref.kind == "scalar" or (ref.kind == "number" and ref.array is None):
            return ref.text
        rows = self._batched(ref)
        axes = f"axis={1 if ref.array is None or len(ref.array.shape) < 2 else (1, 2)}" if rows else ""
        return sum_over(ref.text.numpy(), axes)

    def _weights(self, array: SourceArray, weights: Nodes, way: str) -> Formula:
        """Shape (n, k) backward, its transpose forward; of a single number's weights, shape (k,)."""
        if not array.shape:
            return self.ref(weights[0], True).text
        ref = self.ref(weights, True)
        plain = Formula.atom(ref.array.name) if ref.kind == "turned" and ref.array else ref.text
        return plain if (way == "forward") == (ref.kind == "turned") else Formula.atom(f"{plain.numpy()}.T")

    def _uses(self, made: list[SourceArray]) -> Counter[SourceArray]:
        """How often each array stands in the text; what is not used whole counts as more than once."""
        uses: Counter[SourceArray] = Counter()
        for array in made:
            operands = operands_of(array)
            for k, o in enumerate(map(self._part, operands) if isinstance(array.made, Total) else operands):
                for owner in {self.groups.place[x][0] for x in o.flat if x in self.groups.place}:
                    self.expected[owner] += array in self.needs and owner in self.needs
                    whole = o.shape == owner.shape and all(map(operator.is_, o.flat, owner.nodes.flat))
                    times = 2 if not whole or isinstance(array.made, Linear) else 1
                    if isinstance(array.made, Map):
                        formula = formula_of(array.made.op, self.textbook).numpy()
                        times += max(0, len(re.findall(rf"\b{array.made.op.inputs[k]}\b", formula)) - 1)
                    if isinstance(array.made, Map) and array in self.needs:
                        times += sum(array.made.op.inputs[k] in p.names for p in self._partials(array.made))
                    uses[owner] += times
            if isinstance(array.made, Map) and array in self.needs:
                uses[array] += sum("out" in p.names for p in self._partials(array.made))
        return uses

    def _partials(self, made: Map) -> list[Formula]:
        """The derivatives that are asked for."""
        every = zip(partials_of(made.op, self.textbook), made.operands, strict=True)
        return [p for p, o in every if p is not None and any(map(self._needed, o.flat))]


def operands_of(array: SourceArray) -> list[Nodes]:
    """The nodes that an array is made from."""
    match array.made:
        case Map(operands=operands):
            return operands
        case Linear(dots=dots, terms=terms):
            return [*(nodes for dot in dots for nodes in dot), *terms]
        case Total(parts=parts):
            return parts
    return [array.nodes]
