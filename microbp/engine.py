"""A number that remembers how it was made, and the chain rule through everything that made it.

>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> y = (w * x + 7).tanh()
>>> y.backward()
>>> round(y.data, 6), round(w.grad, 6), round(x.grad, 6)
(0.761594, 0.839949, -1.259923)

The methods of `Value` are made from the rows of `ops.TABLE` by `define`, at the end of this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from microbp.errors import FormulaError, OperandError, ShapeError
from microbp.formula import load
from microbp.methods import generated_sources, variants
from microbp.nonfinite import ARITHMETIC, ieee, ieee_partials, report, report_gradients
from microbp.ops import FAMILIES, OPS, Op

_OPEN, _DONE, _LEAF = 1, 2, 3
_new = object.__new__


class Value:
    """A number in a graph: its `data`, its `grad` (∂root/∂self after `root.backward()`), an optional `label`,
    the operation `op` that made it (`None` for a leaf) and the values it was made from, `inputs`.

    Two values are equal only if they are the same node; `<`, `<=`, `>`, `>=` compare their data. Raises
    `OperandError` if `data` is not one real number.

    >>> a = Value(3, label="a")
    >>> b = a + a
    >>> c = b + b
    >>> c.backward()
    >>> a.grad, b.grad
    (4.0, 2.0)
    >>> [v.label or v.op.name for v in c.graph()]
    ['a', 'add', 'add']
    """

    # _x and _y hold the inputs: one, two, or (in _x) a tuple of many. Two slots instead of a tuple for
    # every node halve the work of Python's garbage collector, which is what a large graph waits for.
    # _state is used by _topological_order alone.
    __slots__ = ("_state", "_x", "_y", "data", "grad", "label", "op")

    data: float
    grad: float
    label: str
    op: Op | None
    _state: int
    if TYPE_CHECKING:  # Python's operators, as define() makes them from the table
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = (
            __rpow__
        ) = lambda self, other: self
        __neg__ = __abs__ = lambda self: self

        def __getattr__(self, name: str) -> Callable[..., Value]: ...

    def __init__(self, data: Any, label: str = "") -> None:
        self.data = data if data.__class__ is float else _number(data, "Value")
        self.grad = 0.0
        self.label = label
        self.op = None
        self._x = self._y = None
        self._state = _LEAF

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values it was made from, in order; `x * x` has two. Empty for a leaf."""
        if self.op is None:
            return ()
        if self._x.__class__ is tuple:
            return self._x
        return (self._x,) if self._y is None else (self._x, self._y)

    def graph(self) -> list[Value]:
        """Every value that this one depends on, and itself last, in topological order: inputs stand before results."""
        found: dict[Value, None] = {}
        for node in _topological_order(self):
            for x in node.inputs:
                found.setdefault(x)
            found[node] = None
        return list(found) or [self]

    def backward(self, seed: float = 1.0) -> None:
        """Applies the chain rule from here back to the leaves: adds seed × ∂self/∂leaf to the `grad` of each leaf.

        Leaves accumulate over calls, as in PyTorch; the grads in between are computed anew. Each node is visited once,
        after all that was made from it. A gradient that is inf or nan is reported as `microbp.errstate` says.
        """
        seed = seed if seed.__class__ is float else _number(seed, "backward")
        if self.op is None:
            self.grad += seed
            return
        order = _topological_order(self)
        order.reverse()
        for node in order:
            node.grad = 0.0
        self.grad = seed
        check = 0.0
        for node in order:
            pull = node.op.pull  # type: ignore[union-attr]  # only leaves have no op, and none is in the order
            pull(node)  # type: ignore[misc]  # every op that has made a value has its pullback
            check += node.grad
        if check - check:
            report_gradients(order)

    def zero_grad(self) -> None:
        """Sets the grad of this value, and of every value it depends on, to 0."""
        for node in self.graph():
            node.grad = 0.0

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data}{label})" if not self.grad else f"Value({self.data}{label}, grad={self.grad})"

    def __float__(self) -> float:
        return float(self.data)

    def __lt__(self, other: Any) -> bool:
        return bool(self.data < getattr(other, "data", other))

    def __le__(self, other: Any) -> bool:
        return bool(self.data <= getattr(other, "data", other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.data > getattr(other, "data", other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.data >= getattr(other, "data", other))

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        for node in self.graph():  # inputs first, so that no copy waits for another
            if id(node) not in memo:
                memo[id(node)] = _rebuild(
                    type(node), node.op, tuple(memo[id(x)] for x in node.inputs), node.data, node.grad, node.label
                )
        copied: Value = memo[id(self)]
        return copied

    def __copy__(self) -> Value:
        return _rebuild(type(self), self.op, self.inputs, self.data, self.grad, self.label)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is None:
            return _rebuild, (type(self), None, (), self.data, self.grad, self.label)
        # Flat, because pickle would go down the graph by recursion. Leaves go as they are: what is shared stays shared.
        graph = self.graph()
        place = {node: k for k, node in enumerate(graph)}
        rows = [
            node if node.op is None else (node.op, [place[x] for x in node.inputs], node.data, node.grad, node.label)
            for node in graph
        ]
        return _rebuild_graph, (rows,)


class Constant(Value):
    """A plain number in an expression: drawn inside the expression, not trained."""

    __slots__ = ()


def _topological_order(root: Value) -> list[Value]:
    """The interior nodes that `root` depends on, inputs before results.

    The depth-first walk that recursion would do, with a list for a stack: a node is opened when it is first met, and
    done when its inputs are. `_state` tells new (0), open and done nodes apart, and is 0 again at the end.
    """
    order: list[Value] = []
    stack = [root] if root.op is not None else []
    push, pop, done = stack.append, stack.pop, order.append
    try:
        while stack:
            node = stack[-1]
            state = node._state
            if not state:
                node._state = _OPEN
                x, y = node._x, node._y
                if y is not None:
                    if not y._state:
                        push(y)
                elif x.__class__ is tuple:
                    stack.extend([y for y in reversed(x) if not y._state])
                    continue
                if not x._state:
                    push(x)
            else:
                pop()
                if state == _OPEN:
                    node._state = _DONE
                    done(node)
    finally:
        for node in order:
            node._state = 0
        for node in stack:  # empty, unless something interrupted the walk
            node._state = 0
    return order


def _rebuild(
    cls: type[Value], op: Op | None, inputs: tuple[Value, ...], data: float, grad: float, label: str
) -> Value:
    out = cls(data, label)
    out.grad = grad
    if op is not None:
        if op.pull is None:
            _generate(op)
        out.op = op
        out._x, out._y = (*inputs, None)[:2] if op.arity <= 2 else (inputs, None)
        out._state = 0
    return out


def _rebuild_graph(rows: list[Any]) -> Value:
    graph: list[Value] = []
    for row in rows:
        if not isinstance(row, Value):
            op, places, data, grad, label = row
            row = _rebuild(Value, op, tuple(graph[k] for k in places), data, grad, label)
        graph.append(row)
    return graph[-1]


def _number(data: Any, what: str) -> float:
    """One real number, as a float. Raises `OperandError` for anything else."""
    if isinstance(data, np.ndarray) and data.size == 1:
        data = data.item()
    if not isinstance(data, str | bytes | bytearray | complex | np.complexfloating | np.ndarray | Value):
        try:
            return float(data)
        except (TypeError, ValueError):
            pass
        except OverflowError:
            return math.inf if data > 0 else -math.inf
    hint = "For an array of Values, make one Value for each element." if np.ndim(data) else "Convert it first."
    shape = f" of shape {np.shape(data)}" if np.ndim(data) else ""
    raise OperandError(f"{what} needs one real number, got {data!r} ({type(data).__name__}{shape}). {hint}")


def constant(number: Any, op: Op) -> Constant:
    """A plain number as an input of `op`."""
    out = _new(Constant)
    out.data = number if number.__class__ is float else _number(number, op.name)
    out.grad = 0.0
    out.label = ""
    out.op = None
    out._state = _LEAF
    return out


def operand(number: Any, op: Op) -> Any:
    """A plain number beside an operator; `NotImplemented` for what may know better itself what to do with a Value."""
    if number.__class__ is float or number.__class__ is int:
        return constant(float(number), op)
    if isinstance(number, np.ndarray) and number.ndim:
        return NotImplemented  # NumPy then works elementwise
    if hasattr(number, "__float__") or isinstance(number, str | bytes | complex | list | tuple):
        return constant(number, op)
    return NotImplemented


def affine(weights: Sequence[Value], inputs: Sequence[Any], bias: Any) -> Value:
    """A neuron's net, w1·x1 + … + wn·xn + b, as one node. Raises `ShapeError` if the lengths differ.

    >>> net = affine([Value(0.15), Value(0.2)], [0.05, 0.1], 0.35)
    >>> net.data, len(net.inputs)
    (0.3775, 5)
    """
    if len(weights) != len(inputs):
        raise ShapeError(f"affine needs as many inputs as weights, got {len(weights)} weights and {len(inputs)} inputs")
    pairs: list[Any] = [bias] * (2 * len(weights) + 1)
    pairs[:-1:2] = weights
    pairs[1::2] = inputs
    return _apply_family("affine", len(weights), pairs)


def total(values: Iterable[Any]) -> Value:
    """The sum of any number of values as one node.

    >>> total([Value(1.0), 2, 3.5]).data
    6.5
    """
    values = list(values)
    return _apply_family("total", len(values), values)


def _apply_family(name: str, n: int, inputs: list[Any]) -> Value:
    op = FAMILIES[name].row(n)
    return apply(op, tuple([x if isinstance(x, Value) else constant(x, op) for x in inputs]))


def apply(op: Op, inputs: tuple[Value, ...]) -> Value:
    """Applies the operation of any row, families included, to values: what the methods of `Value` do."""
    if op.apply is None:
        _generate(op)
    out: Value = op.apply(inputs)  # type: ignore[misc]  # _generate has just set it
    return out


def _generate(op: Op) -> None:
    """Makes the functions of a row: its methods, `apply` and `pull`."""
    namespace: dict[str, Any] = {
        **{function.__name__: function for function in (Value, constant, operand, ieee, ieee_partials, report)},
        **{f"op_{row.name}": row for row in (op, *variants(op))},
        "new": _new,
        "math": math,
        "ARITHMETIC": ARITHMETIC,
    }
    for name, source in generated_sources(op).items():
        function = load(source, f"<microbp {op.name}: {name}>", namespace)[name]
        if name == f"apply_{op.name}":
            object.__setattr__(op, "apply", function)
        elif name == f"pull_{op.name}":
            object.__setattr__(op, "pull", function)
        else:
            function.__qualname__ = f"Value.{name}"
            setattr(Value, name, function)


def define(op: Op) -> Op:
    """Adds an operation to the table and gives `Value` its method. Returns the row.

    >>> _ = define(Op("cube", "x ** 3", ("3 * x ** 2",), rule="The power rule."))
    >>> x = Value(2.0)
    >>> x.cube().backward()
    >>> x.grad
    12.0
    """
    if not op.method.startswith("__") and op.method in vars(Value) and op.name not in OPS:
        raise FormulaError(f"the operation {op.name!r} needs another name: Value has a {op.method!r} of its own")
    OPS[op.name] = op
    _generate(op)
    return op


for _row in OPS.values():
    _generate(_row)
