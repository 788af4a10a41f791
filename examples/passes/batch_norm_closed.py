"""Batch norm with its way back simplified: one line for dh, and none for the arrays in between.

Put ds, dv and dμ of the step-by-step derivation into dh; Σ (h − μ) = 0 removes one term, and what is left is

    dh = (N dx̂ − Σ dx̂ − x̂ Σ dx̂ x̂) / (N s)
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "h": rng.normal(size=(6, 4)) * 2 + 1,
        "t": rng.normal(size=(6, 4)),
        "gamma": rng.normal(size=4),
        "beta": rng.normal(size=4),
    }


def forward(h, t, gamma, beta):
    std = np.sqrt(h.var(axis=0) + 1e-5)
    xhat = (h - h.mean(axis=0)) / std
    y = gamma * xhat + beta
    loss = 0.5 * ((y - t) ** 2).mean()
    return locals()


def backward(t, gamma, beta, std, xhat, y):
    N = len(y)
    dy = (y - t) / y.size
    dbeta = dy.sum(axis=0)
    dgamma = (dy * xhat).sum(axis=0)
    dxhat = dy * gamma
    dh = (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (N * std)
    return {"y": dy, "beta": dbeta, "gamma": dgamma, "xhat": dxhat, "h": dh}


WRONG = {
    "the mean of the samples only": ("dy = (y - t) / y.size", "dy = (y - t) / N", "y"),
    "the mean is taken for a constant": (" - dxhat.sum(axis=0) -", " -", "h"),
    "the variance is taken for a constant": (" - xhat * (dxhat * xhat).sum(axis=0)", "", "h"),
    "no N below": ("/ (N * std)", "/ std", "h"),
    "no normalized input in gamma": ("dgamma = (dy * xhat).sum(axis=0)", "dgamma = dy.sum(axis=0)", "gamma"),
    "beta for gamma": ("dxhat = dy * gamma", "dxhat = dy * beta", "xhat"),
}
