"""Writes a tree of a derivation's names: with matrices, entry by entry with indices, and with numbers for these."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from microbp.derivation.calls import ADD, ATOM, COMPUTED, MUL, NEG, POW, Calls, Written, entry, short_number
from microbp.derivation.tree import is_fraction, is_ones, is_zero, needs_brackets, other_factor, rows_of
from microbp.printing import say
from microbp.problems.exercise import Floats

MOST_TERMS = 3
"""Of a longer sum the largest terms are written down."""
_SIGNS = {ast.Add: " + ", ast.Sub: " − ", ast.Div: "/", ast.Mult: "·"}


class Writer(Calls):
    """Writes a tree of names: with matrices; with indices, if there are some; with numbers, if these are numbers."""

    def write(self, node: ast.expr, at: Sequence[Any] | None = None) -> Written:
        """A part of a line; `at` are the indices of what it makes, letters or numbers."""
        match node:
            case ast.Name(id=name):
                return self._name(name, at)
            case ast.Constant(value=v):
                return Written(short_number(float(v)), ATOM, float(v))  # type: ignore[arg-type]  # lines have real numbers
            case ast.Attribute(value=x, attr="T"):
                if at is not None:
                    return self.write(x, self._own(node, at)[::-1])
                shown = self.write(x).within(ATOM)
                if isinstance(x, ast.Call) and shown.count("ᵀ, ") == 1:  # rows of a transpose are columns
                    return Written(shown.replace("ᵀ, ", ", "))
                return Written(f"({shown})ᵀ" if shown.startswith("∂") else f"{shown}ᵀ")
            case ast.UnaryOp(operand=x):
                inner = self.write(x, at)
                return Written(f"−{inner.within(MUL)}", NEG, -inner.value)
            case ast.Compare(left=a, ops=[op], comparators=[b]):
                one, two = self.write(a, at), self.write(b, at)
                sign, true = (">", one.value > two.value) if isinstance(op, ast.Gt) else ("<", one.value < two.value)
                return self._told(f"[{one.text} {sign} {two.text}]", float(true))
            case ast.Subscript(value=x, slice=ast.Slice()):
                return self.write(x, at)
            case ast.Subscript(value=x, slice=row):
                which = ast.unparse(row).replace("-1", "m−1" if at is None or isinstance(at[0], str) else "-1")
                if at is None:
                    return Written(f"{self.write(x).within(ATOM)}[{which}]")
                return self.write(x, (which if isinstance(at[0], str) else int(ast.unparse(row)), *at[-1:]))
            case ast.BinOp():
                return self._operation(node, at)
            case ast.Call():
                return self._call(node, at)
        raise ValueError(f"no part of a line: {ast.unparse(node)}")

    def _name(self, name: str, at: Sequence[Any] | None) -> Written:
        dims = self._dims(name)
        if at is None or (not dims and self._scope is None):
            return Written(name)
        own = self._clipped(dims, at)
        if self._scope is None:
            return Written(f"{name}[{','.join(map(str, own))}]")
        value = entry(np.asarray(self._scope[name]), own)
        return Written(short_number(value), ATOM, value)

    def _clipped(self, dims: Sequence[str], at: Sequence[Any]) -> tuple[Any, ...]:
        """Those of the indices that a part with such axes has: the last ones."""
        own = tuple(at[len(at) - len(dims) :]) if dims else ()
        return tuple(0 if tag == "1" else index for tag, index in zip(dims, own, strict=True))

    def _own(self, node: ast.expr, at: Sequence[Any]) -> tuple[Any, ...]:
        dims = self.dims(node)
        return tuple(at[len(at) - len(dims) :]) if dims else ()

    def _operation(self, node: ast.BinOp, at: Sequence[Any] | None) -> Written:
        a, op, b = node.left, node.op, node.right
        if isinstance(op, ast.MatMult):
            if at is None:
                return Written(f"{self.write(a).within(NEG)} {self.write(b).within(NEG)}", MUL)
            axes, own = (self.dims(a), self.dims(b)), self._own(node, at)
            before, after = own[: len(axes[0]) - 1], own[len(own) - len(axes[1]) + 1 :]

            def term(new: Any) -> Written:
                return self._product(((a, (*before, new)), (b, (new, *after))))

            return self._sum(axes[0][-1], own, node, term, self._term_values(a, b, own))
        if isinstance(op, ast.Mult) and (plain := other_factor(a, b)) is not None:
            return self.write(plain, at)
        if isinstance(op, ast.Add | ast.Sub) and is_zero(b):
            return self.write(a, at)
        one, two = self.write(a, at), self.write(b, at)
        value = one.value * two.value if isinstance(op, ast.Mult) else float(COMPUTED[type(op)](one.value, two.value))
        if isinstance(op, ast.Add | ast.Sub):
            text = f"{one.text}{_SIGNS[type(op)]}{two.within(MUL if isinstance(op, ast.Sub) else ADD)}"
            if isinstance(op, ast.Add) and two.text.startswith("−"):
                text = f"{one.text} − {two.text[1:]}"
            return Written(text, ADD, value)
        if isinstance(op, ast.Pow):
            power = "²" if two.text == "2" else f"^{two.within(ATOM)}"
            return Written(one.within(ATOM) + power, POW, value)
        if isinstance(op, ast.Div):
            over = two.within(NEG) if not isinstance(b, ast.BinOp) or isinstance(b.op, ast.Pow) else f"({two.text})"
            return Written(f"{one.within(MUL)}/{over}", MUL, value)
        wide = self._wide(node)
        sign = "·"
        if wide and self._scope is None:
            sign = " ⊙ " if at is None else " · "
        left = f"({one.text})" if is_fraction(a) and sign == "·" else one.within(MUL)
        if wide and isinstance(a, ast.BinOp) and isinstance(a.op, ast.MatMult):
            left = f"({one.text})"
        if isinstance(b, ast.BinOp) and (isinstance(b.op, ast.MatMult | ast.Div) or (wide and needs_brackets(b))):
            right = f"({two.text})"
        else:
            right = two.within(MUL)
        return Written(left + sign + right, MUL, value)

    def _wide(self, node: ast.BinOp) -> bool:
        """Whether a product is one of arrays that are no mere z, a, y: it gets the larger sign."""
        if not (self.dims(node.left) and self.dims(node.right)):
            return False
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        return any(name[0] in "δ∂W" or name.endswith("′") or name.startswith("dW") for name in names)

    def _sum(
        self, tag: str, at: Sequence[Any], node: ast.expr, term: Callable[[Any], Written], values: Floats | None
    ) -> Written:
        """A sum over a new index of the terms of a part."""
        how, row = rows_of(node) or ("", 0)
        outside, self._in_sum = self._in_sum, self._in_sum or bool(how)
        try:
            if values is not None and len(values) > MOST_TERMS and not how:
                largest = [term(int(k)) for k in np.argsort(-np.abs(values), kind="stable")[:MOST_TERMS]]
                return self._added(largest, len(values), float(values.sum()))
            return self._summed(tag, at, how, row, term)
        finally:
            self._in_sum = outside

    def _term_values(self, a: ast.expr, b: ast.expr, at: Sequence[Any]) -> Floats | None:
        """With numbers, what the terms of an entry of a product of two matrices are; None if no arrays are known."""
        one, two = self._array(a), self._array(b)
        if len(at) != 2 or np.ndim(one) != 2 or np.ndim(two) != 2 or one.shape[1] != len(two):
            return None
        return one[at[0]] * two[:, at[1]]  # type: ignore[no-any-return]  # of arrays it makes arrays

    def _summed(self, tag: str, at: Sequence[Any], how: str, row: int, term: Callable[[Any], Written]) -> Written:
        if self._scope is None:
            letters = ["i" if tag == "m" else "", *"kjqrs"]
            new = next(letter for letter in letters if letter and letter not in at)
            if how == "only":
                return term("m−1" if row < 0 else str(row))
            if how == "twice":
                summed = f"Σ{new} {term(new).within(MUL)}"
                return Written(say("({sum}, with {index} twice)", sum=summed, index=f"{new} = {row}"))
            return Written(f"Σ{new}{f'≠{row}' * (how == 'without')} {term(new).within(MUL)}", ADD)
        every = list(range(self._size(tag)))
        which = {"only": [every[row]], "without": [k for k in every if k != row], "twice": [*every, row]}.get(
            how, every
        )
        terms = sorted(map(term, which), key=lambda one: -abs(one.value))
        if len(terms) == 1:
            return terms[0]
        return self._added(terms[:MOST_TERMS], len(terms), float(sum(one.value for one in terms)))

    def _added(self, largest: Sequence[Written], count: int, total: float) -> Written:
        """A sum of which so many terms are written."""
        more = f" + … {say('({count} terms)', count=count)}" if count > len(largest) else ""
        text = (" + ".join(one.text for one in largest) + more).replace("+ −", "− ")
        return Written(text or "0", ADD, total)

    def _product(self, factors: Sequence[tuple[ast.expr, Any]]) -> Written:
        parts = [self.write(node, at) for node, at in factors if not is_ones(node)]
        if not parts:
            return Written("1", ATOM, 1.0)
        texts = [part.within(NEG) for part in parts]
        if parts[0].level > ADD:
            texts[0] = parts[0].text
        text = "·".join(texts)
        return Written(text, MUL if len(parts) > 1 else parts[0].level, prod(part.value for part in parts))
