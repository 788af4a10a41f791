"""What code from lectures on micrograd, and from PyTorch, asks of a value besides: the names by which they know it.

>>> from microbp import Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, (), "")
>>> c = a * b
>>> c.grad = 1.0
>>> c._backward()
>>> a.grad, b.grad, c._op, c._prev == {a, b}, f"{c:.2f}", c.item()
(-3.0, 2.0, '*', True, '-6.00', -6.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from microbp.errors import OperandError

_SIGNS = {"×": "*", "−": "-", "÷": "/", "^": "**"}


def label_of(more: Sequence[Any]) -> str:
    """The label among what stands behind the data: it alone, or behind micrograd's inputs and sign.

    >>> label_of(("w",)), label_of(((), "+", "w")), label_of(((), "+"))
    ('w', 'w', '')
    """
    label = more[0] if isinstance(more[0], str) else more[2] if len(more) > 2 else ""
    return str(label)


def refuse_missing_grads(order: Sequence[Any]) -> None:
    """Says which value has no number for a grad. Raises `OperandError` if one has not."""
    for node in order:
        for x in node.inputs:
            if not isinstance(x.grad, float | int):
                raise OperandError(
                    f"the grad of {x.label or 'a value'!r} is {x.grad!r}, to which nothing can be added: set it to 0.0 "
                    "or call zero_grad()"
                )


class Lecture:
    """Reads of a value by other names; nothing is kept for them."""

    __slots__ = ()

    data: float

    @property
    def _prev(self: Any) -> set[Any]:
        """The values it was made from, each once."""
        return set(self.inputs)

    @property
    def _op(self: Any) -> str:
        """The sign of the operation that made it, "" for a leaf."""
        return "" if self.op is None else _SIGNS.get(self.op.symbol, self.op.symbol)

    @property
    def _backward(self: Any) -> Callable[[], None]:
        """A function that adds what comes back from this value to the grads of its inputs."""
        if self.op is None:
            return lambda: None
        return lambda: self.op.pull(self)

    def item(self) -> float:
        """The number."""
        return self.data

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __float__(self) -> float:
        raise OperandError(
            "a value is not turned into a float by itself, since that forgets how it was made: take its number, x.data "
            "or begin an array that values are put into with np.zeros(shape, dtype=object)"
        )
