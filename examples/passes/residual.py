"""Two residual blocks: x ← x + f(x). The gradient comes back twice, past the block and through it."""

import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    square = lambda: rng.normal(size=(4, 4)) * 0.5  # noqa: E731  # four of them
    return {
        "x0": rng.normal(size=(3, 4)),
        "A1": square(),
        "B1": square(),
        "A2": square(),
        "B2": square(),
        "t": rng.normal(size=(3, 4)),
    }


def forward(x0, A1, B1, A2, B2, t):
    u1 = x0 @ A1
    r1 = np.maximum(u1, 0)
    x1 = x0 + r1 @ B1
    u2 = x1 @ A2
    r2 = np.maximum(u2, 0)
    x2 = x1 + r2 @ B2
    loss = np.mean(np.sum((x2 - t) ** 2, axis=1))
    return dict(u1=u1, r1=r1, x1=x1, u2=u2, r2=r2, x2=x2, loss=loss)


def backward(x0, A1, B1, A2, B2, t, u1, r1, x1, u2, r2, x2):
    dx2 = 2 * (x2 - t) / len(t)
    dB2 = r2.T @ dx2
    dr2 = dx2 @ B2.T
    du2 = dr2 * (u2 > 0)
    dA2 = x1.T @ du2
    dx1 = dx2 + du2 @ A2.T
    dB1 = r1.T @ dx1
    dr1 = dx1 @ B1.T
    du1 = dr1 * (u1 > 0)
    dA1 = x0.T @ du1
    dx0 = dx1 + du1 @ A1.T
    return dict(x2=dx2, B2=dB2, r2=dr2, u2=du2, A2=dA2, x1=dx1, B1=dB1, r1=dr1, u1=du1, A1=dA1, x0=dx0)


WRONG = {
    "past the block is forgotten": ("dx1 = dx2 + du2 @ A2.T", "dx1 = du2 @ A2.T", "x1"),
    "through the block is forgotten": ("dx0 = dx1 + du1 @ A1.T", "dx0 = dx1", "x0"),
    "past the block twice": ("dx1 = dx2 + du2 @ A2.T", "dx1 = 2 * dx2 + du2 @ A2.T", "x1"),
    "the other block's input": ("dA2 = x1.T @ du2", "dA2 = x0.T @ du2", "A2"),
    "ReLU by the wrong sum": ("du2 = dr2 * (u2 > 0)", "du2 = dr2 * (u1 > 0)", "u2"),
    "not transposed": ("dr1 = dx1 @ B1.T", "dr1 = dx1 @ B1", "r1"),
}
