"""The lines of the pass run: the right ones give the right gradients, and the table's rows fit into them."""

from dataclasses import replace

import numpy as np
import pytest

from microbp.derivation.backprop import backward, gradients, pass_of, value
from microbp.derivation.formulas import MISREMEMBERED, SLOPES, lost_parts, other_losses
from microbp.losses import LOSSES as ROWS
from microbp.vectorized import ACTIVATIONS, LOSSES, OUTPUTS, softmax
from tests.planting import random_case


@pytest.mark.parametrize("seed", range(60))
def test_the_right_lines_give_the_right_gradients_to_1e12(seed):
    case = random_case(np.random.default_rng(seed))
    made = gradients(case, pass_of(case))
    for name, right in case.truth[1].items():
        assert made[name].shape == right.shape
        assert np.abs(made[name] - right).max() <= 1e-12 * (1 + np.abs(right).max())


def test_two_passes_with_a_learning_rate_of_zero_are_twice_one():
    case = replace(random_case(np.random.default_rng(3)), learning_rate=0.0)
    one, two = gradients(case, pass_of(case)), gradients(case, pass_of(case).changed({"passes": 2}, ()))
    assert all(np.allclose(2 * one[name], two[name], rtol=1e-12) for name in one)


def test_the_layers_come_from_the_last_to_the_first():
    case = random_case(np.random.default_rng(4))
    assert [l for l, _ in backward(case, pass_of(case))] == list(range(case.depth, 0, -1))


def test_a_line_that_does_not_fit_is_an_error_that_gives_both_shapes():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s))).sizes[0] != c.sizes[1])
    with pytest.raises(ValueError, match="for W"):
        gradients(case, pass_of(case).changed({"dW": "d.sum(axis=0)"}, [1]))
    with pytest.raises(KeyError):
        gradients(case, pass_of(case).changed({"dW": "nothing + 1"}, [1]))


def test_every_activation_has_its_row_and_its_derivative_is_that_of_vectorized():
    assert OUTPUTS.keys() == SLOPES.keys() == MISREMEMBERED.keys()
    z = np.linspace(-3.0, 3.0, 10).reshape(5, 2)
    for name, (f, prime) in OUTPUTS.items():
        scope = {"z": z, "a": f(z), "sigmoid": ACTIVATIONS["sigmoid"][0]}
        assert np.allclose(value(SLOPES[name], scope), prime(z, f(z)), rtol=1e-12)
        for text in MISREMEMBERED[name]:
            assert not np.allclose(value(text, scope), prime(z, f(z)), rtol=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_its_row_and_its_derivative_is_that_of_vectorized(name):
    rng = np.random.default_rng(0)
    a = rng.uniform(0.1, 0.9, size=(3, 4))
    y = np.eye(4)[[0, 2, 3]] * (2.0 if "hinge" in name else 1.0) - (1.0 if "hinge" in name else 0.0)
    p = softmax(a)
    functions = {name: f for name, (f, _) in OUTPUTS.items()}  # a derivative may be made of them
    scope = functions | {"a": a, "y": y, "p": p, "t": ((p - y) * p).sum(axis=1, keepdims=True), "m": 3, "n": 4}
    loss = ROWS[name]
    right = LOSSES[name][1](a, y)
    assert np.allclose(value(loss.derivative, scope), right, rtol=1e-12)
    for text in lost_parts(loss).values():
        assert not np.allclose(value(text, scope), right, rtol=1e-3)
    others = [value(text, scope) for text in other_losses(loss).values()]
    assert all(other.shape == right.shape for other in others)
