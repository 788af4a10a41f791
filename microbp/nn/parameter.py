"""A parameter of a network by its label, and its place in each notation.

>>> from microbp import load
>>> find_parameter(load("w1-w8").model, "w5").general
'w[2][0,0]'
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microbp.engine import Value
from microbp.errors import GraphError, UnknownNameError, nearest
from microbp.nn.network import MLP


@dataclass(frozen=True)
class PlacedParameter:
    """One parameter of a network and its place: layer l, neurons j (several share a bias), a weight's input k."""

    value: Value
    layer: int
    """From 1, as in w[l][j,k]."""
    neurons: tuple[int, ...]
    input: int | None
    """`None` for a bias."""

    @property
    def general(self) -> str:
        """Its label in the notation of a general network."""
        if self.input is not None:
            return f"w[{self.layer}][{self.neurons[0]},{self.input}]"
        neuron = f"[{self.neurons[0]}]" if len(self.neurons) == 1 else ""
        return f"b[{self.layer}]{neuron}"

    @property
    def indexed(self) -> str:
        """The same for any neuron j and input k."""
        if self.input is not None:
            return f"w[{self.layer}][j,k]"
        return f"b[{self.layer}][j]" if len(self.neurons) == 1 else f"b[{self.layer}]"

    @property
    def entry(self) -> str:
        """Its number in the vectorized gradient."""
        if self.input is not None:
            return f"dW{self.layer}[{self.neurons[0]}, {self.input}]"
        return f"db{self.layer}" + (f"[{self.neurons[0]}]" if len(self.neurons) == 1 else ".sum()")


def find_parameter(model: MLP, label: str) -> PlacedParameter:
    """The parameter of that label: its own, w[l][j,k], b[l][j], or b[l] for a bias that the whole layer shares.

    Raises `UnknownNameError` with the nearest labels if there is none, `GraphError` if it is shared in another way.
    """
    places: dict[Value, list[tuple[str, int, tuple[int, ...]]]] = {}
    for n, array in enumerate(model.parameter_arrays()):
        for index, value in np.ndenumerate(array):
            places.setdefault(value, []).append(("wb"[n % 2], n // 2 + 1, index))
    general = {f"{kind}[{l}][{','.join(map(str, at))}]": value for value in places for kind, l, at in places[value]}
    layers = {f"b[{l}]": {neuron.b for neuron in layer.neurons} for l, layer in enumerate(model.layers, 1)}
    shared = {name: biases.pop() for name, biases in layers.items() if len(biases) == 1}
    named = shared | general | {value.label: value for value in places}
    if label not in named:
        raise UnknownNameError(nearest("parameter", label, named, most=3))
    value = named[label]
    kind, l, index = places[value][0]
    if len(places[value]) > 1 and places[value] != [("b", l, (j,)) for j in range(len(model.layers[l - 1].neurons))]:
        where = ", ".join(name for name in general if general[name] is value)
        raise GraphError(f"a derivation needs a parameter of one place, or a bias of one whole layer; this is {where}")
    return PlacedParameter(value, l, tuple(at[0] for _, _, at in places[value]), index[1] if kind == "w" else None)
