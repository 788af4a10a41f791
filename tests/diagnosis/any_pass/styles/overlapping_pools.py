import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(2, 2, 5, 5), "w": n(2, 2, 2), "y": n(2)}


def forward(x, w, y):
    N, C, H, W = x.shape
    out = np.empty((N, C, 2, 2))
    for i in range(2):
        for j in range(2):
            out[:, :, i, j] = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(2, 3))
    s = (out * w).sum(axis=(1, 2, 3))
    p = 1 / (1 + np.exp(-s))
    loss = np.mean((p - y) ** 2)
    return dict(pool=out, s=s, p=p, loss=loss)


def backward(x, w, y, pool, s, p):
    dp = 2 * (p - y) / len(y)
    ds = dp * p * (1 - p)
    dw = np.tensordot(ds, pool, axes=(0, 0))
    dpool = ds[:, None, None, None] * w
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(2):
                for j in range(2):
                    win = x[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                    a, b = np.unravel_index(np.argmax(win), win.shape)
                    dx[n, c, 2 * i + a, 2 * j + b] += dpool[n, c, i, j]
    return dict(dp=dp, ds=ds, dw=dw, dpool=dpool, dx=dx)


WRONG = {
    "spread": (
        "dx[n, c, 2 * i + a, 2 * j + b] += dpool[n, c, i, j]",
        "dx[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += dpool[n, c, i, j] / 9",
        "x",
    )
}
