"""A vanilla RNN through time: hₜ = tanh(xₜWx + hₜ₋₁Wh + b), one output a step.

hₜ is used twice, by the output of its step and by hₜ₊₁, so its gradient is the sum of both: dhₜ = doₜWyᵀ + dzₜ₊₁Whᵀ. A
weight is used at every step, so its gradient is the sum over the steps.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(4, 3, 2)),
        "h0": rng.normal(size=(3, 5)),
        "Wx": rng.normal(size=(2, 5)) * 0.7,
        "Wh": rng.normal(size=(5, 5)) * 0.7,
        "b": rng.normal(size=5),
        "Wy": rng.normal(size=(5, 2)),
        "t": rng.normal(size=(4, 3, 2)),
    }


def forward(x, h0, Wx, Wh, b, Wy, t):
    T, N, _ = x.shape
    hs = np.zeros((T, N, len(b)))
    h = h0
    for k in range(T):
        h = np.tanh(x[k] @ Wx + h @ Wh + b)
        hs[k] = h
    out = hs @ Wy
    loss = ((out - t) ** 2).sum() / N
    return {"hs": hs, "out": out, "loss": loss}


def backward(x, h0, Wx, Wh, b, Wy, t, hs, out):
    T, N, _ = x.shape
    dout = 2 * (out - t) / N
    dWy = np.einsum("tnh,tny->hy", hs, dout)
    dhs = np.zeros_like(hs)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dnext = 0
    for k in reversed(range(T)):
        dhs[k] = dout[k] @ Wy.T + dnext
        dz = dhs[k] * (1 - hs[k] ** 2)
        before = hs[k - 1] if k else h0
        dWx += x[k].T @ dz
        dWh += before.T @ dz
        db += dz.sum(axis=0)
        dnext = dz @ Wh.T
    return {"dout": dout, "dWy": dWy, "dhs": dhs, "dWx": dWx, "dWh": dWh, "db": db, "dh0": dnext}


WRONG = {
    "nothing comes back from the next step": ("dhs[k] = dout[k] @ Wy.T + dnext", "dhs[k] = dout[k] @ Wy.T", "hs"),
    "the last step only": ("dWx += x[k].T @ dz", "dWx = x[k].T @ dz", "Wx"),
    "the state of the same step": ("dWh += before.T @ dz", "dWh += hs[k].T @ dz", "Wh"),
    "tanh′ is forgotten": ("dz = dhs[k] * (1 - hs[k] ** 2)", "dz = dhs[k]", ("hs", "Wx", "Wh", "b", "h0")),
    "not transposed": ("dnext = dz @ Wh.T", "dnext = dz @ Wh", ("hs", "h0")),
    "a mean over the batch": ("db += dz.sum(axis=0)", "db += dz.mean(axis=0)", "b"),
    "only the last step's error": (
        "dhs[k] = dout[k] @ Wy.T + dnext",
        "dhs[k] = (dout[k] @ Wy.T) * (k == T - 1) + dnext",
        "hs",
    ),
}
