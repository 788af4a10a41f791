import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(3, 4)),
        "G": rng.normal(size=(4, 2)),
        "W": rng.normal(size=(2, 4, 3)),
        "t": rng.normal(size=(3, 3)),
    }


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(x, G, W, t):
    s = x @ G
    p = softmax(s)
    e = np.tanh(np.einsum("nd,kdo->nko", x, W))
    y = np.sum(p[:, :, None] * e, axis=1)
    d = y - t
    huber = np.where(np.abs(d) < 1, 0.5 * d**2, np.abs(d) - 0.5)
    entropy = -(p * np.log(p)).sum()
    loss = huber.sum() - 0.01 * entropy
    return {"s": s, "p": p, "e": e, "y": y, "loss": loss}


def backward(x, G, W, t, s, p, e, y):
    dy = np.clip(y - t, -1, 1)
    dp = (dy[:, None, :] * e).sum(axis=2) + 0.01 * (np.log(p) + 1)
    de = p[:, :, None] * dy[:, None, :]
    dz = de * (1 - e**2)
    dW = np.einsum("nd,nko->kdo", x, dz)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dG = x.T @ ds
    dx = ds @ G.T + np.einsum("nko,kdo->nd", dz, W)
    return {"y": dy, "p": dp, "e": de, "W": dW, "s": ds, "G": dG, "x": dx}


WRONG = {
    "huber": ("np.clip(y - t, -1, 1)", "y - t", "y"),
    "entropy": (" + 0.01 * (np.log(p) + 1)", "", "p"),
    "entropy without + 1": ("(np.log(p) + 1)", "np.log(p)", "p"),
    "gate": ("de = p[:, :, None] * dy[:, None, :]", "de = np.ones_like(e) * dy[:, None, :]", "e"),
    "tanh": ("dz = de * (1 - e**2)", "dz = de * (1 - e)", ("W", "x")),
    "gate's way": ("dx = ds @ G.T + ", "dx = ", "x"),
    "experts' way": (' + np.einsum("nko,kdo->nd", dz, W)', "", "x"),
    "diagonal": ("p * (dp - (dp * p).sum(axis=-1, keepdims=True))", "dp * p * (1 - p)", "s"),
}
