"""The forward and the backward pass as lines of text, which run: what is printed is what was computed.

A mistake is another line:

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> right = gradients(case, pass_of(case))
>>> right["dW2"][0].round(9).tolist(), right["dW1"][0].round(9).tolist()
([0.082167041, 0.082667628], [0.000438568, 0.000877135])
>>> wrong = gradients(case, pass_of(case).changed({"slope": "1.0"}, [1]))
>>> wrong["dW2"][0].round(9).tolist(), wrong["dW1"][0].round(9).tolist()
([0.082167041, 0.082667628], [0.001817515, 0.003635031])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from microbp.derivation.formulas import JACOBIANS, functions
from microbp.formula.compiled import Computed, line
from microbp.problems.exercise import Exercise, Floats, Gradients
from microbp.vectorized import LOSSES, LOSSES_OF_NET, softmax

PASS = {
    "z": "a0 @ W.T + b",
    "a": "f(z)",
    "up": "error(a, y)",
    "slope": "f1(z)",
    "d": "up * slope",
    "dW": "d.T @ a0",
    "l2W": "l2 / m * W",
    "db": "d.sum(axis=0)",
    "l2b": "0.0 * b",
    "back": "d @ W",
}
"""The right lines of a layer, in the order in which they are computed; l2W and l2b are added to dW and db.

A name with 0 is of the layer before (a0, z0, W0; a00 of the one before that), with _ of the layer after (W_, z_, a_,
d_, up_, dW_). f is the layer's activation, f1 its derivative. `up` is ∂E/∂a: error(a, y) in the last layer, in those
below it the `back` of the layer after. In `back` dW is with its penalty.
"""
FORWARD = ("z", "a")
SUMS = ("dW", "l2W", "db", "l2b")
OF_ALL = ("order", "passes", "precision")
"""What is no line of a layer: the order of the layers in the list, passes added up, the precision of all numbers;"""
WHOLE = (*OF_ALL, "start", "exchanged", "targets")
"""and other numbers, the weights after a step or with two exchanged, targets in another order: no other pass."""

_NOT_IN = {"delta(z, y)": {"slope", "up", "a"}} | {text: {"slope"} for text in JACOBIANS.values()}
"""What a change must not be of for δ to be as it was, where that is not up * slope."""
OF_FORWARD = frozenset(("f1(z)", "error(a, y)", "delta(z, y)", "l2 / m * W", "l2 / m * b", "0.0 * b"))
"""The right lines of the backward pass that are of the forward pass alone: of each layer they are computed once."""
Change = Mapping[str, Any]
"""Lines by name, with what stands in their place; {} is the line as it was."""
Scope = dict[str, Any]
"""The arrays of a layer, its neighbours' and the functions, by the names that lines have for them."""
Look = Callable[[int, Scope], bool]


@dataclass(frozen=True)
class Pass:
    """The lines of every layer, from the first; and the rest of a pass."""

    layers: tuple[Mapping[str, str], ...]
    order: str = "right"
    passes: int = 1
    precision: str = "double"

    def changed(self, change: Change, layers: Iterable[int] | None = None) -> Pass:
        """The same with other lines in these layers (all)."""
        where = range(1, len(self.layers) + 1) if layers is None else layers
        lines, whole = list(self.layers), {k: v for k, v in change.items() if k in OF_ALL}
        for l in where:
            lines[l - 1] = edited(lines[l - 1], change)
        return replace(self, layers=tuple(lines), **whole)


def edited(lines: Mapping[str, str], change: Change) -> dict[str, str]:
    """A layer's lines with others in the place of some."""
    made = dict(lines)
    if change.keys() & _NOT_IN.get(made["d"], set()):
        made["d"] = PASS["d"]  # what simplified is no longer there
    for name, text in change.items():
        if name not in WHOLE:
            made[name] = text.replace("{}", made[name] if made[name].isidentifier() else f"({made[name]})")
    return made


