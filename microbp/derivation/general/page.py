"""The page of formulas for any layer: each in the notation asked for, its shapes, one entry in numbers, what it makes.

>>> from microbp import load
>>> page = general_formulas(load("delta-rule"), "delta")
>>> print(*[line for line in str(page).splitlines() if "W(l+1)" in line], sep="\\n")
   ∂E/∂y(l) = W(l+1)ᵀ (∂E/∂y(l+1) ⊙ f′(u(l+1)))
   δ(l) = (W(l+1)ᵀ δ(l+1)) ⊙ f′(u(l))
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from microbp.derivation.general.notations import (
    NOTATIONS,
    OF_WEIGHTS,
    Notation,
    Symbol,
    asked_for,
    in_notation,
    parsed,
)
from microbp.derivation.general.quantities import Quantities
from microbp.derivation.general.table import TABLE, Row
from microbp.formula.typeset.blocks import Block, Heading, Math, Matrix, Sentence, Words, joined, said
from microbp.formula.typeset.forms import plain_lines
from microbp.formula.typeset.page import Page
from microbp.printing import decimals, word
from microbp.problems import Problem

WIDTH = 98
"""The width of the page, in characters."""


@dataclass(frozen=True)
class GeneralFormula:
    """One formula of the page."""

    about: tuple[str, ...]
    """In words and formulas."""
    formula: str
    entry: str
    layers: tuple[tuple[Sentence | Matrix, ...], ...]
    """For each layer its shapes, numbers and what it makes."""

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        layers = [[line for block in blocks for line in plain_lines(block, WIDTH)] for blocks in self.layers]
        return {"about": "".join(self.about), "formula": self.formula, "entry": self.entry, "layers": layers}


@dataclass(frozen=True, repr=False)
class GeneralFormulas(Page):
    """The formulas of backpropagation for any layer, with the numbers of one network. Prints as a page."""

    head: tuple[Heading | Sentence, ...]
    formulas: tuple[GeneralFormula, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        head = ["".join(block.parts) for block in self.head]
        return {"head": head, "formulas": [one.as_dict() for one in self.formulas]}

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What stands on its page."""
        return (*self.head, *(block for k, one in enumerate(self.formulas, 1) for block in _blocks(k, one)))

    def page(self, width: int = WIDTH) -> str:
        """What it prints, in lines of at most so many characters where they can be broken."""
        return super().page(width)


def general_formulas(problem: Problem, notation: str | Notation = "own", **conventions: Any) -> GeneralFormulas:
    """The formulas for any layer of a network in a notation, on the samples that the problem shows.

    `notation` is one of `NOTATIONS`, by its name or itself; `theta`, `columns`, `w_ij` and `index_from` change its
    conventions one by one. Raises `ProblemError` for an expression, `UnknownNameError` for another notation, and
    `MicrobpError` for conventions that exclude each other.

    >>> from microbp import load
    >>> general_formulas(load("chain"), "chain", index_from=1).formulas[0].entry
    'z_j(l) = Σ_k w_jk(l) a_k(l−1) + b_j(l)'
    """
    page = FormulaWriter(Quantities(problem, asked_for(notation, **conventions)))
    formulas = [page.formula(row) for row in TABLE if page.has(row)]
    return GeneralFormulas((*page.head(),), tuple(one for one in formulas if one.layers))


def _blocks(k: int, one: GeneralFormula) -> Iterator[Block]:
    yield from (Heading(2, (f"{k}. ", *one.about)), Sentence((Math(one.formula),)))
    if one.entry and not one.entry.endswith("= …") and one.entry != one.formula:
        yield Sentence((Math(one.entry),))
    for blocks in one.layers:
        yield from blocks


_ALONE = re.compile(r"(= |^)\((−[\d.e−+]+)\)$")
"""A negative number in brackets that is a result, and needs none."""
_TWICE = re.compile(r"^\(?(\S+?)\)? = \1$")
_KEPT = re.compile(":=|…|{dz")
"""What makes no array that is new."""


