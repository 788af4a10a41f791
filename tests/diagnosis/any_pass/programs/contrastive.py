import numpy as np


def data(seed=0):
    rng = np.random.default_rng(seed)
    return {"A": rng.normal(size=(4, 3)), "B": rng.normal(size=(4, 3)), "tau": 0.5}


def forward(A, B, tau):
    na, nb = np.linalg.norm(A, axis=1, keepdims=True), np.linalg.norm(B, axis=1, keepdims=True)
    a, b = A / na, B / nb
    S = np.einsum("id,jd->ij", a, b) / tau
    logZ = np.log(np.sum(np.exp(S), axis=1))
    loss = np.mean(logZ - np.diagonal(S))
    return dict(na=na, nb=nb, a=a, b=b, S=S, logZ=logZ, loss=loss)


def backward(A, B, tau, na, nb, a, b, S, logZ):
    n = len(A)
    P = np.exp(S - logZ[:, None])
    dS = (P - np.eye(n)) / n
    da = dS @ b / tau
    db = dS.T @ a / tau
    dna = -(da * A).sum(axis=1, keepdims=True) / na**2
    dA = da / na + dna * A / na
    dB = (db - b * (db * b).sum(axis=1, keepdims=True)) / nb
    return dict(S=dS, a=da, b=db, na=dna, A=dA, B=dB, tau=-(dS * S).sum() / tau, logZ=np.full(n, 1 / n))


WRONG = {
    "norm is a constant": ("dA = da / na + dna * A / na", "dA = da / na", "A"),
    "norm's derivative": ("dna * A / na", "dna * A", "A"),
    "diagonal": ("(P - np.eye(n)) / n", "P / n", "S"),
    "temperature": ("db = dS.T @ a / tau", "db = dS.T @ a", "b"),
    "not transposed": ("db = dS.T @ a / tau", "db = dS @ a / tau", "b"),
    "projection": ("(db - b * (db * b).sum(axis=1, keepdims=True)) / nb", "db / nb", "B"),
    "tau": ("-(dS * S).sum() / tau", "-(dS * S).sum() / tau**2", "tau"),
}
