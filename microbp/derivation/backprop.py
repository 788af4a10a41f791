"""The backward pass with each line of its derivation a setting, so that it can be run with a wrong line in it.

With `Rules()` for each layer it is the right pass, derived a second time:

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.derivation.rules import plan
>>> case = exercise_of(load("w1-w8"))
>>> right = gradients(case, plan(case))
>>> right["dW2"][0].round(9).tolist(), right["dW1"][0].round(9).tolist()
([0.082167041, 0.082667628], [0.000438568, 0.000877135])
>>> wrong = gradients(case, plan(case, {"slope": "none"}, [1]))
>>> wrong["dW2"][0].round(9).tolist(), wrong["dW1"][0].round(9).tolist()
([0.082167041, 0.082667628], [0.001817515, 0.003635031])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.formulas import MISREMEMBERED, SLOPES
from microbp.derivation.formulas import error as formula
from microbp.derivation.notation import value
from microbp.derivation.rules import Plan, Rules, changed
from microbp.problems.exercise import Exercise, Floats, Gradients
from microbp.vectorized import ACTIVATIONS, LOSSES, LOSSES_OF_NET, softmax


class Part(NamedTuple):
    """What a pass finds for layer l (from 1), with all factors of the rules in it."""

    l: int
    signal: Floats
    """∂E/∂a of layer l, for each sample."""
    delta: Floats
    """δ of layer l, for each sample."""
    inputs: Floats
    """What δ is multiplied by in dW: the activations of the layer before."""
    step: Floats
    """What weights are changed by if they are changed too early: the gradient before any factor."""
    dW: Floats
    """The gradient of the weights without the penalty."""
    dW_l2: Floats
    """What the penalty adds to dW."""
    db: Floats
    """The gradient of the biases, without a penalty."""
    db_l2: Floats
    """(λ/m)·b, which a penalty on biases would add to db."""


class Values(NamedTuple):
    """The nets and activations of a forward pass, z[l−1] and a[l] those of layer l; and the arrays they are made of."""

    weights: Sequence[Floats]
    biases: Sequence[Floats]
    y: Floats
    z: Sequence[Floats]
    a: Sequence[Floats]


def forward(case: Exercise, rules: Plan) -> Values:
    """The forward pass under these rules."""
    kind: Any = np.float32 if rules[0].precision == "single" else np.float64
    W, b = [w.astype(kind) for w in case.weights], [v.astype(kind) for v in case.biases]
    zs, activations = [], [case.X.astype(kind)]
    for weights, biases, name, rule in zip(W, b, case.activations, rules, strict=True):
        zs.append(activations[-1] @ weights.T + biases)
        activations.append(ACTIVATIONS[rule.forward or name][0](zs[-1]).astype(kind))
    return Values(W, b, case.Y.astype(kind), zs, activations)


def backward(case: Exercise, rules: Plan, values: Values | None = None) -> Iterator[Part]:
    """The parts of the gradients, from the last layer to the first, as they are computed.

    `values` spares the forward pass. "updated" weights, "parameters", and a second pass need `case.learning_rate`.
    """
    if rules[0].passes > 1:
        yield from _accumulated(case, rules)
        return
    values = values or forward(case, rules)
    kind = values.y.dtype
    m = len(values.y)
    above: Part | None = None
    for l in range(case.depth, 0, -1):
        rule, W, b = rules[l - 1], values.weights[l - 1], values.biases[l - 1]
        if above is None:
            signal, delta = _output_delta(case, rule, values)
        else:
            signal = _through(case, rules[l], values, above)
            delta = signal * _slope(case, rule, values, l, signal)
        delta = delta.astype(kind)
        a = _inputs(rule, values, l)
        rows, in_W, in_b = _rows(rule.samples, m), rule.samples_in != "biases", rule.samples_in != "weights"
        of = delta if rule.summed == "delta" else signal
        delta_W, a_W, delta_b = (x[rows] if some else x for x, some in ((of, in_W), (a, in_W), (of, in_b)))
        of_W, of_b = rule.scale * rule.scale_weights, rule.scale * rule.scale_biases
        l2 = case.l2 if rule.l2 is None else rule.l2
        loss, penalty = delta_W.T @ a_W, rule.l2_weights * l2 / m * W
        if rule.l2_columns == "without first":
            penalty = penalty * (np.arange(W.shape[1]) > 0)
        dW, dW_l2 = of_W * rule.scale_loss * loss, of_W * penalty
        if rule.transposed == "all" or (rule.transposed and dW.shape == dW.T.shape):
            dW, dW_l2 = dW.T, dW_l2.T if rule.transposed == "all" else dW_l2
        db, db_l2 = rule.scale_loss * delta_b.sum(axis=0), case.l2 / m * b
        db = of_b * (db + rule.l2_biases * db_l2)
        if rule.returned == "parameters":
            rate = case.learning_rate or 0.0
            dW, dW_l2, db = (W.T if rule.transposed == "all" else W) - rate * dW, -rate * dW_l2, b - rate * db
        above = Part(l, signal, delta, a, loss + penalty, dW, dW_l2, db, db_l2)
        yield above


def gradients(case: Exercise, rules: Plan, values: Values | None = None) -> Gradients:
    """The gradients under these rules, by name."""
    found: Gradients = {}
    for part in backward(case, rules, values):
        l = case.depth + 1 - part.l if rules[0].order == "reversed" else part.l
        found[f"dW{l}"], found[f"db{l}"] = (np.asarray(g, dtype=np.float64) for g in (part.dW + part.dW_l2, part.db))
    return {name: found[name] for name in case.names}


def _accumulated(case: Exercise, rules: Plan) -> Iterator[Part]:
    """The sum of a pass and of one after a step."""
    every = range(1, case.depth + 1)
    once = changed(rules, {"passes": 1}, every)
    step = gradients(case, changed(once, {"order": "right", "transposed": ""}, every))
    rate = case.learning_rate or 0.0
    later = replace(
        case,
        weights=tuple(W - rate * step[f"dW{l}"] for l, W in enumerate(case.weights, 1)),
        biases=tuple(b - rate * step[f"db{l}"] for l, b in enumerate(case.biases, 1)),
    )
    for one, two in zip(backward(case, once), backward(later, once), strict=True):
        yield Part(*one[:5], *(x + y for x, y in zip(one[5:], two[5:], strict=True)))


def _output_delta(case: Exercise, rule: Rules, values: Values) -> tuple[Floats, Floats]:
    """The error ∂loss/∂a and the delta of the last layer."""
    a, y, name = values.a[-1], values.y, rule.error or case.loss
    error = LOSSES[case.loss][1](a, y)
    if name == "unclipped":
        return error, (a - y) / len(y)
    if name != case.loss:  # as it is written, without care for logarithms of 0 or for what targets it is meant
        p = softmax(a)
        t = ((p - y) * p).sum(axis=1, keepdims=True)
        error = value(formula(case.loss, name), {"a": a, "y": y, "p": p, "t": t, "m": len(y), "n": y.shape[1]})
    if rule.softmax != "full" and "softmax_cross_entropy" in name:
        error = (-y * (1.0 - softmax(a)) if rule.softmax == "diagonal" else softmax(a.T).T - y) / len(y)
    slope = _slope(case, rule, values, case.depth, error)
    of_net = LOSSES_OF_NET.get((name, rule.forward or case.activations[-1]))
    if of_net and (rule.slope, rule.slope_of + rule.slope_at) in (("net", ""), ("twice", "")):
        once = of_net[1](values.z[-1], y)
        return error, once * a * (1.0 - a) if rule.slope == "twice" else once
    if rule.slope == "twice" and "softmax_cross_entropy" in name:
        slope = slope * softmax(a) * (1.0 - softmax(a))
    return error, error * slope


def _slope(case: Exercise, rule: Rules, values: Values, l: int, upstream: Floats) -> Floats:
    at = l
    if rule.slope_at and values.z[_neighbour(l, rule.slope_at, case.depth) - 1].shape == upstream.shape:
        at = _neighbour(l, rule.slope_at, case.depth)
    name, z, a = rule.slope_of or rule.forward or case.activations[l - 1], values.z[at - 1], values.a[at]
    f, prime = ACTIVATIONS[name]
    kind, _, k = rule.slope.partition(" ")
    match kind:
        case "none":
            return np.ones_like(z)
        case "activation":
            return prime(a, f(a))
        case "formula":
            return np.broadcast_to(value(SLOPES[name], {"z": z, "a": z, "σ": ACTIVATIONS["sigmoid"][0]}), z.shape)
        case "kink":
            return prime(np.where(z == 0, 1.0, z), a)
        case "upstream" if name in ("relu", "leaky_relu"):
            return prime(upstream, upstream)
        case "misremembered" if int(k) < len(MISREMEMBERED.get(name, ())):
            return np.broadcast_to(value(MISREMEMBERED[name][int(k)], {"z": z, "a": a}), z.shape)
    slope = prime(z, f(z)) if rule.slope_from == "net" or at != l else prime(z, a)
    return slope**2 if rule.slope == "twice" else slope


def _neighbour(l: int, where: str, depth: int) -> int:
    """The layer below or above; the same where there is none."""
    return max(l - 1, 1) if where == "below" else min(l + 1, depth)


def _through(case: Exercise, rule: Rules, values: Values, part: Part) -> Floats:
    """What a layer passes back to the activations before it."""
    W, passed = values.weights[part.l - 1], part.delta if rule.passed == "delta" else part.signal
    if rule.back == "updated":
        W = W - (case.learning_rate or 0.0) * part.step
    if rule.back in ("below", "above"):
        other = values.weights[_neighbour(part.l, rule.back, case.depth) - 1]
        W = other if other.shape == W.shape else W
    square = W.shape[0] == W.shape[1]
    if rule.back == "untransposed" and square:
        W = W.T
    kind, _, j = rule.paths.partition(" ")
    if kind == "own" and square:
        return passed * np.diag(W)
    if j:
        chosen = np.arange(len(W)) == min(int(j), len(W) - 1)
        passed = passed * (chosen if kind == "only" else ~chosen)
    return passed @ W


def _inputs(rule: Rules, values: Values, l: int) -> Floats:
    a = values.a[l - 1]
    z, below = (values.z[l - 2], values.a[l - 2]) if l > 1 else (a, a)
    instead = {"net": z, "data": values.a[0], "output": values.a[l], "below": below, "ones": np.ones_like(a)}.get(
        rule.inputs, a
    )
    return instead if instead.shape == a.shape else a


def _rows(samples: str, m: int) -> Any:
    kind, _, i = samples.partition(" ")
    if kind == "without":
        return np.arange(m) != int(i)
    return slice(-1, None) if kind == "last" else slice(0, 1) if kind == "first" else slice(None)
