"""A line of the pass as it is written: with matrices, entry by entry with indices, and with numbers for these.

The index form is derived, not written a second time: `@` brings a new Σ, `.T` exchanges two indices, `.sum(axis=0)` is Σi.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> lines = pass_of(case)
>>> matrix_form(case, lines, "d", 1), index_form(case, lines, "d", 1)
('δ1 = (δ2 W2) ⊙ σ′(z1)', 'δ1[i,j] = (Σk δ2[i,k]·W2[k,j]) · σ′(z1[i,j])')
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.backprop import Pass, Scope, pass_of
from microbp.derivation.formulas import loss_of, symbol
from microbp.printing import number_text
from microbp.problems.exercise import Exercise

DIGITS = 9
MOST_TERMS = 3
"""Of a longer sum the largest terms are written down."""
GREEK = {"d": "δ", "l2": "λ", "eta": "η", "up": "∂E/∂a"}
SCALARS = ("m", "n", "λ", "η")
OF_OUTPUTS = ("y", "p", "q", "t")
INDICES = {"dW": ("j", "k"), "db": ("j",), "z": ("i", "j"), "a": ("i", "j"), "d": ("i", "j"), "up": ("i", "j")}
"""The indices of what a line makes: i counts samples, j the layer's neurons, k those before it."""
_ADD, _MUL, _NEG, _POW, _ATOM = range(5)
_SIGNS = {ast.Add: " + ", ast.Sub: " − ", ast.Div: "/", ast.Mult: "·"}
_COMPUTED: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip
_REDUCED = {"sum": "sums", "mean": "means", "max": "largest", "prod": "products"}


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


def resolved(case: Exercise, lines: Pass, text: str, l: int, whole: bool = False) -> ast.expr:
    """A line of layer l as a tree whose names are those of a derivation: W2 for W_ in layer 1, δ1, σ′, X.

    The whole of it has in it what makes ∂E/∂a.
    """
    tree: ast.expr = _Names(case, lines, l, whole).visit(ast.parse(text, mode="eval").body)
    return tree


class _Names(ast.NodeTransformer):
    def __init__(self, case: Exercise, lines: Pass, l: int, whole: bool) -> None:
        self._case, self._lines, self._l, self._whole = case, lines, l, whole

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text, l, case = node.id, self._l, self._case
        if text == "back_":
            return resolved(case, self._lines, self._lines.layers[l]["back"], l + 1)
        if text == "slope" or (text == "up" and self._whole):
            return resolved(case, self._lines, self._lines.layers[l - 1][text], l, self._whole)
        base, at = text.rstrip("_0"), l + text.count("_") - text.count("0")
        if text in ("m", "n", "l2", "eta", "X", *OF_OUTPUTS):
            return ast.Name(GREEK.get(text, text))
        if base == "up" and 1 <= at <= case.depth:
            return ast.Name(f"∂E/∂a{at}")
        if text == "f":
            return ast.Name(symbol(case.activations[l - 1]))
        if at == 0 and base in ("a", "z"):
            return ast.Name("X")
        return ast.Name(f"{GREEK.get(base, base)}{at}")

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id="error")):
                return resolved(self._case, self._lines, error_text(self._case), self._l)
            case ast.Call(func=ast.Name(id="delta")):
                text = loss_of(self._case.loss).delta(self._case.activations[-1])
                return resolved(self._case, self._lines, text, self._l)
            case ast.Call(func=ast.Name(id=g), args=[x, *_]) if g not in ("only", "without", "twice", "diagonal"):
                prime, f = g.endswith("1"), g.removesuffix("1")
                f = self._case.activations[self._l - 1] if f == "f" else f
                inner = self.visit(x)
                if f == "linear":
                    return ast.Constant(1.0) if prime else inner
                return ast.Call(ast.Name(symbol(f) + "′" * prime), [inner], [])
        return ast.Call(node.func if isinstance(node.func, ast.Name) or _numpy(node.func) else self.visit(node.func),
                        [self.visit(x) for x in node.args], node.keywords)  # fmt: skip


def _numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np"


def error_text(case: Exercise) -> str:
    """∂E/∂a of the last layer; where the rows of y do not add up to 1, a softmax has their sums beside it."""
    text = loss_of(case.loss).error
    if "p - y" in text and not np.allclose(case.Y.sum(axis=1), 1.0):
        text = text.replace("p - y", "p * y.sum(axis=1, keepdims=True) - y")
    return text


