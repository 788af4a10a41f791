import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"E": n(7, 4), "W": n(4, 4), "ctx": np.array([1, 3, 3, 6]), "nxt": np.array([3, 0, 6, 2])}


def forward(E, W, ctx, nxt):
    emb = E[ctx]
    h = np.tanh(emb @ W)
    logits = h @ E.T
    mx = logits.max(axis=-1, keepdims=True)
    logZ = mx[:, 0] + np.log(np.exp(logits - mx).sum(-1))
    loss = (logZ - logits[np.arange(4), nxt]).mean()
    return {"emb": emb, "h": h, "logits": logits, "loss": loss}


def backward(E, W, ctx, nxt, emb, h, logits):
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    p[np.arange(4), nxt] -= 1
    g_logits = p / 4
    g_h = g_logits @ E
    g_E = g_logits.T @ h
    g_pre = g_h * (1 - h**2)
    g_W = emb.T @ g_pre
    g_emb = g_pre @ W.T
    for k, i in enumerate(ctx):
        g_E[i] += g_emb[k]
    return {"g_logits": g_logits, "g_h": g_h, "g_W": g_W, "g_emb": g_emb, "g_E": g_E}


WRONG = {"overwrite": ("g_E[i] += g_emb[k]", "g_E[i] = g_emb[k]", "E")}
