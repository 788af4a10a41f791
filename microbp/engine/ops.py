"""THE table: one row per operation, written as a calculus book writes it.

>>> OPS["mul"].forward, OPS["mul"].partials
('x * y', ('y', 'x'))
>>> OPS["tanh"].inputs, OPS["tanh"].partials
(('x',), ('1 - out ** 2',))
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

from microbp.errors import FormulaError, UnknownNameError, nearest
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: a row of the table. Raises `FormulaError` if the row makes no sense.

    `partials` holds the derivative with respect to each input, in the order in which `forward` names them. They may
    use the inputs and `out`, the result. `None` stands for an input that is a plain number and is not differentiated.
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
    activation: bool = False
    """Whether a neuron may have it as its activation."""
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


TABLE = (
    Op("add", "x + y", ("1", "1"), "+", "__add__", "A sum passes the gradient on unchanged to each summand."),
    Op("sub", "x - y", ("1", "-1"), "−", "__sub__",
       "A difference passes the gradient on: as it is to the first, negated to the second."),
    Op("mul", "x * y", ("y", "x"), "×", "__mul__", "The derivative of a product by one factor is the other factor."),
    Op("div", "x / y", ("1 / y", "-out / y"), "÷", "__truediv__",
       "The derivative of a quotient is 1/y by the numerator, −(x/y)/y by the denominator.",
       domain="y != 0"),
    Op("pow", "x ** y", ("y * x ** (y - 1)", "out * log(x)"), "^", "__pow__",
       "By the base it is the power rule; by the exponent, the power itself times log of the base.", domain="x > 0"),
    Op("pow_const", "x ** c", ("0.0 if c == 0 else c * x ** (c - 1)", None), "^", "__pow__",
       "The power rule: the exponent comes down, and the new exponent is one less.",
       domain="x > 0", printed={"x": "c * x ** (c - 1)"}),
    Op("const_pow", "c ** y", (None, "out * log(c)"), "^", "__pow__",
       "The derivative of a power by its exponent is the power itself times log of the base.", domain="c > 0"),
    Op("neg", "-x", ("-1",), "−", "__neg__", "A change of sign changes the sign of the gradient."),
    Op("abs", "abs(x)", ("sign(x)",), "|x|", "__abs__", "The derivative of |x| is the sign of x.", kink="x == 0"),
    Op("exp", "exp(x)", ("out",), rule="The exponential is its own derivative."),
    Op("log", "log(x)", ("1 / x",), rule="The derivative of log(x) is 1/x.", domain="x > 0"),
    Op("log1p", "log1p(x)", ("1 / (1 + x)",), rule="The derivative of log(1 + x) is 1/(1 + x).", domain="x > -1"),
    Op("expm1", "expm1(x)", ("out + 1",), rule="The derivative of e^x − 1 is e^x, the result plus 1."),
    Op("sqrt", "sqrt(x)", ("0.5 / out",), "√", rule="The derivative of √x is 1/(2√x).", domain="x > 0"),
    Op("sin", "sin(x)", ("cos(x)",), rule="The derivative of sin is cos."),
    Op("cos", "cos(x)", ("-sin(x)",), rule="The derivative of cos is −sin."),
    Op("tanh", "tanh(x)", ("1 - out ** 2",),
       rule="The derivative of tanh is 1 − tanh², and tanh is the result itself.", activation=True),
    Op("sigmoid", "sigmoid(x)", ("out * (1 - out)",), "σ",
       rule="The derivative of σ is σ·(1 − σ), and σ is the result itself.", activation=True),
    Op("relu", "max(x, 0.0)", ("x > 0",),
       rule="relu lets the gradient through where x > 0 and stops it elsewhere.", kink="x == 0", activation=True),
    Op("leaky_relu", "x if x > 0 else 0.01 * x", ("1.0 if x > 0 else 0.01",),
       rule="leaky_relu lets the gradient through where x > 0, and a hundredth of it elsewhere.", kink="x == 0",
       activation=True, printed={"x": "0.01 + 0.99 * (x > 0)"}),
    Op("softplus", "max(x, 0.0) + log1p(exp(-abs(x)))", ("sigmoid(x)",), printed={"forward": "log(1 + exp(x))"},
       rule="The derivative of softplus is σ.", activation=True),
    Op("max", "max(x, y)", ("(x > y) + 0.5 * (x == y)", "(y > x) + 0.5 * (x == y)"),
       rule="The larger one gets the gradient; at a tie each gets half.", kink="x == y"),
    Op("min", "min(x, y)", ("(x < y) + 0.5 * (x == y)", "(y < x) + 0.5 * (x == y)"),
       rule="The smaller one gets the gradient; at a tie each gets half.", kink="x == y"),
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
    raise UnknownNameError(nearest("operation", name, [*OPS, *FAMILIES]))
