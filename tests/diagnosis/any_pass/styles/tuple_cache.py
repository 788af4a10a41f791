import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(4, 3), "w": n(3, 2), "b": n(2), "y": n(4, 2)}


def forward(x, w, b, y):
    z = x @ w + b
    a = np.tanh(z)
    loss = ((a - y) ** 2).sum()
    cache = (x, w, z, a)
    return loss, cache


def backward(x, w, b, y, cache):
    x, w, z, a = cache
    da = 2 * (a - y)
    dz = da * (1 - a**2)
    dx, dw, db = dz @ w.T, x.T @ dz, dz.sum(0)
    return dx, dw, db


WRONG = {"z": ("(1 - a**2)", "(1 - z**2)", ("b", "w", "x")), "two": ("2 * (a - y)", "(a - y)", ("b", "w", "x"))}
