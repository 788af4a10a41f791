"""What numbers alone decide in a formula is worked out, to the last bit what computing it would give.

>>> square = Formula("0.0 if c == 0 else c * x ** (c - 1)")
>>> fold_constants(square.substitute(c=Formula("2.0"))).python()
'2.0 * x'
>>> fold_constants(Formula("1.0 * (0.5 * (2.0 * (y - a)))")).python()
'y - a'
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from microbp.formula.language import Formula

COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
"""How each comparison of the language compares."""
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = COMPARISONS | {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}


def fold_constants(formula: Formula) -> Formula:
    """The formula with numbers worked out: nothing in it is computed in another order than before.

    But for powers of two, which multiply without rounding: 0.5·(2·x) is x.
    """
    terms = [Formula(_fold(term.tree)) for term in formula.terms]
    kept = [term for term in terms if term.number != 0.0]  # 0 + u is u; Python's sum() begins with a 0
    if len(kept) > 1 or (kept and not isinstance(kept[0].tree, ast.Compare)):
        terms = kept
    numbers = [term.number for term in terms]
    if len(terms) == 2 and None not in numbers:
        return number_formula(numbers[0] + numbers[1])  # type: ignore[operator]  # neither is None
    return Formula.sum(terms)


def number_formula(value: float) -> Formula:
    """A number as a formula; what has no literal in Python is called by its name there."""
    if math.isfinite(value):
        tree: ast.expr = ast.Constant(abs(value))
        return Formula(ast.UnaryOp(ast.USub(), tree) if math.copysign(1.0, value) < 0 else tree)
    return Formula.atom({"nan": "math.nan", "inf": "math.inf", "-inf": "-math.inf"}[str(value)])


def _fold(tree: ast.expr) -> ast.expr:
    match tree:
        case ast.Constant(value=int() as whole):
            return ast.Constant(float(whole))  # which Python subtracts from floats more quickly
        case ast.BinOp(op=ast.Add()):
            return fold_constants(Formula(tree)).tree
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(_fold(left), op, _fold(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            operand = _fold(operand)
            return operand.operand if isinstance(operand, ast.UnaryOp) else ast.UnaryOp(ast.USub(), operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            left, right = _fold(left), _fold(right)
            a, b = Formula(left).number, Formula(right).number
            if a is None or b is None:
                return ast.Compare(left, [op], [right])
            return ast.Constant(float(_ARITHMETIC[type(op)](a, b)))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            test = _fold(test)
            decided = Formula(test).number
            if decided is None:
                return ast.IfExp(test, _fold(body), _fold(orelse))
            return _fold(body if decided else orelse)
        case ast.Call(func=func, args=args):
            return ast.Call(func, [_fold(argument) for argument in args], [])
    return tree


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
    a, b = Formula(left).number, Formula(right).number
    if a is not None and b is not None:
        try:
            return number_formula(_ARITHMETIC[type(op)](a, b)).tree
        except (ArithmeticError, ValueError):
            return ast.BinOp(left, op, right)  # it raises when it is run, as it should
    if isinstance(op, ast.Mult):
        for one, other in ((a, right), (b, left)):
            if isinstance(other, ast.Compare):
                continue  # 1.0 * (x > 0) is a number, and (x > 0) is none yet
            if one == 1.0:
                return other
            if one == -1.0:
                return _fold(ast.UnaryOp(ast.USub(), other))
            match other:
                case ast.BinOp(left=inner, op=ast.Mult(), right=rest) if one is not None and _exact(one):
                    factor = Formula(inner).number
                    if factor is not None and _exact(factor):
                        return _binary(number_formula(one * factor).tree, ast.Mult(), rest)
    if isinstance(op, ast.Pow | ast.Div) and b == 1.0:
        return left
    return ast.BinOp(left, op, right)


def _exact(factor: float) -> bool:
    """Whether it is a power of two, of a size that neither overflows nor loses bits."""
    return math.frexp(abs(factor))[0] == 0.5 and 2.0**-64 <= abs(factor) <= 2.0**64
