"""What a node of a graph is to those who only look at it: they need not know how `Value` is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from microbp.engine.ops import Op


class Node(Protocol):
    """A number with the operation and the inputs that made it; a leaf has no operation and no inputs."""

    data: float
    grad: float
    label: str

    @property
    def op(self) -> Op | None:
        """The operation that made it."""

    @property
    def inputs(self) -> Sequence[Node]:
        """What it was made from, in order."""


def root_of(what: Any) -> Any:
    """The root of what has one, a problem or a trace; a value is its own.

    >>> root_of(3.0)
    3.0
    """
    root = getattr(what, "root", None)
    return root() if callable(root) else what
