import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "X": rng.normal(size=(5, 4)),
        "W": rng.normal(size=(4, 3)),
        "b": rng.normal(size=3),
        "c": rng.normal(size=4),
    }


def forward(X, W, b, c):
    z = X @ W + b
    h = np.log1p(np.exp(z))
    R = h @ W.T + c
    err = R - X
    loss = 0.5 * np.sum(err * err) / len(X)
    return locals()


def backward(X, W, z, h, err):
    dR = err / len(X)
    dh = dR @ W
    dz = dh / (1 + np.exp(-z))
    return {
        "R": dR,
        "err": dR,
        "h": dh,
        "z": dz,
        "W": X.T @ dz + dR.T @ h,
        "b": dz.sum(0),
        "c": dR.sum(0),
        "X": dz @ W.T - dR,
    }


WRONG = {
    "decoder's share": (" + dR.T @ h", "", "W"),
    "encoder's share": ("X.T @ dz + dR.T @ h", "dR.T @ h", "W"),
    "not transposed": ("dR.T @ h", "X.T @ h", "W"),
    "softplus for relu": ("dh / (1 + np.exp(-z))", "dh * (z > 0)", "z"),
    "the target's way": ("dz @ W.T - dR", "dz @ W.T", "X"),
}
