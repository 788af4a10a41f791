import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"X": n(3, 2, 3), "h0": n(2, 4), "Wz": n(7, 4), "Wr": n(7, 4), "Wh": n(7, 4), "D": n(3, 2, 4)}


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def forward(X, h0, Wz, Wr, Wh, D):
    h = h0
    hs, zs, rs, hts = [h0], [], [], []
    loss = 0
    for t in range(len(X)):
        c = np.hstack([h, X[t]])
        z, r = sigmoid(c @ Wz), sigmoid(c @ Wr)
        ht = np.tanh(np.hstack([r * h, X[t]]) @ Wh)
        h = (1 - z) * h + z * ht
        hs.append(h)
        zs.append(z)
        rs.append(r)
        hts.append(ht)
        loss = loss + (h * D[t]).sum()
    return {"loss": loss, "hs": hs, "zs": zs, "rs": rs, "hts": hts}


def backward(X, h0, Wz, Wr, Wh, D, hs, zs, rs, hts):
    dWz, dWr, dWh = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wh)
    dX = np.zeros_like(X)
    dh = np.zeros_like(h0)
    H = h0.shape[1]
    for t in reversed(range(len(X))):
        h, z, r, ht = hs[t], zs[t], rs[t], hts[t]
        dh = dh + D[t]
        dht = dh * z
        dz = dh * (ht - h)
        dhp = dh * (1 - z)
        da = dht * (1 - ht**2)
        dWh += np.hstack([r * h, X[t]]).T @ da
        dc = da @ Wh.T
        dr = dc[:, :H] * h
        dhp = dhp + dc[:, :H] * r
        dX[t] = dc[:, H:]
        daz, dar = dz * z * (1 - z), dr * r * (1 - r)
        c = np.hstack([h, X[t]])
        dWz += c.T @ daz
        dWr += c.T @ dar
        dc = daz @ Wz.T + dar @ Wr.T
        dhp = dhp + dc[:, :H]
        dX[t] += dc[:, H:]
        dh = dhp
    return {"dWz": dWz, "dWr": dWr, "dWh": dWh, "dX": dX, "dh0": dh}


F = ("Wz", "Wr", "Wh", "X", "h0")

WRONG = {
    "D": ("dh = dh + D[t]", "dh = D[t]", ("Wz", "Wr", "Wh", "X", "h0")),
    "dr": ("dr = dc[:, :H] * h", "dr = dc[:, :H] * r", ("Wz", "Wr", "Wh", "X", "h0")),
}
