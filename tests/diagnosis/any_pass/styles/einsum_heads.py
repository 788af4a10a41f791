import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {
        "x": n(2, 4, 6),
        "Wq": n(6, 6) * 0.5,
        "Wk": n(6, 6) * 0.5,
        "Wv": n(6, 6),
        "Wo": n(6, 6),
        "dy": n(2, 4, 6),
        "n_heads": 2,
    }


def forward(x, Wq, Wk, Wv, Wo, dy, n_heads):
    B, T, C = x.shape
    hd = C // n_heads
    q = (x @ Wq).reshape(B, T, n_heads, hd)
    k = (x @ Wk).reshape(B, T, n_heads, hd)
    v = (x @ Wv).reshape(B, T, n_heads, hd)
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(hd)
    mask = np.triu(np.ones((T, T)), 1).astype(bool)
    scores = np.where(mask, -1e9, scores)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    att = e / e.sum(-1, keepdims=True)
    ctx = np.einsum("bhqk,bkhd->bqhd", att, v).reshape(B, T, C)
    y = ctx @ Wo
    loss = (y * dy).sum()
    return dict(q=q, k=k, v=v, att=att, ctx=ctx, y=y, loss=loss)


def backward(x, Wq, Wk, Wv, Wo, dy, n_heads, q, k, v, att, ctx):
    B, T, C = x.shape
    hd = C // n_heads
    dWo = np.einsum("btc,btd->cd", ctx, dy)
    dctx = dy @ Wo.T
    dc = dctx.reshape(B, T, n_heads, hd)
    datt = np.einsum("bqhd,bkhd->bhqk", dc, v)
    dv = np.einsum("bhqk,bqhd->bkhd", att, dc)
    ds = att * (datt - (datt * att).sum(-1, keepdims=True))
    ds = ds / np.sqrt(hd)
    dq = np.einsum("bhqk,bkhd->bqhd", ds, k)
    dk = np.einsum("bhqk,bqhd->bkhd", ds, q)
    dq2, dk2, dv2 = (g.reshape(B, T, C) for g in (dq, dk, dv))
    dWq, dWk, dWv = (np.einsum("btc,btd->cd", x, g) for g in (dq2, dk2, dv2))
    dx = dq2 @ Wq.T + dk2 @ Wk.T + dv2 @ Wv.T
    return dict(dWo=dWo, dctx=dctx, datt=datt, dv=dv, dq=dq, dk=dk, dWq=dWq, dWk=dWk, dWv=dWv, dx=dx)


WRONG = {
    "softmax diag": ("att * (datt - (datt * att).sum(-1, keepdims=True))", "att * (1 - att) * datt", ("k", "q")),
    "sum axis": ("(datt * att).sum(-1, keepdims=True)", "(datt * att).sum(-2, keepdims=True)", ("k", "q")),
}
