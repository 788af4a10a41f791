"""The derivatives of a network's functions as a textbook prints them, and as they are misremembered: text, and no code.

>>> SLOPES["tanh"], at(SLOPES["tanh"], 2), at(ERRORS["squared_error"], 2, "[i,j]")
('1 − a²', '1 − a2²', '2·(a2[i,j] − y[i,j])')
"""

from __future__ import annotations

import re

from microbp.engine.ops import ACTIVATIONS, OPS
from microbp.formula.language import Formula
from microbp.losses import LOSSES


def _text(formula: Formula, **names: str) -> str:
    """A formula of the tables as a line has it: narrow, and a difference in brackets, since a factor may follow."""
    text = formula.text(**names).replace(" / ", "/")
    return f"({text})" if re.fullmatch(r"\w − \w", text) else text


SLOPES = {
    name: "1" if name == "linear" else _text(OPS[name].print_formula("x"), x="z", out="a") for name in ACTIVATIONS
}
"""f′ in terms of z and a = f(z), for each f."""

MISREMEMBERED: dict[str, tuple[str, ...]] = {
    "linear": ("a",),
    "sigmoid": ("1 − a", "a", "a·(1 + a)", "a²"),
    "tanh": ("1 − a", "a", "1 + a²", "a² − 1", "a²"),
    "relu": ("z", "a", "[z < 0]"),
    "leaky_relu": ("z", "a", "0.01·[z > 0] + 0.99·[z < 0]"),
    "softplus": ("a", "1 − a"),
}
"""What is taken for it by mistake, as far as that is known."""

ERRORS = {name: _text(Formula(loss.derivative)) for name, loss in LOSSES.items()}
"""∂E/∂a of each loss E, for m samples and n outputs; p = softmax(a)."""

OTHER_ERRORS = {
    "absolute_error": "([a > y] − [a < y])",
    "mean_absolute_error": "([a > y] − [a < y])/(m·n)",
}
"""∂E/∂a of losses that microbp does not have, and learners do."""
ERRORS_OF_PROBABILITIES = {
    f"{loss} of the probabilities": text.replace("(a − y)", "p·(p − y − t)")
    for loss, text in (ERRORS | OTHER_ERRORS).items()
    if "(a − y)" in text and "squared" in loss
}
"""The same for what is squared after a softmax; t = Σ (p − y)·p of each sample, summed over the outputs."""

_MEANS = {"sum": "", "samples": "/m", "elements": "/(m·n)"}
_OF_BINARY = {
    "its first term alone": "(−y)/a",
    "its second term with the first one's sign": "−(y/a + (1 − y)/(1 − a))",
}
WRONG_ERRORS = {
    loss: {k: text + _MEANS[LOSSES[loss].over] for k, text in _OF_BINARY.items() if "binary" in loss}
    | ({f"{loss} without y": without} if (without := re.sub(r"\((a|p) − y\)", r"\1", right)) != right else {})
    for loss, right in ERRORS.items()
}
"""What is taken for it by mistake, by what is wrong, for each loss."""


_EVERY = ERRORS | OTHER_ERRORS | ERRORS_OF_PROBABILITIES


def error(loss: str, name: str = "") -> str:
    """∂E/∂a of a loss, or what is taken for it, by name: another loss, or one of `WRONG_ERRORS`."""
    return WRONG_ERRORS.get(loss, {}).get(name) or _EVERY[name or loss]


def symbol(activation: str) -> str:
    """What an activation is called in a formula."""
    return "σ" if activation == "sigmoid" else activation


def at(text: str, l: int, index: str = "") -> str:
    """A formula in z, a, y and p for layer l; with an index, entry by entry."""
    text = re.sub(r"(?<!\w)([az])(?![^\W²])", rf"\g<1>{l}{index}", text)
    if index:
        text = re.sub(r"(?<!\w)t(?!\w)", "t[i]", text)
    return re.sub(r"(?<!\w)([yp])(?![^\W²])", rf"\1{index}", text)


def of_net(text: str) -> str:
    """A formula in a with z in its place."""
    return re.sub(r"(?<!\w)a(?![^\W²])", "z", text)
