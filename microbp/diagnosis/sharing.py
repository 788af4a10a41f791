"""Work on many files that several processes share.

>>> list(shared(lambda path, name: f"{name}: {path}", [Path("1.npz"), Path("2.npz")], ["ada", "bob"], jobs=1))
['ada: 1.npz', 'bob: 2.npz']
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

Row = TypeVar("Row")


def shared(one: Callable[[Path, str], Row], files: Sequence[Path], names: Sequence[str], jobs: int) -> Iterator[Row]:
    """A row for each file, in their order, from so many processes. If one of these is killed, the rest is done here."""
    done = 0
    if jobs > 1:
        # Ctrl-C is for this process alone, which then waits for the files that are being read.
        with ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
            try:
                for row in pool.map(one, files, names, chunksize=1 + len(files) // (8 * jobs)):
                    yield row
                    done += 1
            except BrokenProcessPool:
                pass
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    yield from map(one, files[done:], names[done:])
