"""The calls in a line, sums and functions, written as a part of it; and what a written part is."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.tree import OF_ALL, OF_OUTPUTS, REDUCED, Axes, axis_of, is_numpy
from microbp.printing import number_text, say, word
from microbp.problems.exercise import Exercise, Floats

DIGITS = 9
ADD, MUL, NEG, POW, ATOM = range(5)
"""How tightly a part holds together."""
COMPUTED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip


def short_number(x: float) -> str:
    """A number for people, with the digits that worked examples give.

    >>> short_number(-0.24000000000000002), short_number(-0.0), short_number(1 / 3)
    ('−0.24', '0', '0.333333333')
    """
    return number_text(x + 0.0, DIGITS)


def entry(array: Any, at: Sequence[Any]) -> float:
    """An entry of an array, the only one where it has but one along an axis; `at` may begin with more indices."""
    own = at[len(at) - array.ndim :] if array.ndim else ()
    return float(array[tuple(min(k, size - 1) for k, size in zip(own, array.shape, strict=True))])


class Written(NamedTuple):
    """A part of a line: its text, how tightly that holds together, and with numbers what it comes to."""

    text: str
    level: int = ATOM
    value: float = np.nan

    def within(self, level: int) -> str:
        """The text, in brackets where what is around it holds together more tightly."""
        return f"({self.text})" if self.level < level or (self.text.startswith("−") and level > ADD) else self.text


class Calls(Axes, ABC):
    """Writes calls; how other parts are written is said elsewhere."""

    def __init__(self, case: Exercise, scope: Mapping[str, Any] | None = None) -> None:
        super().__init__(case)
        self._scope = scope
        self._arrays: dict[int, tuple[ast.expr, Any]] = {}
        self._in_sum = False  # over rows of which some are left out

    @abstractmethod
    def write(self, node: ast.expr, at: Sequence[Any] | None = None) -> Written:
        """A part of a line; `at` are the indices of what it makes, letters or numbers."""

    @abstractmethod
    def _sum(
        self, tag: str, at: Sequence[Any], node: ast.expr, term: Callable[[Any], Written], values: Floats | None
    ) -> Written:
        """A sum over an axis; `values` are what its terms come to, where that is known of all at once."""

    def _array(self, node: ast.expr) -> Any:
        """With numbers, every entry of a part at once; None for a part of which only entries are known."""
        if self._scope is None:
            return None
        if id(node) not in self._arrays:  # the part is kept, so that no other gets its id
            self._arrays[id(node)] = node, self._array_of(node, self._scope)
        return self._arrays[id(node)][1]

    def _array_of(self, node: ast.expr, scope: Mapping[str, Any]) -> Any:
        parts: list[ast.expr]
        of: Callable[..., Any]
        match node:
            case ast.Name(id=name):
                return np.asarray(scope[name])
            case ast.Constant(value=v):
                return np.asarray(v, dtype=float)
            case ast.Attribute(value=x, attr="T"):
                parts, of = [x], np.transpose
            case ast.UnaryOp(op=ast.USub(), operand=x):
                parts, of = [x], np.negative
            case ast.BinOp(left=a, op=op, right=b) if type(op) in COMPUTED:
                parts, of = [a, b], COMPUTED[type(op)]
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in REDUCED and not is_numpy(node.func):
                axis, kept = axis_of(node)
                parts, of = [x], partial(getattr(np, how), axis=axis, keepdims=kept)
            case _:
                return None
        arrays = [self._array(part) for part in parts]
        return None if any(array is None for array in arrays) else of(*arrays)

    def _told(self, text: str, value: float) -> Written:
        """With numbers, what it comes to stands for it."""
        return Written(text) if self._scope is None else Written(short_number(value), ATOM, value)

    def _call(self, node: ast.Call, at: Sequence[Any] | None) -> Written:
        match node:
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in REDUCED and not is_numpy(node.func):
                return self._reduced(x, how, *axis_of(node), at, node)
            case ast.Call(func=ast.Name(id="diagonal"), args=[x]):
                if at is not None:
                    return self.write(x, (at[-1], at[-1]))
                return Written(say("diagonal of {of}", of=self.write(x).text), NEG)
            case ast.Call(func=ast.Name(id=how), args=[x, row]) if how in ("only", "without", "twice"):
                if at is None:
                    return Written(f"({self.write(x).text}, {self._rows_said(x, how, ast.unparse(row))})")
                inner = self.write(x, at)
                return inner if self._in_sum else self._row(inner, how, int(ast.unparse(row)), at[0])
            case ast.Call(args=[_, *_]):
                return self._applied(node, at)
        raise ValueError(f"no part of a line: {ast.unparse(node)}")

    def _applied(self, node: ast.Call, at: Sequence[Any] | None) -> Written:
        """A function of NumPy's, or of a network's."""
        one = self.write(node.args[0], at)
        match node:
            case ast.Call(func=ast.Attribute(attr="where"), args=[_, x, y]):
                yes, no = self.write(x, at), self.write(y, at)
                words = {"yes": yes.text, "condition": one.text.strip("[]"), "no": no.text}
                text = say("({yes} where {condition}, else {no})", **words)
                return self._told(text, yes.value if one.value else no.value)
            case ast.Call(func=ast.Attribute(attr="ones_like")):
                return Written(say("ones") if at is None else "1", ATOM, 1.0)
            case ast.Call(func=ast.Attribute(attr="abs")):
                return self._told(f"|{one.text}|", abs(one.value))
            case ast.Call(func=ast.Attribute(attr="clip"), args=[_, _, ast.Constant(value=float(most))]):
                cut = say("({what}, cut off at ±{most})", what=one.text, most=short_number(most))
                return self._told(cut, float(np.clip(one.value, -most, most)))
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if self._scope is None:
            return Written(f"{name}({one.text})")
        value = self._function(name, node.args[0], at or ())
        return Written(short_number(value), ATOM, value)

    def _rows_said(self, x: ast.expr, how: str, k: str) -> str:
        """Which rows of it are left out, alone, or there twice, in words."""
        kind = say("column {k}", k=k) if isinstance(x, ast.Attribute) else say("neuron {k}", k=k)
        if self.dims(x)[0] == "m":
            kind = say("the last sample") if k == "-1" else say("sample {number}", number=k)
        return {
            "only": say("{which} alone", which=kind),
            "without": say("without {which}", which=kind),
            "twice": say("{which} twice", which=kind),
        }[how]

    def _row(self, inner: Written, how: str, k: int, index: Any) -> Written:
        """An entry of an array that has a row left out, alone, or twice."""
        if self._scope is None:
            sign = {"only": f"[{index} = {k}]", "without": f"[{index} ≠ {k}]", "twice": f"(1 + [{index} = {k}])"}[how]
            return Written(f"{sign}·{inner.within(MUL)}", MUL)
        times = {"only": index == k, "without": index != k, "twice": 1 + (index == k)}[how]
        return Written(short_number(times * inner.value), ATOM, times * inner.value)

    def _function(self, name: str, x: ast.expr, at: Sequence[Any]) -> float:
        """A function of one entry; softmax needs all of a row."""
        assert self._scope is not None
        if name == "softmax":
            row = np.array([[self.write(x, (at[0], k)).value for k in range(self._size(self.dims(x)[1]))]])
            return float(self._scope[name](row)[0, at[1]])
        return float(np.asarray(self._scope[name](np.array([self.write(x, at).value])))[0])

    def _reduction(self, x: ast.expr, how: str, axis: int | None, at: Sequence[Any]) -> tuple[str, float]:
        """What becomes of the entries along an axis, or of all, the largest for example: as a text or a number."""
        if self._scope is None:
            free = next(letter for letter in "irs" if letter not in at)
            place = {0: (free, at[-1]), 1: (at[0], free), None: (free, "k")}[axis]
            letters = f"{free}{', k' if axis is None else ''}"
            return say("({how} over {letters} of {of})", how=how, letters=letters, of=self.write(x, place).text), np.nan
        rows, columns = (range(self._size(tag)) for tag in self.dims(x))
        places = {0: [(i, at[-1]) for i in rows], 1: [(at[0], k) for k in columns], None: product(rows, columns)}[axis]
        return "", float(getattr(np, how)([self.write(x, place).value for place in places]))

    def _reduced(
        self, x: ast.expr, how: str, axis: int | None, kept: bool, at: Sequence[Any] | None, node: ast.Call
    ) -> Written:
        dims = self.dims(x)
        if at is None:
            along = "column" if axis == 0 else "row"
            along = "all" if axis is None or len(dims) < 2 else along
            inner = self.write(x)
            of = inner.text if inner.level == ATOM else f"({inner.text})"
            if kept and of in OF_OUTPUTS:
                return Written(f"Σ{of}")
            return Written(
                word(OF_ALL[how] if along == "all" else f"{along} {REDUCED[how]} of …").replace("…", of), ADD
            )
        if how in ("max", "min", "prod", "std"):
            array = self._array(node)
            return self._told(*(self._reduction(x, how, axis, at) if array is None else ("", entry(array, at))))
        own = tuple(at[len(at) - len(self.dims(node)) :]) if self.dims(node) else ()
        own = own[:axis] + own[axis + 1 :] if kept and axis is not None else own
        axes = list(range(len(dims))) if axis is None else [axis]

        def summed(left: Sequence[int], places: Mapping[int, Any]) -> Written:
            if left:
                k, used = left[0], (*own, *places.values())
                array: Any = self._array(x) if len(left) == 1 else None
                known = array is not None and array.ndim == len(dims)
                values = array[place({**places, k: slice(None)})] if known else None
                return self._sum(dims[k], used, x, lambda index: summed(left[1:], {**places, k: index}), values)
            return self.write(x, place(places))

        def place(known: Mapping[int, Any]) -> tuple[Any, ...]:
            rest = iter(own)
            return tuple(known[k] if k in known else next(rest) for k in range(len(dims)))

        total = summed(axes, {})
        if how == "sum":
            return total
        count = int(np.prod([self._size(dims[k]) for k in axes]))
        if self._scope is None:
            return Written(f"1/{'m' if [dims[k] for k in axes] == ['m'] else count}·{total.text}", MUL)
        return Written(f"{total.within(MUL)}/{count}", MUL, total.value / count)
