import numpy as np


def data(seed=0):
    r = np.random.default_rng(seed)
    n = lambda *s: r.normal(size=s)
    return {"x": n(3, 4), "g": n(4), "Wg": n(4, 6), "Wu": n(4, 6), "Wd": n(6, 4), "dout": n(3, 4)}


def forward(x, g, Wg, Wu, Wd, dout):
    ms = (x**2).mean(-1, keepdims=True)
    r = 1 / np.sqrt(ms + 1e-6)
    xn = x * r
    y = xn * g
    gate = y @ Wg
    sig = 1 / (1 + np.exp(-gate))
    silu = gate * sig
    up = y @ Wu
    hidden = silu * up
    out = x + hidden @ Wd
    loss = (out * dout).sum()
    return dict(ms=ms, r=r, xn=xn, y=y, gate=gate, sig=sig, silu=silu, up=up, hidden=hidden, out=out, loss=loss)


def backward(x, g, Wg, Wu, Wd, dout, ms, r, xn, y, gate, sig, silu, up, hidden):
    dWd = hidden.T @ dout
    dhidden = dout @ Wd.T
    dsilu = dhidden * up
    dup = dhidden * silu
    dgate = dsilu * (sig + gate * sig * (1 - sig))
    dWg, dWu = y.T @ dgate, y.T @ dup
    dy = dgate @ Wg.T + dup @ Wu.T
    dg = (dy * xn).sum(0)
    dxn = dy * g
    dx = dout + r * (dxn - xn * (dxn * xn).mean(-1, keepdims=True))
    return dict(
        dWd=dWd, dhidden=dhidden, dsilu=dsilu, dup=dup, dgate=dgate, dWg=dWg, dWu=dWu, dy=dy, dg=dg, dxn=dxn, dx=dx
    )


WRONG = {
    "layernorm": ("(dxn - xn *", "(dxn - dxn.mean(-1, keepdims=True) - xn *", "x"),
    "silu": ("(sig + gate * sig * (1 - sig))", "sig * (1 - sig)", "gate"),
}
