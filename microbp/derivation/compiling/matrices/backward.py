"""The backward pass in matrix form: `dW2 = dZ2.T @ A1`.

What stands here is the chain rule for four kinds of arrays: a weighted sum, a total, what is put side by side, and an
operation of the table on every element; the derivatives are the table's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from microbp.derivation.compiling.matrices.arrays import (
    DotProduct,
    Gather,
    Linear,
    Map,
    MatrixSource,
    Ref,
    SourceArray,
    Total,
)
from microbp.derivation.compiling.matrices.expressions import (
    Expr,
    Shape,
    atom,
    product,
    put_together,
    sizes,
    spread,
    sum_over,
    times,
)
from microbp.derivation.compiling.scalar import INLINE
from microbp.formula.folding import fold_constants, number_formula
from microbp.formula.language import Formula


class Contribution(NamedTuple):
    """What comes to the gradient of an array, or of a part of it."""

    to: Ref
    expr: Expr


def backward_lines(arrays: Sequence[SourceArray], root: Ref, source: MatrixSource) -> dict[SourceArray, Expr]:
    """The lines from the root to the arguments, and the gradients of these."""
    share = Formula("1.0 / m") if source.over_all and source.reduce == "mean" else number_formula(1.0)
    found: dict[SourceArray | None, list[Contribution]] = defaultdict(list)
    found[root.array].append(Contribution(root, Expr(share, False, ())))
    complete: dict[SourceArray | None, int] = {root.array: 0}
    for array in reversed(arrays):
        if array.needed and array.made is not None and array in found:
            grad, lines = _gradient(array, found.pop(array), source)
            source.lines += lines
            for arrived in _pulled(array, grad, source):
                found[arrived.to.array].append(arrived)
                complete.pop(arrived.to.array, None)
                complete[arrived.to.array] = len(source.lines)
    grads = {}
    for argument, at in reversed(complete.items()):  # its line stands where all that comes to it has come
        if argument is not None and argument in found:
            grads[argument], source.lines[at:at] = _gradient(argument, found[argument], source)
    return grads


def _gradient(
    array: SourceArray, found: Sequence[Contribution], source: MatrixSource
) -> tuple[Expr, list[tuple[str, str]]]:
    """All contributions as one, and its lines: none for a number, or what is short, has no label and is used once."""
    called = f"d{array.name}" if len(array.name.rstrip("0123456789")) == 1 else f"d_{array.name}"
    called, fallback = (called, "") if array.name else ("", "d1")
    rows, argument = source.grad_rows(array), array.made is None
    said = sizes(array.shape, rows)
    if any(c.to.at for c in found):
        name = source.given.give(called, fallback)
        lines = [(f"{name} = np.zeros({said})", said)]
        for to, expr in found:
            at = f"{':, ' * (rows and bool(to.at))}{to.at}"
            line = f"{name}{f'[{at}]' * bool(at)} += {expr.written}"
            if to.twice:
                line = f"np.add.at({name}, ({at.replace(':', 'slice(None)')}), {expr.written})"
            lines.append((line, ""))
        return Expr(atom(name), rows, array.shape), lines
    text = fold_constants(Formula.sum([c.expr.text for c in found]))
    grad = Expr(text, *spread([c.expr for c in found]))
    written, full = grad.written, grad.fills(array.shape, rows)
    if argument and (text.number is not None or not full):  # an array of its own, which may be written to
        of_number = f"np.full({said}, {written})"
        written = of_number if text.number is not None else f"np.broadcast_to({written}, {said}) + 0.0"
        full = True
        grad = Expr(grad.text, rows, array.shape)
    elif text.number is not None or written.isidentifier() or _stands(array, written, source):
        return grad, []
    name = source.given.give(called, fallback)
    if text.numpy() in source.shares:
        source.shares.add(name)
    return grad._replace(text=atom(name)), [(f"{name} = {written}", said if full else "")]


def _stands(array: SourceArray, written: str, source: MatrixSource) -> bool:
    """Whether a gradient stands where it is used, without a line of its own."""
    if not isinstance(array.made, Map | Total) or (source.readable and (any(array.labels) or "@" in written)):
        return False
    single = isinstance(array.made, Total) or sum(ref.needed for ref in array.refs) == 1
    return single and len(written) <= INLINE


def _pulled(array: SourceArray, grad: Expr, source: MatrixSource) -> Iterator[Contribution]:
    """What the gradient of an array contributes to those that it is made from."""
    rows = source.grad_rows(array)
    match array.made:
        case Map():
            operands = array.made.by_name(array.shape) | {"out": array.expr}
            for _, to, partial in array.made.derivatives(source.textbook):
                local = put_together(partial, operands)
                expr = Expr(times(grad.text, local.text), *spread([grad, local]))
                yield _given(to, expr, rows, array.shape, source)
        case Total(parts=parts):
            for to in parts:
                if to.needed:
                    arrived = _given(to, grad, rows, (), source)
                    yield arrived._replace(expr=arrived.expr.beside(to.shape))
        case Linear(dots=dots, terms=terms):
            for to in terms:
                if to.needed:
                    yield _given(to, grad, rows, array.shape, source)
            for dot in dots:
                yield from _pulled_dot(dot, grad.filled(array.shape, rows), rows, source)
        case Gather(elements=elements):
            whole = Expr(grad.filled(array.shape, rows), rows, array.shape)
            for at, to in zip(np.ndindex(*array.shape), elements, strict=True):
                if to.needed:
                    yield _given(to, whole.at(", ".join(map(str, at)), ()), rows, (), source)


def _pulled_dot(dot: DotProduct, d: Formula, rows: bool, source: MatrixSource) -> Iterator[Contribution]:
    """Of `x @ w.T`: what comes to x and to w; a single number's w is a vector, and its gradient d one number."""
    matrix, x, w = len(dot.w.shape) == 2, dot.x.expr, dot.w.expr
    column = atom(f"{d.numpy()}[:, None]") if rows else d
    if dot.x.needed:
        weights = atom(f"{w.written}.T") if dot.turned else w.text
        back = product(d, weights) if matrix else times(column, weights)
        yield _given(dot.x, Expr(back, rows, x.shape), rows, x.shape, source)
    if not dot.w.needed:
        return
    each_sample = rows and source.reduce is None
    summed = rows and not each_sample and not x.rows
    factors = [Expr(sum_over(d, [0]) if summed else d, rows and not summed, ()), x]
    a, b = reversed(factors) if dot.turned else factors
    if each_sample:
        left = atom(f"{a.written}[{':, ' * a.rows}:, None]") if matrix else column
        text = times(left, atom(f"{b.written}[:, None, :]") if matrix and b.rows else b.text)
    elif a.rows:
        text = product(atom(f"{a.written}.T") if matrix else a.text, b.text)
    else:
        text = atom(f"np.outer({a.written}, {b.written})") if matrix else times(a.text, b.text)
    yield Contribution(dot.w, Expr(text, each_sample, w.shape))


def _given(to: Ref, expr: Expr, rows: bool, shape: Shape, source: MatrixSource) -> Contribution:
    """A contribution of this shape, summed over what its target has not: samples, or elements.

    What is the same for all of them is not added up, but multiplied.
    """
    samples, elements = rows and not source.grad_rows(to.array), bool(shape) and not to.shape
    if not (samples or elements):
        return Contribution(to, expr)
    if expr.rows and expr.shape != shape:
        expr = Expr(expr.filled(shape, True), True, shape)
    axes = [0] * (samples and expr.rows) + [k + expr.rows for k in range(len(expr.shape))] * elements
    text = expr.text
    if axes:
        text = sum_over(text, axes if len(axes) < expr.rows + len(expr.shape) else ())
    if samples and not expr.rows:
        text = number_formula(1.0) if text.numpy() in source.shares else times(Formula("m"), text)
    if elements and not expr.shape:
        text = times(number_formula(float(np.prod(shape))), text)
    return Contribution(to, Expr(text, expr.rows and not samples, () if elements else expr.shape))
