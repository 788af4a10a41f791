"""RMS norm: x / r · g with r = √(mean(x²) + ε), no mean taken off.

dx = dn/r − x Σ(dn x) / (D r³),   dn = dy g
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(3, 4)), "g": rng.normal(size=4), "t": rng.normal(size=(3, 4))}


def forward(x, g, t):
    ms = np.mean(x**2, axis=-1, keepdims=True)
    r = np.sqrt(ms + 1e-6)
    n = x / r
    y = n * g
    loss = np.sum(np.abs(y - t))
    return {"ms": ms, "r": r, "n": n, "y": y, "loss": loss}


def backward(x, g, t, r, n, y):
    D = x.shape[-1]
    dy = np.sign(y - t)
    dg = (dy * n).sum(axis=0)
    dn = dy * g
    dr = -(dn * x).sum(axis=-1, keepdims=True) / r**2
    dms = dr / (2 * r)
    dx = dn / r + dms * 2 * x / D
    return {"dy": dy, "dg": dg, "dn": dn, "dr": dr, "dms": dms, "dx": dx}


WRONG = {
    "the root is taken for a constant": ("dx = dn / r + dms * 2 * x / D", "dx = dn / r", "x"),
    "no mean of the squares": ("dms * 2 * x / D", "dms * 2 * x", "x"),
    "squared loss in mind": ("dy = np.sign(y - t)", "dy = y - t", "y"),
    "no square below": ("/ r**2", "/ r", "r"),
    "the root's derivative": ("dms = dr / (2 * r)", "dms = dr / 2 * r", "ms"),
    "not summed over the samples": ("dg = (dy * n).sum(axis=0)", "dg = dy * n", "g"),
}
