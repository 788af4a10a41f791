import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(3, 2, 2, 3)),
        "gamma": rng.normal(size=(1, 2, 1, 1)),
        "beta": rng.normal(size=(1, 2, 1, 1)),
        "g": rng.normal(size=(3, 2)),
    }


def forward(x, gamma, beta, g, eps=1e-5):
    axes = (0, 2, 3)
    mean = x.mean(axis=axes, keepdims=True)
    inv = 1.0 / np.sqrt(np.var(x, axis=axes, keepdims=True) + eps)
    xn = (x - mean) * inv
    y = xn * gamma + beta
    pooled = y.mean(axis=(2, 3))
    loss = (pooled * g).sum() + np.sum(np.log(np.cosh(y)))
    return dict(mean=mean, inv=inv, xn=xn, y=y, pooled=pooled, loss=loss)


def backward(x, gamma, beta, g, mean, inv, xn, y):
    m = x.size / x.shape[1]
    dpooled = g
    dy = dpooled[:, :, None, None] / (x.shape[2] * x.shape[3]) + np.tanh(y)
    dbeta = dy.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dy * xn).sum(axis=(0, 2, 3), keepdims=True)
    dxn = dy * gamma
    dx = (
        inv
        / m
        * (m * dxn - dxn.sum(axis=(0, 2, 3), keepdims=True) - xn * (dxn * xn).sum(axis=(0, 2, 3), keepdims=True))
    )
    return dict(pooled=dpooled, y=dy, beta=dbeta, gamma=dgamma.ravel(), xn=dxn, x=dx)


WRONG = {
    "pool": ("/ (x.shape[2] * x.shape[3])", "", "y"),
    "samples only": (
        "dbeta = dy.sum(axis=(0, 2, 3), keepdims=True)",
        "dbeta = dy.mean(axis=(2, 3), keepdims=True).sum(axis=0, keepdims=True)",
        "beta",
    ),
    "count": ("m = x.size / x.shape[1]", "m = x.shape[0]", "x"),
    "axes": ("- dxn.sum(axis=(0, 2, 3), keepdims=True) -", "- dxn.sum(axis=(0, 1, 2, 3), keepdims=True) -", "x"),
    "gamma": ("dxn = dy * gamma", "dxn = dy", "xn"),
    "log cosh": ("+ np.tanh(y)", "", "y"),
}
