"""Convolution as one product: its windows are the rows of a matrix (im2col).

The gradient of a row is added to where its window was cut out: windows overlap.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(2, 2, 4, 4)), "w": rng.normal(size=(3, 2, 2, 2)), "t": rng.normal(size=(2, 3, 3, 3))}


def forward(x, w, t):
    N, C, size, _ = x.shape
    F, _, K, _ = w.shape
    out = size - K + 1
    windows = sliding_window_view(x, (K, K), axis=(2, 3))
    cols = windows.transpose(0, 2, 3, 1, 4, 5).reshape(N * out * out, C * K * K)
    flat = cols @ w.reshape(F, -1).T
    y = flat.reshape(N, out, out, F).transpose(0, 3, 1, 2)
    loss = 0.5 * ((y - t) ** 2).sum() / N
    return {"cols": cols, "flat": flat, "y": y, "loss": loss}


def backward(x, w, t, cols, flat, y):
    N, C, size, _ = x.shape
    F, _, K, _ = w.shape
    out = size - K + 1
    dy = (y - t) / N
    dflat = dy.transpose(0, 2, 3, 1).reshape(-1, F)
    dw = (dflat.T @ cols).reshape(w.shape)
    dcols = dflat @ w.reshape(F, -1)
    dwindows = dcols.reshape(N, out, out, C, K, K)
    dx = np.zeros_like(x)
    for i in range(out):
        for j in range(out):
            dx[:, :, i : i + K, j : j + K] += dwindows[:, i, j]
    return {"dy": dy, "dflat": dflat, "dw": dw, "dcols": dcols, "dx": dx}


WRONG = {
    "reshaped without moving the filters": ("dy.transpose(0, 2, 3, 1).reshape(-1, F)", "dy.reshape(-1, F)", "flat"),
    "windows overwrite each other": ("j : j + K] += dwindows", "j : j + K] = dwindows", "x"),
    "filters last": ("dw = (dflat.T @ cols).reshape(w.shape)", "dw = (cols.T @ dflat).reshape(w.shape)", "w"),
    "no 1/N": ("dy = (y - t) / N", "dy = y - t", "y"),
    "rows and columns exchanged": ("+= dwindows[:, i, j]", "+= dwindows[:, j, i]", "x"),
}
