"""Inverted dropout: a mask, and 1/keep, on the way there and on the way back.

The mask is drawn once, outside of the pass: a pass that draws anew each time has another loss each time. What was
dropped gets no gradient; what was kept gets 1/keep of it. ReLU stops what was negative.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "X": rng.normal(size=(5, 4)),
        "W1": rng.normal(size=(4, 6)),
        "W2": rng.normal(size=(6, 1)),
        "mask": rng.random((5, 6)) < 0.6,
        "t": rng.normal(size=(5, 1)),
    }


def forward(X, W1, W2, mask, t, keep=0.6):
    z = X @ W1
    a = np.maximum(0, z)
    d = a * mask / keep
    out = d @ W2
    loss = 0.5 * np.mean((out - t) ** 2)
    return {"z": z, "a": a, "d": d, "out": out, "loss": loss}


def backward(X, W1, W2, mask, t, z, d, out, keep=0.6):
    dout = (out - t) / len(t)
    dW2 = d.T @ dout
    dd = dout @ W2.T
    da = dd * mask / keep
    dz = da * (z > 0)
    dW1 = X.T @ dz
    return {"dout": dout, "dW2": dW2, "dd": dd, "da": da, "dz": dz, "dW1": dW1}


WRONG = {
    "the mask is forgotten": ("da = dd * mask / keep", "da = dd / keep", "a"),
    "the scale is forgotten": ("da = dd * mask / keep", "da = dd * mask", "a"),
    "the scale the wrong way": ("da = dd * mask / keep", "da = dd * mask * keep", "a"),
    "ReLU is forgotten": ("dz = da * (z > 0)", "dz = da", "z"),
    "the other half of ReLU": ("dz = da * (z > 0)", "dz = da * (z < 0)", "z"),
    "ReLU by the gradient's sign": ("dz = da * (z > 0)", "dz = da * (da > 0)", "z"),
    "activations before dropout": ("dW2 = d.T @ dout", "dW2 = np.maximum(0, z).T @ dout", "W2"),
}
