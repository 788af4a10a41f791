"""Networks made of values, with micrograd's names.

>>> model = MLP(2, [3, 1], activation="tanh", seed=7)
>>> model
MLP(2 → 3 tanh → 1 linear)
>>> model([0.5, -1.0]).backward()
>>> len(model.parameters()), model.layers[0].neurons[2].w[1].label
(13, 'w[1][2,1]')
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp.engine import Value
from microbp.engine.declared import Activation
from microbp.engine.operands import real_array
from microbp.engine.ops import ACTIVATIONS
from microbp.errors import ShapeError, UnknownNameError, nearest
from microbp.nn.layer import OUTPUTS, Layer, Module, OutputName


class MLP(Module):
    """A multi-layer perceptron: `nin` inputs, then layers of `nouts` neurons.

    `activation` is one name for all hidden layers or one for each; `output` is that of the last layer, which may be
    "softmax" too. Parameters are labelled `w[l][j,k]` and `b[l][j]`, nets and activations `z[l][j]` and `a[l][j]`, with
    layer l from 1, neuron j and input k from 0. Without a seed the weights come from `random`, so that `random.seed`
    decides, as in micrograd.

    >>> len(MLP(2, [16, 16, 1]).parameters())
    337
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        output: OutputName = "linear",
        seed: int | None = None,
    ) -> None:
        sizes = [nin, *nouts]
        if not nouts or min(sizes) < 1:
            raise ShapeError(f"MLP needs at least one layer, and sizes of 1 or more, got {sizes}")
        hidden = [activation] * (len(nouts) - 1) if isinstance(activation, str) else list(activation)
        if len(hidden) != len(nouts) - 1:
            raise ShapeError(f"MLP needs an activation for each of its {len(nouts) - 1} hidden layers, got {hidden}")
        for name, known in [*((f, ACTIVATIONS) for f in hidden), (output, OUTPUTS)]:
            if name not in known:
                raise UnknownNameError(nearest("activation", name, known))
        rng = None if seed is None else Random(seed)
        self.layers = [
            Layer(n, m, activation=f, rng=rng) for n, m, f in zip(sizes, nouts, [*hidden, output], strict=False)
        ]
        self.input_labels = [f"x[{k}]" for k in range(nin)]
        for l, layer in enumerate(self.layers, 1):
            layer.name = "output layer" if l == len(self.layers) else f"layer {l}"
            for j, neuron in enumerate(layer.neurons):
                neuron.name = f"neuron {j}"
                neuron.net_label, neuron.out_label, neuron.b.label = f"z[{l}][{j}]", f"a[{l}][{j}]", f"b[{l}][{j}]"
                for k, w in enumerate(neuron.w):
                    w.label = f"w[{l}][{j},{k}]"

    @classmethod
    def from_arrays(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        activation: Activation | Sequence[Activation] = "relu",
        output: OutputName = "linear",
    ) -> MLP:
        """A network with these numbers: `weights[l]` of shape (n_out, n_in), `biases[l]` of shape (n_out,), or a row or
        a column of them.

        Raises `ShapeError`, naming both shapes, where two layers do not fit.

        >>> model = MLP.from_arrays([[[1.0, 2.0]], [[3.0]]], [[0.5], [0.0]], activation="relu")
        >>> model([1.0, 1.0])
        Value(10.5, label='z[2][0]')
        """
        matrices = [real_array(w, f"weights[{l}]") for l, w in enumerate(weights)]
        vectors = [real_array(b, f"biases[{l}]") for l, b in enumerate(biases)]
        if not matrices or len(matrices) != len(vectors):
            raise ShapeError(
                f"a network needs one weight matrix and one bias vector a layer, got {len(matrices)} and {len(vectors)}"
            )
        vectors = [b.ravel() if b.ndim == 2 and 1 in b.shape else b for b in vectors]
        for l, (w, b) in enumerate(zip(matrices, vectors, strict=True)):
            if w.ndim != 2 or b.shape != w.shape[:1]:
                raise ShapeError(
                    f"layer {l + 1} needs weights of shape (n_out, n_in) and a bias of shape (n_out,), "
                    f"got {w.shape} and {b.shape}{_turned(w, b)}"
                )
            if l and w.shape[1] != len(vectors[l - 1]):
                raise ShapeError(
                    f"layer {l + 1} has weights of shape {w.shape}, so it needs {w.shape[1]} inputs, "
                    f"but layer {l} gives {len(vectors[l - 1])}{_turned(w, b)}"
                )
        model = cls(matrices[0].shape[1], [len(b) for b in vectors], activation, output, seed=0)
        for layer, w, b in zip(model.layers, matrices, vectors, strict=True):
            for neuron, row, bias in zip(layer.neurons, w.tolist(), b.tolist(), strict=True):
                neuron.b.data = bias
                for parameter, number in zip(neuron.w, row, strict=True):
                    parameter.data = number
        return model

    def __call__(self, x: Sequence[Any]) -> Any:
        """The outputs for one sample: a list of Values, or one Value if there is one output, as in micrograd."""
        if len(x) != len(self.input_labels):
            raise ShapeError(f"{self} needs {len(self.input_labels)} inputs, got {len(x)}")
        out: Any = [v if isinstance(v, Value) else Value(v, s) for v, s in zip(x, self.input_labels, strict=True)]
        for layer in self.layers:
            out = layer.activate(out)
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return list(dict.fromkeys(p for layer in self.layers for p in layer.parameters()))

    def parameter_arrays(self) -> list[NDArray[Any]]:
        """The parameters themselves, as object arrays [W1, b1, W2, b2, …]."""
        arrays = []
        for layer in self.layers:
            w, b = np.empty((len(layer.neurons), len(layer.neurons[0].w)), dtype=object), [n.b for n in layer.neurons]
            w[:] = [neuron.w for neuron in layer.neurons]
            arrays += [w, np.array(b, dtype=object)]
        return arrays

    def arrays(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        """The numbers: (weights, biases), as `from_arrays` takes them."""
        return self._read("data")

    def grad_arrays(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        """The gradients, in the same shapes."""
        return self._read("grad")

    def activations(self) -> dict[str, Any]:
        """The names of the activations, as `from_arrays` takes them."""
        names = [layer.neurons[0].activation for layer in self.layers]
        return {"activation": names[:-1], "output": names[-1]}

    def _read(self, slot: str) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        read = np.vectorize(lambda p: getattr(p, slot), otypes=[np.float64])
        arrays = [read(array) for array in self.parameter_arrays()]
        return arrays[::2], arrays[1::2]

    def __repr__(self) -> str:
        layers = [f" → {len(layer.neurons)} {layer.neurons[0].activation}" for layer in self.layers]
        return f"MLP({len(self.input_labels)}{''.join(layers)})"


def _turned(w: NDArray[np.float64], b: NDArray[np.float64]) -> str:
    """The hint that a matrix of shape (n_in, n_out) needs, if it is one for such biases."""
    return "; its transpose would fit: give W.T" if w.ndim == 2 and w.shape[1:] == b.shape else ""
