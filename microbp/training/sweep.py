"""Many trainings of one network side by side, each by its own conventions: arrays with one entry a training in front.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> own = own_conventions(problem)
>>> both = sweep(problem, [own, own._replace(update="output-first")], steps=1)
>>> [round(trained.loss, 9) for trained in both]
[0.291027774, 0.291027924]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from microbp import vectorized
from microbp.losses import LOSSES as ROWS
from microbp.optim import SCHEDULES
from microbp.problems import NetworkProblem
from microbp.problems.exercise import Floats, Gradients
from microbp.training.backends import ParameterSlice
from microbp.training.train import batches
from microbp.vectorized import LOSSES, LOSSES_OF_NET, OUTPUTS


class Conventions(NamedTuple):
    """What moves the numbers of a training."""

    loss: str
    l2: float
    penalised_biases: bool
    update: str
    learning_rate: float
    sign: float
    """−1.0 takes the gradient for its negative."""
    shared_bias: bool
    train_biases: bool
    batches: str
    """One of `BATCHES`."""


def own_conventions(problem: NetworkProblem) -> Conventions:
    """Those of a problem."""
    training = problem.training
    return Conventions(
        problem.loss,
        problem.penalty_of(problem.training.batch_size or len(problem.inputs)),
        False,
        training.update,
        training.learning_rate,
        1.0,
        problem.shared_bias,
        problem.train_biases,
        "own",
    )


def _in_order(size: int | None) -> Callable[[NetworkProblem, int], Iterator[Any]]:
    def rows(problem: NetworkProblem, steps: int) -> Iterator[Any]:
        each, m = size or problem.training.batch_size or len(problem.inputs), len(problem.inputs)
        starts = [slice(k, k + each) for k in range(0, m, each)]
        return (starts[step % len(starts)] for step in range(steps))

    return rows


BATCHES: dict[str, Callable[[NetworkProblem, int], Iterator[Any]]] = {
    "own": lambda problem, steps: batches(len(problem.inputs), problem.training.but({"steps": steps}), 0),
    "of all samples": lambda problem, steps: (slice(None) for _ in range(steps)),
    "in order": _in_order(None),
    "of single samples in order": _in_order(1),
}
"""Which samples each step takes: those that `train` takes, or others that a text may mean."""


@dataclass(frozen=True)
class Trained:
    """What one training came to."""

    gradients: Gradients
    """The gradients before the first step."""
    first_loss: float
    last_loss: float
    """The loss before the last step."""
    loss: float
    weights: list[Floats]
    biases: list[Floats]
    outputs: Floats
    """The outputs for the samples that the problem shows, a row each."""


def sweep(problem: NetworkProblem, conventions: Sequence[Conventions], steps: int) -> list[Trained]:
    """Trains the network of a problem, which stays as it is, once by each of these conventions."""
    order = sorted(range(len(conventions)), key=lambda k: (conventions[k].batches, _sum_of(conventions[k])))
    found: dict[int, Trained] = {}
    with np.errstate(all="ignore"):  # a training that diverges has no number that anyone published
        for kind, group in groupby(order, key=lambda k: conventions[k].batches):
            members = list(group)
            networks = _Networks(problem, [conventions[k] for k in members])
            found |= zip(members, networks.train(BATCHES[kind](problem, steps), steps), strict=True)
    return [found[k] for k in range(len(conventions))]


def _sum_of(convention: Conventions) -> str:
    """The loss that is what its own is an average of."""
    return ROWS[convention.loss]._replace(over="sum").name


class _Networks:
    """A network in several trainings: weights (count, n_out, n_in), biases (count, 1, n_out), a (count, m, n_out)."""

    def __init__(self, problem: NetworkProblem, conventions: Sequence[Conventions]) -> None:
        self.problem, self.conventions = problem, conventions
        weights, biases = problem.model.arrays()
        self.weights = [np.repeat(W[None], len(conventions), axis=0) for W in weights]
        self.biases = [np.repeat(b[None, None], len(conventions), axis=0) for b in biases]
        self.activations = [layer.neurons[0].activation for layer in problem.model.layers]
        self.l2, self.rate = self._each("l2"), self._each("learning_rate") * self._each("sign")
        self.penalised, self.trained = self._each("penalised_biases"), self._each("train_biases") != 0
        self.shared = self._each("shared_bias") != 0
        self.early = np.array([c.update == "output-first" for c in conventions])
        self.sums: dict[str, slice] = {}
        for k, convention in enumerate(conventions):  # they come sorted by it
            name = _sum_of(convention)
            self.sums[name] = slice(self.sums.get(name, slice(k, k)).start, k + 1)

    def _each(self, name: str) -> Any:
        return np.array([getattr(c, name) for c in self.conventions], dtype=np.float64)[:, None, None]

    def train(self, rows: Iterator[Any], steps: int) -> list[Trained]:
        X, Y, training = self.problem.inputs, self.problem.targets, self.problem.training
        start = {f"d{kind}{l + 1}": g for l, *both in self.backward(X, Y) for kind, g in zip("Wb", both, strict=True)}
        first = last = self.loss()
        layers = [[ParameterSlice(W, W), ParameterSlice(b, b)] for W, b in zip(self.weights, self.biases, strict=True)]
        optimizers = [training.make_optimizer(list(layer)) for layer in layers]
        for step, taken in enumerate(rows):
            if step == steps - 1:
                last = self.loss()
            rate = self.rate * SCHEDULES[training.schedule](step, steps, training.decay, training.decay_every)
            for l, dW, db in self.backward(X[taken], Y[taken]):
                weights, biases = layers[l]
                weights.grad, biases.grad = dW, np.where(self.trained, db, 0.0)
                optimizers[l].lr = rate
                optimizers[l].step()
        loss, outputs = self.loss(), self.forward(self.problem.shown_samples[0])[1][-1]
        return [
            Trained(
                {name: g[k] if name[1] == "W" else g[k, 0] for name, g in start.items()},
                first[k],
                last[k],
                loss[k],
                [W[k] for W in self.weights],
                [b[k, 0] for b in self.biases],
                vectorized.softmax(outputs[k]) if "softmax_cross_entropy" in convention.loss else outputs[k],
            )
            for k, convention in enumerate(self.conventions)
        ]

    def forward(self, X: Floats) -> tuple[list[Floats], list[Floats]]:
        """The nets and activations, as `vectorized.forward` has them."""
        nets, activations = [], [X]
        for W, b, name in zip(self.weights, self.biases, self.activations, strict=True):
            nets.append(activations[-1] @ W.swapaxes(1, 2) + b)
            activations.append(OUTPUTS[name][0](nets[-1]))
        return nets, activations

    def backward(self, X: Floats, Y: Floats) -> Iterator[tuple[int, Floats, Floats]]:
        """The gradients dW and db of each layer, the last first: those who go "output-first" change it meanwhile."""
        nets, activations = self.forward(X)
        delta = self.last_delta(nets[-1], activations[-1], Y)
        for l in reversed(range(len(nets))):
            W, b = self.weights[l], self.biases[l]
            dW, db = delta.swapaxes(1, 2) @ activations[l], delta.sum(axis=1, keepdims=True)
            if self.l2.any():
                dW += self.l2 / len(Y) * W
                db += self.penalised * self.l2 / len(Y) * b
            before = delta @ W if l else delta
            yield l, dW, np.where(self.shared, db.sum(axis=2, keepdims=True), db)
            if l:
                before[self.early] = delta[self.early] @ W[self.early]
                delta = before * OUTPUTS[self.activations[l - 1]][1](nets[l - 1], activations[l])

    def last_delta(self, z: Floats, a: Floats, Y: Floats) -> Floats:
        """δ of the last layer: the trainings by averages of one sum are so many more samples to its formula."""
        delta, output = np.empty_like(a), self.activations[-1]
        for name, some in self.sums.items():
            net, out = (x[some].reshape(-1, a.shape[2]) for x in (z, a))
            y, of_net = np.tile(Y, (some.stop - some.start, 1)), LOSSES_OF_NET.get((name, output))
            made = of_net[1](net, y) if of_net else LOSSES[name][1](out, y) * OUTPUTS[output][1](net, out)
            delta[some] = made.reshape(a[some].shape)
        counts = {"sum": 1, "samples": len(Y), "elements": Y.size}
        delta /= np.array([counts[ROWS[c.loss].over] for c in self.conventions])[:, None, None]
        return delta

    def loss(self) -> list[float]:
        """Of all samples, with the penalty."""
        Y, m = self.problem.targets, len(self.problem.targets)
        nets, activations = self.forward(self.problem.inputs)
        found = []
        for k, convention in enumerate(self.conventions):
            squares = sum(float(np.sum(W[k] ** 2)) for W in self.weights)
            if convention.penalised_biases:
                squares += sum(
                    float(np.sum(b[k, 0, : 1 if convention.shared_bias else None] ** 2)) for b in self.biases
                )
            of_net = LOSSES_OF_NET.get((convention.loss, self.activations[-1]))
            loss = of_net[0](nets[-1][k], Y) if of_net else LOSSES[convention.loss][0](activations[-1][k], Y)
            found.append(float(loss) + convention.l2 / (2 * m) * squares)
        return found
