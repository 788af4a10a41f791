"""Rules that change parameters by their gradients.

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

from abc import ABC, abstractmethod
from collections.abc import Iterable

from microbp.engine import Value


class Optimizer(ABC):
    """What all of them share: the parameters, and the learning rate `lr`, which may be changed between steps."""

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = list(parameters)
        self.lr = lr

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    @abstractmethod
    def step(self) -> None:
        """Changes every parameter once."""


class SGD(Optimizer):
    """Gradient descent: p ← p − lr·v with v = momentum·v + grad, as in PyTorch."""

    def __init__(self, parameters: Iterable[Value], lr: float, momentum: float = 0.0) -> None:
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.velocity = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Changes every parameter once."""
        for k, p in enumerate(self.parameters):
            self.velocity[k] = self.momentum * self.velocity[k] + p.grad
            p.data -= self.lr * self.velocity[k]


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1): steps scaled by running means of the gradient and of its square."""

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas = betas
        self.eps = eps
        self.mean = [0.0] * len(self.parameters)
        self.square = [0.0] * len(self.parameters)
        self.steps = 0

    def step(self) -> None:
        """Changes every parameter once."""
        self.steps += 1
        b1, b2 = self.betas
        for k, p in enumerate(self.parameters):
            self.mean[k] = b1 * self.mean[k] + (1 - b1) * p.grad
            self.square[k] = b2 * self.square[k] + (1 - b2) * p.grad**2
            mean = self.mean[k] / (1 - b1**self.steps)
            square = self.square[k] / (1 - b2**self.steps)
            p.data -= self.lr * mean / (square**0.5 + self.eps)
