"""Which tests are asked: those that run the changed line, the shortest first: one failure is enough."""

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


class Watch:
    """A plugin of pytest that finds out which lines of a file each test runs, and how long each takes."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.seen: dict[str, Seen] = {}
        self._lines: set[int] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines, began = set(), time.process_time()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seen[item.nodeid] = Seen(time.process_time() - began, sorted(self._lines))

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self.path else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._lines.add(frame.f_lineno)
        return self._line


class InOrder:
    """A plugin of pytest that lets those tests run that run one of these lines, the shortest first; if none does, all.

    A test that takes many times as long as it did ends the process; one that only waits, for a pipe that nobody opens,
    takes no time of the processor, and is measured by the clock.
    """

    def __init__(self, lines: range, seen: dict[str, Seen]) -> None:
        self.lines, self.seen = lines, seen

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if self._of(item).runs(self.lines)] or items
        items[:] = sorted(chosen, key=lambda item: self._of(item).seconds)

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
        """Those with such a test."""
        return sorted({name.partition("::")[0] for name, test in self.seen.items() if test.runs(self.lines)})

    def _of(self, item: pytest.Item) -> Seen:
        return self.seen.get(item.nodeid, Seen(0.0, []))
