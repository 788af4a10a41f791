"""What losses add up, over samples and outputs, composed from operations of the table: no new derivatives.

>>> from microbp import Value
>>> half_squared_error([Value(0.75), Value(0.77)], [0.01, 0.99]).data
0.298
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.engine import OPS, Value
from microbp.engine.families import total
from microbp.errors import ShapeError

SMALLEST_PROBABILITY = 1e-12
"""What binary_cross_entropy takes the logarithm of instead of anything smaller, if its outputs are no sigmoids."""


def rows(outputs: Any, targets: Any) -> list[tuple[NDArray[Any], list[float]]]:
    """The outputs of each sample beside its targets. Raises `ShapeError` for shapes that differ."""
    a = np.atleast_2d(np.array(outputs, dtype=object))
    y = np.atleast_2d(np.array(targets, dtype=np.float64))
    if a.shape != y.shape:
        raise ShapeError(f"a loss needs outputs and targets of the same shape (m, n_out), got {a.shape} and {y.shape}")
    return list(zip(a, y.tolist(), strict=True))


def pairs(outputs: Any, targets: Any) -> list[tuple[Any, float]]:
    """Each output beside its target."""
    return [pair for row, y in rows(outputs, targets) for pair in zip(row, y, strict=True)]


def half_squared_error(outputs: Any, targets: Any) -> Value:
    """Σ ½(t − o)²: one ½ a share, as on paper."""
    return total([0.5 * (t - o) ** 2 for o, t in pairs(outputs, targets)])


def squared_error(outputs: Any, targets: Any) -> Value:
    """Σ (t − o)²."""
    return total([(t - o) ** 2 for o, t in pairs(outputs, targets)])


def binary_cross_entropy(outputs: Any, targets: Any) -> Value:
    """Σ −[y log a + (1 − y) log(1 − a)], where the outputs a are probabilities.

    Of an output a = σ(z) the logarithms are taken from its net, −log a = softplus(−z) and −log(1 − a) = softplus(z), so
    that loss and gradient are right at every z, also where a is 0 or 1 in double precision. Of any other output no
    logarithm is taken of less than `SMALLEST_PROBABILITY`: finite at 0 and 1.

    >>> z = Value(-1000.0)
    >>> loss = binary_cross_entropy([z.sigmoid()], [1.0])
    >>> loss.backward()
    >>> loss.data, z.grad
    (1000.0, -1.0)
    >>> binary_cross_entropy([Value(0.0)], [1.0]).data
    27.631021115928547
    """
    terms = [
        surprise(a) * factor
        for a, t in pairs(outputs, targets)
        for factor, surprise in ((t, _surprise), (1 - t, _surprise_of_rest))
        if factor
    ]
    return total(terms)


def _surprise(a: Any) -> Value:
    """−log a."""
    net = _net_of_sigmoid(a)
    found: Value = -a.max(SMALLEST_PROBABILITY).log() if net is None else (-net).softplus()
    return found


def _surprise_of_rest(a: Any) -> Value:
    """−log(1 − a)."""
    net = _net_of_sigmoid(a)
    found: Value = -(1 - a).max(SMALLEST_PROBABILITY).log() if net is None else net.softplus()
    return found


def _net_of_sigmoid(a: Any) -> Value | None:
    """The z of an output that is σ(z)."""
    return a.inputs[0] if isinstance(a, Value) and a.op is OPS["sigmoid"] else None


def hinge(outputs: Any, targets: Any) -> Value:
    """Σ max(0, 1 − y·a), for targets −1 and +1: the loss of micrograd's demo."""
    return total([(1 - t * a).relu() for a, t in pairs(outputs, targets)])


def softmax_cross_entropy(outputs: Any, targets: Any) -> Value:
    """Σ −y · log softmax(o), where the outputs o are logits; stable for logits of any size.

    >>> round(softmax_cross_entropy([Value(1000.0), Value(999.0)], [0.0, 1.0]).data, 6)
    1.313262
    """
    terms = []
    for row, y in rows(outputs, targets):
        # log Σ e^o is the largest logit plus log1p of the others: so 1 − p keeps its digits where p rounds to 1.
        k = max(range(len(row)), key=lambda j: row[j].data)
        largest, others = row[k], [o for j, o in enumerate(row) if j != k]
        if others:
            terms.append(total([(o - largest).exp() for o in others]).log1p() * sum(y))
        terms += [(largest - o) * t for o, t in zip(row, y, strict=True) if t and (o is not largest or not others)]
    return total(terms)
