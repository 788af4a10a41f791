"""One thread for NumPy while small matrices are multiplied: more would wait for each other longer than they compute.

>>> with one_thread():
...     np.ones((2, 2)) @ np.ones(2)
array([2., 2.])
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import numpy as np

SETTINGS = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL"))
"""The variables by which users say how many threads they want."""
_lock = threading.RLock()
_inside: list[int] = []
"""How many threads there were before each of those that are inside now, in any thread of Python."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Gives NumPy's OpenBLAS one thread, unless the user said how many; afterwards it has as many as before.

    It holds for the whole process until the last is out, and may be nested. Any other library stays as it is.
    """
    found = None if any(name in os.environ for name in SETTINGS) else openblas()
    if found is None:
        yield
        return
    count, set_count = found
    with _lock:
        _inside.append(count())
        set_count(1)
    try:
        yield
    finally:
        with _lock:
            before = _inside.pop()
            if not _inside:
                set_count(before)


@cache
def openblas() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """What tells, and what sets, how many threads NumPy's OpenBLAS has; None if it was built with another library."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
        for name in (f"{prefix}openblas_{{}}_num_threads{bits}" for prefix in ("scipy_", "") for bits in ("64_", "")):
            with suppress(AttributeError):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None
