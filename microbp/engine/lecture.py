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
from functools import partial
from typing import Any

from microbp.engine.operands import real_number
from microbp.errors import OperandError

_SIGNS = {"×": "*", "−": "-", "÷": "/", "^": "**"}


def label_of(more: Sequence[Any]) -> str:
    """The label among what stands behind the data: it alone, or behind micrograd's inputs and sign.

    Raises `OperandError` if there are inputs: what is made from others is what an operation gives.

    >>> label_of(("w",)), label_of(((), "+", "w")), label_of(((), "+"))
    ('w', 'w', '')
    """
    if isinstance(more[0], str):
        return more[0]
    if len(more[0]):
        raise OperandError(f"Value(data, …) makes a leaf, and was given {len(more[0])} inputs. {_OWN_OPERATION}")
    return str(more[2]) if len(more) > 2 else ""


_OWN_OPERATION = (
    "Write a + b or a.tanh() for a value made from others; an operation of your own is a row with its derivatives, "
    'microbp.define(Op("cube", "x ** 3", ("3 * x ** 2",)))'
)


def pull_from_none(node: Any) -> None:
    """Goes on where a pullback stopped at an input whose grad is None, which means 0 here, as in PyTorch.

    Those before it have got their contribution. Called while a `TypeError` is handled, which is raised again if no grad
    is None; raises `OperandError` if a grad, or a number, is something else.
    """
    inputs = node.inputs
    for x in (node, *inputs):
        said = f"of {x.label!r}" if x.label else "of a value"
        if x.grad is not None and not isinstance(x.grad, float | int):
            raise OperandError(f"the grad {said} is {x.grad!r}, to which nothing can be added: set it to 0.0")
        real_number(x.data, f"the data {said}")
    if node.grad is not None and all(x.grad is not None for x in inputs):
        raise
    node.grad = node.grad or 0.0
    first = next((k for k, x in enumerate(inputs) if x.grad is None), len(inputs))
    for x in inputs:
        x.grad = 0.0 if x.grad is None else x.grad
    for x, local in [*zip(inputs, node.op.local(node), strict=True)][first:]:
        x.grad += node.grad * local


def _pull(node: Any) -> None:
    try:
        node.op.pull(node)
    except TypeError:
        pull_from_none(node)


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
        return partial(_pull, self)

    @_backward.setter
    def _backward(self, function: Any) -> None:
        """Refused: what comes back from an operation is in its row."""
        raise OperandError(f"_backward is made from the table of operations. {_OWN_OPERATION}")

    def item(self) -> float:
        """The number."""
        return self.data

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    def __float__(self) -> float:
        raise OperandError(
            "a value is not turned into a float by itself, since that forgets how it was made: write x.data for its "
            "number, x.exp() or np.exp(x) for math.exp(x), and begin an array that values are put into with "
            "np.zeros(shape, dtype=object)"
        )

    def __int__(self) -> int:
        raise OperandError("a value is not turned into an int, through which no gradient goes: write int(x.data)")
