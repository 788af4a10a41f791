import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"X": n(2, 2, 4, 4), "W": n(3, 2, 3, 3), "b": n(3), "Y": n(2, 3, 2, 2)}


def get_indices(shape, k, stride, pad):
    N, C, H, W = shape
    oh, ow = (H + 2 * pad - k) // stride + 1, (W + 2 * pad - k) // stride + 1
    i0 = np.tile(np.repeat(np.arange(k), k), C)
    i1 = stride * np.repeat(np.arange(oh), ow)
    j0 = np.tile(np.arange(k), k * C)
    j1 = stride * np.tile(np.arange(ow), oh)
    return np.repeat(np.arange(C), k * k).reshape(-1, 1), i0.reshape(-1, 1) + i1, j0.reshape(-1, 1) + j1


def forward(X, W, b, Y):
    F, C, k, _ = W.shape
    Xp = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    kk, i, j = get_indices(X.shape, k, 2, 1)
    cols = Xp[:, kk, i, j].transpose(1, 2, 0).reshape(C * k * k, -1)
    out = W.reshape(F, -1) @ cols + b.reshape(-1, 1)
    out = out.reshape(F, 2, 2, X.shape[0]).transpose(3, 0, 1, 2)
    cost = ((out - Y) ** 2).sum() / (2 * X.shape[0])
    return {"cols": cols, "out": out, "cost": cost}


def backward(X, W, b, Y, cols, out):
    F, C, k, _ = W.shape
    N = X.shape[0]
    dout = (out - Y) / N
    db = dout.sum(axis=(0, 2, 3))
    dflat = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dW = (dflat @ cols.T).reshape(W.shape)
    dcols = W.reshape(F, -1).T @ dflat
    dXp = np.zeros((N, C, 6, 6))
    kk, i, j = get_indices(X.shape, k, 2, 1)
    np.add.at(dXp, (slice(None), kk, i, j), dcols.reshape(C * k * k, -1, N).transpose(2, 0, 1))
    dX = dXp[:, :, 1:-1, 1:-1]
    return {"dout": dout, "db": db, "dW": dW, "dcols": dcols, "dX": dX}


WRONG = {
    "transpose order": (
        "dout.transpose(1, 2, 3, 0).reshape(F, -1)",
        "dout.transpose(1, 0, 2, 3).reshape(F, -1)",
        ("cols", "W"),
    ),
    "reshape N": ("dcols.reshape(C * k * k, -1, N).transpose(2, 0, 1)", "dcols.reshape(N, C * k * k, -1)", "X"),
}
