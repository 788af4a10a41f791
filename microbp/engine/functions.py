"""More rows of the table: functions that NumPy and PyTorch have, and what arrays of values are made with.

>>> {row.name: row.partials for row in FUNCTIONS}["arctan"]
('1 / (1 + x ** 2)',)

A formula in the row is the derivation; what is one step on paper is one row here.
"""

from __future__ import annotations

from microbp.engine.ops import FAMILIES, Family, Op

FUNCTIONS = (
    Op("identity", "x", ("1",), "=", rule="What is handed on as it is passes the gradient on as it is."),
    Op("where", "x if c else y", (None, "1.0 if c else 0.0", "0.0 if c else 1.0"), inputs=("c", "x", "y"),
       rule="The one that was chosen gets the gradient, the other nothing."),
    Op("log2", "log2(x)", ("1 / (x * 0.6931471805599453)",), domain="x > 0",
       rule="log₂(x) is log(x)/log(2), so its derivative is 1/(x·log 2).", printed={"x": "1 / (x * log(2))"}),
    Op("log10", "log10(x)", ("1 / (x * 2.302585092994046)",), domain="x > 0",
       rule="log₁₀(x) is log(x)/log(10), so its derivative is 1/(x·log 10).", printed={"x": "1 / (x * log(10))"}),
    Op("exp2", "2.0 ** x", ("out * 0.6931471805599453",), printed={"x": "out * log(2)"},
       rule="The derivative of 2ˣ is itself times log 2."),
    Op("tan", "tan(x)", ("1 + out ** 2",), rule="The derivative of tan is 1 + tan², and tan is the result itself."),
    Op("sinh", "sinh(x)", ("cosh(x)",), rule="The derivative of sinh is cosh."),
    Op("cosh", "cosh(x)", ("sinh(x)",), rule="The derivative of cosh is sinh, with no change of sign."),
    Op("arcsin", "arcsin(x)", ("1 / sqrt(1 - x ** 2)",), domain="abs(x) < 1",
       rule="The derivative of arcsin(x) is 1/√(1 − x²)."),
    Op("arccos", "arccos(x)", ("-1 / sqrt(1 - x ** 2)",), domain="abs(x) < 1",
       rule="The derivative of arccos(x) is −1/√(1 − x²)."),
    Op("arctan", "arctan(x)", ("1 / (1 + x ** 2)",), rule="The derivative of arctan(x) is 1/(1 + x²)."),
    Op("arcsinh", "arcsinh(x)", ("1 / sqrt(1 + x ** 2)",), rule="The derivative of arcsinh(x) is 1/√(1 + x²)."),
    Op("arccosh", "arccosh(x)", ("1 / sqrt(x ** 2 - 1)",), domain="x > 1",
       rule="The derivative of arccosh(x) is 1/√(x² − 1)."),
    Op("arctanh", "arctanh(x)", ("1 / (1 - x ** 2)",), domain="abs(x) < 1",
       rule="The derivative of arctanh(x) is 1/(1 − x²)."),
    Op("erf", "erf(x)", ("1.1283791670955126 * exp(-x ** 2)",), printed={"x": "2 / sqrt(3.14159) * exp(-x ** 2)"},
       rule="The derivative of erf(x) is 2/√π · e^(−x²), the bell curve it is the area of."),
    Op("gelu", "0.5 * x * (1 + erf(0.7071067811865476 * x))",
       ("0.5 * (1 + erf(0.7071067811865476 * x)) + 0.3989422804014327 * x * exp(-0.5 * x ** 2)",),
       rule="gelu is x·Φ(x), so its derivative is Φ(x) + x·φ(x)."),
    Op("silu", "x * sigmoid(x)", ("sigmoid(x) + out * (1 - sigmoid(x))",),
       rule="silu is x·σ(x), so its derivative is σ + x·σ·(1 − σ)."),
    Op("elu", "x if x > 0 else expm1(x)", ("1.0 if x > 0 else out + 1",),
       rule="elu lets the gradient through where x > 0; elsewhere e^x is left of it."),
    Op("sign", "1.0 * sign(x)", ("0.0",), rule="sign is flat: nothing comes back.", kink="x == 0",
       printed={"forward": "sign(x)"}),
    Op("floor", "1.0 * floor(x)", ("0.0",), rule="floor is flat between its steps: nothing comes back.",
       kink="sin(3.141592653589793 * x) == 0", printed={"forward": "floor(x)"}),
    Op("logaddexp", "max(x, y) + log1p(exp(-abs(x - y)))", ("sigmoid(x - y)", "sigmoid(y - x)"),
       printed={"forward": "log(exp(x) + exp(y))"},
       rule="The derivatives of log(e^x + e^y) are the shares of e^x and e^y: a softmax of two."),
)  # fmt: skip  # one row reads best as one paragraph

FAMILIES["dot"] = Family(
    "dot", "w * x", ("x", "w"), symbol="Σwx",
    rule="The derivative of a sum of products by one factor is the factor that stands beside it.",
)  # fmt: skip