class Writer:
    """Writes a tree of names: with matrices; with indices, if there are some; with numbers, if these are numbers."""

    def __init__(self, case: Exercise, scope: Mapping[str, Any] | None = None) -> None:
        self._case, self._scope = case, scope
        self._in_sum = False  # over rows of which some are left out

    def _dims(self, name: str) -> tuple[str, ...]:
        """What the axes of a quantity count: samples m, or the neurons n1 of a layer."""
        if name in SCALARS:
            return ()
        if name in (*OF_OUTPUTS, "X"):
            return "m", f"n{0 if name == 'X' else self._case.depth}"
        l = int(re.sub(r"\D", "", name))
        base = name.rstrip("0123456789")
        return {"W": (f"n{l}", f"n{l - 1}"), "dW": (f"n{l}", f"n{l - 1}"), "b": (f"n{l}",), "db": (f"n{l}",)}.get(
            base, ("m", f"n{l}")
        )

    def dims(self, node: ast.expr) -> tuple[str, ...]:
        """What the axes of a part count."""
        match node:
            case ast.Name(id=name):
                return self._dims(name)
            case ast.Attribute(value=x, attr="T"):
                return self.dims(x)[::-1]
            case ast.BinOp(left=a, op=ast.MatMult(), right=b):
                return (*self.dims(a)[:-1], *self.dims(b)[1:])
            case ast.BinOp(left=a, right=b):
                one, two = self.dims(a), self.dims(b)
                return one if len(one) >= len(two) else two
            case ast.UnaryOp(operand=x) | ast.Compare(left=x):
                return self.dims(x)
            case ast.Subscript(value=x):
                return self.dims(x)[1:]
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in _REDUCED:
                axis, kept = _axis(node)
                inner = self.dims(x)
                if axis is None:
                    return ()
                return (*inner[:axis], *(["1"] if kept else []), *inner[axis + 1 :])
            case ast.Call(func=ast.Name(id="diagonal"), args=[x]):
                return self.dims(x)[:1]
            case ast.Call(args=[*_, x]) if _numpy(node.func) and node.func.attr == "where":  # type: ignore[attr-defined]  # _numpy says so
                return max((self.dims(a) for a in node.args), key=len)
            case ast.Call(args=[x, *_]):
                return self.dims(x)
        return ()

    def _size(self, tag: str) -> int:
        return len(self._case.Y) if tag == "m" else self._case.sizes[int(tag[1:])]

    def write(self, node: ast.expr, at: Sequence[Any] | None = None) -> Written:
        """A part of a line; `at` are the indices of what it makes, letters or numbers."""
        match node:
            case ast.Name(id=name):
                return self._name(name, at)
            case ast.Constant(value=v):
                return Written(number(float(v)), _ATOM, float(v))
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
            one, two, own = self.dims(a), self.dims(b), self._own(node, at)
            left, right = own[: len(one) - 1], own[len(own) - len(two) + 1 :]
            return self._sum(one[-1], own, node, lambda new: self._product(((a, (*left, new)), (b, (new, *right)))))
        if isinstance(op, ast.Mult) and (plain := _plain(a, b)) is not None:
            return self.write(plain, at)
        if isinstance(op, ast.Add | ast.Sub) and _zero(b):
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
        left = f"({one.text})" if _fraction(a) and sign == "·" else one.within(_MUL)
        if wide and isinstance(a, ast.BinOp) and isinstance(a.op, ast.MatMult):
            left = f"({one.text})"
        if isinstance(b, ast.BinOp) and (isinstance(b.op, ast.MatMult | ast.Div) or (wide and _product_of(b))):
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
        how, row = _rows(node) or ("", 0)
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
        parts = [self.write(node, at) for node, at in factors if not _ones(node)]
        if not parts:
            return Written("1", _ATOM, 1.0)
        texts = [part.within(_NEG) for part in parts]
        if parts[0].level > _ADD:
            texts[0] = parts[0].text
        text = "·".join(texts)
        return Written(text, _MUL if len(parts) > 1 else parts[0].level, float(np.prod([part.value for part in parts])))

    def _call(self, node: ast.Call, at: Sequence[Any] | None) -> Written:
        match node:
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in _REDUCED and not _numpy(node.func):
                return self._reduced(x, how, *_axis(node), at, node)
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
            return Written(
                f"{whole.get(how, how)} {of}" if along == "all" else f"{along} {_REDUCED[how]} of {of}", _NEG
            )
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


def _axis(node: ast.Call) -> tuple[int | None, bool]:
    """The axis of a reduction, None for all; and whether the axis is kept."""
    words = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
    return words.get("axis"), bool(words.get("keepdims"))


def _rows(node: ast.expr) -> tuple[str, int] | None:
    """Which rows a part leaves out, or has alone, or twice."""
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Name(id="only" | "without" | "twice" as how), args=[_, row]):
                return how, int(ast.literal_eval(row))
    return None


