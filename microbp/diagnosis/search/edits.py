"""Every line that is one edit away from a right one: a grammar, not a list.

A part of the line is left out, there twice, or replaced by any quantity in scope; operands change places, or brackets;
a sum is another sum; there is a factor or a term more. Whether the shapes fit shows when it is run.

>>> [text for text, _ in edits("d @ W")][:4]
['d', 'W', 'W @ d', 'd @ W.T']
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

ATOMS = ("a0", "z0", "X", "W", "W0", "W_", "dW", "dW_", "d", "d_", "up", "up_", "z", "z_", "a", "a_", "y", "b", "slope")
"""The quantities that may stand in the place of another."""
OF_OUTPUT = ("p", "(a - y)", "(y - a)")
NUMBERS = ("1.0", "0.0", "2.0", "0.5")
OPS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.Sub, ast.Div),
    ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
}
"""What an operation may be taken for."""
Edit = tuple[str, str]
"""A line, and what was changed in it, in words."""


@lru_cache(maxsize=256)
def edits(text: str, output: bool = False) -> tuple[Edit, ...]:
    """Every other line one edit away, each once, the likelier first; in the last layer with what is there alone."""
    tree = ast.parse(text, mode="eval").body
    atoms = (*ATOMS, *(OF_OUTPUT if output else ()))
    found: dict[str, str] = {}
    kinds = (_structure, _sums, lambda node: _replaced(node, atoms), _around)
    for kind in kinds:
        for node in _parts(tree):
            for other, said in kind(node):
                made = ast.unparse(_put(tree, node, ast.parse(other, mode="eval").body))
                if made != ast.unparse(tree):
                    found.setdefault(made, said)
    for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & {*ATOMS}:
        for other in atoms:
            found.setdefault(re.sub(rf"\b{name}\b", other, text), f"{other} for every {name}")
    for atom in (*atoms, "(1 - a)", "m", "n"):
        found.setdefault(f"({text}) * {atom}", f"times {atom}")
    for atom in atoms:
        found.setdefault(f"({text}) + {atom}", f"{atom} added")
        found.setdefault(f"({text}) - {atom}", f"{atom} subtracted")
        found.setdefault(f"({text}) / {atom}", f"divided by {atom}")
    return tuple(found.items())


def _parts(tree: ast.expr) -> list[ast.expr]:
    """The parts of a line that mean something by themselves: no function's name, and no argument by keyword."""
    found: list[ast.expr] = [tree]
    for node in found:
        match node:
            case ast.BinOp(left=one, right=two):
                found += [one, two]
            case ast.UnaryOp(operand=one) | ast.Attribute(value=one):
                found.append(one)
            case ast.Compare(left=one, comparators=[two]):
                found += [one, two]
            case ast.Call(func=ast.Attribute(value=one)) if not _is_numpy(one):
                found.append(one)
            case ast.Call(args=args):
                found += args
    return found


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "np"


def _structure(node: ast.expr) -> Iterator[Edit]:
    """Operands left out, exchanged, twice, turned round; another operation; brackets elsewhere."""
    match node:
        case ast.BinOp(left=one, op=op, right=two):
            a, b, sign = _text(one), _text(two), _sign(op)
            yield a, f"{b} left out"
            yield b, f"{a} left out"
            yield f"{b} {sign} {a}", "the operands exchanged"
            if isinstance(op, ast.MatMult):
                for x, y in ((a, f"{b}.T"), (f"{a}.T", b), (f"{b}.T", f"{a}.T"), (b, f"{a}.T"), (f"{b}.T", a)):
                    yield f"{x} @ {y}", "the operands the other way round"
                yield f"np.ones_like({a}) @ {b}", f"{a} not in the product"
                yield f"{a} @ np.ones_like({b})", f"{b} not in the product"
            else:
                yield f"{a} {sign} {b} {sign} {b}", f"{b} twice"
                yield f"{a} {sign} {a} {sign} {b}", f"{a} twice"
            for other in OPS.get(type(op), ()):
                yield f"{a} {_sign(other())} {b}", f"{_sign(other())} for {sign}"
            if isinstance(two, ast.BinOp) and sign != "@":
                yield f"{a} {sign} {_text(two.left)} {_sign(two.op)} {_text(two.right)}", "brackets left out"
                yield f"({a} {sign} {_text(two.left)}) {_sign(two.op)} {_text(two.right)}", "brackets elsewhere"
            if isinstance(one, ast.BinOp) and sign != "@":
                yield f"{_text(one.left)} {_sign(one.op)} ({_text(one.right)} {sign} {b})", "brackets elsewhere"
        case ast.UnaryOp(operand=one):
            yield _text(one), "the sign left out"
        case ast.Attribute(value=one, attr="T"):
            yield _text(one), "not transposed"
        case ast.Compare(left=one, ops=[op], comparators=[two]):
            side = "<" if isinstance(op, ast.Gt) else ">"
            yield f"({_text(one)} {side} {_text(two)})", "the other side of 0"
            yield _text(one), "no comparison"
            yield f"np.where({ast.unparse(node)}, 1.0, {_text(one)})", f"{_text(one)} where it is 0"
            yield f"np.sign({_text(one)})", "the sign of it"
        case ast.Call(func=ast.Name(id=g), args=[ast.Name(id=x)]) if g in ("f1", "f"):
            yield f"{g}({g[0]}({x}))", "of the function's value"
            yield x, f"{x} itself"


