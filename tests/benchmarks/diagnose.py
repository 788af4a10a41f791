"""How often a planted mistake is named: `make bench-diagnose` prints it, and writes the table in the reference anew.

Every mistake of the table is planted in random networks, at full precision and in six digits; pairs of mistakes; and
right gradients in every form. The networks are those of the tests.
"""

import re
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from microbp.comparing.answers.read import read_gradients
from microbp.printing import markdown
from tests.planting import PLANTED, named, pairs, right_forms, singles

REFERENCE = Path(__file__).parent.parent.parent / "examples" / "reference.md"
NETWORKS = 20
SEEDS = 1000
HEAD = ("planted", "named", "first", "named, of 6 digits", "first", "named first, or instead")


def timed(case, given, times):
    start = time.perf_counter()
    codes = named(case, given)
    times.append(time.perf_counter() - start)
    return codes


def one_by_one(digits, times):
    """For each mistake in how many networks it was named, in how many before all others, and what was in its place."""
    for code in PLANTED:
        print(f"\r{code:<30}", end="", file=sys.stderr)
        found = [timed(case, given, times) for case, given in singles(code, digits, NETWORKS)]
        others = [codes[0] if codes else ("nothing",) for codes in found if codes[:1] != [(code,)]]
        yield sum((code,) in codes for codes in found), len(found) - len(others), Counter(map(" + ".join, others))


def confusion(times):
    """The table, and how many of how many were named at full precision and of 6 digits."""
    full, six = (list(one_by_one(digits, times)) for digits in (None, 6))
    rows = [
        (f"`{code}`", str(a), str(b), str(c), str(d), ", ".join(f"`{o}` {n}" for o, n in (e + f).most_common()))
        for code, (a, b, e), (c, d, f) in zip(PLANTED, full, six, strict=True)
    ]
    return markdown(HEAD, rows), [sum(row[0] for row in found) for found in (full, six)]


def seconds(times):
    return f"median {np.median(times):.2f} s, most {max(times):.2f} s"


def main():
    times = []
    table, counts = confusion(times)
    of = NETWORKS * len(PLANTED)
    said = " and ".join(
        f"{count} of {of} {how}" for count, how in zip(counts, ("at full precision", "of 6 digits"), strict=True)
    )
    print(f"\n{table}\n\nNamed: {said}; {seconds(times)}.")
    reference = REFERENCE.read_text("utf-8")
    block = f"<!-- confusion -->\n{table}\n<!-- /confusion -->"
    written = re.sub("<!-- confusion -->.*<!-- /confusion -->", lambda _: block, reference, flags=re.DOTALL)
    REFERENCE.write_text(written, "utf-8")

    times, missed, tried = [], Counter(), 0
    for tenth in range(10):
        for pair, case, given in pairs(tenth, 50):
            codes = timed(case, given, times)
            tried += 1
            if pair not in map(sorted, codes):
                missed[f"{' + '.join(pair)} → {' + '.join(codes[0]) if codes else 'nothing'}"] += 1
    print(f"\nPairs: {tried - missed.total()} of {tried} named; {seconds(times)}. Missed:")
    print("\n".join(f"- {said}" for said in missed))

    wrong, times = Counter(), []
    for seed in range(SEEDS):
        case, forms = right_forms(seed)
        for form, numbers in forms.items():
            (given,) = read_gradients(case, numbers, loose=True)
            codes = timed(case, given, times)
            wrong[form] += codes != [("right",)]
    print(f"\nRight gradients: what got a mistake, of {SEEDS} each ({seconds(times)})")
    print("\n".join(f"- {form}: {count}" for form, count in wrong.items()))


if __name__ == "__main__":
    main()
