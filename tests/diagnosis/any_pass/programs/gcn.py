import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    A = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]) + np.eye(4, dtype=int)
    A[0, 2] = 1
    return {
        "A": A,
        "H": rng.normal(size=(4, 3)),
        "W1": rng.normal(size=(3, 3)),
        "W2": rng.normal(size=(3, 2)),
        "y": np.array([0, 1, 1, 0]),
        "train": np.array([True, True, False, True]),
    }


def forward(A, H, W1, W2, y, train):
    Ahat = A / A.sum(axis=1, keepdims=True)
    Z1 = Ahat @ (H @ W1)
    H1 = np.where(Z1 > 0, Z1, 0.1 * Z1)
    Z2 = Ahat @ H1 @ W2
    logp = Z2 - np.logaddexp(Z2[:, 0], Z2[:, 1])[:, None]
    loss = -logp[np.arange(4), y][train].mean()
    return dict(Z1=Z1, H1=H1, Z2=Z2, logp=logp, loss=loss)


def backward(A, H, W1, W2, y, train, Z1, H1, Z2, logp):
    Ahat = A / A.sum(axis=1, keepdims=True)
    p = np.exp(logp)
    dZ2 = p.copy()
    dZ2[np.arange(4), y] -= 1
    dZ2 = dZ2 * train[:, None] / train.sum()
    dW2 = (Ahat @ H1).T @ dZ2
    dH1 = Ahat.T @ dZ2 @ W2.T
    dZ1 = dH1 * np.where(Z1 > 0, 1, 0.1)
    dHW = Ahat.T @ dZ1
    return dict(Z2=dZ2, W2=dW2, H1=dH1, Z1=dZ1, W1=H.T @ dHW, H=dHW @ W1.T)


WRONG = {
    "adjacency": ("dHW = Ahat.T @ dZ1", "dHW = dZ1", ("W1", "H")),
    "adjacency not transposed": ("dH1 = Ahat.T @ dZ2 @ W2.T", "dH1 = Ahat @ dZ2 @ W2.T", "H1"),
    "all nodes": ("dZ2 * train[:, None] / train.sum()", "dZ2 / train.sum()", "Z2"),
    "mean over all": ("/ train.sum()", "/ 4", "Z2"),
    "leak": ("np.where(Z1 > 0, 1, 0.1)", "(Z1 > 0)", "Z1"),
    "leak by the gradient's sign": ("np.where(Z1 > 0, 1, 0.1)", "np.where(dH1 > 0, 1, 0.1)", "Z1"),
    "no neighbours": ("(Ahat @ H1).T @ dZ2", "H1.T @ dZ2", "W2"),
}
