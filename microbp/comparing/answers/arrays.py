"""What a learner hands in as arrays of real numbers: lists, arrays, tensors, one in the other.

>>> depth([[1.0, 2.0]]), floats("dW1", [[1, 2]]).shape, words([[1.0, 2.0]])
(2, (1, 2), 'a list of 1')
>>> floats("w5", [0.5, True])
Traceback (most recent call last):
microbp.errors.ShapeError: w5 must be an array of real numbers, got a list of 2: a truth value is no number
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.errors import ShapeError


def unwrapped(value: Any) -> Any:
    """The same with tensors and the like, whatever NumPy takes for an array, as arrays; those of objects as lists."""
    if isinstance(value, Mapping):
        return {str(key): unwrapped(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(unwrapped, value)) if type(value) in (list, tuple) else [*map(unwrapped, value)]
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ShapeError("a masked array hides some of its numbers: give a plain one, masked.filled(…)")
    if not hasattr(value, "__array__"):
        return value
    array = np.asarray(value)
    return unwrapped(array.tolist()) if array.dtype == object else array


def floats(name: str, value: Any) -> NDArray[np.float64]:
    """A copy as an array. Raises `ShapeError` for what is none of real numbers; a truth value is no number."""
    try:
        if np.iscomplexobj(value):
            raise TypeError("complex numbers are none")
        if has_truth(value):
            raise TypeError("a truth value is no number")
        if (kind := np.asarray(value).dtype).kind not in "iufO":
            raise TypeError(f"{kind} is not a kind of number")
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ShapeError(f"{name} must be an array of real numbers, got {words(value)}: {error}") from error


def has_truth(value: Any) -> bool:
    """Whether it is True or False, of Python or NumPy, or a list or an array with one in it.

    >>> has_truth([[0.5, 1], [False, 2]]), has_truth([0.0, 1.0])
    (True, False)
    """
    if isinstance(value, list | tuple):
        return any(map(has_truth, value))
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b"


def depth(value: Any) -> int:
    """How many brackets deep a list, or an array, is at its beginning."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.ndim
    if isinstance(value, list | tuple | range | np.ndarray) and len(value):
        return 1 + max(depth(part) for part in value)
    return 0


def is_one(value: Any) -> bool:
    """Whether it is one thing, or an array or a list of one, and not of lists.

    >>> is_one(0.5), is_one([0.5]), is_one([[0.5]]), is_one([[], 0.5])
    (True, True, False, False)
    """
    if isinstance(value, list | tuple):
        return len(value) == 1 and not isinstance(value[0], list | tuple | np.ndarray)
    return not isinstance(value, np.ndarray) or (value.size == 1 and value.ndim <= 1)


def all_single(value: Any) -> bool:
    """Whether all arrays in it are of float32 (or less)."""
    if isinstance(value, Mapping):
        return bool(value) and all(map(all_single, value.values()))
    if isinstance(value, list | tuple):
        return bool(value) and all(map(all_single, value))
    return isinstance(value, np.ndarray | np.generic) and value.dtype in (np.float32, np.float16)


def words(value: Any) -> str:
    """What kind of thing it is, for an error.

    >>> words({}), words({"w5": None}), words(None), words(np.zeros((2, 3)))
    ('an empty dict', "a dict with nothing but None, or null, for 'w5'", 'None', 'shape (2, 3)')
    """
    if isinstance(value, Mapping):
        names = ", ".join(map(repr, list(value)[:5]))
        nothing = f"a dict with nothing but None, or null, for {names}" if names else "an empty dict"
        return "a dict" if any(part is not None for part in value.values()) else nothing
    if isinstance(value, list | tuple):
        matrix = len(value) == 1 and depth(value) == 3
        return "one matrix without a name" if matrix else f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"shape {value.shape}"
    return "None" if value is None else type(value).__name__
