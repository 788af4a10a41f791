"""Max pooling over 2 × 2 blocks: the largest gets the gradient of its block, the others nothing.

At a tie there is no derivative; the first, or each its share, are both right answers. Here the first gets it.
"""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(2, 3, 4, 4)), "W": rng.normal(size=(12, 3)), "t": rng.normal(size=(2, 3))}


def forward(x, W, t):
    N, C, size, _ = x.shape
    r = np.maximum(x, 0)
    blocks = (
        r.reshape(N, C, size // 2, 2, size // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(N, C, size // 2, size // 2, 4)
    )
    pooled = blocks.max(axis=-1)
    flat = pooled.reshape(N, -1)
    out = flat @ W
    loss = ((out - t) ** 2).mean()
    return {"r": r, "blocks": blocks, "pooled": pooled, "flat": flat, "out": out, "loss": loss}


def backward(x, W, t, r, blocks, pooled, flat, out):
    N, C, size, _ = x.shape
    dout = 2 * (out - t) / out.size
    dW = flat.T @ dout
    dflat = dout @ W.T
    dpooled = dflat.reshape(pooled.shape)
    dblocks = np.zeros_like(blocks)
    np.put_along_axis(dblocks, blocks.argmax(axis=-1)[..., None], dpooled[..., None], axis=-1)
    dr = dblocks.reshape(N, C, size // 2, size // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(r.shape)
    dx = dr * (x > 0)
    return {"dout": dout, "dW": dW, "dflat": dflat, "dpooled": dpooled, "dblocks": dblocks, "dr": dr, "dx": dx}


WRONG = {
    "everybody gets it": (
        "np.put_along_axis(dblocks, blocks.argmax(axis=-1)[..., None], dpooled[..., None], axis=-1)",
        "dblocks += dpooled[..., None]",
        "blocks",
    ),
    "the smallest gets it": ("blocks.argmax(axis=-1)[..., None]", "blocks.argmin(axis=-1)[..., None]", "blocks"),
    "a mean, as in average pooling": (
        "np.put_along_axis(dblocks, blocks.argmax(axis=-1)[..., None], dpooled[..., None], axis=-1)",
        "dblocks += dpooled[..., None] / 4",
        "blocks",
    ),
    "blocks put back in the wrong order": (".transpose(0, 1, 2, 4, 3, 5).reshape(r.shape)", ".reshape(r.shape)", "r"),
    "ReLU is forgotten": ("dx = dr * (x > 0)", "dx = dr", "x"),
}