def _sums(node: ast.expr) -> Iterator[Edit]:
    """Another reduction, or over another axis."""
    match node:
        case ast.Call(func=ast.Attribute(value=one, attr="sum")):
            x = _text(one)
            for other, said in (
                ("{}.mean(axis=0)", "a mean, not a sum"), ("{}.sum()", "the sum of all"),
                ("{}.mean()", "the mean of all"), ("{}.sum(axis=0)", "the sum over the samples"),
                ("{}.mean(axis=1, keepdims=True)", "the mean of each row"),
                ("{}.sum(axis=1)", "the sum over the other axis"), ("{}.mean(axis=1)", "the mean over the other axis"),
                ("{}[-1]", "the last alone"), ("{}[0]", "the first alone"), ("{}.max(axis=0)", "the largest"),
                ("({} ** 2).sum(axis=0)", "of the squares"),
                ("dW.sum(axis=1)", "the row sums of dW"), ("dW.mean(axis=1)", "the row means of dW"),
                ("dW.sum(axis=0)", "the column sums of dW"), ("{}.prod(axis=0)", "a product, not a sum"),
                ("{}[1:].sum(axis=0)", "without the first"), ("{}[:-1].sum(axis=0)", "without the last"),
                ("{}.cumsum(axis=0)[-1] / 2", "half of it"), ("b", "the bias itself"),
            ):  # fmt: skip
                yield other.format(x), said


def _replaced(node: ast.expr, atoms: tuple[str, ...]) -> Iterator[Edit]:
    """Another quantity for a name, or for a number; another number."""
    if isinstance(node, ast.Name | ast.Constant):
        here = ast.unparse(node)
        for other in atoms:
            if other != here:
                yield other, f"{other} for {here}"
        for other in NUMBERS:
            if other != here and (isinstance(node, ast.Constant) or other == "1.0"):
                yield other, f"{other.removesuffix('.0')} for {here}"
    if isinstance(node, ast.Name) and len(node.id) < 3:
        yield f"{node.id}.sum(axis=0)", f"{node.id} summed"
        yield f"{node.id}.sum(axis=1, keepdims=True)", f"{node.id} summed over its columns"
        yield f"{node.id}.mean(axis=0)", f"the mean of {node.id}"


def _around(node: ast.expr) -> Iterator[Edit]:
    """A sign, a square, a factor, a transpose of a part."""
    if isinstance(node, ast.Constant):
        return
    x = _text(node)
    yield from (
        (f"-{x}", "the other sign"), (f"{x} ** 2", "squared"),
        (f"2 * {x}", "twice"), (f"{x} / 2", "halved"), (f"{x} / m", "divided by m"), (f"m * {x}", "times m"),
        (f"1 / {x}", "one over it"), (f"({x}).T", "transposed"), (f"(1 - {x})", "1 less it"),
    )  # fmt: skip
    if x != "d" and (isinstance(node, ast.Name) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub))):
        yield f"np.sign({x})", "its sign alone"
        yield f"np.abs({x})", "without its sign"


def _text(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Constant) else f"({text})"


def _sign(op: ast.operator) -> str:
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}
    return signs[type(op)]


def _put(at: Any, node: ast.expr, other: ast.expr) -> Any:
    """A tree, or a field of one, with another part in the place of one."""
    if at is node:
        return other
    if isinstance(at, ast.AST):
        return type(at)(**{name: _put(part, node, other) for name, part in ast.iter_fields(at)})
    return [_put(part, node, other) for part in at] if isinstance(at, list) else at
