import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(4, 3), "w": n(3, 2), "y": n(4, 2)}


def forward(x, w, y):
    z = x @ w
    a = 1 / (1 + np.exp(-z))
    loss = ((a - y) ** 2).sum()
    return loss, (x, w, y, z, a)


def backward(cache):
    x, w, y, z, a = cache
    dz = 2 * (a - y) * a * (1 - a)
    return {"dw": x.T @ dz, "dx": dz @ w.T}


WRONG = {"a": ("a * (1 - a)", "(1 - a)", ("w", "x"))}
