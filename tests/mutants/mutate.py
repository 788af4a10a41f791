"""Every small change to a module that a test should notice.

Left out is what any test that runs the line would notice, or none could: a type, an `assert` for the type checker, the
number of a place in a template, a minus between texts or lists (of which one side is left, instead), and a condition
that is false where it guards one statement that goes by itself.

>>> from tests.mutants.mutate import mutants
>>> [m.change for m in mutants("def half(x):\\n    return x / 2")]
['`return x / 2` → `return None`', '`x / 2` → `x * 2`', '`2` → `3`', '`2` → `1`']
"""

import ast
from collections import Counter
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
PRINTING = {"__str__", "__repr__", "_repr_html_", "_repr_svg_", "as_dict", "about", "_describe", "_quote"}
"""Functions that say something, in whatever module they are."""
JOINED = ast.JoinedStr | ast.List | ast.ListComp | ast.Tuple | ast.Dict | ast.DictComp
"""What `+` or `|` joins; no other operator can stand between them."""


class Mutant(NamedTuple):
    """A module with one change."""

    lines: range
    """Those of what is changed: of an expression that begins with its first arm the condition stands below it."""
    where: str
    """The function or class, with those around it."""
    change: str
    """And which one, if the same change can be made in several places of the function."""
    source: str
    prints: bool
    """Whether it changes what is said, in an error too, and not what is computed or refused."""


def mutants(source: str, whole: bool = True) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines; `whole`, with their sources, which lose all comments."""
    found = [*_each(source, whole)]
    times = Counter((mutant.where, mutant.change) for mutant in found)
    met = Counter[tuple[str, str]]()
    for mutant in found:
        key = (mutant.where, mutant.change)
        met[key] += 1
        which = f" ({met[key]} of {times[key]})" if times[key] > 1 else ""
        yield mutant._replace(change=mutant.change + which)


def _each(source: str, whole: bool) -> Iterator[Mutant]:
    tree = ast.parse(source)
    for place, where in _places(tree, ""):
        before = ast.unparse(place.node)
        for changed in _changes(place.node):
            place.put(changed)
            lines = range(place.node.lineno, place.node.end_lineno + 1)
            change = f"`{before}` → `{ast.unparse(changed)}`"
            prints = place.said or bool(PRINTING & {*where.split(".")})
            yield Mutant(lines, where, change, ast.unparse(tree) if whole else "", prints)
        place.put(place.node)


class _Place(NamedTuple):
    """Where a node stands in the one around it."""

    node: ast.AST
    around: ast.AST
    field: str
    number: int | None
    said: bool
    """Whether it is in a `raise`."""

    def put(self, node: ast.AST) -> None:
        if self.number is None:
            setattr(self.around, self.field, node)
        else:
            getattr(self.around, self.field)[self.number] = node


def _places(around: ast.AST, where: str, said: bool = False) -> Iterator[tuple[_Place, str]]:
    for field, value in ast.iter_fields(around):
        for number, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_left(around, field, number):
                continue
            if hasattr(node, "lineno"):
                yield _Place(node, around, field, number, said), where
            named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            inside = f"{where}.{node.name}".lstrip(".") if named else where
            yield from _places(node, inside, said or isinstance(node, ast.Raise))


def _for_types(node: ast.AST) -> bool:
    """Whether it is for the type checker alone."""
    return isinstance(node, ast.Assert) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")


def _is_left(around: ast.AST, field: str, number: int | None) -> bool:
    """Whether nothing is changed there: a type, or the number of a place in a template."""
    match around:
        case ast.Call(func=ast.Name(id="isinstance")):
            return (field, number) == ("args", 1)
        case ast.Set(elts=[ast.Constant()]):
            return True
    return field in NOT_RUN or (_for_types(around) and field != "orelse")


def _joins(node: ast.AST) -> bool:
    return isinstance(node, JOINED) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case _ if _for_types(node):
            pass
        case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right) if _joins(left) or _joins(right):
            yield from (left, right)
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
            yield ast.If(ast.Constant(True), node.body, node.orelse)
            if node.orelse or len(node.body) > 1 or not any(isinstance(c, ast.Pass) for c in _changes(node.body[0])):
                yield ast.If(ast.Constant(False), node.body, node.orelse)
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
        body = tree.body
        names_types = isinstance(body, ast.BinOp) and isinstance(body.op, ast.BitOr)
        if isinstance(body, ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp) and not names_types:
            for place, _ in _places(tree, ""):
                for changed in _changes(place.node):
                    place.put(changed)
                    yield ast.unparse(tree)
                place.put(place.node)
