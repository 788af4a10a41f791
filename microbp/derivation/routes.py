"""The numbers of three routes to the gradient of one parameter: the graph, a sum over indices, a vectorized line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp import vectorized
from microbp.derivation.matrices import nets
from microbp.engine import Value
from microbp.engine.ops import OPS
from microbp.errors import GraphError
from microbp.formula.language import Formula
from microbp.losses import LOSSES
from microbp.nn import MLP
from microbp.nn.parameter import PlacedParameter
from microbp.printing import decimals, factor, say
from microbp.stepping.step import Step
from microbp.stepping.stepper import Stepper

TOLERANCE = 1e-12


@dataclass(frozen=True)
class Term:
    """The share of one net in the gradient, δ[l][i,j] · a[l−1][i,k], and what its δ is made of."""

    sample: int
    neuron: int
    upstream: tuple[tuple[float, ...], ...]
    """Products that add up to ∂loss/∂a[l][i,j]: δ[l+1][i,q] · w[l+1][q,j] for each q; at the output one number."""
    slope: float | None
    """f′(z[l][i,j]); `None` for a linear layer, where it is no factor."""
    delta: float
    before: float
    """a[l−1][i,k]; 1 for a bias."""

    @property
    def share(self) -> float:
        """What it adds to the gradient."""
        return self.delta * self.before

    def text(self, most: int) -> str:
        """Its δ in numbers, with no more than `most` of the products."""
        total = sum_text([" × ".join(map(factor, pair)) for pair in self.upstream], map(prod, self.upstream), most)
        total = f"({total})" if len(self.upstream) > 1 else total
        return total if self.slope is None else f"{total} × {factor(self.slope)}"


def sum_text(texts: Sequence[str], numbers: Iterable[float], most: int) -> str:
    """Texts as a sum; of those beyond `most` how many they are and what they come to.

    >>> sum_text(["a", "b", "c"], [1.0, 2.0, 3.0], 1)
    'a + … 2 more (5)'
    """
    rest = list(numbers)[most:]
    return " + ".join(
        [*texts[:most], *[say("… {count} more ({sum})", count=len(rest), sum=decimals(sum(rest)))] * bool(rest)]
    )


@dataclass(frozen=True)
class Routes:
    """The numbers of all three routes to one parameter of the loss `root` of model, X and Y; with the λ, l2, on it."""

    root: Value
    model: MLP
    parameter: PlacedParameter
    X: NDArray[Any]
    Y: NDArray[Any]
    loss: str
    l2: float

    def __post_init__(self) -> None:
        if any(len(samples) != self.m for samples in self.nets):
            raise GraphError(
                f"the graph must be batch_loss(model, X, Y, loss, l2) of this model and X: X has {self.m} rows, but "
                f"each neuron of layer {self.parameter.layer} has {len(self.nets[0])} nets in the graph"
            )

    @property
    def m(self) -> int:
        """The number of samples."""
        return len(self.X)

    @property
    def depth(self) -> int:
        """The number of layers, L."""
        return len(self.model.layers)

    @property
    def root_name(self) -> str:
        """What the loss is called."""
        return self.root.label or "C"

    @property
    def functions(self) -> list[str]:
        """The activation of each layer."""
        return [layer.neurons[0].activation for layer in self.model.layers]

    @property
    def sizes(self) -> list[int]:
        """The number of inputs, and of the neurons of each layer."""
        return [len(self.model.input_labels), *(len(layer.neurons) for layer in self.model.layers)]

    @cached_property
    def stepper(self) -> Stepper:
        """The backward pass, all of its steps done."""
        stepper = Stepper(self.root)
        stepper.goto(len(stepper))
        return stepper

    @cached_property
    def nets(self) -> list[list[Value]]:
        """The nets of the layer: for each neuron one for each sample."""
        return nets(self.stepper, self.model, self.parameter.layer - 1)

    @cached_property
    def places(self) -> dict[Value, tuple[int, int]]:
        """Sample and neuron of each net that the parameter enters."""
        return {self.nets[j][i]: (i, j) for i, j in product(range(self.m), self.parameter.neurons)}

    @property
    def penalties(self) -> list[Step]:
        """The steps that bring it the derivative of an L2 penalty."""
        return [step for step in self.stepper.arrivals(self.parameter.value) if step.node not in self.places]

    @property
    def penalty(self) -> float:
        """(λ/m)·w, which L2 adds; of a bias that a layer shares for each neuron."""
        return self.l2 / self.m * self.parameter.value.data * len(self.parameter.neurons)

    @cached_property
    def forward(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        """The arrays z[1] … z[L] and a[0] … a[L]."""
        return vectorized.forward(*self.model.arrays(), self.X, **self.model.activations())

    @cached_property
    def deltas(self) -> list[NDArray[np.float64]]:
        """The arrays δ[1] … δ[L]."""
        arrays = (*self.model.arrays(), self.X, self.Y)
        return vectorized.deltas(*arrays, **self.model.activations(), loss=self.loss)

    @cached_property
    def by_output(self) -> NDArray[np.float64]:
        """The derivatives of the loss with respect to the outputs."""
        return vectorized.LOSSES[self.loss][1](self.forward[1][-1], self.Y)

    @property
    def gradient(self) -> float:
        """By the vectorized line."""
        how: dict[str, Any] = {**self.model.activations(), "loss": self.loss, "l2": self.l2, "penalize_biases": True}
        _, dW, db = vectorized.loss_and_gradients(*self.model.arrays(), self.X, self.Y, **how)
        l, j, k = self.parameter.layer - 1, list(self.parameter.neurons), self.parameter.input
        return float(db[l][j].sum() if k is None else dW[l][j[0], k])

    def branches(self) -> Iterator[Term]:
        """Every net that the parameter enters, as the graph has it."""
        arrived = {step.node: step for step in self.stepper.arrivals(self.parameter.value)}
        for net, (i, j) in self.places.items():
            out, slope = self.activation(net)
            above = tuple((step.upstream, step.local) for step in self.above(out))
            upstream = above if self.parameter.layer < self.depth else ((self.stepper.grad(out) or 0.0,),)
            yield Term(i, j, upstream, slope, arrived[net].upstream, arrived[net].local)

    def activation(self, net: Value) -> tuple[Value, float | None]:
        """The activation of a net in the graph, and f′; the net itself where what follows is made of that."""
        if self.of_net:
            return net, None
        step = self.stepper.arrivals(net)[0]
        return step.node, step.local

    @property
    def of_net(self) -> bool:
        """Whether no f′ is a factor of this layer's δ: it is linear, or the loss is computed from its nets."""
        f, last = self.functions[self.parameter.layer - 1], self.parameter.layer == self.depth
        return f == "linear" or (last and (self.loss, f) in vectorized.LOSSES_OF_NET)

    def above(self, out: Value) -> list[Step]:
        """The steps that bring an activation its gradient, in the order of the next layer's neurons."""
        layer = self.parameter.layer
        above = nets(self.stepper, self.model, layer) if layer < self.depth else []
        neuron = {net: q for q, samples in enumerate(above) for net in samples}
        steps = self.stepper.arrivals(out)
        return sorted(steps, key=lambda step: neuron.get(step.node, 0))

    def terms(self) -> Iterator[Term]:
        """The same from the arrays, by the formula with indices."""
        l, k, (z, a), W = self.parameter.layer, self.parameter.input, self.forward, self.model.arrays()[0]
        f = self.functions[l - 1]
        slopes = vectorized.OUTPUTS[f][1](z[l - 1], a[l])
        for i, j in self.places.values():
            slope = float(slopes[i, j])
            upstream: tuple[tuple[float, ...], ...]
            if l < self.depth:
                upstream = tuple(zip(self.deltas[l][i].tolist(), W[l][:, j].tolist(), strict=True))
                delta = sum(map(prod, upstream)) * slope
            else:
                delta = float(self.deltas[-1][i, j])
                upstream = ((delta if self.of_net else float(self.by_output[i, j]),),)
            before = 1.0 if k is None else float(a[l - 1][i, k])
            yield Term(i, j, upstream, None if self.of_net else slope, delta, before)

    @property
    def weighted(self) -> bool:
        """Whether the rows of Y have other sums than 1, which then stand beside a softmax."""
        return not np.allclose(self.Y.sum(axis=1), 1.0, rtol=0.0, atol=TOLERANCE)

    def prime(self, l: int) -> Formula:
        """f′ of layer l in x = z and out = a, as the table has it."""
        f = self.functions[l - 1]
        return OPS[f].print_formula("x") if f in OPS else Formula("1")

    def output(self) -> Formula:
        """The delta of the output layer in a and y, x = z, m, n, p and t."""
        f, row = self.functions[-1], LOSSES[self.loss]
        if f in row.delta:
            return Formula(row.delta[f])
        made = Formula({"linear": "u", "softmax": "a * (u - t)"}.get(f, "u * v"))
        return made.substitute(u=Formula(row.derivative), v=self.prime(self.depth).substitute(out=Formula("a")))
