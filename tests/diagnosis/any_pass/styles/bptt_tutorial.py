import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    return {
        "x": r.normal(size=(5, 2)),
        "y": np.array([0, 2, 1, 1, 0]),
        "U": r.normal(size=(4, 2)),
        "V": r.normal(size=(3, 4)),
        "W": r.normal(size=(4, 4)) * 0.5,
        "b": np.zeros(4) + 0.1,
        "c": r.normal(size=3),
    }


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


def forward(x, y, U, V, W, b, c):
    T = len(x)
    s = np.zeros((T + 1, 4))
    o = np.zeros((T, 3))
    L = 0
    for t in np.arange(T):
        s[t] = np.tanh(U.dot(x[t]) + W.dot(s[t - 1]) + b)
        o[t] = softmax(V.dot(s[t]) + c)
        L -= np.log(o[t][y[t]])
    return {"L": L, "s": s, "o": o}


def backward(x, y, U, V, W, b, c, s, o):
    T = len(x)
    dLdU = np.zeros(U.shape)
    dLdV = np.zeros(V.shape)
    dLdW = np.zeros(W.shape)
    dLdb = np.zeros(4)
    delta_o = o.copy()
    delta_o[np.arange(T), y] -= 1.0
    dLdc = delta_o.sum(0)
    for t in np.arange(T)[::-1]:
        dLdV += np.outer(delta_o[t], s[t].T)
        delta_t = V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
        for step in np.arange(0, t + 1)[::-1]:
            dLdW += np.outer(delta_t, s[step - 1])
            dLdU += np.outer(delta_t, x[step])
            dLdb += delta_t
            delta_t = W.T.dot(delta_t) * (1 - s[step - 1] ** 2)
    return {"dLdU": dLdU, "dLdV": dLdV, "dLdW": dLdW, "dLdb": dLdb, "dLdc": dLdc}


WRONG = {
    "this state": ("dLdW += np.outer(delta_t, s[step - 1])", "dLdW += np.outer(delta_t, s[step])", "W"),
    "truncated at three": ("np.arange(0, t + 1)[::-1]", "np.arange(max(0, t - 2), t + 1)[::-1]", ("U", "W", "b")),
}
