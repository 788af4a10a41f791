"""More rows of the table: functions that NumPy and PyTorch have, and what arrays of values are made with.

>>> {row.name: row.print_formula("x").text() for row in FUNCTIONS if row.name == "arctan"}
{'arctan': '1 / (1 + x²)'}

A formula in the row is the derivation; what is one step on paper is one row here.
"""

from __future__ import annotations

from microbp.engine.ops import FAMILIES, Family, Op

_ROUNDED = "(x + 6442450944.0 - 6442450944.0)"
"""x to 20 binary places, which leaves so few digits that its square is exact."""

_BELL = f"exp(-{_ROUNDED} * {_ROUNDED}) * exp(({_ROUNDED} - x) * ({_ROUNDED} + x))"
"""e^(−x²) to the last digit: x² is rounded, which a large exponent makes worse."""


def _lost(x: str, y: str) -> str:
    """What rounding takes from x − y, exactly."""
    d = f"({x} - {y})"
    return f"({x} - ({d} - ({d} - {x})) - ({y} + ({d} - {x})))"


def _share(x: str, y: str) -> str:
    """The share e^x / (e^x + e^y) to the last digit: what rounds x − y is put right."""
    put_right = f"sigmoid({x} - {y}) * exp({_lost(x, y)} * sigmoid({y} - {x}))"
    return f"0.5 if {x} == {y} else {put_right} if abs({x} - {y}) < 800 else sigmoid({x} - {y})"


