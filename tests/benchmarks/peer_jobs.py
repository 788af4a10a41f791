"""What `peers.py` times, one job a process: `python peer_jobs.py WORKLOAD PEER` prints gradients and seconds as JSON,
or those of several, with "; " between them.

A job is a function that makes one step, the loss and all its gradients, from numbers that may be new each time, and
gives the gradients back. Everything runs in one thread and in float64.
"""

import json
import os
import re
import sys
from pathlib import Path
from time import perf_counter

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
sys.path.append(str(Path(__file__).parent))

# After the threads are set, which NumPy reads as it is imported, and the path.
import gpt
import lean
import numpy as np
import workloads
from compiled import by_hand

import microbp

W = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


def w1_w8(w, sigmoid):
    h1 = sigmoid(w[0] * 0.05 + w[1] * 0.10 + 0.35)
    h2 = sigmoid(w[2] * 0.05 + w[3] * 0.10 + 0.35)
    o1 = sigmoid(w[4] * h1 + w[5] * h2 + 0.60)
    o2 = sigmoid(w[6] * h1 + w[7] * h2 + 0.60)
    return 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2


def batch(workload):
    """X, Y, and W1, b1, W2, b2 of "64-16-10, a batch of 32"."""
    rng = np.random.default_rng(0)
    n, hidden, out, m = map(int, re.findall(r"\d+", workload))
    shapes = ((m, n), (m, out), (hidden, n), (hidden,), (out, hidden), (out,))
    X, _, *parameters = (rng.normal(size=shape) * 0.3 for shape in shapes)
    return X, rng.uniform(size=(m, out)), parameters


def network(parameters, X, Y, xp):
    W1, b1, W2, b2 = parameters
    A1 = xp.tanh(X @ W1.T + b1)
    return 0.5 * xp.sum((1.0 / (1.0 + xp.exp(-(A1 @ W2.T + b2))) - Y) ** 2)


def scalars(value, sigmoid):
    """A step of w1–w8 by an engine with `backward`."""

    def step():
        w = [value(x) for x in W]
        w1_w8(w, sigmoid).backward()
        return [float(x.grad) for x in w]

    return step


def replayed(build, leaves):
    r = microbp.replay(build)

    def step():
        r.zero_grad()
        r.forward()
        r.backward()
        return [leaf.grad for leaf in leaves]

    return step


def by_workload(library, name):
    work = workloads.WORKLOADS[name](library)

    def step():
        work.zero_grad()
        work.forward().backward()
        return [p.grad for p in work.parameters]

    return step, work


def lean_demo():
    model, (rows, labels) = workloads._model("microbp"), workloads.two_moons()
    layers = [[([lean.Value(w.data) for w in n.w], lean.Value(n.b.data)) for n in la.neurons] for la in model.layers]
    leaves = [p for layer in layers for w, b in layer for p in (*w, b)]

    def step():
        for p in leaves:
            p.grad = 0.0
        scores = []
        for x in ([lean.Value(v) for v in row] for row in rows):
            for k, layer in enumerate(layers):
                nets = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
                x = [net.relu() for net in nets] if k < 2 else nets
            scores.append(x[0])
        hinge = sum((1 + -y * s).relu() for y, s in zip(labels, scores, strict=True)) * (1.0 / len(rows))
        (hinge + workloads.ALPHA * sum(p * p for p in leaves)).backward()
        return [p.grad for p in leaves]

    return step


def own(workload, how):
    if workload == "w1-w8" and how == "eager":
        return scalars(microbp.Value, microbp.Value.sigmoid)
    if workload == "w1-w8":
        w = [microbp.Value(x, f"w{k}") for k, x in enumerate(W, 1)]
        root = w1_w8(w, microbp.Value.sigmoid)
        if how == "replay":
            return replayed(lambda: root, w)
        f = microbp.compile(root, w, readable=False, textbook=True)
        return lambda: f(*W)[1]
    if workload == "demo":
        step, work = by_workload("microbp", "demo" if how == "plain nodes" else "demo-nn")
        return replayed(work.forward, work.parameters) if how == "replay" else step
    if workload == "gpt":
        build, step, arrays = gpt.scalars()
        if how == "replay":
            return replayed(build, [v for array in arrays for v in array.flat])
        if how == "eager":
            return step
        f = microbp.compile(build, arrays, readable=False, textbook=True)
        numbers = [np.vectorize(lambda v: v.data, otypes=[float])(array).tolist() for array in arrays]
        return lambda: f(*numbers)[1]
    X, Y, parameters = batch(workload)
    weights, biases = parameters[::2], parameters[1::2]
    if how == "vectorized":
        names = {"activation": "tanh", "output": "sigmoid", "loss": "half_squared_error"}

        def step():
            _, dW, db = microbp.vectorized.loss_and_gradients(weights, biases, X, Y, **names)
            return [dW[0], db[0], dW[1], db[1]]

        return step
    from compiled import network_function

    f = network_function((len(X.T), len(parameters[1]), len(Y.T)))
    if how == "map_batches":
        return lambda: f.map_batches(X, Y, *parameters)[1]
    return lambda: f(X, Y, *parameters)[1]


