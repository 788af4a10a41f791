"""The functions of a network as rows of text: each activation's f′, each loss's ∂E/∂a, and what is taken for them.

A loss is one row, said in three words: what it is of each output, whether a ½ stands before it, and what it is averaged
over.

>>> SLOPES["tanh"], loss_of("half_squared_error").error, loss_of("mean_squared_error").error
('1 - a ** 2', 'a - y', '2 * (a - y) / (m * n)')
>>> Loss("squared_error", True, "samples").name, Loss("absolute_error", False, "samples").name
('half_squared_error_per_sample', 'absolute_error, a mean over the samples')
"""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

from microbp.losses import LOSSES

SLOPES = {
    "linear": "1.0",
    "sigmoid": "a * (1 - a)",
    "tanh": "1 - a ** 2",
    "relu": "(z > 0)",
    "leaky_relu": "0.01 + 0.99 * (z > 0)",
    "softplus": "sigmoid(z)",
}
"""f′ in terms of z and a = f(z), for each f that acts on every entry by itself."""
MISREMEMBERED: dict[str, tuple[str, ...]] = {
    "linear": ("a",),
    "sigmoid": ("1 - a", "a", "a * (1 + a)", "a ** 2"),
    "tanh": ("1 - a", "a", "1 + a ** 2", "a ** 2 - 1", "a ** 2"),
    "relu": ("z", "a", "(z < 0)", "np.where(z > 0, 1.0, z)"),
    "leaky_relu": ("z", "a", "0.01 * (z > 0) + 0.99 * (z < 0)", "np.where(z > 0, 1.0, 0.01 * z)"),
    "softplus": ("a", "1 - a"),
}
"""What is taken for it by mistake."""

PER_OUTPUT = {
    "squared_error": "2 * (a - y)",
    "absolute_error": "np.sign(a - y)",
    "binary_cross_entropy": "(a - y) / (a * (1 - a))",
    "hinge": "(y * a < 1) * -y",
    "softmax_cross_entropy": "p - y",
}
"""The derivative of what one output adds to a loss; p = softmax(a)."""
OVER = {"sum": "", "samples": " / m", "elements": " / (m * n)"}
"""What a loss is averaged over: nothing, the m samples, or all m·n outputs."""
DELTAS = {("binary_cross_entropy", "sigmoid"): "a - y", ("softmax_cross_entropy", "softmax"): "a - y"}
"""δ of the last layer by what the loss is of each output and by activation, where ∂E/∂a ⊙ f′ simplifies."""


class Loss(NamedTuple):
    """A loss: what it is of each output, whether with a ½, and what it is averaged over."""

    of: str
    half: bool = False
    over: str = "sum"

    @property
    def name(self) -> str:
        """What it is called: by one word, if there is one."""
        if self in _ALIASED:
            return _ALIASED[self]
        plain = _ALIASED.get(self._replace(over="sum")) or ("half_" * self.half + self.of)
        return (
            plain
            + {"sum": ", a sum", "samples": ", a mean over the samples", "elements": ", a mean over all"}[self.over]
        )

    @property
    def error(self) -> str:
        """∂E/∂a."""
        return self._averaged("a - y" if self.half else PER_OUTPUT[self.of])

    def delta(self, activation: str) -> str:
        """δ of the last layer where it simplifies with that activation; else nothing."""
        text = DELTAS.get((self.of, activation), "")
        return text and self._averaged(text)

    def _averaged(self, text: str) -> str:
        mean = OVER[self.over]
        return f"({text}){mean}" if mean and not re.match(r"2 \* |np|\([^()]*\) [*/]", text) else text + mean


ALIASES = {name: Loss(*row) for name, row in LOSSES.items()}
ALIASES |= {"absolute_error": Loss("absolute_error"), "mean_absolute_error": Loss("absolute_error", False, "elements")}
"""The losses that one word says."""
_ALIASED = {loss: name for name, loss in ALIASES.items()}


def loss_of(name: str) -> Loss:
    """The row of a loss by the word for it."""
    return ALIASES[name]


def other_losses(loss: Loss) -> dict[str, str]:
    """∂E/∂a of every loss that may be taken for this one, by name; squares of a softmax's probabilities too."""
    every = [Loss(of, half, over) for of, over in product(PER_OUTPUT, OVER) for half in _HALVES[of]]
    every.sort(key=lambda other: other not in _ALIASED)  # those that have a name are likelier
    found = {other.name: other.error for other in every if other != loss}
    if loss.of == "softmax_cross_entropy":
        squared = [Loss("squared_error", half, over) for over in OVER for half in (True, False)]
        found |= {
            f"{other.name} of the probabilities": other.error.replace("a - y", "p * (p - y - t)")
            if other.over != "sum" or not other.half
            else "p * (p - y - t)"
            for other in squared
        }
    return found


_HALVES = {of: (True, False) if of == "squared_error" else (False,) for of in PER_OUTPUT}


def lost_parts(loss: Loss) -> dict[str, str]:
    """∂E/∂a with a part of it missing or wrong, by what is wrong."""
    if loss.of == "hinge":
        return {}
    found = {f"{loss.name} without y": re.sub(r"\b([ap]) - y", r"\1", loss.error)}
    if loss.of == "binary_cross_entropy":
        mean = OVER[loss.over]
        found["its first term alone"] = f"-y / a{mean}"
        found["its second term with the first one's sign"] = f"-(y / a + (1 - y) / (1 - a)){mean}"
    return found


def symbol(activation: str) -> str:
    """What an activation is called in a formula."""
    return "σ" if activation == "sigmoid" else activation
