import numpy as np
import pytest

from microbp import vectorized
from microbp.errors import ShapeError, UnknownNameError
from microbp.nn.initial import INITS, start


def test_every_rule_gives_the_shapes_of_the_network():
    for init in INITS:
        weights, biases = start([3, 5, 2], init)
        assert [W.shape for W in weights] == [(5, 3), (2, 5)], init
        assert [b.shape for b in biases] == [(5,), (2,)], init


@pytest.mark.parametrize("init", sorted(INITS.keys() - {"sin"}))
def test_random_weights_come_from_the_seed_and_biases_are_zero(init):
    (one, _), (same, biases), (other, _) = (start([4, 6, 2], init, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not any(b.any() for b in biases)


@pytest.mark.parametrize(
    ("init", "limit", "std"),
    [
        ("uniform", 1.0, 1 / np.sqrt(3)),
        ("glorot", np.sqrt(6 / (300 + 100)), np.sqrt(2 / (300 + 100))),  # Glorot and Bengio 2010, equations 16 and 12
        ("he", None, np.sqrt(2 / 300)),  # He et al. 2015, equation 10
    ],
)
def test_random_weights_spread_as_the_papers_say(init, limit, std):
    (W,), _ = start([300, 100], init, seed=5)
    assert W.std() == pytest.approx(std, rel=0.02)
    assert abs(W.mean()) < 0.02 * std * 3
    if limit:
        assert 0.99 * limit < abs(W).max() <= limit


@pytest.mark.parametrize(("init", "activation"), [("he", "relu"), ("glorot", "tanh")])
def test_a_deep_network_neither_dies_nor_explodes(init, activation):
    sizes = [200] * 11
    weights, biases = start(sizes, init, seed=0)
    X = np.random.default_rng(0).normal(size=(20, 200))
    last = vectorized.forward(weights, biases, X, activation=activation, output=activation)[1][-1]
    assert 0.05 < np.mean(last**2) < 10  # weights from −1 … 1 multiply it by 33 in every layer


def test_sin_weights_are_those_of_the_exercise():
    # debugInitializeWeights of the gradient-checking exercise: reshape(sin(1:numel(W)), size(W)) / 10, bias first.
    (W,), (b,) = start([3, 5], "sin")
    assert b.round(7).tolist() == [0.0841471, 0.0909297, 0.0141120, -0.0756802, -0.0958924]
    assert W[:, 0].round(7).tolist() == [-0.0279415, 0.0656987, 0.0989358, 0.0412118, -0.0544021]
    assert W[4, 2] == np.sin(20) / 10
    assert np.array_equal(start([3, 5], "sin", seed=1)[0][0], W)


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown init: 'gloro' .*did you mean 'glorot'"):
        start([2, 1], "gloro")


@pytest.mark.parametrize("sizes", [[], [3], [3, 0], [2, -1, 1]])
def test_sizes_that_are_no_network_are_refused(sizes):
    with pytest.raises(ShapeError, match=r"a network needs two sizes or more"):
        start(sizes)
