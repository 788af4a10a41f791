"""Neurons and layers made of values, with micrograd's names.

>>> layer = Layer(2, 3, activation="softmax")
>>> round(sum(a.data for a in layer([0.5, -1.0])), 12)
1.0
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random, uniform
from typing import Any, Literal

from microbp.engine import Value
from microbp.engine.declared import Activation
from microbp.engine.families import as_value, total, weighted_sum
from microbp.engine.ops import ACTIVATIONS, FAMILIES
from microbp.errors import ShapeError, UnknownNameError, nearest

OutputName = Activation | Literal["softmax"]
LARGE = 100.0
"""Nets beyond this are shifted before a softmax raises e to them."""
OUTPUTS = (*ACTIVATIONS, "softmax")
"""What the last layer may make of its nets: an activation, or all together shares that add up to 1."""


class Parameter(Value):
    """A value that training changes: a weight or a bias."""

    __slots__ = ()


class Module:
    """Anything with parameters."""

    def parameters(self) -> list[Value]:
        """Every parameter that is trained, each once, in the order in which the network uses them."""
        return []

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """a = f(z) with the net z = w1·x1 + … + wn·xn + b, one node, and the activation f.

    `nonlin=False` is micrograd's way to say `activation="linear"`. Weights are drawn from −1 … 1, the bias is 0.
    Raises `UnknownNameError` for an activation that is not in `ACTIVATIONS`.

    >>> neuron = Neuron(2, activation="sigmoid")
    >>> len(neuron.parameters()), neuron
    (3, Neuron(2, sigmoid))
    """

    def __init__(
        self, nin: int, activation: Activation = "relu", *, nonlin: bool = True, rng: Random | None = None
    ) -> None:
        if activation not in ACTIVATIONS:
            raise UnknownNameError(nearest("activation", activation, ACTIVATIONS))
        draw = rng.uniform if rng else uniform
        self.w: list[Value] = [Parameter(draw(-1, 1)) for _ in range(nin)]
        self.b: Value = Parameter(0.0)
        self.activation: OutputName = activation if nonlin else "linear"
        self.affine = FAMILIES["affine"].row(nin)
        self.name = self.net_label = self.out_label = ""

    def __call__(self, x: Sequence[Any]) -> Value:
        """The activation for n inputs, numbers or values. Raises `ShapeError` for another number of them."""
        if len(x) != len(self.w):
            raise ShapeError(f"{self} needs {len(self.w)} inputs, got {len(x)}")
        return self.activate([as_value(v, self.affine) for v in x])

    def activate(self, x: Sequence[Value]) -> Value:
        """The same for what is known to fit: a layer looks at its inputs once, not once a neuron."""
        net = weighted_sum(self.affine, self.w, x, self.b)
        net.label = self.net_label
        if self.activation in ("linear", "softmax"):  # a softmax is of all nets of a layer
            return net
        out: Value = getattr(net, self.activation)()
        out.label = self.out_label
        return out

    def parameters(self) -> list[Value]:
        return [p for p in (*self.w, self.b) if isinstance(p, Parameter)]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, {self.activation})"


class Layer(Module):
    """Neurons side by side; what is given beyond the sizes goes to each of them. Outputs of a softmax add up to 1.

    >>> len(Layer(2, 3, activation="tanh")([1.0, 2.0]))
    3
    """

    def __init__(
        self, nin: int, nout: int, activation: OutputName = "relu", nonlin: bool = True, rng: Random | None = None
    ) -> None:
        own = "linear" if activation == "softmax" else activation
        self.neurons = [Neuron(nin, own, nonlin=nonlin, rng=rng) for _ in range(nout)]
        self.name = ""
        if activation == "softmax":
            for neuron in self.neurons:
                neuron.activation = "softmax"

    def __call__(self, x: Sequence[Any]) -> Any:
        """The outputs as a list; a single output alone, as in micrograd."""
        first = self.neurons[0]
        if len(x) != len(first.w):
            raise ShapeError(f"{self} needs {len(first.w)} inputs, got {len(x)}")
        values = [as_value(v, first.affine) for v in x]
        out = self.activate(values)
        return out[0] if len(out) == 1 else out

    def activate(self, x: Sequence[Value]) -> list[Value]:
        """The activations, always as a list, for what is known to fit."""
        out = [neuron.activate(x) for neuron in self.neurons]
        return self._shares(out) if self.neurons[0].activation == "softmax" else out

    def _shares(self, nets: Sequence[Value]) -> list[Value]:
        """a[j] = e[j] / Σe with e[j] = exp(z[j]); a number taken off all z, which keeps e finite, changes no share."""
        largest = max(net.data for net in nets)
        powers = [(net - largest).exp() if abs(largest) > LARGE else net.exp() for net in nets]
        whole = total(powers)
        if len(powers) > 1:
            whole.label = "Σe"
        for j, (power, neuron) in enumerate(zip(powers, self.neurons, strict=True)):
            power.label = f"e[{j}]"
            out = powers[j] = power / whole
            out.label = neuron.out_label
        return powers

    def parameters(self) -> list[Value]:
        return list(dict.fromkeys(p for neuron in self.neurons for p in neuron.parameters()))

    def __repr__(self) -> str:
        return f"Layer({', '.join(map(repr, self.neurons))})"
