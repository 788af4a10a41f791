"""A line of the pass as a tree of a derivation's names: W2 for W_ in layer 1, δ1, σ′, X; and what its axes count."""

from __future__ import annotations

import ast
import re

import numpy as np

from microbp.derivation.backprop import Pass
from microbp.derivation.formulas import symbol
from microbp.losses import LOSSES
from microbp.problems.exercise import Exercise

GREEK = {"d": "δ", "l2": "λ", "eta": "η", "up": "∂E/∂a"}
SCALARS = ("m", "n", "λ", "η")
OF_OUTPUTS = ("y", "p", "q", "t")
REDUCED = {
    "sum": "sums", "mean": "means", "max": "largest", "min": "smallest", "prod": "products",
    "std": "standard deviations",
}  # fmt: skip
"""The reductions, and what they are called of rows or columns."""
OF_ALL = {
    "sum": "the sum of all of …", "mean": "the mean of all of …", "max": "the largest of …", "min": "min …",
    "prod": "prod …", "std": "the standard deviation of all of …",
}  # fmt: skip
"""What they are called of all."""


def resolved(case: Exercise, lines: Pass, text: str, l: int, whole: bool = False) -> ast.expr:
    """A line of layer l as a tree whose names are those of a derivation: W2 for W_ in layer 1, δ1, σ′, X.

    The whole of it has in it what makes ∂E/∂a.
    """
    tree: ast.expr = _NameReplacer(case, lines, l, whole).visit(ast.parse(text, mode="eval").body)
    return tree


class _NameReplacer(ast.NodeTransformer):
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
        if at <= 0 and base in ("a", "z"):  # below the inputs there is nothing
            return ast.Name("X")
        return ast.Name(f"{GREEK.get(base, base)}{at}")

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id="error")):
                return resolved(self._case, self._lines, error_text(self._case), self._l)
            case ast.Call(func=ast.Name(id="delta")):
                text = LOSSES[self._case.loss].delta[self._case.activations[-1]]
                return resolved(self._case, self._lines, text, self._l)
            case ast.Call(func=ast.Name(id=g), args=[x, *_]) if g not in ("only", "without", "twice", "diagonal"):
                prime, f = g.endswith("1"), g.removesuffix("1")
                f = self._case.activations[self._l - 1] if f == "f" else f
                inner = self.visit(x)
                if f == "softmax" and prime:  # its diagonal
                    a = ast.Call(ast.Name(f), [inner], [])
                    return ast.BinOp(a, ast.Mult(), ast.BinOp(ast.Constant(1.0), ast.Sub(), a))
                if f == "linear":
                    return ast.Constant(1.0) if prime else inner
                return ast.Call(ast.Name(symbol(f) + "′" * prime), [inner], [])
        return ast.Call(node.func if isinstance(node.func, ast.Name) or is_numpy(node.func) else self.visit(node.func),
                        [self.visit(x) for x in node.args], node.keywords)  # fmt: skip


def is_numpy(node: ast.expr) -> bool:
    """Whether it is a function of NumPy."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np"


def error_text(case: Exercise) -> str:
    """∂E/∂a of the last layer; where the rows of y do not add up to 1, a softmax has their sums beside it."""
    text = LOSSES[case.loss].derivative
    if "p - y" in text and not np.allclose(case.Y.sum(axis=1), 1.0):
        text = text.replace("p - y", "p * y.sum(axis=1, keepdims=True) - y")
    return text


def whole_tree(case: Exercise, lines: Pass, head: str, l: int) -> ast.expr:
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


class Axes:
    """What the axes of a part of a line count."""

    def __init__(self, case: Exercise) -> None:
        self._case = case

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
            case ast.Call(func=ast.Attribute(value=x, attr=how)) if how in REDUCED:
                axis, kept = axis_of(node)
                inner = self.dims(x)
                if axis is None:
                    return ()
                return (*inner[:axis], *(["1"] if kept else []), *inner[axis + 1 :])
            case ast.Call(func=ast.Name(id="diagonal"), args=[x]):
                return self.dims(x)[:1]
            case ast.Call(args=[*_, x]) if is_numpy(node.func) and node.func.attr == "where":  # type: ignore[attr-defined]  # _numpy says so
                return max((self.dims(a) for a in node.args), key=len)
            case ast.Call(args=[x, *_]):
                return self.dims(x)
        return ()

    def _size(self, tag: str) -> int:
        return len(self._case.Y) if tag == "m" else self._case.sizes[int(tag[1:])]


def axis_of(node: ast.Call) -> tuple[int | None, bool]:
    """The axis of a reduction, None for all; and whether the axis is kept."""
    words = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
    return words.get("axis"), bool(words.get("keepdims"))


def rows_of(node: ast.expr) -> tuple[str, int] | None:
    """Which rows a part leaves out, or has alone, or twice."""
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Name(id="only" | "without" | "twice" as how), args=[_, row]):
                return how, int(ast.literal_eval(row))
    return None


def is_ones(node: ast.expr) -> bool:
    """Whether it is an array of ones."""
    return isinstance(node, ast.Call) and is_numpy(node.func) and ast.unparse(node.func) == "np.ones_like"


def other_factor(a: ast.expr, b: ast.expr) -> ast.expr | None:
    """The other factor beside a 1, or 0 beside a 0."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, ast.Constant) and one.value in (0.0, 1.0):
            return other if one.value else ast.Constant(0.0)
    return None


def is_zero(node: ast.expr) -> bool:
    """Whether a term is 0: a constant, or a product with one."""
    match node:
        case ast.Constant(value=v):
            return not v
        case ast.UnaryOp(operand=x):
            return is_zero(x)
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return is_zero(a) or is_zero(b)
    return False


def needs_brackets(node: ast.BinOp) -> bool:
    """Whether a factor that is an operation stands in brackets beside a matrix."""
    return not isinstance(node.op, ast.Mult) or not any(isinstance(n, ast.Call) for n in ast.walk(node))


def is_fraction(node: ast.expr) -> bool:
    """Whether it is a division."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
