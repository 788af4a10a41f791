"""THE table: one row per operation, written as a calculus book writes it.

>>> OPS["mul"].forward, OPS["mul"].partials
('x * y', ('y', 'x'))
>>> OPS["tanh"].inputs, OPS["tanh"].print_formula("x").text()
(('x',), '1 − out²')
>>> find_operation("affine2").forward
'w1 * x1 + w2 * x2 + b'

Everything else about an operation is made from its row: the method of `Value` and its reflected form, the
pullback, Python code, NumPy code, LaTeX, the symbol in pictures, the table in the README, the tests. To add an
operation, add a row; to add one of your own from outside, call `microbp.define(Op(...))`.
"""

from __future__ import annotations

import copyreg
import re

from microbp.engine.row import Family, Op
from microbp.errors import UnknownNameError, nearest

__all__ = ["ACTIVATIONS", "FAMILIES", "OPS", "TABLE", "Family", "Op", "find_operation"]
_NORMAL = "(abs(out) > 1e-290) * (abs(out) < 1e290)"
"""Where a power has all its digits, and one factor more does not make it overflow."""

_QUOTIENT = "abs(out) > 1e-290 else -out / y if abs(y) > 1e300"
"""Where x / y has all its digits, or is so small that its derivative is 0."""


def _power_rule(y: str) -> str:
    """The derivative y · x^(y−1) to the last digit, with `y` for the exponent."""
    return (
        f"{y} * x ** ({y} - 1) if ({y} >= 0.5) * ({y} <= 7) else "  # y − 1 is exact, and no underflow matters
        f"0.0 if {y} == 0 else "  # x⁰ is 1, also at 0
        f"{y} * out / x if {_NORMAL} else "  # y − 1 may be rounded, which a large log(x) makes worse
        f"{y} * x ** ({y} - 1) if (x <= 0) + (x > 1e308) else "
        # x^(y−1) may underflow, its root not.
        f"{y} * x ** (0.5 * {y} - 0.5) * x ** (0.5 * {y} - 0.5) if ({y} > 0) * ({y} < 9e15) else "
        f"{y} * x ** (0.5 * {y}) * x ** (0.5 * {y}) / x"
    )


def _by_exponent(x: str) -> str:
    """The derivative x^y · log(x) to the last digit, with `x` for the base."""
    return (
        f"0.0 if ({x} == 0) * (y >= 0) else "  # 0^y is 0 for every y > 0
        f"out * log({x}) if {_NORMAL} else {x} ** (0.5 * y) * log({x}) * {x} ** (0.5 * y)"
    )


