"""A problem is a graph with names; a network problem also has a model, data and a way to train."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from difflib import get_close_matches

from microbp.engine import Value
from microbp.errors import ProblemError, ShapeError, UnknownNameError
from microbp.losses import batch_loss
from microbp.nn import MLP, Parameter


class Problem(ABC):
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
            near = get_close_matches(label, named, n=3, cutoff=0.3)
            raise UnknownNameError(f"no leaf is called {label!r}; nearest: {', '.join(near) or ', '.join(named)}")
        return named[label]


@dataclass
class Names:
    """The names that a text gives to the numbers of a network; `{neuron}` stands for the neuron's name."""

    inputs: list[str]
    layers: list[str]
    neurons: list[list[str]]
    weights: list[list[list[str]]]
    biases: list[str] | list[list[str]]
    net: str = "net_{neuron}"
    out: str = "out_{neuron}"
    error: str = "E_{neuron}"
    loss: str = "E"


@dataclass
class NetworkProblem(Problem):
    """A network with its data, loss and training: every convention by name.

    `inputs` has shape (m, n_in), `targets` (m, n_out). With `shared_bias` a layer has one bias node for all its
    neurons; without `train_biases` biases are leaves that training leaves alone.
    """

    title: str
    weights: list[list[list[float]]]
    biases: list[list[float]]
    inputs: list[list[float]]
    targets: list[list[float]]
    activation: str | list[str] = "sigmoid"
    output: str = "sigmoid"
    shared_bias: bool = False
    train_biases: bool = True
    loss: str = "half_squared_error"
    l2: float = 0.0
    learning_rate: float = 0.5
    steps: int = 1
    update: str = "simultaneous"
    names: Names | None = None
    model: MLP = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.model = MLP.from_arrays(self.weights, self.biases, self.activation, self.output)
        sizes = [len(self.weights[0][0]), len(self.biases[-1])]
        for key, rows, n in zip(("inputs", "targets"), (self.inputs, self.targets), sizes, strict=True):
            if len(rows) != len(self.inputs) or any(len(row) != n for row in rows):
                raise ShapeError(
                    f"data.{key} must have {len(self.inputs)} row(s), one a sample, of {n} number(s) each, "
                    f"got {len(rows)} row(s) of {sorted({len(row) for row in rows})}"
                )
        for layer in self.model.layers:
            shared = layer.neurons[0].b
            for neuron in layer.neurons:
                if self.shared_bias:
                    neuron.b = shared
                if not self.train_biases:
                    neuron.b = shared = neuron.b if type(neuron.b) is Value else Value(neuron.b.data, neuron.b.label)
        if self.names:
            self._name(self.names)

    def _name(self, names: Names) -> None:
        sizes = [len(layer.neurons) for layer in self.model.layers]
        shapes = {
            "inputs": (len(names.inputs), len(self.model.input_labels)),
            "layers": (len(names.layers), len(sizes)),
            "neurons": ([len(row) for row in names.neurons], sizes),
            "weights": (
                [[len(row) for row in matrix] for matrix in names.weights],
                [[len(row) for row in matrix] for matrix in self.weights],
            ),
            "biases": ([n if isinstance(b, str) else len(b) for n, b in zip(sizes, names.biases, strict=False)], sizes),
        }
        for key, (got, needed) in shapes.items():
            if got != needed:
                raise ShapeError(f"names.{key} must have the sizes {needed} of the network, got {got}")
        self.model.input_labels = list(names.inputs)
        for l, layer in enumerate(self.model.layers):
            layer.name = names.layers[l]
            for j, neuron in enumerate(layer.neurons):
                name = names.neurons[l][j]
                neuron.name = f"neuron {name}"
                neuron.net_label, neuron.out_label = (s.replace("{neuron}", name) for s in (names.net, names.out))
                bias = names.biases[l]
                neuron.b.label = bias if isinstance(bias, str) else bias[j]
                for w, label in zip(neuron.w, names.weights[l][j], strict=True):
                    w.label = label
        labels = [leaf.label for leaf in self.leaves()]
        if len(set(labels)) < len(labels):
            twice = sorted({label for label in labels if labels.count(label) > 1})
            raise ShapeError(f"names must be different for different parameters, got {twice} more than once")

    def root(self) -> Value:
        """The loss of the whole batch, labelled."""
        root = batch_loss(self.model, self.inputs, self.targets, self.loss, self.l2)
        root.label = self.names.loss if self.names else "loss"
        if self.names and len(root.inputs) == len(self.targets[0]) and len(self.inputs) == 1:
            for error, name in zip(root.inputs, self.names.neurons[-1], strict=True):
                error.label = self.names.error.replace("{neuron}", name)
        return root

    def leaves(self) -> list[Value]:
        """Weights and biases, layer by layer."""
        return list(dict.fromkeys(value for array in self.model.parameter_arrays() for value in array.flat))

    def outputs(self) -> list[list[float]]:
        """What the network answers now: shape (m, n_out)."""
        answers = [self.model(row) for row in self.inputs]
        return [[value.data for value in (a if isinstance(a, list) else [a])] for a in answers]

    def trained(self) -> list[Value]:
        """The parameters that training changes."""
        return [leaf for leaf in self.leaves() if isinstance(leaf, Parameter)]


def as_network(problem: Problem) -> NetworkProblem:
    """The problem, if it is a network's. Raises `ProblemError` if it is not."""
    if not isinstance(problem, NetworkProblem):
        raise ProblemError(f"this needs a network with data and a loss, got the expression {problem.title!r}")
    return problem
