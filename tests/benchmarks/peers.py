"""Times microbp beside what else there is: `make bench-peers` writes the table in examples/reference.md anew.

Each job is a process of its own (`peer_jobs.py`), one thread, float64; in each round every job is done once, in an
order that turns round. The gradients must agree to 1e-9 first. A peer that is not installed is left out, with a word.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np

from microbp.printing import columns, markdown

HERE = Path(__file__).parent
REFERENCE = HERE.parent.parent / "examples" / "reference.md"
NEEDS = {"micrograd": "micrograd", "autograd": "autograd", "JAX, jitted": "jax", "CasADi": "casadi", "PyTorch": "torch"}
JOBS = {
    "w1-w8": (
        "w1–w8, one step",
        [
            *("microbp, eager", "microbp, replay", "microbp, compiled", "written by hand", "micrograd", "a lean Value"),
            *("autograd", "JAX, jitted", "CasADi", "PyTorch"),
        ],
    ),
    "demo": (
        "micrograd's demo, 2-16-16-1, 100 samples",
        ["microbp, plain nodes", "microbp, nn", "microbp, replay", "micrograd", "a lean Value"],
    ),
    "gpt": (
        "the tiny GPT of examples/passes",
        ["microbp, eager", "microbp, replay", "microbp, compiled", "a lean Value", "JAX, jitted"],
    ),
    "64-16-10, a batch of 32": (
        "64-16-10, a batch of 32",
        ["microbp, compiled", "microbp, vectorized", "written by hand", "autograd", "JAX, jitted", "CasADi", "PyTorch"],
    ),
}
HEAD = ("one step", "who", "µs", "times microbp's fastest")
BATCHES = "; ".join(f"{sizes}, a batch of {m}" for sizes in ("2-2-2", "16-16-4", "64-16-10") for m in (1, 100, 10000))
BATCH_PEERS = ("microbp, compiled", "microbp, map_batches", "JAX, jitted", "PyTorch")


def run(workload, peer):
    command = [sys.executable, str(HERE / "peer_jobs.py"), workload, peer]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def batch_rows(seconds):
    """The second table: of each size and batch all peers in a row, others with how many times microbp's fastest."""
    there = [peer for peer in BATCH_PEERS if (BATCHES, peer) in seconds[0]]
    yield "one step, µs", *there
    for k, title in enumerate(BATCHES.split("; ")):
        found = {peer: [round_[BATCHES, peer][k] for round_ in seconds if (BATCHES, peer) in round_] for peer in there}
        best = min((p for p in there if p.startswith("microbp")), key=lambda p: median(found[p]))
        row = [title]
        for peer, took in found.items():
            row.append(f"{median(took) * 1e6:,.1f}")
            if not peer.startswith("microbp"):
                ratio = median(a / b for a, b in zip(took, found[best], strict=True))
                row[-1] += f" ({ratio:.2g}{': faster' * (ratio < 0.97)})"
        yield row


def rows(seconds):
    """The table: of each workload the peers from the fastest on."""
    for workload, (title, peers) in JOBS.items():
        found = {
            peer: [round_[workload, peer][0] for round_ in seconds] for peer in peers if (workload, peer) in seconds[0]
        }
        best = min((p for p in found if p.startswith("microbp")), key=lambda p: median(found[p]))
        for k, peer in enumerate(sorted(found, key=lambda p: median(found[p]))):
            ratios = [a / b for a, b in zip(found[peer], found[best], strict=True)]
            middle, low, high = (
                f"{x:.0f}" if x >= 10 else f"{x:.2g}" for x in (median(ratios), min(ratios), max(ratios))
            )
            said = f"{middle} ({low}–{high})" if peer != best else "1"
            wins = peer != best and median(ratios) < 0.97
            yield title if k == 0 else "", peer, f"{median(found[peer]) * 1e6:,.1f}", f"{said}{': faster' * wins}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--write", action="store_true", help="write the table in examples/reference.md anew")
    options = parser.parse_args()
    missing = [peer for peer, module in NEEDS.items() if find_spec(module) is None]
    jobs = [(workload, peer) for workload, (_, peers) in JOBS.items() for peer in peers if peer not in missing]
    batches = [(BATCHES, peer) for peer in BATCH_PEERS if peer not in missing]
    truth, seconds = {}, []
    for k in range(options.rounds):
        seconds.append({})
        for workload, peer in [*jobs, *(batches if k % 2 == 0 else ())][:: -1 if k % 4 > 1 else 1]:
            found = run(workload, peer)
            grads = np.array(found["gradients"])
            off = np.abs(grads - truth.setdefault(workload, grads)).max()
            if off > 1e-9:
                sys.exit(f"{workload}: the gradients of {peer} differ by {off:.1e}, so nothing is timed")
            seconds[-1][workload, peer] = found["seconds"]
            print(f"\rround {k + 1}: {workload[:40]}, {peer:<30}", end="", file=sys.stderr, flush=True)
    made, (head, *batched) = list(rows(seconds)), batch_rows(seconds)
    out = f"Left out, not installed: {', '.join(missing)}. " if missing else ""
    said = f"{out}CPython {platform.python_version()}, medians of {options.rounds} rounds (batches: of every second); "
    said += "gradients agree to 1e-9."
    print("", *columns([HEAD, *made]), "", *columns([head, *batched]), "", said, sep="\n")
    if options.write:
        block = f"<!-- peers -->\n{markdown(HEAD, made)}\n\n{markdown(head, batched)}\n\n{said}\n<!-- /peers -->"
        text = REFERENCE.read_text("utf-8")
        REFERENCE.write_text(re.sub("<!-- peers -->.*<!-- /peers -->", lambda _: block, text, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
