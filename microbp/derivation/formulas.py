"""The functions of a network: as rows of text, each f′ and what is taken for it and for ∂E/∂a; and to be called.

>>> SLOPES["tanh"], MISREMEMBERED["tanh"][0]
('1 - a ** 2', '1 - a')
>>> functions()["sigmoid1"](np.zeros((1, 1))).item(), functions()["without"](np.ones((2, 1)), 0).ravel().tolist()
(0.25, [0.0, 1.0])
>>> other_losses(LOSSES["half_squared_error"])["squared_error"]
'2 * (a - y)'
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Any

import numpy as np

from microbp.losses import LOSSES, Loss
from microbp.problems.exercise import Floats
from microbp.vectorized import OUTPUTS, softmax

SLOPES = {
    "softmax": "a * (1 - a)",  # of it this is the diagonal alone
    "linear": "1.0",
    "sigmoid": "a * (1 - a)",
    "tanh": "1 - a ** 2",
    "relu": "(z > 0)",
    "leaky_relu": "0.01 + 0.99 * (z > 0)",
    "elu": "np.where(z > 0, 1.0, a + 1)",
    "softplus": "sigmoid(z)",
}
"""f′ in terms of z and a = f(z), for each f that acts on every entry by itself."""
DERIVED = {
    "sigmoid": "(1/(1 + e⁻ᶻ))′ = e⁻ᶻ/(1 + e⁻ᶻ)² = 1/(1 + e⁻ᶻ) · (1 − 1/(1 + e⁻ᶻ))",
    "tanh": "(sinh z / cosh z)′ = (cosh² z − sinh² z)/cosh² z",
    "softplus": "log(1 + eᶻ)′ = eᶻ/(1 + eᶻ)",
}
"""How the derivative of an activation is found, where that is more than a rule."""
JACOBIANS = {"softmax": "a * (up - (up * a).sum(axis=1, keepdims=True))"}
"""δ of an f that makes each output from all nets of its row."""
MISREMEMBERED: dict[str, tuple[str, ...]] = {
    "softmax": ("1 - a", "a"),
    "linear": ("a",),
    "sigmoid": ("1 - a", "a", "a * (1 + a)", "a ** 2"),
    "tanh": ("1 - a", "a", "1 + a ** 2", "a ** 2 - 1", "a ** 2"),
    "relu": ("z", "a", "(z < 0)", "np.where(z > 0, 1.0, z)"),
    "leaky_relu": ("z", "a", "0.01 * (z > 0) + 0.99 * (z < 0)", "np.where(z > 0, 1.0, 0.01 * z)"),
    "elu": ("np.where(z > 0, 1.0, a)", "a + 1", "np.exp(z)", "np.where(z > 0, z, a + 1)"),
    "softplus": ("a", "1 - a"),
}
"""What is taken for it by mistake."""

ABSOLUTE = {
    "absolute_error": "np.sign(a - y)",
    "absolute_error_per_sample": "np.sign(a - y) / m",
    "mean_absolute_error": "np.sign(a - y) / (m * n)",
}
"""∂E/∂a of losses that no problem here has, but learners take."""


@lru_cache(maxsize=32)
def other_losses(loss: Loss) -> dict[str, str]:
    """∂E/∂a of every loss that may be taken for this one, by name; squares of a softmax's probabilities too."""
    every = sorted(LOSSES.values(), key=lambda other: len(other.name))  # the plainer the name, the likelier the loss
    found = {other.name: other.derivative for other in every if other != loss} | ABSOLUTE
    if loss.of == "softmax_cross_entropy":
        found |= {
            f"{other.name} of the probabilities": other.derivative.replace("a - y", "p * (p - y - t)")
            for other in every
            if other.of == "squared_error"
        }
    return found


@lru_cache(maxsize=32)
def lost_parts(loss: Loss) -> dict[str, str]:
    """∂E/∂a with a part of it missing or wrong, or what is taken for it, by what is wrong."""
    if loss.of == "hinge":
        return {}
    over = loss.divided
    terms = {
        "squared_error": "(a - y) ** 2 / 2" if loss.half else "(a - y) ** 2",
        "binary_cross_entropy": "-(y * np.log(a) + (1 - y) * np.log(1 - a))",
        "softmax_cross_entropy": "-y * np.log(p)",
    }
    predicted = {"softmax_cross_entropy": "(p >= p.max(axis=1, keepdims=True)) - y"}.get(loss.of, "np.round(a) - y")
    found = {
        "y is missing": re.sub(r"\b([ap]) - y", r"\1", loss.derivative),
        "the loss of each output is used, not its derivative": terms[loss.of] + over,
        "the whole loss, one number, is used": f"({terms[loss.of]}).sum(){over}",
        "the output is rounded to a class first": re.sub(r"\b[ap] - y", predicted, loss.derivative),
    }
    if loss.half:
        found["the square is still there, only the ½ is gone"] = f"(a - y) ** 2{over}"
    if loss.of == "binary_cross_entropy":
        found["only its first term is there"] = f"-y / a{over}"
        found["its second term has the sign of the first"] = f"-(y / a + (1 - y) / (1 - a)){over}"
    return found


def symbol(activation: str) -> str:
    """What an activation is called in a formula."""
    return "σ" if activation == "sigmoid" else activation


def _rows(x: Floats, i: int, own: float, others: float) -> Floats:
    """The rows of x, each times a factor: row i times its own."""
    factors = np.full((len(x), 1), others, dtype=x.dtype)
    factors[i] = own
    return factors * x


def _slope(f: Any, prime: Any, z: Any, a: Any = None) -> Floats:
    of_value = f is softmax  # all others are of z alone
    return prime(z, f(z) if a is None and of_value else a)  # type: ignore[no-any-return]  # of arrays it makes arrays


@lru_cache(maxsize=1)
def functions() -> dict[str, Any]:
    """Every activation by name with its derivative, softmax1 of z and a; and what takes rows out of an array."""
    found: dict[str, Any] = {"softmax": softmax, "diagonal": np.diag}
    for name, factors in (("without", (0.0, 1.0)), ("only", (1.0, 0.0)), ("twice", (2.0, 1.0))):
        found[name] = partial(_rows, own=factors[0], others=factors[1])
    for name, (f, prime) in OUTPUTS.items():
        found |= {name: f, f"{name}1": partial(_slope, f, prime)}
    return found
