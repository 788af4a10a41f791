import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    return {
        "a": r.normal(size=(4, 3)),
        "W": r.normal(size=(2, 3, 3)),
        "c": r.normal(size=(4, 3)),
        "t": r.normal(size=(4, 2)),
    }


def forward(a, W, c, t):
    s = np.einsum("ni,kij,nj->nk", a, W, c)
    loss = ((s - t) ** 2).sum()
    return {"s": s, "loss": loss}


def backward(a, W, c, t, s):
    ds = 2 * (s - t)
    dW = np.einsum("nk,ni,nj->kij", ds, a, c)
    da = np.einsum("nk,kij,nj->ni", ds, W, c)
    dc = np.einsum("nk,kij,ni->nj", ds, W, a)
    return {"ds": ds, "dW": dW, "da": da, "dc": dc}


WRONG = {
    "a's slice": ("nk,kij,nj->ni", "nk,kji,nj->ni", "a"),
    "c's slice": ("nk,kij,ni->nj", "nk,kji,ni->nj", "c"),
    "a for c": ("ds, W, c)", "ds, W, a)", "a"),
}
