"""A learner's function: what it is called with, told by the names of its parameters, in the layout that it needs.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.nn.layout import ArrayLayout
>>> case = exercise_of(load("xor"))
>>> def backward(parameters, cache, X, Y): ...
>>> call = next(calls(case, backward, ArrayLayout.said("columns")))
>>> [*call.arguments[0]], call.arguments[0]["b1"].shape, call.arguments[2].shape == case.X.T.shape
(['W1', 'b1', 'W2', 'b2'], (2, 1), True)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from microbp import vectorized
from microbp.comparing.answers.flat import ORDERS, in_order
from microbp.errors import ProblemError
from microbp.nn.array_names import array_name, layer_numbers
from microbp.nn.layout import CHOICES, OURS, ArrayLayout
from microbp.printing import say, word
from microbp.problems.exercise import Exercise, Floats

_ROLES = {
    "weights": "w ws weight weights matrices",
    "biases": "b bs bias biases",
    "parameters": "p par param params parameter parameters model net network weights_and_biases",
    "cache": "cache caches forward_cache memory store",
    "theta": "theta thetas θ θs nn_params vector flat flat_params params_flat theta_vector",
    "X": "x xs input inputs data features x_train train_x x_batch batch_x a0",
    "Y": "y ys t target targets label labels y_true y_train train_y y_batch batch_y expected",
    "λ": "λ l2 lam lambd lambda lambda_ lmbda reg reg_lambda regularization weight_decay",
    "η": "η lr learning_rate eta alpha rate",
    "m": "m batch_size n_samples",
}
_ROLE = {name: role for role, names in _ROLES.items() for name in names.split()}
"""What a parameter of a function is for, by its name in lower case."""
_PLAIN = ("weights", "biases", "X", "Y")
ADAPTER = """\
def adapter(weights, biases, X, Y):  # weights[0] is W1 of shape (n_out, n_in), biases[0] is b1 of shape (n_out,)
    mine = ...  # your function, called with what it needs
    dW, db = [mine["dW1"], mine["dW2"]], [mine["db1"], mine["db2"]]
    return dW, db"""
"""What calls any other function."""


class Call(NamedTuple):
    """One way to call a learner's function."""

    arguments: tuple[Any, ...]
    layout: ArrayLayout
    """The layout of the arrays in them: that of the gradients as well, one would think."""
    order: str | None
    """That of a flat vector of parameters."""
    words: str
    """What is other than usual in it, for a note."""


class _Form(NamedTuple):
    """How the arguments are made."""

    layout: ArrayLayout
    vectors: str
    """What biases are: "(n,)", or "(n, 1)", or "(1, n)"."""
    targets: str
    """What Y is: "matrix", "vector", or "labels"."""
    packing: str
    """What parameters, or θ, are."""


def calls(case: Exercise, function: Callable[..., Any], said: ArrayLayout) -> Iterator[Call]:
    """Every way to call a function, the likeliest first; each with copies, so that it cannot change the exercise.

    Raises `ProblemError`, with an adapter as its note, for a function whose parameters have names that say nothing.
    """
    roles = _roles(case, function)
    first: _Form | None = None
    for form in _forms(case, roles, said):
        first = first or form
        order = form.packing if form.packing in ORDERS else None
        yield Call(tuple(_argument(case, role, form) for role in roles), form.layout, order, _words(first, form))


def _argument(exercise: Exercise, role: str, form: _Form) -> Any:
    """A new argument for that role."""
    weights, vectors = form.layout.written(exercise.weights, exercise.biases)
    biases = None if vectors is None else [b.reshape(_vector(form.vectors, len(b))) for b in vectors]
    match role:
        case "weights":
            return weights
        case "biases":
            return biases or []
        case "parameters":
            return _packed(form.packing, weights, biases)
        case "theta":
            return weights if form.packing == "list of Θ" else in_order(exercise, form.packing)
        case "cache":
            return _cache(exercise, form.layout, weights, biases)
        case "X":
            return form.layout.batch(exercise.X)
        case "Y":
            return _targets(exercise, form)
        case "λ":
            return exercise.l2
        case "η":
            return exercise.learning_rate or 0.0
        case _ if role[1:].isdigit():
            return ((weights if role[0] == "W" else biases) or [])[int(role[1:]) - 1]
        case _:
            return len(exercise.Y)


def _single(case: Exercise, names: Sequence[str]) -> dict[str, str]:
    """Which single array each parameter is for, W1 or b2, if all weights are among them."""
    found = {name: array for name in names if (array := array_name(name)) and array.kind in "Wb"}
    layers = layer_numbers(
        {name: array.number for name, array in found.items() if array.number is not None}, case.depth
    )
    roles = {name: f"{found[name].kind}{l}" for name, l in layers.items()}
    return roles if {f"W{l}" for l in range(1, case.depth + 1)} <= {*roles.values()} else {}


