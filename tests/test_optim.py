import math

import numpy as np
import pytest

from microbp import Value
from microbp.optim import OPTIMIZERS, SGD, Adam, Optimizer
from microbp.training.backends import ParameterSlice


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
    assert np.allclose(minimize(lambda p: SGD(p, 0.05, momentum), 20), path, rtol=1e-12, atol=0)


def test_adam_follows_the_paper():
    w, m, s, path = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2), []
    for t in range(1, 21):
        g = gradient(w)
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        path.append(w)
    assert np.allclose(minimize(lambda p: Adam(p, 0.1), 20), path, rtol=1e-12, atol=0)


def test_adams_first_step_is_the_learning_rate():
    assert minimize(lambda p: Adam(p, 0.1), 1)[0] == pytest.approx([0.9, -1.9], rel=1e-7, abs=0)


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


@pytest.mark.parametrize(("lr", "momentum"), [(0.05, 0.0), (0.05, 0.5), (0.15, 0.9), (0.3, 0.2)])
def test_sgd_on_a_bowl_is_a_power_of_a_matrix(lr, momentum):
    # On E = a/2 · w² the pair (w, v) is multiplied by one matrix at every step, here for a = 2 and a = 10.
    steps = 40
    ends = []
    for a, start in ((2.0, 1.0), (10.0, -2.0)):
        step = np.array([[1 - lr * a, -lr * momentum], [a, momentum]])
        ends.append((np.linalg.matrix_power(step, steps) @ [start, 0.0])[0])
    found = minimize(lambda p: SGD(p, lr, momentum), steps)[-1]
    assert np.allclose(found, ends, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("slope", [-3.0, 1e-3, 2e5])
def test_adam_under_a_constant_gradient_goes_by_the_learning_rate(slope):
    # Both means, freed of their bias, are then the gradient and its square themselves, at every step.
    w = Value(1.0)
    optimizer = Adam([w], lr=0.01)
    for t in range(1, 101):
        w.grad = slope
        optimizer.step()
        assert w.data == pytest.approx(1 - t * 0.01 * slope / (abs(slope) + 1e-8), rel=1e-12, abs=1e-12)


def test_adam_does_not_care_about_the_scale_of_the_loss():
    def path(scale):
        w, optimizer = Value(2.0), None
        optimizer = Adam([w], lr=0.1, eps=1e-300)
        for _ in range(30):
            w.grad = scale * 2 * w.data
            optimizer.step()
        return w.data

    assert path(1e6) == pytest.approx(path(1.0), rel=1e-12, abs=0)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("grad", [1e200, -1e308, math.inf, math.nan])
def test_a_huge_gradient_is_no_exception(make, grad):
    w = Value(1.0)
    w.grad = grad
    make([w], 0.1).step()  # ** would raise OverflowError
    assert isinstance(w.data, float)


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.05, 0.9), lambda p: Adam(p, 0.1)], ids=["sgd", "adam"])
def test_arrays_and_values_go_the_same_way(make):
    array = ParameterSlice(np.array([1.0, -2.0]), np.zeros(2))
    optimizer, path = make([array]), []
    for _ in range(20):
        array.grad[:] = gradient(array.data)
        optimizer.step()
        path.append(array.data.copy())
    assert np.allclose(path, minimize(make, 20), rtol=1e-13, atol=0)


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.05, 0.9), lambda p: Adam(p, 0.1)], ids=["sgd", "adam"])
@pytest.mark.parametrize("arrays", [True, False])
def test_what_is_restored_goes_on_bit_for_bit(make, arrays):
    def parts(numbers):
        return [ParameterSlice(np.array(numbers), np.zeros(2))] if arrays else [Value(x) for x in numbers]

    def go(optimizer, steps):
        for _ in range(steps):
            for p in optimizer.parameters:
                p.grad = 3 * p.data
            optimizer.step()

    whole = make(parts([1.0, -2.0]))
    go(whole, 7)
    first = make(parts([1.0, -2.0]))
    go(first, 3)
    then = make(parts(np.ravel([p.data for p in first.parameters]).tolist()))
    then.restore(first.state())
    go(then, 4)
    assert then.steps == 7
    assert np.ravel([p.data for p in then.parameters]).tolist() == np.ravel([p.data for p in whole.parameters]).tolist()
    assert {k: v.tolist() for k, v in then.state().items()} == {k: v.tolist() for k, v in whole.state().items()}


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.05, 0.9), lambda p: Adam(p, 0.1)], ids=["sgd", "adam"])
def test_what_was_remembered_can_be_taken_back(make):
    w = Value(1.0)
    optimizer = make([w])
    w.grad = 2.0
    optimizer.step()
    before, state = optimizer.remembered(), optimizer.state()
    optimizer.step()
    assert optimizer.state() != state
    vars(optimizer).update(before)
    assert optimizer.state() == state


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"steps": np.array([3.0])},
        {"steps": np.array([3.0]), "velocity": np.zeros(3)},
        {"steps": np.array([3.0]), "velocity": np.zeros(1)},
        {"steps": np.array([math.nan]), "velocity": np.zeros(2)},
    ],
)
def test_the_memory_of_another_is_refused(state):
    with pytest.raises((KeyError, ValueError)):
        SGD([Value(1.0), Value(2.0)], 0.1).restore(state)
