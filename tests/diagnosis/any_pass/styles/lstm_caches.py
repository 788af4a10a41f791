import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    return {
        "x": r.normal(size=(2, 3, 3)),
        "h0": r.normal(size=(2, 4)),
        "Wx": r.normal(size=(3, 16)) * 0.5,
        "Wh": r.normal(size=(4, 16)) * 0.5,
        "b": r.normal(size=16),
        "dh": r.normal(size=(2, 3, 4)),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(x, h0, Wx, Wh, b, dh):
    N, T, D = x.shape
    H = h0.shape[1]
    h, c = h0, np.zeros((N, H))
    hs, caches = [], []
    for t in range(T):
        a = x[:, t] @ Wx + h @ Wh + b
        ai, af, ao, ag = np.split(a, 4, axis=1)
        i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
        caches.append((i, f, o, g, c, h))
        c = f * c + i * g
        h = o * np.tanh(c)
        caches[-1] += (c,)
        hs.append(h)
    h = np.stack(hs, axis=1)
    return (h * dh).sum(), {"caches": caches, "h": h}


def backward(x, h0, Wx, Wh, b, dh, caches):
    N, T, D = x.shape
    H = h0.shape[1]
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros_like(b)
    dh_next = np.zeros((N, H))
    dc_next = np.zeros((N, H))
    for t in range(T)[::-1]:
        i, f, o, g, prev_c, prev_h, c = caches[t]
        dht = dh[:, t] + dh_next
        tc = np.tanh(c)
        do = dht * tc
        dc = dc_next + dht * o * (1 - tc**2)
        di, df, dg = dc * g, dc * prev_c, dc * i
        dc_next = dc * f
        da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
        dx[:, t] = da @ Wx.T
        dh_next = da @ Wh.T
        dWx += x[:, t].T @ da
        dWh += prev_h.T @ da
        db += da.sum(0)
    return {"dx": dx, "dh0": dh_next, "dWx": dWx, "dWh": dWh, "db": db}


WRONG = {
    "no cell carry": ("dc = dc_next + dht * o", "dc = dht * o", ("b", "Wh", "Wx", "x", "h0")),
    "gates in another order": (
        "di * i * (1 - i), df * f * (1 - f)",
        "df * f * (1 - f), di * i * (1 - i)",
        ("b", "Wh", "Wx", "x", "h0"),
    ),
    "dg": ("dg * (1 - g**2)", "dg * g * (1 - g)", ("b", "Wh", "Wx", "x", "h0")),
}
