"""What gradients are of: a network, a batch and every convention, as arrays.

>>> from microbp import load
>>> case = exercise_of(load("w1-w8"))
>>> case.sizes, case.loss, case.names
((2, 2, 2), 'half_squared_error', ('dW1', 'db1', 'dW2', 'db2'))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product, starmap
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp import vectorized
from microbp.engine.operands import real_array, real_number
from microbp.errors import OperandError, ProblemError, ShapeError
from microbp.losses import LossName, loss_of
from microbp.nn import MLP, Parameter
from microbp.nn.layout import UNSAID, ArrayLayout
from microbp.printing import decimals, say
from microbp.problems import Problem, as_network
from microbp.problems.arrays import inputs, targets
from microbp.problems.settings import PENALTIES, penalty_named

Floats = NDArray[np.float64]
Gradients = dict[str, Floats]
"""Gradients by name: dW1, db1, dW2, db2 …"""


@dataclass(frozen=True, eq=False)  # arrays have no one equality: an exercise is itself, and what is found of it is kept
class Exercise:
    """A network and a batch, as arrays: weights[l] (n_out, n_in), biases[l] (n_out,), X (m, n_in), Y (m, n_out)."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    X: Floats
    Y: Floats
    activations: tuple[str, ...]
    """The activation of each layer."""
    loss: LossName
    l2: float
    learning_rate: float | None
    labels: Mapping[str, tuple[str, tuple[int, ...] | None]]
    """For each parameter's label where its gradient stands: ("dW1", (0, 1)); ("db1", None) if a layer shares it."""
    problem: str = ""
    """What the command line calls it, if it does."""
    fixed: frozenset[str] = frozenset()
    """The biases that are not trained."""
    layout: ArrayLayout = UNSAID
    """What was said of how hand-ins are laid out; the arrays here are always in ours."""
    penalize_biases: bool = False
    said: frozenset[str] = frozenset()
    """Which of loss and l2 were said, and are no defaults."""
    penalty: str = "λ/2m"
    """The form in which the penalty was said, one of `PENALTIES`; l2 is what stands before 1/2m in any case."""

    @property
    def said_penalty(self) -> str:
        """The penalty as it was said: 0.3/2 Σ w², with biases or without; nothing if there is none."""
        said = self.l2 / PENALTIES[self.penalty](len(self.Y))
        biases = say(", of the biases too") if self.penalize_biases else ""
        return f"{self.penalty.replace('λ', decimals(said))} Σ w²{biases}" if self.l2 else ""

    @property
    def depth(self) -> int:
        """How many layers."""
        return len(self.weights)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The inputs, then the neurons of each layer."""
        return (self.weights[0].shape[1], *map(len, self.weights))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the gradients: (dW1, db1, …)."""
        return tuple(f"d{kind}{l}" for l in range(1, self.depth + 1) for kind in "Wb")

    @cached_property
    def shared(self) -> frozenset[str]:
        """The biases that a whole layer shares."""
        return frozenset(name for name, where in self.labels.values() if where is None)

    def parameter(self, name: str) -> Floats:
        """The weights or biases whose gradient has that name."""
        arrays = self.weights if name[1] == "W" else self.biases
        return arrays[int(name[2:]) - 1]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of the gradient of that name."""
        return self.parameter(name).shape

    def label(self, name: str, where: Sequence[int]) -> str:
        """What the parameter is called whose gradient stands there."""
        places = (name, tuple(where)), (name, None)
        found = (label for label, place in self.labels.items() if label and place in places)
        return next(found, f"{name[1:]}{list(where)}")

    @cached_property
    def truth(self) -> tuple[float, Gradients]:
        """The loss and the right gradients. Raises `ShapeError` where X, Y and the network do not fit."""
        try:
            conventions: dict[str, Any] = {"loss": self.loss, "l2": self.l2, "penalize_biases": self.penalize_biases}
            conventions |= self.activation_names
            loss, dW, db = vectorized.loss_and_gradients(self.weights, self.biases, self.X, self.Y, **conventions)
        except ValueError as error:
            raise ShapeError(str(error)) from error
        return loss, named_gradients(dW, db)

    @property
    def activation_names(self) -> dict[str, Any]:
        """The activations as `vectorized` takes them."""
        return {"activation": self.activations[:-1], "output": self.activations[-1]}

    def on(self, X: ArrayLike, Y: ArrayLike) -> Exercise:
        """The same network with other data."""
        return replace(self, X=np.asarray(X, dtype=np.float64), Y=np.asarray(Y, dtype=np.float64))


def named_gradients(dW: Sequence[ArrayLike], db: Sequence[ArrayLike]) -> Gradients:
    """Two lists of gradients as one dict.

    >>> list(named_gradients([[[1.0]], [[2.0]]], [[3.0], [4.0]]))
    ['dW1', 'db1', 'dW2', 'db2']
    """
    pairs = enumerate(zip(dW, db, strict=True), 1)
    return {
        f"d{kind}{l}": np.asarray(g, dtype=np.float64) for l, pair in pairs for kind, g in zip("Wb", pair, strict=True)
    }


def exercise_of(
    model: MLP | Problem,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    loss: str | None = None,
    l2: float | None = None,
    learning_rate: float | None = None,
    penalty: str | None = None,
    penalize_biases: bool | None = None,
) -> Exercise:
    """The case of a network problem, or of a model with data: what is given takes the place of what a problem says.

    The l2 of the exercise is what stands before 1/2m · Σ w², whatever the `penalty`, one of `PENALTIES`, is.

    Raises `ShapeError` if data are missing or do not fit, `UnknownNameError` for an unknown loss, `ProblemError` for
    an expression, and where a right gradient is inf or nan.
    """
    name, layout = "", UNSAID
    said = {key for key, value in (("loss", loss), ("l2", l2)) if value is not None}
    if not isinstance(model, MLP):
        problem = as_network(model)
        model, name, layout = problem.model, problem.source, problem.layout
        X, Y = problem.inputs if X is None else X, problem.targets if Y is None else Y
        said |= {key for key, is_so in (("loss", problem.loss_said), ("l2", problem.l2)) if is_so}
        loss, l2 = loss or problem.loss, problem.l2 if l2 is None else l2
        penalty = penalty or problem.penalty
        penalize_biases = problem.penalize_biases if penalize_biases is None else penalize_biases
        learning_rate = problem.training.learning_rate if learning_rate is None else learning_rate
    if X is None or Y is None:
        raise ShapeError("a model needs data: give X of shape (m, n_in) and Y of shape (m, n_out), or a problem")
    loss = loss_of(model, loss or "half_squared_error")
    l2 = real_number(l2 or 0.0, "l2, the λ of the penalty,")
    if not 0.0 <= l2 < np.inf:
        raise ProblemError(f"l2, the λ of the penalty, is 0 or more; got {l2}")
    weights, biases = model.arrays()
    penalty = penalty_named(penalty or "λ/2m")
    l2 *= PENALTIES[penalty](max(1, len(np.atleast_1d(Y))))
    case = Exercise(
        tuple(weights),
        tuple(biases),
        inputs(_reals("X", X), weights[0].shape[1]),
        targets(_reals("Y", Y), len(weights[-1])),
        tuple(layer.neurons[0].activation for layer in model.layers),
        loss,
        l2,
        learning_rate,
        _labels(model),
        name,
        _fixed(model),
        layout,
        bool(penalize_biases),
        frozenset(said),
        penalty,
    )
    _, right = case.truth  # whether all of it fits
    of_data = [("X", case.X), ("Y", case.Y)]
    of_truth = [(f"the right gradient {name}", gradient) for name, gradient in right.items()]
    if any(not np.isfinite(gradient).all() for gradient in right.values()):
        raise ProblemError(next(filter(None, starmap(_not_finite, of_data + of_truth))))
    return case


def _not_finite(what: str, numbers: Floats) -> str:
    """Where the first inf or nan stands, and what to do; nothing if there is none."""
    places = np.argwhere(~np.isfinite(numbers))
    if not len(places):
        return ""
    where, number = list(map(int, places[0])), numbers[tuple(places[0])]
    data = "look at the data" if len(what) == 1 else "take smaller weights, or smaller numbers in the data"
    return f"{what} is {number:g} at {where}, and then no gradient can be judged: {data}"


def _reals(name: str, given: ArrayLike) -> Floats:
    try:
        return np.atleast_1d(real_array(given, name))
    except OperandError as error:
        raise ShapeError(f"{error}. Give a row for each sample.") from error


def _fixed(model: MLP) -> frozenset[str]:
    layers = enumerate(model.layers, 1)
    return frozenset(f"db{l}" for l, layer in layers if not isinstance(layer.neurons[0].b, Parameter))


def _labels(model: MLP) -> dict[str, tuple[str, tuple[int, ...] | None]]:
    labels: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for k, array in enumerate(model.parameter_arrays()):
        name = f"d{'Wb'[k % 2]}{k // 2 + 1}"
        if array.size > 1 and len(set(array.flat)) == 1:
            labels[array.flat[0].label] = (name, None)
            continue
        places = product(*map(range, array.shape))
        labels |= {value.label: (name, where) for value, where in zip(array.flat, places, strict=True)}
    return labels
