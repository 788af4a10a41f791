import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "inputs": [0, 2, 1, 3, 2],
        "targets": [2, 1, 3, 2, 0],
        "hprev": rng.normal(size=(4, 1)) * 0.1,
        "Wxh": rng.normal(size=(4, 4)),
        "Whh": rng.normal(size=(4, 4)),
        "Why": rng.normal(size=(4, 4)),
        "bh": rng.normal(size=(4, 1)),
        "by": rng.normal(size=(4, 1)),
    }


def forward(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((4, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    return loss, {"hs": hs, "ys": ys, "ps": ps, "xs": xs}


def backward(inputs, targets, hprev, Wxh, Whh, Why, bh, by, cache):
    hs, ps, xs = cache["hs"], cache["ps"], cache["xs"]
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    dys = {}
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dys[t] = dy.copy()
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return {"dWxh": dWxh, "dWhh": dWhh, "dWhy": dWhy, "dbh": dbh, "dby": dby, "dys": dys, "dhprev": dhnext}


WRONG = {
    "dhnext": ("dh = np.dot(Why.T, dy) + dhnext", "dh = np.dot(Why.T, dy)", ("bh", "Whh", "Wxh", "hprev")),
    "same h": ("np.dot(dhraw, hs[t - 1].T)", "np.dot(dhraw, hs[t].T)", "Whh"),
    "not transposed": ("dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.dot(Whh, dhraw)", ("bh", "Whh", "Wxh", "hprev")),
    "tanh": ("(1 - hs[t] * hs[t]) * dh", "dh", ("bh", "Whh", "Wxh", "hprev")),
    "overwritten": ("dby += dy", "dby = dy", "by"),
    "no minus one": ("dy[targets[t]] -= 1", "pass", ("ys[4]", "ys[3]")),
}
