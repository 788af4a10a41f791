"""The jobs that `against_micrograd.py` times: `python workloads.py LIBRARY WORKLOAD TASK` does one, alone in a process.

LIBRARY is micrograd or microbp, WORKLOAD one of `WORKLOADS`, TASK one of `TASKS`; what was measured is printed as JSON.
Nothing here touches the garbage collector's settings: it runs as it does for everybody.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import random
import resource
import sys
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np

SECONDS = 1.2
"""A timing lasts at least so long, and at least `LEAST_STEPS` steps, after `WARM_UP` steps that do not count."""
LEAST_STEPS = 3
WARM_UP = 2
ALPHA = 1e-4
"""The L2 penalty of micrograd's demo."""


@dataclass
class Workload:
    """A training step: the parameters, the expression `forward` that makes the loss, and the learning rate."""

    parameters: Sequence[Any]
    forward: Callable[[], Any]
    rate: float

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = 0.0

    def update(self) -> None:
        for p in self.parameters:
            p.data -= self.rate * p.grad


def engine(library: str) -> Any:
    """The library's `Value`. micrograd has no sigmoid, so it gets one, made as its own operations are."""
    value = importlib.import_module(f"{library}.engine").Value

    def sigmoid(self: Any) -> Any:
        out = value(1 / (1 + math.exp(-self.data)), (self,), "sigmoid")

        def _backward() -> None:
            self.grad += out.data * (1 - out.data) * out.grad

        out._backward = _backward
        return out

    if library == "micrograd":
        value.sigmoid = sigmoid
    return value


def w1_w8(library: str) -> Workload:
    """The worked example with two inputs, two hidden and two output neurons, as plain expressions."""
    value = engine(library)
    w = [value(x) for x in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]
    i1, i2, t1, t2, b1, b2 = 0.05, 0.10, 0.01, 0.99, 0.35, 0.60

    def forward() -> Any:
        w1, w2, w3, w4, w5, w6, w7, w8 = w
        h1 = (w1 * i1 + w2 * i2 + b1).sigmoid()
        h2 = (w3 * i1 + w4 * i2 + b1).sigmoid()
        o1 = (w5 * h1 + w6 * h2 + b2).sigmoid()
        o2 = (w7 * h1 + w8 * h2 + b2).sigmoid()
        return 0.5 * (t1 - o1) ** 2 + 0.5 * (t2 - o2) ** 2

    return Workload(w, forward, rate=0.5)


