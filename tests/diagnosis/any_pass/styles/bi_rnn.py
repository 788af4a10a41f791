import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(4, 3), "Wf": n(3, 4), "Uf": n(4, 4), "Wb": n(3, 4), "Ub": n(4, 4), "V": n(8, 2), "y": n(4, 2)}


def forward(x, Wf, Uf, Wb, Ub, V, y):
    T = len(x)
    hf, hb = np.zeros((T, 4)), np.zeros((T, 4))
    prev = np.zeros(4)
    for t in range(T):
        hf[t] = np.tanh(x[t] @ Wf + prev @ Uf)
        prev = hf[t]
    prev = np.zeros(4)
    for t in range(T - 1, -1, -1):
        hb[t] = np.tanh(x[t] @ Wb + prev @ Ub)
        prev = hb[t]
    h = np.concatenate([hf, hb], axis=1)
    out = h @ V
    L = ((out - y) ** 2).sum() / T
    return {"hf": hf, "hb": hb, "h": h, "out": out, "L": L}


def backward(x, Wf, Uf, Wb, Ub, V, y, hf, hb, h, out):
    T = len(x)
    dout = 2 * (out - y) / T
    dV = h.T @ dout
    dh = dout @ V.T
    dWf, dUf, dWb, dUb = (np.zeros_like(w) for w in (Wf, Uf, Wb, Ub))
    dx = np.zeros_like(x)
    nxt = np.zeros(4)
    for t in range(T - 1, -1, -1):
        da = (dh[t, :4] + nxt) * (1 - hf[t] ** 2)
        dWf += np.outer(x[t], da)
        if t > 0:
            dUf += np.outer(hf[t - 1], da)
        dx[t] += Wf @ da
        nxt = Uf @ da
    nxt = np.zeros(4)
    for t in range(T):
        da = (dh[t, 4:] + nxt) * (1 - hb[t] ** 2)
        dWb += np.outer(x[t], da)
        if t < T - 1:
            dUb += np.outer(hb[t + 1], da)
        dx[t] += Wb @ da
        nxt = Ub @ da
    return dict(dout=dout, dV=dV, dh=dh, dWf=dWf, dUf=dUf, dWb=dWb, dUb=dUb, dx=dx)


WRONG = {
    "carry": ("nxt = Ub @ da", "nxt = 0", ("Ub", "Wb", "x")),
    "assign x": ("dx[t] += Wb @ da", "dx[t] = Wb @ da", "x"),
}
