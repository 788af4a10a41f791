"""A compiled function over many samples, a batch at a time, on whatever processes there are: `f.map_batches`.

>>> import numpy as np
>>> from microbp import Value, compile
>>> x, w = Value(1.0, label="x"), Value(2.0, label="w")
>>> f = compile((w * x) ** 2, [x, w], [w], target="numpy", batch=[0])
>>> value, (dw,) = f.map_batches(np.arange(5.0), 2.0, rows=2)
>>> float(value), float(dw)
(120.0, 120.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np

from microbp.errors import ShapeError
from microbp.formula.compiled import load_source


@dataclass(frozen=True)
class MapBatches:
    """What `f.map_batches` is: it goes to other processes as the source of `f`."""

    source: str
    made: str
    batch: frozenset[int]
    """The arguments that have a row for each sample."""
    whole: tuple[bool, ...]
    """For the value and each gradient, whether it has such rows too: these are put together, the others are added."""
    mean: bool

    def __call__(self, *arguments: Any, rows: int = 1000, executor: Executor | None = None) -> tuple[Any, list[Any]]:
        """What `f(*arguments)` gives, from batches of so many rows, added up in their order: so it is the same to the
        last bit wherever each is computed, by an `executor` as of `concurrent.futures`, or here.

        Raises `ShapeError` if the arguments differ in their samples, or there are none, and for rows that are no whole
        number of 1 or more.
        """
        if not isinstance(rows, Integral) or rows < 1:
            raise ShapeError(f"map_batches needs rows, the samples in a batch: 1 or more, a whole number; got {rows!r}")
        counts = sorted({len(arguments[k]) for k in self.batch})
        if len(counts) > 1 or not counts[0]:
            got = ", ".join(map(str, counts))
            raise ShapeError(f"map_batches needs the same number of samples, 1 or more, in each argument; got {got}")
        (m,) = counts
        pieces = [
            tuple(x[k : k + rows] if i in self.batch else x for i, x in enumerate(arguments)) for k in range(0, m, rows)
        ]
        found = list((executor.map if executor else map)(self.one, pieces))
        shares = [min(rows, m - k) / m if self.mean else 1.0 for k in range(0, m, rows)]
        columns = zip(*((value, *grads) for value, grads in found), strict=True)
        value, *grads = (
            np.concatenate([part * share for part, share in zip(column, shares, strict=True)])
            if whole
            else sum(part * share for part, share in zip(column, shares, strict=True))
            for column, whole in zip(columns, self.whole, strict=True)
        )
        return value, grads

    def one(self, arguments: Sequence[Any]) -> Any:
        """What the function makes of one batch."""
        return _loaded(self.source, self.made)(*arguments)


@lru_cache(maxsize=64)
def _loaded(source: str, made: str) -> Any:
    return load_source(source, f"<microbp {made} of batches>", {})[made]
