"""A learner's vectorized backward pass with a wrong line in it, and microbp's word on which line that is.

Run it: python examples/diagnose.py
"""

import numpy as np

import microbp
from microbp import nn


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mine(weights, biases, X, Y):
    """Mean squared error of a 3-4-2 network: something is missing."""
    (W1, W2), (b1, b2) = weights, biases
    a1 = sigmoid(X @ W1.T + b1)
    a2 = sigmoid(a1 @ W2.T + b2)
    d2 = 2 * (a2 - Y) / Y.size * a2 * (1 - a2)
    d1 = d2 @ W2
    return [d1.T @ X, d2.T @ a1], [d1.sum(axis=0), d2.sum(axis=0)]


def main():
    rng = np.random.default_rng(0)
    model = nn.MLP(3, [4, 2], activation="sigmoid", output="sigmoid", seed=1)
    X, Y = rng.normal(size=(5, 3)), rng.random((5, 2))
    print(microbp.compare(model, X, Y, gradients=mine, loss="mean_squared_error"))
    print()
    diagnosis = microbp.diagnose(model, mine, X, Y, loss="mean_squared_error")
    print(diagnosis)
    return {"mistakes": diagnosis.mistakes}


if __name__ == "__main__":
    main()
