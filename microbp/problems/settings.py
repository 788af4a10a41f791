"""How a network is trained: every setting by name, the same in a problem file and in Python.

>>> Training(steps=100, optimizer="adam").batch_size is None
True
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from reprlib import repr as short
from typing import Any

from microbp.errors import ProblemError, UnknownNameError, unknown
from microbp.optim import OPTIMIZERS, SCHEDULES, Optimizer

UPDATES = ("simultaneous", "output-first")
ENGINES = ("scalar", "vectorized")

_CHOICES: dict[str, Mapping[str, Any] | tuple[str, ...]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "update": UPDATES,
    "engine": ENGINES,
}
_LEAST = {"steps": 0, "batch_size": 1, "decay_every": 1, "seed": 0}
_MOST = {"learning_rate": sys.float_info.max, "momentum": sys.float_info.max, "decay": 1.0}


PENALTIES: dict[str, Callable[[int], float]] = {
    "λ/2m": lambda m: 1.0,
    "λ/2": lambda m: float(m),
    "λ": lambda m: 2.0 * m,
    "λ/m": lambda m: 2.0,
}
"""What stands before Σw² in a penalty: for m samples, how many times λ/2m that is."""


def penalty_named(name: str) -> str:
    """One of `PENALTIES`, however its λ was typed. Raises `UnknownNameError` for another.

    >>> penalty_named("lambda / 2m")
    'λ/2m'
    """
    found = "".join(name.lower().split()).replace("lambda", "λ").replace("(2m)", "2m").replace("·", "")
    if found not in PENALTIES:
        raise UnknownNameError(unknown("penalty", name, PENALTIES))
    return found


def _is(kind: type, value: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class Training:
    """The settings of a training run. Raises `UnknownNameError` and `ProblemError` for what cannot be one.

    Without a `batch_size` each step takes all samples; else they are shuffled anew for each epoch, by `seed`. With the
    update "simultaneous" every gradient comes from the old weights: the correct rule. With "output-first" the weights
    of the last layer are changed before the gradients of the layer below are computed, and so on down: the slip behind
    the figures that are often quoted for w1–w8. The schedule "step" multiplies the learning rate by `decay` after
    `decay_every` steps, and again after as many; "cosine" brings it to 0 over all steps.
    """

    learning_rate: float = 0.5
    steps: int = 1
    batch_size: int | None = None
    optimizer: str = "sgd"
    momentum: float = 0.0
    schedule: str = "constant"
    decay: float = 0.5
    decay_every: int = 1000
    update: str = "simultaneous"
    engine: str = "scalar"
    seed: int = 0

    def __post_init__(self) -> None:
        value: Any
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                raise UnknownNameError(unknown(name, value, allowed))
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is None and name == "batch_size":
                continue
            if not _is(Integral, value) or not least <= value < 2**63:
                raise ProblemError(f"{name} must be a whole number, {least} or more, got {short(value)}")
            object.__setattr__(self, name, int(value))
        for name, most in _MOST.items():
            value = getattr(self, name)
            try:
                number = float(value) if _is(Real, value) else math.nan
            except OverflowError:
                number = math.inf
            if not 0 <= number <= most:
                words = "from 0 to 1" if most == 1 else "0 or more"
                raise ProblemError(f"{name} must be a number, {words}, got {short(value)}")
            object.__setattr__(self, name, number)
        if self.momentum and self.optimizer != "sgd":
            raise ProblemError(
                f"momentum belongs to the optimizer sgd, got {self.momentum} with {self.optimizer}: set it to 0"
            )

    def but(self, changes: Mapping[str, Any]) -> Training:
        """The same with some settings changed. Raises `UnknownNameError` for what is no setting."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UnknownNameError(unknown("setting", name, known))
        return replace(self, **changes)

    def steps_in(self, epochs: int, samples: int) -> int:
        """How many steps see all samples so many times. Raises `ProblemError` for less than 0 epochs."""
        if not _is(Integral, epochs) or epochs < 0:
            raise ProblemError(f"epochs must be a whole number, 0 or more, got {short(epochs)}")
        return int(epochs) * -(-samples // (self.batch_size or samples))

    def make_optimizer(self, parameters: list[Any]) -> Optimizer:
        """The optimizer of that name for these parameters."""
        make: Callable[..., Optimizer] = OPTIMIZERS[self.optimizer]
        more = {"momentum": self.momentum} if self.momentum else {}
        return make(parameters, self.learning_rate, **more)

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.learning_rate * SCHEDULES[self.schedule](step, self.steps, self.decay, self.decay_every)