def _roles(case: Exercise, function: Callable[..., Any]) -> Sequence[str]:
    """What each parameter is for. λ and η are given also if they need not be."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return _PLAIN
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return _PLAIN
    parameters = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in parameters if p.default is p.empty]
    single = _single(case, needed)
    roles = [_ROLE.get(name.lower()) or single.get(name, "") for name in needed]
    whole = {"X", "Y"} <= set(roles) and ({"weights", "parameters", "theta"} & set(roles) or single)
    if whole and all(roles) and len(set(roles)) == len(roles):
        more = [_ROLE.get(p.name.lower(), "") for p in parameters[len(needed) :]]
        return [*roles, *more[:1]] if more[:1] == ["λ"] else roles
    if len(needed) == len(_PLAIN):
        return _PLAIN
    signature = ", ".join(p.name for p in parameters)
    error = ProblemError(
        "a function of gradients is called as f(weights, biases, X, Y), f(W1, b1, …, X, Y), f(parameters, X, Y), "
        "f(parameters, cache, X, Y) or f(theta, X, Y), told by the names of its parameters; "
        f"got f({signature}). Call it from one of these:"
    )
    error.add_note(ADAPTER)
    raise error


def _forms(case: Exercise, roles: Sequence[str], said: ArrayLayout) -> Iterator[_Form]:
    """The ways that are tried: what is said is so, and what comes last changes first."""
    weights = [said.weights] if said.weights else CHOICES["weights"]
    samples = [said.samples] if said.samples else CHOICES["samples"]
    biases = [said.bias] if said.bias else ["apart"]
    packings = ["dict", "list", "pairs"] if "parameters" in roles else [""]
    if "theta" in roles:
        packings = ["list of Θ", *sorted(ORDERS, key=lambda order: not order.startswith("theta"))]
    no_place = not {"biases", "parameters", "b1"} & set(roles)
    if no_place and not said.bias:
        biases = ["first column", "last column"] + ["apart"] * ("theta" not in roles)
    targets = ["matrix"] + (["vector"] if case.sizes[-1] == 1 else ["labels"] * _is_one_hot(case.Y))
    for kind, shape, packing, bias, s, w in product(targets, (0, 1), packings, biases, samples, weights):
        if packing in ORDERS and (bias != biases[0] or w != weights[0] or shape):
            continue
        vectors = [("(n,)", "(1, n)"), ("(n, 1)", "(n,)")][s == "columns"][shape]
        yield _Form(ArrayLayout(w, s, bias), vectors, kind, packing)


def _is_one_hot(Y: Floats) -> bool:
    return bool(np.all((Y == 0) | (Y == 1)) and np.all(Y.sum(axis=1) == 1))


def _vector(shape: str, n: int) -> tuple[int, ...]:
    return {"(n,)": (n,), "(n, 1)": (n, 1), "(1, n)": (1, n)}[shape]


def _targets(case: Exercise, form: _Form) -> Any:
    if form.targets == "vector":
        return case.Y.ravel()
    return case.Y.argmax(axis=1) if form.targets == "labels" else form.layout.batch(case.Y)


def _packed(packing: str, weights: Sequence[Floats], biases: Sequence[Floats] | None) -> Any:
    """The parameters as a dict W1, b1, …, as a list in that order, or as a list of pairs; without b if it is in W."""
    pairs = [(W,) for W in weights] if biases is None else list(zip(weights, biases, strict=True))
    if packing == "pairs":
        return pairs
    flat = [(f"{kind}{l}", array) for l, pair in enumerate(pairs, 1) for kind, array in zip("Wb", pair, strict=False)]
    return dict(flat) if packing == "dict" else [array for _, array in flat]


def _cache(case: Exercise, layout: ArrayLayout, weights: Any, biases: Any) -> dict[str, Floats]:
    """What a forward pass keeps: A0, Z1, A1, … and the parameters."""
    zs, activations = vectorized.forward(case.weights, case.biases, case.X, **case.activation_names)
    found = {f"A{l}": layout.batch(a) for l, a in enumerate(activations)}
    found |= {f"Z{l}": layout.batch(z) for l, z in enumerate(zs, 1)}
    found |= _packed("dict", weights, biases)
    return found


def _words(first: _Form, form: _Form) -> str:
    """In what a call differs from our own layout, or from the first way."""
    theirs = form.layout.full
    differing = {kind: part for kind, part, own in zip(CHOICES, theirs, OURS, strict=True) if part != own}
    parts = [ArrayLayout(**differing).words] if differing else []
    if form.vectors != first.vectors or theirs.samples == "columns":
        parts.append(say("each b is {shape}", shape=form.vectors))
    if form.targets != "matrix":
        vector = form.targets == "vector"
        parts.append(say("Y is (m,)") if vector else say("Y is (m,), the number of each class"))
    if form.packing not in ("", "dict"):
        parts.append(
            say("θ is one vector, {order}", order=word(ORDERS[form.packing]))
            if form.packing in ORDERS
            else say("as a {kind}", kind=form.packing)
        )
    return say(", ").join(parts)
