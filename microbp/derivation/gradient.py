"""Gradients that are values themselves, made by the same table: they can be differentiated again.

>>> from microbp import Value
>>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
>>> f = x**3 * y
>>> dx, dy = gradient(f, [x, y])
>>> dx.data, dy.data
(36.0, 8.0)

Second derivatives are gradients of gradients. The Hessian times a vector v is the gradient of v · gradient:

>>> [[second.data for second in gradient(slope, [x, y])] for slope in (dx, dy)]
[[36.0, 12.0], [12.0, 0.0]]
>>> [product.data for product in gradient(0.5 * dx - 1.0 * dy, [x, y])]
[6.0, 6.0]
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from microbp.engine import Constant, Value, constant
from microbp.engine.ieee import errstate
from microbp.engine.node import root_of
from microbp.engine.ops import OPS, Op
from microbp.engine.order import topological_order
from microbp.errors import OperandError
from microbp.formula.folding import COMPARISONS
from microbp.problems.expression import apply_to, operation_of

Number = Value | float
"""A value, or a plain number, of which no node is made before it stands beside a value."""


def gradient(root: Any, wrt: Any) -> Any:
    """∂root/∂wrt as values, the numbers of `backward`: a Value for a Value, else a list, or an array, of its shape.

    `wrt` are any values of the graph, leaves or not; of what `root` does not depend on the gradient is 0. The new graph
    shares the nodes of the old, and no `grad` is written. What a comparison decides in a derivative (the slope of relu)
    is decided by the numbers of now. Raises `OperandError` for what is no Value.
    """
    root = root_of(root)
    asked = np.array([wrt] if isinstance(wrt, Value) else wrt, dtype=object)
    for value in (root, *asked.flat):
        if not isinstance(value, Value):
            raise OperandError(
                f"gradient needs Values, or lists or arrays of them in rows of one length, got {value!r}"
            )
    with errstate("ignore"):
        found = _backward(root, dict.fromkeys(asked.flat))
    grads = np.array([found.get(value, 0.0) for value in asked.flat], dtype=object)
    for k, (value, grad) in enumerate(zip(asked.flat, grads, strict=True)):
        if not isinstance(grad, Value):
            grads[k] = constant(grad, OPS["identity"])
        elif not grad.label and root.label and value.label:
            grad.label = f"∂{root.label}/∂{value.label}"
    if isinstance(wrt, Value):
        return grads[0]
    return grads.reshape(asked.shape) if isinstance(wrt, np.ndarray) else grads.reshape(asked.shape).tolist()


def _backward(root: Value, wrt: Mapping[Value, None]) -> dict[Value, Number]:
    """The gradient of each value that lies on a way from `wrt` to the root, in the order of the chain rule."""
    needed = {*wrt}
    order = topological_order(root)
    for node in order:
        if any(x in needed for x, partial in zip(node.inputs, node.op.partials, strict=True) if partial is not None):
            needed.add(node)
    grads: dict[Value, Number] = {root: 1.0}
    for node in reversed(order):
        if node not in needed or node not in grads:
            continue
        known = dict(zip(node.op.inputs, map(_plain, node.inputs), strict=True)) | {"out": node}
        for x, partial in zip(node.inputs, node.op.partial_formulas, strict=True):
            if partial is not None and x in needed:
                part = _times(grads[node], _value(partial.tree, known))
                grads[x] = _plus(grads.get(x, 0.0), part)
    return grads


def _plain(x: Value) -> Number:
    return x.data if isinstance(x, Constant) else x


def _times(upstream: Number, local: Number) -> Number:
    """upstream · local; nobody multiplies by 1."""
    if isinstance(local, float) and abs(local) == 1.0:
        return upstream if local > 0 else _applied(OPS["neg"], upstream)
    if isinstance(upstream, float) and upstream == 1.0:
        return local
    for factor, other in ((upstream, local), (local, upstream)):
        if isinstance(factor, float) and factor == 0.0 and math.isfinite(_number(other)):
            return 0.0
    return _applied(OPS["mul"], upstream, local)


def _plus(a: Number, b: Number) -> Number:
    for term, other in ((a, b), (b, a)):
        if isinstance(term, float) and term == 0.0:
            return other
    return _applied(OPS["add"], a, b)


def _applied(op: Op, *parts: Number) -> Number:
    """What the operation makes of them; a number, of numbers alone."""
    made = apply_to(op, parts)
    return made if any(isinstance(part, Value) for part in parts) else _number(made)


def _number(x: Number) -> float:
    return x.data if isinstance(x, Value) else x


def _value(tree: ast.expr, known: Mapping[str, Number]) -> Number:
    """What a derivative of the table is as a graph, its names being these values."""
    match tree:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]  # a formula has no other constants
        case ast.Name(id=name):
            return known[name]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return float(COMPARISONS[type(op)](_number(_value(left, known)), _number(_value(right, known))))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            chosen, other = (body, orelse) if _number(_value(test, known)) else (orelse, body)
            found = _value(chosen, known)
            if chosen is body and any(isinstance(part, ast.Eq) for part in ast.walk(test)):
                # It holds at a point alone: how the derivative changes there, the formula beside it says.
                beside = _value(other, known)
                return beside if math.isclose(_number(beside), _number(found), abs_tol=1e-300) else found
            return found
        case ast.BinOp(left=left, right=right):
            parts = [left, right]
        case ast.UnaryOp(operand=operand):
            parts = [operand]
        case ast.Call(args=arguments):
            parts = arguments
        case _:
            raise AssertionError(ast.dump(tree))
    return _applied(operation_of(tree), *(_value(part, known) for part in parts))
