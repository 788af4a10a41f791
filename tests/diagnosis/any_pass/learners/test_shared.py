"""Parameters that are globals of the learner's module: min-char-rnn has its weights there, and notebooks do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microbp
from microbp.terminal.own_code import run_file

NOTEBOOK = """
import numpy as np
W = [np.array([[0.3, -0.8], [0.5, 0.2]]), np.array([[0.7], [-0.4]])]
b = np.array([0.1, -0.3])
A = Z = np.array([9.0, 9.0])  # of another run
def forward(X, y):
    global A
    A = np.tanh(X @ W[0] + b)
    return ((A @ W[1] - y) ** 2).sum()
def backward(X, y):
    d2 = 2 * (A @ W[1] - y)
    d1 = d2 @ W[1].T * (1 - A**2)
    return {"dW": [X.T @ d1, A.T @ d2], "db": d1.sum(axis=0)}
def both(X, y, carry):
    loss = forward(X, y) + 0 * carry.sum()
    grads = backward(X, y)
    dW, db = grads["dW"], grads["db"]
    states = [A, A]
    return loss, dW, db, states[-1]
def step(X, y):
    global b
    grads = backward(X, y)
    b = b - 0.1 * grads["db"]
    for w, d in zip(W, grads["dW"]):
        w -= 0.1 * d
"""


@pytest.fixture
def module(tmp_path: Path) -> Callable[..., Any]:
    """The notebook with changes, in a file of its own."""

    def made(*changes: tuple[str, str]) -> Any:
        text = NOTEBOOK
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"mine{len(changes)}.py"
        path.write_text(text)
        return run_file(path, "")

    return made


DATA = {"X": np.array([[1.0, -0.5], [0.3, 2.0], [0.8, 0.1]]), "y": np.array([[1.0], [0.0], [2.0]])}


@pytest.mark.parametrize("name", ["backward", "step"])
def test_parameters_that_are_globals_have_gradients(module: Callable[..., Any], name: str) -> None:
    mine = module()
    before = [x.copy() for x in (*mine.W, mine.b)]
    found = microbp.check(mine.forward, getattr(mine, name), **DATA)
    assert found.ok
    assert {line.name for line in found.lines} == {"W[0]", "W[1]", "b"}
    assert all(map(np.array_equal, before, (*mine.W, mine.b)))  # what a step changed was a copy
    wrong = module(("(1 - A**2)", "(1 - A)"))
    assert microbp.check(wrong.forward, getattr(wrong, name), **DATA).first in ("W[0]", "b")


def test_a_last_state_beside_gradients_is_none(module: Callable[..., Any]) -> None:
    mine = module()
    found = microbp.check(mine.both, **DATA, carry=np.ones((3, 2)))
    assert found.ok
    assert len(found.lines) == 3
