"""A block of two heads: heads are columns of Q, K and V, put side by side again, projected, and added to the input.

Moving axes about is its own way back: (T, H·d) → (T, H, d) → (H, T, d) there, the same in reverse back.
"""

import numpy as np

H = 2


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(3, 4)),
        "Wqkv": rng.normal(size=(4, 12)),
        "Wo": rng.normal(size=(4, 4)),
        "w": rng.normal(size=(3, 4)),
    }


def split(a):
    return a.reshape(a.shape[0], H, -1).transpose(1, 0, 2)


def merge(a):
    return a.transpose(1, 0, 2).reshape(a.shape[1], -1)


def forward(x, Wqkv, Wo, w):
    qkv = x @ Wqkv
    q, k, v = (split(part) for part in np.split(qkv, 3, axis=1))
    s = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    heads = p @ v
    joined = merge(heads)
    y = x + joined @ Wo
    loss = (y * w).sum()
    return dict(qkv=qkv, q=q, k=k, v=v, s=s, p=p, heads=heads, joined=joined, y=y, loss=loss)


def backward(x, Wqkv, Wo, w, q, k, v, p, joined):
    dy = w
    dWo = joined.T @ dy
    djoined = dy @ Wo.T
    dheads = split(djoined)
    dv = p.transpose(0, 2, 1) @ dheads
    dp = dheads @ v.transpose(0, 2, 1)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = ds @ k / np.sqrt(q.shape[-1])
    dk = ds.transpose(0, 2, 1) @ q / np.sqrt(q.shape[-1])
    dqkv = np.concatenate([merge(dq), merge(dk), merge(dv)], axis=1)
    dWqkv = x.T @ dqkv
    dx = dy + dqkv @ Wqkv.T
    return dict(y=dy, Wo=dWo, joined=djoined, heads=dheads, v=dv, p=dp, s=ds, q=dq, k=dk, qkv=dqkv, Wqkv=dWqkv, x=dx)


WRONG = {
    "heads are cut the other way": ("dheads = split(djoined)", "dheads = djoined.reshape(H, len(x), -1)", "heads"),
    "the residual is forgotten": ("dx = dy + dqkv @ Wqkv.T", "dx = dqkv @ Wqkv.T", "x"),
    "the other way to x": ("dx = dy + dqkv @ Wqkv.T", "dx = dy", "x"),
    "keys before queries": ("[merge(dq), merge(dk), merge(dv)]", "[merge(dk), merge(dq), merge(dv)]", "qkv"),
    "the scale on one side only": (
        "dk = ds.transpose(0, 2, 1) @ q / np.sqrt(q.shape[-1])",
        "dk = ds.transpose(0, 2, 1) @ q",
        "k",
    ),
    "softmax is forgotten": ("ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))", "ds = dp", "s"),
}
