"""Times microbp against micrograd: `python tests/benchmarks/against_micrograd.py [--rounds N] [--json]`.

What is timed is one training step: forward, backward and update. Each measurement has a process of its own
(`workloads.py`). In every round each library does each job once, in an order that turns round from one round to the
next; what is printed are medians over the rounds, and of the ratios micrograd/microbp, which are taken within a round,
also the range. Nothing is timed unless the gradients agree. A missed target is the exit code 1: the targets are what
the reference says of the speed, less what a busy machine takes from it.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

LIBRARIES = ("micrograd", "microbp")
Job = tuple[str, str]
"""A library and a workload."""
Measured = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A line of the report: what each library does for it. micrograd is left out where it has no workload."""

    name: str
    micrograd: str
    microbp: str

    def jobs(self) -> list[Job]:
        return [(library, workload) for library in LIBRARIES if (workload := getattr(self, library))]


COMPARISONS = [
    Comparison("w1–w8", "w1-w8", "w1-w8"),
    Comparison("demo, plain nodes", "demo", "demo"),
    Comparison("demo, nn", "demo", "demo-nn"),  # micrograd's is the same job as in the line above, timed once
    Comparison("chain 1e4", "chain-1e4", "chain-1e4"),
    Comparison("chain 1e6", "", "chain-1e6"),
]
JOBS: list[Job] = list(dict.fromkeys(job for c in COMPARISONS for job in c.jobs()))


def run(job: Job, *task: str) -> Measured:
    """One task of `workloads.py` in its own process."""
    command = [sys.executable, str(Path(__file__).with_name("workloads.py")), *job, *task]
    measured: Measured = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return measured


def disagreements() -> list[str]:
    """Where loss or gradients of the two libraries differ by more than 1e-9, relatively."""
    found = []
    for c in COMPARISONS:
        if not c.micrograd:
            continue
        theirs, ours = (run(job, "gradients") for job in c.jobs())
        pairs = zip([theirs["loss"], *theirs["gradients"]], [ours["loss"], *ours["gradients"]], strict=True)
        wrong = [(k, a, b) for k, (a, b) in enumerate(pairs) if not math.isclose(a, b, rel_tol=1e-9)]
        found += [f"{c.name}: {f'gradient {k}' if k else 'loss'} is {a!r} and {b!r}" for k, a, b in wrong]
    return found


def measure(rounds: int) -> dict[Job, list[Measured]]:
    """For each job what was measured in each round; memory is counted, not timed, and so the same in all of them."""
    counted = {job: run(job, "memory") for job in JOBS}
    results: dict[Job, list[Measured]] = {job: [] for job in JOBS}
    for k in range(rounds):
        for job in JOBS[:: -1 if k % 2 else 1]:
            results[job].append(counted[job] | run(job, "speed"))
    return results


def ratios(over: list[Measured], under: list[Measured], key: str, per: str = "") -> list[float]:
    """The ratios of one measurement, round by round; `per="operations"` for what an operation takes."""

    def figure(m: Measured) -> float:
        return float(m[key] / m[per] if per else m[key])

    return [figure(a) / figure(b) for a, b in zip(over, under, strict=True)]


def spread(values: list[float], digits: int = 1) -> str:
    """The median and the range."""
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return f"{median(values):.{digits}f}" + (f" ({low}–{high})" if low != high else "")


