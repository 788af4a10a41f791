"""A step of an optimizer is a line of the same derivation: which part of the rule is wrong.

>>> def adam(w, g, state, lr, beta1, beta2, eps, t):
...     m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
...     v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
...     return w - lr * m / (np.sqrt(v) + eps)
>>> found = check_step("adam", adam)
>>> found.ok, found.causes
(False, ('no-bias-correction',))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.calling import bind
from microbp.errors import ProblemError, UnknownNameError, nearest
from microbp.formula.compiled import load_source
from microbp.printing import Shown

STEPS = 4
CLOSE = 1e-9
SETTINGS = {"lr": 0.05, "momentum": 0.9, "beta1": 0.8, "beta2": 0.95, "eps": 1e-2, "weight_decay": 0.1, "alpha": 0.9}
"""Large enough that every part of a rule shows in the digits."""
SAME = {
    "w": ("w", "param", "p", "theta", "x", "weights"),
    "g": ("g", "grad", "dw", "dx", "gradient", "dtheta"),
    "state": ("state", "config", "cache", "s", "memory"),
    "lr": ("lr", "learning_rate", "eta", "alpha_lr", "step_size"),
    "momentum": ("momentum", "mu", "beta", "rho", "gamma"),
    "beta1": ("beta1", "b1", "beta_1"),
    "beta2": ("beta2", "b2", "beta_2"),
    "eps": ("eps", "epsilon"),
    "weight_decay": ("weight_decay", "wd", "lam", "decay"),
    "alpha": ("alpha", "decay_rate"),
    "t": ("t", "step", "k"),
}
AVERAGED = ("alpha", "beta", "beta2", "beta_2", "rho", "gamma", "decay")
"""What alpha may be called in RMSProp; in any other rule alpha is the learning rate."""
MANY = {"w": ("params", "parameters"), "g": ("grads", "gradients")}
"""Dicts of all weights, and of all gradients, by the name of the weights."""
"""What an argument of a step may be called; `state` is a dict that is kept from step to step, the settings in it."""

_ADAM_STEP = "w = w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)"
RULES: dict[str, tuple[str, ...]] = {
    "sgd": ("w = w - lr * g",),
    "momentum": ("m = momentum * m + g", "w = w - lr * m"),
    "nesterov": ("m = momentum * m + g", "w = w - lr * (g + momentum * m)"),
    "adagrad": ("v = v + g**2", "w = w - lr * g / (np.sqrt(v) + eps)"),
    "rmsprop": ("v = alpha * v + (1 - alpha) * g**2", "w = w - lr * g / (np.sqrt(v) + eps)"),
    "adam": ("m = beta1 * m + (1 - beta1) * g", "v = beta2 * v + (1 - beta2) * g**2", _ADAM_STEP),
    "adamw": (
        "w = w - lr * weight_decay * w",
        "m = beta1 * m + (1 - beta1) * g",
        "v = beta2 * v + (1 - beta2) * g**2",
        _ADAM_STEP,
    ),
}
"""The rules as text that is run, m and v being 0 before the first step, t being 1 in it."""
FORMS = {
    rule: ((_ADAM_STEP, _ADAM_STEP.replace(" + eps", " + eps / (1 - beta2**t) ** 0.5")),) for rule in ("adam", "adamw")
}
"""Other forms of a rule that are as right: Adam's with both corrections in the learning rate scales eps, too."""
SLIPS: dict[str, tuple[Any, ...]] = {
    "sign": ("the step goes up the gradient, not down", ("w - lr", "w + lr")),
    "no-learning-rate": ("the learning rate is left out", ("- lr * ", "- ")),
    "betas-swapped": ("beta1 and beta2 are exchanged", ("beta1", "beta0"), ("beta2", "beta1"), ("beta0", "beta2")),
    "no-bias-correction": ("the bias correction is missing", (" / (1 - beta1**t)", ""), (" / (1 - beta2**t)", "")),
    "no-first-correction": ("the bias correction of the first moment is missing", (" / (1 - beta1**t)", "")),
    "no-second-correction": ("the bias correction of the second moment is missing", (" / (1 - beta2**t)", "")),
    "steps-from-0": ("t counts from 0 in the bias correction", ("**t", "**max(t - 1, 1)")),
    "steps-one-ahead": ("t is one ahead in the bias correction", ("**t", "**(t + 1)")),
    "eps-inside": (
        "eps stands inside the root",
        ("np.sqrt(v / (1 - beta2**t)) + eps", "np.sqrt(v / (1 - beta2**t) + eps)"),
        ("np.sqrt(v) + eps", "np.sqrt(v + eps)"),
    ),
    "no-eps": ("eps is left out", (" + eps", "")),
    "no-root": ("the root is left out", ("np.sqrt(v / (1 - beta2**t))", "(v / (1 - beta2**t))"), ("np.sqrt(v)", "v")),
    "not-squared": ("the second moment is not of squares", ("g**2", "g")),
    "no-average": ("the new gradient is not weighted with 1 − beta", ("(1 - beta1) * ", ""), ("(1 - alpha) * ", "")),
    "weighted": ("the new gradient is weighted with 1 − momentum", ("m + g", "m + (1 - momentum) * g")),
    "nothing-kept": (
        "nothing is kept from the step before",
        ("momentum * m + g", "g"),
        ("beta1 * m + ", ""),
        ("alpha * v + ", ""),
        ("v + g**2", "g**2"),
    ),
    "plain-momentum": ("without the look ahead it is plain momentum", ("(g + momentum * m)", "m")),
    "decay-coupled": (
        "the weight decay goes into the gradient, as in L2, not past it",
        ("w = w - lr * weight_decay * w", "g = g + weight_decay * w"),
    ),
    "decay-without-rate": (
        "the weight decay is not multiplied by the learning rate",
        ("lr * weight_decay", "weight_decay"),
    ),
    "no-decay": ("the weight decay is left out", ("w = w - lr * weight_decay * w", "w = w")),
}
"""Code: (what is wrong, what is replaced by what in the rule)."""


