"""How many units in the last place (ulp) every operation and every derivative is off, in Python and in NumPy.

`python -m tests.engine.accuracy` prints the table. The truth is computed with mpmath to 60 digits, from definitions
that share nothing with the rows of the table; the numbers are logarithmically spread over all doubles of a domain, with
tails, subnormals, the neighbourhood of zeros and the edges of overflow.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np

from microbp import Value, errstate
from microbp.engine import apply, constant
from microbp.engine.ops import OPS, Op
from tests.engine.truth import TERMS, TRUTH

DIGITS = 60
MOST = 4.0
"""The ulp that anything may be off."""
SUBNORMAL, LARGEST = 5e-324, sys.float_info.max


EDGES = (0.0, 1.0, 2.0, 0.5, 1e-16, 1e-8, 20.0, 30.0, 36.0, 36.9, 37.1, 40.0, 355.0, 372.0, 700.0, 708.0, 709.7, 710.0)
EDGES += (740.0, 744.0, 745.0, 745.13, 746.0, 1e3, 1e10, 1e155, 1e300, 1e-155, 1e-300, 2.2e-308, 1e-310)
EDGES += (SUBNORMAL, LARGEST)
EDGES += (math.pi, math.pi / 2, 355.0 * math.pi, 1e22, 0.55, 1.0 + 2**-52, 1.0 - 2**-53, 1.0 + 1e-8, 3.0, 7.0, 8.0)


DOMAINS = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt"), (0.0, math.inf)),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), (-1.0, 1.0)),
    "log1p": (-1.0, math.inf),
    "arccosh": (1.0, math.inf),
}
"""Where an operation is a real number and has a derivative, if not everywhere."""


def _around(*centres: float) -> Callable[[random.Random], float]:
    return lambda rng: rng.choice(centres) * (1 + rng.choice((1, -1)) * 10 ** rng.uniform(-16, 0))


NEAR = {
    **dict.fromkeys(("arcsin", "arccos", "arctanh", "arccosh", "log2", "log10"), _around(1.0, -1.0)),
    "tan": lambda rng: rng.randint(-(10**6), 10**6) * (math.pi / 2),
    "exp2": lambda rng: rng.uniform(-1080, 1026),
    **dict.fromkeys(("erf", "erfc"), lambda rng: rng.uniform(-28, 28)),
    "gelu": lambda rng: rng.choice((rng.uniform(-40, 10), _around(-0.7517916243601, -37.0)(rng))),
    "silu": lambda rng: rng.choice((rng.uniform(-760, 60), _around(-1.2784645427610738)(rng))),
}
"""Where it is hard besides: poles and edges, tails, zeros of the derivative."""


def numbers(rng: random.Random, count: int, low: float) -> list[float]:
    """Numbers over all orders of magnitude, and over those that decide: from `low` (−∞, −1 or 0) upwards."""
    found = []
    while len(found) < count:
        kind = rng.random()
        if kind < 0.2:
            x = rng.choice(EDGES) * (1 + rng.choice((0, 0, 1e-15, -1e-15, 1e-4)))
        elif kind < 0.5:
            x = math.ldexp(rng.random() + 0.5, rng.randint(-1074, 1023))
        elif kind < 0.8:
            x = math.ldexp(rng.random() + 0.5, rng.randint(-60, 11))
        else:
            x = rng.uniform(0, 750)
        x = x if rng.random() < 0.5 else -x
        if x > low and math.isfinite(x):
            found.append(x)
    return found


def ulps(got: float, right, size=0) -> float:
    """How far a double is from the truth, in units of the last place of the truth, or of `size` if that is larger."""
    if right == 0 or abs(right) < mpmath.mpf(SUBNORMAL) / 2:
        return abs(got) / SUBNORMAL
    nearest = float(right)
    if math.isinf(nearest) or math.isinf(got):
        # What is rounded to inf is right if the last double would be as well, within the bound.
        edge = abs(right) / mpmath.mpf(LARGEST) - 1
        return (
            0.0
            if math.isinf(nearest) and (math.isinf(got) or got == math.copysign(LARGEST, nearest))
            else (0.0 if math.isinf(got) and got * nearest > 0 and edge > -MOST * 2**-53 else math.inf)
        )
    unit = mpmath.mpf(math.ulp(max(abs(nearest), float(size))))
    return math.inf if math.isnan(got) else float(abs(mpmath.mpf(got) - right) / unit)


def samples(op: Op, count: int, seed: int = 0) -> list[tuple[float, ...]]:
    """Inputs from all over the domain of an operation."""
    rng = random.Random(seed)
    low, high = DOMAINS.get(op.name, (-math.inf, math.inf))
    if op.arity == 1:
        more = [near(rng) for near in (NEAR.get(op.name),) if near for _ in range(count)]
        return [(x,) for x in [*numbers(rng, count, low), *more] if low < x < high]
    if op.name == "where":
        return [
            (rng.choice((0.0, -0.0, x)), x, y) for x, y in zip(*(numbers(rng, count, low) for _ in "xy"), strict=True)
        ]
    pairs = list(zip(numbers(rng, count, low), numbers(rng, count, low), strict=True))
    if "pow" not in op.name:
        return [(x, y) for x, y in pairs if op.name != "div" or y] + [(x, x) for x, _ in pairs[:20] if x]
    powers = []
    for x, y in pairs:
        base, exponent = abs(x) or 0.5, y
        match rng.randrange(5):
            case 0:  # the result anywhere between underflow and overflow
                exponent = rng.uniform(-760, 730) / (math.log(base) or 1.0)
            case 1:
                exponent = float(rng.randint(-12, 12))
            case 2:
                exponent = rng.uniform(-3, 8)
            case 3:
                base, exponent = 1.0 + rng.uniform(-1, 1) * 10 ** rng.uniform(-16, 0), 10 ** rng.uniform(0, 18)
                base = base or 0.5
                exponent *= rng.choice((1, -1))
        powers.append((base, exponent))
    return powers


@dataclass
class Worst:
    """The largest error of one formula, and where."""

    ulp: float = 0.0
    at: tuple[float, ...] = ()

    def see(self, ulp: float, at: tuple[float, ...]) -> None:
        if not ulp <= self.ulp:
            self.ulp, self.at = ulp, at


def measure(op: Op, count: int, seed: int = 0) -> dict[str, Worst]:
    """The worst of each: "value" and "by x", with "numpy" for the NumPy code."""
    found: dict[str, Worst] = {}

    def see(what: str, got: float, right, code: str = "") -> None:
        size = TERMS.get((op.name, what), lambda *_: 0)(*exact)
        found.setdefault(what + code, Worst()).see(ulps(got, right, size), place)

    value, *partials = TRUTH[op.name]
    places = samples(op, count, seed)
    with errstate("ignore"), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        columns = [np.array(column) for column in zip(*places, strict=True)]
        (outs,) = op.numpy(*columns)
        slopes = op.numpy_partials(*columns, outs)
        for k, place in enumerate(places):
            exact = tuple(map(mpmath.mpf, place))
            inputs = tuple(constant(x, op) if p is None else Value(x) for x, p in zip(place, op.partials, strict=True))
            node = apply(op, inputs)
            node.backward()
            right = value(*exact)
            see("value", node.data, right)
            see("value", float(outs[k]), right, ", NumPy")
            for name, x, slope, truth in zip(op.inputs, inputs, slopes, partials, strict=False):
                if op.partials[op.inputs.index(name)] is None or (op.arity == 2 and inputs[0] is inputs[1]):
                    continue
                if op.kink and "==" in op.kink and op.arity == 1 and place[0] == 0:
                    continue
                right = mpmath.mpf(truth(*exact))
                see(f"by {name}", x.grad, right)
                see(f"by {name}", float(np.broadcast_to(slope, len(places))[k]), right, ", NumPy")
    return found


def table(count: int, seed: int = 0, names=()) -> list[tuple[str, str, str, str]]:
    """A row for each formula."""
    rows = [("operation", "of", "ulp", "worst at")]
    with mpmath.workdps(DIGITS):
        for op in (OPS[name] for name in names or OPS):
            for what, worst in measure(op, count, seed).items():
                rows.append((op.name, what, f"{worst.ulp:.2f}", ", ".join(map(repr, worst.at))))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=3000, help="numbers for each operation")
    parser.add_argument("operations", nargs="*", choices=[*OPS, []], help="all unless named")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = table(options.count, options.seed, options.operations)
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    for row in rows:
        print("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
