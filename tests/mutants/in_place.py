"""Mutants of functions, tried where the package is loaded and the tests are collected: a fork, new code, the tests.

That takes a third of a second instead of two or three. What a function did while the package was imported is not done
anew: so what survives here is tried once more from the beginning, as is what is in no function.
"""

import ast
import functools
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.mutants.mutate import Mutant
from tests.mutants.order import InOrder, Seen, Watch


class InPlace:
    """A plugin of pytest that watches the tests, and then tries each mutant with those that run its line."""

    def __init__(self, path: Path, module: str, chosen: list[Mutant]) -> None:
        self.path, self.module, self.chosen = path, f"microbp.{module}", chosen
        self.watch = Watch(path)
        self.seen: dict[str, Seen] = {}
        self.noticed: list[int] = []
        """Which of the mutants a test has noticed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        return (yield from self.watch.pytest_collection())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        result = Path("watched")

        def watched() -> None:
            _run(session, session.items, self.watch)
            result.write_text(json.dumps(self.watch.seen))

        if not _ends_well(watched):
            session.testsfailed = 1
            return True
        self.seen = {name: Seen(*what) for name, what in json.loads(result.read_text()).items()}
        original = ast.unparse(ast.parse(self.path.read_text("utf-8")))
        for k, mutant in enumerate(self.chosen):
            those = [item for item in session.items if self.seen[item.nodeid].runs(mutant.lines)]
            changed = function_and_code(self.module, mutant, original) if those else None
            if changed and not _ends_well(functools.partial(self._tried, session, those, mutant, *changed)):
                self.noticed.append(k)
        return True

    def _tried(
        self, session: pytest.Session, those: list[Any], mutant: Mutant, f: FunctionType, code: CodeType
    ) -> None:
        f.__code__ = code
        order = InOrder(mutant.lines, self.seen)
        order.pytest_collection_modifyitems(those)
        _run(session, those, order)


def _run(session: pytest.Session, items: list[Any], plugin: Watch | InOrder) -> None:
    """Runs the tests up to the first that fails."""
    session.config.pluginmanager.register(plugin)
    for item in items:
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            sys.exit(1)


def _ends_well(work: Callable[[], None]) -> bool:
    """Whether nothing is raised by it in a fork of this process, which ends with all that it started."""
    pid = os.fork()
    if not pid:
        os.setsid()
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    status = os.waitpid(pid, 0)[1]
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return status == 0


def function_and_code(module: str, mutant: Mutant, original: str) -> tuple[FunctionType, CodeType] | None:
    """The function that a mutant is in and its new code, if the change is in its code alone."""
    found: Any = importlib.import_module(module)
    old, new = (compile(source, found.__file__, "exec") for source in (original, mutant.source))
    for name in filter(None, mutant.where.split(".")):
        codes = [[c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name] for code in (old, new)]
        if [len(same) for same in codes] != [1, 1] or name not in vars(found):
            return None  # a property with a setter, or one of two functions
        ((old,), (new,)), found = codes, _unwrapped(vars(found)[name])
        if isinstance(found, FunctionType):
            fits = found.__code__.co_name == name and found.__code__.co_freevars == new.co_freevars
            return (found, new) if fits and old != new else None
    return None


def _unwrapped(thing: Any) -> Any:
    match thing:
        case property():
            return _unwrapped(thing.fget)
        case functools.cached_property():
            return _unwrapped(thing.func)
    return _unwrapped(thing.__wrapped__) if hasattr(thing, "__wrapped__") else thing
