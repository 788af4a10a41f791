"""What may stand beside an operator: real numbers, and what Python's operators do with values."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.errors import OperandError

DECISIONS: ContextVar[list[Any] | None] = ContextVar("decisions", default=None)
"""Where what looks at the data of values is noted while a graph is recorded: what Python decides by it is not in the
graph. A function, what it was called with, and what it gave."""
_NO_NUMBERS = (str, bytes, bytearray, complex, np.complexfloating, np.ndarray)


class Operators:
    """The order of values by their data. The other operators are made from the table."""

    __slots__ = ()

    data: float

    def __lt__(self, other: Any) -> Any:
        return self._ordered(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._ordered(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._ordered(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._ordered(operator.ge, other)

    def _ordered(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        if isinstance(other, np.ndarray) and other.ndim:
            return NotImplemented  # NumPy then compares elementwise
        result = compare(self.data, other.data if isinstance(other, Operators) else other)
        if (decisions := DECISIONS.get()) is not None:
            decisions.append((compare, (self, other), bool(result)))  # NumPy has truths of its own
        return result


def real_number(data: Any, what: str) -> float:
    """One real number, as a float. Raises `OperandError`, saying `what` needs it, for anything else."""
    if isinstance(data, np.ndarray) and data.size == 1:
        data = data.item()
    if not isinstance(data, _NO_NUMBERS):
        try:
            return float(data)
        except (TypeError, ValueError):
            pass
        except OverflowError:
            return math.inf if data > 0 else -math.inf
    many = isinstance(data, np.ndarray | list | tuple)
    hint = "For an array of Values, make one Value for each element." if many else "Convert it first."
    shape = f" of shape {data.shape}" if isinstance(data, np.ndarray) else ""
    raise OperandError(f"{what} needs one real number, got {data!r} ({type(data).__name__}{shape}). {hint}")


def real_array(given: Any, what: str) -> NDArray[np.float64]:
    """A copy as an array of floats. Raises `OperandError`, saying `what` needs them, for anything but real numbers.

    NumPy would make numbers of texts and dates, drop what is imaginary, and take what a mask hides.
    """
    try:
        if "numpy.ma" in sys.modules and np.ma.is_masked(given):  # which takes a while to import, for a word on a mask
            raise TypeError("a mask hides some of them: give a plain array, masked.filled(…)")
        array = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise OperandError(f"{what} needs an array of real numbers: {error}") from error
    if array.dtype.kind not in "fiubO":
        raise OperandError(f"{what} needs an array of real numbers: {array.dtype} is not a kind of number")
    if array.dtype.kind == "O":  # of which NumPy would take texts and dates too
        array = np.array([real_number(x, f"each of {what}") for x in array.ravel().tolist()]).reshape(array.shape)
    return np.array(array, dtype=np.float64)
