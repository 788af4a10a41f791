"""Work on many files that several processes share.

>>> list(shared(lambda path, name: f"{name}: {path}", [Path("1.npz"), Path("2.npz")], ["ada", "bob"], jobs=1))
['ada: 1.npz', 'bob: 2.npz']
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

Row = TypeVar("Row")


def shared(one: Callable[[Path, str], Row], files: Sequence[Path], names: Sequence[str], jobs: int) -> Iterator[Row]:
    """A row for each file, in their order, from so many processes. If one of these is killed, the rest is done here."""
    done = 0
    if jobs > 1:
        others = set(active_children())
        with ProcessPoolExecutor(jobs, initializer=_begin) as pool:
            try:
                for row in pool.map(one, files, names, chunksize=1 + len(files) // (8 * jobs)):
                    yield row
                    done += 1
            except BrokenProcessPool:
                pass
            except BaseException:
                _end(pool, others)
                raise
    yield from map(one, files[done:], names[done:])


def _end(pool: ProcessPoolExecutor, others: set[BaseProcess]) -> None:
    """Ends the processes that there are besides others; a second Ctrl-C meanwhile would leave some of them."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    pool.shutdown(wait=False, cancel_futures=True)
    while workers := set(active_children()) - others:  # each may have one more file to begin
        for worker in workers:
            worker.terminate()
        workers.pop().join(0.3)
    if main:
        signal.signal(signal.SIGINT, before)


def _begin() -> None:
    """Ctrl-C is for the process that waits; it ends this one, which then ends what it runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
