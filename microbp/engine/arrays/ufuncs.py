"""NumPy's elementwise functions on values, and its reductions: a sum is one node, a maximum a tree of `max`.

>>> call_ufunc(np.add, "reduce", (as_nodes([1.0, Value(2.0), Value(4.0)]),), {}).op.name
'total3'
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from microbp.engine.arrays.contraction import matmul
from microbp.engine.arrays.elements import as_nodes, as_numbers, decided, has_values, raw
from microbp.engine.arrays.recording import note, spend
from microbp.engine.families import as_value, total
from microbp.engine.operands import DECISIONS
from microbp.engine.ops import OPS
from microbp.engine.value import Constant, Value, apply
from microbp.errors import OperandError


def _by_row(name: str) -> Callable[..., Value]:
    row = OPS[name]
    return lambda *inputs: apply(row, tuple([as_value(x, row) for x in inputs]))


_ROWS = (
    "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh "
    "arccosh arctanh sign floor logaddexp erf erfc"
)
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "negative": operator.neg,
    "absolute": abs,
    "fabs": abs,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "positive": _by_row("identity"),
    "conjugate": _by_row("identity"),
    "maximum": _by_row("max"),
    "fmax": _by_row("max"),
    "minimum": _by_row("min"),
    "fmin": _by_row("min"),
    "ceil": lambda x: -((-x).floor()),
    "hypot": lambda x, y: (x**2 + y**2).sqrt(),
    "cbrt": lambda x: x ** (1 / 3) if x > 0 else -((-x) ** (1 / 3)),
    "expit": _by_row("sigmoid"),
    "logit": lambda x: (x / (1 - x)).log(),
    "log_expit": lambda x: -_by_row("softplus")(-x),
    "ndtr": lambda x: 0.5 * (x * -(0.5**0.5)).erfc(),
    "xlogy": lambda x, y: x * _by_row("log")(y) if decided(np.not_equal, x, 0.0) else x * 0,
    "xlog1py": lambda x, y: x * _by_row("log1p")(y) if decided(np.not_equal, x, 0.0) else x * 0,
    "entr": lambda x: -x * x.log() if decided(np.not_equal, x, 0.0) else x * 0,
    "rel_entr": lambda x, y: x * _by_row("log")(x / y) if decided(np.not_equal, x, 0.0) else x * 0,
    "clip": lambda x, low, high: _by_row("min")(_by_row("max")(x, low), high),
    **{name: _by_row(name) for name in _ROWS.split()},
}
"""By NumPy's name: what it does with single elements."""

_NUMBERS = (
    "greater greater_equal less less_equal equal not_equal isnan isinf isfinite signbit "
    "logical_and logical_or logical_xor logical_not"
)
ON_NUMBERS = set(_NUMBERS.split())
"""What looks at the numbers only, and gives truths."""
_ORDERS = {"greater": operator.gt, "greater_equal": operator.ge, "less": operator.lt, "less_equal": operator.le}

_JOIN: dict[str, Callable[[Sequence[Value]], Value]] = {
    "add": lambda nodes: sum_of(nodes),
    "multiply": lambda nodes: reduce(operator.mul, nodes),
    "maximum": lambda nodes: _tree(ELEMENTWISE["maximum"], nodes),
    "minimum": lambda nodes: _tree(ELEMENTWISE["minimum"], nodes),
    "fmax": lambda nodes: _tree(ELEMENTWISE["maximum"], nodes),
    "fmin": lambda nodes: _tree(ELEMENTWISE["minimum"], nodes),
    "logaddexp": lambda nodes: reduce(_by_row("logaddexp"), nodes),
}
MOST_ADDENDS = 100
"""More addends are added up in parts: a row of the table for thousands of inputs is slow to make."""


def sum_of(nodes: Sequence[Value]) -> Value:
    """The sum of any number of nodes: one node, or few."""
    while len(nodes) > MOST_ADDENDS:
        nodes = [total(nodes[k : k + MOST_ADDENDS]) for k in range(0, len(nodes), MOST_ADDENDS)]
    return total(nodes)


