"""What the source in matrix form is made of: arrays, and the four ways to make one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.engine import Value
from microbp.engine.ops import Op

Nodes = NDArray[Any]


class Map(NamedTuple):
    """The same operation on every element; each operand has a node for each element."""

    op: Op
    operands: list[Nodes]


class Linear(NamedTuple):
    """Σ X @ W.T, and terms added to it; `dots` holds the k inputs and the weights, of shape (n, k)."""

    dots: list[tuple[Nodes, Nodes]]
    terms: list[Nodes]


class Total(NamedTuple):
    """One number, the sum of all elements of the parts."""

    parts: list[Nodes]


class Gather(NamedTuple):
    """Elements from several places, side by side."""


@dataclass(eq=False)
class SourceArray:
    """An array of the source: of the shape it has for one sample, and how it is made; `None` for an argument."""

    name: str
    nodes: Nodes
    batched: bool
    made: Map | Linear | Total | Gather | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape for one sample."""
        return self.nodes.shape


def nodes_of(values: Iterable[Value]) -> Nodes:
    """Values in an array, whatever they have for NumPy to look into."""
    values = list(values)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
