"""An expression as a problem: `sigmoid(w*x + b)` with w=2 x=-1 b=-3.

The text is parsed, checked against the table of operations and built node by node; nothing of it is ever run.

>>> problem = ExpressionProblem("sigmoid(w*x + b)", {"w": 2.0, "x": -1.0, "b": 5.0})
>>> problem.root()
Value(0.9525741268224334, label='f')
>>> ExpressionProblem("E = (w*x - y)**2", {"w": 2.0, "x": 3.0, "y": 1.0}).root()
Value(25.0, label='E')
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from reprlib import Repr
from typing import Any

from microbp.engine import Constant, Value, apply, constant
from microbp.engine.methods import variants
from microbp.engine.operands import real_number
from microbp.engine.ops import OPS, Op
from microbp.errors import ProblemError, nearest
from microbp.printing import number_text
from microbp.problems.network import Problem

MAX_LENGTH = 10_000
MAX_PARTS = 100
"""A graph of more values, those that are used twice counted twice, is not written as an expression."""
ROOTS = ("f", "F", "loss", "f(…)")
"""What a whole expression is called that has no name of its own: the first that nothing in it is called."""
_shorter = Repr()
_shorter.maxstring = 60
short = _shorter.repr

_OPERATORS: dict[type[ast.AST], Op] = {
    ast.Add: OPS["add"],
    ast.Sub: OPS["sub"],
    ast.Mult: OPS["mul"],
    ast.Div: OPS["div"],
    ast.Pow: OPS["pow"],
    ast.USub: OPS["neg"],
}


def _named(text: str) -> tuple[str, str]:
    """The name before an equals sign, if there is one, and the expression."""
    match = re.match(r"\s*([^\W\d]\w*)\s*=(?!=)", text)
    return (match[1], text[match.end() :].strip()) if match else ("", text.strip())


def as_expression(root: Value) -> str:
    """The expression that `ExpressionProblem` makes such a graph of; nothing if there is none, or a long one only.

    >>> w, x = Value(2.0, "w"), Value(3.0, "x")
    >>> as_expression((w * x - 1).tanh() ** 2)
    'tanh(w*x - 1)**2'
    """
    signs: dict[str, Any] = {op.name: kind for kind, op in _OPERATORS.items()}
    made: dict[Value, ast.expr] = {}
    size: dict[Value, int] = {}
    for node in root.graph():
        parts = [made[x] for x in node.inputs]
        size[node] = 1 + sum(size[x] for x in node.inputs)
        if size[node] > MAX_PARTS or (node.op is not None and node.op.family):
            return ""
        if isinstance(node, Constant):
            number: ast.expr = ast.Constant(abs(node.data))
            made[node] = ast.UnaryOp(ast.USub(), number) if node.data < 0 else number
        elif node.op is None:
            made[node] = ast.Name(node.label)
        elif (kind := signs.get(node.op.name, ast.Pow if node.op.name in ("pow_const", "const_pow") else None)) is None:
            made[node] = ast.Call(ast.Name(node.op.name), parts, [])
        else:
            made[node] = ast.UnaryOp(ast.USub(), *parts) if kind is ast.USub else ast.BinOp(parts[0], kind(), parts[1])
    text = re.sub(r" (\*\*?|/) ", r"\1", ast.unparse(made[root]))
    return re.sub(r"\b(\d+)\.0\b", r"\1", text)


class ExpressionProblem(Problem):
    """The graph of an expression, its names being leaves with the numbers given.

    The whole is called f, or as is said: E = (w*x - y)**2. Raises `ProblemError` for what is not an expression of
    numbers, names, + - * / ** and the operations of the table, for a name without a number and for a number without a
    name.
    """

    def __init__(self, text: str, numbers: Mapping[str, float]) -> None:
        self.title = text
        self._name, self._body = _named(text)
        if len(text) > MAX_LENGTH:
            raise ProblemError(
                f"an expression may have {MAX_LENGTH:,} characters, got {len(text):,}; write it in Python"
            )
        try:
            self._tree = ast.parse(self._body, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ProblemError(f"cannot read the expression {short(text)}: {error}") from error
        self._nodes = self._postorder()
        used = dict.fromkeys(node.id for node in self._nodes if isinstance(node, ast.Name))
        if missing := [name for name in used if name not in numbers]:
            raise ProblemError(f"{short(text)} needs a number for {', '.join(missing)}: add {missing[0]}=0.5")
        if extra := [name for name in numbers if name not in used]:
            raise ProblemError(f"{nearest('name', extra[0], used)}: {short(text)} does not use it")
        if self._name in used:
            raise ProblemError(f"{self._name} stands on both sides of {short(text)}: call the whole another name")
        self._leaves = {name: Value(numbers[name], label=name) for name in used}

    def leaves(self) -> list[Value]:
        """Its names, as they come in the text."""
        return list(self._leaves.values())

    def root(self) -> Value:
        """The value of the whole expression."""
        made: dict[ast.expr, Value | float] = {}
        for node in self._nodes:
            made[node] = self._build(node, made)
        value = made[self._tree]
        root = value if isinstance(value, Value) else Value(value)
        if root.op is not None:
            root.label = self._name or next(name for name in ROOTS if name not in self._leaves)
        return root

    def __str__(self) -> str:
        return ", ".join([self.title, *(f"{name} = {number_text(leaf.data)}" for name, leaf in self._leaves.items())])

    def _postorder(self) -> list[ast.expr]:
        """Every subexpression, after its parts."""
        order: list[ast.expr] = []
        stack = [self._tree]
        while stack:
            node = stack.pop()
            order.append(node)
            stack += self._parts(node)
        return order[::-1]

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Name() | ast.Constant(value=int() | float()):
                return []
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return [left, right]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return [operand]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                functions = {op.name: op for op in OPS.values() if None not in op.partials}
                if name not in functions:
                    raise ProblemError(f"{nearest('operation', name, functions)}, in {short(self.title)}")
                if len(args) != functions[name].arity:
                    raise ProblemError(
                        f"{name} needs {functions[name].arity} argument(s), got {len(args)}, in {short(self.title)}"
                    )
                return args
        part = short(ast.get_source_segment(self._body, node))
        raise ProblemError(
            f"cannot use {part}, in {short(self.title)}: an expression has numbers, names, + - * / ** and the "
            "operations that `microbp ops` lists"
        )

    def _build(self, node: ast.expr, made: Mapping[ast.expr, Value | float]) -> Value | float:
        match node:
            case ast.Constant(value=int() | float() as number):
                return real_number(number, "an expression")
            case ast.Name(id=name):
                return self._leaves[name]
        return apply_to(operation_of(node), [made[part] for part in self._parts(node)])


def operation_of(node: ast.expr) -> Op:
    """The row of the table that a call, or a sign of arithmetic, stands for."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return OPS[name]
        case ast.BinOp(op=kind) | ast.UnaryOp(op=kind):
            return _OPERATORS[type(kind)]
    raise AssertionError(ast.dump(node))


def apply_to(op: Op, parts: Sequence[Value | float]) -> Value | float:
    """What the operation makes of values and plain numbers; a number with a sign stays a number."""
    if op.name == "neg" and isinstance(parts[0], float):
        return -parts[0]
    plain = [not isinstance(part, Value) for part in parts]
    for variant in variants(op):
        if [partial is None for partial in variant.partials] == plain:
            op = variant
    return apply(op, tuple(part if isinstance(part, Value) else constant(part, op) for part in parts))