class FormulaWriter:
    """Writes the rows of the table for one network, in one notation."""

    def __init__(self, quantities: Quantities) -> None:
        self.of, self.notation = quantities, quantities.notation
        self.seen: set[tuple[str, int]] = set()  # the arrays that have been written down
        self.texts = {l: quantities.formulas(l) | quantities.texts(l) for l in range(1, quantities.depth + 1)}

    def head(self) -> Iterator[Heading | Sentence]:
        """What is meant by the letters."""
        one, n = self.of, self.notation
        sizes = map(str, one.case.sizes)
        title = Words(word(one.network.title))
        yield Heading(1, said("{title}. The formulas for any layer l; L is the last.", title=title).parts)
        yield said("Notation: {about}.", about=Words(word(n.about)))
        first, last = n.layers_from, one.depth + n.layers_from
        weights = said("(n_in, n_out), w_ij from i to j") if n.w_ij else Words("(n_out, n_in)")
        if one.m > 1:
            samples = said("{m} samples in columns", m=one.m) if n.columns else said("{m} samples in rows", m=one.m)
        else:
            samples = said("1 sample in columns") if n.columns else said("1 sample in rows")
        yield said(
            "Layers {first} to L = {last} of {sizes}; {W} is {weights}; {samples}; entries are counted from {start}.",
            **{"first": first, "last": last, "sizes": ", ".join(sizes), "W": n.called("W"), "weights": weights},
            **{"samples": samples, "start": n.index_from},
        )
        if one.times > 1:
            E = n.called("E")
            yield said("δ is that of a sample's own {E}, without the 1/m of the mean; m = {m}.", E=E, m=one.m)
        if one.case.l2:
            l2, own = decimals(one.case.l2), one.network.penalty.replace("λ", decimals(one.network.l2))
            yield (
                joined(Math(f"λ = {l2}"), ".")
                if one.network.penalty == "λ/2m"
                else said("λ = {l2}: the penalty of the problem, {own} Σ w², is (λ/2m) Σ w².", l2=l2, own=own)
            )
        if one.network.shared_bias:
            yield said("A layer has one bias for all its neurons; its gradient is the sum of theirs.")
        if not one.network.train_biases:
            yield said("Biases are not trained: the update leaves them as they are.")
        if n.theta:
            yield said("[1 a] has a column of ones before a; (:, 2:end) cuts the column that belongs to it.")

    def has(self, row: Row) -> bool:
        """Whether this notation and this network have it."""
        own = {name for name, each in NOTATIONS.items() if each.about == self.notation.about}
        return set(row.when.split()) <= self.of.facts and (not row.where or bool(own & set(row.where)))

    def template(self, row: Row) -> str:
        """The formula of a row in this notation, with names in braces."""
        return word((self.notation.theta and row.theta) or (self.notation.columns and row.columns) or row.rows)

    def layers(self, row: Row) -> range:
        """The layers that a row is of, in the order in which they are told."""
        L = self.of.depth
        ranges = {"last": range(L, L + 1), "hidden": range(L - 1, 0, -1), "before": range(L - 1, max(L - 2, 0), -1)}
        return ranges.get(row.of, range(1 + (row.of == "behind"), L + 1))

    def about(self, row: Row, layer: str | int = "l") -> tuple[str, ...]:
        """What a row is about; names and formulas in it stand in braces."""
        weights, L = row.of == "weights", self.of.depth
        parts = [self.written(part, layer, weights, L) for part in re.split(r"(\{[^{}]*\})", word(row.about))]
        return tuple(Math(part) if k % 2 else part for k, part in enumerate(parts) if part)

    def formula(self, row: Row) -> GeneralFormula:
        """The row, written."""
        template, L, weights = self.template(row), self.of.depth, row.of == "weights"
        layers = self.layers(row)
        each = tuple(tuple(self._layer(row, template, l, weights)) for l in layers)
        entry = self.written(row.entry, "l", weights, L)
        return GeneralFormula(self.about(row), self.written(template, "l", weights, L), entry, each)

    def written(self, template: str, layer: str | int, weights: bool, l: int, numbers: bool = False) -> str:
        """A template with names, and with numbers in the place of i, j, k; {f} and the like by the layer's own."""
        texts = self.texts[l]
        if isinstance(layer, str):
            texts = texts | {"f": self.notation.called("f"), "prime": self.of.primes}
        for name, text in texts.items():
            template = template.replace(f"{{{name}}}", text)
        last = "L" if isinstance(layer, str) else self.of.depth
        if self.notation.columns and self.of.m == 1:
            template = template.replace("Σ_i ", "")
        index = partial(self._numbered, l) if numbers else self._index
        return in_notation(template, self.notation, layer, weights=weights, last=last, index=index)

    def _index(self, symbol: str, index: str) -> str:
        """The indices of an entry in the order of the notation."""
        if symbol in OF_WEIGHTS:
            return index[::-1] if self.notation.w_ij and len(index) == 2 and symbol != "b" else index
        if not self.notation.columns:
            return index
        return index.replace("i", "") if self.of.m == 1 else index[::-1]

    def _numbered(self, l: int, symbol: str, index: str) -> str:
        at = dict(zip("ijk", (0, *self.of.at(l)), strict=True))
        return re.sub("[ijk]", lambda found: str(at[found[0]] + self.notation.index_from), self._index(symbol, index))

    def _layer(self, row: Row, template: str, l: int, weights: bool) -> Iterator[Sentence | Matrix]:
        """What is said of one layer: shapes, an entry in numbers, the array that the formula makes."""
        parts = parsed(template)
        symbols = [part for part in parts if isinstance(part, Symbol) and part.base]
        if row.shapes:
            sizes = {"m": self.of.m, "n": self.of.case.sizes[l], "p": self.of.case.sizes[l - 1]}
            yield self._shapes(l, weights, row.shapes.format(**sizes))
        elif len(symbols) > 2 and not any(s.entry for s in symbols) and template[0] == "{" and "∂{" not in template:
            yield self._shapes(l, weights, "".join(p if isinstance(p, str) else self._shape(p, l) for p in parts))
        yield from self.numbers(row, l)
        if row.shows[1]:
            name = self.written(word(row.shows[0]), l, weights, l)
            yield Matrix(name, self.of.arrays[row.shows[1]][l].tolist(), 1)
        made = symbols[0] if symbols else None
        if made and not made.entry and template.startswith("{") and not _KEPT.search(template):
            at = {"L": self.of.depth, "l": l}[made.base] + made.offset
            if (made.name, at) not in self.seen:
                self.seen.add((made.name, at))
                array = self.of.oriented(made.name, at)
                array = array.T if made.transposed else array
                name = self.written(template.split(" = ")[0], l, weights, l)
                yield Matrix(name, np.atleast_2d(array).tolist(), 1)

    def numbers(self, row: Row, l: int) -> Iterator[Sentence]:
        """One entry of a layer in numbers."""
        if row.entry:
            weights, sign = row.of == "weights", " := " if " := " in row.entry else " = "
            head = self.written(row.entry.split(sign)[0], l, weights, l, numbers=True)
            numbers = _ALONE.sub(r"\1\2", self.written(row.numbers, l, weights, l))
            yield from (Sentence((Math(head + sign + _TWICE.sub(r"\1", each)),), 1) for each in numbers.split("; "))

    def _shapes(self, l: int, weights: bool, shapes: str) -> Sentence:
        at = f"l = {l + (0 if weights else self.notation.layers_from)}"
        return joined(Math(at), ": ", Math(shapes)).deeper()

    def _shape(self, part: Symbol, l: int) -> str:
        if not part.base:
            return self.written(f"{{{part.name}}}", l, False, l)
        at = {"L": self.of.depth, "l": l, "0": 0}[part.base] + part.offset
        turned = part.transposed != (self.notation.w_ij and part.name in OF_WEIGHTS - {"b", "db"})
        return self.of.shape(part.name, at, turned)
