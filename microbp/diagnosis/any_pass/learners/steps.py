"""Steps of gradient descent in the place of gradients: W -= 0.1 * dW, and nobody returns dW.

What such a step took off, divided by its rate, is the gradient. The rate is the one that fits most of the arrays, or
that a float is called in the code: a step of another length is as right.

>>> steps_rate({"W": np.array([0.2, 0.4]), "b": np.array([0.3])}, {"W": np.array([1.0, 2.0]), "b": np.array([9.0])})
0.2
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.learners.shared import reached_from, shared_arrays
from microbp.diagnosis.any_pass.names import meant, syntax_of
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import number_text, say

RATES = re.compile(r"(self\.)?_?(lr|l_rate|learn(ing)?_?rate|alpha|eta|step(_size)?|rate|epsilon|a)", re.IGNORECASE)
"""What the rate of a step is called."""


def updated_names(function: Callable[..., Any] | None) -> set[str]:
    """What a function, or one that it calls, takes something off or adds something to, as `W -= lr * dW` does.

    Of `self.W` the last name, of `weights[0]` the first.
    """
    found = set()
    for node in _all_nodes(function):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            found.add(_name(node.target))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            found |= {_name(node.targets[0])} & {_name(node.value.left)}
    return found - {""}


def _name(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "id", getattr(node, "attr", ""))


def _all_nodes(function: Callable[..., Any] | None) -> list[ast.AST]:
    return [node for each in reached_from(function) for node in syntax_of(each)]


def rates_of(function: Callable[..., Any] | None, arrays: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """What may be the rate: floats that are called so, among arguments, defaults and globals; and those in the code."""
    known = {**shared_arrays([function]), **arrays}
    for each in reached_from(function):
        code, values = each.__code__, each.__defaults__ or ()
        known |= dict(zip(code.co_varnames[code.co_argcount - len(values) : code.co_argcount], values, strict=False))
    named = [x for name, x in known.items() if RATES.fullmatch(name) and isinstance(x, float)]
    nodes = [node for node in _all_nodes(function) if isinstance(node, ast.AugAssign | ast.Call)]
    inside = [x for node in nodes for x in ([node.value] if isinstance(node, ast.AugAssign) else node.args)]
    written = [n.value for x in inside for n in ast.walk(x) if isinstance(n, ast.Constant)]
    return named, [x for x in written if isinstance(x, float) and x > 0]


def steps_rate(
    steps: Mapping[str, Any], right: Mapping[str, Any], named: Sequence[float] = (), written: Sequence[float] = ()
) -> float:
    """The rate of steps, given the right gradients: one called so if it fits one of them, or the one that fits most.

    Negative if they go up the loss.
    """
    fitting = {name: _times(step, right[name]) for name, step in steps.items()}
    found = [times for times in fitting.values() if times]
    for rate in named:
        if any(np.isclose(times, rate, rtol=1e-6) for times in found):
            return rate
    if not found:
        return next(iter([*named, *written]), 1.0)
    return float(max(found, key=lambda times: sum(np.isclose(times, other, rtol=1e-6) for other in found)))


def _alike(one: Any, other: Any) -> float:
    """How near to one another's direction two arrays are: 1 for the same, or the opposite one."""
    one, other = np.ravel(one), np.ravel(other)
    sizes = np.linalg.norm(one) * np.linalg.norm(other)
    return float(abs(one @ other) / sizes) if sizes and one.shape == other.shape and np.isfinite(sizes) else 0.0


def _times(step: Any, right: Any) -> float | None:
    """How many times the gradient a step is, if it is."""
    step, right = np.asarray(step, dtype=float).ravel(), np.asarray(right, dtype=float).ravel()
    if step.shape != right.shape or not np.isfinite(step).all() or not np.any(right):
        return None
    times = float(step @ right / (right @ right))
    near = np.allclose(step, times * right, rtol=1e-6, atol=1e-6 * abs(times) * abs(right).max())
    return times if times and near else None


