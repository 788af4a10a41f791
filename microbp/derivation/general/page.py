"""The page of formulas for any layer: each in the notation asked for, its shapes, one entry in numbers, what it makes.

>>> from microbp import load
>>> page = general(load("delta-rule"), NOTATIONS["delta"])
>>> print(*[line for line in str(page).splitlines() if "W(l+1)" in line], sep="\\n")
   ∂E/∂y(l) = W(l+1)ᵀ (∂E/∂y(l+1) ⊙ f′(u(l+1)))
   δ(l) = (W(l+1)ᵀ δ(l+1)) ⊙ f′(u(l))
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from microbp.derivation.general.notations import NOTATIONS, OF_WEIGHTS, Notation, Symbol, in_notation, parsed
from microbp.derivation.general.quantities import Quantities
from microbp.derivation.general.table import TABLE, Row
from microbp.derivation.matrices import matrix_lines
from microbp.errors import MicrobpError
from microbp.printing import Shown, decimals, in_width, say, word
from microbp.problems import Problem

WIDTH = 98
"""The width of the page, in characters."""


@dataclass(frozen=True)
class GeneralFormula:
    """One formula of the page."""

    about: str
    formula: str
    entry: str
    layers: tuple[tuple[str, ...], ...]
    """For each layer the lines of its shapes, numbers and what it makes."""


@dataclass(frozen=True, repr=False)
class GeneralFormulas(Shown):
    """The formulas of backpropagation for any layer, with the numbers of one network. Prints as a page."""

    head: tuple[str, ...]
    formulas: tuple[GeneralFormula, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"head": list(self.head), "formulas": [vars(one) for one in self.formulas]}

    def __str__(self) -> str:
        return self.page()

    def page(self, width: int = WIDTH) -> str:
        """What it prints, in lines of at most so many characters where they can be broken."""
        lines = [*self.head, *(line for k, one in enumerate(self.formulas, 1) for line in _lines(k, one))]
        return in_width("\n".join(lines), width)


def general(problem: Problem, notation: Notation = NOTATIONS["own"], width: int = WIDTH) -> GeneralFormulas:
    """The formulas for any layer of a network in a notation, on the samples that the problem shows.

    Matrices have as many columns as have room in `width` characters.
    Raises `ProblemError` for an expression, and `MicrobpError` for conventions that exclude each other.
    """
    if notation.theta and (notation.columns or notation.w_ij or not notation.index_from):
        raise MicrobpError(
            "with theta the biases are column 0 of Θ: entries are counted from 1, samples stand in rows, Θ_ij leads "
            "from j to i; leave out columns, w_ij and index_from=0"
        )
    page = _Page(Quantities(problem, notation), width)
    formulas = [page.formula(row) for row in TABLE if page.has(row)]
    return GeneralFormulas(tuple(page.head()), tuple(one for one in formulas if one.layers))


def _lines(k: int, one: GeneralFormula) -> Iterator[str]:
    yield from ("", f"{k}. {one.about}", f"   {one.formula}")
    if one.entry and not one.entry.endswith("= …") and one.entry != one.formula:
        yield f"   {one.entry}"
    for lines in one.layers:
        yield from (f"     {line}" for line in lines)


_ALONE = re.compile(r"(= |^)\((−[\d.e−+]+)\)$")
"""A negative number in brackets that is a result, and needs none."""
_TWICE = re.compile(r"^\(?(\S+?)\)? = \1$")
_KEPT = re.compile(":=|…|{dz")
"""What makes no array that is new."""


class _Page:
    def __init__(self, quantities: Quantities, width: int) -> None:
        self.room = width - 5  # lines of a layer are indented
        self.of, self.notation = quantities, quantities.notation
        self.seen: set[tuple[str, int]] = set()  # the arrays that have been written down
        self.texts = {l: quantities.formulas(l) | quantities.texts(l) for l in range(1, quantities.depth + 1)}

    def head(self) -> Iterator[str]:
        """What is meant by the letters."""
        one, n = self.of, self.notation
        sizes = map(str, one.case.sizes)
        yield say("{title}. The formulas for any layer l; L is the last.", title=word(one.network.title))
        yield say("Notation: {about}.", about=word(n.about))
        first, last = n.layers_from, one.depth + n.layers_from
        weights = say("(n_in, n_out), w_ij from i to j") if n.w_ij else "(n_out, n_in)"
        if one.m > 1:
            samples = say("{m} samples in columns", m=one.m) if n.columns else say("{m} samples in rows", m=one.m)
        else:
            samples = say("1 sample in columns") if n.columns else say("1 sample in rows")
        yield say(
            "Layers {first} to L = {last} of {sizes}; {W} is {weights}; {samples}; entries are counted from {start}.",
            **{"first": first, "last": last, "sizes": ", ".join(sizes), "W": n.called("W"), "weights": weights},
            **{"samples": samples, "start": n.index_from},
        )
        if one.times > 1:
            E = n.called("E")
            yield say("δ is that of a sample's own {E}, without the 1/m of the mean; m = {m}.", E=E, m=one.m)
        if one.case.l2:
            l2, own = decimals(one.case.l2), one.network.penalty.replace("λ", decimals(one.network.l2))
            yield (
                f"λ = {l2}."
                if one.network.penalty == "λ/2m"
                else say("λ = {l2}: the penalty of the problem, {own} Σ w², is (λ/2m) Σ w².", l2=l2, own=own)
            )
        if one.network.shared_bias:
            yield say("A layer has one bias for all its neurons; its gradient is the sum of theirs.")
        if not one.network.train_biases:
            yield say("Biases are not trained: the update leaves them as they are.")
        if n.theta:
            yield say("[1 a] has a column of ones before a; (:, 2:end) cuts the column that belongs to it.")

    def has(self, row: Row) -> bool:
        """Whether this notation and this network have it."""
        own = {name for name, each in NOTATIONS.items() if each.about == self.notation.about}
        return set(row.when.split()) <= self.of.facts and (not row.where or bool(own & set(row.where)))

    def formula(self, row: Row) -> GeneralFormula:
        """The row, written."""
        template = word((self.notation.theta and row.theta) or (self.notation.columns and row.columns) or row.rows)
        weights, L = row.of == "weights", self.of.depth
        ranges = {"last": range(L, L + 1), "hidden": range(L - 1, 0, -1), "before": range(L - 1, max(L - 2, 0), -1)}
        layers = ranges.get(row.of, range(1 + (row.of == "behind"), L + 1))
        each = tuple(tuple(self._layer(row, template, l, weights)) for l in layers)
        entry = self._written(row.entry, "l", weights, L)
        return GeneralFormula(
            self._written(word(row.about), "l", weights, L), self._written(template, "l", weights, L), entry, each
        )

    def _written(self, template: str, layer: str | int, weights: bool, l: int, numbers: bool = False) -> str:
        """A template with names, and with numbers in the place of i, j, k; {f} and the like by the layer's own."""
        texts = self.texts[l] | ({"f": self.notation.called("f")} if isinstance(layer, str) else {})
        for name, text in texts.items():
            template = template.replace(f"{{{name}}}", text)
        last = "L" if isinstance(layer, str) else self.of.depth
        if self.notation.columns and self.of.m == 1:
            template = template.replace("Σ_i ", "")
        index = self._numbered if numbers else self._index
        return in_notation(template, self.notation, layer, weights=weights, last=last, index=index)

    def _index(self, symbol: str, index: str) -> str:
        """The indices of an entry in the order of the notation."""
        if symbol in OF_WEIGHTS:
            return index[::-1] if self.notation.w_ij and len(index) == 2 and symbol != "b" else index
        if not self.notation.columns:
            return index
        return index.replace("i", "") if self.of.m == 1 else index[::-1]

    def _numbered(self, symbol: str, index: str) -> str:
        return re.sub("[ijk]", str(self.notation.index_from), self._index(symbol, index))

    def _layer(self, row: Row, template: str, l: int, weights: bool) -> Iterator[str]:
        """The lines of one layer: shapes, an entry in numbers, the array that the formula makes."""
        parts = parsed(template)
        symbols = [part for part in parts if isinstance(part, Symbol) and part.base]
        if row.shapes:
            sizes = {"m": self.of.m, "n": self.of.case.sizes[l], "p": self.of.case.sizes[l - 1]}
            yield f"{self._at(l, weights)}{row.shapes.format(**sizes)}"
        elif len(symbols) > 2 and not any(s.entry for s in symbols) and template[0] == "{" and "∂{" not in template:
            yield self._at(l, weights) + "".join(p if isinstance(p, str) else self._shape(p, l) for p in parts)
        if row.entry:
            sign = " := " if " := " in row.entry else " = "
            head = self._written(row.entry.split(sign)[0], l, weights, l, numbers=True)
            numbers = _ALONE.sub(r"\1\2", self._written(row.numbers, l, weights, l))
            yield from (head + sign + _TWICE.sub(r"\1", each) for each in numbers.split("; "))
        if row.shows[1]:
            name = self._written(word(row.shows[0]), l, weights, l)
            yield from matrix_lines(name, self.of.arrays[row.shows[1]][l].tolist(), self.room)
        made = symbols[0] if symbols else None
        if made and not made.entry and template.startswith("{") and not _KEPT.search(template):
            at = {"L": self.of.depth, "l": l}[made.base] + made.offset
            if (made.name, at) not in self.seen:
                self.seen.add((made.name, at))
                array = self.of.oriented(made.name, at)
                array = array.T if made.transposed else array
                name = self._written(template.split(" = ")[0], l, weights, l)
                yield from matrix_lines(name, array.tolist() if array.ndim == 2 else [array.tolist()], self.room)

    def _at(self, l: int, weights: bool) -> str:
        return f"l = {l + (0 if weights else self.notation.layers_from)}: "

    def _shape(self, part: Symbol, l: int) -> str:
        if not part.base:
            return self._written(f"{{{part.name}}}", l, False, l)
        at = {"L": self.of.depth, "l": l, "0": 0}[part.base] + part.offset
        turned = part.transposed != (self.notation.w_ij and part.name in OF_WEIGHTS - {"b", "db"})
        return self.of.shape(part.name, at, turned)
