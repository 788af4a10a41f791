"""Embeddings and softmax cross-entropy, as in a character model: contexts of three, one row of C for each character.

A row that was looked up k times gets k contributions: `np.add.at` adds them, `dC[ix] += …` keeps one of them only.
Cross-entropy with a mean over N: dlogits = (p − one-hot)/N.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "ix": rng.integers(0, 5, (6, 3)),
        "y": rng.integers(0, 5, 6),
        "C": rng.normal(size=(5, 2)),
        "W1": rng.normal(size=(6, 4)),
        "b1": rng.normal(size=4),
        "W2": rng.normal(size=(4, 5)),
        "b2": rng.normal(size=5),
    }


def forward(ix, y, C, W1, b1, W2, b2):
    emb = C[ix]
    embcat = emb.reshape(len(ix), -1)
    h = np.tanh(embcat @ W1 + b1)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdims=True)
    norm_logits = logits - logit_maxes
    counts = np.exp(norm_logits)
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = np.log(probs)
    loss = -logprobs[range(len(y)), y].mean()
    return locals()


def backward(ix, y, C, W1, W2, embcat, h, logits, counts, counts_sum, counts_sum_inv, probs):
    N = len(y)
    dlogprobs = np.zeros(probs.shape)
    dlogprobs[range(N), y] = -1.0 / N
    dprobs = dlogprobs / probs
    dcounts_sum_inv = (dprobs * counts).sum(1, keepdims=True)
    dcounts_sum = -dcounts_sum_inv * counts_sum**-2
    dcounts = dprobs * counts_sum_inv + dcounts_sum
    dnorm_logits = dcounts * counts
    dlogit_maxes = -dnorm_logits.sum(1, keepdims=True)
    dlogits = dnorm_logits.copy()
    dlogits[range(N), logits.argmax(1)] += dlogit_maxes[:, 0]
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dpre = dh * (1 - h**2)
    dembcat = dpre @ W1.T
    dW1 = embcat.T @ dpre
    db1 = dpre.sum(0)
    demb = dembcat.reshape(len(ix), 3, -1)
    dC = np.zeros_like(C)
    np.add.at(dC, ix, demb)
    return {
        "logprobs": dlogprobs,
        "probs": dprobs,
        "counts_sum_inv": dcounts_sum_inv,
        "counts_sum": dcounts_sum,
        "counts": dcounts,
        "norm_logits": dnorm_logits,
        "logit_maxes": dlogit_maxes,
        "logits": dlogits,
        "h": dh,
        "W2": dW2,
        "b2": db2,
        "embcat": dembcat,
        "W1": dW1,
        "b1": db1,
        "emb": demb,
        "C": dC,
    }


WRONG = {
    "rows that come twice are overwritten": ("np.add.at(dC, ix, demb)", "dC[ix] = demb", "C"),
    "+= with repeated rows": ("np.add.at(dC, ix, demb)", "dC[ix] += demb", "C"),
    "softmax's sum is taken for a constant": (
        "dprobs * counts_sum_inv + dcounts_sum",
        "dprobs * counts_sum_inv",
        "counts",
    ),
    "the power of the inverse": ("counts_sum**-2", "counts_sum**-1", "counts_sum"),
    "no mean": ("= -1.0 / N", "= -1.0", "logprobs"),
    "log's derivative turned round": ("dprobs = dlogprobs / probs", "dprobs = dlogprobs * probs", "probs"),
    "tanh′ is forgotten": ("dpre = dh * (1 - h**2)", "dpre = dh", ("embcat", "W1", "b1")),
    "reshaped in the wrong order": (
        "demb = dembcat.reshape(len(ix), 3, -1)",
        "demb = dembcat.reshape(len(ix), -1, 3).swapaxes(1, 2)",
        "emb",
    ),
    "not summed over the row": (
        "dcounts_sum_inv = (dprobs * counts).sum(1, keepdims=True)",
        "dcounts_sum_inv = (dprobs * counts).mean(1, keepdims=True)",
        "counts_sum_inv",
    ),
}
