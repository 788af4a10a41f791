"""THE table: one row per operation, written as a calculus book writes it.

>>> OPS["mul"].forward, OPS["mul"].partials
('x * y', ('y', 'x'))
>>> OPS["tanh"].inputs, OPS["tanh"].print_formula("x").text()
(('x',), '1 − out²')
>>> find("affine2").forward
'w1 * x1 + w2 * x2 + b'

Everything else about an operation is made from its row: the method of `Value` and its reflected form, the
pullback, Python code, NumPy code, LaTeX, the symbol in pictures, the table in the README, the tests. To add an
operation, add a row; to add one of your own from outside, call `microbp.define(Op(...))`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from microbp.errors import FormulaError, UnknownNameError, unknown
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: a row of the table. Raises `FormulaError` if the row makes no sense.

    `partials` holds the derivative with respect to each input, in the order in which `forward` names them. They may use
    the inputs and `out`, the result. `None` stands for an input that is a plain number and is not differentiated.

    What stands there is evaluated as it stands, and right to 4 units in the last place (ulp) wherever the operation is
    defined. Where the formula of the textbook loses digits (1 − out² is 0 once tanh rounds to 1), the row has a stable
    one, and the textbook's in `printed`.
    """

    name: str
    forward: str
    partials: tuple[str | None, ...]
    symbol: str = ""
    """What stands for it in a picture."""
    method: str = ""
    """The method of `Value` that applies it; the same as `name` unless Python has an operator for it."""
    rule: str = ""
    """One sentence that says why the derivative is what it is."""
    domain: str = ""
    """Where the operation is a real number and differentiable, if not everywhere."""
    kink: str = ""
    """Where the operation has no derivative, and the table takes one by convention."""
    printed: dict[str, str] = field(default_factory=dict)
    """What a textbook prints, where that is not the formula itself: by input name, or "forward"."""
    accuracy: str = ""
    """What limits the last digits, where the result is not right to 4 ulp."""
    inputs: tuple[str, ...] = ()
    """The names of the inputs; read off `forward` unless given."""
    family: str = ""
    """The family it was made from, if any."""
    apply: Callable[[Any], Any] | None = field(default=None, init=False, repr=False)
    pull: Callable[[Any], None] | None = field(default=None, init=False, repr=False)
    local: Callable[[Any], tuple[float, ...]] | None = field(default=None, init=False, repr=False)
    """The functions made from the row; the engine fills them in."""

    def __post_init__(self) -> None:
        given = {"inputs": self.inputs or self.formula.names, "symbol": self.symbol or self.name}
        given["method"] = self.method or self.name
        for key, value in given.items():
            object.__setattr__(self, key, value)
        if not self.name.isidentifier():
            raise FormulaError(f"an operation needs an identifier for a name, got {self.name!r}")
        if len(self.partials) != len(self.inputs):
            raise FormulaError(
                f"{self.name}: {self.forward!r} has the inputs {list(self.inputs)}, "
                f"so it needs {len(self.inputs)} partials, got {len(self.partials)}"
            )
        known = {*self.inputs, "out"}
        for text in filter(None, (*self.partials, self.domain, self.kink)):
            if strange := set(Formula(text).names) - known:
                raise FormulaError(
                    f"{self.name}: {text!r} names {sorted(strange)}; only {sorted(known)} are known here"
                )

    @cached_property
    def formula(self) -> Formula:
        """What it computes."""
        return Formula.sum(
            [Formula(term) for term in self.forward.split(" + ")] if self.family else [Formula(self.forward)]
        )

    @cached_property
    def partial_formulas(self) -> tuple[Formula | None, ...]:
        """The derivative with respect to each input; `None` where it is not differentiated."""
        return tuple(None if text is None else Formula(text) for text in self.partials)

    @property
    def arity(self) -> int:
        """How many inputs it has."""
        return len(self.inputs)

    @property
    def call(self) -> str:
        """How one writes it in code.

        >>> OPS["mul"].call, OPS["relu"].call
        ('x * y', 'relu(x)')
        """
        return self.forward if self.method.startswith("__") or self.family else f"{self.name}({', '.join(self.inputs)})"

    def print_formula(self, name: str = "forward") -> Formula:
        """The formula a textbook prints for the result, or for the derivative with respect to the input `name`."""
        if name in self.printed:
            return Formula(self.printed[name])
        if name == "forward":
            return self.formula
        return self.partial_formulas[self.inputs.index(name)] or Formula("0.0")

    @cached_property
    def numpy(self) -> Callable[..., tuple[Any]]:
        """`numpy(*inputs) -> (out,)` on arrays, or on complex numbers if the formula is analytic."""
        return numpy_function(self.name, self.inputs, [self.formula])

    @cached_property
    def numpy_partials(self) -> Callable[..., tuple[Any, ...]]:
        """`numpy_partials(*inputs, out)` gives every partial derivative; 0 where not differentiated."""
        partials = [partial or Formula("0.0") for partial in self.partial_formulas]
        return numpy_function(f"{self.name}_partials", (*self.inputs, "out"), partials)

    @cached_property
    def numpy_domain(self) -> Callable[..., tuple[Any]]:
        """`numpy_domain(*inputs, out)` says whether the inputs are where the operation is defined."""
        return numpy_function(f"{self.name}_domain", (*self.inputs, "out"), [Formula(self.domain or "1.0")])

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return find, (self.name,)

    def __deepcopy__(self, memo: object) -> Op:
        return self


