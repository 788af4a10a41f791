import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s) * 0.7
    return {"x": n(3, 2, 2), "Wx": n(2, 3), "Wh": n(3, 3), "v": n(3, 1), "t": n(2, 1)}


def forward(x, Wx, Wh, v, t):
    zs, hs = {}, {-1: np.zeros((2, 3))}
    for k in range(3):
        zs[k] = x[k] @ Wx + hs[k - 1] @ Wh
        hs[k] = np.tanh(zs[k])
    q = hs[2] @ v
    y = 1 / (1 + np.exp(-q))
    loss = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    out_cache = {"shape": q.shape}
    return loss, zs, hs, out_cache, (q, y)


def backward(x, Wx, Wh, v, t, hs, out_cache, y):
    dq = (y - t) / out_cache["shape"][0]
    dv = hs[2].T @ dq
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    dh = dq @ v.T
    for k in (2, 1, 0):
        dz = dh * (1 - hs[k] ** 2)
        dWx += x[k].T @ dz
        dWh += hs[k - 1].T @ dz
        dh = dz @ Wh.T
    return dv, dWx, dWh


WRONG = {
    "the state of this step": ("hs[k - 1].T @ dz", "hs[k].T @ dz", "Wh"),
    "not transposed": ("dz @ Wh.T", "dz @ Wh", ("Wh", "Wx")),
}