def array_peer(workload, grad, xp, jit=lambda f: f):
    """autograd and JAX, which differentiate functions of arrays."""
    if workload == "gpt":
        gpt.tiny_gpt.np = xp
        step, params = jit(grad(gpt.loss)), gpt.mapped(xp.array, gpt.DATA["params"])
        return lambda: step(params)
    if workload == "w1-w8":
        step = jit(grad(lambda w: w1_w8(w, lambda z: 1.0 / (1.0 + xp.exp(-z)))))
        start = xp.array(W)
        return lambda: step(start)
    X, Y, parameters = batch(workload)
    X, Y, parameters = xp.array(X), xp.array(Y), [xp.array(p) for p in parameters]
    step = jit(grad(lambda p: network(p, X, Y, xp)))
    return lambda: step(parameters)


def autograd(workload):
    import autograd.numpy
    from autograd import grad

    return array_peer(workload, grad, autograd.numpy)


def jax(workload):
    import jax

    jax.config.update("jax_enable_x64", True)
    step = array_peer(workload, jax.grad, jax.numpy, jax.jit)
    return lambda: jax.block_until_ready(step())


def torch(workload):
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    if workload == "w1-w8":
        return scalars(lambda x: torch.tensor(x, requires_grad=True), torch.sigmoid)
    X, Y, parameters = batch(workload)
    X, Y, made = torch.tensor(X), torch.tensor(Y), [torch.tensor(p, requires_grad=True) for p in parameters]

    def step():
        return torch.autograd.grad(network(made, X, Y, torch), made)

    return step


def casadi(workload):
    import casadi

    if workload == "w1-w8":
        w = casadi.SX.sym("w", 8)
        root = w1_w8([w[k] for k in range(8)], lambda z: 1.0 / (1.0 + casadi.exp(-z)))
        f = casadi.Function("f", [w], [root, casadi.gradient(root, w)])
        return lambda: f(W)[1]
    X, Y, parameters = batch(workload)
    shapes = [p.shape if p.ndim == 2 else (1, len(p)) for p in parameters]
    made = [casadi.MX.sym(f"p{k}", *shape) for k, shape in enumerate(shapes)]
    rows = [p if k % 2 == 0 else casadi.repmat(p, len(X), 1) for k, p in enumerate(made)]
    A1 = casadi.tanh(casadi.mtimes(casadi.DM(X), made[0].T) + rows[1])
    A2 = 1.0 / (1.0 + casadi.exp(-(casadi.mtimes(A1, made[2].T) + rows[3])))
    root = 0.5 * casadi.sumsqr(A2 - casadi.DM(Y))
    f = casadi.Function("f", made, [root, *(casadi.gradient(root, p) for p in made)])
    return lambda: f(*parameters)[1:]


def hand(workload):
    if workload == "w1-w8":
        return lambda: by_hand(0.05, 0.10, *W, 0.35, 0.60)[1]
    X, Y, (W1, b1, W2, b2) = batch(workload)

    def step():
        A1 = np.tanh(X @ W1.T + b1)
        A2 = 1.0 / (1.0 + np.exp(-(A1 @ W2.T + b2)))
        dZ2 = (A2 - Y) * A2 * (1.0 - A2)
        dZ1 = (dZ2 @ W2) * (1.0 - A1**2)
        return [dZ1.T @ X, dZ1.sum(axis=0), dZ2.T @ A1, dZ2.sum(axis=0)]

    return step


def micrograd(workload):
    if workload == "demo":
        return by_workload("micrograd", "demo")[0]
    value = workloads.engine("micrograd")
    return scalars(value, value.sigmoid)


def lean_value(workload):
    if workload == "demo":
        return lean_demo()
    return gpt.scalars(lean.Value)[1] if workload == "gpt" else scalars(lean.Value, lean.Value.sigmoid)


OTHERS = {
    "written by hand": hand,
    "micrograd": micrograd,
    "a lean Value": lean_value,
    "autograd": autograd,
    "JAX, jitted": jax,
    "CasADi": casadi,
    "PyTorch": torch,
}


def timed(step, seconds=0.4):
    """Seconds a step: the shortest of some stretches."""
    for _ in range(2):
        step()
    n, found, begun = 1, [], perf_counter()
    while perf_counter() - begun < seconds or len(found) < 3:
        start = perf_counter()
        for _ in range(n):
            step()
        took = perf_counter() - start
        if took < seconds / 20:
            n *= 2
            continue
        found.append(took / n)
    return min(found)


def main(workload, peer):
    grads, seconds = [], []
    several = workload.split("; ")
    for one in several:
        step = own(one, peer.removeprefix("microbp, ")) if peer.startswith("microbp") else OTHERS[peer](one)
        grads += [x for g in gpt.leaves_of(step()) for x in np.ravel(np.asarray(g, dtype=np.float64)).tolist()]
        seconds.append(timed(step, 0.4 if len(several) == 1 else 0.1))
    print(json.dumps({"gradients": grads, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
