import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(3, 1), "W": n(1, 3), "y": np.array([[0.3]])}


def forward(x, W, y):
    yhat = W.dot(x)
    loss = (yhat - y) ** 2
    return {"yhat": yhat, "loss": loss}


def backward(x, W, y, yhat):
    dyhat = 2 * (yhat - y)
    return {"dyhat": dyhat, "dW": dyhat.dot(x.T), "dx": W.T.dot(dyhat)}


WRONG = {"W": ("dyhat.dot(x.T)", "x.dot(dyhat)", "W")}
