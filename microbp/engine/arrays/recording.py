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

import linecache
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache, wraps
from threading import RLock
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np

from microbp.engine.arrays.reach import is_ours, known_to
from microbp.errors import GraphError, OperandError

MOST_TERMS = 2_000_000
"""A recorded pass may have so many arrows (an addend of a product of matrices has two): 300 MB."""


MOST_CALLS = 6
"""Of calls within calls so many are told apart."""
Place = tuple[tuple[CodeType, int], ...]
"""Instructions, innermost first: the code and where in it."""


@dataclass(frozen=True, slots=True)
class ArrayOperation:
    """What one operation on arrays made: its nodes, and the code and the instruction that asked for it."""

    op: str
    array: Any
    """An object array of nodes."""
    place: Place


@dataclass
class Recording:
    """The operations of one forward pass, in order."""

    groups: list[ArrayOperation] = field(default_factory=list)
    terms: int = 0

    def spend(self, terms: int) -> None:
        """Counts arrows that are about to be made. Raises `GraphError` if they are too many."""
        self.terms += terms
        if self.terms > MOST_TERMS:
            raise GraphError(
                f"this forward pass makes more than {MOST_TERMS:,} arrows between scalars, which is what is recorded "
                "at most: give it fewer samples, or smaller layers"
            )


CURRENT: ContextVar[Recording | None] = ContextVar("recording", default=None)


def spend(terms: int) -> None:
    """Counts arrows that are about to be made, if anybody records."""
    if record := CURRENT.get():
        record.spend(terms)


def note(op: str, made: Any) -> None:
    """Says that this array of nodes was made in one go, if anybody records."""
    if (record := CURRENT.get()) and made.size:
        record.groups.append(ArrayOperation(op, made, _place()))


def _place() -> Place:
    """The instructions of others that led here, innermost first: those between NumPy or microbp and microbp again."""
    found: list[tuple[CodeType, int]] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and len(found) < MOST_CALLS:
        if not is_ours(frame.f_globals.get("__name__", "")):
            found.append((frame.f_code, frame.f_lasti))
        elif found:
            break
        frame = frame.f_back
    return tuple(found)


@lru_cache(maxsize=64)
def _all_positions(code: CodeType) -> list[tuple[Any, ...]]:
    return list(code.co_positions())


