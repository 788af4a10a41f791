"""Times pictures of 20, 200 and 2,000 values: `python tests/benchmarks/draw_time.py [--rounds N]`.

Our share is everything up to the DOT text, the renderer's is from there to the SVG; medians over the rounds.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from statistics import median
from time import perf_counter

from microbp import DrawingWarning, Value, draw, losses, nn
from microbp.nn import MLP

Graph = tuple[Value, MLP | None]


def chain(count: int) -> Graph:
    """Neurons of one input each, one after the other: five values a neuron, three of them with cards."""
    h = Value(0.5, label="x")
    for k in range(count // 5):
        h = (Value(1.1, label=f"w{k}") * h + Value(0.1, label=f"b{k}")).tanh()
        h.label = f"h{k}"
    return h, None


def network(count: int) -> Graph:
    """One hidden layer and one sample, all its weights with cards."""
    inputs = {20: 2, 200: 8, 2000: 16}[count]
    hidden = round((count - inputs - 4) / (inputs + 4))
    model = nn.MLP(inputs, [hidden, 1], activation="tanh", seed=0)
    return losses.batch_loss(model, [[0.5] * inputs], [[1.0]], "squared_error"), model


def timed(build: Callable[[int], Graph], count: int, rounds: int) -> tuple[int, float, float]:
    """The number of values, and the seconds that we and the renderer take."""
    root, model = build(count)
    root.backward()
    ours, theirs = [], []
    for _ in range(rounds):
        start = perf_counter()
        drawing = draw(root, model=model, level="op", max_nodes=10_000, timeout=120)
        middle = perf_counter()
        drawing.picture("svg")
        ours.append(middle - start)
        theirs.append(perf_counter() - middle)
    return len(root.graph()), median(ours), median(theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore", DrawingWarning)
    print(f"{'graph':<9}{'nodes':>7}{'ours':>12}{'renderer':>12}{'our share':>12}")
    for build in (chain, network):
        for count in (20, 200, 2000):
            nodes, ours, theirs = timed(build, count, rounds)
            share = ours / (ours + theirs)
            print(
                f"{build.__name__:<9}{nodes:>7,}{ours * 1e3:>9.1f} ms{theirs * 1e3:>9.0f} ms{share:>12.1%}", flush=True
            )


if __name__ == "__main__":
    main()
