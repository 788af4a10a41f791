"""Convolution along one axis, with loops: y[n, f, i] = Σ x[n, c, i + k] w[f, c, k] + b[f].

Each y sees a window of x, so each x gets a contribution from every window that it is in, and w from every place.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(2, 2, 6)),
        "w": rng.normal(size=(3, 2, 3)),
        "b": rng.normal(size=3),
        "t": rng.normal(size=(2, 3, 4)),
    }


def forward(x, w, b, t):
    (N, _, L), (F, _, K) = x.shape, w.shape
    y = np.zeros((N, F, L - K + 1))
    for n in range(N):
        for f in range(F):
            for i in range(L - K + 1):
                y[n, f, i] = np.sum(x[n, :, i : i + K] * w[f]) + b[f]
    a = np.maximum(y, 0)
    loss = 0.5 * np.sum((a - t) ** 2)
    return {"y": y, "a": a, "loss": loss}


def backward(x, w, b, t, y, a):
    (N, _, L), (F, _, K) = x.shape, w.shape
    da = a - t
    dy = da * (y > 0)
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            for i in range(L - K + 1):
                dx[n, :, i : i + K] += w[f] * dy[n, f, i]
                dw[f] += x[n, :, i : i + K] * dy[n, f, i]
                db[f] += dy[n, f, i]
    return {"da": da, "dy": dy, "dx": dx, "dw": dw, "db": db}


WRONG = {
    "windows overwrite each other": (
        "dx[n, :, i : i + K] += w[f] * dy[n, f, i]",
        "dx[n, :, i : i + K] = w[f] * dy[n, f, i]",
        "x",
    ),
    "the filter turned round": ("dx[n, :, i : i + K] += w[f] * dy", "dx[n, :, i : i + K] += w[f, :, ::-1] * dy", "x"),
    "off by one": (
        "dw[f] += x[n, :, i : i + K] * dy[n, f, i]",
        "dw[f] += x[n, :, i - 1 : i - 1 + K] * dy[n, f, i] if i else 0",
        "w",
    ),
    "the bias once, not at each place": ("db[f] += dy[n, f, i]", "db[f] = dy[n, f, i]", "b"),
    "ReLU is forgotten": ("dy = da * (y > 0)", "dy = da", "y"),
    "the last sample only": (
        "dw[f] += x[n, :, i : i + K] * dy[n, f, i]",
        "dw[f] += x[n, :, i : i + K] * dy[n, f, i] * (n == 1)",
        "w",
    ),
}
