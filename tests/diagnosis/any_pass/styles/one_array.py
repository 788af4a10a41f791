import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"X": n(5, 3), "theta": n(3), "y": r.integers(0, 2, 5)}


def forward(X, theta, y):
    h = 1 / (1 + np.exp(-X.dot(theta)))
    J = -(y * np.log(h) + (1 - y) * np.log(1 - h)).mean()
    return J


def backward(X, theta, y):
    h = 1 / (1 + np.exp(-X.dot(theta)))
    grad = X.T.dot(h - y) / len(y)
    return grad


WRONG = {"y-h": ("(h - y)", "(y - h)", "theta")}
