"""A GRU: update gate u, reset gate r, candidate n = tanh(x Wn + (r h) Un), h ← (1 − u) n + u h.

The old state is used four times: in u, in r, in the candidate (times r), and as it is (times u).
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    square, wide = (lambda: rng.normal(size=(3, 3))), (lambda: rng.normal(size=(2, 3)))
    return {
        "x": rng.normal(size=(4, 2)),
        "h0": rng.normal(size=3),
        "Wu": wide(),
        "Wr": wide(),
        "Wn": wide(),
        "Uu": square(),
        "Ur": square(),
        "Un": square(),
        "t": rng.normal(size=3),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(x, h0, Wu, Wr, Wn, Uu, Ur, Un, t):
    hs, us, rs, ns = [h0], [], [], []
    for xt in x:
        h = hs[-1]
        u = sigmoid(xt @ Wu + h @ Uu)
        r = sigmoid(xt @ Wr + h @ Ur)
        n = np.tanh(xt @ Wn + (r * h) @ Un)
        hs.append((1 - u) * n + u * h)
        us.append(u)
        rs.append(r)
        ns.append(n)
    last = hs[-1]
    loss = ((last - t) ** 2).sum()
    return {"us": us, "rs": rs, "ns": ns, "hs": hs, "last": last, "loss": loss}


def backward(x, h0, Wu, Wr, Wn, Uu, Ur, Un, t, us, rs, ns, hs):
    grads = {name: np.zeros_like(W) for name, W in dict(Wu=Wu, Wr=Wr, Wn=Wn, Uu=Uu, Ur=Ur, Un=Un).items()}
    dh = 2 * (hs[-1] - t)
    dlast = dh
    dus, drs, dns = [None] * len(x), [None] * len(x), [None] * len(x)
    for k in reversed(range(len(x))):
        u, r, n, h = us[k], rs[k], ns[k], hs[k]
        du, dn = dh * (h - n), dh * (1 - u)
        dan = dn * (1 - n**2)
        drh = Un @ dan
        dr = drh * h
        dau, dar = du * u * (1 - u), dr * r * (1 - r)
        grads["Wn"] += np.outer(x[k], dan)
        grads["Un"] += np.outer(r * h, dan)
        grads["Wu"] += np.outer(x[k], dau)
        grads["Uu"] += np.outer(h, dau)
        grads["Wr"] += np.outer(x[k], dar)
        grads["Ur"] += np.outer(h, dar)
        dus[k], drs[k], dns[k] = du, dr, dn
        dh = dh * u + drh * r + Uu @ dau + Ur @ dar
    return {**grads, "dus": dus, "drs": drs, "dns": dns, "dlast": dlast, "dh0": dh}


WRONG = {
    "the state as it is": ("dh = dh * u + drh * r", "dh = drh * r", ("us[2]", "ns[2]")),
    "the way through the reset gate": (" + Ur @ dar", "", ("us[2]", "ns[2]")),
    "no reset on the way back": ("drh * r + Uu", "drh + Uu", ("us[2]", "ns[2]")),
    "the sign of the update gate": ("dh * (h - n)", "dh * (n - h)", "us[3]"),
    "not transposed": ("drh = Un @ dan", "drh = dan @ Un", "rs[3]"),
    "the state without its reset": ("np.outer(r * h, dan)", "np.outer(h, dan)", "Un"),
    "candidate's slope at its input": ("dan = dn * (1 - n**2)", "dan = dn", ("rs[3]", "Wn", "Un")),
}
