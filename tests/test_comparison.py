from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microbp
from microbp import nn, vectorized
from microbp.comparison import compare
from microbp.losses import LOSSES
from microbp.nn import ACTIVATIONS, MLP


@st.composite
def cases(draw):
    """A random network with data and a loss that suits its outputs; nets stay small enough not to saturate."""
    loss = draw(st.sampled_from(sorted(LOSSES)))
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    hidden = [draw(st.sampled_from(ACTIVATIONS)) for _ in sizes[2:]]
    output = "sigmoid" if loss == "binary_cross_entropy" else draw(st.sampled_from(ACTIVATIONS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = [rng.normal(size=(n, m)) for m, n in pairwise(sizes)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    m = draw(st.integers(1, 5))
    X = rng.normal(size=(m, sizes[0]))
    Y = {
        "hinge": lambda: rng.choice([-1.0, 1.0], size=(m, sizes[-1])),
        "binary_cross_entropy": lambda: rng.integers(0, 2, size=(m, sizes[-1])).astype(float),
        "softmax_cross_entropy": lambda: np.eye(sizes[-1])[rng.integers(0, sizes[-1], size=m)],
    }.get(loss, lambda: rng.normal(size=(m, sizes[-1])))()
    return MLP.from_arrays(weights, biases, hidden, output), X, Y, loss, draw(st.sampled_from([0.0, 0.3]))


@settings(max_examples=300)
@given(cases())
def test_graph_and_vectorized_agree_to_1e12(case):
    model, X, Y, loss, l2 = case
    comparison = compare(model, X, Y, loss=loss, l2=l2)
    assert comparison.ok, str(comparison)
    assert comparison.tolerance == 1e-12


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_every_activation_loss_and_depth_agrees(activation, loss, depth, l2):
    output = "sigmoid" if loss == "binary_cross_entropy" else "linear"
    model = MLP(3, [2] * depth, activation=activation, output=output, seed=depth)
    Y = [[1.0, 0.0], [0.0, 1.0]] if loss != "hinge" else [[1.0, -1.0], [-1.0, -1.0]]
    assert compare(model, [[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]], Y, loss=loss, l2=l2).ok


def test_a_wrong_derivation_is_found_and_located(monkeypatch):
    right = vectorized.loss_and_gradients

    def wrong(*args, **kwargs):
        loss, dW, db = right(*args, **kwargs)
        dW[1][0, 2] += 1e-9
        return loss, dW, db

    monkeypatch.setattr(vectorized, "loss_and_gradients", wrong)
    comparison = compare(nn.MLP(2, [3, 1], seed=0), [[1.0, 2.0]], [[0.5]])
    assert not comparison.ok
    assert [row.ok for row in comparison.rows] == [True, True, False, True]
    bad = comparison.rows[2]
    assert (bad.name, bad.shape, bad.where) == ("W2", (1, 3), (0, 2))
    assert bad.absolute == pytest.approx(1e-9, rel=1e-3)
    assert bad.ulps > 1000
    assert "W2  (1, 3)" in str(comparison)
    assert "DIFFERS" in str(comparison)


def test_a_nan_is_a_difference(monkeypatch):
    right = vectorized.loss_and_gradients
    monkeypatch.setattr(
        vectorized, "loss_and_gradients", lambda *a, **k: (right(*a, **k)[0], [np.full((1, 2), np.nan)], [np.ones(1)])
    )
    assert not compare(nn.MLP(2, [1], seed=0), [[1.0, 2.0]], [[0.5]]).ok


def test_the_model_stays_as_it_was():
    model = nn.MLP(2, [2, 1], seed=0)
    model([1.0, 2.0]).backward()
    before = [(p.data, p.grad) for p in model.parameters()]
    assert compare(model, [[1.0, 2.0]], [[0.5]]).ok
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_w1_w8_agrees_exactly():
    problem = microbp.load("w1-w8")
    comparison = compare(problem.model, problem.inputs, problem.targets, loss=problem.loss)
    assert comparison.loss == comparison.vectorized_loss
    assert all(row.absolute <= 1e-17 for row in comparison.rows)
