"""Numbers in formulas: worked out to the last bit, and nothing else is changed."""

import math

import pytest

from microbp.formula.folding import fold_constants, number_formula
from microbp.formula.language import Formula

ROWS = [
    ("u * 0.5 * (2 * v)", "u * v"),
    ("u * 0.3 * (2 * v)", "u * 0.3 * (2.0 * v)"),  # 0.3 · 2 is exact, but not u · 0.3
    ("2 * (0.5 * u) + 0 - v", "u - v"),
    ("max(2, x)", "x if x > 2.0 else 2.0 if x <= 2.0 else x + 2.0"),
    ("max(x, x) + min(3, 2)", "x + 2.0"),
    ("x * (2 > x)", "x * (x < 2.0)"),
    ("x * (0 == x)", "x * (x == 0.0)"),
    ("x + exp(0)", "x + 1.0"),
    ("x + exp(1000)", "x + math.exp(1000.0)"),  # it raises when it is run, as it should
    ("x / 0 * log(-1)", "x / 0.0 * math.log(-1.0)"),
    ("1 / 0", "1.0 / 0.0"),
    ("x if abs(-3) > 2 else 1 / 0", "x"),
]


@pytest.mark.parametrize(("formula", "expected"), ROWS)
def test_what_numbers_decide_is_worked_out(formula, expected):
    assert fold_constants(Formula(formula)).python() == expected


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0, -2.0, 1e100])
def test_a_number_has_a_name_in_each_language_and_its_brackets(number):
    formula = Formula("x ** c - y").substitute(x=number_formula(number), c=Formula("z"))
    value = eval(formula.python(), {"math": math, "z": 2.0, "y": 0.0})
    assert repr(value) == repr(number**2)
    assert "math" not in formula.numpy()
