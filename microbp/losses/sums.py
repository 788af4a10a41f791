"""What losses add up for one sample, composed from operations of the table: no new derivatives.

Each takes the outputs of a sample and its targets, and gives its terms: one an output, where outputs have their own.

>>> from microbp import Value
>>> [round(term.data, 6) for term in half_squared_error([Value(0.75), Value(0.77)], [0.01, 0.99])]
[0.2738, 0.0242]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from microbp.engine import OPS, Value
from microbp.engine.families import total
from microbp.errors import ShapeError

SMALLEST_PROBABILITY = 1e-12
"""What binary_cross_entropy takes the logarithm of instead of anything smaller, if its outputs are no sigmoids."""


def rows(outputs: Any, targets: Any) -> list[tuple[list[Any], list[float]]]:
    """The outputs of each sample beside its targets. Raises `ShapeError` for shapes that differ."""
    a = np.atleast_2d(np.array(outputs, dtype=object))
    y = np.atleast_2d(np.array(targets, dtype=np.float64))
    if a.shape != y.shape:
        raise ShapeError(f"a loss needs outputs and targets of the same shape (m, n_out), got {a.shape} and {y.shape}")
    return list(zip(a.tolist(), y.tolist(), strict=True))


def half_squared_error(a: Sequence[Any], y: Sequence[float]) -> list[Value]:
    """½(t − o)²: one ½ a share, as on paper."""
    return [0.5 * (t - o) ** 2 for o, t in zip(a, y, strict=True)]


def squared_error(a: Sequence[Any], y: Sequence[float]) -> list[Value]:
    """(t − o)²."""
    return [(t - o) ** 2 for o, t in zip(a, y, strict=True)]


def binary_cross_entropy(a: Sequence[Any], y: Sequence[float]) -> list[Value]:
    """−[y log a + (1 − y) log(1 − a)], where the outputs a are probabilities.

    Of an output a = σ(z) the logarithms are taken from its net, −log a = softplus(−z) and −log(1 − a) = softplus(z), so
    that loss and gradient are right at every z, also where a is 0 or 1 in double precision. Of any other output no
    logarithm is taken of less than `SMALLEST_PROBABILITY`: finite at 0 and 1.

    >>> z = Value(-1000.0)
    >>> (loss,) = binary_cross_entropy([z.sigmoid()], [1.0])
    >>> loss.backward()
    >>> loss.data, z.grad
    (1000.0, -1.0)
    >>> binary_cross_entropy([Value(0.0)], [1.0])[0].data
    27.631021115928547
    """
    return [
        total(
            [_times(surprise(o), factor) for factor, surprise in ((t, _surprise), (1 - t, _surprise_of_rest)) if factor]
        )
        for o, t in zip(a, y, strict=True)
    ]


def _times(value: Value, factor: float) -> Value:
    """The product; of 1 nobody writes one."""
    return value if factor == 1.0 else value * factor


def _surprise(a: Any) -> Value:
    """−log a."""
    net = _net_of_sigmoid(a)
    found: Value = -a.max(SMALLEST_PROBABILITY).log() if net is None else (-net).softplus()
    found.label = f"−log({a.label})" if a.label else ""
    return found


def _surprise_of_rest(a: Any) -> Value:
    """−log(1 − a)."""
    net = _net_of_sigmoid(a)
    found: Value = -(1 - a).max(SMALLEST_PROBABILITY).log() if net is None else net.softplus()
    found.label = f"−log(1 − {a.label})" if a.label else ""
    return found


def _net_of_sigmoid(a: Any) -> Value | None:
    """The z of an output that is σ(z)."""
    return a.inputs[0] if isinstance(a, Value) and a.op is OPS["sigmoid"] else None


def hinge(a: Sequence[Any], y: Sequence[float]) -> list[Value]:
    """max(0, 1 − y·a), for targets −1 and +1: the loss of micrograd's demo."""
    margins = {1.0: lambda o: 1 - o, -1.0: lambda o: 1 + o}
    return [margins[t](o).relu() if t in margins else (1 - t * o).relu() for o, t in zip(a, y, strict=True)]


def softmax_cross_entropy(a: Sequence[Any], y: Sequence[float]) -> list[Value]:
    """−y · log softmax(o), where the outputs o are logits; stable for logits of any size. Its terms are no output's.

    With targets that are Values it is for any sample, of which the largest logit is not known: log Σ e^o as it stands.

    >>> round(sum(term.data for term in softmax_cross_entropy([Value(1000.0), Value(999.0)], [0.0, 1.0])), 6)
    1.313262
    """
    if any(isinstance(t, Value) for t in y):
        powers = [o.exp() for o in a]
        return [total(powers).log() * total(y), *(-t * o for o, t in zip(a, y, strict=True))]
    # log Σ e^o is the largest logit plus log1p of the others: so 1 − p keeps its digits where p rounds to 1.
    k = max(range(len(a)), key=lambda j: a[j].data)
    largest, others = a[k], [(j, o) for j, o in enumerate(a) if j != k]
    terms = []
    if others:
        powers = []
        for j, o in others:
            powers.append((o - largest).exp())
            powers[-1].label = f"e[{j}]"
        rest = total(powers)
        if len(others) > 1:
            rest.label = "Σe"
        terms.append(_times(rest.log1p(), sum(y)))
    apart = zip(a, y, strict=True)
    return terms + [_times(largest - o, t) for o, t in apart if not others or (t and o is not largest)]
