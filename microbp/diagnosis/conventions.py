"""Which conventions reproduce a published number: the ½, 1/m or a sum, the form of λ, the biases, the order of updates.

>>> from microbp import load
>>> found = reproduce(load("w1-w8"), "0.291027924", steps=1)
>>> print(found)
0.291027924 is E after 1 step, with update output-first
>>> print(reproduce(load("w1-w8"), "0.082667628"))
0.082667628 is ∂E/∂w6 at the start, with the problem's own conventions
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import combinations, product
from typing import Any

from microbp.errors import MicrobpError, ProblemError
from microbp.learner.cases import case_of
from microbp.losses import LOSSES
from microbp.problems import NetworkProblem, Problem, as_network
from microbp.training import train

MOST_DEVIATIONS = 2


@dataclass(frozen=True)
class Match:
    """One way to a published number."""

    quantity: str
    value: float
    deviations: tuple[str, ...]
    """The conventions that are other than the problem's."""


@dataclass(frozen=True)
class Reproduced:
    """All ways to a published number with the fewest changes of convention. Prints as sentences."""

    published: str
    matches: tuple[Match, ...]
    tried: int
    """How many combinations of conventions."""

    @property
    def ok(self) -> bool:
        """Whether there is one."""
        return bool(self.matches)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        if not self.matches:
            return f"{self.published} comes from none of the {self.tried} combinations of conventions that were tried"
        return "\n".join(
            f"{self.published} is {m.quantity}, with {' and '.join(m.deviations) or 'the problem’s own conventions'}"
            for m in self.matches
        ).replace("’", "'")


def reproduce(problem: Problem, published: str | float, steps: int | None = None) -> Reproduced:
    """Tries the named conventions, with at most two other than the problem's, and says which give a published number.

    The number counts to the digits in which it is written: give it as text if the last is 0. It may be a loss, before
    training or after `steps` steps or one step fewer, an output, a parameter or a gradient. Raises `ProblemError`.
    """
    network = as_network(problem)
    try:
        number = Decimal(str(published))
        half = float(Decimal((0, (5,), int(number.as_tuple().exponent) - 1)))
    except (InvalidOperation, ValueError) as error:
        raise ProblemError(f"a published number is given as 0.291027924 for one, got {published!r}") from error
    steps = network.training.steps if steps is None else steps
    options = _options(network)
    tried = 0
    for count in range(MOST_DEVIATIONS + 1):
        found: list[Match] = []
        for kinds in combinations(options, count):
            for chosen in product(*(options[kind] for kind in kinds)):
                tried += 1
                words = tuple(words for words, _ in chosen)
                changed = network
                try:
                    changes: dict[str, Any] = {}
                    for _, change in chosen:
                        changes |= change
                    changed = _changed(network, changes)
                    numbers = list(_numbers(changed, steps))
                except MicrobpError:  # conventions that exclude each other
                    continue
                found += [Match(name, x, words) for name, x in numbers if abs(x - float(number)) <= half * (1 + 1e-9)]
        if found:
            return Reproduced(str(published), tuple(found), tried)
    return Reproduced(str(published), (), tried)


def _options(problem: NetworkProblem) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """For each convention the choices other than the problem's: in words, and as changes."""
    m = len(problem.inputs)
    update = "output-first" if problem.training.update == "simultaneous" else "simultaneous"
    options: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "loss": [(f"loss {name}", {"loss": name}) for name in LOSSES if name != problem.loss],
        "biases": [
            (f"biases {'not ' if problem.train_biases else ''}trained", {"train_biases": not problem.train_biases})
        ],
        "shared": [
            (
                "one bias a neuron" if problem.shared_bias else "one bias a layer",
                {"shared_bias": not problem.shared_bias},
            )
        ],
        "update": [(f"update {update}", {"update": update})],
        "sign": [("the gradient's sign turned", {"learning_rate": -problem.training.learning_rate})],
        "penalty": [
            (f"{words} for λ/2m", {"l2": problem.l2 * factor})
            for words, factor in (("λ/2", m), ("λ/m", 2), ("λ", 2 * m), ("no penalty", 0))
            if problem.l2 and factor != 1
        ],
    }
    return {kind: choices for kind, choices in options.items() if choices}


def _changed(problem: NetworkProblem, changes: dict[str, Any]) -> NetworkProblem:
    of_training = {name: value for name, value in changes.items() if name in ("update", "learning_rate")}
    rest = {name: value for name, value in changes.items() if name not in of_training}
    return replace(problem, training=problem.training.but(of_training), **rest)


def _numbers(problem: NetworkProblem, steps: int) -> Iterator[tuple[str, float]]:
    """Every number that a text might quote, with its name."""
    loss = problem.names.loss if problem.names else "loss"
    case = case_of(problem)
    for label, (name, where) in case.labels.items():
        gradient = case.truth[1][name]
        yield f"∂{loss}/∂{label} at the start", float(gradient.sum() if where is None else gradient[where])
    result = train(problem, steps, engine="vectorized")
    after = f"after {steps:,} step{'' if steps == 1 else 's'}"
    yield f"{loss} before training", result.initial_loss
    if steps > 1:
        yield f"{loss} after {steps - 1:,} step{'' if steps == 2 else 's'}", result.losses[-1]
    if steps:
        yield f"{loss} {after}", result.loss
        yield from ((f"{label} {after}", value) for label, value in result.parameters.items())
    for i, row in enumerate(result.outputs):
        yield from ((f"output {j} of sample {i} {after}", value) for j, value in enumerate(row))
