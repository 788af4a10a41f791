"""An LSTM through four steps. Gates i, f, o and candidate g are four blocks of one product.

c = f c₋₁ + i g and h = o tanh(c): c is used by h and by the next c, so dc = dh o (1 − tanh²c) + dc₊₁ f₊₁.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(4, 2, 3)),
        "W": rng.normal(size=(3, 16)) * 0.5,
        "U": rng.normal(size=(4, 16)) * 0.5,
        "b": rng.normal(size=16) * 0.5,
        "v": rng.normal(size=4),
        "t": rng.normal(size=(4, 2)),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(x, W, U, b, v, t):
    T, N, H = x.shape[0], x.shape[1], len(v)
    h, c = np.zeros((N, H)), np.zeros((N, H))
    zs, hs, cs = [], [], []
    for k in range(T):
        z = x[k] @ W + h @ U + b
        i, f, o = (sigmoid(z[:, n * H : (n + 1) * H]) for n in range(3))
        g = np.tanh(z[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        zs.append(z)
        hs.append(h)
        cs.append(c)
    zs, hs, cs = np.stack(zs), np.stack(hs), np.stack(cs)
    out = hs @ v
    loss = 0.5 * ((out - t) ** 2).sum()
    return {"zs": zs, "hs": hs, "cs": cs, "out": out, "loss": loss}


def backward(x, W, U, b, v, t, zs, hs, cs, out):
    T, N, H = x.shape[0], x.shape[1], len(v)
    dout = out - t
    dv = np.einsum("tn,tnh->h", dout, hs)
    dzs = np.zeros_like(zs)
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
    for k in reversed(range(T)):
        i, f, o = (sigmoid(zs[k][:, n * H : (n + 1) * H]) for n in range(3))
        g = np.tanh(zs[k][:, 3 * H :])
        tc = np.tanh(cs[k])
        h_before = hs[k - 1] if k else np.zeros((N, H))
        c_before = cs[k - 1] if k else np.zeros((N, H))
        dh = np.outer(dout[k], v) + dh_next
        dc = dh * o * (1 - tc**2) + dc_next
        di = dc * g * i * (1 - i)
        df = dc * c_before * f * (1 - f)
        do = dh * tc * o * (1 - o)
        dg = dc * i * (1 - g**2)
        dz = np.concatenate([di, df, do, dg], axis=1)
        dzs[k] = dz
        dW += x[k].T @ dz
        dU += h_before.T @ dz
        db += dz.sum(axis=0)
        dh_next = dz @ U.T
        dc_next = dc * f
    return {"out": dout, "v": dv, "zs": dzs, "W": dW, "U": dU, "b": db}


WRONG = {
    "the cell's own way back is forgotten": ("dc = dh * o * (1 - tc**2) + dc_next", "dc = dh * o * (1 - tc**2)", "zs"),
    "the state's way back is forgotten": ("dh = np.outer(dout[k], v) + dh_next", "dh = np.outer(dout[k], v)", "zs"),
    "the cell of this step in the forget gate": ("df = dc * c_before", "df = dc * cs[k]", "zs"),
    "no tanh in the output gate": ("do = dh * tc * o", "do = dh * cs[k] * o", "zs"),
    "input gate's slope is forgotten": ("di = dc * g * i * (1 - i)", "di = dc * g", "zs"),
    "the candidate's slope of a sigmoid": ("dg = dc * i * (1 - g**2)", "dg = dc * i * g * (1 - g)", "zs"),
    "no forget gate on the way back": ("dc_next = dc * f", "dc_next = dc", "zs"),
    "overwritten at each step": ("dU += h_before.T @ dz", "dU = h_before.T @ dz", "U"),
}
