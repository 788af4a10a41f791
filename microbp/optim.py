"""Rules that change parameters by their gradients, and schedules of the learning rate.

>>> from microbp import Value
>>> w = Value(1.0)
>>> optimizer = SGD([w], lr=0.1)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w**2).backward()
...     optimizer.step()
>>> round(w.data, 6)
0.512
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Trainable(Protocol):
    """What an optimizer changes: a `Value`, or anything whose `data` and `grad` are numbers or arrays of one shape."""

    data: Any
    grad: Any


class Optimizer(ABC):
    """What all of them share: the parameters, and the learning rate `lr`, which may be changed between steps."""

    memory: tuple[str, ...] = ()
    """The lists, one entry a parameter, that it remembers from step to step."""

    def __init__(self, parameters: Iterable[Trainable], lr: float) -> None:
        self.parameters = list(parameters)
        self.lr = lr
        self.steps = 0
        for name in self.memory:
            setattr(self, name, [0.0 * p.data for p in self.parameters])

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    @abstractmethod
    def step(self) -> None:
        """Changes every parameter once."""

    def remembered(self) -> dict[str, Any]:
        """What it remembers now, in lists of their own: `vars(optimizer).update` takes it back."""
        return {"steps": self.steps, **{name: list(getattr(self, name)) for name in self.memory}}

    def state(self) -> dict[str, NDArray[np.float64]]:
        """What it remembers, each list as one vector; `restore` takes it."""
        return {
            "steps": np.array([self.steps], dtype=np.float64),
            **{name: np.concatenate([np.ravel(x) for x in getattr(self, name)]) for name in self.memory},
        }

    def restore(self, state: Mapping[str, NDArray[np.float64]]) -> None:
        """Remembers again what `state` returned. Raises `ValueError` or `KeyError` if that was another optimizer's."""
        self.steps = int(state["steps"][0])
        for name in self.memory:
            parts, start = [], 0
            for p in self.parameters:
                part = state[name][start : start + np.size(p.data)]
                start += len(part)
                parts.append(part.reshape(np.shape(p.data)).copy() if np.ndim(p.data) else float(part.item()))
            if start != len(state[name]):
                raise ValueError(f"{name} has {len(state[name])} numbers, the parameters {start}")
            setattr(self, name, parts)


class SGD(Optimizer):
    """Gradient descent: p ← p − lr·v with v = momentum·v + grad, as in PyTorch."""

    memory = ("velocity",)
    velocity: list[Any]

    def __init__(self, parameters: Iterable[Trainable], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum

    def step(self) -> None:
        self.steps += 1
        for k, p in enumerate(self.parameters):
            self.velocity[k] = self.momentum * self.velocity[k] + p.grad
            p.data -= self.lr * self.velocity[k]


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1): steps scaled by running means of the gradient and of its square."""

    memory = ("mean", "square")
    mean: list[Any]
    square: list[Any]

    def __init__(
        self,
        parameters: Iterable[Trainable],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas = betas
        self.eps = eps

    def step(self) -> None:
        self.steps += 1
        b1, b2 = self.betas
        for k, p in enumerate(self.parameters):
            self.mean[k] = b1 * self.mean[k] + (1 - b1) * p.grad
            self.square[k] = b2 * self.square[k] + (1 - b2) * p.grad * p.grad  # ** raises where a float overflows
            mean = self.mean[k] / (1 - b1**self.steps)
            square = self.square[k] / (1 - b2**self.steps)
            p.data -= self.lr * mean / (square**0.5 + self.eps)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adam": Adam}
"""Every optimizer by name."""

SCHEDULES: dict[str, Callable[[int, int, float, int], float]] = {
    "constant": lambda step, steps, decay, every: 1.0,
    "step": lambda step, steps, decay, every: decay ** (step // every),
    "cosine": lambda step, steps, decay, every: 0.5 * (1 + math.cos(math.pi * step / steps)),
}
"""By what the learning rate is multiplied at a step, counted from 0: nothing; `decay` after `every` steps, and again
after as many; half a cosine from 1 to 0 over all `steps`.
"""