def _ones(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _numpy(node.func) and ast.unparse(node.func) == "np.ones_like"


def _plain(a: ast.expr, b: ast.expr) -> ast.expr | None:
    """The other factor beside a 1, or 0 beside a 0."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, ast.Constant) and float(one.value) in (0.0, 1.0):
            return other if float(one.value) else ast.Constant(0.0)
    return None


def _zero(node: ast.expr) -> bool:
    """Whether a term is 0: a constant, or a product with one."""
    match node:
        case ast.Constant(value=v):
            return not v
        case ast.UnaryOp(operand=x):
            return _zero(x)
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return _zero(a) or _zero(b)
    return False


def _product_of(node: ast.BinOp) -> bool:
    return not isinstance(node.op, ast.Mult) or not any(isinstance(n, ast.Call) for n in ast.walk(node))


def _fraction(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def whole(case: Exercise, lines: Pass, head: str, l: int) -> ast.expr:
    """All that makes a quantity of layer l, as one tree: dW and db with their penalties."""
    own = lines.layers[l - 1]
    text = own[head]
    if head in ("dW", "db"):
        penalty = own[f"l2{head[-1]}"]
        if case.l2 or "l2" not in penalty:
            text = _joined(text, penalty)
    return resolved(case, lines, text, l, head == "d")


_DONE_TO_BOTH = (
    (r"(-|\S+ \* |\d \/ m \* )\((.*)\)()",) * 2,
    (r"()\((.*)\)(\.T)",) * 2,
    (r"(\w - eta \* )\((.*)\)()", r"(-eta \* )\((.*)\)()"),
)
"""What lines can have around them: around those of the loss, and around those of the penalty."""


def _joined(text: str, penalty: str) -> str:
    """A sum of two; what is done to both is done to their sum."""
    for form, other in _DONE_TO_BOTH:
        one, two = re.fullmatch(form, text), re.fullmatch(other, penalty)
        if one and two and one[3] == two[3] and (one[1] == two[1] or form != other):
            return f"{one[1]}({one[2]} + {two[2]}){one[3]}"
    return f"{text} + {penalty}"


def matrix_form(case: Exercise, lines: Pass, head: str, l: int) -> str:
    """A line with matrices: δ1 = (δ2 W2) ⊙ σ′(z1)."""
    return f"{head_form(head, l)} = {Writer(case).write(whole(case, lines, head, l)).text}"


def index_form(case: Exercise, lines: Pass, head: str, l: int) -> str:
    """The same entry by entry."""
    at = INDICES[head]
    return f"{head_form(head, l)}[{','.join(at)}] = {Writer(case).write(whole(case, lines, head, l), at).text}"


def part_form(case: Exercise, text: str, l: int) -> str:
    """A part of a line with matrices: a1·(1 − a1)."""
    return Writer(case).write(resolved(case, pass_of(case), text, l)).text


def placed_form(case: Exercise, lines: Pass, head: str, l: int, place: Sequence[int]) -> str:
    """A line for one entry: dW1[0,1] = Σi δ1[i,0]·X[i,1]."""
    written = Writer(case).write(whole(case, lines, head, l), tuple(place)).text
    return f"{head_form(head, l)}[{','.join(map(str, place))}] = {written}"


def at_place(case: Exercise, lines: Pass, head: str, l: int, place: Sequence[int], scope: Mapping[str, Any]) -> Written:
    """The same with numbers, for one entry: `scope` has the arrays by the names of a derivation."""
    return Writer(case, scope).write(whole(case, lines, head, l), tuple(place))


def head_form(head: str, l: int) -> str:
    """What a quantity is called: δ1."""
    return f"{GREEK.get(head, head)}{l}"


def names_of(case: Exercise, done: Mapping[int, Scope]) -> dict[str, Any]:
    """The arrays of a pass by the names of a derivation: δ2, a1, X; `done` are its scopes by layer."""
    found: dict[str, Any] = {}
    for l, scope in done.items():
        found |= {f"{GREEK.get(name, name)}{l}": scope[name] for name in ("W", "b", "z", "a", "up", "d", "dW", "db")}
        found |= {
            symbol(name): scope[name] for name in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax")
        }
        found |= {
            f"{symbol(name)}′": scope[f"{name}1"] for name in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus")
        }
        found |= {"X": scope["X"], "y": scope["y"], "m": scope["m"], "n": scope["n"], "λ": scope["l2"]}
        found |= {"η": scope["eta"]} | {name: scope[name] for name in ("p", "q", "t") if name in scope}
    return found
