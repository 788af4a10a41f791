"""Scaled dot-product attention with a causal mask.

S = QKᵀ/√d, P = softmax(S) along the keys, O = PV. Softmax: dS = P (dP − Σ dP P), the sum along the keys; what was
masked had P = 0 and gets 0.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(5, 4)),
        "Wq": rng.normal(size=(4, 3)),
        "Wk": rng.normal(size=(4, 3)),
        "Wv": rng.normal(size=(4, 3)),
        "t": rng.normal(size=(5, 3)),
    }


def forward(x, Wq, Wk, Wv, t):
    Q, K, V = x @ Wq, x @ Wk, x @ Wv
    S = Q @ K.T / np.sqrt(Q.shape[-1])
    masked = np.where(np.tril(np.ones(S.shape)) == 1, S, -1e9)
    e = np.exp(masked - masked.max(axis=-1, keepdims=True))
    P = e / e.sum(axis=-1, keepdims=True)
    O = P @ V  # the name that papers give it
    loss = ((O - t) ** 2).mean()
    return {"Q": Q, "K": K, "V": V, "S": S, "P": P, "O": O, "loss": loss}


def backward(x, Wq, Wk, Wv, t, Q, K, V, S, P, O):
    d = Q.shape[-1]
    dO = 2 * (O - t) / O.size
    dV = P.T @ dO
    dP = dO @ V.T
    dS = P * (dP - (dP * P).sum(axis=-1, keepdims=True))
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    dWq, dWk, dWv = x.T @ dQ, x.T @ dK, x.T @ dV
    dx = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return {"dO": dO, "dV": dV, "dP": dP, "dS": dS, "dQ": dQ, "dK": dK, "dWq": dWq, "dWk": dWk, "dWv": dWv, "dx": dx}


WRONG = {
    "softmax's diagonal only": ("P * (dP - (dP * P).sum(axis=-1, keepdims=True))", "P * dP * (1 - P)", "S"),
    "the sum along the queries": ("(dP * P).sum(axis=-1, keepdims=True)", "(dP * P).sum(axis=0, keepdims=True)", "S"),
    "the scale is forgotten": ("dQ = dS @ K / np.sqrt(d)", "dQ = dS @ K", "Q"),
    "not transposed": ("dK = dS.T @ Q", "dK = dS @ Q", "K"),
    "a way to x is forgotten": (" + dV @ Wv.T", "", "x"),
    "attention not transposed": ("dV = P.T @ dO", "dV = P @ dO", "V"),
    "the mean over the rows": ("/ O.size", "/ len(O)", "O"),
}
