"""The matrix form of a problem, derived from the scalar graph of one sample: what trains with the engine "compiled".

>>> from microbp.problems import as_network, load
>>> form = compiled_matrix_form(as_network(load("w1-w8")))
>>> X, Y = np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]])
>>> loss, (dW1, dW2) = form.function(X, Y, *form.arguments(form.theta))
>>> round(float(loss), 9), dW2[0].round(9).tolist()
(0.298371109, [0.082167041, 0.082667628])
"""

from __future__ import annotations

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


def compiled_matrix_form(problem: NetworkProblem) -> MatrixForm:
    """Builds the graph of one sample with its targets as values, and compiles it for a batch."""
    model = MLP.from_arrays(*problem.model.arrays(), **problem.model.activations())
    entries: list[Any] = []
    for l, (layer, W) in enumerate(zip(model.layers, model.parameter_arrays()[::2], strict=True), 1):
        biases = [neuron.b for neuron in layer.neurons]
        if problem.shared_bias:
            biases[0].label = f"b[{l}]"
            for neuron in layer.neurons:
                neuron.b = biases[0]
        entries += [W, biases[0] if problem.shared_bias else biases]
    x = [Value(0.0, f"x[{k}]") for k in range(len(model.input_labels))]
    outputs = np.atleast_1d(np.array(model(x), dtype=object)).tolist()
    y: list[Any] = [Value(0.5, f"y[{j}]") for j in range(len(outputs))]
    loss = LOSSES[loss_named(problem.loss)]
    root = total(loss.summed.terms(outputs, y))
    root = root / len(y) if loss.over == "elements" and len(y) > 1 else root
    inputs = [x, y, *entries]
    if problem.l2:
        c = Value(1.0, "c")
        arrays = model.parameter_arrays() if problem.penalize_biases else model.parameter_arrays()[::2]
        root = root + c * total([value**2 for array in arrays for value in array.flat])
        inputs.append(c)
    root.label = "loss"
    shapes = [np.shape(np.array(entry, dtype=object)) for entry in entries]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes]).tolist()
    places = [(slice(a, b), shape) for a, b, shape in zip([0, *ends[:-1]], ends, shapes, strict=True)]
    wrt = entries if problem.train_biases else entries[::2]
    trained = [at for at, _ in (places if problem.train_biases else places[::2])]
    reduce: Any = "sum" if loss.over == "sum" else "mean"
    function = compiling.compile(root, inputs, wrt, target="numpy", batch=(0, 1), reduce=reduce)
    theta = np.array([leaf.data for leaf in problem.leaves()])
    return MatrixForm(function, theta, places, trained, reduce == "mean")
