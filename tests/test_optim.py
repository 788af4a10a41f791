import numpy as np
import pytest

from microbp import Value
from microbp.optim import SGD, Adam, Optimizer


def minimize(make, steps):
    """The parameters along the way down a bowl that is steeper in one direction, by ours and by NumPy's gradient."""
    w = [Value(1.0), Value(-2.0)]
    optimizer = make(w)
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        (w[0] ** 2 + 5 * w[1] ** 2).backward()
        optimizer.step()
        path.append([v.data for v in w])
    return np.array(path)


def gradient(w):
    return np.array([2.0, 10.0]) * w


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_follows_its_formula(momentum):
    w, v, path = np.array([1.0, -2.0]), np.zeros(2), []
    for _ in range(20):
        v = momentum * v + gradient(w)
        w = w - 0.05 * v
        path.append(w)
    assert np.allclose(minimize(lambda p: SGD(p, 0.05, momentum), 20), path, rtol=1e-12)


def test_adam_follows_the_paper():
    w, m, s, path = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2), []
    for t in range(1, 21):
        g = gradient(w)
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        path.append(w)
    assert np.allclose(minimize(lambda p: Adam(p, 0.1), 20), path, rtol=1e-12)


def test_adams_first_step_is_the_learning_rate():
    assert minimize(lambda p: Adam(p, 0.1), 1)[0] == pytest.approx([0.9, -1.9], rel=1e-7)


def test_learning_rate_may_change_between_steps():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.5)
    w.grad = 1.0
    optimizer.step()
    optimizer.lr = 0.25
    optimizer.step()
    assert w.data == 0.25


def test_an_optimizer_needs_a_rule():
    with pytest.raises(TypeError, match="abstract"):
        Optimizer([], 0.1)
