"""Three ways to the loss of a batch and its gradients: the scalar graph, that compiled, and vectorized NumPy.

>>> from microbp.problems import as_network, load
>>> engines = [make(as_network(load("w1-w8"))) for make in BACKENDS.values()]
>>> [round(engine.forward(slice(None)), 9) for engine in engines]
[0.298371109, 0.298371109, 0.298371109]
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp import vectorized
from microbp.engine import Value
from microbp.engine.replay import Replay, replay
from microbp.nn.arrays import LeafPlaces
from microbp.optim import Trainable
from microbp.printing import say
from microbp.problems.network import NetworkProblem
from microbp.training.compiled import compiled_matrix_form

Floats = NDArray[np.float64]


class Backend(ABC):
    """What training needs: `forward`, then `backward` once or more, and parameters for an optimizer."""

    def __init__(self, problem: NetworkProblem) -> None:
        self.problem = problem
        self.leaves = problem.leaves()

    def groups(self, update: str) -> list[list[Trainable]]:
        """The parameters that are changed together: all of them, or with "output-first" layer by layer, last first."""
        layers = self.layers()
        return [[p for layer in layers for p in layer]] if update == "simultaneous" else layers[::-1]

    @abstractmethod
    def layers(self) -> list[list[Trainable]]:
        """The parameters of each layer."""

    @abstractmethod
    def forward(self, rows: Any) -> float:
        """The loss of those samples (any index into them)."""

    @abstractmethod
    def backward(self) -> None:
        """Runs back through the values of that forward pass, with the weights of now, into the parameters' grads."""

    @abstractmethod
    def gradient(self) -> Floats:
        """What `backward` found, by leaf; 0 for leaves that are not trained."""

    @abstractmethod
    def read(self) -> Floats:
        """The parameters as they are now, by leaf."""

    @abstractmethod
    def write(self, theta: Floats) -> None:
        """Sets the parameters to these numbers, by leaf."""

    def gradient_fault(self, loss: float) -> str:
        """What is inf or nan after a pass, by name; nothing if all is well."""
        if not math.isfinite(loss):
            theta = self.read()
            k = int(np.argmax(np.abs(theta)))
            return say(
                "the loss is {loss}; the largest parameter is {name} = {value:.4g}",
                loss=loss,
                name=self.leaves[k].label,
                value=theta[k],
            )
        found = self._first(self.gradient())
        return say("the gradient of {name} is {number}", **found) if found else ""

    def parameter_fault(self) -> str:
        """Which parameter is inf or nan, by name; nothing if all is well."""
        found = self._first(self.read())
        return say("{name} is {number}", **found) if found else ""

    def _first(self, numbers: Floats) -> dict[str, object]:
        """The first of those numbers, one for each leaf, that is inf or nan, with the name of the leaf."""
        if np.isfinite(numbers).all():
            return {}
        k = int(np.flatnonzero(~np.isfinite(numbers))[0])
        return {"name": self.leaves[k].label, "number": numbers[k]}


class ScalarBackend(Backend):
    """The graph: built anew for every batch, unless that is all samples again; then it is replayed."""

    def __init__(self, problem: NetworkProblem) -> None:
        super().__init__(problem)
        self.trained = dict.fromkeys(problem.trained())
        self.graph: Value | Replay = Value(0.0)
        self.rows: slice | None = None

    def layers(self) -> list[list[Trainable]]:
        return [list(layer.parameters()) for layer in self.problem.model.layers]

    def forward(self, rows: Any) -> float:
        rows_as_before, self.rows = self.rows, rows if isinstance(rows, slice) else None
        if self.rows is None or self.rows != rows_as_before:
            self.graph = self.problem.root(rows)
            return self.graph.data
        if isinstance(self.graph, Value):
            self.graph = replay(self.graph)
        return self.graph.forward()

    def backward(self) -> None:
        """The chain rule through the graph. Its nodes keep their values, also when weights have changed meanwhile."""
        for p in self.trained:
            p.grad = 0.0
        self.graph.backward()

    def gradient(self) -> Floats:
        return np.array([leaf.grad if leaf in self.trained else 0.0 for leaf in self.leaves])

    def read(self) -> Floats:
        return np.array([leaf.data for leaf in self.leaves])

    def write(self, theta: Floats) -> None:
        for leaf, number in zip(self.leaves, theta.tolist(), strict=True):
            leaf.data = number