def positions(code: CodeType, instruction: int) -> tuple[Any, ...]:
    """Line, last line, column, last column of an instruction: the interpreter may stand anywhere in its cache."""
    found = _all_positions(code)
    return found[instruction // 2] if 0 <= instruction // 2 < len(found) else (None,) * 4


@lru_cache(maxsize=64)
def _dedented(code: CodeType) -> int:
    """How much further right its lines stand in their file than when they were compiled: marimo dedents cells."""
    begins: dict[int, int] = {}
    for line, _, column, end_column in _all_positions(code):
        if line is not None and column is not None and end_column:  # else an instruction that nobody wrote
            begins[line] = min(column, begins.get(line, column))
    lines = {line: linecache.getline(code.co_filename, line) for line in begins}
    return max([0, *(len(lines[line]) - len(lines[line].lstrip()) - column for line, column in begins.items())])


def code_at(place: Place) -> str:
    """What stands in the code there, in the outermost function; "" if that cannot be read, or is several lines."""
    code, instruction = place[-1]
    line, end, column, end_column = positions(code, instruction)
    if line is None or end != line or column is None:
        return ""
    text = linecache.getline(code.co_filename, line).encode()[_dedented(code) :]
    return text[column:end_column].decode(errors="replace").strip()


def where_they_stand(groups: list[ArrayOperation], named: Collection[Any]) -> list[ArrayOperation]:
    """The operations of a pass, with the lines of what a call does that is no helper but a pass: there they are told.

    It makes several of the `named` arrays, by their last elements, or several products of matrices; or all there is.
    """
    while True:
        calls: dict[Any, list[ArrayOperation]] = {}
        for group in groups:
            if group.op != "constant" and group.place:
                calls.setdefault(_outermost(group), []).append(group)
        of = {site: {group.place[-2][0] for group in inside if len(group.place) > 1} for site, inside in calls.items()}
        count = Counter(code for codes in of.values() for code in codes)
        passes = {
            site for site, inside in calls.items()
            if all(len(group.place) > 1 for group in inside)
            and (len(calls) == 1 or _is_pass(inside, named, all(count[code] == 1 for code in of[site])))
        }  # fmt: skip
        if not passes:
            return groups
        groups = [
            replace(group, place=group.place[:-1]) if len(group.place) > 1 and _outermost(group) in passes else group
            for group in groups
        ]


def _outermost(group: ArrayOperation) -> Any:
    code, instruction = group.place[-1]
    return code, positions(code, instruction)


def _is_pass(groups: Sequence[ArrayOperation], named: Collection[Any], once: bool) -> bool:
    """Whether a call has several products of matrices in its code, or stands but `once` and makes several arrays."""
    products = [group.place[-2] for group in groups if group.op == "dot"]
    made = sum(group.array.ravel()[-1] in named for group in groups)
    return len(set(products)) > 1 or (once and (len(products) > 1 or made > 1))


@contextmanager
def recording(*functions: Any) -> Iterator[Recording]:
    """Records, inside a `with` block, the operations on arrays of values.

    Meanwhile NumPy as these functions know it, and the functions that they know, is one whose constructors (`zeros`,
    `empty`, `ones`, `full`, their `_like`s, `array`, `asarray`) make arrays that values can be put into: a loop that
    fills `np.zeros(shape)` works as it is. NumPy itself stays as it is, for all others, C code among them.
    """
    token = CURRENT.set(Recording())
    try:
        with _opening, _opened_in(functions):
            yield CURRENT.get()  # type: ignore[misc]  # it was set three lines above
    finally:
        CURRENT.reset(token)


_opening = RLock()
_OWN: dict[str, Callable[..., Any]] = {}
"""NumPy's own constructors by name; none before `engine.arrays.ndarray` has said how to fit what they make."""
_MORE: list[Callable[[], dict[int, Any]]] = []
_BUILTINS: dict[str, Any] = {}
OPEN = ModuleType("numpy")
"""NumPy with open constructors."""
OPEN.__getattr__ = lambda name: getattr(np, name)  # type: ignore[method-assign]  # PEP 562: a module may have one


def open_constructors(names: Sequence[str], fit: Callable[[Any], Any]) -> None:
    """Says which constructors are opened, and what `fit` makes of an array that one made."""
    for name in names:
        _OWN[name] = getattr(np, name)
        setattr(OPEN, name, _opened(_OWN[name], fit))


def open_builtin(name: str, stand_in: Any) -> None:
    """Says what is used in place of a function of Python's own, for functions that have no other of its name."""
    _BUILTINS[name] = stand_in


def open_more(stand_ins: Callable[[], dict[int, Any]]) -> None:
    """Says what else is put in the place of other things, by their ids, when a recording begins."""
    _MORE.append(stand_ins)


def _opened(own: Callable[..., Any], fit: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(own)
    def constructor(*args: Any, **kwargs: Any) -> Any:
        try:
            made = own(*args, **kwargs)
        except OperandError:  # np.asarray(x, dtype=float) of values, which are floats already
            dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
            if CURRENT.get() is None or np.dtype(dtype).kind != "f":
                raise
            made = own(args[0])
        return made if CURRENT.get() is None else fit(made)

    return constructor


@contextmanager
def _opened_in(functions: Sequence[Any]) -> Iterator[None]:
    """Puts the open NumPy in the place of NumPy in all that these functions look names up in."""
    opened = {id(np): OPEN, **{id(own): getattr(OPEN, name) for name, own in _OWN.items()}}
    for more in _MORE:
        opened |= more()
    spaces, cells = known_to(functions)
    names = [(space, name, x) for space in spaces for name, x in list(space.items()) if id(x) in opened]
    closed = [(cell, cell.cell_contents) for cell in cells if id(cell.cell_contents) in opened]
    builtin = [(space, name) for space in spaces for name in _BUILTINS if name not in space]
    try:
        for space, name, x in names:
            space[name] = opened[id(x)]
        for space, name in builtin:
            space[name] = _BUILTINS[name]
        for cell, x in closed:
            cell.cell_contents = opened[id(x)]
        yield
    finally:
        for space, name, x in names:
            space[name] = x
        for space, name in builtin:
            space.pop(name, None)
        for cell, x in closed:
            cell.cell_contents = x
