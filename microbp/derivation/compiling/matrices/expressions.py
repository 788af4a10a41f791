"""Expressions of arrays, which know what they are spread over.

>>> z, b = Expr(atom("Z1"), True, (3,)), Expr(atom("b"), False, (3,))
>>> found = put_together(Formula("tanh(z + b)"), {"z": z, "b": b})
>>> found.written, found.rows, found.shape
('np.tanh(Z1 + b)', True, (3,))
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from microbp.formula.folding import fold_constants
from microbp.formula.language import Formula

Shape = tuple[int, ...]


class Expr(NamedTuple):
    """An expression that fits beside arrays of a shape: it has that, or is one element for all."""

    text: Formula
    rows: bool
    """Whether it has a row for each sample."""
    shape: Shape

    @property
    def written(self) -> str:
        """Its code."""
        return self.text.numpy()

    def at(self, index: str, shape: Shape) -> Expr:
        """What stands at an index of the array."""
        return Expr(atom(f"{self.written}[{':, ' * self.rows}{index}]"), self.rows, shape) if index else self

    def beside(self, shape: Shape) -> Expr:
        """As it fits beside an array: one number for each sample gets an axis more."""
        if not (self.rows and shape and not self.shape):
            return self
        single = re.fullmatch(r"[\w.]+(\[[^]]*\])?", self.written)
        return Expr(atom(f"{self.written if single else f'({self.written})'}[:{', None' * len(shape)}]"), True, ())

    def fills(self, shape: Shape, rows: bool) -> bool:
        """Whether it has this shape itself."""
        return self.shape == shape and self.rows >= rows

    def filled(self, shape: Shape, rows: bool) -> Formula:
        """Spread over the shape that it fits beside."""
        if self.fills(shape, rows):
            return self.text
        if self.text.number is not None:
            return atom(f"np.full({sizes(shape, rows)}, {self.written})")
        return atom(f"np.broadcast_to({self.written}, {sizes(shape, rows)})")


def atom(code: str) -> Formula:
    """Code that is known to NumPy alone."""
    return Formula.atom(code)


def sizes(shape: Shape, rows: bool) -> str:
    """The shape of an array as code, with `m` rows or without."""
    found = ["m"] * rows + [str(n) for n in shape]
    return f"({', '.join(found)}{',' * (len(found) == 1)})"


def spread(exprs: Sequence[Expr]) -> tuple[bool, Shape]:
    """What expressions beside each other are spread over together."""
    return any(e.rows for e in exprs), max((e.shape for e in exprs), key=len, default=())


def put_together(formula: Formula, operands: Mapping[str, Expr]) -> Expr:
    """A formula of operands. What a number has decided may leave too little of it to fill an array: `where`."""
    numbers = {name: expr.text for name, expr in operands.items() if expr.text.number is not None}
    left = fold_constants(formula.substitute(**numbers)) if numbers else formula
    text = fold_constants(formula.substitute(**{name: expr.text for name, expr in operands.items()}))
    return Expr(text, *spread([operands[name] for name in left.names]))


def stacked(elements: Sequence[Expr], shape: Shape) -> Expr:
    """Numbers as an array."""
    rows = any(e.rows for e in elements)
    texts = [e.written if e.rows >= rows else f"np.full(m, {e.written})" for e in elements]
    text = f"np.stack([{', '.join(texts)}], axis=-1)" if rows else f"np.asarray([{', '.join(texts)}])"
    return Expr(atom(f"{text}.reshape({sizes(shape, rows)})" if len(shape) > 1 else text), rows, shape)


def sum_over(text: Formula, axes: Sequence[int] = ()) -> Formula:
    """A sum over some axes, or over all."""
    written = text.numpy()
    over = f"axis={axes[0] if len(axes) == 1 else tuple(axes)}" if axes else ""
    if written.isidentifier():
        return atom(f"{written}.sum({over})")
    return atom(f"np.sum({written}{', ' * bool(over)}{over})")


def product(a: Formula, b: Formula) -> Formula:
    """A matrix product, which is known to NumPy alone."""
    return Formula(ast.BinOp(a.tree, ast.MatMult(), b.tree))


def times(a: Formula, b: Formula) -> Formula:
    """A product, element by element."""
    return fold_constants(Formula("a * b").substitute(a=a, b=b))
