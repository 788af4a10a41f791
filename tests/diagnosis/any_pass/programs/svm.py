import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "params": {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)},
        "X": rng.normal(size=(6, 4)),
        "y": rng.integers(0, 3, 6),
        "reg": 0.1,
    }


def forward(params, X, y, reg):
    scores = X.dot(params["W"]) + params["b"]
    correct = scores[np.arange(len(y)), y]
    margins = np.maximum(0, scores - correct[:, np.newaxis] + 1)
    margins[np.arange(len(y)), y] = 0
    loss = np.sum(margins) / len(y)
    loss += reg * np.sum(params["W"] * params["W"])
    cache = {"scores": scores, "margins": margins}
    return loss, cache


def backward(params, X, y, reg, cache):
    N = len(y)
    dscores = (cache["margins"] > 0).astype(float)
    dscores[np.arange(N), y] -= dscores.sum(axis=1)
    dscores /= N
    grads = {"scores": dscores}
    grads["W"] = X.T.dot(dscores) + 2 * reg * params["W"]
    grads["b"] = np.sum(dscores, axis=0)
    return grads


WRONG = {
    "own score": ("dscores[np.arange(N), y] -= dscores.sum(axis=1)", "pass", "scores"),
    "own score once": ("-= dscores.sum(axis=1)", "-= 1", "scores"),
    "reg": ("2 * reg", "reg", "W"),
    "mean": ("dscores /= N", "pass", "scores"),
    "bias": ("np.sum(dscores, axis=0)", "np.mean(dscores, axis=0)", "b"),
}
