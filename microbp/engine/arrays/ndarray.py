"""Arrays of values: NumPy code runs on them as it is, and every entry remembers how it was made.

>>> W = array([[1.0, -2.0], [0.5, 3.0]], "W")
>>> loss = (np.tanh(W @ np.array([1.0, 2.0])) ** 2).mean()
>>> loss.backward()
>>> W.grad.shape, W[1, 0].label, loss.op.name
((2, 2), '', 'div')
>>> W.flat[2].label
'W[1,0]'

What one picks, moves or copies (an index, a transpose, a concatenation) is a node of its own, so that the way of the
gradient through `row = W[1]` can be told from the one through `W`. Writing to a view writes to what it is a view of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from microbp.engine.arrays import elements
from microbp.engine.arrays.elements import as_nodes, grads, has_values, label, raw, values
from microbp.engine.arrays.numpy_functions import call_function
from microbp.engine.arrays.recording import OPEN, note, open_builtin, open_constructors, open_more
from microbp.engine.arrays.special import Float, draws, stand_ins
from microbp.engine.arrays.ufuncs import call_ufunc
from microbp.engine.operands import real_number
from microbp.engine.value import Value
from microbp.errors import OperandError

__all__ = ["Array", "array", "as_array", "grads", "handed_on_array", "label", "raw", "values"]


class Array(np.ndarray):
    """A NumPy array (of dtype object) whose elements are all values; `data` and `grad` are arrays of floats.

    Made by `array`, and by NumPy's functions of such arrays. An index, a slice or a reshape hands its elements on as
    nodes of their own. Raises `OperandError` for functions that cannot work on values, and says what to write instead.
    """

    _behind: tuple[Array, Callable[[Any], Any]] | None = None
    __array_priority__ = (
        1.0  # for `x.dot(W)` with plain numbers x, which asks nothing else: what it makes is an Array too
    )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return as_array(call_ufunc(ufunc, method, inputs, options))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return as_array(call_function(function, args, kwargs))

    @property  # NumPy's is the buffer, which nobody needs of objects
    def data(self) -> Any:
        """The numbers, as an array of floats; assigning to it sets them."""
        return values(self)

    @data.setter
    def data(self, numbers: Any) -> None:
        """Sets the number of each element; one number is for all. Raises `OperandError` for what is no number."""
        for node, number in zip(raw(self).flat, np.broadcast_to(numbers, self.shape).flat, strict=True):
            node.data = real_number(number, "data")

    @property
    def grad(self) -> Any:
        """The gradients, as an array of floats; assigning to it sets them, and None means 0."""
        return grads(self)

    @grad.setter
    def grad(self, numbers: Any) -> None:
        """Sets the gradient of each element; None is 0, as after `zero_grad` in PyTorch."""
        numbers = 0.0 if numbers is None else numbers
        for node, number in zip(raw(self).flat, np.broadcast_to(numbers, self.shape).flat, strict=True):
            node.grad = real_number(number, "grad")

    def __getitem__(self, key: Any) -> Any:
        found = raw(self)[key]
        return handed_on_array(found, self, lambda a: a[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        fresh = handed_on_array(as_nodes(value))
        node, way = self, list[Callable[[Any], Any]]()
        while True:
            target = raw(node)
            for step in reversed(way):
                target = step(target)
            target[key] = raw(fresh)
            if node._behind is None:
                return
            node, step = node._behind
            way.append(step)

    @property  # NumPy's is a C attribute
    def T(self) -> Any:
        """The transpose."""
        return handed_on_array(raw(self).T, self, lambda a: a.T)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return handed_on_array(raw(self).mT, self, lambda a: a.mT)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Itself for a dtype of floats; plain numbers, which no gradient goes through, for whole numbers and truths."""
        if np.dtype(dtype).kind in "fO":
            return handed_on_array(raw(self))
        return self.data.astype(dtype, *args, **kwargs)

    def item(self, *index: Any) -> Any:
        """One element, as a value."""
        return handed_on_array(raw(self).item(*index))

    def tolist(self) -> Any:
        """Its elements as nested lists of values."""
        return raw(handed_on_array(raw(self))).tolist()

    def dot(self, other: Any, out: Any = None) -> Any:
        """The product of matrices."""
        return np.dot(self, other)

    def __repr__(self) -> str:
        return f"values {np.array2string(self.data, prefix='values ')}"

    __str__ = __repr__
    __hash__ = None  # as NumPy's arrays


