import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x1": n(4, 3), "x2": n(4, 3), "W": n(3, 2), "same": np.array([1, 0, 0, 1]), "m": 3.0}


def forward(x1, x2, W, same, m):
    h1, h2 = np.tanh(x1 @ W), np.tanh(x2 @ W)
    diff = h1 - h2
    dist = np.sqrt((diff**2).sum(1) + 1e-8)
    loss = (same * dist**2 + (1 - same) * np.maximum(m - dist, 0) ** 2).mean()
    return {"h1": h1, "h2": h2, "diff": diff, "dist": dist, "loss": loss}


def backward(x1, x2, W, same, m, h1, h2, diff, dist):
    d_dist = (2 * same * dist - 2 * (1 - same) * np.maximum(m - dist, 0)) / len(same)
    d_diff = (d_dist / dist)[:, None] * diff
    d_h1, d_h2 = d_diff, -d_diff
    d_W = x1.T @ (d_h1 * (1 - h1**2)) + x2.T @ (d_h2 * (1 - h2**2))
    return {"d_dist": d_dist, "d_diff": d_diff, "d_h1": d_h1, "d_h2": d_h2, "d_W": d_W}


WRONG = {"dist": ("(d_dist / dist)", "d_dist", "diff"), "one branch": (" + x2.T @ (d_h2 * (1 - h2**2))", "", "W")}
