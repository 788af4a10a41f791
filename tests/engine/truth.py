"""What each operation and each derivative is, by definition and with mpmath: it shares nothing with the table."""

from __future__ import annotations

import mpmath


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x)) if x > 0 else mpmath.exp(x) / (1 + mpmath.exp(x))


def _power_by_exponent(x, y):
    return mpmath.power(x, y) * mpmath.log(x) if x else mpmath.mpf(0)


def _half(a, b):
    return mpmath.mpf(a > b) + mpmath.mpf(a == b) / 2


def _area(x):
    """Φ(x): what lies under the bell curve below x."""
    if abs(x) > 1e9:  # closer to 0 or 1 than any double; mpmath would not get there
        return mpmath.mpf(x > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


TRUTH = {
    "add": (lambda x, y: x + y, lambda x, y: 1, lambda x, y: 1),
    "sub": (lambda x, y: x - y, lambda x, y: 1, lambda x, y: -1),
    "mul": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x),
    "div": (lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "pow": (mpmath.power, lambda x, y: y * mpmath.power(x, y - 1), _power_by_exponent),
    "pow_const": (mpmath.power, lambda x, c: c * mpmath.power(x, c - 1)),
    "const_pow": (mpmath.power, None, _power_by_exponent),
    "neg": (lambda x: -x, lambda x: -1),
    "abs": (abs, mpmath.sign),
    "exp": (mpmath.exp, mpmath.exp),
    "log": (mpmath.log, lambda x: 1 / x),
    "log1p": (mpmath.log1p, lambda x: 1 / (1 + x)),
    "expm1": (mpmath.expm1, mpmath.exp),
    "sqrt": (mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
    "sin": (mpmath.sin, mpmath.cos),
    "cos": (mpmath.cos, lambda x: -mpmath.sin(x)),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "relu": (lambda x: max(x, 0), lambda x: mpmath.mpf(x > 0)),
    "leaky_relu": (
        lambda x: x if x > 0 else mpmath.mpf(0.01) * x,
        lambda x: 1 if x > 0 else mpmath.mpf(0.01),
    ),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)) if x < 200 else x + mpmath.exp(-x), _sigmoid),
    "max": (max, _half, lambda x, y: _half(y, x)),
    "min": (min, lambda x, y: _half(y, x), _half),
    "identity": (lambda x: x, lambda x: 1),
    "where": (
        lambda c, x, y: x if c else y,
        None,
        lambda c, x, y: mpmath.mpf(c != 0),
        lambda c, x, y: mpmath.mpf(c == 0),
    ),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), lambda x: 1 / (x * mpmath.log(2))),
    "log10": (lambda x: mpmath.log(x) / mpmath.log(10), lambda x: 1 / (x * mpmath.log(10))),
    "exp2": (lambda x: mpmath.power(2, x), lambda x: mpmath.power(2, x) * mpmath.log(2)),
    "tan": (mpmath.tan, lambda x: mpmath.sec(x) ** 2),
    "sinh": (mpmath.sinh, mpmath.cosh),
    "cosh": (mpmath.cosh, mpmath.sinh),
    "arcsin": (mpmath.asin, lambda x: 1 / mpmath.sqrt(1 - x**2)),
    "arccos": (mpmath.acos, lambda x: -1 / mpmath.sqrt(1 - x**2)),
    "arctan": (mpmath.atan, lambda x: 1 / (1 + x**2)),
    "arcsinh": (mpmath.asinh, lambda x: 1 / mpmath.sqrt(1 + x**2)),
    "arccosh": (mpmath.acosh, lambda x: 1 / mpmath.sqrt(x**2 - 1)),
    "arctanh": (mpmath.atanh, lambda x: 1 / (1 - x**2)),
    "erf": (mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2))),
    "erfc": (
        lambda x: mpmath.erfc(x) if abs(x) < 1e3 else mpmath.mpf(1 - mpmath.sign(x)),  # mpmath overflows, it does not
        lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2)),
    ),
    "gelu": (lambda x: x * _area(x), lambda x: _area(x) + x * mpmath.npdf(x)),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x))),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), lambda x: 1 if x > 0 else mpmath.exp(x)),
    "sign": (mpmath.sign, lambda x: 0),
    "floor": (mpmath.floor, lambda x: 0),
    "logaddexp": (
        lambda x, y: max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y))),
        lambda x, y: _sigmoid(x - y),
        lambda x, y: _sigmoid(y - x),
    ),
}
"""Value and derivatives of each operation, by definition."""


def _gelu_terms(x, size):
    """Below 0 an exponent of x²/2 is rounded, and far below Φ is subnormal."""
    return abs(size) if x > 0 else max(1, x**2) * max(abs(size), mpmath.mpf(2) ** -1022 * (-40 < x < -37))


TERMS = {
    ("silu", "by x"): _sigmoid,
    ("gelu", "value"): lambda x: _gelu_terms(x, x * _area(x)),
    ("gelu", "by x"): lambda x: _gelu_terms(x, max(_area(x), abs(x * mpmath.npdf(x)))),
    ("logaddexp", "value"): lambda x, y: abs(max(x, y)),
}
"""How large the larger of two irrational terms is whose difference passes through 0: its last digits are those there.

Away from there the terms are not larger than the result, and change nothing. For gelu, what its row says of accuracy.
"""