TABLE = (
    Op("add", "x + y", ("1", "1"), "+", "__add__", "A sum passes the gradient on unchanged to each summand."),
    Op("sub", "x - y", ("1", "-1"), "−", "__sub__",
       "A difference passes the gradient on: unchanged to the first, negated to the second."),
    Op("mul", "x * y", ("y", "x"), "×", "__mul__",
       "The derivative of a product with respect to one factor is the other factor."),
    Op("div", "x / y", ("1 / y", f"-out / y if {_QUOTIENT} else -(x * 2.0 ** 600) / y / y / 2.0 ** 600"),
       "÷", "__truediv__",
       "The derivative of a quotient is 1/y with respect to the numerator, −(x/y)/y with respect to the denominator.",
       domain="y != 0", printed={"y": "-out / y"}),
    Op("pow", "x ** y", (_power_rule("y"), _by_exponent("x")), "^", "__pow__",
       "With respect to the base it is the power rule; with respect to the exponent, the power itself times log of the "
       "base.", domain="x > 0",
       printed={"x": "y * x ** (y - 1)", "y": "out * log(x)"}),
    Op("pow_const", "x ** c", (_power_rule("c"), None), "^", "__pow__",
       "The power rule: the exponent comes down, and the new exponent is one less.",
       domain="x > 0", printed={"x": "c * x ** (c - 1)"}),
    Op("const_pow", "c ** y", (None, _by_exponent("c")), "^", "__pow__",
       "The derivative of a power with respect to its exponent is the power itself times log of the base.",
       domain="c > 0",
       printed={"y": "out * log(c)"}),
    Op("neg", "-x", ("-1",), "−", "__neg__", "A change of sign changes the sign of the gradient."),
    Op("abs", "abs(x)", ("sign(x)",), "|x|", "__abs__", "The derivative of |x| is the sign of x.", kink="x == 0"),
    Op("exp", "exp(x)", ("out",), rule="The exponential is its own derivative."),
    Op("log", "log(x)", ("1 / x",), rule="The derivative of log(x) is 1/x.", domain="x > 0"),
    Op("log1p", "log1p(x)", ("1 / (1 + x)",), rule="The derivative of log(1 + x) is 1/(1 + x).", domain="x > -1"),
    Op("expm1", "expm1(x)", ("exp(x)",), rule="The derivative of e^x − 1 is e^x."),
    Op("sqrt", "sqrt(x)", ("0.5 / out",), "√", rule="The derivative of √x is 1/(2√x).", domain="x > 0"),
    Op("sin", "sin(x)", ("cos(x)",), rule="The derivative of sin is cos."),
    Op("cos", "cos(x)", ("-sin(x)",), rule="The derivative of cos is −sin."),
    Op("tanh", "tanh(x)", ("1 - out * out if abs(x) < 0.5 else exp(-2 * abs(x)) * ((1 + abs(out)) * (1 + abs(out)))",),
       printed={"x": "1 - out ** 2"},
       rule="The derivative of tanh is 1 − tanh², and tanh is the result itself.", activation=True),
    Op("sigmoid", "sigmoid(x)", ("out * (1 - out) if x < 1 else out * out * exp(-abs(x))",), "σ",
       printed={"x": "out * (1 - out)"},
       rule="The derivative of σ is σ·(1 − σ), and σ is the result itself.", activation=True),
    Op("relu", "max(x, 0.0)", ("x > 0",),
       rule="relu lets the gradient through where x > 0 and stops it elsewhere.", kink="x == 0", activation=True),
    Op("leaky_relu", "x if x > 0 else 0.01 * x", ("1.0 if x > 0 else 0.01",),
       rule="leaky_relu lets the gradient through where x > 0, and a hundredth of it elsewhere.", kink="x == 0",
       activation=True, printed={"x": "0.01 + 0.99 * (x > 0)"}),
    Op("elu", "x if x > 0 else expm1(x)", ("1.0 if x > 0 else exp(x)",), printed={"x": "1 if x > 0 else exp(x)"},
       rule="elu lets the gradient through where x > 0, and e^x times it elsewhere.", activation=True),
    Op("softplus", "max(x, 0.0) + log1p(exp(-abs(x)))", ("sigmoid(x)",), printed={"forward": "log(1 + exp(x))"},
       rule="The derivative of softplus is σ.", activation=True),
    Op("max", "max(x, y)", ("(x > y) + 0.5 * (x == y)", "(y > x) + 0.5 * (x == y)"),
       rule="The larger one gets the gradient; in a tie each gets half.", kink="x == y"),
    Op("min", "min(x, y)", ("(x < y) + 0.5 * (x == y)", "(y < x) + 0.5 * (x == y)"),
       rule="The smaller one gets the gradient; in a tie each gets half.", kink="x == y"),
)  # fmt: skip  # one row reads best as one paragraph

OPS: dict[str, Op] = {op.name: op for op in TABLE}
"""The table by name. `microbp.define` adds to it."""

ACTIVATIONS = ("linear", *(op.name for op in TABLE if op.activation))
"""What a neuron may make of its net: nothing, or one of these operations."""

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "affine", "w * x", ("x", "w"), "b", "Σwx+b",
            "The derivative with respect to a weight is its input; to an input, its weight; to the bias, 1.",
            "each product is rounded, and their sum once: off by less than ε/2 · Σ|w·x|, however many terms",
        ),
        Family("total", "x", ("1",), symbol="Σ", rule="A sum passes the gradient on unchanged to each summand.",
               accuracy="rounded once: right to half a unit in the last place, however many terms"),
    )
}  # fmt: skip


def find_operation(name: str) -> Op:
    """The operation of that name, made first if it belongs to a family ("affine3").

    Raises `UnknownNameError` if there is none.
    """
    if name in OPS:
        return OPS[name]
    if (match := re.fullmatch(r"([a-z]+)([1-9]\d{0,5})", name)) and match[1] in FAMILIES:
        return FAMILIES[match[1]].row(int(match[2]))
    raise UnknownNameError(nearest("operation", name, [*OPS, *FAMILIES]))


copyreg.pickle(Op, lambda op: (find_operation, (op.name,)))