def _method_of_views(name: str) -> Any:
    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return handed_on_array(
            getattr(raw(self), name)(*args, **kwargs), self, lambda a: getattr(a, name)(*args, **kwargs)
        )

    method.__name__, method.__doc__ = name, f"As NumPy's `{name}`; its elements are handed on."
    return method


def _method_by_function(name: str) -> Any:
    function = getattr(np, name)

    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__, method.__doc__ = name, f"As `np.{name}`."
    return method


_VIEWS = "reshape transpose swapaxes flatten ravel squeeze take repeat diagonal copy compress"
for _name in _VIEWS.split():
    setattr(Array, _name, _method_of_views(_name))
_FUNCTIONS = "sum mean var std prod max min cumsum cumprod clip argmax argmin argsort any all trace nonzero round"
for _name in _FUNCTIONS.split():
    setattr(Array, _name, _method_by_function(_name))


def array(x: Any, name: str = "") -> Any:
    """An array of leaves with these numbers, called `name[0,2]`; of one number without axes, a single `Value`.

    Raises `OperandError` for what is no array of real numbers.

    >>> array([1, 2], "b").flat[1]
    Value(2.0, label='b[1]')
    """
    numbers = np.asarray(values(x) if has_values(x) else x)
    if numbers.dtype.kind not in "fiub":
        raise OperandError(f"array needs real numbers, got {numbers.dtype} ({type(x).__name__})")
    made = np.empty(numbers.shape, dtype=object)
    for index, number in zip(np.ndindex(numbers.shape), numbers.astype(float).ravel().tolist(), strict=True):
        made[index] = Value(number, label(name, index))
    return as_array(made)


def as_array(made: Any) -> Any:
    """An object array of values as an `Array`, without axes its one element; those in a list, each."""
    if isinstance(made, list | tuple) and not hasattr(made, "_fields"):
        return type(made)(map(as_array, made))
    if not (isinstance(made, np.ndarray) and made.dtype == object):
        return made
    return made.view(Array) if made.ndim else made[()]


def handed_on_array(found: Any, behind: Array | None = None, how: Callable[[Any], Any] | None = None) -> Any:
    """Elements as nodes of their own, in an `Array` (a single one as it is); `behind` is written to when they are."""
    made = as_array(elements.handed_on(found))
    if isinstance(made, Array) and behind is not None and np.may_share_memory(found, raw(behind)):
        made._behind = behind, how  # type: ignore[assignment]  # who says behind, says how
    return made


def _fitted(made: Any) -> Any:
    """What a constructor of NumPy's made while a pass is recorded: of floats, an array that values can be put into."""
    if not isinstance(made, np.ndarray) or isinstance(made, Array) or not made.ndim:
        return made
    if made.dtype == object and has_values(made):
        return handed_on_array(made)
    if made.dtype.kind not in "fO":
        return made
    nodes = as_nodes(made)
    note("constant", nodes)
    return as_array(nodes)


def _ufunc_of_values(self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    return as_array(call_ufunc(ufunc, method, inputs, options))


def _function_of_values(self: Value, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return as_array(call_function(function, args, kwargs))


# NumPy's functions of a single value, or of one and an array, are the same ones.
Value.__array_ufunc__ = _ufunc_of_values  # type: ignore[attr-defined]  # it is NumPy that looks for it
Value.__array_function__ = _function_of_values  # type: ignore[attr-defined]  # NumPy asks for it


def _as_array(name: str) -> Any:
    return property(lambda self: getattr(as_nodes(self).view(Array), name))


# So is what NumPy's own scalars can do: `((w @ x - y) ** 2).mean()` of vectors.
_SCALARS = "sum mean copy astype reshape ravel squeeze shape ndim size T"
for _name in _SCALARS.split():
    setattr(Value, _name, _as_array(_name))


class _FloatType:
    """The dtype of a value: that of floats, but its `type`, by which NumPy ends a mean, keeps the value."""

    dtype = np.dtype(float)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dtype, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.dtype == other)

    def __hash__(self) -> int:
        return hash(self.dtype)

    @staticmethod
    def type(x: Any) -> Any:
        return x


Value.dtype = _FloatType()  # type: ignore[attr-defined]  # as that of NumPy's numbers
_CONSTRUCTORS = "zeros empty ones full zeros_like empty_like ones_like full_like array asarray"
open_constructors(_CONSTRUCTORS.split(), _fitted)
open_more(stand_ins)
open_builtin("float", Float)
OPEN.random = draws()  # type: ignore[attr-defined]  # a module takes any name