def two_moons(n: int = 100, seed: int = 1337) -> tuple[list[list[float]], list[int]]:
    """Two half circles, one in the other's opening, and their labels −1 and +1."""
    rng = np.random.default_rng(seed)
    angle = np.tile(np.linspace(0, np.pi, n // 2), 2)
    label = np.repeat([-1, 1], n // 2)
    x = np.where(label < 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(label < 0, np.sin(angle), 0.5 - np.sin(angle))
    return (np.stack([x, y], axis=1) + rng.normal(0, 0.1, (n, 2))).tolist(), label.tolist()


def _model(library: str) -> Any:
    """The demo's network of 337 parameters. Both libraries draw them from `random` in the same order."""
    random.seed(1337)
    return importlib.import_module(f"{library}.nn").MLP(2, [16, 16, 1])


def _plain(model: Any, x: list[Any]) -> Any:
    """microbp's network as micrograd computes it: a node for every + and every ×."""
    for layer in model.layers:
        nets = [(n, sum((wi * xi for wi, xi in zip(n.w, x, strict=True)), n.b)) for n in layer.neurons]
        x = [net.relu() if n.activation == "relu" else net for n, net in nets]
    return x[0]


def demo(library: str) -> Workload:
    """A step of micrograd's demo notebook, in the notebook's expressions: hinge loss and L2 penalty, 100 samples."""
    value, model, (rows, labels) = engine(library), _model(library), two_moons()
    network = (lambda x: _plain(model, x)) if library == "microbp" else model

    def forward() -> Any:
        inputs = [list(map(value, row)) for row in rows]
        scores = list(map(network, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(labels, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        reg_loss = ALPHA * sum(p * p for p in model.parameters())
        return data_loss + reg_loss

    return Workload(model.parameters(), forward, rate=0.5)


def demo_nn(library: str) -> Workload:
    """The same step with the library's networks and losses; micrograd has no others than those of `demo`."""
    if library == "micrograd":
        return demo(library)
    from microbp.losses import hinge, l2_penalty

    model, (rows, labels) = _model(library), two_moons()
    targets = [[y] for y in labels]

    def forward() -> Any:
        return hinge([[model(row)] for row in rows], targets) + l2_penalty(model.parameters(), 2 * ALPHA, 1)

    return Workload(model.parameters(), forward, rate=0.5)


def chain(library: str, length: int) -> Workload:
    """y = y·x, again and again."""
    x = engine(library)(1 + 1e-9)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = y * x
        return y

    return Workload([x], forward, rate=0.0)


WORKLOADS: dict[str, Callable[[str], Workload]] = {
    "w1-w8": w1_w8,
    "demo": demo,
    "demo-nn": demo_nn,
    "chain-1e4": lambda library: chain(library, 10_000),
    "chain-1e6": lambda library: chain(library, 1_000_000),
}


def operations(root: Any) -> int:
    """How many nodes of the graph were made by an operation."""
    if hasattr(root, "graph"):
        return sum(node.op is not None for node in root.graph())
    found, stack = {root}, [root]
    while stack:
        new = stack.pop()._prev - found
        found |= new
        stack += new
    return sum(bool(node._prev) for node in found)


def gradients(work: Workload) -> dict[str, Any]:
    """The loss, and its gradient with respect to every parameter."""
    work.zero_grad()
    root = work.forward()
    root.backward()
    return {"loss": root.data, "gradients": [p.grad for p in work.parameters]}


class CollectionClock:
    """The seconds spent in garbage collection, while it is one of `gc.callbacks`."""

    def __init__(self) -> None:
        self.start = self.seconds = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self.start = perf_counter()
        else:
            self.seconds += perf_counter() - self.start


def speed(work: Workload) -> dict[str, Any]:
    """The processor's seconds a step, and in it forward, backward and (in any part of it) garbage collection, by the
    clock; peak memory in bytes.

    What is neither forward nor backward is zeroing, update and freeing.
    """
    collection = CollectionClock()
    gc.callbacks.append(collection)
    forward = backward = 0.0
    steps = -WARM_UP
    start, begun = perf_counter(), process_time()
    while steps < LEAST_STEPS or perf_counter() - start < SECONDS:
        if steps == 0:
            forward = backward = collection.seconds = 0.0
            start, begun = perf_counter(), process_time()
        work.zero_grad()
        t0 = perf_counter()
        root = work.forward()
        t1 = perf_counter()
        root.backward()
        t2 = perf_counter()
        work.update()
        del root
        forward += t1 - t0
        backward += t2 - t1
        steps += 1
    step = (process_time() - begun) / steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "steps": steps,
        "step": step,
        "forward": forward / steps,
        "backward": backward / steps,
        "collection": collection.seconds / steps,
        "peak": peak,
    }


def memory(work: Workload) -> dict[str, Any]:
    """The number of operations, and the bytes that the graph holds after forward and after backward."""

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    work.forward().backward()  # what is made once, is made now
    tracemalloc.start()
    before = held()
    root = work.forward()
    after_forward = held() - before
    root.backward()
    after_backward = held() - before
    tracemalloc.stop()
    return {"operations": operations(root), "held_forward": after_forward, "held_backward": after_backward}


def attempt(work: Workload) -> dict[str, Any]:
    """Whether one step can be done at all: its seconds, or None where recursion goes too deep."""
    start = perf_counter()
    try:
        work.forward().backward()
    except RecursionError:
        return {"seconds": None}
    return {"seconds": perf_counter() - start}


TASKS: dict[str, Callable[[Workload], dict[str, Any]]] = {
    "gradients": gradients,
    "speed": speed,
    "memory": memory,
    "attempt": attempt,
}


def main(library: str, workload: str, task: str, recursion: str = "deep") -> None:
    """Does the task and prints its JSON. micrograd's backward recurses, so a chain gets it a deep stack."""

    def work() -> None:
        print(json.dumps(TASKS[task](WORKLOADS[workload](library))), flush=True)

    if library == "micrograd" and workload.startswith("chain") and recursion == "deep":
        sys.setrecursionlimit(10_000_000)
        threading.stack_size(512 * 2**20)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    else:
        work()


if __name__ == "__main__":
    main(*sys.argv[1:])
