import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"X": n(6, 4), "W": n(4, 5), "b": n(5), "Y": r.integers(0, 5, 6)}


def forward(X, W, b, Y):
    logits = X @ W + b
    m = logits.max(1, keepdims=True)
    s = np.exp(logits - m)
    Z = s.sum(1, keepdims=True)
    logp = logits - m - np.log(Z)
    nll = -logp[np.arange(len(Y)), Y]
    loss = nll.mean()
    return locals()


def backward(X, W, b, Y, logits, m, s, Z, logp):
    n = len(Y)
    dlogp = np.zeros_like(logp)
    dlogp[np.arange(n), Y] = -1.0 / n
    dZ = -dlogp.sum(1, keepdims=True) / Z
    ds = np.ones_like(s) * dZ
    dlogits = dlogp + ds * s
    dW = X.T @ dlogits
    db = dlogits.sum(0)
    dX = dlogits @ W.T
    return {"dlogp": dlogp, "dZ": dZ, "ds": ds, "dW": dW, "db": db, "dX": dX}


WRONG = {"wrong index": ("dlogp[np.arange(n), Y]", "dlogp[:, Y]", "logp")}
