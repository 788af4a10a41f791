"""What a node of a graph is to those who only look at it: they need not know how `Value` is built."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any, Protocol

from microbp.engine.ops import Op
from microbp.errors import OperandError


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
    """The root of what has one, a problem or a trace; a value is its own. Raises `OperandError` for anything else.

    >>> root_of(3.0)
    Traceback (most recent call last):
        ...
    microbp.errors.OperandError: this needs a Value, a problem or a trace, got 3.0 (float)
    """
    root = getattr(what, "root", None)
    found = root() if callable(root) else what
    if isinstance(found, type) or not hasattr(found, "graph"):
        got = f"{' '.join(reprlib.repr(what).split()):.60} ({type(what).__name__})"
        hint = "; the result of a network is one: call it" if callable(what) else ""
        raise OperandError(f"this needs a Value, a problem or a trace, got {got}{hint}")
    return found
