"""The names that a text gives to the numbers of a network, in place of `w[l][j,k]` and the like.

>>> from microbp.nn import MLP
>>> model = MLP(2, [1])
>>> Names(inputs=["i1", "i2"], neurons=[["o1"]]).give(model, shared_bias=False)
>>> model.input_labels, model.layers[0].neurons[0].net_label
(['i1', 'i2'], 'net_o1')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from microbp.errors import ProblemError, ShapeError
from microbp.nn import MLP, Layer
from microbp.nn.arrays import LeafPlaces


@dataclass
class Names:
    """What is not given keeps its general name; `{neuron}` stands for the neuron's name, if it has one."""

    inputs: list[str] | None = None
    layers: list[str] | None = None
    neurons: list[list[str]] | None = None
    weights: list[list[list[str]]] | None = None
    biases: list[str] | list[list[str]] | None = None
    """One for each layer, to which the neuron's name is added unless its neurons share the bias; or one for each."""
    net: str = "net_{neuron}"
    out: str = "out_{neuron}"
    error: str = "E_{neuron}"
    loss: str = "loss"

    def give(self, model: MLP, shared_bias: bool) -> None:
        """Gives the network these names. Raises `ShapeError` for other sizes, and for the same name twice."""
        if not self.neurons and (self.net, self.out) != (Names.net, Names.out):
            raise ProblemError("names.net and names.out need names.neurons: {neuron} stands for one of those")
        for key, got, needed in self._sizes(model):
            if got != needed:
                raise ShapeError(f"names.{key} must have the sizes {needed} of the network, got {got}")
        model.input_labels = list(self.inputs or model.input_labels)
        for l, layer in enumerate(model.layers):
            self._layer(l, layer, shared_bias)
        labels = [leaf.label for leaf in LeafPlaces(model.parameter_arrays()).leaves]
        if len(set(labels)) < len(labels):
            twice = sorted({label for label in labels if labels.count(label) > 1})
            raise ShapeError(f"names must be different for different parameters, got {twice} more than once")

    def _layer(self, l: int, layer: Layer, shared_bias: bool) -> None:
        if self.layers:
            layer.name = self.layers[l]
        for j, neuron in enumerate(layer.neurons):
            name = self.neuron(l, j)
            if self.neurons:
                neuron.name = f"neuron {name}"
                neuron.net_label, neuron.out_label = (s.replace("{neuron}", name) for s in (self.net, self.out))
            if self.biases:
                bias = self.biases[l]
                own = bias if isinstance(bias, str) else bias[j]
                neuron.b.label = own if shared_bias or not isinstance(bias, str) else f"{own}_{name}"
            if self.weights:
                for w, label in zip(neuron.w, self.weights[l][j], strict=True):
                    w.label = label

    def neuron(self, l: int, j: int) -> str:
        """What neuron j of layer l (both from 0) is called."""
        return self.neurons[l][j] if self.neurons else str(j)

    def errors(self) -> list[str]:
        """What the shares of the outputs in the loss are called; nothing if neurons have no names."""
        return [self.error.replace("{neuron}", name) for name in self.neurons[-1]] if self.neurons else []

    def _sizes(self, model: MLP) -> Iterator[tuple[str, Any, Any]]:
        """For each key that is given: its sizes, and those of the network."""
        sizes = [len(layer.neurons) for layer in model.layers]
        if self.inputs is not None:
            yield "inputs", len(self.inputs), len(model.input_labels)
        if self.layers is not None:
            yield "layers", len(self.layers), len(sizes)
        if self.neurons is not None:
            yield "neurons", [len(row) for row in self.neurons], sizes
        if self.weights is not None:
            shape = [[len(neuron.w) for neuron in layer.neurons] for layer in model.layers]
            yield "weights", [[len(row) for row in matrix] for matrix in self.weights], shape
        if self.biases is not None:
            if isinstance(self.biases[0], str):
                yield "biases", len(self.biases), len(sizes)
            else:
                yield "biases", [len(row) for row in self.biases], sizes
