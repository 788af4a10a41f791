import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(2, 5, 3), "W": n(3, 3, 4), "b": n(4), "dout": n(2, 5, 2)}


def forward(x, W, b, dout):
    K = W.shape[0]
    xp = np.pad(x, ((0, 0), (K - 1, 0), (0, 0)))
    win = np.lib.stride_tricks.sliding_window_view(xp, K, axis=1)
    z = np.einsum("btck,kcf->btf", win, W) + b
    a, g = np.split(z, 2, axis=-1)
    s = 1 / (1 + np.exp(-g))
    out = a * s
    return {"z": z, "s": s, "out": out, "loss": (out * dout).sum()}


def backward(x, W, b, dout, z, s):
    K, C, F = W.shape
    a = z[..., : F // 2]
    dz = np.concatenate([dout * s, dout * a * s * (1 - s)], axis=-1)
    db = dz.sum(axis=(0, 1))
    xp = np.pad(x, ((0, 0), (K - 1, 0), (0, 0)))
    dW, dxp = np.zeros_like(W), np.zeros_like(xp)
    T = x.shape[1]
    for k in range(K):
        dW[k] = np.einsum("btc,btf->cf", xp[:, k : k + T], dz)
        dxp[:, k : k + T] += dz @ W[k].T
    return {"dz": dz, "db": db, "dW": dW, "dx": dxp[:, K - 1 :]}


WRONG = {"crop": ("dxp[:, K - 1 :]", "dxp[:, : -(K - 1)]", "x")}
