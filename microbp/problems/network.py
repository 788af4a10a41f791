"""A problem is a graph with names; a network problem also has a model, data and a way to train."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp import vectorized
from microbp.engine import Value
from microbp.engine.declared import Activation
from microbp.errors import GraphError, ProblemError, UnknownNameError, nearest
from microbp.losses import LOSSES, LossName, batch_loss, loss_named
from microbp.nn import MLP, Parameter
from microbp.nn.arrays import LeafPlaces
from microbp.nn.layer import OutputName
from microbp.nn.layout import UNSAID, ArrayLayout
from microbp.printing import Shown, columns, write_file
from microbp.problems.arrays import samples
from microbp.problems.kinds import NUMBER
from microbp.problems.names import Names
from microbp.problems.saving import as_toml, problem_in_words, sections
from microbp.problems.settings import PENALTIES, Training, penalty_named

MAX_ARROWS = 40_000
"""More contributions, of all samples that are shown, are not stepped through in a reasonable time."""


class Problem(Shown, ABC):
    """Something to step through, draw or check: `root()` gives its graph."""

    title: str
    model: MLP | None = None
    """The network that the graph is of, if it is of one."""

    @abstractmethod
    def root(self) -> Value:
        """The value that the backward pass starts from."""

    @abstractmethod
    def leaves(self) -> list[Value]:
        """The leaves whose gradients are of interest, in the order in which a text would list them."""

    def find(self, label: str) -> Value:
        """The leaf of that label. Raises `UnknownNameError` with the nearest ones if there is none."""
        named = {leaf.label: leaf for leaf in self.leaves()}
        if label not in named:
            raise UnknownNameError(nearest("leaf", label, named, most=3))
        return named[label]

    def __str__(self) -> str:
        return self.title


@dataclass(eq=False, repr=False)
class NetworkProblem(Problem):
    """A network with its data, loss and training: every convention by name.

    `inputs` has shape (m, n_in), `targets` (m, n_out); the held-out samples, of the same shapes, are for judging what
    was learnt. The graph that is stepped through and drawn is that of the first `shown` samples, of all if it is None.
    With `shared_bias` a layer has one bias node for all its neurons; without `train_biases` biases are leaves that
    training leaves alone. A copy with another convention, from the weights at the start, is made by
    `dataclasses.replace(problem, train_biases=True)`. Raises `ShapeError`, `UnknownNameError` and `ProblemError` for
    what does not fit together.
    """

    title: str
    weights: Sequence[ArrayLike]
    biases: Sequence[ArrayLike]
    inputs: Any
    targets: Any
    held_out_inputs: Any = ()
    held_out_targets: Any = ()
    shown: int | None = None
    activation: Activation | list[Activation] = "sigmoid"
    output: OutputName = "sigmoid"
    """With a cross-entropy "softmax" becomes "linear": that loss takes the softmax itself."""
    shared_bias: bool = False
    train_biases: bool = True
    loss: LossName | Literal[""] = ""
    """That of `microbp.losses`, by any of its names; half_squared_error if it is not said."""
    l2: float = 0.0
    penalty: str = "λ/2m"
    penalize_biases: bool = False
    training: Training = field(default_factory=Training)
    names: Names | None = None
    layout: ArrayLayout = UNSAID
    """How hand-ins are laid out, if that is said; the arrays here are always (n_out, n_in), with samples in rows."""
    source: str = ""
    """What the command line calls it: a built-in name or a file."""
    model: MLP = field(init=False, repr=False)
    loss_said: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.loss_said, self.loss = bool(self.loss), loss_named(self.loss or "half_squared_error", output=self.output)
        if self.output == "softmax" and LOSSES[self.loss].of == "softmax_cross_entropy":
            self.output = "linear"  # the loss takes the softmax of the nets itself
        self.penalty = penalty_named(self.penalty)
        self.model = MLP.from_arrays(self.weights, self.biases, self.activation, self.output)
        n_in, n_out = len(self.model.input_labels), len(self.model.layers[-1].neurons)
        self.inputs, self.targets = samples("data", self.inputs, self.targets, n_in, n_out)
        self.held_out_inputs, self.held_out_targets = samples(
            "data.held_out", self.held_out_inputs, self.held_out_targets, n_in, n_out
        )
        self._check()
        for l, layer in enumerate(self.model.layers, 1):
            shared = layer.neurons[0].b
            given = sorted({neuron.b.data for neuron in layer.neurons})
            if self.shared_bias and len(given) > 1:
                raise ProblemError(f"shared_bias needs one bias for all neurons of a layer, layer {l} has {given}")
            for neuron in layer.neurons:
                if self.shared_bias:
                    neuron.b = shared
                if not self.train_biases:
                    neuron.b = shared = neuron.b if type(neuron.b) is Value else Value(neuron.b.data, neuron.b.label)
        if self.names:
            self.names.give(self.model, self.shared_bias)

    def showing(self, samples: int) -> NetworkProblem:
        """The same problem with so many samples in its graph. Raises `ProblemError` if there are not so many."""
        shown = copy(self)  # with the same model
        shown.shown = samples
        shown._check()
        return shown

    def _check(self) -> None:
        needed, only = LOSSES[self.loss].targets, LOSSES[self.loss].output
        if only and self.output != only:
            raise ProblemError(f"{self.loss} needs outputs {needed.words}: output {only!r}, got {self.output!r}")
        targets = np.concatenate([self.targets, self.held_out_targets])
        if not needed.fit(targets):
            raise ProblemError(
                f"{self.loss} needs targets {needed.words}, got targets from {targets.min()} to "
                f"{targets.max()} for {targets.shape[1]} output(s)"
            )
        if self.shown is not None and not 1 <= self.shown <= len(self.inputs):
            most = f"1 to {len(self.inputs):,} samples" if len(self.inputs) > 1 else "1 sample"
            raise ProblemError(f"this problem has {most} to show, got {self.shown}")
        if not NUMBER.fits(self.l2):
            raise ProblemError(f"l2 must be {NUMBER.words}, got {self.l2!r}")
        if not isinstance(self.training, Training):
            raise ProblemError(f"training must be settings, for example Training(steps=10); got {self.training!r}")

    @property
    def shown_samples(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The inputs and the targets that the graph is of."""
        return self.inputs[: self.shown], self.targets[: self.shown]

    def root(self, rows: Any = None) -> Value:
        """The loss, labelled, of the samples that are shown, or of those `rows` (any index into the samples).

        Raises `GraphError` if those that are shown make a graph too large to step through or to draw.
        """
        if rows is None:
            self._check_size()
            rows = slice(self.shown)
        inputs, targets = self.inputs[rows], self.targets[rows]
        l2 = self.penalty_of(len(inputs))
        name, errors = ("loss", []) if self.names is None else (self.names.loss, self.names.errors())
        more: dict[str, Any] = {"penalize_biases": self.penalize_biases, "name": name, "errors": errors}
        return batch_loss(self.model, inputs, targets, loss_named(self.loss), l2, **more)

    def penalty_of(self, m: int) -> float:
        """The λ that before λ/2m · Σ w², for m samples, makes the penalty."""
        return self.l2 * PENALTIES[self.penalty](m)

    def _check_size(self) -> None:
        samples = len(self.shown_samples[0])
        arrows = samples * sum(2 * W.size + 3 * len(W) for W in map(np.asarray, self.weights))
        if arrows > MAX_ARROWS:
            few = max(1, MAX_ARROWS * samples // arrows)
            raise GraphError(
                f"the graph of {samples:,} samples would have about {arrows:,} arrows, and {MAX_ARROWS:,} are the most "
                f"to step through or to draw: take fewer samples, --samples {few} or data.shown = {few}"
            )

    def leaves(self) -> list[Value]:
        """Weights and biases, layer by layer."""
        return LeafPlaces(self.model.parameter_arrays()).leaves

    def predict(self, X: ArrayLike, theta: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """What the network answers to X of shape (m, n_in), in vectorized form: shape (m, n_out).

        With the loss softmax_cross_entropy that is the softmax of its outputs. `theta` are the parameters, by leaf, if
        they are not to be those of now.
        """
        layout = LeafPlaces(self.model.parameter_arrays())
        arrays = layout.spread(np.array([leaf.data for leaf in layout.leaves]) if theta is None else theta)
        outputs = vectorized.forward(arrays[::2], arrays[1::2], X, **self.model.activations())[1][-1]
        return vectorized.softmax(outputs) if LOSSES[self.loss].of == "softmax_cross_entropy" else outputs

    def accuracy(self, X: ArrayLike, Y: ArrayLike) -> float | None:
        """The share of samples that are put into the right class; None if there are no samples, or no classes.

        With several outputs the largest is the class, with one output it is the side of what lies between the targets.
        """
        targets, between = np.asarray(Y, dtype=np.float64), LOSSES[self.loss].targets.between
        if not len(targets) or between is None:
            return None
        outputs = self.predict(X)
        if targets.shape[1] > 1:
            right = outputs.argmax(axis=1) == targets.argmax(axis=1)
        else:
            right = (outputs > between) == (targets > between)
        return float(np.mean(right))

    def __str__(self) -> str:
        return "\n".join([self.title, *columns(problem_in_words(self))])

    def save(self, path: str | PathLike[str]) -> None:
        """Writes it as a problem file, which `load` reads back: with the weights of now, in the layout that is said.

        Raises `ProblemError` if it cannot be written there, and for the file that the problem was read from.
        """
        write_file(path, as_toml(sections(self)).encode())

    def trained(self) -> list[Value]:
        """The parameters that training changes."""
        return [leaf for leaf in self.leaves() if isinstance(leaf, Parameter)]


def as_network(problem: Problem) -> NetworkProblem:
    """The problem, if it is a network's. Raises `ProblemError` if it is not."""
    if not isinstance(problem, Problem):
        hint = "; the weights of PyTorch's go into nn.MLP.from_arrays" if hasattr(problem, "state_dict") else ""
        what = f"{' '.join(repr(problem).split()):.60}"
        raise ProblemError(f"this needs a problem, such as microbp.load('w1-w8'), or an nn.MLP, got {what}{hint}")
    if not isinstance(problem, NetworkProblem):
        raise ProblemError(
            f"this needs a network with data and a loss, got the graph of {problem.title!r}"
            "; an expression is for step, draw, gradcheck, and, with gradients of your own, diagnose and grade"
        )
    return problem
