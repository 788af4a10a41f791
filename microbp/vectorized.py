"""Backpropagation derived by hand, in matrix form, with NumPy alone.

It shares no code with the rest of microbp: the scalar graph is checked against it. A network from many textbooks:

>>> W, b = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]], [[0.35, 0.35], [0.60, 0.60]]
>>> names = {"activation": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
>>> loss, dW, db = loss_and_gradients(W, b, [[0.05, 0.10]], [[0.01, 0.99]], **names)
>>> print(f"{loss:.9f}, ∂/∂w5 = {dW[1][0, 0]:.9f}, ∂/∂w1 = {dW[0][0, 0]:.9f}")
0.298371109, ∂/∂w5 = 0.082167041, ∂/∂w1 = 0.000438568

The derivation. A batch has one sample per row. With a0 = X, layer l = 1 … L computes the net
zl = a(l−1) @ Wlᵀ + bl and the activation al = f(zl). Let δl = ∂loss/∂zl, one row per sample. By the chain rule:

    δL  = ∂loss/∂aL ⊙ f′(zL)          since f acts on each entry by itself (⊙ multiplies entry by entry); but of a
                                      softmax aL ⊙ (∂loss/∂aL − Σ ∂loss/∂aL ⊙ aL), the sum over a row's outputs
    δl  = (δ(l+1) @ W(l+1)) ⊙ f′(zl)  since al[i,k] enters z(l+1)[i,j] with the factor W(l+1)[j,k], for every j
    dWl = δlᵀ @ a(l−1)                since Wl[j,k] enters zl[i,j] with the factor a(l−1)[i,k], for every row i
    dbl = column sums of δl           since bl[j] enters zl[i,j] with the factor 1, for every row i

An L2 penalty λ/(2m)·ΣW² adds (λ/m)·Wl to dWl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Arrays = Sequence[ArrayLike]
Names = str | Sequence[str]
SMALLEST_PROBABILITY = 1e-12  # of anything smaller binary_cross_entropy takes no logarithm


def _sigmoid(z: Array) -> Array:
    e = np.exp(-np.abs(z))  # never overflows
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "linear": (lambda z: z.copy(), lambda z, a: np.ones_like(z)),
    "sigmoid": (_sigmoid, lambda z, a: _sigmoid(z) * _sigmoid(-z)),  # 1 − a has lost its digits where a rounds to 1
    "tanh": (np.tanh, lambda z, a: 4.0 * _sigmoid(2.0 * z) * _sigmoid(-2.0 * z)),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z, a: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z, a: np.where(z > 0, 1.0, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))), lambda z, a: np.exp(np.minimum(z, 0.0))),
    "softplus": (lambda z: np.logaddexp(0.0, z), lambda z, a: _sigmoid(z)),
}
"""Every activation f by name: f(z), and f′ from z and a = f(z)."""


def _log(p: Array) -> tuple[Array, Array]:  # log max(p, ε) and its derivative, half of it at the tie
    clipped = np.maximum(p, SMALLEST_PROBABILITY)
    return np.log(clipped), np.heaviside(p - SMALLEST_PROBABILITY, 0.5) / clipped


def _log_softmax(a: Array) -> tuple[Array, Array, Array]:
    """Has log p, where the largest p of a row is, and 1 − p there: from the others, since that p may round to 1."""
    shifted, largest = a - a.max(axis=1, keepdims=True), np.arange(a.shape[1]) == a.argmax(axis=1)[:, None]
    others = np.where(largest, 0.0, np.exp(shifted)).sum(axis=1, keepdims=True)
    return shifted - np.log1p(others), largest, others / (1.0 + others)


def _cross_entropy_of_softmax_delta(a: Array, y: Array) -> Array:  # p·Σy − y
    (log_p, largest, rest), of_row = _log_softmax(a), y.sum(axis=1, keepdims=True)
    return np.asarray(np.where(largest, (of_row - y) - of_row * rest, np.exp(log_p) * of_row - y))


def softmax(a: Array) -> Array:
    """Has the probabilities that logits a of shape (m, n) stand for: each row adds up to 1."""
    return np.asarray(np.exp(_log_softmax(a)[0]))


OUTPUTS = ACTIVATIONS | {"softmax": (softmax, lambda z, a: a * (1.0 - a))}
"""The same, and what the last layer may make of its nets besides: of softmax only the diagonal of ∂a/∂z stands here."""
Loss = tuple[Callable[[Array, Array], Any], Callable[[Array, Array], Array]]
_BINARY = "binary_cross_entropy_sum", "binary_cross_entropy", "mean_binary_cross_entropy"
_SUMS: dict[tuple[str, ...], Loss] = {
    ("half_squared_error", "half_squared_error_per_sample", "half_mean_squared_error"): (
        lambda a, y: np.sum(0.5 * (y - a) ** 2), lambda a, y: a - y),
    ("squared_error", "squared_error_per_sample", "mean_squared_error"): (
        lambda a, y: np.sum((y - a) ** 2), lambda a, y: 2.0 * (a - y)),
    _BINARY: (
        lambda a, y: -np.sum(y * _log(a)[0] + (1.0 - y) * _log(1.0 - a)[0]),
        lambda a, y: -(y * _log(a)[1] - (1.0 - y) * _log(1.0 - a)[1])),
    ("hinge_sum", "hinge", "mean_hinge"): (
        lambda a, y: np.sum(np.maximum(0.0, 1.0 - y * a)), lambda a, y: np.where(1.0 - y * a > 0, -y, 0.0)),
    ("softmax_cross_entropy_sum", "softmax_cross_entropy", "mean_softmax_cross_entropy"): (
        lambda a, y: -np.sum(y * _log_softmax(a)[0]), _cross_entropy_of_softmax_delta),
}  # fmt: skip  # a loss reads best as one paragraph: its names, its sum, the derivative of that
_OF_NET: Loss = (  # −log σ(z) is softplus(−z), −log(1 − σ(z)) softplus(z): together a − y
    lambda z, y: np.sum(y * np.logaddexp(0.0, -z) + (1.0 - y) * np.logaddexp(0.0, z)),
    lambda z, y: (1.0 - y) * _sigmoid(z) - y * _sigmoid(-z),
)
_PARTS: tuple[Callable[[Array], int], ...] = (lambda a: 1, len, np.size)  # by what each of the three names divides


def _of_softmax(loss: Loss) -> Loss:  # ∂a[i,k]/∂z[i,j] = a[i,k]·(1{j = k} − a[i,j])
    def delta(z: Array, y: Array) -> Array:
        a = softmax(z)
        up = loss[1](a, y)
        return np.asarray(a * (up - (up * a).sum(axis=1, keepdims=True)))

    return lambda z, y: loss[0](softmax(z), y), delta


def _divided(loss: Loss, by: Callable[[Array], int]) -> Loss:
    return lambda a, y: loss[0](a, y) / by(a), lambda a, y: loss[1](a, y) / by(a)


LOSSES = {n: _divided(loss, by) for names, loss in _SUMS.items() for n, by in zip(names, _PARTS, strict=True)}
"""Every loss by name: loss and ∂loss/∂a, both from output activations a and targets y of shape (m, n_out)."""
LOSSES_OF_NET = {(name, "sigmoid"): _divided(_OF_NET, by) for name, by in zip(_BINARY, _PARTS, strict=True)}
LOSSES_OF_NET |= {(name, "softmax"): _of_softmax(loss) for name, loss in LOSSES.items()}
"""By loss and output activation: loss and ∂loss/∂z = δL from z and y, right also where a sigmoid rounds to 0 or 1."""


def forward(
    weights: Arrays, biases: Arrays, X: ArrayLike, *, activation: Names = "relu", output: str = "linear"
) -> tuple[list[Array], list[Array]]:
    """Computes the nets [z1 … zL] and the activations [X, a1 … aL] of a batch.

    weights[l] has shape (n_out, n_in), biases[l] (n_out,), X (m, n_in); each z and a has shape (m, n_out) of its layer.
    `activation` is one name for all hidden layers or a sequence with one for each. Raises `ValueError` for an unknown
    name and for shapes that do not fit.

    >>> [z.tolist() for z in forward([[[1, -1], [2, 0]], [[1, 3]]], [[0, -4], [0.5]], [[2, 1], [3, 5]])[0]]
    [[[1.0, 0.0], [-2.0, 2.0]], [[1.5], [6.5]]]
    """
    return _forward(_network(weights, biases, X, activation, output))


def deltas(
    weights: Arrays, biases: Arrays, X: ArrayLike, Y: ArrayLike,
    *, activation: Names = "relu", output: str = "linear", loss: str = "half_squared_error",
) -> list[Array]:  # fmt: skip
    """Computes the deltas [δ1 … δL], where δl = ∂loss/∂zl, with the 1/m of a loss that has one.

    Shapes and errors as for `forward`, Y (m, n_out); each δ has shape (m, n_out) of its layer.

    >>> [delta.tolist() for delta in deltas([[[1, -1], [2, 0]], [[1, 3]]], [[0, -4], [0.5]], [[2, 1]], [[1]])]
    [[[0.5, 0.0]], [[0.5]]]
    """
    network = _network(weights, biases, X, activation, output)
    return _deltas(network, *_forward(network), _targets(network, Y, loss), loss)


def loss_and_gradients(
    weights: Arrays, biases: Arrays, X: ArrayLike, Y: ArrayLike,
    *, activation: Names = "relu", output: str = "linear", loss: str = "half_squared_error", l2: float = 0.0,
    penalize_biases: bool = False, backward_weights: Arrays | None = None, checked: bool = False,
) -> tuple[float, list[Array], list[Array]]:  # fmt: skip
    """Computes the loss of a batch and its gradients [dW1 … dWL] and [db1 … dbL].

    Shapes and errors as for `deltas`; each gradient is shaped like its parameter. `l2` is the λ of a penalty
    λ/(2m)·ΣW², which leaves the biases alone. `backward_weights` take the place of the weights in the backward pass,
    as if these had been changed before the pass was over. In a loop what was `checked` before is taken as it is.

    >>> loss, dW, db = loss_and_gradients([[[2, -1]]], [[1]], [[1, 1], [3, 0]], [[0], [6]], l2=0.4)
    >>> loss, dW[0].round(6).tolist(), db[0].tolist()
    (3.0, [[5.4, 1.8]], [3.0])
    """
    network = _network(weights, biases, X, activation, output, checked)
    y: Any = Y if checked else _targets(network, Y, loss)
    zs, activations = _forward(network)
    of_net = LOSSES_OF_NET.get((loss, network.names[-1]))
    total = float(of_net[0](zs[-1], y) if of_net else LOSSES[loss][0](activations[-1], y)) + 0.0  # no −0.0
    if l2:
        total += l2 / 2 / len(y) * sum(float(np.sum(p**2)) for p in network.weights + network.biases * penalize_biases)
    if backward_weights is not None:
        network = _network(backward_weights, biases, X, activation, output, checked)
    ds = _deltas(network, zs, activations, y, loss)
    of_weights, of_biases = l2 / len(y), l2 / len(y) if penalize_biases else 0.0
    dW = [d.T @ a + of_weights * W for d, a, W in zip(ds, activations[:-1], network.weights, strict=True)]
    return total, dW, [d.sum(axis=0) + of_biases * b for d, b in zip(ds, network.biases, strict=True)]


class _Network(NamedTuple):
    weights: list[Array]
    biases: list[Array]
    X: Array
    names: list[str]  # the activation of each layer


def _forward(network: _Network) -> tuple[list[Array], list[Array]]:
    zs, activations = [], [network.X]
    for W, b, name in zip(network.weights, network.biases, network.names, strict=True):
        zs.append(activations[-1] @ W.T + b)
        activations.append(OUTPUTS[name][0](zs[-1]))
    return zs, activations


def _deltas(network: _Network, zs: list[Array], activations: list[Array], y: Array, loss: str) -> list[Array]:
    slopes = [OUTPUTS[name][1](z, a) for name, z, a in zip(network.names, zs, activations[1:], strict=True)]
    of_net = LOSSES_OF_NET.get((loss, network.names[-1]))
    ds = [of_net[1](zs[-1], y) if of_net else LOSSES[loss][1](activations[-1], y) * slopes[-1]]
    for W, slope in zip(network.weights[:0:-1], slopes[-2::-1], strict=True):
        ds.append((ds[-1] @ W) * slope)
    return ds[::-1]


def _network(weights: Any, biases: Any, X: Any, activation: Any, output: str, checked: bool = False) -> _Network:
    if checked:  # lists of arrays of float64 that fit, and a name for each hidden layer
        return _Network(weights, biases, X, [*activation, output])
    Ws = [_array(f"weights[{l}]", W, "(n_out, n_in)") for l, W in enumerate(weights)]
    bs = [_array(f"biases[{l}]", b, "(n_out,)") for l, b in enumerate(biases)]
    if not Ws or len(Ws) != len(bs):
        raise ValueError(f"each layer needs one weights and one biases, got {len(Ws)} weights and {len(bs)} biases")
    x = _array("X", X, "(m, n_in)", ": X.reshape(1, -1) is one sample, X.reshape(-1, 1) many samples of one input")
    turned = ": its transpose, a row a sample, would fit" if len(x) == Ws[0].shape[1] else ""
    given, source = x.shape[1], f"X gives {x.shape[1]} (X has shape {x.shape}){turned}"
    for l, (W, b) in enumerate(zip(Ws, bs, strict=True)):
        if W.shape[1] != given:
            raise ValueError(f"weights[{l}] has shape {W.shape}, so it needs {W.shape[1]} inputs, but {source}")
        if b.shape != W.shape[:1]:
            raise ValueError(f"biases[{l}] has shape {b.shape}, but weights[{l}] of shape {W.shape} needs ({len(W)},)")
        given, source = len(W), f"layer {l + 1} gives {len(W)} (weights[{l}] has shape {W.shape})"
    hidden = [activation] * (len(Ws) - 1) if isinstance(activation, str) else list(activation)
    for name in [activation] if isinstance(activation, str) else hidden:
        _check_name("activation", name, ACTIVATIONS)
    _check_name("activation", output, OUTPUTS)
    if len(hidden) != len(Ws) - 1:
        raise ValueError(f"activation must be one name, or one for each of {len(Ws) - 1} hidden layers, got {hidden}")
    return _Network(Ws, bs, x, [*hidden, output])


def _targets(network: _Network, Y: Any, loss: str) -> Array:
    _check_name("loss", loss, LOSSES)
    y = _array("Y", Y, "(m, n_out)", ": Y.reshape(-1, 1) is one output per sample, Y.reshape(1, -1) one sample")
    if y.shape != (needed := (len(network.X), len(network.weights[-1]))):
        raise ValueError(f"Y has shape {y.shape}, but the outputs have shape {needed}")
    return y


def _array(name: str, given: Any, shape: str, remedy: str = "") -> Array:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be real numbers in shape {shape}, got {short(given)}: {error}") from error
    if array.ndim != len(shape.split(", ")) or not array.size:
        raise ValueError(f"{name} must have shape {shape} and not be empty, got shape {array.shape}{remedy}")
    return array


def _check_name(kind: str, name: str, allowed: Iterable[str]) -> None:
    if name not in list(allowed):
        raise ValueError(f"unknown {kind}: {name!r} (must be one of {list(allowed)})")
