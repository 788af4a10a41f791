"""The functions that a line of a pass can call, beside NumPy's.

>>> z = np.array([[0.0], [2.0]])
>>> functions()["sigmoid1"](z)[0].item(), functions()["without"](z, 0).ravel().tolist()
(0.25, [0.0, 2.0])
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from microbp.problems.exercise import Floats
from microbp.vectorized import OUTPUTS, softmax


def _rows(x: Floats, i: int, own: float, others: float) -> Floats:
    """The rows of x, each times a factor: row i times its own."""
    factors = np.full((len(x), 1), others, dtype=x.dtype)
    factors[i] = own
    return factors * x


def _slope(f: Any, prime: Any, z: Any, a: Any = None) -> Floats:
    of_value = f is softmax  # all others are of z alone
    return prime(z, f(z) if a is None and of_value else a)  # type: ignore[no-any-return]  # of arrays it makes arrays


@lru_cache(maxsize=1)
def functions() -> dict[str, Any]:
    """Every activation by name with its derivative, softmax1 of z and a; and what takes rows out of an array."""
    found: dict[str, Any] = {"softmax": softmax, "diagonal": np.diag}
    for name, factors in (("without", (0.0, 1.0)), ("only", (1.0, 0.0)), ("twice", (2.0, 1.0))):
        found[name] = partial(_rows, own=factors[0], others=factors[1])
    for name, (f, prime) in OUTPUTS.items():
        found |= {name: f, f"{name}1": partial(_slope, f, prime)}
    return found
