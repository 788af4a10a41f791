"""Batch norm in a small classifier, step by step: every intermediate array has its line.

With ε under the root, x̂ = (h − μ)/s, s = √(v + ε), v = mean((h − μ)²) over the batch of N:

    dx̂ = dy γ                       dγ = Σ dy x̂            dβ = Σ dy
    ds  = −Σ dx̂ (h − μ)/s²          dv = ds / 2s
    dc  = dx̂/s + dv 2(h − μ)/N      (c = h − μ is used twice: in x̂ and in v)
    dμ  = −Σ dc                      dh = dc + dμ/N         (h is used twice: in c and in μ)
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "X": rng.normal(size=(8, 5)),
        "y": rng.integers(0, 3, 8),
        "W1": rng.normal(size=(5, 6)),
        "b1": rng.normal(size=6),
        "gamma": rng.normal(size=6),
        "beta": rng.normal(size=6),
        "W2": rng.normal(size=(6, 3)),
        "b2": rng.normal(size=3),
    }


def forward(X, y, W1, b1, gamma, beta, W2, b2):
    h = X @ W1 + b1
    mu = h.mean(axis=0)
    c = h - mu
    var = (c**2).mean(axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = c / std
    z = xhat * gamma + beta
    a = np.tanh(z)
    logits = a @ W2 + b2
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return locals()


def backward(X, y, gamma, W2, c, std, xhat, a, p):
    N = len(X)
    dlogits = p.copy()
    dlogits[np.arange(N), y] -= 1
    dlogits /= N
    dW2 = a.T @ dlogits
    db2 = dlogits.sum(axis=0)
    da = dlogits @ W2.T
    dz = da * (1 - a**2)
    dgamma = (dz * xhat).sum(axis=0)
    dbeta = dz.sum(axis=0)
    dxhat = dz * gamma
    dstd = -(dxhat * c).sum(axis=0) / std**2
    dvar = dstd * 0.5 / std
    dc = dxhat / std + dvar * 2 * c / N
    dmu = -dc.sum(axis=0)
    dh = dc + dmu / N
    dW1 = X.T @ dh
    db1 = dh.sum(axis=0)
    return {
        "dlogits": dlogits,
        "dW2": dW2,
        "db2": db2,
        "da": da,
        "dz": dz,
        "dgamma": dgamma,
        "dbeta": dbeta,
        "dxhat": dxhat,
        "dstd": dstd,
        "dvar": dvar,
        "dc": dc,
        "dmu": dmu,
        "dh": dh,
        "dW1": dW1,
        "db1": db1,
    }


WRONG = {
    "the mean of the loss is forgotten": ("dlogits /= N", "pass", "logits"),
    "the variance is taken for a constant": ("dc = dxhat / std + dvar * 2 * c / N", "dc = dxhat / std", "c"),
    "the mean is taken for a constant": ("dh = dc + dmu / N", "dh = dc", "h"),
    "tanh′ is taken at the result": ("dz = da * (1 - a**2)", "dz = da * (1 - np.tanh(a)**2)", "z"),
    "the sign of the quotient rule": ("dstd = -(dxhat * c)", "dstd = (dxhat * c)", "std"),
    "the root's half is forgotten": ("dvar = dstd * 0.5 / std", "dvar = dstd / std", "var"),
    "the mean in the variance is forgotten": ("dvar * 2 * c / N", "dvar * 2 * c", "c"),
    "a mean in the place of a sum": ("db2 = dlogits.sum(axis=0)", "db2 = dlogits.mean(axis=0)", "b2"),
    "the input instead of the normalized one": ("(dz * xhat)", "(dz * c)", "gamma"),
    "std for its square": ("/ std**2", "/ std", "std"),
}
