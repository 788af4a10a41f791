"""The quantities that a pass computes: their names, their order, how each is made, and of what.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> list(quantities_of(case))[:5], made(case, "delta1"), needs(case, "delta1")[0]
(['z1', 'a1', 'z2', 'a2', 'loss'], 'δ1 = (δ2 W2) ⊙ σ′(z1)', ['delta2', 'dA1', 'dW2', 'db2'])
>>> canonical("net_1"), neurons(load("w1-w8").model)["out_h2"]
('z1', ('a1', 1))
"""

from __future__ import annotations

import re

import numpy as np

from microbp.derivation.backprop import Pass, backward, forward_scopes, pass_of
from microbp.derivation.notation import matrix_form
from microbp.nn import MLP
from microbp.printing import say
from microbp.problems.exercise import Exercise, Gradients

Place = tuple[str, int | None]
"""A quantity, and if it is that of one neuron alone its column."""
_KINDS = {
    "z": "z",
    "net": "z",
    "a": "a",
    "out": "a",
    "delta": "delta",
    "δ": "delta",
    "dz": "delta",
    "da": "dA",
    "dout": "dA",
    "dw": "dW",
    "db": "db",
}
_NAME = re.compile(r"(?:[d∂][A-Z][ _]?/?)?([A-Za-zδ∂]+)[ _]?(?:(\d+)|\[(\d+)\])")
NEEDS = {
    "z": ("a{p}",),
    "a": ("z{l}",),
    "loss": ("a{l}",),
    "last": ("a{l} loss dA{l}",),
    "last dA": ("a{l} loss",),
    "dA": ("delta{n} dW{n} db{n}",),
    "delta": ("delta{n} dA{l} dW{n} db{n}", "z{l} a{l} z{n} loss"),
    "dW": ("delta{l} db{l}", "a{p} z{l} loss"),
    "db": ("delta{l} dW{l}",),
}
"""What each quantity of layer l is made of (p = l − 1, n = l + 1), each with what else is wrong if it is."""


def quantities_of(case: Exercise, lines: Pass | None = None) -> Gradients:
    """All quantities by name, in the order in which a pass, the right one, computes them."""
    lines = lines or pass_of(case)
    scopes = forward_scopes(case, lines)
    found: Gradients = {}
    for l, scope in enumerate(scopes[1:], 1):
        found |= {f"z{l}": scope["z"], f"a{l}": scope["a"]}
    found["loss"] = np.array(case.truth[0])
    for l, scope in backward(case, lines, scopes):
        found |= {f"dA{l}": scope["up"], f"delta{l}": scope["d"], f"dW{l}": scope["dW"], f"db{l}": scope["db"]}
    return found


def canonical(name: str) -> str:
    """A quantity's name here by any name that it has in a text."""
    match = _NAME.fullmatch(name)
    kind = _KINDS.get(match[1].lower().replace("∂", "d")) if match else None
    return f"{kind}{match[2] or match[3]}" if match and kind else {"E": "loss", "J": "loss"}.get(name, name)


def kind_and_layer(case: Exercise, name: str) -> tuple[str, int]:
    """What kind of quantity it is, and of which layer: the loss is of the last."""
    kind = name.rstrip("0123456789")
    return kind, int(name[len(kind) :] or case.depth)


def neurons(model: MLP) -> dict[str, Place]:
    """For the label of each net and output which quantity it is of, and its column there."""
    places = [(l, j, neuron) for l, layer in enumerate(model.layers, 1) for j, neuron in enumerate(layer.neurons)]
    found: dict[str, Place] = {n.net_label: (f"z{l}", j) for l, j, n in places}
    return found | {n.out_label: (f"a{l}", j) for l, j, n in places}


def made(case: Exercise, name: str) -> str:
    """The line that makes a quantity."""
    kind, l = kind_and_layer(case, name)
    if kind == "loss":
        loss = say("the loss, of {output} and the targets", output=f"a{l}")
        return say("{loss}, plus {penalty}", loss=loss, penalty="λ/(2m)·ΣW²") if case.l2 else loss
    line = matrix_form(case, pass_of(case), {"delta": "d", "dA": "up"}.get(kind, kind), l)
    return say("{line}, with {p}", line=line, p=f"p = softmax(a{l})") if re.search(r"\bp\b", line) else line


def needs(case: Exercise, name: str) -> list[list[str]]:
    """What a quantity is made of, each with what else is wrong if it is."""
    kind, l = kind_and_layer(case, name)
    groups = NEEDS[{"delta": "last", "dA": "last dA"}.get(kind, kind) if l == case.depth else kind]
    return [group.format(p=l - 1, l=l, n=l + 1).split() for group in groups]
