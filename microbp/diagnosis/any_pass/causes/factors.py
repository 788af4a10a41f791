"""Numbers that a gradient may be off by, and what they are in a pass.

>>> Factors({"h": (8, 5)}).name(0.125), Factors({"h": (8, 5)}).name(-2.0), Factors({}).name(0.7316)
('1/8 (8 is the length of axis 0 of h)', '-2', None)
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from microbp.printing import say

CLOSE = 1e-7


class Factors:
    """The factors that one expects between arrays of these shapes: small numbers, lengths of axes, their roots."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.known = {2.0: "2", 0.5: "1/2", 3.0: "3", 1 / 3: "1/3", 4.0: "4", 0.25: "1/4"}
        lengths: dict[int, str] = {}
        for name, shape in shapes.items():
            for axis, n in enumerate(shape):
                lengths.setdefault(n, say("{n} is the length of axis {axis} of {name}", n=n, axis=axis, name=name))
            if len(shape) > 1:
                size = math.prod(shape)
                lengths.setdefault(size, say("{n} is the size of {name}", n=size, name=name))
        for n, said in lengths.items():
            if n < 2:
                continue
            self.known |= {float(n): _because(n, said), 1 / n: _because(f"1/{n}", said)}
        for n, said in lengths.items():
            if n < 3:
                continue
            more = {
                n / (n - 1): f"{n}/{n - 1}",
                (n - 1) / n: f"{n - 1}/{n}",
                n - 1.0: f"{n} - 1",
                1 / (n - 1): f"1/({n} - 1)",
                math.sqrt(n): f"√{n}",
                1 / math.sqrt(n): f"1/√{n}",
                2.0 * n: f"2·{n}",
                2 / n: f"2/{n}",
                n / 2: f"{n}/2",
                1 / (2 * n): f"1/(2·{n})",
            }
            for number, text in more.items():
                self.known.setdefault(number, _because(text, said))

    def name(self, factor: float) -> str | None:
        """The factor in words, None if it is none that one expects."""
        if not math.isfinite(factor) or factor == 0:
            return None
        for number, text in self.known.items():
            if abs(abs(factor) - number) <= CLOSE * number:
                return f"-{text}" if factor < 0 else text
        if abs(abs(factor) - 1) <= CLOSE:
            return "-1" if factor < 0 else "1"
        return None


def _because(factor: object, why: str) -> str:
    return say("{factor} ({why})", factor=factor, why=why)
