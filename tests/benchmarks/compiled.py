"""Times replay and compiled functions against what they replace: `python tests/benchmarks/compiled.py [--rounds N]`.

Replay against building the graph anew, straight-line Python against the same written by hand, the matrix form against
NumPy written by hand. The two take turns in one process, every few milliseconds; what is printed are ratios of times,
medians over the rounds with their range. Gradients agree first. A missed target is the exit code 1.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from functools import partial
from statistics import median
from time import process_time

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

# After the threads are set, which NumPy reads as it is imported.
import gpt
import numpy as np

import microbp
from microbp import Value, losses, nn, total

STRETCH, SECONDS = 0.002, 0.3
"""The two take turns after so short a stretch, so that what else the machine does falls on both; a round is as long.

What counts is the time of the processor, in one thread."""


def stretched(f):
    """The function called as often as fills a stretch: seconds a call."""
    n = 1

    def stretch():
        start = process_time()
        for _ in range(n):
            f()
        return (process_time() - start) / n

    while stretch() * n < STRETCH:
        n *= 2
    return stretch


def ratio(over, under):
    """How many times as long the one takes: the median over pairs of stretches, of which each is first in turn."""
    over, under = stretched(over), stretched(under)
    found, begun = [], process_time()
    while process_time() - begun < SECONDS or len(found) < 3:
        if len(found) % 2:
            a = over()
            b = under()
        else:
            b = under()
            a = over()
        found.append(a / b)
    return median(found)


def w1_w8():
    """The graph of w1–w8, built as leanly as the engine allows, and its leaves."""
    problem = microbp.load("w1-w8")
    x, model = [Value(0.05, "i1"), Value(0.1, "i2")], problem.model

    def build():
        a, b = model(x)
        return total([0.5 * (0.01 - a) ** 2, 0.5 * (0.99 - b) ** 2])

    return build, problem.leaves()


def demo():
    """micrograd's demo through nn: 2-16-16-1, 100 samples, hinge loss and penalty."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(100, 2)), np.sign(rng.normal(size=(100, 1)))
    model = nn.MLP(2, [16, 16, 1], seed=0)
    return lambda: losses.batch_loss(model, X, Y, "hinge", 1e-4), model.parameters()


def tiny_gpt():
    """The tiny GPT of examples/passes on arrays of values, and its parameters."""
    build, _, arrays = gpt.scalars()
    return build, [leaf for array in arrays for leaf in array.flat]


def replayed(case):
    """Building, and replaying, one step."""
    build, leaves = case()

    def rebuilt():
        for leaf in leaves:
            leaf.grad = 0.0
        build().backward()

    r = microbp.replay(build)

    def again():
        r.zero_grad()
        r.forward()
        r.backward()

    rebuilt()
    grads = [leaf.grad for leaf in leaves]
    again()
    assert grads == [leaf.grad for leaf in leaves]
    return rebuilt, again


def by_hand(i1, i2, w1, w2, w3, w4, w5, w6, w7, w8, b1, b2):
    """w1–w8 as one writes it by hand."""
    exp = math.exp
    h1 = 1.0 / (1.0 + exp(-(w1 * i1 + w2 * i2 + b1)))
    h2 = 1.0 / (1.0 + exp(-(w3 * i1 + w4 * i2 + b1)))
    o1 = 1.0 / (1.0 + exp(-(w5 * h1 + w6 * h2 + b2)))
    o2 = 1.0 / (1.0 + exp(-(w7 * h1 + w8 * h2 + b2)))
    e1, e2 = o1 - 0.01, o2 - 0.99
    loss = 0.5 * e1**2 + 0.5 * e2**2
    d1 = e1 * o1 * (1.0 - o1)
    d2 = e2 * o2 * (1.0 - o2)
    dh1 = (d1 * w5 + d2 * w7) * h1 * (1.0 - h1)
    dh2 = (d1 * w6 + d2 * w8) * h2 * (1.0 - h2)
    return loss, [dh1 * i1, dh1 * i2, dh2 * i1, dh2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2]


def descend_by_hand(i1, i2, w1, w2, w3, w4, w5, w6, w7, w8, b1, b2, *, learning_rate, steps):
    """The descent, written by hand."""
    exp = math.exp
    for step in range(steps + 1):
        h1 = 1.0 / (1.0 + exp(-(w1 * i1 + w2 * i2 + b1)))
        h2 = 1.0 / (1.0 + exp(-(w3 * i1 + w4 * i2 + b1)))
        o1 = 1.0 / (1.0 + exp(-(w5 * h1 + w6 * h2 + b2)))
        o2 = 1.0 / (1.0 + exp(-(w7 * h1 + w8 * h2 + b2)))
        e1, e2 = o1 - 0.01, o2 - 0.99
        loss = 0.5 * e1**2 + 0.5 * e2**2
        if step == steps:
            break
        d1 = e1 * o1 * (1.0 - o1)
        d2 = e2 * o2 * (1.0 - o2)
        dh1 = (d1 * w5 + d2 * w7) * h1 * (1.0 - h1)
        dh2 = (d1 * w6 + d2 * w8) * h2 * (1.0 - h2)
        w1 -= learning_rate * (dh1 * i1)
        w2 -= learning_rate * (dh1 * i2)
        w3 -= learning_rate * (dh2 * i1)
        w4 -= learning_rate * (dh2 * i2)
        w5 -= learning_rate * (d1 * h1)
        w6 -= learning_rate * (d1 * h2)
        w7 -= learning_rate * (d2 * h1)
        w8 -= learning_rate * (d2 * h2)
    return loss, [w1, w2, w3, w4, w5, w6, w7, w8]


