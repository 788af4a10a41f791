import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    layers = [
        {"Wh": rng.normal(size=(3, 3)), "Wt": rng.normal(size=(3, 3)), "bt": rng.normal(size=3)} for _ in range(2)
    ]
    return {"x": rng.normal(size=(4, 3)), "layers": layers, "v": rng.normal(size=3), "t": rng.normal(size=4)}


def forward(x, layers, v, t):
    xs, hs, ts = [x], [], []
    for p in layers:
        h = np.maximum(xs[-1] @ p["Wh"], 0)
        g = 1 / (1 + np.exp(-(xs[-1] @ p["Wt"] + p["bt"])))
        xs.append(h * g + xs[-1] * (1 - g))
        hs.append(h)
        ts.append(g)
    out = xs[-1] @ v
    loss = np.mean((out - t) ** 2) + 1e-3 * np.abs(v).sum()
    return {"xs": xs, "hs": hs, "ts": ts, "out": out, "loss": loss}


def backward(x, layers, v, t, xs, hs, ts, out):
    dout = 2 * (out - t) / len(t)
    dv = xs[-1].T @ dout + 1e-3 * np.sign(v)
    dx = np.outer(dout, v)
    grads = [None] * len(layers)
    for k in reversed(range(len(layers))):
        p, h, g = layers[k], hs[k], ts[k]
        dh = dx * g * (h > 0)
        dg = dx * (h - xs[k]) * g * (1 - g)
        grads[k] = {"Wh": xs[k].T @ dh, "Wt": xs[k].T @ dg, "bt": dg.sum(axis=0)}
        dx = dx * (1 - g) + dh @ p["Wh"].T + dg @ p["Wt"].T
    return {"layers": grads, "v": dv, "x": dx, "out": dout}


WRONG = {
    "carry": ("dx = dx * (1 - g) + dh", "dx = dh", ("layers[0].bt", "layers[0].Wt", "layers[0].Wh")),
    "gate's difference": ("dx * (h - xs[k]) * g", "dx * h * g", ("layers[1].bt", "layers[1].Wt")),
    "gate's slope": ("* g * (1 - g)\n", "* (1 - g)\n", ("layers[1].bt", "layers[1].Wt")),
    "relu": ("dh = dx * g * (h > 0)", "dh = dx * g", "layers[1].Wh"),
    "penalty": (" + 1e-3 * np.sign(v)", "", "v"),
    "penalty squared": ("1e-3 * np.sign(v)", "1e-3 * v", "v"),
}
