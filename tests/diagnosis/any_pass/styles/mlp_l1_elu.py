import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"X": n(6, 3), "params": {"W1": n(3, 4), "b1": n(4), "W2": n(4, 1), "b2": n(1)}, "y": n(6, 1), "l1": 0.05}


def forward(X, params, y, l1):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.where(z1 > 0, z1, np.exp(np.minimum(z1, 0)) - 1)
    out = a1 @ params["W2"] + params["b2"]
    loss = np.mean((out - y) ** 2) + l1 * np.abs(params["W1"]).sum()
    return loss, {"z1": z1, "a1": a1, "out": out}


def backward(X, params, y, l1, cache):
    z1, a1, out = cache["z1"], cache["a1"], cache["out"]
    grads = {}
    d = 2 * (out - y) / len(y)
    grads["W2"], grads["b2"] = a1.T @ d, d.sum(0)
    da = d @ params["W2"].T
    dz = da * np.where(z1 > 0, 1, a1 + 1)
    grads["W1"] = X.T @ dz + l1 * np.sign(params["W1"])
    grads["b1"] = dz.sum(0)
    grads["z1"] = dz
    return grads


WRONG = {"l2": ('l1 * np.sign(params["W1"])', '2 * l1 * params["W1"]', "W1")}
