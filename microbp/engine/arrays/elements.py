"""The elements of an array of values: made, read, and handed on.

>>> a = as_nodes([Value(1.0, "x"), 2])
>>> values(a), [type(e).__name__ for e in a], [e.op.name for e in handed_on(a)]
(array([1., 2.]), ['Value', 'Constant'], ['identity', 'identity'])
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from microbp.engine.arrays.recording import note, spend
from microbp.engine.operands import DECISIONS
from microbp.engine.ops import OPS
from microbp.engine.value import Constant, Value, apply
from microbp.errors import OperandError

_IDENTITY = OPS["identity"]


def raw(a: Any) -> Any:
    """The plain NumPy array behind an array of any class, sharing its elements; anything else as it is."""
    return a.view(np.ndarray) if isinstance(a, np.ndarray) else a


def values(a: Any) -> Any:
    """The numbers of an array of values (any object array, a list, a single one), as floats.

    >>> values([[Value(1.0), 2]])
    array([[1., 2.]])
    """
    return _floats(a, lambda e: e.data if isinstance(e, Value) else float(e))


def grads(a: Any) -> Any:
    """The gradients of an array of values, as floats; a plain number has none, which is 0."""
    return _floats(a, lambda e: (e.grad or 0.0) if isinstance(e, Value) else 0.0)


def _floats(a: Any, get: Callable[[Any], float]) -> Any:
    a = raw(a) if isinstance(a, np.ndarray) else np.asarray(a, dtype=object)
    return np.array([get(e) for e in a.ravel().tolist()], dtype=float).reshape(a.shape)


def has_values(x: Any) -> bool:
    """Whether there is a value in it: in an array, or in nested lists."""
    if isinstance(x, Value):
        return True
    if isinstance(x, np.ndarray):
        return x.dtype == object and any(isinstance(e, Value) for e in raw(x).flat)
    return isinstance(x, list | tuple) and any(map(has_values, x))


def as_nodes(x: Any) -> Any:
    """Whatever stands in an expression as an object array of values: plain numbers become constants.

    Raises `OperandError` for rows of unequal length, and for what is no number.
    """
    if isinstance(x, Value):
        made = np.empty((), dtype=object)
        made[()] = x
        return made
    if isinstance(x, list | tuple):
        try:
            x = np.array([raw(e) for e in x], dtype=object)
        except ValueError as error:
            raise OperandError(f"an array of values needs rows of one length: {error}") from error
    x = raw(np.asarray(x))
    if x.dtype.kind in "fiub":
        x = x.astype(float)
    return np.asarray(_NODE(x), dtype=object)


def _node(element: Any) -> Value:
    return element if isinstance(element, Value) else Constant(element)


def _hand_on(element: Any) -> Value:
    return apply(_IDENTITY, (element,)) if isinstance(element, Value) else Constant(element)


_NODE = np.frompyfunc(_node, 1, 1)
_HAND_ON = np.frompyfunc(_hand_on, 1, 1)


def handed_on(a: Any) -> Any:
    """The same elements, each as a node of its own."""
    a = raw(a) if isinstance(a, np.ndarray) else np.asarray(a, dtype=object)
    spend(a.size)
    fresh = np.asarray(_HAND_ON(a), dtype=object)
    note("identity", fresh)
    return fresh


def label(name: str, index: tuple[int, ...]) -> str:
    """What the element of a named array is called.

    >>> label("W1", (0, 2)), label("loss", ())
    ('W1[0,2]', 'loss')
    """
    return f"{name}[{','.join(map(str, index))}]" if name and index else name


def each(x: Any, change: Callable[[Any], Any]) -> Any:
    """The same nest of lists with every array in it changed."""
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        return type(x)(each(e, change) for e in x)
    if isinstance(x, dict):
        return {k: each(e, change) for k, e in x.items()}
    return change(x)


def decided(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function of NumPy gives for the numbers; truths and indices, by which Python may decide, are noted."""
    given = partial(function, **each(kwargs, as_numbers))
    found = given(*each(args, as_numbers))
    if (decisions := DECISIONS.get()) is not None and any(map(has_values, args)) and _is_choice(found):
        decisions.append((given, *each((args, found), _as_it_was)))
    return found


def as_numbers(x: Any) -> Any:
    """The numbers of a value, or of an array with values in it; anything else as it is."""
    return values(x) if has_values(x) or (isinstance(x, np.ndarray) and x.dtype == object) else raw(x)


def _as_it_was(x: Any) -> Any:
    """An array by itself: the user's may be written to after a decision, and so may the mask or the index."""
    return raw(x).copy() if isinstance(x, np.ndarray) else x


def _is_choice(found: Any) -> bool:
    return all(np.asarray(part).dtype.kind in "biu" for part in (found if isinstance(found, tuple) else (found,)))
