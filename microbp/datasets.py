"""Small data sets: seeded ones made with NumPy alone, and two real ones that come with microbp.

Each returns X of shape (m, n_in) and Y of shape (m, n_out), as everything in microbp takes them.

>>> X, Y = xor()
>>> Y.ravel().tolist()
[0.0, 1.0, 1.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Samples = tuple[Floats, Floats]


def one_hot(labels: ArrayLike, classes: int | None = None) -> Floats:
    """A row for each label 0, 1, 2 …: 1 in the column of that number, 0 in the others.

    >>> one_hot([2, 0]).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = np.asarray(labels)
    rows: Floats = np.eye(int(labels.max()) + 1 if classes is None else classes)[labels]
    return rows


def xor() -> Samples:
    """The four rows of the truth table: what no single neuron can learn."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])


def moons(samples: int = 100, noise: float = 0.1, seed: int | None = None) -> Samples:
    """Two half circles that reach into each other: X of shape (m, 2), Y of shape (m, 1) with −1 and +1.

    >>> X, Y = moons(100, seed=0)
    >>> X.shape, float(Y.sum())
    ((100, 2), 0.0)
    """
    rng = np.random.default_rng(seed)
    upper = np.linspace(0, np.pi, samples - samples // 2)
    lower = np.linspace(0, np.pi, samples // 2)
    X = np.concatenate(
        [np.column_stack([np.cos(upper), np.sin(upper)]), np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])]
    )
    Y = np.repeat([-1.0, 1.0], [len(upper), len(lower)])[:, np.newaxis]
    order = rng.permutation(samples)
    return (X + rng.normal(scale=noise, size=X.shape))[order], Y[order]


def spirals(samples: int = 100, noise: float = 0.05, seed: int | None = None, arms: int = 2) -> Samples:
    """Arms that wind once round the origin: X of shape (m, 2), Y of shape (m, arms), one-hot.

    >>> X, Y = spirals(90, seed=0, arms=3)
    >>> X.shape, Y.sum(axis=0).tolist()
    ((90, 2), [30.0, 30.0, 30.0])
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % arms
    radius = np.sqrt(rng.uniform(0.01, 1.0, samples))
    angle = 2 * np.pi * (radius + labels / arms)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return X + rng.normal(scale=noise, size=X.shape), one_hot(labels, arms)


def dummy_feature(samples: int = 100, features: int = 3, seed: int | None = None) -> Samples:
    """Normally distributed features of which the first one is the target: a linear neuron can only learn w = (1, 0, …).

    >>> X, Y = dummy_feature(4, seed=0)
    >>> X.shape, bool((Y[:, 0] == X[:, 0]).all())
    ((4, 3), True)
    """
    X = np.random.default_rng(seed).normal(size=(samples, features))
    return X, X[:, :1].copy()


def first_bit(samples: int = 8, features: int = 3) -> Samples:
    """Numbers from 0 on in binary, a feature for each digit, of which the first one is the target.

    >>> X, Y = first_bit(4, 2)
    >>> X.tolist(), Y.ravel().tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 0.0, 1.0, 1.0])
    """
    X = (np.arange(samples)[:, None] >> np.arange(features)[::-1] & 1).astype(float)
    return X, X[:, :1].copy()


def sin_filled(rows: int, columns: int) -> Floats:
    """sin(1)/10, sin(2)/10, … column by column: numbers that look random and are the same everywhere.

    >>> sin_filled(2, 2).round(4).tolist()
    [[0.0841, 0.0141], [0.0909, -0.0757]]
    """
    return np.sin(np.arange(1, rows * columns + 1)).reshape(rows, columns, order="F") / 10


def sin_samples(samples: int = 5, features: int = 3, classes: int = 3) -> Samples:
    """The data of the gradient-checking exercise with sin-initialised weights; sample i has class 1 + (i mod K).

    >>> sin_samples()[1].argmax(axis=1).tolist()  # counted from 0
    [1, 2, 0, 1, 2]
    """
    return sin_filled(samples, features), one_hot(np.arange(1, samples + 1) % classes, classes)


def iris() -> Samples:
    """150 irises: sepal length and width, petal length and width in cm, of shape (150, 4); one-hot species.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems" (1936), as scikit-learn
    has it; UCI Machine Learning Repository, https://doi.org/10.24432/C56C76, CC BY 4.0.

    >>> X, Y = iris()
    >>> X[0].tolist(), Y.sum(axis=0).tolist()
    ([5.1, 3.5, 1.4, 0.2], [50.0, 50.0, 50.0])
    """
    tenths, species = _stored("iris")
    return tenths / 10, one_hot(species)


def digits() -> Samples:
    """1,797 handwritten digits of 8×8 pixels from 0 to 1, of shape (1797, 64), row by row; one-hot.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), the test part;
    UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0.

    >>> X, Y = digits()
    >>> X[0, :8].tolist(), Y[0].argmax().item()
    ([0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0], 0)
    """
    sixteenths, digit = _stored("digits")
    return sixteenths / 16, one_hot(digit)


def _stored(name: str) -> list[NDArray[np.uint8]]:
    with files("microbp.problems").joinpath(f"data/{name}.npz").open("rb") as file, np.load(file) as arrays:
        return [arrays[key] for key in arrays]


DATASETS: dict[str, Callable[..., Samples]] = {
    make.__name__: make for make in (xor, moons, spirals, dummy_feature, first_bit, sin_samples, iris, digits)
}
"""Every data set by name."""
