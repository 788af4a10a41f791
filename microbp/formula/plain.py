"""Formulas as a person would write them: σ as a fraction, and Python's own max beside a number.

>>> plain_sigmoid(Formula("sigmoid(x) * (1 - sigmoid(x))")).numpy()
'1.0 / (1.0 + np.exp(-x)) * (1 - 1.0 / (1.0 + np.exp(-x)))'
>>> plain_choice(Formula("2 * max(x, 0.0)")).python(), plain_choice(Formula("max(x, 0.0)"), call=False).python()
('2 * max(x, 0.0)', '0.0 if x <= 0.0 else x')
"""

from __future__ import annotations

import ast
import copy
from functools import cache

from microbp.formula.language import Formula

_SIGMOID = Formula("1.0 / (1.0 + exp(-x))")


@cache
def plain_sigmoid(formula: Formula) -> Formula:
    """The formula with σ as 1 / (1 + e^-x), which overflows far out on the left."""
    return Formula(_Sigmoid().visit(copy.deepcopy(formula.tree)))


def plain_choice(formula: Formula, call: bool = True) -> Formula:
    """The formula with max and min of a value and a number as Python's own, or as a choice, which is faster.

    Both keep a nan: Python's own gives its first argument unless the second one is larger.
    """
    return Formula(_Choice(call).visit(copy.deepcopy(formula.tree)))


@cache
def has_choice(formula: Formula) -> bool:
    """Whether there is a max or a min in it."""
    return any(isinstance(node, ast.Name) and node.id in ("max", "min") for node in ast.walk(formula.tree))


class _Sigmoid(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        is_sigmoid = isinstance(node.func, ast.Name) and node.func.id == "sigmoid"
        return _SIGMOID.substitute(x=Formula(node.args[0])).tree if is_sigmoid else node


class _Choice(ast.NodeTransformer):
    def __init__(self, call: bool) -> None:
        self._call = call

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        number = Formula(node.args[-1]).number
        if name not in ("max", "min") or number is None or number != number:
            return node
        x, c = node.args
        if self._call:
            return ast.Name(f"{name}({Formula(x).python()}, {Formula(c).python()})")
        return ast.IfExp(ast.Compare(x, [ast.LtE() if name == "max" else ast.GtE()], [c]), c, x)