def table(align: str, rows: list[list[str]]) -> str:
    """Columns of text, aligned as `align` says, one of < and > for each; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{x:{a}{w}}" for x, a, w in zip(row, align, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def figures(results: dict[Job, list[Measured]]) -> str:
    """What each library does for each workload."""
    header = ["workload", "library", "operations", "ms/step", "in gc", "forward ns/op", "backward ns/op"]
    header += ["forward B/op", "backward B/op", "peak MB"]
    rows = [header]
    for c in COMPARISONS:
        if not c.micrograd:
            rows.append([c.name, "micrograd", *["n/a"] * 8])
        for library, workload in c.jobs():
            rounds = results[library, workload]
            m = {key: median(r[key] for r in rounds) for key in rounds[0]}
            n = m["operations"]
            row = [c.name, library, f"{n:.0f}", f"{m['step'] * 1e3:.4g}", f"{m['collection'] / m['step']:.0%}"]
            row += [f"{m[key] / n * 1e9:.0f}" for key in ("forward", "backward")]
            row += [f"{m[key] / n:.0f}" for key in ("held_forward", "held_backward")]
            rows.append([*row, f"{m['peak'] / 1e6:.0f}"])
    return table("<<" + 8 * ">", rows)


def compared(results: dict[Job, list[Measured]]) -> str:
    """The ratios micrograd/microbp for the whole step, and for what it is made of."""
    columns = {
        "step": ("step",),
        "forward": ("forward",),
        "backward": ("backward",),
        "graph bytes": ("held_backward",),
        "bytes/op": ("held_backward", "operations"),
        "peak": ("peak",),
    }
    rows = [["micrograd/microbp", *columns]]
    for c in COMPARISONS:
        if c.micrograd:
            theirs, ours = (results[job] for job in c.jobs())
            rows.append([c.name, *(spread(ratios(theirs, ours, *column)) for column in columns.values())])
    return table("<" + len(columns) * ">", rows)


def targets(results: dict[Job, list[Measured]]) -> list[list[str]]:
    """What was aimed at, beside what was reached."""
    rows = [["target", "aim", "reached", ""]]
    w1_w8, plain, nn, chain, _ = COMPARISONS
    for c, least in ((w1_w8, 2.7), (plain, 13), (nn, 60)):
        theirs, ours = (results[job] for job in c.jobs())
        faster = ratios(theirs, ours, "step")
        rows.append([f"{c.name}: times as fast", f"≥ {least}", spread(faster), verdict(median(faster) >= least)])
    for c in (w1_w8, plain, nn, chain):  # not for an operation: a node of nn does the work of many, and so takes more
        theirs, ours = (results[job] for job in c.jobs())
        share = ratios(ours, theirs, "held_backward")
        rows.append(
            [f"{c.name}: the graph's bytes over micrograd's", "≤ 0.2", spread(share, 3), verdict(median(share) <= 0.2)]
        )
    long, short = results["microbp", "chain-1e6"], results["microbp", "chain-1e4"]
    growth = {key: ratios(long, short, key, "operations") for key in ("step", "forward", "backward")}
    met = verdict(median(growth["step"]) <= 2)
    rows.append(["chain: ns/op at 1e6 over 1e4", "≤ 2", spread(growth["step"], 2), met])
    rows += [[f"  the same for {key} alone", "", spread(growth[key], 2), ""] for key in ("forward", "backward")]
    return rows


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def limits() -> dict[str, float | None]:
    """How far micrograd's recursive backward gets: seconds of one step, or None for a RecursionError."""
    tries: dict[str, float | None] = {}
    for length, depth in (("1e4", "shallow"), ("1e6", "deep")):
        try:
            tries[f"{length} {depth}"] = run(("micrograd", f"chain-{length}"), "attempt", depth)["seconds"]
        except (subprocess.CalledProcessError, json.JSONDecodeError):  # the stack overflowed, or memory ran out
            tries[f"{length} {depth}"] = None
    return tries


def explained(tries: dict[str, float | None]) -> str:
    """The n/a in the table, in words."""
    said = {key: "failed" if s is None else f"took {s:.1f} s" for key, s in tries.items()}
    return (
        "micrograd's backward recurses. With Python's own recursion limit a chain of 1e4 "
        f"{said['1e4 shallow']}; its line above is\nfor a limit of 10 million and a stack of 512 MB. "
        f"With these, a single try at 1e6, which is not compared, {said['1e6 deep']}."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each job is timed (default 5)")
    parser.add_argument("--json", action="store_true", help="print every measurement as JSON instead of tables")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    if wrong := disagreements():
        sys.exit("The gradients differ, so nothing is timed.\n" + "\n".join(wrong[:10]))
    results, tries = measure(args.rounds), limits()
    if args.json:
        print(json.dumps({"rounds": {" ".join(job): r for job, r in results.items()}, "micrograd chain": tries}))
        return 0
    print(f"Python {platform.python_version()}, {args.rounds} rounds: median (range). Gradients agree to 1e-9.\n")
    reached = targets(results)
    print(figures(results), explained(tries), compared(results), table("<>><", reached), sep="\n\n")
    return int(any(row[-1] == verdict(False) for row in reached))


if __name__ == "__main__":
    sys.exit(main())
