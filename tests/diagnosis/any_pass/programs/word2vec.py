import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "centre": np.array([0, 2, 1, 2]),
        "outside": np.array([1, 3, 0, 4]),
        "negative": rng.integers(0, 5, (4, 3)),
        "V": rng.normal(size=(5, 3)),
        "U": rng.normal(size=(5, 3)),
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(centre, outside, negative, V, U):
    loss = 0.0
    for c, o, ns in zip(centre, outside, negative):
        v = V[c]
        loss -= np.log(sigmoid(U[o] @ v))
        for n in ns:
            loss -= np.log(sigmoid(-(U[n] @ v)))
    return loss / len(centre)


def backward(centre, outside, negative, V, U):
    dV, dU = np.zeros_like(V), np.zeros_like(U)
    for c, o, ns in zip(centre, outside, negative):
        v = V[c]
        g = sigmoid(U[o] @ v) - 1
        dV[c] += g * U[o]
        dU[o] += g * v
        for n in ns:
            g = sigmoid(U[n] @ v)
            dV[c] += g * U[n]
            dU[n] += g * v
    return dV / len(centre), dU / len(centre)


WRONG = {
    "overwritten rows": ("dU[n] += g * v", "dU[n] = g * v", "U"),
    "negatives do not reach the centre": ("dV[c] += g * U[n]", "pass", "V"),
    "sign of the positive": ("g = sigmoid(U[o] @ v) - 1", "g = 1 - sigmoid(U[o] @ v)", ("U", "V")),
    "no mean": ("return dV / len(centre), dU / len(centre)", "return dV, dU / len(centre)", "V"),
}
