"""A bar for what takes long, on a terminal: nothing anywhere else, nor without tqdm."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(total: int | None, unit: str) -> Iterator[Callable[[int, str], None]]:
    """Yields what is to be called with how many of `total` are done, and a word on the last of them.

    >>> with progress(2, "step") as show:
    ...     show(1, "loss 0.5")
    """
    try:
        tqdm = importlib.import_module("tqdm").tqdm if sys.stderr.isatty() else None
    except ImportError:
        tqdm = None
    if tqdm is None:
        yield lambda done, said: None
        return
    with tqdm(total=total, unit=unit, leave=False) as bar:

        def show(done: int, said: str) -> None:
            bar.update(done - bar.n)
            bar.set_postfix_str(said, refresh=False)

        yield show
