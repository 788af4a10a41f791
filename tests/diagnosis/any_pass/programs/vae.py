import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.random((4, 5)),
        "eps": rng.normal(size=(4, 2)),
        "Wm": rng.normal(size=(5, 2)),
        "Ws": rng.normal(size=(5, 2)) * 0.3,
        "Wd": rng.normal(size=(2, 5)),
    }


def forward(x, eps, Wm, Ws, Wd):
    mu, logvar = x @ Wm, x @ Ws
    sd = np.exp(0.5 * logvar)
    z = mu + sd * eps
    xhat = 1 / (1 + np.exp(-(z @ Wd)))
    rec = -np.sum(x * np.log(xhat) + (1 - x) * np.log(1 - xhat))
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    loss = rec + kl
    return {"mu": mu, "logvar": logvar, "sd": sd, "z": z, "xhat": xhat, "rec": rec, "kl": kl, "loss": loss}


def backward(x, eps, Wm, Ws, Wd, mu, logvar, sd, z, xhat):
    da = xhat - x
    dWd = z.T @ da
    dz = da @ Wd.T
    dmu = dz + mu
    dsd = dz * eps
    dlogvar = 0.5 * dsd * sd + 0.5 * (np.exp(logvar) - 1)
    return {
        "z": dz,
        "mu": dmu,
        "sd": dsd,
        "logvar": dlogvar,
        "Wd": dWd,
        "Wm": x.T @ dmu,
        "Ws": x.T @ dlogvar,
        "xhat": (xhat - x) / (xhat * (1 - xhat)),
    }


WRONG = {
    "kl of mu": ("dmu = dz + mu", "dmu = dz", "mu"),
    "kl of logvar": (" + 0.5 * (np.exp(logvar) - 1)", "", "logvar"),
    "half": ("0.5 * dsd * sd", "dsd * sd", "logvar"),
    "noise": ("dsd = dz * eps", "dsd = dz", "sd"),
    "cross-entropy's denominator": ("(xhat - x) / (xhat * (1 - xhat))", "(xhat - x)", "xhat"),
    "sd for its derivative": ("0.5 * dsd * sd +", "0.5 * dsd +", "logvar"),
}
