"""Losses, each composed from operations of the table: no new derivatives.

Outputs are given as m rows of n values (or one flat row), targets as numbers in the same shape. The names
and conventions are those of `microbp.vectorized`, which derives them a second time, in matrix form.

>>> from microbp import Value
>>> loss = LOSSES["half_squared_error"]([Value(0.75), Value(0.77)], [0.01, 0.99])
>>> loss.data
0.298
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.engine import OPS, Value
from microbp.engine.families import total
from microbp.errors import ShapeError, UnknownNameError, unknown
from microbp.nn import MLP

SMALLEST_PROBABILITY = 1e-12
"""What binary_cross_entropy takes the logarithm of instead of anything smaller, if its outputs are no sigmoids."""


def _rows(outputs: Any, targets: Any) -> list[tuple[NDArray[Any], list[float]]]:
    a = np.atleast_2d(np.array(outputs, dtype=object))
    y = np.atleast_2d(np.array(targets, dtype=np.float64))
    if a.shape != y.shape:
        raise ShapeError(f"a loss needs outputs and targets of the same shape (m, n_out), got {a.shape} and {y.shape}")
    return list(zip(a, y.tolist(), strict=True))


def _pairs(outputs: Any, targets: Any) -> list[tuple[Any, float]]:
    return [pair for row, y in _rows(outputs, targets) for pair in zip(row, y, strict=True)]


def _squares(outputs: Any, targets: Any) -> Value:
    """Σ (t − o)², over rows and outputs."""
    return total([(t - o) ** 2 for o, t in _pairs(outputs, targets)])


def _half_squares(outputs: Any, targets: Any) -> Value:
    """Σ ½(t − o)²: one ½ a share, as on paper."""
    return total([0.5 * (t - o) ** 2 for o, t in _pairs(outputs, targets)])


def _binary_cross_entropy(outputs: Any, targets: Any) -> Value:
    """Σ −[y log a + (1 − y) log(1 − a)], where the outputs a are probabilities.

    Of an output a = σ(z) the logarithms are taken from its net, −log a = softplus(−z) and −log(1 − a) = softplus(z), so
    that loss and gradient are right at every z, also where a is 0 or 1 in double precision. Of any other output no
    logarithm is taken of less than `SMALLEST_PROBABILITY`: finite at 0 and 1.

    >>> z = Value(-1000.0)
    >>> loss = LOSSES["binary_cross_entropy"]([z.sigmoid()], [1.0])
    >>> loss.backward()
    >>> loss.data, z.grad
    (1000.0, -1.0)
    >>> LOSSES["binary_cross_entropy"]([Value(0.0)], [1.0]).data
    27.631021115928547
    """
    rows = _rows(outputs, targets)
    terms = [
        surprise(a) * factor
        for row, y in rows
        for a, t in zip(row, y, strict=True)
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


def _hinge(outputs: Any, targets: Any) -> Value:
    """Σ max(0, 1 − y·a), for targets −1 and +1: the loss of micrograd's demo."""
    return total([(1 - t * a).relu() for a, t in _pairs(outputs, targets)])


def _softmax_cross_entropy(outputs: Any, targets: Any) -> Value:
    """Σ −y · log softmax(o), where the outputs o are logits; stable for logits of any size.

    >>> round(_softmax_cross_entropy([Value(1000.0), Value(999.0)], [0.0, 1.0]).data, 6)
    1.313262
    """
    terms = []
    rows = _rows(outputs, targets)
    for row, y in rows:
        # log Σ e^o is the largest logit plus log1p of the others: so 1 − p keeps its digits where p rounds to 1.
        k = max(range(len(row)), key=lambda j: row[j].data)
        largest, others = row[k], [o for j, o in enumerate(row) if j != k]
        if others:
            terms.append(total([(o - largest).exp() for o in others]).log1p() * sum(y))
        terms += [(largest - o) * t for o, t in zip(row, y, strict=True) if t and (o is not largest or not others)]
    return total(terms)


class Loss(NamedTuple):
    """A loss: what it is of each output, whether with a ½, and what it is averaged over, one of `OVER`.

    >>> Loss("squared_error", True, "samples").words, Loss("binary_cross_entropy", over="samples").name
    ('1/2m Σ(a − y)²', 'binary_cross_entropy')
    """

    of: str
    half: bool = False
    over: str = "sum"

    @property
    def name(self) -> str:
        """What it is called."""
        return _NAMES[self]

    @property
    def words(self) -> str:
        """The loss as a formula."""
        two = "2" * self.half
        before = {"sum": "½" if self.half else "", "samples": f"1/{two}m ", "elements": f"1/({two}m·n) "}[self.over]
        return before + _FORMULAS[self.of]

    def __call__(self, outputs: Any, targets: Any) -> Value:
        """The loss of outputs, m rows of n values (or one flat row), and targets in the same shape."""
        found = _half_squares(outputs, targets) if self.half else _SUMS[self.of](outputs, targets)
        rows = _rows(outputs, targets)
        return (
            found if self.over == "sum" else found / (len(rows) * (len(rows[0][1]) if self.over == "elements" else 1))
        )