@dataclass(frozen=True, eq=False)
class Family:
    """An operation for any number of inputs: `row(n)` makes the row for n terms, and keeps it."""

    name: str
    term: str
    partials: tuple[str, ...]
    last: str = ""
    symbol: str = ""
    rule: str = ""

    @property
    def forward(self) -> str:
        """The formula with dots, for people.

        >>> FAMILIES["affine"].forward
        'w1 * x1 + … + wn * xn + b'
        """
        return " + ".join(
            [self._numbered(self.term, "1"), "…", self._numbered(self.term, "n"), *filter(None, [self.last])]
        )

    def _numbered(self, text: str, number: object) -> str:
        formula = Formula(text)
        return formula.numpy(**{name: f"{name}{number}" for name in formula.names})

    def row(self, n: int) -> Op:
        """The operation for n terms."""
        return _family_row(self, n)


@cache
def _family_row(family: Family, n: int) -> Op:
    names = Formula(family.term).names
    inputs = [f"{name}{k}" for k in range(1, n + 1) for name in names] + ([family.last] if family.last else [])
    terms = [family._numbered(family.term, k) for k in range(1, n + 1)] + ([family.last] if family.last else [])
    partials = [family._numbered(p, k) for k in range(1, n + 1) for p in family.partials] + (
        ["1"] if family.last else []
    )
    return Op(
        f"{family.name}{n}",
        " + ".join(terms),
        tuple(partials),
        symbol=family.symbol,
        rule=family.rule,
        inputs=tuple(inputs),
        family=family.name,
    )


_NORMAL = "(abs(out) > 1e-290) * (abs(out) < 1e290)"
"""Where a power has all its digits, and one factor more does not make it overflow."""


