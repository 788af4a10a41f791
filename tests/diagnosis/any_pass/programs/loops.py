import math

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"X": rng.normal(size=(4, 3)), "Y": np.array([0, 1, 1, 0]), "w": rng.normal(size=3), "b": 0.3}


def forward(X, Y, w, b):
    J = 0
    zs, As = [], []
    for i in range(len(X)):
        z = b
        for j in range(len(w)):
            z += w[j] * X[i, j]
        a = 1 / (1 + np.exp(-z))
        J += -(Y[i] * np.log(a) + (1 - Y[i]) * np.log(1 - a))
        zs.append(z)
        As.append(a)
    J /= len(X)
    return {"J": J, "z": np.array(zs), "a": np.array(As)}


def backward(X, Y, w, b, z, a):
    dw, db = [0.0] * len(w), 0.0
    dz = np.zeros(len(X))
    for i in range(len(X)):
        dz[i] = (a[i] - Y[i]) / len(X)
        for j in range(len(w)):
            dw[j] += X[i, j] * dz[i]
        db += dz[i]
    assert math.isfinite(db)
    return {"dw": dw, "db": db, "dz": dz}


WRONG = {
    "last only": ("dw[j] += X[i, j] * dz[i]", "dw[j] = X[i, j] * dz[i]", "w"),
    "no mean": ("(a[i] - Y[i]) / len(X)", "(a[i] - Y[i])", "z"),
    "sign": ("(a[i] - Y[i]) / len(X)", "(Y[i] - a[i]) / len(X)", "z"),
    "no x": ("dw[j] += X[i, j] * dz[i]", "dw[j] += dz[i]", "w"),
    "bias": ("db += dz[i]", "db = dz[i]", "b"),
}
