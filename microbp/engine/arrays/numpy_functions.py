"""NumPy's functions on arrays of values, those that are more than one elementwise function.

>>> a = as_nodes([[Value(1.0), Value(3.0)]])
>>> call_function(np.var, (a,), {}).data, [e.op.name for e in call_function(np.where, ([True, False], a, 0), {}).flat]
(1.0, ['where', 'where'])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from microbp.engine.arrays import contraction
from microbp.engine.arrays.elements import as_nodes, decided, each, handed_on, has_values, raw
from microbp.engine.arrays.recording import note, spend
from microbp.engine.arrays.ufuncs import call_ufunc, made_for_each
from microbp.engine.ops import OPS
from microbp.engine.value import Value, apply
from microbp.errors import MicrobpError, OperandError

_none = object()


def _apply(ufunc: Any, *inputs: Any) -> Any:
    return call_ufunc(ufunc, "__call__", inputs, {})


def _reduction(ufunc: Any) -> Callable[..., Any]:
    def function(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **more: Any
    ) -> Any:
        options = {"axis": axis, "keepdims": bool(keepdims), **more}
        return call_ufunc(ufunc, "reduce", (a,), options if out is None else {**options, "out": (out,)})

    return function


def _extreme(ufunc: Any) -> Callable[..., Any]:
    reduction = _reduction(ufunc)
    return lambda a, axis=None, out=None, keepdims=False, **more: reduction(a, axis, None, out, keepdims, **more)


_sum = _reduction(np.add)


def _count(a: Any, axis: Any) -> int:
    shape = np.shape(a)
    return (
        int(np.prod([shape[k] for k in ([axis] if isinstance(axis, int | np.integer) else axis)]))
        if axis is not None
        else int(np.prod(shape))
    )


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    a = as_nodes(a)
    return _apply(np.divide, _sum(a, axis, keepdims=keepdims), float(_count(a, axis)))


def _var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
    *, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    a = as_nodes(a)
    middle = _mean(a, axis, keepdims=True) if mean is None else mean
    squares = _apply(np.square, _apply(np.subtract, a, middle))
    n = _count(a, axis) - (ddof if correction is None else correction)
    return _apply(np.divide, _sum(squares, axis, keepdims=keepdims), float(n))


def _std(*args: Any, **kwargs: Any) -> Any:
    return _apply(np.sqrt, _var(*args, **kwargs))


def _cumulative(ufunc: Any) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        a = as_nodes(a)
        return call_ufunc(ufunc, "accumulate", (a.ravel() if axis is None else a, axis or 0), {})

    return function


def _where(condition: Any, x: Any = _none, y: Any = _none) -> Any:
    condition = decided(np.not_equal, condition, 0) if has_values(condition) else np.asarray(condition)
    if x is _none:
        return np.where(condition)
    row = OPS["where"]
    chosen, x, y = as_nodes(condition.astype(bool)), as_nodes(x), as_nodes(y)
    made = made_for_each(lambda *inputs: apply(row, inputs), chosen, x, y)
    spend(3 * made.size)
    note("where", made)
    return made


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    a = a if low is None else _apply(np.maximum, a, low)
    return a if high is None else _apply(np.minimum, a, high)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord in (None, 2, "fro") and (ord != 2 or axis is not None or np.ndim(x) == 1):
        return _apply(np.sqrt, _sum(_apply(np.square, x), axis, keepdims=keepdims))
    if ord == 1 and (np.ndim(x) == 1 or isinstance(axis, int)):
        return _sum(_apply(np.absolute, x), axis, keepdims=keepdims)
    if ord == np.inf and (np.ndim(x) == 1 or isinstance(axis, int)):
        return _extreme(np.maximum)(_apply(np.absolute, x), axis, keepdims=keepdims)
    raise OperandError(f"np.linalg.norm of values is made for ord None, 2, 1 and inf along an axis; got ord={ord!r}")


def _average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return _mean(a, axis)
    if np.ndim(weights) == 1 and np.ndim(a) > 1:
        weights = np.reshape(weights, [-1 if k == axis % np.ndim(a) else 1 for k in range(np.ndim(a))])
    weights = np.broadcast_to(weights, np.shape(a))
    return _apply(np.divide, _sum(_apply(np.multiply, a, weights), axis), _sum(weights, axis))


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return _sum(np.diagonal(as_nodes(a), offset, axis1, axis2), -1)


def _inner(a: Any, b: Any) -> Any:
    a, b = as_nodes(a), as_nodes(b)
    return contraction.tensordot(a, b, ([a.ndim - 1], [b.ndim - 1])) if a.ndim and b.ndim else _apply(np.multiply, a, b)


def _outer(a: Any, b: Any) -> Any:
    return contraction.contract("i,j->ij", as_nodes(a).ravel(), as_nodes(b).ravel())


def _einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    return contraction.contract(subscripts, *map(as_nodes, operands))


def _like(number: float) -> Callable[..., Any]:
    return lambda a, *_, shape=None, **__: as_nodes(np.full(np.shape(a) if shape is None else shape, number))


COMPUTED: dict[Any, Callable[..., Any]] = {
    np.sum: _sum, np.prod: _reduction(np.multiply), np.mean: _mean, np.var: _var, np.std: _std,
    np.max: _extreme(np.maximum), np.min: _extreme(np.minimum),
    np.amax: _extreme(np.maximum), np.amin: _extreme(np.minimum),
    np.cumsum: _cumulative(np.add), np.cumprod: _cumulative(np.multiply), np.where: _where, np.clip: _clip,
    np.any: lambda a, *args, **kwargs: decided(np.any, a, *args, **kwargs),
    np.all: lambda a, *args, **kwargs: decided(np.all, a, *args, **kwargs),
    np.dot: lambda a, b, out=None: contraction.dot(as_nodes(a), as_nodes(b)),
    np.vdot: lambda a, b: contraction.contract("i,i", as_nodes(a).ravel(), as_nodes(b).ravel()),
    np.inner: _inner, np.outer: lambda a, b, out=None: _outer(a, b),
    np.tensordot: lambda a, b, axes=2: contraction.tensordot(as_nodes(a), as_nodes(b), axes),
    np.einsum: _einsum, np.linalg.norm: _norm, np.average: _average, np.trace: _trace,
    np.zeros_like: _like(0.0), np.ones_like: _like(1.0), np.empty_like: _like(0.0),
    np.full_like: lambda a, fill_value, *_, **__: as_nodes(np.broadcast_to(raw(fill_value), np.shape(a))),
}  # fmt: skip

_NUMBERS = (
    "argmax argmin argsort argwhere nonzero flatnonzero count_nonzero searchsorted digitize isclose "
    "allclose array_equal lexsort argpartition unique isin histogram bincount array_equiv isneginf "
    "isposinf array2string array_repr array_str round around array_split_sizes percentile quantile "
    "iscomplexobj isrealobj"
)
ON_NUMBERS = {getattr(np, name) for name in _NUMBERS.split() if hasattr(np, name)}
"""Functions that look at the numbers only: no gradient goes through what they give."""

SHAPES = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.shares_memory, np.may_share_memory, np.copyto}

_MOVES = (
    "reshape ravel transpose permute_dims matrix_transpose swapaxes moveaxis rollaxis squeeze expand_dims "
    "atleast_1d atleast_2d atleast_3d broadcast_to broadcast_arrays concatenate concat stack unstack "
    "vstack hstack dstack column_stack block split array_split vsplit hsplit dsplit pad repeat tile roll "
    "rot90 flip fliplr flipud take take_along_axis diag diagonal diagflat tril triu choose compress "
    "extract delete insert append select copy resize meshgrid ascontiguousarray nan_to_num real"
)
MOVES = {getattr(np, name) for name in _MOVES.split() if hasattr(np, name)} | {np.lib.stride_tricks.sliding_window_view}
"""Functions that move elements about: each result holds them as nodes of their own."""


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `function(*args, **kwargs)` of NumPy gives for values: object arrays, single values, plain numbers.

    Raises `OperandError` for a function that cannot work on values.
    """
    if function in COMPUTED:
        return COMPUTED[function](*args, **{k: v for k, v in kwargs.items() if v is not np._NoValue})
    if function in ON_NUMBERS:
        return decided(function, *args, **kwargs)
    if function in SHAPES:
        return function(*each(args, _objects), **each(kwargs, _objects))
    own = getattr(function, "_implementation", function)
    try:
        found = own(*each(args, _objects), **each(kwargs, _objects)) if function in MOVES else own(*args, **kwargs)
    except MicrobpError:
        raise
    except (TypeError, AttributeError) as error:
        called = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        raise OperandError(
            f"{called} is not made for values ({error}). Write it with sums, products and indices; if no gradient goes "
            "through it, give it the numbers: x.data"
        ) from error
    return each(found, lambda x: handed_on(x) if has_values(x) and isinstance(x, np.ndarray) else x)


def _objects(x: Any) -> Any:
    return as_nodes(x) if isinstance(x, Value) else raw(x)
