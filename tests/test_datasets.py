import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp.datasets import DATASETS, moons, one_hot, sin_samples, spirals, xor

REAL = {"iris": (150, 4, 3), "digits": (1797, 64, 10)}
MADE = sorted(DATASETS.keys() - REAL.keys())
SEEDED = ["moons", "spirals", "dummy_feature"]


def test_moons_are_seeded_balanced_and_apart():
    X, Y = moons(101, noise=0.0, seed=3)
    assert np.array_equal(moons(101, noise=0.0, seed=3)[0], X)
    assert (X.shape, Y.shape) == ((101, 2), (101, 1))
    y = Y.ravel()
    assert sorted(set(y)) == [-1.0, 1.0]
    assert abs(y.sum()) == 1
    distances = np.linalg.norm(X[y > 0][:, None] - X[y < 0][None], axis=2)
    assert distances.min() > 0.2


def test_moons_without_noise_lie_on_two_half_circles():
    X, Y = moons(60, noise=0.0, seed=0)
    centres = np.where(Y > 0, [[1.0, 0.5]], [[0.0, 0.0]])
    assert np.allclose(np.linalg.norm(X - centres, axis=1), 1.0)
    assert ((X[:, 1] >= centres[:, 1] - 1e-12) == (Y[:, 0] < 0)).mean() > 0.9


@pytest.mark.parametrize("name", MADE)
def test_samples_are_rows_of_finite_floats(name):
    X, Y = DATASETS[name]()
    assert (X.ndim, Y.ndim) == (2, 2)
    assert len(X) == len(Y) > 0
    assert X.dtype == Y.dtype == np.float64
    assert np.isfinite(X).all()
    assert np.isfinite(Y).all()


@pytest.mark.parametrize("name", SEEDED)
def test_the_seed_and_nothing_else_decides(name):
    np.random.seed(0)  # the global generator has no say
    one = DATASETS[name](30, seed=7)
    np.random.seed(1)
    same, other = DATASETS[name](30, seed=7), DATASETS[name](30, seed=8)
    assert np.array_equal(one[0], same[0])
    assert np.array_equal(one[1], same[1])
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize("samples", [1, 2, 3, 10])
@pytest.mark.parametrize("name", SEEDED)
def test_there_are_as_many_samples_as_asked_for(name, samples):
    X, Y = DATASETS[name](samples, seed=0)
    assert len(X) == len(Y) == samples


def test_spirals_wind_once_and_their_arms_are_turned_copies():
    X, Y = spirals(300, noise=0.0, seed=1, arms=3)
    radius, angle = np.linalg.norm(X, axis=1), np.arctan2(X[:, 1], X[:, 0])
    turned = (angle - 2 * np.pi * (radius + Y.argmax(axis=1) / 3) + np.pi) % (2 * np.pi) - np.pi
    assert np.allclose(turned, 0.0, atol=1e-9)
    assert 0.1 <= radius.min() < radius.max() <= 1.0


def test_noise_is_a_standard_deviation():
    clean, noisy = (moons(20_000, noise=noise, seed=0) for noise in (0.0, 0.3))
    assert (noisy[0] - clean[0]).std() == pytest.approx(0.3, rel=0.02)
    assert np.array_equal(clean[1], noisy[1])


def test_no_line_separates_xor():
    X, Y = xor()
    y = 2 * Y.ravel() - 1
    # If w·x + b had the sign of y for each row, Σ y (w·x + b) would be positive: but it is 0 for any w and b.
    assert (y @ np.column_stack([X, np.ones(4)])).tolist() == [0.0, 0.0, 0.0]
    assert set(y) == {-1.0, 1.0}


def test_sin_samples_are_those_of_the_exercise():
    # checkNNGradients of the gradient-checking exercise: X = debugInitializeWeights(5, 2), y = 1 + mod(1:5, 3)'.
    X, Y = sin_samples()
    assert np.array_equal(X.ravel(order="F"), np.sin(np.arange(1, 16)) / 10)
    assert (1 + Y.argmax(axis=1)).tolist() == [2, 3, 1, 2, 3]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_one_hot_rows_have_one_one_in_the_right_column(labels):
    rows = one_hot(labels, 6)
    assert rows.shape == (len(labels), 6)
    assert rows.sum() == len(labels)
    assert rows.argmax(axis=1).tolist() == labels
    assert np.array_equal(one_hot(labels), rows[:, : max(labels) + 1])


@pytest.mark.parametrize("name", REAL)
def test_real_data_have_the_known_shapes(name):
    X, Y = DATASETS[name]()
    m, n_in, n_out = REAL[name]
    assert (X.shape, Y.shape) == ((m, n_in), (m, n_out))
    assert (Y.sum(axis=1) == 1).all()
    if name == "digits":
        assert (X.min(), X.max()) == (0.0, 1.0)
        assert (16 * X).sum() == 561_718
        assert Y.sum(axis=0).tolist() == [
            178,
            182,
            177,
            183,
            181,
            182,
            181,
            179,
            174,
            180,
        ]  # optdigits.names
    else:
        assert X.mean(axis=0).round(3).tolist() == [5.843, 3.057, 3.758, 1.199]  # iris.names, "Summary Statistics"