def straight(loop):
    """The compiled function, and the one written by hand, on w1–w8."""
    problem = microbp.load("w1-w8")
    root = problem.root()
    data = [v for v in root.graph() if v.label in ("i1", "i2")]
    trained = problem.trained()
    biases = [leaf for leaf in problem.leaves() if leaf not in trained]
    inputs = [*data, *trained, *biases]
    f = microbp.compile(root, inputs, trained, readable=False, loop=loop, textbook=True)
    numbers = [leaf.data for leaf in inputs]
    more = {"learning_rate": 0.5, "steps": 100} if loop else {}
    hand = descend_by_hand if loop else by_hand
    (loss, grads), (mine, found) = hand(*numbers, **more), f(*numbers, **more)
    assert abs(loss - mine) < 1e-12
    assert np.allclose(grads, found, rtol=1e-9, atol=0)
    return lambda: hand(*numbers, **more), lambda: f(*numbers, **more)


def network_function(sizes, readable=False):
    """The compiled matrix form of a network of two layers: f(X, Y, W1, b1, W2, b2)."""
    model = nn.MLP(sizes[0], sizes[1:], activation="tanh", output="sigmoid", seed=0)
    x, y = [Value(0.1, f"x[{k}]") for k in range(sizes[0])], [Value(0.1, f"y[{k}]") for k in range(sizes[-1])]
    root = total([0.5 * (a - t) ** 2 for a, t in zip(model(x), y, strict=True)])
    arrays = model.parameter_arrays()
    return microbp.compile(root, [x, y, *arrays], arrays, target="numpy", batch=(0, 1), readable=readable)


def matrices(sizes, m, readable=False):
    """The compiled matrix form, and NumPy written by hand, of a network of two layers."""
    f = network_function(sizes, readable)
    weights, biases = nn.MLP(sizes[0], sizes[1:], seed=0).arrays()
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(m, sizes[0])), rng.uniform(size=(m, sizes[-1]))
    W1, W2, b1, b2 = *weights, *biases

    def hand():
        A1 = np.tanh(X @ W1.T + b1)
        A2 = 1.0 / (1.0 + np.exp(-(A1 @ W2.T + b2)))
        D = A2 - Y
        loss = 0.5 * np.sum(D**2)
        dZ2 = D * A2 * (1.0 - A2)
        dZ1 = (dZ2 @ W2) * (1.0 - A1**2)
        return loss, [dZ1.T @ X, dZ1.sum(axis=0), dZ2.T @ A1, dZ2.sum(axis=0)]

    def compiled():
        return f(X, Y, W1, b1, W2, b2)

    assert all(np.allclose(a, b, rtol=1e-9) for a, b in zip(hand()[1], compiled()[1], strict=True))
    return hand, compiled


ROWS = [
    ("replay, w1–w8: times as fast as building", lambda: replayed(w1_w8), ">=", 3.0),
    ("replay, demo: times as fast as building", lambda: replayed(demo), ">=", 3.0),
    ("replay, tiny GPT: times as fast as building", lambda: replayed(tiny_gpt), ">=", 3.0),
    ("Python, w1–w8, a call: time over hand-written", lambda: straight(False), "<=", 1.0),
    ("Python, w1–w8, descent: time over hand-written", lambda: straight(True), "<=", 1.0),
    *(
        (f"NumPy, {'-'.join(map(str, s))}, batch {m}: time over hand-written", partial(matrices, s, m), "<=", most)
        for s in ((2, 2, 2), (16, 16, 4), (64, 16, 10))
        for m, most in ((1, 1.1), (100, 1.1), (10_000, 1.2))
    ),
    *(
        (
            f"NumPy, readable, {'-'.join(map(str, s))}, batch 10000: the same",
            partial(matrices, s, 10_000, True),
            "<=",
            1.2,
        )
        for s in ((2, 2, 2), (16, 16, 4), (64, 16, 10))
    ),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    rounds, missed = parser.parse_args().rounds, 0
    for name, make, sign, aim in ROWS:
        old, new = make()
        found = [ratio(old, new) if sign == ">=" else ratio(new, old) for _ in range(rounds)]
        middle = median(found)
        met = middle >= aim if sign == ">=" else middle <= aim
        missed += not met
        said = f"{middle:5.2f} ({min(found):.2f}–{max(found):.2f})"
        print(f"{name:<58} {sign} {aim:<4} {said}  {'met' if met else 'MISSED'}", flush=True)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
