"""The factors that a learner is likely to have got wrong, and what each may mean.

>>> LikelyFactors(m=8, n=2).read(0.125), LikelyFactors(m=8, n=2).snap((1.999, 2.001))
('1/m one time too many', 2.0)
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

Interval = tuple[float, float]


OF_P = {
    1.0: "", 2.0: "a ½ is missing", 0.5: "a ½ too many", 4.0: "2² or 2·2", 0.25: "a ¼ too many",
    3.0: "added up three times", 1 / 3: "a third", **dict.fromkeys((5.0, 6.0, 8.0, 9.0), "added up that many times"),
    10.0: "ten times", 0.1: "a tenth", 0.2: "a fifth", 0.01: "a hundredth", 100.0: "a hundred times",
}  # fmt: skip
OF_M = {0: "", 1: "1/m is missing", -1: "1/m one time too many", 2: "1/m missing twice", -2: "1/m two times too many"}
OF_N = {0: "", -1: "a mean over the outputs, for a sum", 1: "a sum over the outputs, for a mean"}
"""What a power of the samples, or of the outputs, in a factor may mean."""


class LikelyFactors(NamedTuple):
    """The numbers that a factor is likely to be: p·mᵃ·nᵇ with few p, for m samples and n outputs."""

    m: int
    n: int

    @cache  # noqa: B019 - a small tuple is its own key
    def readings(self) -> tuple[tuple[float, str], ...]:
        """Each such number, positive, with what it may mean; the simplest first."""
        return tuple(
            (p * float(self.m) ** a * float(self.n) ** b, ", ".join(text for text in (plain, m, n) if text))
            for (b, n), (a, m), (p, plain) in product(OF_N.items(), OF_M.items(), OF_P.items())
            if (self.m > 1 or not a) and (self.n > 1 or not b)
        )

    def read(self, value: float) -> str:
        """What a factor may mean, the simplest first; nothing for one that is not nice."""
        near = [text for nice, text in self.readings() if abs(abs(value) - nice) <= 1e-6 * nice]
        few = min((text.count(",") for text in near), default=0)
        return ", or ".join(text for text in near if text.count(",") == few)

    def snap(self, interval: Interval) -> float | None:
        """The simplest nice number in an interval, 0 and negative ones too."""
        low, high = interval
        if low <= 0.0 <= high:
            return 0.0
        sign = -1.0 if high < 0 else 1.0
        low, high = sorted((sign * low, sign * high))
        return next((sign * value for value, _ in self.readings() if low <= value <= high), None)