def pass_of(case: Exercise) -> Pass:
    """The right pass."""
    biases = {"l2b": "l2 / m * b"} if case.l2 and case.penalize_biases else {}
    lines = [PASS | {"up": "back_"} | biases for _ in case.weights]
    lines[-1]["up"] = PASS["up"]
    if (case.loss, case.activations[-1]) in LOSSES_OF_NET:
        lines[-1]["d"] = JACOBIANS.get(case.activations[-1], "delta(z, y)")
    return Pass(tuple(lines))


def value(text: str, scope: Mapping[str, Any]) -> Any:
    """What a line comes to. Raises `KeyError` for a name that is not in scope, `ValueError` for wrong shapes."""
    function, names = line(text)
    return scope["computed"](text, scope) if scope.get("computed") else function(*[scope[name] for name in names])


def _once(text: str, scope: Scope) -> Any:
    """The same in the scope of a layer, where lines in `OF_FORWARD` are known from before."""
    known = scope["known"] if text in OF_FORWARD else {}
    if text not in known:
        known[text] = value(text, scope)
    return known[text]


def forward_scopes(
    case: Exercise, lines: Pass, known: Sequence[Scope] = (), first: int = 1, computed: Computed | None = None
) -> list[Scope]:
    """The scopes of the layers after the forward pass; scope 0 has the inputs alone, as a and z.

    `known` are those of a pass whose lines are the same before layer `first`: they are not computed again.
    """
    kind: Any = np.float32 if lines.precision == "single" else np.float64
    common = _common(case, kind) | {"computed": computed}
    scopes: list[Scope] = list(known[:first]) or [{"a": common["X"], "z": common["X"]}]
    for l in range(len(scopes), case.depth + 1):
        below, name = scopes[-1], case.activations[l - 1]
        W, b = (np.asarray(array, dtype=kind) for array in (case.weights[l - 1], case.biases[l - 1]))
        scope = common | {"W": W, "b": b, "f": common[name], "f1": common[f"{name}1"], "known": {}}
        scope |= {"a0": below["a"], "z0": below["z"], "a00": below.get("a0", common["X"])}
        scope |= {"W0": below["W"]} if l > 1 else {}
        for head in FORWARD:
            scope[head] = np.asarray(value(lines.layers[l - 1][head], scope), dtype=kind)
        scopes.append(scope)
    for l in range(max(1, first - 1), case.depth):
        after = scopes[l + 1]
        scopes[l] = scopes[l] | {"W_": after["W"], "z_": after["z"], "a_": after["a"]}
    if "softmax" in case.loss:
        scopes[-1] |= _of_rows(scopes[-1]["a"], common["y"])
    return scopes


def with_targets(scopes: Sequence[Scope], y: Floats) -> list[Scope]:
    """The scopes after a forward pass with other targets, which have no part in that."""
    found = [scope | {"y": y, "known": {}} for scope in scopes]
    if "t" in found[-1]:
        found[-1] |= _of_rows(found[-1]["a"], y)
    return found


def _of_rows(a: Floats, y: Floats) -> Scope:
    """What a loss of whole rows has in its lines beside outputs and targets."""
    p = softmax(a)
    return {"p": p, "q": softmax(a.T).T, "t": ((p - y) * p).sum(axis=1, keepdims=True)}


def _common(case: Exercise, kind: Any) -> Scope:
    """What is in the scope of every layer."""
    X, y = np.asarray(case.X, dtype=kind), np.asarray(case.Y, dtype=kind)
    found = functions() | {"X": X, "y": y, "m": len(y), "n": y.shape[1], "l2": case.l2, "eta": case.learning_rate}
    of_net = LOSSES_OF_NET.get((case.loss, case.activations[-1]))
    return found | {"error": LOSSES[case.loss][1], "delta": of_net and of_net[1]}


def arrived(scope: Scope, texts: Mapping[str, str], after: Scope | None) -> Scope:
    """A layer's scope, after its forward pass, with what has arrived from the layer after it, ∂E/∂a, and δ."""
    found = scope | ({f"{name}_": after[name] for name in ("d", "up", "dW", "back")} if after else {})
    for head in ("up", "slope", "d"):
        found[head] = _once(texts[head], found)
    if found["d"].dtype != found["y"].dtype:
        found["d"] = np.asarray(found["d"]).astype(found["y"].dtype)
    return found


