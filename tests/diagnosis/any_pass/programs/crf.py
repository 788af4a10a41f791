import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"E": rng.normal(size=(5, 3)), "A": rng.normal(size=(3, 3)), "y": np.array([0, 1, 2, 0, 1])}


def lse(x, axis):
    m = x.max(axis=axis, keepdims=True)
    return np.log(np.exp(x - m).sum(axis=axis)) + m.squeeze(axis)


def forward(E, A, y):
    T = len(E)
    alpha = np.empty_like(E)
    alpha[0] = E[0]
    for t in range(1, T):
        alpha[t] = lse(alpha[t - 1][:, None] + A, 0) + E[t]
    logZ = lse(alpha[-1], 0)
    score = E[np.arange(T), y].sum() + A[y[:-1], y[1:]].sum()
    return {"alpha": alpha, "logZ": logZ, "score": score, "loss": logZ - score}


def backward(E, A, y, alpha, logZ):
    T = len(E)
    dE, dA = np.zeros_like(E), np.zeros_like(A)
    dalpha = np.zeros_like(alpha)
    dalpha[-1] = np.exp(alpha[-1] - logZ)
    for t in range(T - 1, 0, -1):
        s = alpha[t - 1][:, None] + A
        w = np.exp(s - lse(s, 0)) * dalpha[t]
        dA += w
        dalpha[t - 1] = w.sum(axis=1)
    dE += dalpha
    dE[np.arange(T), y] -= 1
    np.subtract.at(dA, (y[:-1], y[1:]), 1)
    return {"alpha": dalpha, "E": dE, "A": dA, "logZ": 1.0, "score": -1.0}


WRONG = {
    "sum along the other axis": ("dalpha[t - 1] = w.sum(axis=1)", "dalpha[t - 1] = w.sum(axis=0)", "alpha"),
    "gold is forgotten": ("dE[np.arange(T), y] -= 1", "pass", "E"),
    "repeated transitions": ("np.subtract.at(dA, (y[:-1], y[1:]), 1)", "dA[y[:-1], y[1:]] -= 1", "A"),
    "overwritten": ("dA += w", "dA = w", "A"),
    "not weighted": ("* dalpha[t]\n", "\n", ("alpha", "A")),
}