OVER = ("sum", "samples", "elements")
"""What a loss is averaged over: nothing, the m samples, or all m·n outputs."""
_SUMS: dict[str, Callable[[Any, Any], Value]] = {
    "squared_error": _squares,
    "binary_cross_entropy": _binary_cross_entropy,
    "hinge": _hinge,
    "softmax_cross_entropy": _softmax_cross_entropy,
}
_FORMULAS = {
    "squared_error": "Σ(a − y)²",
    "binary_cross_entropy": "Σ −[y log a + (1 − y) log(1 − a)]",
    "hinge": "Σ max(0, 1 − y·a)",
    "softmax_cross_entropy": "Σ −y log softmax(a)",
}
LOSSES: dict[str, Loss] = {
    "half_squared_error": Loss("squared_error", True, "sum"),
    "half_squared_error_per_sample": Loss("squared_error", True, "samples"),
    "half_mean_squared_error": Loss("squared_error", True, "elements"),
    "squared_error": Loss("squared_error", False, "sum"),
    "squared_error_per_sample": Loss("squared_error", False, "samples"),
    "mean_squared_error": Loss("squared_error", False, "elements"),
    "binary_cross_entropy_sum": Loss("binary_cross_entropy", False, "sum"),
    "binary_cross_entropy": Loss("binary_cross_entropy", False, "samples"),
    "mean_binary_cross_entropy": Loss("binary_cross_entropy", False, "elements"),
    "hinge_sum": Loss("hinge", False, "sum"),
    "hinge": Loss("hinge", False, "samples"),
    "mean_hinge": Loss("hinge", False, "elements"),
    "softmax_cross_entropy_sum": Loss("softmax_cross_entropy", False, "sum"),
    "softmax_cross_entropy": Loss("softmax_cross_entropy", False, "samples"),
    "mean_softmax_cross_entropy": Loss("softmax_cross_entropy", False, "elements"),
}
"""Every loss by name."""
_NAMES = {loss: name for name, loss in LOSSES.items()}
half_squared_error, squared_error = LOSSES["half_squared_error"], LOSSES["squared_error"]
squared_error_per_sample, mean_squared_error = LOSSES["squared_error_per_sample"], LOSSES["mean_squared_error"]
binary_cross_entropy, hinge = LOSSES["binary_cross_entropy"], LOSSES["hinge"]
softmax_cross_entropy = LOSSES["softmax_cross_entropy"]
ALIASES = {
    "mse": "mean_squared_error",
    "sse": "squared_error",
    "bce": "binary_cross_entropy",
    "logistic": "binary_cross_entropy",
    "log_loss": "binary_cross_entropy",
    "categorical_cross_entropy": "softmax_cross_entropy",
}
"""What people call them as well; cross_entropy is the one that fits the output."""


def loss_named(name: str, half: bool | None = None, over: str | None = None, output: str = "sigmoid") -> str:
    """The name of a loss by any of its names, with a ½, and averaged over, as said; `output` is the activation.

    Raises `UnknownNameError` for another name, and for a ½ before what is no square.

    >>> loss_named("mse"), loss_named("squared_error", half=True, over="samples"), loss_named("bce", over="sum")
    ('mean_squared_error', 'half_squared_error_per_sample', 'binary_cross_entropy_sum')
    """
    name = name.lower().replace("-", "_").replace(" ", "_")
    if name == "cross_entropy":
        name = "binary_cross_entropy" if output == "sigmoid" else "softmax_cross_entropy"
    name = ALIASES.get(name, name)
    if name not in LOSSES:
        raise UnknownNameError(unknown("loss", name, [*LOSSES, *ALIASES, "cross_entropy"]))
    loss = LOSSES[name]
    if over is not None and over not in OVER:
        raise UnknownNameError(unknown("average", over, OVER))
    loss = Loss(loss.of, loss.half if half is None else half, loss.over if over is None else over)
    if loss not in _NAMES:
        raise UnknownNameError(f"a ½ stands before squared errors alone, not before {loss.of}: say half = false")
    return loss.name


def l2_penalty(weights: MLP | Sequence[Value], l2: float, m: int) -> Value:
    """λ/2m · Σ w², over the weights of a network (its biases are not penalised) or over the values given.

    >>> l2_penalty([Value(3.0), Value(4.0)], l2=0.2, m=5).data
    0.5
    """
    if isinstance(weights, MLP):
        weights = [w for matrix in weights.parameter_arrays()[::2] for w in matrix.flat]
    return total([w**2 for w in weights]) * (l2 / (2 * m))


def batch_loss(model: MLP, X: Any, Y: Any, loss: str, l2: float = 0.0, *, penalize_biases: bool = False) -> Value:
    """The loss of a whole batch as one graph: X of shape (m, n_in), Y of shape (m, n_out); with l2, plus λ/2m Σ w².

    Raises `UnknownNameError` for a loss that is not in `LOSSES`.
    """
    loss = loss_named(loss, output=model.activations()["output"])
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2:
        raise ShapeError(f"a batch needs X of shape (m, n_in), got {X.shape}. One sample is X.reshape(1, -1).")
    outputs = [np.atleast_1d(np.array(model(x), dtype=object)) for x in X.tolist()]
    root = LOSSES[loss](outputs, Y)
    if not l2:
        return root
    penalised = (
        list(dict.fromkeys(v for array in model.parameter_arrays() for v in array.flat)) if penalize_biases else model
    )
    return root + l2_penalty(penalised, l2, len(X))