def add_gradients(scope: Scope, texts: Mapping[str, str]) -> None:
    """Adds the gradients of a layer to a scope with its δ: of the loss (`of_W`) and in all (`dW`)."""
    for gradient, of, penalty in (("dW", "of_W", "l2W"), ("db", "of_b", "l2b")):
        scope[of] = value(texts[gradient], scope)
        scope[penalty] = _once(texts[penalty], scope)
        scope[gradient] = scope[of] + scope[penalty]
    check_shapes(scope)


def check_shapes(scope: Scope) -> None:
    """Raises `ValueError` where what lines made has a wrong shape; dW may be transposed, db one number."""
    W, b, z = scope["W"].shape, scope["b"].shape, scope["z"].shape
    dW, db = scope["dW"].shape, scope["db"].shape
    if not (scope["d"].shape == z and np.shape(scope["of_W"]) == dW and dW in (W, W[::-1]) and db in (b, (), (1,))):
        raise ValueError(f"δ {scope['d'].shape} for z {z}, dW {dW} for W {W}, db {db} for b {b}")


def backward(
    case: Exercise, lines: Pass, scopes: list[Scope] | None = None, goes_on: Look = lambda l, scope: True
) -> Iterator[tuple[int, Scope]]:
    """Each layer, from the last to the first, with its scope after the pass; `scopes` spares the forward pass.

    It ends where a layer, which `goes_on` is asked of before its gradients are made, is not worth them.
    """
    after: Scope | None = None
    scopes = scopes or forward_scopes(case, lines)
    for l in range(case.depth, 0, -1):
        texts = lines.layers[l - 1]
        scope = arrived(scopes[l], texts, after)
        if not goes_on(l, scope):
            return
        add_gradients(scope, texts)
        if l > 1:
            scope["back"] = value(texts["back"], scope)
        yield l, scope
        after = scope


def gradients(case: Exercise, lines: Pass, scopes: list[Scope] | None = None) -> Gradients:
    """The gradients that a pass gives, by name. What changes weights needs `case.learning_rate`."""
    found = dict(one_at_a_time(case, lines, scopes))
    return {name: found[name] for name in case.names}


def one_at_a_time(
    case: Exercise, lines: Pass, scopes: list[Scope] | None = None, **how: Look
) -> Iterator[tuple[str, Floats]]:
    """The same, each by itself as it is computed: from the last layer, biases first; `goes_on` as in `backward`."""
    before: Gradients = {}
    for _ in range(lines.passes - 1):
        done = list(backward(case, lines, scopes))
        before = {name: g + before.get(name, 0.0) for name, g in _named(case, lines, done)}
        case, scopes = after_step(case, done), None
    for name, g in _named(case, lines, backward(case, lines, scopes, **how)):
        yield name, g + before[name] if before else g


def _named(case: Exercise, lines: Pass, done: Iterable[tuple[int, Scope]]) -> Iterator[tuple[str, Floats]]:
    """The gradients in the scopes of layers, by name."""
    for l, scope in done:
        at = case.depth + 1 - l if lines.order == "reversed" else l
        yield f"db{at}", np.asarray(np.broadcast_to(scope["db"], case.biases[l - 1].shape), dtype=np.float64)
        yield f"dW{at}", np.asarray(scope["dW"], dtype=np.float64)


def after_step(case: Exercise, done: Iterable[tuple[int, Scope]]) -> Exercise:
    """The network after a step with the gradients of a backward pass, each in its place and the right way round."""
    rate, W, b = case.learning_rate or 0.0, list(case.weights), list(case.biases)
    for l, scope in done:
        dW = scope["dW"] if scope["dW"].shape == W[l - 1].shape else scope["dW"].T
        W[l - 1], b[l - 1] = W[l - 1] - rate * dW, b[l - 1] - rate * scope["db"]
    return replace(case, weights=tuple(W), biases=tuple(b))
