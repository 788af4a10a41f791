"""Arrays that functions share as globals of their module: parameters too, though no argument names them.

>>> W = [0.5]
>>> def loss(x):
...     return W[0] * x
>>> def train(x):
...     global W
...     W = [loss(x)]
>>> shared_arrays([train]), shared_arrays([train, loss], written_by=train)
({'W': [0.5]}, {})
>>> with in_their_module(loss, {"W": [2.0], "x": 1.0}):
...     loss(3.0), W
(6.0, [2.0])
>>> W
[0.5]
"""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.names import flatten, meant

Function = Callable[..., Any]


def shared_arrays(functions: Iterable[Function | None], written_by: Function | None = None) -> dict[str, Any]:
    """The floats and arrays of floats, in lists and dicts too, that functions and all that they call read as globals.

    Not those that are parameters of one of them, and none that `written_by` assigns: it makes them anew.
    """
    own = [function for function in functions if function is not None]
    without = {name for function in own for name in _parameters(function)} | _names(written_by, "STORE_GLOBAL")
    found: dict[str, Any] = {}
    for function in own:
        space = _space(function)
        read = _names(function, "LOAD_GLOBAL", "STORE_GLOBAL") - without
        found |= {name: space[name] for name in sorted(read) if name in space and _is_of_floats(space[name])}
    return found


def globals_meant(keys: Iterable[str], known: Collection[str], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The globals that gradients of these names belong to, where they mean no array that is `known`.

    >>> [*globals_meant(["dW", "dx"], ["x"], {"W": 0.5, "V": 0.5})]
    ['W']
    """
    names = [name for name, _ in flatten(shared)]
    found = {meant(key, names) for key in keys if meant(key, known) is None}
    roots = {re.split(r"[.\[]", name)[0] for name in found if name}
    return {name: x for name, x in shared.items() if name in roots}


@contextmanager
def in_their_module(function: Function, arrays: Mapping[str, Any]) -> Iterator[None]:
    """Arrays that a function reads as globals of its module stand there for the time of a call.

    A dict of them has what the function assigned to these globals afterwards.
    """
    space = _space(function)
    before = {name: space[name] for name in shared_arrays([function]) if name in arrays}
    space.update({name: arrays[name] for name in before})
    try:
        yield
    finally:
        if isinstance(arrays, dict):
            arrays.update({name: space[name] for name in before})
        space.update(before)


def _space(function: Function) -> dict[str, Any]:
    return getattr(getattr(function, "__func__", function), "__globals__", {})


def _parameters(function: Function) -> list[str]:
    try:
        return [*inspect.signature(function).parameters]
    except (TypeError, ValueError):
        return []


def _names(function: Function | None, *operations: str) -> set[str]:
    """The globals that a function reads or writes, and those that the functions and classes it names do."""
    codes = [code for each in reached_from(function) for code in _with_inner(each.__code__)]
    return {i.argval for code in codes for i in dis.get_instructions(code) if i.opname in operations}


def reached_from(function: Function | None) -> list[FunctionType]:
    """A function, and the functions and methods of its module that it may call: their names stand in it."""
    space = _space(function) if function is not None else {}
    waiting: list[Any] = [function]
    found: list[FunctionType] = []
    while waiting:
        each: Any = waiting.pop(0)
        each = getattr(each, "__func__", each)
        if not isinstance(each, FunctionType) or each in found:
            continue
        found.append(each)
        named = {name for code in _with_inner(each.__code__) for name in code.co_names}
        for called in (space[name] for name in sorted(named) if name in space):
            own = [*vars(called).values()] if isinstance(called, type) else [called]
            waiting += [x for x in own if getattr(x, "__globals__", None) is space]
    return found


def _with_inner(code: CodeType) -> list[CodeType]:
    inner = [_with_inner(each) for each in code.co_consts if isinstance(each, CodeType)]
    return [code, *(each for codes in inner for each in codes)]


def _is_of_floats(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        return bool(x.dtype.kind == "f")
    if isinstance(x, Mapping):
        return bool(x) and all(map(_is_of_floats, x.values()))
    if isinstance(x, list | tuple):
        return bool(x) and all(map(_is_of_floats, x))
    return isinstance(x, float)
