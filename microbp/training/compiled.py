"""The matrix form of a problem, derived from the scalar graph of one sample: what trains with the engine "compiled".

>>> from microbp.problems import as_network, load
>>> form = compiled_matrix_form(as_network(load("w1-w8")))
>>> X, Y = np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]])
>>> loss, (dW1, dW2) = form.function(X, Y, *form.arguments(form.theta))
>>> round(float(loss), 9), dW2[0].round(9).tolist()
(0.298371109, [0.082167041, 0.082667628])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.derivation import compiling
from microbp.engine import Value
from microbp.engine.families import total
from microbp.losses import LOSSES, loss_named
from microbp.nn import MLP
from microbp.problems.network import NetworkProblem

Floats = NDArray[np.float64]


class MatrixForm(NamedTuple):
    """A compiled function of X, Y, the parameters, and what stands before Σ w² if there is a penalty."""

    function: Any
    theta: Floats
    """The parameters by leaf."""
    places: list[tuple[slice, tuple[int, ...]]]
    """Where each argument stands among them, and its shape; () where a layer shares one bias."""
    trained: list[slice]
    """Where each gradient stands."""
    mean: bool
    """Whether it is the mean over the samples; else the sum."""

    def arguments(self, theta: Floats) -> list[Floats]:
        """The parameters as arguments: views of these numbers, which follow them."""
        return [theta[at].reshape(shape) for at, shape in self.places]

    def penalty(self, problem: NetworkProblem, m: int) -> list[float]:
        """What stands before Σ w² for m samples, if anything does: the last argument."""
        return [problem.penalty_of(m) / (2 * m) / (1 if self.mean else m)] if problem.l2 else []


def compiled_matrix_form(problem: NetworkProblem, readable: bool = False) -> MatrixForm:
    """Builds the graph of one sample with its targets as values, and compiles it for a batch: fast, or to be read."""
    model = MLP.from_arrays(*problem.model.arrays(), **problem.model.activations())
    entries = _parameters(problem, model)
    root, of_sample, penalty = _graph_of_a_sample(problem, model)
    every = slice(None) if problem.train_biases else slice(None, None, 2)
    mean = LOSSES[loss_named(problem.loss)].over != "sum"
    function = compiling.compile(
        root,
        [*of_sample, *entries, *penalty],
        entries[every],
        target="numpy",
        batch=(0, 1),
        reduce="mean" if mean else "sum",
        readable=readable,
    )
    places = _places(entries)
    theta = np.array([leaf.data for leaf in problem.leaves()])
    return MatrixForm(function, theta, places, [at for at, _ in places[every]], mean)


def _parameters(problem: NetworkProblem, model: MLP) -> list[Any]:
    """W1, b1, W2, b2, … as Values; where a layer shares one bias, all its neurons get it."""
    entries: list[Any] = []
    for l, (layer, W) in enumerate(zip(model.layers, model.parameter_arrays()[::2], strict=True), 1):
        shared = layer.neurons[0].b
        if problem.shared_bias:
            shared.label = f"b[{l}]"
            for neuron in layer.neurons:
                neuron.b = shared
        entries += [W, shared if problem.shared_bias else [neuron.b for neuron in layer.neurons]]
    return entries


def _graph_of_a_sample(problem: NetworkProblem, model: MLP) -> tuple[Value, list[list[Value]], list[Value]]:
    """The loss of one sample; its inputs and targets; and what stands before Σ w², if there is a penalty."""
    x = [Value(0.0, f"x[{k}]") for k in range(len(model.input_labels))]
    outputs = np.atleast_1d(np.array(model(x), dtype=object)).tolist()
    y = [Value(0.5, f"y[{j}]") for j in range(len(outputs))]
    loss = LOSSES[loss_named(problem.loss)]
    root = total(loss.summed.terms(outputs, y))  # type: ignore[arg-type]  # of targets that are Values it makes Values
    root = root / len(y) if loss.over == "elements" and len(y) > 1 else root
    penalty = [Value(1.0, "c")] if problem.l2 else []
    for c in penalty:
        arrays = model.parameter_arrays() if problem.penalize_biases else model.parameter_arrays()[::2]
        root = root + c * total([value**2 for array in arrays for value in array.flat])
    root.label = "loss"
    return root, [x, y], penalty


def _places(entries: Sequence[Any]) -> list[tuple[slice, tuple[int, ...]]]:
    """Where each entry stands in a vector of all, and its shape."""
    shapes = [np.shape(np.array(entry, dtype=object)) for entry in entries]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes]).tolist()
    return [(slice(start, end), shape) for start, end, shape in zip([0, *ends[:-1]], ends, shapes, strict=True)]
