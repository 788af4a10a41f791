"""Every small change to a module that a test should notice.

>>> from tests.mutants.mutate import mutants
>>> [m.change for m in mutants("def half(x):\\n    return x / 2")]
['`return x / 2` → `return None`', '`x / 2` → `x * 2`', '`2` → `3`', '`2` → `1`']
"""

import ast
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

SWAPPED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NOT_RUN = {"annotation", "returns", "decorator_list"}
"""What of a statement is no code that computes."""
PRINTING = {"__str__", "__repr__", "_repr_html_", "_repr_svg_", "as_dict"}
"""Methods that print, in whatever module they are."""


class Mutant(NamedTuple):
    """A module with one change."""

    line: int
    where: str
    """The function or class, with those around it."""
    change: str
    source: str

    @property
    def prints(self) -> bool:
        """Whether it changes what is said, not what is computed."""
        return bool(PRINTING & {*self.where.split(".")}) or self.change.startswith("`raise")


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines. Comments are lost in them."""
    tree = ast.parse(source)
    for place, where in _places(tree, ""):
        before = ast.unparse(place.node)
        for changed in _changes(place.node):
            place.put(changed)
            yield Mutant(place.node.lineno, where, f"`{before}` → `{ast.unparse(changed)}`", ast.unparse(tree))
        place.put(place.node)


class _Place(NamedTuple):
    """Where a node stands in the one around it."""

    node: ast.AST
    around: ast.AST
    field: str
    number: int | None

    def put(self, node: ast.AST) -> None:
        if self.number is None:
            setattr(self.around, self.field, node)
        else:
            getattr(self.around, self.field)[self.number] = node


def _places(around: ast.AST, where: str) -> Iterator[tuple[_Place, str]]:
    for field, value in ast.iter_fields(around):
        if field in NOT_RUN or (isinstance(around, ast.If) and ast.unparse(around.test) == "TYPE_CHECKING"):
            continue
        for number, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST):
                continue
            if hasattr(node, "lineno"):
                yield _Place(node, around, field, number), where
            named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            yield from _places(node, f"{where}.{node.name}".lstrip(".") if named else where)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPPED:
            yield ast.Compare(node.left, [SWAPPED[type(op)]()], node.comparators)
        case ast.BinOp(op=op) if type(op) in SWAPPED:
            yield ast.BinOp(node.left, SWAPPED[type(op)](), node.right)
        case ast.BoolOp(op=op):
            yield ast.BoolOp(SWAPPED[type(op)](), node.values)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=float(value)):  # a tolerance is not held by a test that lets it be twice as large
            yield from (ast.Constant(value * 2), ast.Constant(value / 2)) if value else (ast.Constant(1.0),)
        case ast.Constant(value=str(text)) if " " in text:
            for changed in _changed_formulas(text):
                yield ast.Constant(changed)
        case ast.If() if not isinstance(node.test, ast.Constant):
            for outcome in (True, False):
                yield ast.If(ast.Constant(outcome), node.body, node.orelse)
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Return(value=value) if value is not None and ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Constant()):  # a docstring, or the words below a name
            pass
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def _changed_formulas(text: str) -> Iterator[str]:
    """A formula that is written as text, with one change."""
    with suppress(SyntaxError):
        tree = ast.parse(text, mode="eval")
        if isinstance(tree.body, ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp):
            for place, _ in _places(tree, ""):
                for changed in _changes(place.node):
                    place.put(changed)
                    yield ast.unparse(tree)
                place.put(place.node)
