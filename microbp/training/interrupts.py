"""Ctrl-C in a long run: the step under way ends first, so that nothing is half changed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Lets a step end before Ctrl-C takes effect: gives a function that says whether it was pressed.

    A second Ctrl-C is not held back. Elsewhere than in the main thread, where Python takes no signals, and in a process
    that was told to ignore Ctrl-C, it does nothing.
    """
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL  # None if it was not set from Python
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield pressed.is_set
        return

    def hold(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, hold)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
