"""A learner's functions: which arguments they get, and how they are run.

>>> bind(lambda x, cache, lr=0.1: (x, cache["z"], lr), {"x": 1}, {"z": 2})
(1, 2, 0.1)
"""

from __future__ import annotations

import copy
import inspect
import linecache
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.learners.shared import in_their_module
from microbp.diagnosis.any_pass.names import flatten
from microbp.diagnosis.any_pass.returned import Cache
from microbp.errors import ProblemError
from microbp.printing import say


def bind(
    function: Callable[..., Any],
    arrays: Mapping[str, Any],
    results: Mapping[str, Any] | None = None,
    cache: Any = None,
) -> Any:
    """Calls a function with the arguments that it names: from `arrays`, else from the `results` of the forward pass.

    One name besides gets the `cache`, or all results if that is None; an array that the function reads as a global of
    its module stands there meanwhile. Raises `ProblemError` for one that has no array.
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
    own = {p.name for p in parameters} & (results or {}).keys() - arrays.keys()
    has_cache = any(isinstance((results or {})[name], Cache | Mapping) for name in own)
    if strange and (results is None or has_cache or len(strange) > 1):
        how = "" if results is None else f', or let forward return it by this name, {{"{strange[0]}": …}}'
        raise ProblemError(
            f"{called} needs {', '.join(strange)}, and nothing of that name was given: pass {strange[0]}=…{how}"
        )
    known |= dict.fromkeys(strange, results if cache is None else cache)
    named = {p.name: known[p.name] for p in parameters if p.name in known and p.kind is not p.VAR_KEYWORD}
    first = [named.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in named]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        named |= {name: x for name, x in arrays.items() if name not in named}
    with in_their_module(function, arrays):
        return function(*first, **named)


SINGLE = r"float32|float16|\.single\b|['\"][<>=]?f[24]?['\"]"
"""What code has that computes in single precision on its way, whatever its gradients are."""
CLIPS = r"(?i)clip|norm"
"""What code has that clips gradients."""


def mentions(pattern: str, *functions: Callable[..., Any] | None) -> bool:
    """Whether that stands in the files, or the cells, of these functions."""
    codes = [getattr(getattr(each, "__func__", each), "__code__", None) for each in functions]
    files = {code.co_filename for code in codes if code is not None}
    return any(re.search(pattern, line) for file in files for line in linecache.getlines(file))


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Puts NumPy's global random numbers back where they were: a pass that draws from them draws the same each time."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


def run_on_numbers(forward: Callable[..., Any], arrays: Mapping[str, Any]) -> Any:
    """What a forward pass returns for plain numbers; arrays of objects that it made are arrays of floats there.

    Raises `ProblemError` where NumPy has no function for arrays of objects.

    >>> run_on_numbers(lambda x: (np.array([x, 1], dtype=object), [x]), {"x": 2.0})
    (array([2., 1.]), [2.0])
    """
    try:
        with same_random_numbers():
            return _as_numbers(bind(forward, copy.deepcopy(dict(arrays))))
    except TypeError as error:
        if "which has no callable" not in str(error):
            raise
        raise ProblemError(
            f"{error}: forward runs on plain floats too, and NumPy has no functions for arrays of dtype=object. Leave "
            "dtype=object out: what np.zeros makes in forward can hold values"
        ) from error


def _as_numbers(x: Any) -> Any:
    if type(x) is dict:
        return {k: _as_numbers(inner) for k, inner in x.items()}
    if type(x) in (list, tuple):
        return type(x)(map(_as_numbers, x))
    if isinstance(x, np.ndarray) and x.dtype == object and all(isinstance(e, float | int) for e in x.ravel().tolist()):
        return x.astype(float)
    return x


def array_of_list(x: Any) -> Any:
    """A list of floats, in rows or not, as an array, ragged rows as a list of arrays; everything else as it is.

    >>> array_of_list([[1, 2.5]]), array_of_list([[0.5], [1.0, 2.0]]), array_of_list([1, 2])
    (array([[1. , 2.5]]), [array([0.5]), array([1., 2.])], [1, 2])
    """
    if isinstance(x, list) and x and all(isinstance(e, list | float | int) for e in x):
        try:
            found = np.asarray(x)
        except ValueError:  # rows of different lengths
            return [array_of_list(e) for e in x]
        return found if found.dtype.kind == "f" and found.size else x
    return x


def written_into(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays that backward wrote into, as an update of the weights does: what it then computes has the new numbers.

    >>> written_into({"w": np.zeros(1), "x": np.ones(1)}, {"w": np.ones(1), "x": np.ones(1)})
    {'w as backward has changed it': array([1.])}
    """
    now = dict(flatten(after))
    arrays = {name: x for name, x in flatten(before) if isinstance(x, np.ndarray) and x.dtype == float and name in now}
    fitting = {name: x for name, x in arrays.items() if np.shape(now[name]) == x.shape}
    changed = [name for name, x in fitting.items() if not np.array_equal(x, now[name], equal_nan=True)]
    return {say("{name} as backward has changed it", name=name): now[name] for name in changed}
