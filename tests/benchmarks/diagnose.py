"""How often a planted mistake is named: `make bench-diagnose` prints the table.

Every mistake of the table is planted in random networks, at full precision and in six digits; pairs of mistakes; and
right gradients in every precision. `python tests/benchmarks/diagnose.py 5` takes five networks each instead of 20.
"""

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.passes import gradients
from microbp.diagnosis.rules import plan
from microbp.learner.reading import read
from microbp.tabular import markdown
from tests.planting import BY_CODE, SINGLE, named, random_case, rounded, with_mistakes


def one_by_one(networks, digits):
    """For each mistake: how often it was named first, among equals, as something else."""
    rows, times = [], []
    for number, code in enumerate(BY_CODE):
        if code == SINGLE:
            continue
        rng = np.random.default_rng([number, digits or 0])
        first = among = tried = 0
        instead = Counter()
        while tried < networks:
            found = with_mistakes(rng, [BY_CODE[code]], digits)
            if found is None:
                break
            case, given, _ = found
            start = time.perf_counter()
            codes = named(case, given)
            times.append(time.perf_counter() - start)
            tried += 1
            first += bool(codes) and codes[0] == (code,)
            among += (code,) in codes
            if (code,) not in codes:
                instead[" + ".join(codes[0]) if codes else "nothing"] += 1
            elif codes[0] != (code,):
                instead[f"({' + '.join(codes[0])})"] += 1
        said = ", ".join(f"{name} {count}" for name, count in instead.most_common())
        rows.append((code, str(tried), str(first), str(among), said))
        print(f"\r{code:<30}", end="", file=sys.stderr)
    return rows, times


def pairs(count):
    """How many random pairs of mistakes are named, and which are not."""
    rng = np.random.default_rng(3)
    codes = [mistake.code for mistake in MISTAKES if mistake.code != SINGLE]
    tried = hits = 0
    missed, times = Counter(), []
    while tried < count:
        pair = rng.choice(codes, 2, replace=False)
        found = with_mistakes(rng, [BY_CODE[code] for code in pair])
        if found is None:
            continue
        case, given, _ = found
        start = time.perf_counter()
        explanations = named(case, given)
        times.append(time.perf_counter() - start)
        tried += 1
        hit = sorted(pair) in [sorted(codes) for codes in explanations]
        hits += hit
        if not hit:
            said = " + ".join(explanations[0]) if explanations else "nothing"
            missed[f"{' + '.join(sorted(pair))} → {said}"] += 1
    return hits, tried, missed, times


def right(count):
    """How many right gradients get a mistake: in every form it must be none."""
    wrong = Counter()
    for seed in range(count):
        case = random_case(np.random.default_rng([7, seed]))
        truth = case.truth[1]
        single = gradients(case, plan(case, {"precision": "single"}))
        forms = {
            "exact": truth,
            "float32": {name: g.astype(np.float32) for name, g in truth.items()},
            "float32 as doubles": {name: g.astype(np.float32).astype(np.float64) for name, g in truth.items()},
            "computed in float32": {name: g.astype(np.float32) for name, g in single.items()},
            "computed in float32, as doubles": single,
            "6 digits": rounded(truth, 6),
            "9 decimals": {name: g.round(9) for name, g in truth.items()},
        }
        for form, numbers in forms.items():
            (given,) = read(case, numbers, loose=True)
            wrong[form] += named(case, given) != [("right",)]
    return wrong


def seconds(times):
    return f"Median {np.median(times):.2f} s, most {max(times):.2f} s."


def main():
    networks = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    head = ("planted", "networks", "named first", "named", "otherwise; in brackets: named first, as simple")
    for digits in (None, 6):
        rows, times = one_by_one(networks, digits)
        tried, among = (sum(int(row[k]) for row in rows) for k in (1, 3))
        print(f"\n## {'Full precision' if digits is None else f'{digits} digits'}\n\n{markdown(head, rows)}\n")
        print(f"Named: {among} of {tried} ({among / tried:.1%}). {seconds(times)}")
    hits, tried, missed, times = pairs(25 * networks)
    print(f"\n## Pairs\n\nNamed: {hits} of {tried} ({hits / tried:.1%}).", end=" ")
    print(f"{seconds(times)} Missed:\n")
    print("\n".join(f"- {said}: {count}" for said, count in missed.most_common()))
    wrong = right(50 * networks)
    print(
        "\n## Right gradients\n\n"
        + markdown(("form", f"mistakes in {50 * networks}"), [(k, str(v)) for k, v in wrong.items()])
    )


if __name__ == "__main__":
    main()
