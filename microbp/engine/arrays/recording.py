"""What a forward pass in NumPy did, line by line, and NumPy's `zeros` made fit for values while it runs.

>>> from microbp.engine import array
>>> with recording() as record:
...     total = array([1.0, 2.0], "x").sum()
>>> [(group.op, group.array.shape) for group in record.groups]
[('add', ())]

`engine.arrays` reports every operation on arrays here: which nodes it made, and at which place of whose code. It works
without; only who wants to name a line of a derivation needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from threading import Lock
from types import CodeType, FrameType
from typing import Any

import numpy as np

from microbp.errors import GraphError

MOST_TERMS = 2_000_000
"""A recorded pass may have so many arrows (an addend of a product of matrices has two): 300 MB."""


MOST_CALLS = 6
"""Of calls within calls so many are told apart."""
Place = tuple[tuple[CodeType, int], ...]
"""Instructions, innermost first: the code and where in it."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one operation on arrays made: its nodes, and the code and the instruction that asked for it."""

    op: str
    array: Any
    """An object array of nodes."""
    place: Place


@dataclass
class Recording:
    """The operations of one forward pass, in order."""

    groups: list[Group] = field(default_factory=list)
    terms: int = 0

    def spend(self, terms: int) -> None:
        """Counts arrows that are about to be made. Raises `GraphError` if they are too many."""
        self.terms += terms
        if self.terms > MOST_TERMS:
            raise GraphError(
                f"this forward pass makes more than {MOST_TERMS:,} arrows between scalars, which is what is recorded "
                "at most: give it fewer samples, or smaller layers"
            )


_current: ContextVar[Recording | None] = ContextVar("recording", default=None)
_patching = Lock()
_patched = 0


def spend(terms: int) -> None:
    """Counts arrows that are about to be made, if anybody records."""
    if record := _current.get():
        record.spend(terms)


def note(op: str, made: Any) -> None:
    """Says that this array of nodes was made in one go, if anybody records."""
    if (record := _current.get()) and made.size:
        record.groups.append(Group(op, made, _place()))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in ("numpy", "microbp")


def _place() -> Place:
    """The instructions of others that led here, innermost first: those between NumPy or microbp and microbp again."""
    found: list[tuple[CodeType, int]] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and len(found) < MOST_CALLS:
        if not _is_ours(frame.f_globals.get("__name__", "")):
            found.append((frame.f_code, frame.f_lasti))
        elif found:
            break
        frame = frame.f_back
    return tuple(found)


@contextmanager
def recording() -> Iterator[Recording]:
    """Records, inside a `with` block, the operations on arrays of values.

    Meanwhile the constructors of NumPy (`zeros`, `empty`, `ones`, `full`, their `_like`s, `array`, `asarray`), called
    from outside of NumPy, make arrays that values can be put into: a loop that fills `np.zeros(shape)` works as it is.
    Other threads get what they always get.
    """
    token = _current.set(Recording())
    try:
        with _open_constructors():
            yield _current.get()  # type: ignore[misc]  # it was set two lines above
    finally:
        _current.reset(token)


CONSTRUCTORS: dict[str, Callable[..., Any]] = {}
"""NumPy's own constructors by name, and none before `engine.arrays` has said how to `fit` what they make."""
_fit: list[Callable[[Any, Any], Any]] = []


def fit_constructors(names: Sequence[str], fit: Callable[[Any, Any], Any]) -> None:
    """Says which constructors are opened, and what `fit(made, dtype)` makes of an array that one made."""
    CONSTRUCTORS.update({name: getattr(np, name) for name in names})
    _fit.append(fit)


def _opened(own: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own)
    def constructor(*args: Any, **kwargs: Any) -> Any:
        made = own(*args, **kwargs)
        if _current.get() is None or _is_ours(sys._getframe(1).f_globals.get("__name__", "")):
            return made
        return _fit[0](made, kwargs.get("dtype"))

    return constructor


@contextmanager
def _open_constructors() -> Iterator[None]:
    global _patched
    with _patching:
        if not _patched:
            for name, own in CONSTRUCTORS.items():
                setattr(np, name, _opened(own))
        _patched += 1
    try:
        yield
    finally:
        with _patching:
            _patched -= 1
            if not _patched:
                for name, own in CONSTRUCTORS.items():
                    setattr(np, name, own)
