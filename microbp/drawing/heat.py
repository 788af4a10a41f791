"""Gradients coloured by magnitude, on a logarithmic scale: what vanishes turns cold, what explodes turns hot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from microbp.printing import number_text


@dataclass(frozen=True)
class Scale:
    """Which colour a magnitude has: the k-th for at least `bounds[k]`, and less than the next."""

    colours: Sequence[str]
    bounds: Sequence[float]

    @classmethod
    def over(cls, grads: Iterable[float], colours: Sequence[str]) -> Scale:
        """The scale on which these fit: whole powers of ten, one or more of them a colour.

        >>> Scale.over([1.0, -0.002, 0.0], ["a", "b", "c", "d"]).bounds
        (0.001, 0.01, 0.1, 1.0)
        """
        sizes = [abs(g) for g in grads if g and math.isfinite(g)]
        if not sizes:
            return cls(colours[:1], (1.0,))
        low, high = (math.floor(math.log10(size)) for size in (min(sizes), max(sizes)))
        width = -(-(high - low + 1) // len(colours))
        count = -(-(high - low + 1) // width)
        chosen = [colours[round(k * (len(colours) - 1) / max(count - 1, 1))] for k in range(count)]
        return cls(chosen, tuple(float(f"1e{high + 1 - width * (k + 1)}") for k in reversed(range(count))))

    def colour(self, grad: float | None) -> str | None:
        """The colour of a grad; `None` for one that is not there, and for 0, which has no magnitude.

        >>> scale = Scale.over([1.0, 0.002], ["cold", "tepid", "warm", "hot"])
        >>> scale.colour(-0.05), scale.colour(2.0), scale.colour(0.0), scale.colour(float("nan"))
        ('tepid', 'hot', None, 'hot')
        """
        if not grad:
            return None
        k = sum(abs(grad) >= bound for bound in self.bounds) if math.isfinite(grad) else len(self.bounds)
        return self.colours[max(k - 1, 0)]

    def swatches(self) -> list[tuple[str, str]]:
        """The scale bar, from cold to hot: (colour, the least magnitude it stands for)."""
        return [(c, f"≥ {number_text(b)}") for c, b in zip(self.colours, self.bounds, strict=True)]
