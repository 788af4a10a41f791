"""A formula as JavaScript, for pages that compute: one more table of templates, and what its code calls.

>>> from microbp.formula.language import Formula
>>> Formula("x ** 2 if x > 0 else -tanh(y)").written(JAVASCRIPT)
'((x > 0 ? 1 : 0) !== 0 ? real.pow(x, 2) : -Math.tanh(y))'
"""

from __future__ import annotations

import ast
from importlib import resources

from microbp.formula.dialects import ARITIES, ATOM, CHOICE, CODE, SUM, Dialect, Template, call

JAVASCRIPT = Dialect(
    {
        **CODE,
        **{name: call("Math." + name.replace("arc", "a")) for name in ARITIES},
        **{name: call(f"real.{name}") for name in ("erf", "erfc", "exp", "log", "sigmoid", "sign")},
        **{name: call(f"real.{name}", CHOICE, CHOICE) for name in ("max", "min")},
        **{  # a number, as in Python: what is false is 0
            op: Template(f"({{}} {sign} {{}} ? 1 : 0)", ATOM, (SUM, SUM))
            for op, sign in (
                (ast.Gt, ">"),
                (ast.GtE, ">="),
                (ast.Lt, "<"),
                (ast.LtE, "<="),
                (ast.Eq, "==="),
                (ast.NotEq, "!=="),
            )
        },
        ast.Pow: call("real.pow", CHOICE, CHOICE),
        ast.IfExp: Template("({1} !== 0 ? {0} : {2})", ATOM, (CHOICE, SUM, CHOICE)),
    }
)


def helpers() -> str:
    """The code that has to stand before any formula: it defines `real`."""
    return resources.files("microbp.formula").joinpath("helpers.js").read_text("utf-8")
