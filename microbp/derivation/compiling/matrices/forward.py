"""The forward pass in matrix form: `Z2 = A1 @ W2.T + b2`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from microbp.derivation.compiling.entries import stem
from microbp.derivation.compiling.matrices.arrays import Gather, Linear, Map, MatrixSource, Ref, SourceArray, Total
from microbp.derivation.compiling.matrices.expressions import (
    Expr,
    atom,
    product,
    put_together,
    sizes,
    stacked,
    sum_over,
)
from microbp.derivation.compiling.scalar import INLINE, formula_of
from microbp.formula.language import Formula


def forward_lines(arrays: Sequence[SourceArray], last: SourceArray | None, source: MatrixSource) -> bool:
    """The lines of all arrays; whether the last one is the root of all samples already.

    What is short, without a label and used once stands where it is used. If the source need not be readable, so does
    what has a label, and a weighted sum: fewer arrays live side by side.
    """
    uses = _uses(arrays, source)
    short = Map if source.readable else Map | Linear
    cost = False
    for array in arrays:
        if array.made is None:
            continue
        rows = array.rows
        if cost := array is last and isinstance(array.made, Total) and source.over_all:
            text, rows = _cost(array.made, source), False
        else:
            text = _made(array, source).filled(array.shape, rows)
        inner = uses[array] == 1 and not (source.readable and any(array.labels)) and array is not last
        if inner and isinstance(array.made, short) and len(text.numpy()) <= INLINE:
            array.text = text
            continue
        label = stem(array.labels, (*array.shape, 1)[: rows + len(array.shape)])
        array.name = source.given.give(label or ("loss" if array is last else ""))
        source.lines.append((f"{array.name} = {text.numpy()}", sizes(array.shape, rows)))
    return cost


def _made(array: SourceArray, source: MatrixSource) -> Expr:
    """How an array is made."""
    match array.made:
        case Map(op=op):
            return put_together(formula_of(op, source.textbook), array.made.by_name(array.shape))
        case Linear(dots=dots, terms=terms):
            upright = [atom(f"{w.expr.written}{'' if turned or len(w.shape) < 2 else '.T'}") for _, w, turned in dots]
            products = [product(dot.x.expr.text, w) for dot, w in zip(dots, upright, strict=True)]
            texts = [*products, *(term.expr.beside(array.shape).text for term in terms)]
            return Expr(Formula.sum(texts), array.rows, array.shape)
        case Total(parts=parts):
            return Expr(Formula.sum([_summed(part) for part in parts]), array.rows, ())
        case Gather(elements=elements):
            return stacked([element.expr for element in elements], array.shape)
    raise AssertionError(array)


def _summed(part: Ref) -> Formula:
    """The sum of an array, for each sample if it has samples."""
    text, rows, shape = part.expr
    return sum_over(text, range(1, 1 + len(shape)) if rows else ()) if shape else text


def _cost(made: Total, source: MatrixSource) -> Formula:
    """The root of all samples at once, where it is a sum: the sums of each are not needed then."""
    terms = []
    for part in made.parts:
        term = sum_over(part.expr.text) if part.expr.rows else _summed(part)
        if part.expr.rows and source.reduce == "mean":
            term = Formula("x / m").substitute(x=term)
        if not part.expr.rows and source.reduce == "sum":
            term = Formula("m * x").substitute(x=term)
        terms.append(term)
    return Formula.sum(terms)


def _uses(arrays: Sequence[SourceArray], source: MatrixSource) -> Counter[SourceArray | None]:
    """How often each array stands in the text; what is not used whole counts as more than once."""
    uses: Counter[SourceArray | None] = Counter()
    for array in arrays:
        for ref in array.refs:
            whole = ref.array is not None and ref.shape == ref.array.shape and not ref.at
            uses[ref.array] += 1 if whole and isinstance(array.made, Map | Total) else 2
        if isinstance(array.made, Map):
            written = formula_of(array.made.op, source.textbook).numpy()
            asked = [partial for _, _, partial in array.made.derivatives(source.textbook)]
            for name, ref in (*zip(array.made.op.inputs, array.made.operands, strict=True), ("out", Ref((), array))):
                uses[ref.array] += max(0, len(re.findall(rf"\b{name}\b", written)) - 1)
                uses[ref.array] += sum(name in partial.names for partial in asked)
    return uses
