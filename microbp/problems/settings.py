"""How a network is trained: every setting by name, the same in a problem file and in Python.

>>> Training(steps=100, optimizer="adam").batch_size is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypedDict, get_args

from microbp.errors import ProblemError, UnknownNameError, nearest
from microbp.optim import OPTIMIZERS, SCHEDULES, Optimizer
from microbp.printing import say, word
from microbp.problems.kinds import NUMBER, SHARE, one_of, short, whole_number

OptimizerName = Literal["sgd", "adam"]
Schedule = Literal["constant", "step", "cosine"]
Update = Literal["simultaneous", "output-first"]
Engine = Literal["scalar", "compiled", "vectorized"]
UPDATES, ENGINES = get_args(Update), get_args(Engine)

KINDS = {
    "learning_rate": NUMBER,
    "steps": whole_number(0),
    "batch_size": whole_number(1),
    "optimizer": one_of(OPTIMIZERS),
    "momentum": NUMBER,
    "schedule": one_of(SCHEDULES),
    "decay": SHARE,
    "decay_every": whole_number(1),
    "update": one_of(UPDATES),
    "engine": one_of(ENGINES),
    "seed": whole_number(0),
}
"""What each setting of `Training` takes, there and in a problem file."""

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
        raise UnknownNameError(nearest("penalty", name, PENALTIES))
    return found


class TrainingOptions(TypedDict, total=False):
    """The fields of `Training`, as options of a function; how many steps is asked for by itself."""

    learning_rate: float
    batch_size: int | None
    optimizer: OptimizerName
    momentum: float
    schedule: Schedule
    decay: float
    decay_every: int
    update: Update
    engine: Engine
    seed: int


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
    optimizer: OptimizerName = "sgd"
    momentum: float = 0.0
    schedule: Schedule = "constant"
    decay: float = 0.5
    decay_every: int = 1000
    update: Update = "simultaneous"
    engine: Engine = "scalar"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            value = getattr(self, name)
            if value is None and name == "batch_size":
                continue
            if kind.choices and not kind.fits(value):
                raise UnknownNameError(nearest(name, value, kind.choices))
            if not kind.fits(value):
                raise ProblemError(f"{name} must be {kind.words}, got {short(value)}")
            if not kind.choices:  # NumPy's numbers become Python's
                object.__setattr__(self, name, float(value) if kind in (NUMBER, SHARE) else int(value))
        if self.momentum and self.optimizer != "sgd":
            raise ProblemError(
                f"momentum belongs to the optimizer sgd, got {self.momentum} with {self.optimizer}: set it to 0"
            )
        if self.engine == "compiled" and self.update != "simultaneous":
            raise ProblemError(
                "the compiled engine takes every gradient from the old weights: the update must be simultaneous, got "
                f"{self.update}; choose the engine scalar or vectorized"
            )

    def __str__(self) -> str:
        how = say("{steps:,} steps of {optimizer}", steps=self.steps, optimizer=self.optimizer)
        if self.steps == 1:
            how = say("1 step of {optimizer}", optimizer=self.optimizer)
        if self.momentum:
            how = say("{said} with momentum {momentum}", said=how, momentum=self.momentum)
        batch = say("full batch") if self.batch_size is None else say("batches of {size}", size=self.batch_size)
        said = [how, batch, say("learning rate {rate}", rate=self.learning_rate)]
        if self.schedule != "constant":
            said.append(say("schedule {schedule}", schedule=self.schedule))
        said.append(say("update {update}", update=word(self.update)))
        said.append(say("engine {engine}", engine=word(self.engine)))
        return say(", ").join(said)

    def but(self, changes: Mapping[str, Any]) -> Training:
        """The same with some settings changed. Raises `UnknownNameError` for what is no setting."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise UnknownNameError(nearest("setting", name, known))
        return replace(self, **changes)

    def steps_in(self, epochs: int, samples: int) -> int:
        """How many steps see all samples so many times. Raises `ProblemError` for less than 0 epochs."""
        if not KINDS["steps"].fits(epochs):
            raise ProblemError(f"epochs must be {KINDS['steps'].words}, got {short(epochs)}")
        return int(epochs) * -(-samples // (self.batch_size or samples))

    def make_optimizer(self, parameters: list[Any]) -> Optimizer:
        """The optimizer of that name for these parameters."""
        make: Callable[..., Optimizer] = OPTIMIZERS[self.optimizer]
        more = {"momentum": self.momentum} if self.momentum else {}
        return make(parameters, self.learning_rate, **more)

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.learning_rate * SCHEDULES[self.schedule](step, self.steps, self.decay, self.decay_every)
