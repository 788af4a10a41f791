"""SciPy's functions of whole arrays, for arrays of values: while a pass is recorded they stand in the place of SciPy's.

>>> from microbp.engine import array
>>> softmax(array([1.0, 1.0]), axis=0).data, log_softmax(array([0.0, 0.0]), axis=0).data.round(6)
(array([0.5, 0.5]), array([-0.693147, -0.693147]))
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from microbp.engine.arrays.elements import has_values, values
from microbp.engine.arrays.recording import CURRENT
from microbp.engine.value import Value
from microbp.errors import OperandError


def _top(a: Any, axis: Any) -> Any:
    """What the exponents are shifted by: numbers, since their derivatives would cancel."""
    top = values(a).max(axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log Σ b·exp(a) along axes.

    >>> float(np.exp(logsumexp(np.array([0.0, 0.0]), b=[1.0, 3.0])).round(9))
    4.0
    """
    if return_sign:
        raise OperandError("logsumexp with return_sign is not made for values: write np.log(np.sum(np.exp(x)))")
    top = _top(a, axis)
    found = np.exp(a - top) if b is None else np.asarray(b) * np.exp(a - top)
    return np.log(np.sum(found, axis=axis, keepdims=keepdims)) + (top if keepdims else np.squeeze(top, axis))


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / Σ exp(x) along axes."""
    found = np.exp(x - _top(x, axis))
    return found / np.sum(found, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """x − log Σ exp(x) along axes."""
    shifted = x - _top(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


class _OfValues(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, float | Value)


class Float(float, metaclass=_OfValues):
    """Python's `float` while a pass is recorded: of one value it is that value, which is a float already.

    >>> x = Value(2.0)
    >>> Float(x) is x, Float("2.5"), isinstance(x, Float), np.dtype(Float)
    (True, 2.5, True, dtype('float64'))
    """

    dtype = np.dtype(float)

    def __new__(cls, x: Any = 0.0) -> Any:
        """The value, or the float."""
        if isinstance(x, np.ndarray) and x.size == 1 and has_values(x):
            x = x.ravel()[0]
        return x if isinstance(x, Value) else float(x)


def draws() -> ModuleType:
    """NumPy's random numbers, of which those drawn by shares take the numbers of values: no gradient goes through."""
    opened = ModuleType("numpy.random")
    opened.__getattr__ = lambda name: getattr(np.random, name)  # type: ignore[method-assign]  # PEP 562 allows it
    for name in ("choice", "multinomial", "binomial"):
        setattr(opened, name, _drawn(getattr(np.random, name)))
    return opened


def _drawn(own: Any) -> Any:
    def draw(*args: Any, **kwargs: Any) -> Any:
        plain = [values(x) if isinstance(x, np.ndarray) and x.dtype == object else x for x in (*args, *kwargs.values())]
        return own(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=True)))

    return draw


def _item(self: Value, *index: Any) -> Any:
    """The number; while a pass is recorded the value, as with `float`: a loss may be `loss.item()`."""
    return self.data if CURRENT.get() is None else self


Value.item = _item  # type: ignore[method-assign, assignment]  # that of every other time


def stand_ins() -> dict[int, Any]:
    """By the id of what a function may hold of SciPy, if that was imported: what stands there instead."""
    module = sys.modules.get("scipy.special")
    if module is None:
        return {}
    opened = ModuleType("scipy.special")
    opened.__getattr__ = lambda name: getattr(module, name)  # type: ignore[method-assign]  # PEP 562 allows it
    found: dict[int, Any] = {id(module): opened}
    for own in (logsumexp, softmax, log_softmax):
        theirs = getattr(module, own.__name__)
        found[id(theirs)] = _for_values(own, theirs)
        setattr(opened, own.__name__, found[id(theirs)])
    return found


def _for_values(own: Any, theirs: Any) -> Any:
    def function(a: Any, *args: Any, **kwargs: Any) -> Any:
        return (own if has_values(a) else theirs)(a, *args, **kwargs)

    return function
