"""What is given is looked at once: arrays whose shapes fit, and names that there are.

>>> checked_network([[[2.0]]], [[0.0]], [[3.0], [4.0]], "relu", "linear").X.shape
(2, 1)
"""

from __future__ import annotations

from collections.abc import Iterable
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np

from microbp.vectorized.functions import ACTIVATIONS, LOSSES, OUTPUTS, Array


class CheckedNetwork(NamedTuple):
    """A network, and a batch of inputs, whose shapes and names fit."""

    weights: list[Array]
    biases: list[Array]
    X: Array
    names: list[str]
    """The activation of each layer."""


def checked_network(
    weights: Any, biases: Any, X: Any, activation: Any, output: str, checked: bool = False
) -> CheckedNetwork:
    """The same as arrays of float64; what was `checked` before is taken as it is.

    Raises `ValueError` for shapes that do not fit, and for an unknown name.
    """
    if checked:  # with a name for each hidden layer
        return CheckedNetwork(weights, biases, X, [*activation, output])
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
    return CheckedNetwork(Ws, bs, x, [*hidden, output])


def checked_targets(network: CheckedNetwork, Y: Any, loss: str) -> Array:
    """Targets of shape (m, n_out), for a loss of that name. Raises `ValueError` for others."""
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
