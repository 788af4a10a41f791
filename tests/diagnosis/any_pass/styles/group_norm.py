import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(2, 4, 2, 3), "gamma": n(1, 4, 1, 1), "beta": n(1, 4, 1, 1), "dout": n(2, 4, 2, 3), "G": 2}


def forward(x, gamma, beta, dout, G, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, -1)
    mean = xg.mean(axis=2, keepdims=True)
    var = xg.var(axis=2, keepdims=True)
    xn = ((xg - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = xn * gamma + beta
    return {"mean": mean, "var": var, "xn": xn, "out": out, "loss": (out * dout).sum()}


def backward(x, gamma, dout, G, mean, var, xn, eps=1e-5):
    N, C, H, W = x.shape
    dgamma = np.sum(dout * xn, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dxn = dout * gamma
    g = dxn.reshape(N, G, -1)
    n_ = xn.reshape(N, G, -1)
    M = g.shape[2]
    dx = 1.0 / M / np.sqrt(var + eps) * (M * g - g.sum(2, keepdims=True) - n_ * (g * n_).sum(2, keepdims=True))
    return {"dgamma": dgamma, "dbeta": dbeta, "dxn": dxn, "dx": dx.reshape(x.shape)}


WRONG = {
    "axis": ("(g * n_).sum(2, keepdims=True)", "(g * n_).sum(1, keepdims=True)", "x"),
    "M": ("M = g.shape[2]", "M = C", "x"),
}