class ParameterSlice:
    """A stretch of the vector of all parameters, and of their gradients: an array as an optimizer takes it."""

    def __init__(self, data: Floats, grad: Floats) -> None:
        self.data = data
        self.grad = grad


class ArrayBackend(Backend):
    """One vector of parameters, and one of their gradients."""

    def __init__(self, problem: NetworkProblem) -> None:
        super().__init__(problem)
        self.layout = LeafPlaces(problem.model.parameter_arrays())
        self.theta = np.array([leaf.data for leaf in self.leaves])
        self.grad = np.zeros_like(self.theta)

    def layers(self) -> list[list[Trainable]]:
        """One part for each layer: its leaves stand side by side."""
        ends = np.cumsum([len(set(index.ravel())) for index in self.layout.index])[1::2]
        starts = [0, *ends[:-1]]
        return [[ParameterSlice(self.theta[a:b], self.grad[a:b])] for a, b in zip(starts, ends, strict=True)]

    def gradient(self) -> Floats:
        return self.grad

    def read(self) -> Floats:
        return self.theta.copy()

    def write(self, theta: Floats) -> None:
        self.theta[:] = theta


class CompiledBackend(ArrayBackend):
    """The matrix form that is derived from the graph of one sample; a softmax of it overflows at logits above 709."""

    def __init__(self, problem: NetworkProblem) -> None:
        super().__init__(problem)
        self.form = compiled_matrix_form(problem)
        self.arguments = self.form.arguments(self.theta)

    def forward(self, rows: Any) -> float:
        """The loss of those samples; the gradients come with it."""
        X, Y = self.problem.inputs[rows], self.problem.targets[rows]
        loss, grads = self.form.function(X, Y, *self.arguments, *self.form.penalty(self.problem, len(Y)))
        for at, grad in zip(self.form.trained, grads, strict=True):
            self.grad[at] = np.ravel(grad)
        return float(loss)

    def backward(self) -> None:
        """Nothing is left to do."""


class VectorizedBackend(ArrayBackend):
    """`microbp.vectorized`."""

    def __init__(self, problem: NetworkProblem) -> None:
        super().__init__(problem)
        trained = set(problem.trained())
        self.frozen = np.array([leaf not in trained for leaf in self.leaves])
        *hidden, output = (layer.neurons[0].activation for layer in problem.model.layers)
        self.conventions: dict[str, Any] = {"activation": hidden, "output": output, "loss": problem.loss}
        # All arrays are the problem's, and have been looked at with it: not again in every step.
        self.conventions |= {"penalize_biases": problem.penalize_biases, "checked": True}
        self.batch: dict[str, Any] = {}
        self.fresh = False

    def forward(self, rows: Any) -> float:
        """The loss of those samples; the gradients come with it."""
        arrays = self.layout.spread(self.theta)
        X, Y = self.problem.inputs[rows], self.problem.targets[rows]
        self.batch = {"weights": arrays[::2], "biases": arrays[1::2], "X": X, "Y": Y}
        loss = self._pass()
        self.fresh = True
        return loss

    def backward(self) -> None:
        """The second time after a forward pass, weights have changed meanwhile: backward goes through the new ones."""
        if not self.fresh:
            self._pass(backward_weights=self.layout.spread(self.theta)[::2])
        self.fresh = False

    def _pass(self, **more: Any) -> float:
        more["l2"] = self.problem.penalty_of(len(self.batch["Y"]))
        loss, dW, db = vectorized.loss_and_gradients(**self.batch, **self.conventions, **more)
        self.grad[:] = self.layout.collect([g for pair in zip(dW, db, strict=True) for g in pair])
        self.grad[self.frozen] = 0.0
        return loss


BACKENDS: dict[str, Callable[[NetworkProblem], Backend]] = {
    "scalar": ScalarBackend,
    "compiled": CompiledBackend,
    "vectorized": VectorizedBackend,
}
"""Every engine by name."""
