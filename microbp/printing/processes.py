"""Programs that are run for what they print: whatever they leave behind, nobody waits for it without an end.

>>> answer = in_background(lambda: 2 + 3)
>>> answer(60.0)
5
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import IO, TypeVar

Found = TypeVar("Found")
GRACE = 1.0
"""Seconds for what a program printed last to arrive when it has ended: what has left its group can keep a pipe open."""
_AT_ONCE = 1 << 16


def in_background(work: Callable[[], Found]) -> Callable[[float], Found]:
    """Begins work that may never end, such as to read from a program; the function returned waits for what is found.

    It waits so many seconds, may be called again, and raises `TimeoutError` as long as nothing is found, or what the
    work raised. A program that has left its group can hold a pipe open when all of the group has ended: a thread that
    reads from it is left behind, with what it reads from.
    """
    found: list[Found] = []
    raised: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)
        done.set()

    threading.Thread(target=run, daemon=True).start()

    def wait(seconds: float) -> Found:
        done.wait(seconds)  # a thread that was joined when Ctrl-C came is taken for one that has ended
        for error in raised:
            raise error
        for value in found:
            return value
        raise TimeoutError

    return wait


def read_until(stream: IO[bytes], most: int, last: bytes | None = None) -> bytes:
    """What a pipe gives until its end, or what ends in `last`; about `most` bytes of it, if there are more."""
    content = bytearray()
    while len(content) < most and (more := os.read(stream.fileno(), _AT_ONCE)):
        content += more
        if last is not None and content.endswith(last):
            break
    return bytes(content)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and, where there are groups of processes, all of the one that it was started with."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # none of them is left
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()
