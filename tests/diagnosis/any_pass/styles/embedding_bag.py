import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"E": n(6, 3), "ids": np.array([[0, 2, 2], [5, 1, 0], [3, 3, 3]]), "W": n(3, 2), "y": np.array([1, 0, 1])}


def forward(E, ids, W, y):
    vecs = E[ids]
    bag = vecs.mean(axis=1)
    out = bag @ W
    e = np.exp(out - out.max(axis=1, keepdims=True))
    prob = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(prob[np.arange(3), y]).sum()
    return {"vecs": vecs, "bag": bag, "out": out, "prob": prob, "loss": loss}


def backward(E, ids, W, y, vecs, bag, out, prob):
    d_out = prob.copy()
    d_out[range(3), y] -= 1
    d_W = bag.T.dot(d_out)
    d_bag = d_out.dot(W.T)
    d_vecs = np.repeat(d_bag[:, None, :], ids.shape[1], axis=1) / ids.shape[1]
    d_E = np.zeros_like(E)
    np.add.at(d_E, ids, d_vecs)
    return {"d_out": d_out, "d_W": d_W, "d_bag": d_bag, "d_vecs": d_vecs, "d_E": d_E}


WRONG = {
    "minus": ("d_out[range(3), y] -= 1", "d_out[range(3), y] = -1", "out"),
    "batch": ("d_out = prob.copy()", "d_out = prob.copy() / 3", "out"),
}
