"""A tiny GPT: two layers of causal attention and a small network; its whole backward pass by hand.

`python examples/passes/tiny_gpt.py` trains it on names, on arrays of values, for 200 steps. The way back of each part
is that of the other files here: RMS norm, heads, softmax, ReLU; each residual adds what came past it.
"""

import numpy as np

_NAMES = "emma olivia ava isabella sophia mia amelia harper evelyn "
_NAMES += "ella anna leo noah liam mason lucas ethan oliver"
NAMES = _NAMES.split()
T, D, HEADS, LAYERS, VOCABULARY = 6, 8, 2, 2, 27
EPS = 1e-5


def parameters(seed=0):
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape) * 0.3  # noqa: E731  # it is called often, below
    blocks = [
        {"qkv": draw(D, 3 * D), "out": draw(D, D), "up": draw(D, 2 * D), "down": draw(2 * D, D)} for _ in range(LAYERS)
    ]
    return {"wte": draw(VOCABULARY, D), "wpe": draw(T, D), "head": draw(D, VOCABULARY), "blocks": blocks}


def encode(name):
    """Its letters as numbers, 0 before and behind: (what is read, what comes next), cut at T."""
    numbers = [0, *(ord(c) - 96 for c in name), 0]
    return np.array(numbers[:-1][:T]), np.array(numbers[1:][:T])


def data(seed=0):
    tokens, targets = encode(NAMES[seed])
    return {"params": parameters(seed), "tokens": tokens, "targets": targets}


def norm(x):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPS)


def norm_back(dn, x, n):
    return (dn - n * (dn * n).mean(axis=-1, keepdims=True)) / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPS)


def heads(x):
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def joined(x):
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(params, tokens, targets):
    n = len(tokens)
    x = params["wte"][tokens] + params["wpe"][:n]
    kept = []
    for block in params["blocks"]:
        xn = norm(x)
        q, k, v = (heads(part) for part in np.split(xn @ block["qkv"], 3, axis=1))
        s = np.where(np.tri(n) == 1, q @ k.transpose(0, 2, 1) / np.sqrt(D // HEADS), -1e9)
        p = softmax(s)
        o = joined(p @ v)
        mid = x + o @ block["out"]
        mn = norm(mid)
        u = mn @ block["up"]
        r = np.maximum(u, 0)
        kept.append(
            {"x": x, "xn": xn, "q": q, "k": k, "v": v, "s": s, "p": p, "o": o, "mid": mid, "mn": mn, "u": u, "r": r}
        )
        x = mid + r @ block["down"]
    xf = norm(x)
    logits = xf @ params["head"]
    probs = softmax(logits)
    loss = -np.log(probs[np.arange(n), targets]).mean()
    return {"layers": kept, "last": x, "xf": xf, "logits": logits, "loss": loss}


def backward(params, tokens, targets, layers, last, xf, logits):
    n = len(tokens)
    dlogits = softmax(logits)
    dlogits[np.arange(n), targets] -= 1
    dlogits /= n
    dhead = xf.T @ dlogits
    dxf = dlogits @ params["head"].T
    dx = norm_back(dxf, last, xf)
    dlast = dx
    dlayers, dblocks = [None] * LAYERS, [None] * LAYERS
    for i in reversed(range(LAYERS)):
        block, a = params["blocks"][i], layers[i]
        ddown = a["r"].T @ dx
        dr = dx @ block["down"].T
        du = dr * (a["u"] > 0)
        dup = a["mn"].T @ du
        dmn = du @ block["up"].T
        dmid = dx + norm_back(dmn, a["mid"], a["mn"])
        dout = a["o"].T @ dmid
        do = dmid @ block["out"].T
        dh = heads(do)
        dv = a["p"].transpose(0, 2, 1) @ dh
        dp = dh @ a["v"].transpose(0, 2, 1)
        ds = a["p"] * (dp - (dp * a["p"]).sum(axis=-1, keepdims=True))
        dq = ds @ a["k"] / np.sqrt(D // HEADS)
        dk = ds.transpose(0, 2, 1) @ a["q"] / np.sqrt(D // HEADS)
        dqkv = np.concatenate([joined(dq), joined(dk), joined(dv)], axis=1)
        dwqkv = a["xn"].T @ dqkv
        dxn = dqkv @ block["qkv"].T
        dx = dmid + norm_back(dxn, a["x"], a["xn"])
        dblocks[i] = {"qkv": dwqkv, "out": dout, "up": dup, "down": ddown}
        dlayers[i] = {
            "x": dx,
            "xn": dxn,
            "q": dq,
            "k": dk,
            "v": dv,
            "s": ds,
            "p": dp,
            "o": do,
            "mid": dmid,
            "mn": dmn,
            "u": du,
            "r": dr,
        }
    dwte, dwpe = np.zeros_like(params["wte"]), np.zeros_like(params["wpe"])
    np.add.at(dwte, tokens, dx)
    dwpe[:n] += dx
    grads = {"wte": dwte, "wpe": dwpe, "head": dhead, "blocks": dblocks}
    return {"params": grads, "layers": dlayers, "last": dlast, "xf": dxf, "logits": dlogits}


WRONG = {
    "past the network is forgotten": (
        'dmid = dx + norm_back(dmn, a["mid"], a["mn"])',
        'dmid = norm_back(dmn, a["mid"], a["mn"])',
        "layers[1].mid",
    ),
    "past the attention is forgotten": (
        'dx = dmid + norm_back(dxn, a["x"], a["xn"])',
        'dx = norm_back(dxn, a["x"], a["xn"])',
        "layers[1].x",
    ),
    "softmax's diagonal only": ('(dp - (dp * a["p"]).sum(axis=-1, keepdims=True))', 'dp * (1 - a["p"])', "layers[1].s"),
    "keys before queries": (
        "[joined(dq), joined(dk), joined(dv)]",
        "[joined(dk), joined(dq), joined(dv)]",
        ("layers[1].xn", "blocks[1].qkv"),
    ),
    "the norm is a constant": (
        'dmid = dx + norm_back(dmn, a["mid"], a["mn"])',
        'dmid = dx + dmn / np.sqrt((a["mid"]**2).mean(axis=-1, keepdims=True) + EPS)',
        "layers[1].mid",
    ),
    "letters that come twice": ("np.add.at(dwte, tokens, dx)", "dwte[tokens] = dx", "wte"),
    "ReLU is forgotten": ('du = dr * (a["u"] > 0)', "du = dr", "layers[1].u"),
}


def train(steps=200, rate=0.3, seed=0):
    """Trains on arrays of values by gradient descent; returns the losses."""
    import microbp

    def lift(x, name):
        if isinstance(x, dict):
            return {key: lift(inner, key) for key, inner in x.items()}
        return [lift(inner, name) for inner in x] if isinstance(x, list) else microbp.array(x, name)

    def leaves(x):
        if isinstance(x, dict | list):
            for inner in x.values() if isinstance(x, dict) else x:
                yield from leaves(inner)
        else:
            yield x

    params = lift(parameters(seed), "params")
    losses = []
    for step in range(steps):
        tokens, targets = encode(NAMES[step % len(NAMES)])
        loss = forward(params, tokens, targets)["loss"]
        for p in leaves(params):
            p.grad = None
        loss.backward()
        for p in leaves(params):
            p.data -= rate * p.grad
        losses.append(loss.data)
    return losses


if __name__ == "__main__":
    losses = train()
    print(f"mean loss of the first 18 steps: {np.mean(losses[:18]):.3f}, of the last 18: {np.mean(losses[-18:]):.3f}")
