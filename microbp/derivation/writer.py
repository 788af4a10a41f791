"""Writes a tree of a derivation's names: with matrices, entry by entry with indices, and with numbers for these."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.tree import (
    OF_OUTPUTS,
    REDUCED,
    Axes,
    axis_of,
    is_fraction,
    is_numpy,
    is_ones,
    is_zero,
    needs_brackets,
    other_factor,
    rows_of,
)
from microbp.printing import number_text
from microbp.problems.exercise import Exercise

DIGITS = 9
MOST_TERMS = 3
"""Of a longer sum the largest terms are written down."""
_ADD, _MUL, _NEG, _POW, _ATOM = range(5)
_SIGNS = {ast.Add: " + ", ast.Sub: " − ", ast.Div: "/", ast.Mult: "·"}
_COMPUTED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip


def number(x: float) -> str:
    """A number for people, with the digits that worked examples give.

    >>> number(-0.24000000000000002), number(-0.0), number(1 / 3)
    ('−0.24', '0', '0.333333333')
    """
    return number_text(x + 0.0, DIGITS)


class Written(NamedTuple):
    """A part of a line: its text, how tightly that holds together, and with numbers what it comes to."""

    text: str
    level: int = _ATOM
    value: float = np.nan

    def within(self, level: int) -> str:
        """The text, in brackets where what is around it holds together more tightly."""
        return f"({self.text})" if self.level < level or (self.text.startswith("−") and level > _ADD) else self.text


class Writer(Axes):
    """Writes a tree of names: with matrices; with indices, if there are some; with numbers, if these are numbers."""

    def __init__(self, case: Exercise, scope: Mapping[str, Any] | None = None) -> None:
        super().__init__(case)
        self._scope = scope
        self._in_sum = False  # over rows of which some are left out

    def write(self, node: ast.expr, at: Sequence[Any] | None = None) -> Written:
        """A part of a line; `at` are the indices of what it makes, letters or numbers."""
        match node:
            case ast.Name(id=name):
                return self._name(name, at)
            case ast.Constant(value=v):
                return Written(number(float(v)), _ATOM, float(v))  # type: ignore[arg-type]  # lines have real numbers
            case ast.Attribute(value=x, attr="T"):
                if at is not None:
                    return self.write(x, self._own(node, at)[::-1])
                return Written(f"{self.write(x).within(_ATOM)}ᵀ")
            case ast.UnaryOp(operand=x):
                inner = self.write(x, at)
                return Written(f"−{inner.within(_MUL)}", _NEG, -inner.value)
            case ast.Compare(left=a, ops=[op], comparators=[b]):
                one, two = self.write(a, at), self.write(b, at)
                sign, true = (">", one.value > two.value) if isinstance(op, ast.Gt) else ("<", one.value < two.value)
                return self._told(f"[{one.text} {sign} {two.text}]", float(true))
            case ast.Subscript(value=x, slice=ast.Slice()):
                return self.write(x, at)
            case ast.Subscript(value=x, slice=row):
                which = ast.unparse(row).replace("-1", "m−1" if at is None or isinstance(at[0], str) else "-1")
                if at is None:
                    return Written(f"{self.write(x).within(_ATOM)}[{which}]")
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
        array = np.asarray(self._scope[name])
        value = float(array[tuple(min(k, size - 1) for k, size in zip(own, array.shape, strict=True))])
        return Written(number(value), _ATOM, value)

    def _clipped(self, dims: Sequence[str], at: Sequence[Any]) -> tuple[Any, ...]:
        """Those of the indices that a part with such axes has: the last ones."""
        own = tuple(at[len(at) - len(dims) :]) if dims else ()
        return tuple(0 if tag == "1" else index for tag, index in zip(dims, own, strict=True))

    def _own(self, node: ast.expr, at: Sequence[Any]) -> tuple[Any, ...]:
        dims = self.dims(node)
        return tuple(at[len(at) - len(dims) :]) if dims else ()

    def _told(self, text: str, value: float) -> Written:
        """With numbers, what it comes to stands for it."""
        return Written(text) if self._scope is None else Written(number(value), _ATOM, value)

    def _operation(self, node: ast.BinOp, at: Sequence[Any] | None) -> Written:
        a, op, b = node.left, node.op, node.right
        if isinstance(op, ast.MatMult):
            if at is None:
                return Written(f"{self.write(a).within(_NEG)} {self.write(b).within(_NEG)}", _MUL)
            axes, own = (self.dims(a), self.dims(b)), self._own(node, at)
            before, after = own[: len(axes[0]) - 1], own[len(own) - len(axes[1]) + 1 :]
            return self._sum(
                axes[0][-1], own, node, lambda new: self._product(((a, (*before, new)), (b, (new, *after))))
            )
        if isinstance(op, ast.Mult) and (plain := other_factor(a, b)) is not None:
            return self.write(plain, at)
        if isinstance(op, ast.Add | ast.Sub) and is_zero(b):
            return self.write(a, at)
        one, two = self.write(a, at), self.write(b, at)
        value = one.value * two.value if isinstance(op, ast.Mult) else float(_COMPUTED[type(op)](one.value, two.value))
        if isinstance(op, ast.Add | ast.Sub):
            text = f"{one.text}{_SIGNS[type(op)]}{two.within(_MUL if isinstance(op, ast.Sub) else _ADD)}"
            if isinstance(op, ast.Add) and two.text.startswith("−"):
                text = f"{one.text} − {two.text[1:]}"
            return Written(text, _ADD, value)
        if isinstance(op, ast.Pow):
            power = "²" if two.text == "2" else f"^{two.within(_ATOM)}"
            return Written(one.within(_ATOM) + power, _POW, value)
        if isinstance(op, ast.Div):
            over = two.within(_NEG) if not isinstance(b, ast.BinOp) or isinstance(b.op, ast.Pow) else f"({two.text})"
            return Written(f"{one.within(_MUL)}/{over}", _MUL, value)
        wide = self._wide(node)
        sign = "·" if not wide or self._scope is not None else " ⊙ " if at is None else " · "
        left = f"({one.text})" if is_fraction(a) and sign == "·" else one.within(_MUL)
        if wide and isinstance(a, ast.BinOp) and isinstance(a.op, ast.MatMult):
            left = f"({one.text})"
        if isinstance(b, ast.BinOp) and (isinstance(b.op, ast.MatMult | ast.Div) or (wide and needs_brackets(b))):
            right = f"({two.text})"
        else:
            right = two.within(_MUL)
        return Written(left + sign + right, _MUL, value)

    def _wide(self, node: ast.BinOp) -> bool:
        """Whether a product is one of arrays that are no mere z, a, y: it gets the larger sign."""
        if not (self.dims(node.left) and self.dims(node.right)):
            return False
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        return any(name[0] in "δ∂W" or name.endswith("′") or name.startswith("dW") for name in names)

    def _sum(self, tag: str, at: Sequence[Any], node: ast.expr, term: Callable[[Any], Written]) -> Written:
        """A sum over a new index of the terms of a part."""
        how, row = rows_of(node) or ("", 0)
        outside, self._in_sum = self._in_sum, self._in_sum or bool(how)
        try:
            return self._summed(tag, at, how, row, term)
        finally:
            self._in_sum = outside

    def _summed(self, tag: str, at: Sequence[Any], how: str, row: int, term: Callable[[Any], Written]) -> Written:
        if self._scope is None:
            letters = ["i" * (tag == "m"), *"kjqrs"]
            new = next(letter for letter in letters if letter and letter not in at)
            if how == "only":
                return term("m−1" if row < 0 else str(row))
            if how == "twice":
                return Written(f"(Σ{new} {term(new).within(_MUL)}, with {new} = {row} twice)")
            return Written(f"Σ{new}{f'≠{row}' * (how == 'without')} {term(new).within(_MUL)}", _ADD)
        every = list(range(self._size(tag)))
        which = {"only": [every[row]], "without": [k for k in every if k != row], "twice": [*every, row]}.get(
            how, every
        )
        terms = sorted(map(term, which), key=lambda one: -abs(one.value))
        if len(terms) == 1:
            return terms[0]
        texts = [one.text for one in terms[:MOST_TERMS]]
        more = f" + … ({len(terms)} terms)" if len(terms) > MOST_TERMS else ""
        text = (" + ".join(texts) + more).replace("+ −", "− ")
        return Written(text or "0", _ADD, float(sum(one.value for one in terms)))

    def _product(self, factors: Sequence[tuple[ast.expr, Any]]) -> Written:
        parts = [self.write(node, at) for node, at in factors if not is_ones(node)]
        if not parts:
            return Written("1", _ATOM, 1.0)
        texts = [part.within(_NEG) for part in parts]
        if parts[0].level > _ADD:
            texts[0] = parts[0].text
        text = "·".join(texts)
        return Written(text, _MUL if len(parts) > 1 else parts[0].level, float(np.prod([part.value for part in parts])))

    def _call(self, node: ast.Call, at: Sequence[Any] | None) -> Written:
        match node:
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in REDUCED and not is_numpy(node.func):
                return self._reduced(x, how, *axis_of(node), at, node)
            case ast.Call(func=ast.Name(id="diagonal"), args=[x]):
                return (
                    Written(f"diagonal of {self.write(x).text}", _NEG)
                    if at is None
                    else self.write(x, (at[-1], at[-1]))
                )
            case ast.Call(func=ast.Name(id=how), args=[x, row]) if how in ("only", "without", "twice"):
                k = ast.unparse(row)
                if at is not None:
                    return self.write(x, at) if self._in_sum else self._row(self.write(x, at), how, int(k), at[0])
                kind = "sample" if self.dims(x)[0] == "m" else "column" if isinstance(x, ast.Attribute) else "neuron"
                said = {"only": f"{kind} {k} alone", "without": f"without {kind} {k}", "twice": f"{kind} {k} twice"}[
                    how
                ]
                shown = self.write(x).text
                return Written(f"({shown}, {said.replace('sample -1', 'the last sample')})")
            case ast.Call(func=ast.Attribute(attr="where"), args=[c, x, y]):
                one, yes, no = (self.write(part, at) for part in (c, x, y))
                text = f"({yes.text} where {one.text.strip('[]')}, else {no.text})"
                return self._told(text, yes.value if one.value else no.value)
            case ast.Call(func=ast.Attribute(attr="ones_like"), args=[x]):
                return Written("ones" if at is None else "1", _ATOM, 1.0)
            case ast.Call(func=ast.Attribute(attr="abs"), args=[x]):
                inner = self.write(x, at)
                return self._told(f"|{inner.text}|", abs(inner.value))
            case ast.Call(func=func, args=[x, *_]):
                name = func.attr if isinstance(func, ast.Attribute) else ast.unparse(func)
                if self._scope is not None:
                    value = self._function(name, x, at or ())
                    return Written(number(value), _ATOM, value)
                return Written(f"{name}({self.write(x, at).text})")
        raise ValueError(f"no part of a line: {ast.unparse(node)}")

    def _row(self, inner: Written, how: str, k: int, index: Any) -> Written:
        """An entry of an array that has a row left out, alone, or twice."""
        if self._scope is None:
            sign = {"only": f"[{index} = {k}]", "without": f"[{index} ≠ {k}]", "twice": f"(1 + [{index} = {k}])"}[how]
            return Written(f"{sign}·{inner.within(_MUL)}", _MUL)
        times = {"only": index == k, "without": index != k, "twice": 1 + (index == k)}[how]
        return Written(number(times * inner.value), _ATOM, times * inner.value)

    def _function(self, name: str, x: ast.expr, at: Sequence[Any]) -> float:
        """A function of one entry; softmax needs all of a row."""
        assert self._scope is not None
        if name == "softmax":
            row = np.array([[self.write(x, (at[0], k)).value for k in range(self._size(self.dims(x)[1]))]])
            return float(self._scope[name](row)[0, at[1]])
        return float(np.asarray(self._scope[name](np.array([self.write(x, at).value])))[0])

    def _reduced(
        self, x: ast.expr, how: str, axis: int | None, kept: bool, at: Sequence[Any] | None, node: ast.Call
    ) -> Written:
        dims = self.dims(x)
        if at is None:
            along = "all" if axis is None or len(dims) < 2 else "column" if axis == 0 else "row"
            inner = self.write(x)
            of = inner.text if inner.level == _ATOM else f"({inner.text})"
            if kept and of in OF_OUTPUTS:
                return Written(f"Σ{of}")
            whole = {"sum": "the sum of all of", "mean": "the mean of all of", "max": "the largest of"}
            return Written(f"{whole.get(how, how)} {of}" if along == "all" else f"{along} {REDUCED[how]} of {of}", _NEG)
        if how in ("max", "prod"):
            return Written(f"{how} over {'i' if axis == 0 else 'k'} of {self.write(x, ('i', *at[-1:])).text}", _NEG)
        own = tuple(at[len(at) - len(self.dims(node)) :]) if self.dims(node) else ()
        own = own[:axis] + own[axis + 1 :] if kept and axis is not None else own
        axes = list(range(len(dims))) if axis is None else [axis]

        def summed(left: Sequence[int], places: Mapping[int, Any]) -> Written:
            if left:
                k, used = left[0], (*own, *places.values())
                return self._sum(dims[k], used, x, lambda index: summed(left[1:], {**places, k: index}))
            rest = iter(own)
            return self.write(x, tuple(places[k] if k in places else next(rest) for k in range(len(dims))))

        total = summed(axes, {})
        if how == "sum":
            return total
        count = int(np.prod([self._size(dims[k]) for k in axes]))
        if self._scope is None:
            return Written(f"1/{'m' if [dims[k] for k in axes] == ['m'] else count}·{total.text}", _MUL)
        return Written(f"{total.within(_MUL)}/{count}", _MUL, total.value / count)
