"""The operations for any number of inputs, each one node: a neuron's net, and a sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from microbp.engine.ops import FAMILIES, Op
from microbp.engine.value import Value, apply, constant
from microbp.errors import ShapeError


def affine(weights: Sequence[Value], inputs: Sequence[Any], bias: Any) -> Value:
    """A neuron's net, w1·x1 + … + wn·xn + b, as one node. Raises `ShapeError` if the lengths differ.

    Each product is rounded, and their sum once more, however many there are: it is `math.fsum`'s.

    >>> net = affine([Value(0.15), Value(0.2)], [0.05, 0.1], 0.35)
    >>> net.data, len(net.inputs)
    (0.3775, 5)
    """
    if len(weights) != len(inputs) or len(weights) == 0:
        raise ShapeError(
            "affine needs as many inputs as weights, and at least one, "
            f"got {len(weights)} weights and {len(inputs)} inputs"
        )
    op = FAMILIES["affine"].row(len(weights))
    ws, xs = ([as_value(v, op) for v in values] for values in (weights, inputs))
    return weighted_sum(op, ws, xs, as_value(bias, op))


def weighted_sum(op: Op, weights: Sequence[Value], inputs: Sequence[Value], bias: Value) -> Value:
    """The same, quicker, for what is known to fit: `op` is the row for so many weights, everything is a Value."""
    pairs = [bias] * (2 * len(weights) + 1)
    pairs[:-1:2] = weights
    pairs[1::2] = inputs
    return apply(op, tuple(pairs))


def total(values: Iterable[Any]) -> Value:
    """The sum of any number of values as one node; the sum of one value is that value.

    It is exact but for one rounding, as `math.fsum` is, in any order. Raises `ShapeError` for no values.

    >>> total([Value(1.0), 2, 3.5]).data, total([1e16, 1.0, -1e16]).data
    (6.5, 1.0)
    """
    values = list(values)
    if not values:
        raise ShapeError("total needs at least one value, got none")
    op = FAMILIES["total"].row(len(values))
    if len(values) == 1:
        return as_value(values[0], op)
    return apply(op, tuple([x if isinstance(x, Value) else constant(x, op) for x in values]))


def as_value(x: Any, op: Op) -> Value:
    """A value as it is, a number as a constant of `op`."""
    return x if isinstance(x, Value) else constant(x, op)
