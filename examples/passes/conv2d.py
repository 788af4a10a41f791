"""Convolution in two axes with stride and padding, with loops over the places.

Every place (i, j) of y sees a window of the padded x: the way back adds dy[i, j]·w to that window, and takes the
padding off in the end.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(2, 1, 4, 4)), "w": rng.normal(size=(2, 1, 3, 3)), "b": rng.normal(size=2)}


def forward(x, w, b, stride=2, pad=1):
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    K = w.shape[-1]
    size = (xp.shape[-1] - K) // stride + 1
    y = np.zeros((len(x), len(w), size, size))
    for i in range(size):
        for j in range(size):
            window = xp[:, :, i * stride : i * stride + K, j * stride : j * stride + K]
            y[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    s = 1 / (1 + np.exp(-y))
    loss = (s**2).mean()
    return {"xp": xp, "y": y, "s": s, "loss": loss}


def backward(x, w, b, xp, y, s, stride=2, pad=1):
    K, size = w.shape[-1], y.shape[-1]
    ds = 2 * s / s.size
    dy = ds * s * (1 - s)
    db = dy.sum(axis=(0, 2, 3))
    dw, dxp = np.zeros_like(w), np.zeros_like(xp)
    for i in range(size):
        for j in range(size):
            rows, columns = slice(i * stride, i * stride + K), slice(j * stride, j * stride + K)
            dw += np.tensordot(dy[:, :, i, j], xp[:, :, rows, columns], axes=([0], [0]))
            dxp[:, :, rows, columns] += np.tensordot(dy[:, :, i, j], w, axes=([1], [0]))
    dx = dxp[:, :, pad:-pad, pad:-pad]
    return {"ds": ds, "dy": dy, "db": db, "dw": dw, "dxp": dxp, "dx": dx}


WRONG = {
    "summed over the samples only": ("db = dy.sum(axis=(0, 2, 3))", "db = dy.sum(axis=0)[:, 0, 0]", "b"),
    "windows overwrite each other": ("dxp[:, :, rows, columns] +=", "dxp[:, :, rows, columns] =", "xp"),
    "rows and columns exchanged": ("dxp[:, :, rows, columns] +=", "dxp[:, :, columns, rows] +=", "xp"),
    "the padding is cut on one side": ("dxp[:, :, pad:-pad, pad:-pad]", "dxp[:, :, : -2 * pad, : -2 * pad]", "x"),
    "sigmoid′ at the sum": ("dy = ds * s * (1 - s)", "dy = ds * y * (1 - y)", "y"),
    "sigmoid′ half": ("dy = ds * s * (1 - s)", "dy = ds * (1 - s)", "y"),
}
