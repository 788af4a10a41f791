"""Steps of optimizers: right in every usual form, and wrong in the ways that learners have."""

import numpy as np
import pytest

import microbp
from microbp.diagnosis.any_pass.optimizers import RULES, SLIPS
from microbp.errors import ProblemError, UnknownNameError


def momentum(w, g, state, lr, momentum):
    v = state["v"] = momentum * state.get("v", 0) - lr * g
    return w + v


def adam(x, dx, config):
    config["t"] = config.get("t", 0) + 1
    config["m"] = config["beta1"] * config.get("m", 0) + (1 - config["beta1"]) * dx
    config["v"] = config["beta2"] * config.get("v", 0) + (1 - config["beta2"]) * dx**2
    m, v = config["m"] / (1 - config["beta1"] ** config["t"]), config["v"] / (1 - config["beta2"] ** config["t"])
    return x - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config


def in_place(w, g, lr):
    w -= lr * g


def rms_prop(theta, grad, memory, lr, rho, eps):
    memory["r"] = rho * memory.get("r", 0) + (1 - rho) * grad * grad
    return theta - lr * grad / (np.sqrt(memory["r"]) + eps)


class Adam:
    """Of dicts of parameters, with both corrections in the learning rate, which scales eps, too."""

    def __init__(self):
        self.t, self.m, self.v = 0, {}, {}

    def update(self, params, grads):
        self.t += 1
        rate = 0.05 * np.sqrt(1 - 0.95**self.t) / (1 - 0.8**self.t)
        for k, g in grads.items():
            self.m[k] = 0.8 * self.m.get(k, 0) + 0.2 * g
            self.v[k] = 0.95 * self.v.get(k, 0) + 0.05 * g**2
            params[k] = params[k] - rate * self.m[k] / (np.sqrt(self.v[k]) + 1e-2)


def look_ahead(x, dx, config):
    before = config.setdefault("velocity", np.zeros_like(x))
    config["velocity"] = v = config["momentum"] * before - config["learning_rate"] * dx
    return x - config["momentum"] * before + (1 + config["momentum"]) * v, config


RIGHT = [
    ("momentum", momentum), ("adam", adam), ("sgd", in_place), ("sgd", lambda w, g, alpha: w - alpha * g),
    ("rmsprop", rms_prop), ("adam", Adam().update), ("nesterov", look_ahead),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "step"), RIGHT)
def test_right_steps_are_right_however_they_are_written(rule, step):
    assert microbp.check_step(rule, step).ok


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("code", SLIPS)
def test_each_slip_is_named_by_its_code(rule, code):
    lines = list(RULES[rule])
    for k, line in enumerate(lines):
        for old, new in SLIPS[code][1:]:
            line = line.replace(old, new)
        lines[k] = line
    if tuple(lines) == RULES[rule]:
        return
    names = "w, g, state, lr, momentum, beta1, beta2, eps, weight_decay, alpha, t"
    source = "\n    ".join(
        [
            f"def step({names}):",
            "m, v = state.get('m', 0 * w), state.get('v', 0 * w)",
            *lines,
            "state['m'], state['v'] = m, v",
        ]
    )
    space = {"np": np}
    exec(f"{source}\n    return w", space)
    with np.errstate(all="ignore"):
        found = microbp.check_step(rule, space["step"])
    assert not found.ok
    assert code in found.causes
    assert SLIPS[code][0] in str(found)


def test_what_cannot_be_checked_says_why():
    with pytest.raises(UnknownNameError, match="did you mean 'adam'"):
        microbp.check_step("adamm", adam)
    with pytest.raises(ProblemError, match="new w"):
        microbp.check_step("sgd", lambda w, g: 3.0)
    assert microbp.check_step("sgd", lambda w, g: w - 0.3 * np.sin(g)).causes == ("unexplained",)