FUNCTIONS = (
    Op("identity", "x", ("1",), "=", rule="The identity passes the gradient on unchanged."),
    Op("where", "x if c else y", (None, "1.0 if c else 0.0", "0.0 if c else 1.0"), inputs=("c", "x", "y"),
       rule="The chosen one gets the gradient, the other gets nothing."),
    Op("log2", "log2(x)", ("1.4426950408889634 / x",), domain="x > 0",
       rule="log₂(x) is log(x)/log(2), so its derivative is 1/(x·log 2).", printed={"x": "1 / (x * log(2))"}),
    Op("log10", "log10(x)", ("0.4342944819032518 / x",), domain="x > 0",
       rule="log₁₀(x) is log(x)/log(10), so its derivative is 1/(x·log 10).", printed={"x": "1 / (x * log(10))"}),
    Op("exp2", "2.0 ** x", ("0.6931471805599453 * out if x < 1000 else 1.3862943611198906 * 2.0 ** (x - 1)",),
       printed={"x": "out * log(2)"}, rule="The derivative of 2ˣ is itself times log 2."),
    Op("tan", "tan(x)", ("1 + out ** 2",), rule="The derivative of tan is 1 + tan², and tan is the result itself."),
    Op("sinh", "sinh(x)", ("cosh(x)",), rule="The derivative of sinh is cosh."),
    Op("cosh", "cosh(x)", ("sinh(x)",), rule="The derivative of cosh is sinh, with no change of sign."),
    Op("arcsin", "arcsin(x)", ("1 / sqrt((1 - x) * (1 + x))",), domain="abs(x) < 1",
       printed={"x": "1 / sqrt(1 - x ** 2)"}, rule="The derivative of arcsin(x) is 1/√(1 − x²)."),
    Op("arccos", "arccos(x)", ("-1 / sqrt((1 - x) * (1 + x))",), domain="abs(x) < 1",
       printed={"x": "-1 / sqrt(1 - x ** 2)"}, rule="The derivative of arccos(x) is −1/√(1 − x²)."),
    Op("arctan", "arctan(x)", ("1 / (1 + x * x) if abs(x) < 1e9 else 1 / x / x",),
       printed={"x": "1 / (1 + x ** 2)"}, rule="The derivative of arctan(x) is 1/(1 + x²)."),
    Op("arcsinh", "arcsinh(x)", ("1 / sqrt(1 + x * x) if abs(x) < 1e9 else 1 / abs(x)",),
       printed={"x": "1 / sqrt(1 + x ** 2)"}, rule="The derivative of arcsinh(x) is 1/√(1 + x²)."),
    Op("arccosh", "arccosh(x)", ("1 / sqrt((x - 1) * (x + 1)) if x < 1e9 else 1 / x",), domain="x > 1",
       printed={"x": "1 / sqrt(x ** 2 - 1)"}, rule="The derivative of arccosh(x) is 1/√(x² − 1)."),
    Op("arctanh", "arctanh(x)", ("1 / ((1 - x) * (1 + x))",), domain="abs(x) < 1",
       printed={"x": "1 / (1 - x ** 2)"}, rule="The derivative of arctanh(x) is 1/(1 − x²)."),
    Op("erf", "erf(x)", (f"1.1283791670955126 * {_BELL} if abs(x) < 28 else exp(-x * x)",),
       printed={"x": "2 * exp(-x ** 2) / sqrt(3.141592653589793)"},
       rule="The derivative of erf(x) is 2/√π · e^(−x²), the bell curve whose area it measures."),
    Op("erfc", "erfc(x)", (f"-1.1283791670955126 * {_BELL} if abs(x) < 28 else -exp(-x * x)",),
       printed={"x": "-2 * exp(-x ** 2) / sqrt(3.141592653589793)"},
       rule="erfc(x) is 1 − erf(x), accurate even where that is tiny; so its derivative is that of erf, negated."),
    Op("gelu", "0.5 * x * erfc(-0.7071067811865476 * x)",  # 1 + erf loses its digits below 0
       ("1.0 if x > 40 else 0.5 * erfc(-0.7071067811865476 * x) + 0.3989422804014327 * x * exp(-0.5 * x * x)",),
       printed={"forward": "0.5 * x * (1 + erf(x / sqrt(2)))",
                "x": "0.5 * (1 + erf(x / sqrt(2))) + x * exp(-x ** 2 / 2) / sqrt(2 * 3.141592653589793)"},
       rule="gelu is x·Φ(x), so its derivative is Φ(x) + x·φ(x).",
       accuracy="below −1 off by up to 4·x²·ε of its terms, as x/√2 and x² are rounded; below −37 Φ is subnormal"),
    Op("silu", "x * sigmoid(x) if x > -37 else x * exp(0.5 * x) * exp(0.5 * x)",  # e^x underflows too early
       ("sigmoid(x) * (1 + x / (1 + exp(x))) if abs(x) < 50 else "
        "1.0 if x > 0 else (1 + x) * exp(0.5 * x) * exp(0.5 * x)",),
       printed={"forward": "x * sigmoid(x)", "x": "sigmoid(x) + out * (1 - sigmoid(x))"},
       rule="silu is x·σ(x), so its derivative is σ + x·σ·(1 − σ).",
       accuracy="its derivative has a zero near −1.2785, where the last digits are those of σ"),
    Op("sign", "sign(x)", ("0.0",), rule="sign is flat: nothing comes back.", kink="x == 0"),
    Op("floor", "floor(x)", ("0.0",), rule="floor is flat between its steps: nothing comes back.",
       kink="sin(3.141592653589793 * x) == 0"),
    Op("logaddexp", "max(x, y) + (0.6931471805599453 if x == y else log1p(exp(-abs(x - y)) * "
       f"exp(sign(y - x) * {_lost('x', 'y')})) if abs(x - y) < 800 else exp(-abs(x - y)))",
       (_share("x", "y"), _share("y", "x")),
       printed={"forward": "log(exp(x) + exp(y))", "x": "sigmoid(x - y)", "y": "sigmoid(y - x)"},
       rule="The derivatives of log(e^x + e^y) are the shares of e^x and e^y in the sum: a softmax of two.",
       accuracy="where e^x + e^y is near 1 and the result near 0, the last digits are those of the larger input"),
)  # fmt: skip  # one row reads best as one paragraph

FAMILIES["dot"] = Family(
    "dot", "w * x", ("x", "w"), symbol="Σwx",
    rule="The derivative of a sum of products with respect to one factor is the factor beside it.",
)  # fmt: skip
