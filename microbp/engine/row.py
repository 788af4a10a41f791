"""What a row of the table of operations is, and how a family makes rows for any number of inputs.

>>> Op("double", "2 * x", ("2",)).inputs
('x',)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from microbp.errors import FormulaError
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
    activation: bool = False
    """Whether a neuron may have it as its activation."""
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
        for text in filter(None, () if self.family else (*self.partials, self.domain, self.kink)):
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

        >>> Op("mul", "x * y", ("y", "x"), method="__mul__").call, Op("relu", "max(x, 0.0)", ("x > 0",)).call
        ('x * y', 'relu(x)')
        """
        return self.forward if self.method.startswith("__") or self.family else f"{self.name}({', '.join(self.inputs)})"

    @property
    def about(self) -> str:
        """What `help` says of its method: what it computes, its derivatives, where it is defined."""
        slopes = [
            f"∂out/∂{name} = {self.printed.get(name, partial)}"
            for name, partial in zip(self.inputs, self.partials, strict=True)
            if partial is not None
        ]
        where = f"where {self.domain}" if self.domain else "everywhere"
        kink = f", but for {self.kink}: there its derivative is a convention" if self.kink else ""
        lines = [f"out = {self.printed.get('forward', self.forward)}, {', '.join(slopes)}.", "", self.rule]
        return "\n".join([*lines, f"Defined and differentiable {where}{kink}."]).replace("\n\n\n", "\n\n")

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
    def textbook_partial_formulas(self) -> tuple[Formula | None, ...]:
        """The derivative with respect to each input as a textbook prints it; `None` where it is not differentiated."""
        return tuple(
            None if text is None else self.print_formula(name)
            for name, text in zip(self.inputs, self.partials, strict=True)
        )

    @cached_property
    def textbook_partials(self) -> Callable[..., tuple[Any, ...]]:
        """The same as a textbook prints them: what people write, which may lose digits far out."""
        printed = [self.print_formula(name) for name in self.inputs]
        return numpy_function(f"{self.name}_textbook_partials", (*self.inputs, "out"), printed)

    @cached_property
    def numpy_domain(self) -> Callable[..., tuple[Any]]:
        """`numpy_domain(*inputs, out)` says whether the inputs are where the operation is defined."""
        if not self.domain:
            return lambda *_: (True,)
        return numpy_function(f"{self.name}_domain", (*self.inputs, "out"), [Formula(self.domain)])

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
    accuracy: str = ""

    @property
    def forward(self) -> str:
        """The formula with dots, for people.

        >>> Family("affine", "w * x", ("x", "w"), last="b").forward
        'w1 * x1 + … + wn * xn + b'
        """
        return " + ".join(
            [
                self.numbered(self.term).format("1"),
                "…",
                self.numbered(self.term).format("n"),
                *filter(None, [self.last]),
            ]
        )

    @staticmethod
    def numbered(text: str) -> str:
        """A formula with a place for a number behind each of its names: "w * x" is "w{0} * x{0}"."""
        formula = Formula(text)
        return formula.numpy(**{name: f"{name}{{0}}" for name in formula.names})

    def row(self, n: int) -> Op:
        """The operation for n terms."""
        return _family_row(self, n)


@cache
def _family_row(family: Family, n: int) -> Op:
    names, last = Formula(family.term).names, [family.last] if family.last else []
    term, slopes = family.numbered(family.term), [family.numbered(p) for p in family.partials]
    inputs = [f"{name}{k}" for k in range(1, n + 1) for name in names] + last
    terms = [term.format(k) for k in range(1, n + 1)] + last
    partials = [slope.format(k) for k in range(1, n + 1) for slope in slopes] + ["1" for _ in last]
    return Op(
        f"{family.name}{n}",
        " + ".join(terms),
        tuple(partials),
        symbol=family.symbol,
        rule=family.rule,
        accuracy=family.accuracy,
        inputs=tuple(inputs),
        family=family.name,
    )
