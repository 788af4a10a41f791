"""Which tests are asked: those that run the changed line, the shortest first: one failure is enough.

What a line made at the import, other tests use: of such a line they are asked, too.
"""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest


class Seen(NamedTuple):
    """What a test did while nothing was changed."""

    seconds: float
    lines: list[int]
    """Those that it ran of the module."""

    def runs(self, lines: range) -> bool:
        """Whether one of them is among these."""
        return any(line in lines for line in self.lines)


AT_IMPORT = ""
"""In the place of a test's name."""


class Watch:
    """A plugin of pytest that finds out which lines of a file each test runs and the import, and how long they take."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.seen: dict[str, Seen] = {}
        self._lines: set[int] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        return (yield from self._watched(AT_IMPORT))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self._watched(item.nodeid))

    def _watched(self, name: str) -> Iterator[None]:
        self._lines, began = set(), time.process_time()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seen[name] = Seen(time.process_time() - began, sorted(self._lines))

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self.path else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._lines.add(frame.f_lineno)
        return self._line


class InOrder:
    """A plugin of pytest that lets those tests run that run one of these lines, the shortest first, and then all others
    if none does or the import did.

    A test that takes many times as long as it did ends the process; one that only waits, for a pipe that nobody opens,
    takes no time of the processor, and is measured by the clock.
    """

    def __init__(self, lines: range, seen: dict[str, Seen]) -> None:
        self.seen = seen
        self.running = {name for name, test in seen.items() if test.runs(lines)}
        self.all_asked = not self.running or AT_IMPORT in self.running

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        asked = [item for item in items if self.all_asked or item.nodeid in self.running]
        items[:] = sorted(asked, key=lambda item: (item.nodeid not in self.running, self._of(item).seconds))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        seconds = 5 * self._of(item).seconds + 3
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, 10 * seconds)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def files(self) -> list[str]:
        """Those with such a test, or none where all are asked."""
        return sorted({name.partition("::")[0] for name in self.running if not self.all_asked})

    def _of(self, item: pytest.Item) -> Seen:
        return self.seen.get(item.nodeid, Seen(0.0, []))
