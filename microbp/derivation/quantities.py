"""The quantities that a pass computes: their names, their order, how each is made, and of what.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> list(quantities_of(case))[:5], made(case, "delta1"), needs(case, "delta1")[0]
(['z1', 'a1', 'z2', 'a2', 'loss'], 'δ1 = (δ2 W2) ⊙ f′(z1)', ['delta2', 'dW2', 'db2'])
>>> canonical("net_1"), neurons(load("w1-w8").model)["out_h2"]
('z1', ('a1', 1))
"""

from __future__ import annotations

import re

import numpy as np

from microbp.derivation.backprop import backward, forward
from microbp.derivation.rules import plan
from microbp.losses import LOSSES
from microbp.nn import MLP
from microbp.problems.exercise import Exercise, Gradients

Place = tuple[str, int | None]
"""A quantity, and if it is that of one neuron alone its column."""
FORMULAS = {
    "z": "z{l} = {before} W{l}ᵀ + b{l}",
    "a": "a{l} = f(z{l})",
    "loss": "the loss, of a{l} and the targets",
    "delta": "δ{l} = (δ{n} W{n}) ⊙ f′(z{l})",
    "dW": "dW{l} = δ{l}ᵀ {before}",
    "db": "db{l} = Σ δ{l}, over the samples",
}
"""How each quantity of layer l is made (n = l + 1, before = a(l − 1))."""
PENALTY = {"loss": ", plus λ/(2m)·ΣW²", "dW": " + (λ/m)·W{l}"}
"""What a penalty adds, if λ is not 0."""
LAST_DELTA = {
    (name, f): text.format(l="{l}", mean={"sum": "", "samples": "/m", "elements": "/(m·n)"}[loss.over])
    for name, loss in LOSSES.items()
    for (of, f), text in {
        ("binary_cross_entropy", "sigmoid"): "δ{l} = (a{l} − y){mean}",
        ("softmax_cross_entropy", "linear"): "δ{l} = (p − y){mean}, with p = softmax(z{l})",
        ("softmax_cross_entropy", ""): "δ{l} = (p − y){mean} ⊙ f′(z{l}), with p = softmax(a{l})",
    }.items()
    if of == loss.of
}
"""δ of the last layer, by loss and activation, where it is simpler than ∂loss/∂a ⊙ f′."""
_LAST_DELTA = "δ{l} = ∂loss/∂a{l} ⊙ f′(z{l})"
_KINDS = {
    "z": "z",
    "net": "z",
    "a": "a",
    "out": "a",
    "delta": "delta",
    "δ": "delta",
    "dz": "delta",
    "dw": "dW",
    "db": "db",
}
_NAME = re.compile(r"([A-Za-zδ]+)_?(\d+)")
NEEDS = {
    "z": ("a{p}",),
    "a": ("z{l}",),
    "loss": ("a{l}",),
    "last": ("a{l} loss",),
    "delta": ("delta{n} dW{n} db{n}", "z{l} a{l} z{n} loss"),
    "dW": ("delta{l} db{l}", "a{p} z{l} loss"),
    "db": ("delta{l} dW{l}",),
}
"""What each quantity of layer l is made of (p = l − 1, n = l + 1), each with what else is wrong if it is."""


def quantities_of(case: Exercise) -> Gradients:
    """All quantities by name, in the order in which a pass computes them."""
    rules = plan(case)
    values = forward(case, rules)
    found: Gradients = {}
    for l, (z, a) in enumerate(zip(values.z, values.a[1:], strict=True), 1):
        found |= {f"z{l}": z, f"a{l}": a}
    found["loss"] = np.array(case.truth[0])
    for part in backward(case, rules, values):
        found[f"delta{part.l}"] = part.delta
        found |= {name: case.truth[1][name] for name in (f"dW{part.l}", f"db{part.l}")}
    return found


def canonical(name: str) -> str:
    """A quantity's name here by any name that it has in a text."""
    match = _NAME.fullmatch(name)
    kind = _KINDS.get(match[1].lower()) if match else None
    return f"{kind}{match[2]}" if match and kind else {"E": "loss", "J": "loss"}.get(name, name)


def split(case: Exercise, name: str) -> tuple[str, int]:
    """What kind of quantity it is, and of which layer: the loss is of the last."""
    kind = name.rstrip("0123456789")
    return kind, int(name[len(kind) :] or case.depth)


def neurons(model: MLP) -> dict[str, Place]:
    """For the label of each net and output which quantity it is of, and its column there."""
    places = [(l, j, neuron) for l, layer in enumerate(model.layers, 1) for j, neuron in enumerate(layer.neurons)]
    found: dict[str, Place] = {n.net_label: (f"z{l}", j) for l, j, n in places}
    return found | {n.out_label: (f"a{l}", j) for l, j, n in places}


def made(case: Exercise, name: str) -> str:
    """The formula of a quantity."""
    kind, l = split(case, name)
    formula = FORMULAS[kind] + (PENALTY.get(kind, "") if case.l2 else "")
    if kind == "delta" and l == case.depth:
        keys = ((case.loss, case.activations[-1]), (case.loss, ""))
        formula = next((LAST_DELTA[key] for key in keys if key in LAST_DELTA), _LAST_DELTA)
        if not np.allclose(case.Y.sum(axis=1), 1.0):
            formula = formula.replace("p − y", "p·Σy − y")  # targets that are no probabilities
    return formula.format(l=l, n=l + 1, before=f"a{l - 1}" if l > 1 else "X")


def needs(case: Exercise, name: str) -> list[list[str]]:
    """What a quantity is made of, each with what else is wrong if it is."""
    kind, l = split(case, name)
    groups = NEEDS["last" if kind == "delta" and l == case.depth else kind]
    return [group.format(p=l - 1, l=l, n=l + 1).split() for group in groups]