@dataclass(frozen=True, repr=False)
class StepReport(Shown):
    """Whether a step follows its rule, and if not, why: codes of `SLIPS`, and a sentence."""

    rule: str
    ok: bool
    causes: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


def check_step(rule: str, step: Callable[..., Any], **settings: float) -> StepReport:
    """Runs a few steps of a learner's optimizer beside the rule, and says which part of it is wrong.

    `step` gets what it names of w, g, state (a dict that is kept from step to step), t (from 1 on), lr, momentum,
    beta1, beta2, eps, weight_decay, alpha, each under any usual name, and returns the new w, alone or first in a tuple;
    or it changes w in place, or in `params`, a dict, where `grads` is one of the gradients, both by the name "w".
    Raises `UnknownNameError` for another rule, `ProblemError` for a step that returns nothing of the shape of w.
    """
    if rule not in RULES:
        raise UnknownNameError(nearest("rule", rule, RULES))
    numbers = SETTINGS | settings
    mine = _theirs(rule, step, numbers)
    forms = [RULES[rule], tuple(_changed(line, FORMS.get(rule, ())) for line in RULES[rule])]
    if any(_same(mine, _run(form, numbers)) for form in forms):
        return StepReport(rule, True, (), "every step is right")
    causes = []
    for code, (_, *changes) in SLIPS.items():
        lines = tuple(_changed(line, changes) for line in RULES[rule])
        if lines != RULES[rule] and _same(mine, _run(lines, numbers)):
            causes.append(code)
    if not causes:
        return StepReport(rule, False, ("unexplained",), "it is wrong, and no single slip that is known gives it")
    return StepReport(rule, False, tuple(causes), "; or: ".join(SLIPS[code][0] for code in causes))


def _changed(line: str, changes: Iterable[tuple[str, str]]) -> str:
    for old, new in changes:
        line = line.replace(old, new)
    return line


def _gradients() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=5), rng.normal(size=(STEPS, 5))


def _run(lines: tuple[str, ...], numbers: dict[str, float]) -> Any:
    """The weights after each step by a rule: its own text, never a learner's, is run."""
    w, gradients = _gradients()
    source = "\n    ".join(["def step(w, g, m, v, t):", *lines, "return w, m, v\n"])
    step = load_source(source, "<microbp step>", {"np": np, "max": max, **numbers})["step"]
    m, v = np.zeros(5), np.zeros(5)
    found = []
    with np.errstate(all="ignore"):
        for t, g in enumerate(gradients, 1):
            w, m, v = step(w, g, m, v, t)
            found.append(w)
    return np.array(found)


def _theirs(rule: str, step: Callable[..., Any], numbers: dict[str, float]) -> Any:
    w, gradients = _gradients()
    state: dict[str, Any] = {}
    found = []
    for t, g in enumerate(gradients, 1):
        known = {"w": w.copy(), "g": g.copy(), "state": state, "t": t, **numbers}
        arguments = {alias: known[name] for name, aliases in SAME.items() for alias in aliases}
        arguments |= dict.fromkeys(AVERAGED, numbers["alpha"]) if rule == "rmsprop" else {"alpha": numbers["lr"]}
        arguments |= {name: {"w": known[key]} for key, names in MANY.items() for name in names}
        before = arguments["w"]
        for name, value in numbers.items():
            for alias in SAME.get(name, ()):
                state.setdefault(alias, value)
        returned = bind(step, arguments)
        if isinstance(returned, tuple):
            state = returned[1] if len(returned) > 1 and isinstance(returned[1], dict) else state
            returned = returned[0]
        if returned is None:  # it was changed in place, or in the dict
            changed = [arguments[name]["w"] for name in MANY["w"] if arguments[name]["w"] is not before]
            returned = changed[0] if changed else before
        elif isinstance(returned, dict):
            returned = returned.get("w", before)
        w = np.asarray(returned, dtype=float)
        if np.shape(w) != (5,):
            raise ProblemError(f"a step returns the new w, of the shape (5,), got {np.shape(w)}")
        found.append(w.copy())
    return np.array(found)


def _same(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE, equal_nan=True))
