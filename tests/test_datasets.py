import numpy as np

from microbp.datasets import moons


def test_moons_are_seeded_balanced_and_apart():
    X, y = moons(101, noise=0.0, seed=3)
    assert np.array_equal(moons(101, noise=0.0, seed=3)[0], X)
    assert X.shape == (101, 2)
    assert sorted(set(y)) == [-1.0, 1.0]
    assert abs(y.sum()) == 1
    distances = np.linalg.norm(X[y > 0][:, None] - X[y < 0][None], axis=2)
    assert distances.min() > 0.2
