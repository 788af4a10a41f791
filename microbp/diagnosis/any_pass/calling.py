"""A learner's functions: which arguments they get, and what they return.

>>> bind(lambda x, cache, lr=0.1: (x, cache["z"], lr), {"x": 1}, {"z": 2})
(1, 2, 0.1)
>>> returned_by((3.0, {"z": 2}))
{'z': 2, 'loss': 3.0}
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from microbp.engine.value import Value
from microbp.errors import OperandError, ProblemError, ShapeError

LOSSES = ("loss", "L", "l", "cost", "J", "E", "error", "total_loss", "objective")
"""What the loss may be called in a dict, likeliest first."""


def bind(function: Callable[..., Any], arrays: Mapping[str, Any], results: Mapping[str, Any] | None = None) -> Any:
    """Calls a function with the arguments that it names: from `arrays`, else from the `results` of the forward pass.

    One name besides, `cache` for example, gets all results. Raises `ProblemError` for a name that has no array.
    """
    called = getattr(function, "__name__", "the function")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function(**arrays)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise ProblemError(f"{called} takes any number of arguments: name them, so that each gets its array")
    known = {**(results or {}), **arrays}
    strange = [
        p.name for p in parameters if p.default is p.empty and p.name not in known and p.kind is not p.VAR_KEYWORD
    ]
    if strange and (results is None or len(strange) > 1):
        raise ProblemError(
            f"{called} needs {', '.join(strange)}, and nothing of that name was given: pass {strange[0]}=…"
        )
    known |= dict.fromkeys(strange, results)
    named = {p.name: known[p.name] for p in parameters if p.name in known and p.kind is not p.VAR_KEYWORD}
    first = [named.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in named]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        named |= {name: x for name, x in arrays.items() if name not in named}
    return function(*first, **named)


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Puts NumPy's global random numbers back where they were: a pass that draws from them draws the same each time."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


def returned_by(returned: Any, function: Callable[..., Any] | None = None) -> dict[str, Any]:
    """What a forward pass returned, by name, the loss as "loss".

    It may be the loss, a dict, or a tuple, of which the names stand in its last line. Raises `ProblemError` if there is
    no loss among it.
    """
    if isinstance(returned, tuple | list):
        named: dict[str, Any] = {}
        names = returned_names(function, len(returned)) or [""] * len(returned)
        for name, part in zip(names, returned, strict=True):
            if isinstance(part, Mapping):
                named.update(part)
            elif name:
                named[name] = part
            elif "loss" not in named and _is_single(part):
                named["loss"] = part
        returned = named
    if not isinstance(returned, Mapping):
        return {"loss": _single(returned)}
    found = dict(returned)
    called = next((name for name in LOSSES if name in found and _is_single(found[name])), None)
    if called is None:
        single = [k for k, x in found.items() if isinstance(x, Value | float | np.floating)]
        called = single[-1] if single else None
    if called is None:
        raise ProblemError(f'forward returned no loss: call it "loss" in the dict; got {sorted(map(str, found))}')
    found["loss"] = _single(found.pop(called))
    return found


def _is_single(x: Any) -> bool:
    return isinstance(x, Value | float | int | np.number) or (isinstance(x, np.ndarray) and x.size == 1)


def _single(x: Any) -> Any:
    if x is None:
        raise ProblemError("forward returned nothing: is `return` missing?")
    if isinstance(x, np.ndarray):
        if x.size != 1:
            raise ShapeError(f"a loss is one number, got the shape {x.shape}: take its mean or its sum")
        return x.ravel()[0]
    if isinstance(x, str):
        raise OperandError(f"a loss is one number, got {x!r}")
    return x


def gradients_by_name(returned: Any, backward: Callable[..., Any] | None, floats: Sequence[str]) -> Mapping[str, Any]:
    """The gradients that a backward pass returned, by name.

    Of a tuple the names stand in its last line, `return dW, db`; else they are those of the arrays of `floats`, if it
    has as many. Raises `ProblemError` for what has no names.
    """
    if isinstance(returned, Mapping):
        return returned
    if isinstance(returned, np.ndarray) and len(floats) == 1:
        returned = (returned,)
    if isinstance(returned, tuple | list):
        names = returned_names(backward, len(returned))
        if names is None and len(returned) == len(floats):
            names = list(floats)
        if names is not None:
            found: dict[str, Any] = {}
            for name, part in zip(names, returned, strict=True):
                found.update(part if isinstance(part, Mapping) else {name: part})
            return found
    got = "None: is `return` missing?" if returned is None else type(returned).__name__
    raise ProblemError(f'gradients are a dict, {{"dW": dW, "db": db}} for example; got {got}')


def returned_names(function: Callable[..., Any] | None, count: int) -> list[str] | None:
    """The names in `return dW, db`, the last line of a function, if there are so many; None if they cannot be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]  # type: ignore[arg-type]  # tried
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    for node in sorted(returns, key=lambda node: -node.lineno):
        if isinstance(node.value, ast.Tuple | ast.List) and len(node.value.elts) == count:
            # Of `dW / N` it is the name that comes first.
            names = [[n.id for n in ast.walk(e) if isinstance(n, ast.Name)] for e in node.value.elts]
            return [found[0] if found else "" for found in names]
    return None
