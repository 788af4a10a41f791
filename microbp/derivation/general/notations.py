"""How texts write a network: what they call its quantities, from where they count, what stands in rows.

>>> own = NOTATIONS["matrix-form"]
>>> in_notation("{d:l} = {d:l+1} {T:l+1}", own, "l", weights=False), own.name("W", 1, "jk")
('δ(l) = δ(l+1) Θ(l)', 'Θ_jk(1)')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from microbp.errors import MicrobpError, UnknownNameError, nearest

PLACE = re.compile(r"\{(\w+)(?::([lL0])([+-]\d)?( T)?(?:\|(\w+))?)?\}")
"""A quantity in a row of the table: its symbol, its layer, whether transposed, the indices of one entry."""
OF_WEIGHTS = {"W", "b", "T", "T0", "D", "dW", "db", "Delta"}
"""What belongs to the weights, which some texts number from the layer before."""


class Symbol(NamedTuple):
    """A quantity where it stands: which, of which layer, transposed or not, one entry of it or all."""

    name: str
    base: str
    offset: int
    transposed: bool
    entry: str


@dataclass(frozen=True)
class Notation:
    """A row: the names of a text, and its conventions."""

    about: str
    names: Mapping[str, str] = field(default_factory=dict)
    layers_from: int = 0
    """The number of the inputs' layer."""
    columns: bool = False
    """Whether a sample is a column."""
    theta: bool = False
    """Whether the biases are column 0 of the weights."""
    index_from: int = 0
    w_ij: bool = False
    """Whether w_ij leads from i to j: the weights are (n_in, n_out)."""
    mean_apart: bool = False
    """Whether δ is that of a sample's own loss, and the mean is taken of what it makes."""

    def called(self, symbol: str) -> str:
        """What a quantity is called, without its layer."""
        return self.names.get(symbol, _NAMES.get(symbol, symbol))

    def name(self, symbol: str, layer: int | str, index: str = "") -> str:
        """What a quantity of a layer is called; with an index, one entry of it."""
        at = str(layer).replace("-", "−")
        if self.theta and index and symbol in ("b", "db"):  # an entry of column 0
            symbol, index = {"b": "T", "db": "D"}[symbol], f"{index}0"
        if symbol in _MADE and symbol not in self.names:
            before, inner, after = _MADE[symbol]
            before = before.replace("E", self.called("E")).replace("f", self.called("f"))
            return f"{before}{self.name(inner, layer, index)}{after}"
        entry = f"_{index}" if index else ""
        return f"{self.called(symbol)}{entry}({at})"


_NAMES = {"d": "δ", "T": "Θ", "T0": "Θ", "eta": "η", "f": "f", "Delta": "Δ", "E": "E"}
_MADE = {
    "A": ("[1 ", "a", "]"),
    "up": ("∂E/∂", "a", ""),
    "dz": ("∂E/∂", "z", ""),
    "slope": ("f′(", "z", ")"),
    "dW": ("∂E/∂", "W", ""),
    "D": ("∂E/∂", "T", ""),
    "db": ("∂E/∂", "b", ""),
}
"""Quantities that are named after another one: what stands before it and after it."""

OWN = Notation("samples in rows, as everywhere here")
NOTATIONS: dict[str, Notation] = {
    "own": OWN,
    "matrix-form": Notation(
        "Θ with the biases in column 0, the inputs are layer 1, δ of each sample's own cost",
        {"E": "J", "f": "g", "eta": "α", "D": "D", "W": "Θ"},
        layers_from=1,
        theta=True,
        index_from=1,
        mean_apart=True,
    ),
    "chain": Notation(
        "a sample is a column, C is the mean of each sample's cost",
        {"E": "C", "f": "σ", "W": "w"},
        columns=True,
        mean_apart=True,
    ),
    "vector": Notation("samples in rows", {"E": "C", "W": "W"}, index_from=1),
    "w1-w8": Notation(
        "net and out, a sample is a column",
        {"z": "net", "a": "out", "y": "target", "f": "σ"},
        columns=True,
        index_from=1,
    ),
    "delta": Notation(
        "u = W y + b, y = f(u), t is the target, a sample is a column",
        {"z": "u", "a": "y", "y": "t"},
        columns=True,
        index_from=1,
    ),
}
"""By the name of a problem that is from such a text, or nearly."""


def notation_named(name: str) -> Notation:
    """One of `NOTATIONS`. Raises `UnknownNameError` with the nearest name for another."""
    if name not in NOTATIONS:
        raise UnknownNameError(nearest("notation", name, NOTATIONS))
    return NOTATIONS[name]


def notation_with(
    notation: Notation,
    *,
    theta: bool = False,
    columns: bool = False,
    w_ij: bool = False,
    index_from: int | None = None,
) -> Notation:
    """A notation with some conventions of its own: what is asked for, and what the notation has already.

    >>> notation_with(OWN, theta=True).name("W", 1)
    'Θ(1)'
    """
    if theta:
        notation = replace(notation, theta=True, index_from=1, names={"W": "Θ", **notation.names})
    if index_from is not None:
        notation = replace(notation, index_from=index_from)
    return replace(notation, columns=columns or notation.columns, w_ij=w_ij or notation.w_ij)


def asked_for(notation: str | Notation, **conventions: Any) -> Notation:
    """A notation by its name or itself, with conventions of its own. Raises as `general_formulas` does."""
    asked = notation_with(notation_named(notation) if isinstance(notation, str) else notation, **conventions)
    if asked.theta and (asked.columns or asked.w_ij or not asked.index_from):
        raise MicrobpError(
            "with theta the biases are column 0 of Θ: entries are counted from 1, samples stand in rows, Θ_ij leads "
            "from j to i; leave out columns, w_ij and index_from=0"
        )
    return asked


def parsed(template: str) -> list[str | Symbol]:
    """A row's formula as plain text and symbols, in turn."""
    found: list[str | Symbol] = []
    end = 0
    for part in PLACE.finditer(template):
        symbol, base, offset, transposed, index = part.groups()
        found += [
            template[end : part.start()],
            Symbol(symbol, base or "", int(offset or 0), bool(transposed), index or ""),
        ]
        end = part.end()
    return [*found, template[end:]]


def in_notation(
    template: str,
    notation: Notation,
    layer: str | int,
    *,
    weights: bool,
    last: int | str = "L",
    index: Callable[[str, str], str] = lambda symbol, index: index,
) -> str:
    """A row's formula with names, for any layer "l" or a number; `weights` says whose number the l is.

    `index` makes of a symbol and the indices of one entry what stands there.
    """
    text = ""
    for part in parsed(template):
        if isinstance(part, str):
            text += part
        elif not part.base:
            text += notation.called(part.name)
        else:
            text += _placed(part, notation, layer, weights, last, index(part.name, part.entry) if part.entry else "")
    return text


def _placed(part: Symbol, notation: Notation, layer: str | int, weights: bool, last: int | str, index: str) -> str:
    base = {"l": layer, "L": last, "0": 0}[part.base]
    of_weights, counted = part.name in OF_WEIGHTS, notation.layers_from
    if isinstance(base, int):  # a layer of ours: its nodes are counted from layers_from
        at: str | int = base + part.offset + (0 if of_weights else counted)
    else:
        shift = part.offset + (weights and part.base == "l") * counted - of_weights * counted
        at = base + (f"{shift:+d}" if shift else "")
    name = notation.name(part.name, at, index)
    if part.transposed != (notation.w_ij and part.name in OF_WEIGHTS - {"b", "db"}) and not index:
        return f"({name})ᵀ" if name.startswith("∂") else f"{name}ᵀ"
    return name
