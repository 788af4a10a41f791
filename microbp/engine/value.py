"""A number that remembers how it was made, and the chain rule through everything that made it.

>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> y = (w * x + 7).tanh()
>>> y.backward()
>>> round(y.data, 6), round(w.grad, 6), round(x.grad, 6)
(0.761594, 0.839949, -1.259923)

The methods of `Value` are made from the rows of `ops.TABLE` by `define`, at the end of this file.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from microbp.engine.arrays.functions import FUNCTIONS
from microbp.engine.copying import Copyable
from microbp.engine.ieee import ARITHMETIC, ieee, ieee_partials, report_not_finite
from microbp.engine.lecture import Lecture, label_of
from microbp.engine.methods import load_functions
from microbp.engine.operands import Operators, real_number
from microbp.engine.ops import OPS, Op
from microbp.engine.order import LEAF, NEW, pull_back, topological_order
from microbp.errors import FormulaError

if TYPE_CHECKING:
    from microbp.engine.declared import Declared

_new = object.__new__

if TYPE_CHECKING:  # what `define` makes from the table

    class Methods(Declared["Value"]):
        """The methods of the table, as editors and type checkers see them."""

else:

    class Methods:
        """The methods of the table: `define` makes them, and gives them to `Value` itself."""

        __slots__ = ()


class Value(Operators, Copyable, Lecture, Methods):
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
    # _state is the mark of topological_order alone.
    __slots__ = ("_state", "_x", "_y", "data", "grad", "label", "op")

    data: float
    grad: float
    label: str
    op: Op | None
    _state: Any

    def __init__(self, data: SupportsFloat, *more: Any, label: str = "", _children: Any = (), _op: str = "") -> None:
        self.data = data if data.__class__ is float else real_number(data, "Value")
        self.grad = 0.0
        self.label = label if not more and not _children else label_of(more or (_children,)) or label
        self.op = None
        self._x: Any = None
        self._y: Value | None = None
        self._state = LEAF

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values it was made from, in order; `x * x` has two. Empty for a leaf."""
        if self.op is None:
            return ()
        x, y = self._x, self._y
        if x.__class__ is tuple:
            many: tuple[Value, ...] = x
            return many
        return (x,) if y is None else (x, y)

    def graph(self) -> list[Value]:
        """Every value that this one depends on, and itself last, in topological order: inputs stand before results."""
        found: dict[Value, None] = {}
        add = found.setdefault
        for node in topological_order(self):
            x, y = node._x, node._y
            if y is not None:
                add(x)
                add(y)
            elif x.__class__ is tuple:
                found.update(dict.fromkeys(x))
            else:
                add(x)
            found[node] = None
        return list(found) or [self]

    def backward(self, seed: float = 1.0) -> None:
        """Applies the chain rule from here back to the leaves: adds seed × ∂self/∂leaf to the `grad` of each leaf.

        Leaves accumulate over calls, as in PyTorch; the grads in between are computed anew. Each node is visited once,
        after all that was made from it. A gradient that is inf or nan is reported as `microbp.errstate` says.

        Threads may each have a graph. Raises `GraphError` if another pass, in another thread or below a signal handler,
        is writing to a value of this one, a leaf that they share included. What interrupts a pass leaves grads half
        done; the next one is right again, once those of the leaves are 0.
        """
        seed = seed if seed.__class__ is float else real_number(seed, "backward")
        if self.op is None:
            self.grad = (self.grad or 0.0) + seed
            return
        order = topological_order(self, backward=True)
        order.reverse()
        pull_back(order, seed)

    def zero_grad(self) -> None:
        """Sets the grad of this value, and of every value it depends on, to 0."""
        for node in self.graph():
            node.grad = 0.0

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data}{label})" if not self.grad else f"Value({self.data}{label}, grad={self.grad})"

    def made_by(self, op: Op, inputs: tuple[Value, ...]) -> Value:
        """Makes it the result of an operation on these inputs, whatever its data are: for copies and pickles."""
        if op.apply is None:
            _generate(op)
        self.op = op
        self._x, self._y = (*inputs, None)[:2] if op.arity <= 2 else (inputs, None)
        self._state = NEW
        return self


class Constant(Value):
    """A plain number in an expression: drawn inside the expression, not trained."""

    __slots__ = ()


def constant(number: Any, op: Op) -> Constant:
    """A plain number as an input of `op`."""
    out = _new(Constant)
    out.data = number if number.__class__ is float else real_number(number, op.name)
    out.grad = 0.0
    out.label = ""
    out.op = None
    out._state = LEAF
    return out


def operand(number: Any, op: Op) -> Any:
    """A plain number beside an operator; `NotImplemented` for what may know better itself what to do with a Value."""
    if number.__class__ is float or number.__class__ is int:
        return constant(number, op)
    if isinstance(number, np.ndarray) and number.ndim:
        return NotImplemented  # NumPy then works elementwise
    if hasattr(number, "__float__") or isinstance(number, str | bytes | complex | list | tuple):
        return constant(number, op)
    return NotImplemented


def apply(op: Op, inputs: tuple[Value, ...]) -> Value:
    """Applies the operation of any row, families included, to values: what the methods of `Value` do."""
    if op.apply is None:
        _generate(op)
    out: Value = op.apply(inputs)  # type: ignore[misc]  # _generate has just set it
    return out


def _generate(op: Op) -> None:
    """Makes the functions of a row: `apply`, `pull` and `local` for the row itself, the methods for `Value`."""
    tools = (Value, constant, operand, ieee, ieee_partials, report_not_finite)
    functions = load_functions(op, {tool.__name__: tool for tool in tools} | {"new": _new, "ARITHMETIC": ARITHMETIC})
    for name in ("pull", "local", "apply"):  # the one that is looked for is there last, whatever interrupts this
        object.__setattr__(op, name, functions.pop(f"{name}_{op.name}"))
    for name, method in functions.items():
        method.__qualname__, method.__doc__ = f"Value.{name}", op.about
        setattr(Value, name, method)


def _promise(op: Op) -> None:
    """Gives `Value` the method of a row, which is made when it is first called: a program uses few of them."""

    def method(*inputs: Any, **named: Any) -> Any:
        if op.apply is None:  # who keeps this one, tanh = Value.tanh, comes again
            _generate(op)
        return getattr(Value, op.method)(*inputs, **named)

    shown: dict[str, Any] = {"name": op.method, "qualname": f"Value.{op.method}", "doc": op.about}
    shown["signature"] = Signature([Parameter(x, Parameter.POSITIONAL_OR_KEYWORD) for x in op.inputs])
    for name, said in shown.items():
        setattr(method, f"__{name}__", said)
    if None not in op.partials:
        setattr(Value, op.method, method)


def define(op: Op) -> Op:
    """Adds an operation to the table and gives `Value` its method; `FormulaError` if that has another of its name.

    >>> _ = define(Op("cube", "x ** 3", ("3 * x ** 2",), rule="The power rule."))
    >>> x = Value(2.0)
    >>> x.cube().backward()
    >>> x.grad
    12.0
    >>> del OPS["cube"], Value.cube  # takes it back
    """
    if not op.method.startswith("__") and op.method in vars(Value) and op.name not in OPS:
        raise FormulaError(f"the operation {op.name!r} needs another name: Value has a {op.method!r} of its own")
    OPS[op.name] = op
    _generate(op)
    return op


OPS.update({row.name: row for row in FUNCTIONS})
for _row in OPS.values():
    (_generate if _row.method.startswith("__") else _promise)(_row)
