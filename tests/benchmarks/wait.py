"""The CPU seconds that people wait: `make bench-wait`. Each line is one process, children included, the least of some.

What is promised stands beside each; more is the exit code 1. Of what runs on all cores the clock's seconds are fewer:
on an idle machine.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import microbp
from microbp.problems.exercise import exercise_of

BIG = "from microbp import nn, draw; draw(nn.MLP(784, [128, 10], seed=0), level='layer')"
DIAGNOSE = """
import numpy as np, microbp
from microbp import nn
rng = np.random.default_rng(0)
sizes, m = {sizes}, {m}
model = nn.MLP(sizes[0], sizes[1:], activation="sigmoid", output="sigmoid", seed=0)
X, Y = rng.normal(size=(m, sizes[0])), rng.uniform(size=(m, sizes[-1]))
W, b = model.arrays()
names = {{"activation": "sigmoid", "output": "sigmoid", "loss": "mean_squared_error"}}
_, dW, db = microbp.vectorized.loss_and_gradients(W, b, X, Y, **names)
{wrong}
given = {{f"dW{{k}}": g for k, g in enumerate(dW, 1)}} | {{f"db{{k}}": g for k, g in enumerate(db, 1)}}
microbp.diagnose(model, given, X, Y, loss="mean_squared_error")
"""
ONE = "dW[0] = dW[0] * 2.0"
TWO = "dW[0], db[1] = -dW[0], db[1] / m * 2.0"
NONE = "dW[0] = rng.normal(size=dW[0].shape) * dW[0].std()"
STANDARDIZED = "_, dW, db = microbp.vectorized.loss_and_gradients(W, b, (X - X.mean(0)) / X.std(0), Y, **names)"


def hand_ins(folder, name, count):
    """So many files of gradients: right, of the wrong sign, twice as large in the last layer."""
    right = exercise_of(microbp.load(name)).truth[1]
    paths = []
    for k in range(count):
        given = {key: -g if k % 3 == 1 else g for key, g in right.items()}
        given["dW2"] = given["dW2"] * (2.0 if k % 3 == 2 else 1.0)
        paths.append(f"{folder}/{name}-{k}.npz")
        np.savez(paths[-1], **given)
    return paths


def waits(folder):
    """(what, what is run, CPU seconds promised)."""

    def command(*words):
        return ["-m", "microbp", *words]

    def diagnosed(sizes, m, wrong):
        return ["-c", DIAGNOSE.format(sizes=sizes, m=m, wrong=wrong)]

    return [
        ("microbp --version", command("--version"), 0.25),
        ("microbp problems", command("problems"), 0.4),
        ("step w1-w8, to the end", command("step", "w1-w8", "--all"), 0.5),
        ("grade digits, one file", command("grade", "digits", *hand_ins(folder, "digits", 1)), 1.2),
        ("grade digits, 12 files", command("grade", "digits", *hand_ins(folder, "digits", 12)), 8.0),
        ("grade w1-w8, 200 files", command("grade", "w1-w8", *hand_ins(folder, "w1-w8", 200)), 10.0),
        ("conventions digits 2.3", command("conventions", "digits", "--published", "2.3"), 5.0),
        ("diagnose 400-25-10, 5,000 samples: right", diagnosed([400, 25, 10], 5000, ""), 1.0),
        ("  one mistake", diagnosed([400, 25, 10], 5000, ONE), 1.8),
        ("  inputs standardized", diagnosed([400, 25, 10], 5000, STANDARDIZED), 1.8),
        ("  two mistakes", diagnosed([400, 25, 10], 5000, TWO), 5.0),
        ("  numbers that nothing gives", diagnosed([400, 25, 10], 5000, NONE), 6.5),
        ("diagnose 784-128-64-10, 64 samples", diagnosed([784, 128, 64, 10], 64, ONE), 2.0),
        ("train digits --engine vectorized", command("train", "digits", "--engine", "vectorized"), 2.0),
        ("train digits --engine compiled", command("train", "digits", "--engine", "compiled"), 2.0),
        ("draw w1-w8, an SVG", command("draw", "w1-w8", "-o", f"{folder}/a.svg"), 0.6),
        ("a film of w1–w8, SVG", command("draw", "w1-w8", "--animate", "-o", f"{folder}/a.svg"), 1.5),
        ("a film of w1–w8, GIF", command("draw", "w1-w8", "-o", f"{folder}/a.gif"), 3.0),
        ("draw 784-128-10, a card a layer", ["-c", BIG], 1.0),
    ]


def seconds(words):
    """CPU seconds of a process, and of all that it starts; and the clock's."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, check=False, text=True)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(words)[:200]}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, end - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, metavar="N")
    rounds, late = parser.parse_args().rounds, False
    print(f"{'CPU seconds, the least of ' + str(rounds):<40}{'takes':>8}{'promised':>12}{'clock':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for what, words, promised in waits(folder):
            took, clock = map(min, zip(*(seconds(words) for _ in range(rounds)), strict=True))
            late |= took > promised
            said = "   late" if took > promised else ""
            print(f"{what:<40}{took:>8.2f}{promised:>12.2f}{clock:>9.2f}{said}", flush=True)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
