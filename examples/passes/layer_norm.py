"""Layer norm: the same derivation as batch norm, along the features of each sample, so that every sum has axis −1.

dx = (dx̂ − mean(dx̂) − x̂ mean(dx̂ x̂)) / s,      dγ = Σ over the samples of dy x̂
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(4, 5)) + 0.5,
        "gamma": rng.normal(size=5),
        "beta": rng.normal(size=5),
        "W": rng.normal(size=(5, 2)),
        "t": rng.normal(size=(4, 2)),
    }


def forward(x, gamma, beta, W, t):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(var + 1e-5)
    xhat = (x - mu) * rstd
    y = gamma * xhat + beta
    out = y @ W
    loss = ((out - t) ** 2).sum(axis=1).mean()
    return dict(mu=mu, rstd=rstd, xhat=xhat, y=y, out=out, loss=loss)


def backward(x, gamma, W, t, rstd, xhat, y, out):
    dout = 2 * (out - t) / len(t)
    dW = y.T @ dout
    dy = dout @ W.T
    dgamma = (dy * xhat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dxhat = dy * gamma
    dx = rstd * (dxhat - dxhat.mean(axis=-1, keepdims=True) - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True))
    return dict(dout=dout, dW=dW, dy=dy, dgamma=dgamma, dbeta=dbeta, dxhat=dxhat, dx=dx)


WRONG = {
    "along the samples, as in batch norm": (
        "dxhat - dxhat.mean(axis=-1, keepdims=True)",
        "dxhat - dxhat.mean(axis=0, keepdims=True)",
        "x",
    ),
    "the variance is taken for a constant": (" - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True)", "", "x"),
    "the mean is taken for a constant": (" - dxhat.mean(axis=-1, keepdims=True)", "", "x"),
    "the two of the square": ("dout = 2 * (out - t)", "dout = (out - t)", "out"),
    "gamma is forgotten": ("dxhat = dy * gamma", "dxhat = dy", "xhat"),
    "a mean over the samples": ("dbeta = dy.sum(axis=0)", "dbeta = dy.mean(axis=0)", "beta"),
}
