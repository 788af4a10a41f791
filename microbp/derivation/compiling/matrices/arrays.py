"""What the source in matrix form is made of: arrays, and the four ways to make one from others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.derivation.compiling.entries import Identifiers
from microbp.derivation.compiling.matrices.expressions import Expr, Shape, atom
from microbp.derivation.compiling.scalar import partials_of
from microbp.engine import Value
from microbp.engine.ops import Op
from microbp.formula.language import Formula

Nodes = NDArray[Any]


class Ref(NamedTuple):
    """What others are made from: an array, or what stands at an index of it; without an array, constants."""

    shape: Shape
    array: SourceArray | None = None
    at: str = ""
    twice: bool = False
    """Whether an element stands in it twice, so that += would count it once."""
    constant: Formula = Formula("0.0")

    @property
    def needed(self) -> bool:
        """Whether its gradient is asked for."""
        return self.array is not None and self.array.needed

    @property
    def expr(self) -> Expr:
        """How it is written."""
        return self.array.expr.at(self.at, self.shape) if self.array else Expr(self.constant, False, self.shape)


class Map(NamedTuple):
    """The same operation on every element; an operand has the shape of the result, or is one element for all."""

    op: Op
    operands: Sequence[Ref]

    def by_name(self, shape: Shape) -> dict[str, Expr]:
        """The operands, as they fit beside what is made, by their names in the formulas of the operation."""
        return {name: ref.expr.beside(shape) for name, ref in zip(self.op.inputs, self.operands, strict=True)}

    def derivatives(self, textbook: bool) -> list[tuple[str, Ref, Formula]]:
        """Those by what needs a gradient, with its name."""
        every = zip(self.op.inputs, self.operands, partials_of(self.op, textbook), strict=True)
        return [(name, ref, partial) for name, ref, partial in every if partial is not None and ref.needed]


class DotProduct(NamedTuple):
    """`x @ w.T` for k inputs and weights of shape (n, k); `turned` if it is w.T that has this shape."""

    x: Ref
    w: Ref
    turned: bool


class Linear(NamedTuple):
    """The sum of products of matrices, and of terms."""

    dots: Sequence[DotProduct]
    terms: Sequence[Ref]


class Total(NamedTuple):
    """One number, the sum of all elements of the parts."""

    parts: Sequence[Ref]


class Gather(NamedTuple):
    """Elements from several places, side by side."""

    elements: Sequence[Ref]


@dataclass(eq=False)
class SourceArray:
    """An array of the source, of the shape that it has for one sample, and how it is made; `None` for an argument."""

    nodes: Nodes
    rows: bool
    """Whether it is another one for each sample."""
    made: Map | Linear | Total | Gather | None = None
    name: str = ""
    needed: bool = False
    """Whether its gradient is asked for."""
    text: Formula | None = None
    """The expression that stands where it is used, if that is not its name."""

    @property
    def expr(self) -> Expr:
        """How it is written."""
        return Expr(self.text or atom(self.name), self.rows, self.shape)

    @property
    def shape(self) -> Shape:
        """Its shape for one sample."""
        return self.nodes.shape

    @property
    def refs(self) -> Sequence[Ref]:
        """What it is made from."""
        if isinstance(self.made, Linear):
            return [*(ref for dot in self.made.dots for ref in (dot.x, dot.w)), *self.made.terms]
        return self.made[-1] if self.made else []  # the last field of each of the others

    @property
    def labels(self) -> list[str]:
        """What its elements are called in the graph."""
        return [x.label for x in self.nodes.flat]


def nodes_of(values: Iterable[Value]) -> Nodes:
    """Values in an array, whatever they have for NumPy to look into."""
    values = list(values)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


@dataclass
class MatrixSource:
    """How the source is to be written, and its lines so far."""

    given: Identifiers
    sample: str
    """The argument that has a row for each sample, if there is one."""
    reduce: str | None
    textbook: bool
    readable: bool
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Each with what stands behind it, the shape."""
    shares: set[str] = field(default_factory=lambda: {"1.0 / m"})
    """What one sample's part of a mean is called: m times it is 1."""

    @property
    def over_all(self) -> bool:
        """Whether the root is one number for all samples."""
        return bool(self.sample and self.reduce)

    def grad_rows(self, array: SourceArray | None) -> bool:
        """Whether its gradient has a row for each sample."""
        return bool(self.sample and self.reduce is None) or (array is not None and array.rows)
