"""Ways to make a mistake: what each changes in the rules of a pass, and its line beside the right one.

>>> slope({"slope": "none"}, "", "").wrong
('δ{l} = {up}', 'δ{l}[i,j] = {up_i}')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Change = Mapping[str, Any]
"""Rules of a pass, by name, with what they are changed to."""
SOLVED = "<number>"
"""A number that is solved for."""
Line = tuple[str, str]
"""A line of a derivation: with matrices, and by index."""

DELTA = ("δ{l} = {up} ⊙ {f}′(z{l})", "δ{l}[i,j] = {up_i} · {f}′(z{l}[i,j])")
DW = ("dW{l} = {sum}{l2}", "dW{l}[j,k] = {sum_i}{l2_i}")
DB = ("db{l} = column sums of δ{l}", "db{l}[j] = Σi δ{l}[i,j]")
BACK = ("δ{p} = (δ{l} W{l}) ⊙ {fp}′(z{p})", "δ{p}[i,k] = (Σj δ{l}[i,j]·W{l}[j,k]) · {fp}′(z{p}[i,k])")
"""The right lines: of δ, dW and db of a layer, and of the δ before it."""


class Way(NamedTuple):
    """One way to make a mistake: what it changes, the wrong line and the right one.

    In lines {l} is the layer, {n} the next, {p} the one before; {up} is ∂E/∂a of the layer, {dW} the gradient of its
    weights and {l2} what the penalty adds to it, if there is one; {f} is the activation, {g} the wrong one, {c} a
    factor. With _i they are by index: i counts samples, j neurons of the layer, k those before it, or after it.
    """

    change: Change
    wrong: Line
    right: Line
    loss: str = ""
    """The only loss for which it can be said so."""


def delta(change: Change, signal: Line, of: Line = ("{f}′(z{l})", "{f}′(z{l}[i,j])"), loss: str = "") -> Way:
    """A wrong line for δ: what arrives, times what it is taken to be multiplied by."""
    parts = zip(signal, of, (" ⊙ ", " · "), strict=True)
    wrong, index = (f"{arriving}{times if factor else ''}{factor}" for arriving, factor, times in parts)
    return Way(change, (f"δ{{l}} = {wrong}", f"δ{{l}}[i,j] = {index}"), DELTA, loss)


def slope(change: Change, other: str, index: str) -> Way:
    """A wrong line for δ in which something else stands for f′(z)."""
    return delta(change, ("{up}", "{up_i}"), (other, index))


def back(change: Change, error: str, error_i: str) -> Way:
    """A wrong line for the δ of the layer before: what arrives there is something else."""
    wrong = (f"δ{{p}} = ({error}) ⊙ {{fp}}′(z{{p}})", f"δ{{p}}[i,k] = ({error_i}) · {{fp}}′(z{{p}}[i,k])")
    return Way(change, wrong, BACK)


def inputs(change: Change, name: str) -> Way:
    """A wrong line for dW: δ is multiplied by something else."""
    wrong = (f"dW{{l}} = δ{{l}}ᵀ {name}{{l2}}", f"dW{{l}}[j,k] = Σi δ{{l}}[i,j]·{name}[i,k]{{l2_i}}")
    return Way(change, wrong, DW)


def weights(change: Change, wrong: str, index: str) -> Way:
    """A wrong line for dW."""
    return Way(change, (f"dW{{l}} = {wrong}", f"dW{{l}}[j,k] = {index}"), DW)


def biases(change: Change, wrong: str, index: str) -> Way:
    """A wrong line for db."""
    return Way(change, (f"db{{l}} = {wrong}", f"db{{l}}[j] = {index}"), DB)


def scaled(factor: str, scale: float | str) -> tuple[Way, ...]:
    """A factor of all, of the weights' gradients, of the biases', or of what the loss gives."""
    of_weights = (f"{factor}{{dW}}", f"{factor}{{dW_i}}")
    of_biases = (f"{factor}(column sums of δ{{l}})", f"{factor}Σi δ{{l}}[i,j]")
    of_loss = (f"{factor}{{sum}}{{l2}}", f"{factor}{{sum_i}}{{l2_i}}")
    return (
        weights({"scale": scale}, *of_weights),
        biases({"scale": scale}, *of_biases),
        weights({"scale_weights": scale}, *of_weights),
        biases({"scale_biases": scale}, *of_biases),
        weights({"scale_loss": scale}, *of_loss),
        biases({"scale_loss": scale}, *of_biases),
    )
