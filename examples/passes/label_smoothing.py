"""Cross-entropy with label smoothing and L2: q = (1 − ε) one-hot + ε/K, loss = −mean Σ q log p + λ/2 ‖W‖².

dlogits = (p − q)/N, as ever with q in the place of the one-hot; the weights' own term adds λW to their gradient.
"""

import numpy as np

LAMBDA, SMOOTH = 0.1, 0.2


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "X": rng.normal(size=(6, 4)),
        "y": rng.integers(0, 3, 6),
        "W": rng.normal(size=(4, 3)),
        "b": rng.normal(size=3),
    }


def forward(X, y, W, b):
    logits = X @ W + b
    m = logits.max(axis=1, keepdims=True)
    logp = logits - m - np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    q = (1 - SMOOTH) * np.eye(3)[y] + SMOOTH / 3
    data_loss = -(q * logp).sum(axis=1).mean()
    reg_loss = 0.5 * LAMBDA * (W**2).sum()
    loss = data_loss + reg_loss
    return {"logits": logits, "logp": logp, "loss": loss}


def backward(X, y, W, b, logits, logp):
    q = (1 - SMOOTH) * np.eye(3)[y] + SMOOTH / 3
    p = np.exp(logp)
    dlogp = -q / len(y)
    dlogits = (p - q) / len(y)
    dW = X.T @ dlogits + LAMBDA * W
    db = dlogits.sum(axis=0)
    dX = dlogits @ W.T
    return {"dlogp": dlogp, "dlogits": dlogits, "dW": dW, "db": db, "dX": dX}


WRONG = {
    "the weights' own term is forgotten": (" + LAMBDA * W", "", "W"),
    "2λ, as without the half": ("LAMBDA * W", "2 * LAMBDA * W", "W"),
    "the term is averaged": ("LAMBDA * W", "LAMBDA * W / len(y)", "W"),
    "targets not smoothed": ("dlogits = (p - q) / len(y)", "dlogits = (p - np.eye(3)[y]) / len(y)", "logits"),
    "no mean": ("dlogits = (p - q) / len(y)", "dlogits = p - q", "logits"),
    "softmax's sum is taken for a constant": ("dlogits = (p - q) / len(y)", "dlogits = -q / len(y)", "logits"),
}