def steps_among(
    given: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], backward: Callable[..., Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is a gradient among all that a backward pass returned, and what its steps took off the arrays.

    A step is what the pass changed in its arguments, or returns under their own name after an update in its code.

    >>> def train(W, b):
    ...     b = b - 0.1 * np.ones(2)
    ...     W += 1.0
    ...     return b
    >>> W, b = np.zeros(2), np.ones(2)
    >>> steps_among({"b": train(W, b)}, {"W": np.array([0.0, 0.0]), "b": b}, {"W": W, "b": b}, train)
    ({}, {'W': array([-1., -1.]), 'b': array([0.1, 0.1])})
    """
    changed, updated = stepped(before, after, [*before]), updated_names(backward)
    own = {key: _own_name(key, before) for key in given}
    gone = {key for key, name in own.items() if name in changed and np.array_equal(given[key], after[name])}
    kept = {key: x for key, x in given.items() if key not in gone}
    others = {meant(key, [*before]) for key in kept if own[key] is None}
    # Beside gradients, what a pass changed is a step only if that stands in its code: it may have cleaned up its input.
    new = {
        name: after[name] for name in changed if name not in others and (_last(name) & updated or not others - {None})
    }
    returned = {name: x for key, x in kept.items() if (name := own[key]) is not None}
    new |= {name: returned[name] for name in stepped(before, returned, [*before]) if _last(name) & updated}
    for name in [name for name in before if new and name not in {*new, *others} and _last(name) & updated]:
        if np.array_equal(returned.get(name, before[name]), before[name]):
            new[name] = before[name]  # it stands in an update, and did not change: the step was 0
    steps = {name: np.asarray(before[name], dtype=float) - np.asarray(x, dtype=float) for name, x in new.items()}
    return {key: x for key, x in kept.items() if own[key] not in steps}, steps


def _own_name(key: str, names: Collection[str]) -> str | None:
    """The array that is called so itself, also in a dict: W1 is weights.W1."""
    same = [name for name in names if name == key] or [name for name in names if name.rpartition(".")[2] == key]
    return same[0] if len(same) == 1 else None


def _last(name: str) -> set[str]:
    """What an array in a dict or a list is called, and that: of `weights.W1` both."""
    return {re.split(r"[.\[]", name)[0], re.split(r"[.\[]", name.rpartition(".")[2])[0]}


def as_gradients(
    given: Mapping[str, Any],
    steps: Mapping[str, Any],
    recorded: Recorded,
    rates: tuple[Sequence[float], Sequence[float]],
) -> tuple[dict[str, Any], list[str]]:
    """The given gradients and those that the steps were made of, and a note on these."""
    short = {name: name if name in recorded else re.sub(r"^\w+\.", "", name) for name in steps}
    steps = {short[name]: step for name, step in steps.items() if short[name] in recorded}
    right = {name: recorded[name].gradient for name in steps}
    # A gradient may be called as its array is, where an update stands in the code besides: the likelier of the two.
    new = {name: recorded[name].value - step for name, step in steps.items() if np.any(step)}
    likelier = [_alike(x, right[name]) > 0.999 > _alike(steps[name], right[name]) for name, x in new.items()]
    if any(likelier):
        return {**given, **{name: recorded[name].value - step for name, step in steps.items()}}, []
    if not steps:
        return dict(given), []
    rate = steps_rate(steps, right, *rates)
    names, length = ", ".join(steps), number_text(abs(rate), 6)
    told = say(
        "{names}: compared as what a step took off them, divided by its rate, {length}", names=names, length=length
    )
    up = say("the steps go up this loss: W -= lr * dW goes down, for a loss that is to be small")
    return {**given, **{name: step / abs(rate) for name, step in steps.items()}}, [told, up] if rate < 0 else [told]


def stepped(before: Mapping[str, Any], after: Mapping[str, Any], among: Collection[str]) -> list[str]:
    """The arrays of that name which are of one shape with what they were, and other numbers.

    >>> stepped({"W": np.ones(2), "b": np.ones(2)}, {"W": np.zeros(2), "b": np.ones(2), "x": 1.0}, ["W", "b", "x"])
    ['W']
    """
    both = [
        name for name in among if name in before and name in after and np.shape(before[name]) == np.shape(after[name])
    ]
    return [name for name in both if not np.array_equal(before[name], after[name])]