def _power_rule(y: str) -> str:
    """The derivative y · x^(y−1) to the last digit, with `y` for the exponent."""
    return (
        f"{y} * x ** ({y} - 1) if ({y} >= 0.5) * ({y} <= 7) else "  # y − 1 is exact, and no underflow matters
        f"0.0 if {y} == 0 else "  # x⁰ is 1, also at 0
        f"{y} * out / x if {_NORMAL} else "  # y − 1 may be rounded, which a large log(x) makes worse
        f"{y} * x ** ({y} - 1) if x <= 0 else "
        f"{y} * x ** (0.5 * {y} - 0.5) * x ** (0.5 * {y} - 0.5) if {y} > 0 else "  # x^(y−1) may underflow, its root not
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
       "A difference passes the gradient on: as it is to the first, negated to the second."),
    Op("mul", "x * y", ("y", "x"), "×", "__mul__", "The derivative of a product by one factor is the other factor."),
    Op("div", "x / y", ("1 / y", "-out / y if abs(out) > 1e-290 else -(x * 2.0 ** 600) / y / y / 2.0 ** 600"),
       "÷", "__truediv__",
       "The derivative of a quotient is 1/y by the numerator, −(x/y)/y by the denominator.",
       domain="y != 0", printed={"y": "-out / y"}),
    Op("pow", "x ** y", (_power_rule("y"), _by_exponent("x")), "^", "__pow__",
       "By the base it is the power rule; by the exponent, the power itself times log of the base.", domain="x > 0",
       printed={"x": "y * x ** (y - 1)", "y": "out * log(x)"}),
    Op("pow_const", "x ** c", (_power_rule("c"), None), "^", "__pow__",
       "The power rule: the exponent comes down, and the new exponent is one less.",
       domain="x > 0", printed={"x": "c * x ** (c - 1)"}),
    Op("const_pow", "c ** y", (None, _by_exponent("c")), "^", "__pow__",
       "The derivative of a power by its exponent is the power itself times log of the base.", domain="c > 0",
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
       rule="The derivative of tanh is 1 − tanh², and tanh is the result itself."),
    Op("sigmoid", "sigmoid(x)", ("out * (1 - out) if x < 1 else out * out * exp(-abs(x))",), "σ",
       printed={"x": "out * (1 - out)"},
       rule="The derivative of σ is σ·(1 − σ), and σ is the result itself."),
    Op("relu", "max(x, 0.0)", ("x > 0",),
       rule="relu lets the gradient through where x > 0 and stops it elsewhere.", kink="x == 0"),
    Op("leaky_relu", "x if x > 0 else 0.01 * x", ("1.0 if x > 0 else 0.01",),
       rule="leaky_relu lets the gradient through where x > 0, and a hundredth of it elsewhere.", kink="x == 0"),
    Op("softplus", "max(x, 0.0) + log1p(exp(-abs(x)))", ("sigmoid(x)",), printed={"forward": "log(1 + exp(x))"},
       rule="The derivative of softplus is σ."),
    Op("max", "max(x, y)", ("(x > y) + 0.5 * (x == y)", "(y > x) + 0.5 * (x == y)"),
       rule="The larger one gets the gradient; at a tie each gets half.", kink="x == y"),
    Op("min", "min(x, y)", ("(x < y) + 0.5 * (x == y)", "(y < x) + 0.5 * (x == y)"),
       rule="The smaller one gets the gradient; at a tie each gets half.", kink="x == y"),
)  # fmt: skip  # one row reads best as one paragraph

OPS: dict[str, Op] = {op.name: op for op in TABLE}
"""The table by name. `microbp.define` adds to it."""

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "affine", "w * x", ("x", "w"), "b", "Σwx+b",
            "The derivative with respect to a weight is its input, with respect to an input its weight, to the bias 1.",
        ),
        Family("total", "x", ("1",), symbol="Σ", rule="A sum passes the gradient on unchanged to each summand."),
    )
}  # fmt: skip


def find(name: str) -> Op:
    """The operation of that name, made first if it belongs to a family ("affine3").

    Raises `UnknownNameError` if there is none.
    """
    if name in OPS:
        return OPS[name]
    if (match := re.fullmatch(r"([a-z]+)([1-9]\d{0,5})", name)) and match[1] in FAMILIES:
        return FAMILIES[match[1]].row(int(match[2]))
    raise UnknownNameError(unknown("operation", name, [*OPS, *FAMILIES]))
