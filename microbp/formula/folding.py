"""What numbers alone decide in a formula is worked out, to the last bit what computing it would give.

>>> square = Formula("0.0 if c == 0 else c * x ** (c - 1)")
>>> fold_constants(square.substitute(c=Formula("2.0"))).python()
'2.0 * x'
>>> fold_constants(Formula("1.0 * (0.5 * (2.0 * (y - a)))")).python()
'y - a'
>>> fold_constants(Formula("u * 0.5 * (2.0 * (y - a)) * (1 > max(y, exp(2 - 2)))")).python()
'u * (y - a) * ((y if y > 1.0 else 1.0 if y <= 1.0 else y + 1.0) < 1.0)'
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from microbp.formula.compiled import worked_out
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
_TURNED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}
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
    """A number as a formula: inf and nan too, which each dialect has a name for."""
    negative = value < 0 or (value == 0 and math.copysign(1.0, value) < 0)
    return Formula(ast.UnaryOp(ast.USub(), ast.Constant(-value)) if negative else ast.Constant(value))


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
            if a is not None and b is None:  # the number stands last, as one writes it
                return ast.Compare(right, [_TURNED.get(type(op), type(op))()], [left])
            if a is None or b is None:
                return ast.Compare(left, [op], [right])
            return ast.Constant(float(_ARITHMETIC[type(op)](a, b)))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            test = _fold(test)
            decided = Formula(test).number
            if decided is None:
                return ast.IfExp(test, _fold(body), _fold(orelse))
            return _fold(body if decided else orelse)
        case ast.Call(func=ast.Name(id=name) as func, args=args):
            return _call(name, ast.Call(func, [_fold(argument) for argument in args], []))
    return tree


def _call(name: str, call: ast.Call) -> ast.expr:
    """A function of numbers is its value, unless it raises; of max and min a number stands last, as one writes it."""
    numbers = [Formula(argument).number for argument in call.args]
    if None not in numbers:
        try:
            return number_formula(worked_out(Formula(call))).tree
        except (ArithmeticError, ValueError):
            return call
    if name in ("max", "min"):
        x, y = call.args
        if isinstance(x, ast.Name) and isinstance(y, ast.Name) and x.id == y.id:
            return x
        if numbers[0] is not None:
            call.args.reverse()
    return call


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
    a, b = Formula(left).number, Formula(right).number
    if a is not None and b is not None:
        try:
            return number_formula(_ARITHMETIC[type(op)](a, b)).tree
        except (ArithmeticError, ValueError):
            return ast.BinOp(left, op, right)  # it raises when it is run, as it should
    if isinstance(op, ast.Mult):
        for one, other in ((left, right), (right, left)):
            if isinstance(other, ast.Compare):
                continue  # 1.0 * (x > 0) is a number, and (x > 0) is none yet
            if Formula(one).number == 1.0:
                return other
            if Formula(one).number == -1.0:
                return _fold(ast.UnaryOp(ast.USub(), other))
            match other:
                case ast.BinOp(left=inner, op=ast.Mult(), right=rest) if factor := _exact(one) * _exact(inner):
                    return _binary(number_formula(factor).tree, op, rest)
        match left, right:
            case ast.BinOp(left=first, op=ast.Mult(), right=c), ast.BinOp(left=d, op=ast.Mult(), right=last) if (
                factor := _exact(c) * _exact(d)
            ):
                return _binary(_binary(first, op, number_formula(factor).tree), op, last)
    if isinstance(op, ast.Pow | ast.Div) and b == 1.0:
        return left
    return ast.BinOp(left, op, right)


def _exact(factor: ast.expr) -> float:
    """A power of two, of a size that neither overflows nor loses bits; 0 for all else."""
    number = Formula(factor).number or 0.0
    return number if math.frexp(abs(number))[0] == 0.5 and 2.0**-64 <= abs(number) <= 2.0**64 else 0.0