_NEUTRAL = {"add": 0.0, "multiply": 1.0, "logaddexp": -np.inf}


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What `ufunc.method(*inputs, **options)` gives for values: an object array, a single value, or plain truths.

    Raises `OperandError` for a function that has no derivative here, or another use of it, saying what to write.
    """
    name = ufunc.__name__
    out = options.pop("out", None)
    for useless in ("dtype", "casting", "order", "subok"):
        options.pop(useless, None)
    if name in ON_NUMBERS:
        if name in _ORDERS and method == "__call__" and DECISIONS.get() is not None:  # each of them is noted by itself
            made_for_each(_ORDERS[name], *map(_plain_or_nodes, inputs))
            return ufunc(*map(as_numbers, inputs), **options)
        return decided(ufunc if method == "__call__" else getattr(ufunc, method), *inputs, **options)
    if name == "matmul" and method == "__call__":
        made = matmul(*map(as_nodes, inputs))
    elif name not in ELEMENTWISE:
        raise OperandError(
            f"{f'np.{name}' if hasattr(np, name) else name} is not made for values. Write it with + - * / ** and the "
            "functions that `microbp ops` lists; if no gradient goes through it, give it the numbers: x.data"
        )
    elif method in _METHODS:
        made = _METHODS[method](name, *inputs, **options)
    else:
        raise OperandError(f"np.{name}.{method} is not made for values: write a loop, or use sums and indices")
    return _put(made, out)


def _put(made: Any, out: tuple[Any, ...] | None) -> Any:
    if out is None or out[0] is None:
        return made if not isinstance(made, np.ndarray) or made.ndim else made[()]
    (target,) = out
    if target.dtype != object:
        raise OperandError(
            "values cannot be added into an array of floats, which forgets how they were made: begin with "
            "np.zeros(shape, dtype=object), or write x = x + y instead of x += y"
        )
    target[...] = made
    return target


def _call(name: str, *inputs: Any, where: Any = True) -> Any:
    function = ELEMENTWISE[name]
    if where is not True:
        raise OperandError(f"np.{name} with where=… is not made for values: choose with np.where afterwards")
    arrays = [_plain_or_nodes(x) for x in inputs]
    spend(len(inputs) * int(np.prod(np.broadcast_shapes(*(a.shape for a in arrays)), dtype=int)))
    made = made_for_each(function, *arrays)
    note(name, made)
    return made


def made_for_each(function: Callable[..., Any], *arrays: Any) -> Any:
    """What the function makes of each row of elements: of inf and nan it speaks itself, and NumPy need not."""
    with np.errstate(all="ignore"):
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def _plain_or_nodes(x: Any) -> Any:
    """Numbers stay numbers, since `x ** 2` and `x ** y` are two rows."""
    if has_values(x):
        return as_nodes(x)
    x = np.asarray(x)
    return x.astype(float).astype(object) if x.dtype.kind in "fiub" else x


def reduction_lines(a: Any, axis: Any, keepdims: bool) -> tuple[list[list[Value]], tuple[int, ...]]:
    """The elements that a reduction along these axes joins, line by line, and the shape of its result."""
    axes = [axis] if isinstance(axis, int | np.integer) else axis
    axes = range(a.ndim) if axes is None else list(axes)
    np.empty((0,) * a.ndim).sum(axis=tuple(axes))  # NumPy's own word on an axis that is not there
    axes = [int(k) % a.ndim for k in axes]
    kept = [k for k in range(a.ndim) if k not in axes]
    shape = tuple(1 if k in axes else n for k, n in enumerate(a.shape) if keepdims or k not in axes)
    length = int(np.prod([a.shape[k] for k in axes], dtype=int))
    count = int(np.prod([a.shape[k] for k in kept], dtype=int))
    return a.transpose([*kept, *axes]).reshape(count, length).tolist(), shape


def _reduce(name: str, a: Any, axis: Any = 0, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    if name not in _JOIN:
        raise OperandError(f"np.{name}.reduce is not made for values: write a loop")
    a = as_nodes(a)
    found, shape = reduction_lines(a, axis, keepdims)
    if where is not True:
        chosen, _ = reduction_lines(np.broadcast_to(where, a.shape), axis, keepdims)
        found = [[x for x, c in zip(line, keep, strict=True) if c] for line, keep in zip(found, chosen, strict=True)]
    if initial is not None and not (isinstance(initial, float | int) and initial == _NEUTRAL.get(name)):
        found = [[as_nodes(initial)[()], *line] for line in found]
    spend(a.size)
    made = np.empty(len(found), dtype=object)
    made[:] = [_joined(name, line) for line in found]
    made = made.reshape(shape)
    note(name, made)
    return made


def _joined(name: str, line: list[Value]) -> Value:
    if len(line) > 1:
        return _JOIN[name](line)
    if line:
        return apply(OPS["identity"], (line[0],))
    if name not in _NEUTRAL:
        raise OperandError(f"np.{name} of nothing has no value: an axis of length 0")
    return Constant(_NEUTRAL[name])


def _tree(join: Callable[[Value, Value], Value], nodes: Sequence[Value]) -> Value:
    """Joined in pairs, pairs of pairs, …: the graph stays shallow."""
    while len(nodes) > 1:
        odd = nodes[-1:] if len(nodes) % 2 else []
        nodes = [*map(join, nodes[:-1:2] if odd else nodes[::2], nodes[1::2]), *odd]
    return nodes[0]


def _accumulate(name: str, a: Any, axis: int = 0) -> Any:
    a = np.moveaxis(as_nodes(a), axis, 0)
    spend(2 * a.size)
    # What is handed out is not what runs on: its gradient is not that of the rows after it.
    running = a[:1]
    made = [_call("positive", row) for row in running]
    for row in a[1:]:
        made.append(_call(name, running[-1], row))
        running = [_call(name, running[-1], row)]
    found = np.moveaxis(np.array(made, dtype=object).reshape(a.shape), 0, axis)
    if name == "add":
        note("cumsum", found)
    return found


def _outer(name: str, a: Any, b: Any) -> Any:
    a, b = _plain_or_nodes(a), _plain_or_nodes(b)
    return _call(name, a.reshape(a.shape + (1,) * b.ndim), b)


def _at(name: str, a: Any, index: Any, *b: Any) -> None:
    """`np.add.at(a, index, b)`: each place as often as the index names it."""
    if not (isinstance(a, np.ndarray) and a.dtype == object):
        raise OperandError(
            "np.add.at cannot put values into an array of floats: begin with np.zeros(shape, dtype=object)"
        )
    places = np.arange(a.size).reshape(a.shape)[index]
    operands = [np.broadcast_to(_plain_or_nodes(x), places.shape).ravel() for x in b]
    for k, place in enumerate(places.ravel()):
        at = np.unravel_index(place, a.shape)
        a[at] = _call(name, raw(a)[at], *(x[k] for x in operands))[()]


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": _call, "reduce": _reduce, "accumulate": _accumulate, "outer": _outer, "at": _at,
}  # fmt: skip
