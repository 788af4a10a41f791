"""Times what people wait for, against what they are promised: `python tests/benchmarks/answer_time.py [--rounds N]`.

Medians of the processor time over the rounds, without the time that a renderer takes. Exits with 1 if an answer takes
more than was promised. There is no other library to stand beside: nobody else names mistakes, or folds large networks.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import microbp
from microbp import DrawingWarning, Value, draw, losses, nn
from microbp.diagnosis.by_hand.search import diagnose_graph
from microbp.diagnosis.explanation import Explanation
from microbp.diagnosis.mistakes import find_mistake
from microbp.errors import GraphError
from microbp.problems.exercise import exercise_of
from tests.planting import made_by, planted

Answer = Callable[[], object]


def with_mistakes(case, *codes):
    """The gradients of a case with these mistakes in every layer that can have them."""
    rng = np.random.default_rng(1)
    findings = tuple(planted(rng, case, find_mistake(code)) for code in codes)
    return made_by(case, Explanation(findings, len(findings)))


def published_slip() -> Answer:
    problem = microbp.load("w1-w8")
    wrong = with_mistakes(exercise_of(problem), "update-before-backprop")
    return lambda: microbp.diagnose(problem, {name: g for name, g in wrong.items() if name.startswith("dW")})


def digit_network() -> Answer:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(25, 400)) * 0.1, rng.normal(size=(10, 25)) * 0.3]
    model = nn.MLP.from_arrays(weights, [np.zeros(25), np.zeros(10)], "sigmoid", "sigmoid")
    X, Y = rng.random((100, 400)), np.eye(10)[rng.integers(0, 10, 100)]
    case = exercise_of(model, X, Y, loss="binary_cross_entropy", l2=1.0)
    wrong = with_mistakes(case, "derivative-of-activation", "last-sample-only")
    return lambda: microbp.diagnose(model, wrong, X, Y, loss="binary_cross_entropy", l2=1.0)


def nothing_in_an_expression() -> Answer:
    text = "sigmoid((w*x + b)**3 / (1 + x*w)) - cos(w)*tanh(x)*x"
    problem = microbp.load(text, {"w": 0.7, "x": -0.4, "b": 1.3})
    return lambda: microbp.diagnose(problem, {"w": 0.123, "x": 0.456, "b": 0.789})


def deep_expression() -> Answer:
    text = "x"
    for k in range(150):
        text = f"sin({text})" if k % 2 else f"({text} + 0.5)"
    problem = microbp.load(text, {"x": 0.5})
    return lambda: microbp.diagnose(problem, {"x": 0.1234567})


def graph_of_a_network() -> Answer:
    model = nn.MLP(8, [12, 4], activation="tanh", seed=1)
    root = losses.batch_loss(model, np.ones((1, 8)), np.zeros((1, 4)), "half_squared_error", 0.0)
    return lambda: diagnose_graph(root, {"w[1][0,0]": 1.23456, "w[2][1,1]": 7.65432})


def chain_of_4000() -> Answer:
    value = Value(1.0, label="w")
    for _ in range(4000):
        value = value.tanh()
    return lambda: diagnose_graph(value, {"w": 7.0})


def large_network() -> Answer:
    model = nn.MLP(784, [128, 64, 10], seed=0)
    return lambda: draw(model)


def refused_network() -> Answer:
    model = nn.MLP(784, [128, 64, 10], seed=0)
    root = losses.batch_loss(model, np.zeros((1, 784)), np.eye(10)[:1], "softmax_cross_entropy")

    def refuse() -> None:
        with contextlib.suppress(GraphError):
            draw(root, model=model, level="op")

    return refuse


def sampled_network() -> Answer:
    model = nn.MLP(64, [16, 10], seed=0)
    root = losses.batch_loss(model, np.zeros((1, 64)), np.eye(10)[:1], "softmax_cross_entropy")
    return lambda: draw(root, model=model)


PROMISED: dict[str, tuple[Callable[[], Answer], float]] = {
    "diagnose: w1–w8, weights changed too early": (published_slip, 0.3),
    "diagnose: 400-25-10 with 100 samples, two mistakes": (digit_network, 10.0),
    "diagnose: an expression, numbers that nothing gives": (nothing_in_an_expression, 10.0),
    "diagnose: an expression 150 functions deep": (deep_expression, 10.0),
    "diagnose: the graph of an 8-12-4 network": (graph_of_a_network, 10.0),
    "diagnose: a chain of 4,000 values": (chain_of_4000, 10.0),
    "draw: a 784-128-64-10 network, layer by layer": (large_network, 3.0),
    "draw: the same value by value, which is refused": (refused_network, 1.0),
    "draw: a 64-16-10 network and its sample": (sampled_network, 1.0),
}
"""For each answer what makes it ready to be timed, and the seconds that it may take."""


def timed(rounds: int) -> Iterator[tuple[str, float, float]]:
    """What was asked, the seconds that it took, and those that were promised."""
    for what, (prepare, promised) in PROMISED.items():
        answer, seconds = prepare(), []
        for _ in range(rounds):
            start = process_time()
            answer()
            seconds.append(process_time() - start)
        yield what, median(seconds), promised


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    warnings.simplefilter("ignore", DrawingWarning)
    late = False
    print(f"{'':<54}{'takes':>10}{'promised':>12}")
    for what, seconds, promised in timed(parser.parse_args().rounds):
        late |= seconds > promised
        print(f"{what:<54}{seconds:>8.2f} s{promised:>10.1f} s{'   late' if seconds > promised else ''}", flush=True)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
