"""Where a pass goes wrong first: a learner's intermediate quantities, forward, then backward.

>>> from microbp import load
>>> walk = first_divergence(load("w1-w8"), {"z1": [[0.3775, 0.3925]], "a1": [[0.593269992, 0.6]]})
>>> print(walk)
z1  (1, 2)  right
a1  (1, 2)  WRONG  at (0, 1): 0.6, right is 0.596884378
The first wrong quantity is a1: look at a1 = f(z1); what was given before it is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.diagnosis.passes import backward, forward
from microbp.diagnosis.precision import OF_SINGLE, RELATIVE, is_single, typed_half_units
from microbp.diagnosis.rules import plan
from microbp.errors import ShapeError, UnknownNameError, unknown
from microbp.learner.cases import Case, Floats, Gradients, case_of
from microbp.learner.given import largest, within
from microbp.nn import MLP
from microbp.problems import Problem
from microbp.tabular import columns
from microbp.vectorized import LOSSES, softmax

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
    ("binary_cross_entropy", "sigmoid"): "δ{l} = (a{l} − y)/m",
    ("softmax_cross_entropy", "linear"): "δ{l} = (p − y)/m, with p = softmax(z{l})",
    ("softmax_cross_entropy", ""): "δ{l} = (p − y)/m ⊙ f′(z{l}), with p = softmax(a{l})",
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


@dataclass(frozen=True)
class Quantity:
    """One quantity that a learner gave, beside the right one."""

    name: str
    shape: tuple[int, ...]
    ok: bool
    note: str
    """Where it is wrong at its worst, and what is right there; or in what convention it is right."""
    formula: str


@dataclass(frozen=True)
class Divergence:
    """What a learner gave, in the order in which a pass computes it. Prints as a table."""

    quantities: tuple[Quantity, ...]

    @property
    def first(self) -> str | None:
        """The name of the first wrong quantity; None if all are right."""
        return next((q.name for q in self.quantities if not q.ok), None)

    @property
    def ok(self) -> bool:
        """Whether all are right."""
        return self.first is None

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, "first": self.first, **asdict(self)}

    def __str__(self) -> str:
        rows = [(q.name, str(q.shape), "right" if q.ok else "WRONG", q.note) for q in self.quantities]
        wrong = next((q for q in self.quantities if not q.ok), None)
        said = f"All {len(rows)} are right." if len(rows) > 1 else "It is right."
        if wrong:
            first = wrong is self.quantities[0]
            before = "nothing before it was given" if first else "what was given before it is right"
            said = f"The first wrong quantity is {wrong.name}: look at {wrong.formula}; {before}."
        return "\n".join([*columns(rows), said])


def first_divergence(
    model: MLP | Problem,
    quantities: Mapping[str, ArrayLike],
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    names: Mapping[str, str] | None = None,
    loss: str | None = None,
    l2: float | None = None,
) -> Divergence:
    """Compares any of z1, a1, …, loss, delta2, dW2, db2, … with the right ones, forward, then backward.

    z, a and delta have shape (m, n_out) of their layer, or its transpose; delta may be without the 1/m, if the loss
    has one. `names` says which is which if they have other names: {"hidden": "a1"}. Raises `UnknownNameError` and
    `ShapeError`.
    """
    case = case_of(model, X, Y, loss=loss, l2=l2)
    right = _right(case)
    if not quantities:
        raise ShapeError(f"there is nothing to look at: give one quantity or more, of {', '.join(right)}")
    given: Gradients = {}
    keys: dict[str, str] = {}
    for key, value in quantities.items():
        name = _canonical((names or {}).get(key, key), right)
        if name in keys:
            raise ShapeError(f"{keys[name]} and {key} are both {name}: give it once")
        keys[name] = key
        try:
            given[name] = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"{key} must be an array of real numbers: {error}") from error
    return Divergence(tuple(_judged(case, name, given[name], right[name]) for name in right if name in given))


def _right(case: Case) -> Gradients:
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


def _canonical(name: str, right: Gradients) -> str:
    match = _NAME.fullmatch(name)
    kind = _KINDS.get(match[1].lower()) if match else None
    if match and kind:
        name = f"{kind}{match[2]}"
    name = {"E": "loss", "J": "loss"}.get(name, name)
    if name not in right:
        raise UnknownNameError(f"{unknown('quantity', name, right)}; other names go with names={{'mine': 'z1'}}")
    return name


def _formula(case: Case, kind: str, l: int) -> str:
    formula = FORMULAS[kind] + (PENALTY.get(kind, "") if case.l2 else "")
    if kind == "delta" and l == case.depth:
        keys = ((case.loss, case.activations[-1]), (case.loss, ""))
        formula = next((LAST_DELTA[key] for key in keys if key in LAST_DELTA), _LAST_DELTA)
        if not np.allclose(case.Y.sum(axis=1), 1.0):
            formula = formula.replace("p − y", "p·Σy − y")  # targets that are no probabilities
    return formula.format(l=l, n=l + 1, before=f"a{l - 1}" if l > 1 else "X")


def _judged(case: Case, name: str, given: Floats, right: Floats) -> Quantity:
    kind = name.rstrip("0123456789")
    l = int(name[len(kind) :] or case.depth)
    formula = _formula(case, kind, l)
    forms = {"": right}
    if kind in ("z", "a", "delta"):
        forms["as columns, one a sample"] = right.T
    if kind == "a" and l == case.depth and case.loss == "softmax_cross_entropy":
        forms |= {"as probabilities": softmax(right), "as probabilities, one column a sample": softmax(right).T}
    if kind == "delta" and _is_mean(case):
        forms |= {f"{note}; without the 1/m".removeprefix("; "): form * len(case.Y) for note, form in forms.items()}
    if name in case.shared:
        forms["the layer's total"] = right.sum(keepdims=True)
    if given.size == right.size and (1 in (given.ndim, right.ndim) or given.ndim == 0):
        given = given.reshape(right.shape)
    elif given.ndim == 0:
        given = given.reshape(1)
    fitting = {note: form for note, form in forms.items() if form.shape == given.shape}
    if not fitting:
        turned = "; its transpose fits" if given.T.shape == right.shape else ""
        raise ShapeError(f"{name} needs shape {right.shape}, got {given.shape}{turned}")
    for note, form in fitting.items():
        if np.all(within(given, form, _tolerance(given, form))):
            return Quantity(name, given.shape, True, note, formula)
    form = next(iter(fitting.values()))
    with np.errstate(invalid="ignore"):
        apart = np.where(given == form, 0.0, np.nan_to_num(np.abs(given - form), nan=np.inf))
    where = np.unravel_index(int(np.argmax(apart)), form.shape)
    place = f"at {tuple(map(int, where))}: " if where else ""
    return Quantity(name, given.shape, False, f"{place}{given[where]:.9g}, right is {form[where]:.9g}", formula)


def _is_mean(case: Case) -> bool:
    """Whether the loss is divided by the number of samples: then twice the same samples change nothing."""
    loss, a = LOSSES[case.loss][0], forward(case, plan(case)).a[-1]
    once, twice = float(loss(a, case.Y)), float(loss(np.vstack([a, a]), np.vstack([case.Y, case.Y])))
    return abs(twice - once) <= 1e-6 * abs(once)


def _tolerance(given: Floats, right: Floats) -> Floats:
    relative = OF_SINGLE if is_single(given) else RELATIVE
    return typed_half_units(given) * (1 + 1e-6) + relative * largest(right)
