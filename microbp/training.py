"""Gradient descent on a problem, by the rule it names.

>>> from microbp.problems import load
>>> result = train(load("w1-w8"), steps=1)
>>> round(result.loss, 9), round(result.parameters["w5"], 9)
(0.291027774, 0.35891648)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from microbp.engine import Value
from microbp.errors import ProblemError, UnknownNameError, unknown
from microbp.optim import SGD
from microbp.problems import NetworkProblem, Problem, as_network
from microbp.problems.loading import UPDATES


@dataclass(frozen=True)
class TrainingResult:
    """Where training led: the loss and the outputs *after* the last step, and every leaf by its label."""

    steps: int
    update: str
    learning_rate: float
    initial_loss: float
    loss: float
    outputs: list[list[float]]
    parameters: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return asdict(self)


def train(
    problem: Problem, steps: int | None = None, *, update: str | None = None, learning_rate: float | None = None
) -> TrainingResult:
    """Trains the network of a problem, in place, for `steps` full-batch steps of gradient descent.

    With the update "simultaneous" every gradient comes from the old weights: the correct rule. With "output-first" the
    weights of the last layer are changed before the gradients of the layer below are computed, and so on down: the slip
    behind the figures that are often quoted for w1–w8. What is not given is taken from the problem. Raises
    `ProblemError` if the problem has no network, `UnknownNameError` for another update.
    """
    problem = as_network(problem)
    steps = problem.steps if steps is None else steps
    update = update or problem.update
    rate = problem.learning_rate if learning_rate is None else learning_rate
    if update not in UPDATES:
        raise UnknownNameError(unknown("update", update, UPDATES))
    if steps < 0:
        raise ProblemError(f"training needs 0 or more steps, got {steps}")
    groups = [problem.trained()] if update == "simultaneous" else _by_layer(problem)
    optimizers = [SGD(group, lr=rate) for group in groups]
    initial_loss = problem.root().data
    for _ in range(steps):
        root = problem.root()
        for optimizer in optimizers:
            # For the later groups this runs back through the same forward values, but past weights already changed.
            root.zero_grad()
            root.backward()
            optimizer.step()
    parameters = {leaf.label: leaf.data for leaf in problem.leaves()}
    return TrainingResult(steps, update, rate, initial_loss, problem.root().data, problem.outputs(), parameters)


def _by_layer(problem: NetworkProblem) -> list[list[Value]]:
    """The trained parameters layer by layer, last layer first."""
    return [layer.parameters() for layer in reversed(problem.model.layers)]
