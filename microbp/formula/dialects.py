"""The ways to write a formula, as tables: one template for each construct and function. JavaScript: `javascript`.

`formula.Formula` walks a syntax tree and fills these templates in; nothing here does anything.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from microbp.formula.typeset.signs import Name, name_of
from microbp.printing import printable

# How tightly a piece of text holds together: a piece is put in brackets where a tighter one is needed.
CHOICE, COMPARISON, SUM, MATRIX, PRODUCT, SIGN, POWER, ATOM = range(8)


@dataclass(frozen=True)
class Template:
    """How one construct is written: the text, how tightly it binds, and how tightly each part, wherever it stands."""

    text: str
    binds: int
    parts: tuple[int, ...]


def call(name: str, *parts: int) -> Template:
    """A function that is called by this name."""
    parts = parts or (CHOICE,)
    return Template(f"{name}({', '.join('{}' for _ in parts)})", ATOM, parts)


@dataclass(frozen=True)
class Dialect:
    """One way to write formulas. `templates` is keyed by function name or by syntax-tree class."""

    templates: Mapping[str | type, Template]
    brackets: str = "({})"
    number: Callable[[float], str] = repr
    powers: Mapping[float | None, str] = field(default_factory=dict)  # exponents that have a sign of their own
    name: Callable[[str], str] = str

    def wrap(self, piece: tuple[str, int], needed: int) -> str:
        """The text of a piece, in brackets unless it binds as tightly as needed."""
        text, binds = piece
        return text if binds >= needed else self.brackets.format(text)


ARITIES = {
    **dict.fromkeys(("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tanh", "sigmoid", "abs", "sign"), 1),
    **dict.fromkeys(("log2", "log10", "tan", "sinh", "cosh", "arcsin", "arccos", "arctan", "erf", "erfc", "floor"), 1),
    **dict.fromkeys(("arcsinh", "arccosh", "arctanh"), 1),
    **dict.fromkeys(("max", "min"), 2),
}
"""The small vocabulary of functions, with the number of arguments of each."""

_ADD = Template("{} + {}", SUM, (SUM, SUM))
_SUB = Template("{} - {}", SUM, (SUM, MATRIX))
_COMPARISONS: dict[str | type, Template] = {
    op: Template(f"{{}} {sign} {{}}", COMPARISON, (SUM, SUM))
    for op, sign in ((ast.Gt, ">"), (ast.GtE, ">="), (ast.Lt, "<"), (ast.LtE, "<="), (ast.Eq, "=="), (ast.NotEq, "!="))
}
CODE: dict[str | type, Template] = {
    ast.Add: Template("{} + {}", SUM, (SUM, MATRIX)),  # a + (b + c) rounds otherwise than a + b + c
    ast.Sub: _SUB,
    ast.Mult: Template("{} * {}", PRODUCT, (PRODUCT, SIGN)),
    ast.Div: Template("{} / {}", PRODUCT, (PRODUCT, SIGN)),
    ast.USub: Template("-{}", SIGN, (POWER,)),  # --x reads as a slip, and in JavaScript takes 1 from x
    **_COMPARISONS,
}
PYTHON = Dialect(
    {
        **CODE,
        **{name: call("math." + name) for name in ARITIES},
        ast.Pow: call("math.pow", CHOICE, CHOICE),
        ast.IfExp: Template("{} if {} else {}", CHOICE, (COMPARISON, COMPARISON, CHOICE)),
        "abs": call("abs"),
        **{f"arc{name}": call(f"math.a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
        # The built-in max and min cost a call and lose a nan; these keep it, as NumPy does: a sum with a nan is nan.
        "max": Template("{0} if {0} > {1} else {1} if {0} <= {1} else {0} + {1}", CHOICE, (SUM, SUM)),
        "min": Template("{0} if {0} < {1} else {1} if {0} >= {1} else {0} + {1}", CHOICE, (SUM, SUM)),
        "floor": Template("math.copysign(math.floor({0}), {0})", ATOM, (CHOICE,)),  # a float, and −0.0 for −0.0
        "sign": Template("1.0 if {0} > 0 else -1.0 if {0} < 0 else abs({0})", CHOICE, (SUM,)),  # nan for nan
        # e^x is all that 1 / (1 + e^-x) comes to there, and e^-x would overflow.
        "sigmoid": Template("1.0 / (1.0 + math.exp(-{0})) if {0} > -37.0 else math.exp({1})", CHOICE, (POWER, CHOICE)),
    },
    number=lambda number: repr(number) if abs(number) < math.inf else f"math.{number}",
    powers={2.0: " ** 2", 3.0: " ** 3"},  # which never leave the real line as other exponents do
)
NUMPY = Dialect(
    {
        **CODE,
        **{name: call("np." + name) for name in ARITIES},
        ast.MatMult: Template("{} @ {}", MATRIX, (ATOM, ATOM)),
        ast.Pow: Template("{} ** {}", POWER, (ATOM, SIGN)),
        ast.IfExp: Template("np.where({1}, {0}, {2})", ATOM, (CHOICE, CHOICE, CHOICE)),
        "max": call("np.maximum", CHOICE, CHOICE),
        "min": call("np.minimum", CHOICE, CHOICE),
        "erf": call("_erf"),  # NumPy has none: `compiled.numpy_function` lends Python's
        "erfc": call("_erfc"),
        # No exp overflows. Of complex numbers np.minimum takes the smaller real part, so that this stays analytic.
        "sigmoid": Template(
            "np.exp(np.minimum({0}, 0.0)) / (1.0 + np.exp(np.minimum({0}, -{1})))", PRODUCT, (CHOICE, POWER)
        ),
    },
    number=lambda number: repr(number) if abs(number) < math.inf else f"np.{number}",
    powers={2.0: " ** 2", 3.0: " ** 3"},
)


def _latex_number(number: float) -> str:
    if number == math.pi:
        return r"\pi"
    mantissa, _, exponent = f"{number:.12g}".partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


LATEX_SIGNS = {
    **{"α": r"\alpha", "δ": r"\delta", "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "π": r"\pi", "σ": r"\sigma"},
    **{"Δ": r"\Delta", "Θ": r"\Theta", "Σ": r"\sum", "∂": r"\partial", "∇": r"\nabla", "½": r"\tfrac{1}{2}"},
    **{"·": r"\cdot", "×": r"\times", "⊙": r"\odot", "−": "-", "+=": r"\mathrel{+}=", ":=": r"\mathrel{:=}"},
    **{"→": r"\to", "←": r"\leftarrow", "…": r"\dots", "⊤": r"\top", "≠": r"\ne", "√": r"\surd", "′": "'"},
}
"""Signs of a line of text, as LaTeX has them."""
LATEX_SPECIAL = {c: f"\\{c}" for c in "{}$&#%_"} | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}


def latex_name(label: str) -> str:
    r"""A label as a textbook prints it; what is no name comes out as text, whatever is in it.

    The mark of a sample, a[2][0]@3, is an exponent in round brackets.

    >>> print(*map(latex_name, ["w5", "net_o1", "w[1][2,0]", "50%", "z[2][0]@3"]))
    w_{5} \mathrm{net}_{o1} w^{[1]}_{2,0} \text{50\%} z^{[2](3)}_{0}
    """
    if name := name_of(label):
        return latex_of_name(name)
    if match := re.fullmatch(r"(.*[^\s@])@(\d+)", label):
        return f"{latex_name(match[1])}^{{({match[2]})}}"
    if match := re.fullmatch("Σ(.+)", label):
        return rf"\sum {latex_name(match[1])}"
    if match := re.fullmatch("(.+)²", label):
        return f"{latex_name(match[1])}^{{2}}"
    return latex_words(label)


def latex_words(text: str) -> str:
    """Text as such, for math mode."""
    return rf"\text{{{''.join(LATEX_SPECIAL.get(c, c) for c in printable(text))}}}"


def latex_of_name(name: Name) -> str:
    r"""A name with its indices, for math mode.

    >>> print(latex_of_name(Name("f", primes=1)), latex_of_name(Name("δ", "j", "(l)")))
    f' \delta^{(l)}_{j}
    >>> print(latex_of_name(Name("w", "out_1")), latex_of_name(Name("权", "重")))
    w_{out\_1} \text{权}_{\text{重}}
    """
    base = LATEX_SIGNS.get(name.base, name.base)
    base = _latex_letters(base if len(name.base) == 1 else rf"\mathrm{{{base}}}", base)
    low = _latex_letters(name.low.replace("_", r"\_"), name.low)
    raised = "".join(LATEX_SIGNS.get(c, c) for c in name.raised)
    return f"{base}{chr(39) * name.primes}{f'^{{{raised}}}' * bool(raised)}{f'_{{{low}}}' * bool(low)}"


def _latex_letters(written: str, name: str) -> str:
    """Letters as they are written in math mode, or as text where it may have no letters for them."""
    return written if written.isascii() else latex_words(name)


def _latex_call(name: str) -> Template:
    return Template(rf"{name}\left({{}}\right)", ATOM, (CHOICE,))


LATEX = Dialect(
    {
        ast.Add: _ADD,
        ast.Sub: _SUB,
        ast.Mult: Template(r"{} \cdot {}", PRODUCT, (PRODUCT, POWER)),
        ast.Div: Template(r"\frac{{{}}}{{{}}}", POWER, (CHOICE, CHOICE)),  # in brackets below an exponent
        ast.Pow: Template("{}^{{{}}}", POWER, (ATOM, CHOICE)),
        ast.USub: Template("-{}", SIGN, (SIGN,)),
        ast.IfExp: Template(
            r"\begin{{cases}}{} & {} \\ {} & \text{{otherwise}}\end{{cases}}", CHOICE, (CHOICE, CHOICE, CHOICE)
        ),
        **{  # Iverson's bracket: 1 where it is true, else 0
            op: Template(rf"\left[{{}} {sign} {{}}\right]", ATOM, (SUM, SUM))
            for op, sign in (
                (ast.Gt, ">"),
                (ast.GtE, r"\ge"),
                (ast.Lt, "<"),
                (ast.LtE, r"\le"),
                (ast.Eq, "="),
                (ast.NotEq, r"\ne"),
            )
        },
        **{name: _latex_call("\\" + name) for name in ("log", "sin", "cos", "tan", "tanh", "sinh", "cosh")},
        **{name: _latex_call("\\" + name) for name in ("arcsin", "arccos", "arctan")},
        **{
            name: _latex_call(rf"\operatorname{{{{{name}}}}}")
            for name in ("arcsinh", "arccosh", "arctanh", "erf", "erfc")
        },
        "log2": _latex_call(r"\log_2"),
        "log10": _latex_call(r"\log_{{10}}"),
        "floor": Template(r"\left\lfloor {} \right\rfloor", ATOM, (CHOICE,)),
        "sigmoid": _latex_call(r"\sigma"),
        "sign": _latex_call(r"\operatorname{{sgn}}"),
        "exp": Template("e^{{{}}}", POWER, (CHOICE,)),
        "log1p": Template(r"\log\left(1 + {}\right)", ATOM, (SUM,)),
        "expm1": Template("e^{{{}}} - 1", SUM, (CHOICE,)),
        "sqrt": Template(r"\sqrt{{{}}}", ATOM, (CHOICE,)),
        "abs": Template(r"\left|{}\right|", ATOM, (CHOICE,)),
        "max": Template(r"\max\left({}, {}\right)", ATOM, (CHOICE, CHOICE)),
        "min": Template(r"\min\left({}, {}\right)", ATOM, (CHOICE, CHOICE)),
    },
    brackets=r"\left({}\right)",
    number=_latex_number,
    name=lambda label: f"{{{name}}}" if "^" in (name := latex_name(label)) else name,  # which may itself have exponents
)
TEXT = Dialect(
    {
        ast.Add: _ADD,
        ast.Sub: Template("{} − {}", SUM, (SUM, PRODUCT)),
        ast.Mult: Template("{}·{}", PRODUCT, (PRODUCT, POWER)),
        ast.Div: Template("{} / {}", PRODUCT, (PRODUCT, POWER)),
        ast.Pow: Template("{}^{}", POWER, (ATOM, ATOM)),
        ast.USub: Template("−{}", SIGN, (SIGN,)),
        ast.IfExp: Template("{} if {} else {}", CHOICE, (COMPARISON, COMPARISON, CHOICE)),
        **{op: Template(f"[{t.text}]", ATOM, t.parts) for op, t in _COMPARISONS.items()},
        **{name: call(name) for name in ARITIES},
        "max": call("max", CHOICE, CHOICE),
        "min": call("min", CHOICE, CHOICE),
        "sigmoid": call("σ"),
        "sign": call("sgn"),
        "sqrt": Template("√{}", POWER, (ATOM,)),
        "abs": Template("|{}|", ATOM, (CHOICE,)),
    },
    number=lambda number: "π" if number == math.pi else f"{number:.6g}".replace("-", "−"),
    powers={2.0: "²", 3.0: "³"},
)
