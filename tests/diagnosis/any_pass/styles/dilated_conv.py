import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    return {"x": r.normal(size=(2, 2, 11)), "w": r.normal(size=(3, 2, 3)), "b": r.normal(size=3), "dil": 2, "stride": 2}


def forward(x, w, b, dil, stride):
    B, C, L = x.shape
    F, _, K = w.shape
    Lo = (L - dil * (K - 1) - 1) // stride + 1
    out = np.zeros((B, F, Lo))
    for n in range(B):
        for f in range(F):
            for i in range(Lo):
                seg = x[n, :, i * stride : i * stride + dil * (K - 1) + 1 : dil]
                out[n, f, i] = np.sum(seg * w[f]) + b[f]
    act = np.where(out > 0, out, 0.1 * out)
    return np.mean(act**2), dict(out=out, act=act)


def backward(x, w, b, dil, stride, out, act):
    B, C, L = x.shape
    F, _, K = w.shape
    dact = 2 * act / act.size
    dout = dact * np.where(out > 0, 1, 0.1)
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n in range(B):
        for f in range(F):
            for i in range(out.shape[2]):
                sl = slice(i * stride, i * stride + dil * (K - 1) + 1, dil)
                dx[n, :, sl] += w[f] * dout[n, f, i]
                dw[f] += x[n, :, sl] * dout[n, f, i]
                db[f] += dout[n, f, i]
    return dict(dact=dact, dout=dout, dx=dx, dw=dw, db=db)


WRONG = {
    "= for +=": ("dx[n, :, sl] += w[f]", "dx[n, :, sl] = w[f]", "x"),
    "no dilation": ("dw[f] += x[n, :, sl] *", "dw[f] += x[n, :, i * stride : i * stride + K] *", "w"),
    "stride forgotten": (
        "sl = slice(i * stride, i * stride + dil * (K - 1) + 1, dil)",
        "sl = slice(i, i + dil * (K - 1) + 1, dil)",
        ("x", "w"),
    ),
}
