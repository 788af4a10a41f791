"""The lines of a derivation as they are printed, read as formulas: what they come to, and the numbers in them.

One text is what the learner reads and what is computed, so that no explanation can say one thing and mean another.

>>> line = "Σj δ2[i,j]·W2[j,k] − 1"
>>> scope = {"δ2": np.array([[0.5, 2.0]]), "W2": np.array([[3.0], [0.25]]), "i": 0, "k": 0}
>>> float(value(line, scope)), shown(line, scope)
(1.0, '(0.5·3 + 2·0.25) − 1')
>>> value("1 − a²", {"a": np.array([0.0, 0.5])})
array([1.  , 0.75])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from microbp.printing import number_text

DIGITS = 9
MOST_TERMS = 3
"""The most terms of a sum that are written down: of a longer one the largest."""

Scope = Mapping[str, Any]
"""Arrays, numbers, indices and functions by name."""

_TOKEN = re.compile(r"\s*(Σ\w|∂E/∂a\d+|\d+(?:\.\d+)?|[^\W\dΣ²_](?:(?!²)\w)*′?|[−+·/()\[\],²≠<>])")
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {"<": np.less, ">": np.greater}
_COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "−": np.subtract,
    "·": np.multiply,
    "/": np.divide,
}


def number(x: float) -> str:
    """A number for people, with the digits that worked examples give.

    >>> number(-0.24000000000000002), number(-0.0), number(1 / 3)
    ('−0.24', '0', '0.333333333')
    """
    return number_text(x + 0.0, DIGITS)


def value(text: str, scope: Scope) -> Any:
    """What a line comes to. Raises `ValueError` for what is no formula, `KeyError` for a name that is not in scope."""
    return _value(parse(text), scope)


def shown(text: str, scope: Scope) -> str:
    """A line with numbers in the place of its names; it must come to one number."""
    numbers = _shown(parse(text), scope)
    return numbers[1:-1] if numbers.startswith("(") and _closed(numbers) else numbers


class Node(NamedTuple):
    """A part of a line: a "number", "name", "call", "sum", "group", "neg", "square", "op", or "is" (1 if true)."""

    kind: str
    text: str
    parts: tuple[Node, ...] = ()


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """A line as a tree. Raises `ValueError` for a text that is none."""
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"no formula: {text!r} at {text[at:]!r}")
        tokens.append(match[1])
        at = match.end()
    left = _Tokens(tokens)
    node = _sum(left)
    if left.next:
        raise ValueError(f"no formula: {text!r} at {left.next!r}")
    return node


class _Tokens:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._left = list(reversed(tokens))

    @property
    def next(self) -> str:
        return self._left[-1] if self._left else ""

    def take(self, *expected: str) -> str:
        if not self._left or (expected and self.next not in expected):
            raise ValueError(f"no formula: {self.next or 'its end'!r} where one of {expected or 'more'} is needed")
        return self._left.pop()


def _sum(left: _Tokens) -> Node:
    node = Node("neg", "−", (_product(left),)) if left.next == "−" and left.take() else _product(left)
    while left.next in ("+", "−"):
        node = Node("op", left.take(), (node, _product(left)))
    return node


def _product(left: _Tokens) -> Node:
    node = _factor(left)
    while left.next in ("·", "/"):
        node = Node("op", left.take(), (node, _factor(left)))
    return node


def _factor(left: _Tokens) -> Node:
    token = left.take()
    node = Node("name", token)
    if token.startswith("Σ"):
        without = (_factor(left),) if left.next == "≠" and left.take() else ()
        return Node("sum", token[1:], (_product(left), *without))
    if token == "(":
        node = Node("group", "", (_sum(left),))
        left.take(")")
    elif token == "[":
        one, how, two = _sum(left), left.take(*_COMPARED), _sum(left)
        left.take("]")
        node = Node("is", how, (one, two))
    elif token[0].isdigit():
        node = Node("number", token)
    elif left.next == "(":
        left.take()
        node = Node("call", token, (_sum(left),))
        left.take(")")
    elif left.next == "[":
        left.take()
        indices = [_sum(left)]
        while left.take(",", "]") == ",":
            indices.append(_sum(left))
        node = Node("name", token, tuple(indices))
    elif not (token[0].isalpha() or token[0] == "∂"):
        raise ValueError(f"no formula: {token!r} where a name or a number is needed")
    if left.next == "²":
        left.take()
        node = Node("square", "²", (node,))
    return node


def _value(node: Node, scope: Scope) -> Any:
    kind, text, parts = node
    match kind:
        case "number":
            return float(text)
        case "name":
            found = scope[text]
            return found[tuple(int(_value(index, scope)) for index in parts)] if parts else found
        case "call":
            return scope[text](_value(parts[0], scope))
        case "sum":
            return sum(term for term, _ in _terms(node, scope))
        case "group":
            return _value(parts[0], scope)
        case "neg":
            return -_value(parts[0], scope)
        case "square":
            return _value(parts[0], scope) ** 2
    one, two = (_value(part, scope) for part in parts)
    return np.where(_COMPARED[text](one, two), 1.0, 0.0) if kind == "is" else _COMPUTED[text](one, two)


def _terms(node: Node, scope: Scope) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The terms of a sum, each with the scope that it is computed in."""
    body, *without = node.parts
    size = next(_sizes(body, node.text, scope))
    skipped = [int(_value(part, scope)) for part in without]
    for index in range(size):
        if index not in skipped:
            inner = {**scope, node.text: index}
            yield _value(body, inner), inner


def _sizes(node: Node, index: str, scope: Scope) -> Iterator[int]:
    """How many values an index has: the size of what it counts in."""
    if node.kind == "name":
        for axis, part in enumerate(node.parts):
            if part == Node("name", index):
                yield scope[node.text].shape[axis]
    for part in node.parts:
        yield from _sizes(part, index, scope)


def _shown(node: Node, scope: Scope) -> str:
    kind, text, parts = node
    match kind:
        case "number":
            return text
        case "name" | "call" | "is":
            return number(float(_value(node, scope)))
        case "sum":
            terms = sorted(_terms(node, scope), key=lambda term: -abs(term[0]))
            texts = [_shown(parts[0], inner) for _, inner in terms[:MOST_TERMS]]
            more = f" + … ({len(terms)} terms)" if len(terms) > MOST_TERMS else ""
            return f"({' + '.join(texts)}{more})".replace("+ −", "− ") if len(terms) > 1 else "".join(texts) or "0"
        case "group":
            inner = _shown(parts[0], scope)
            return inner if _closed(inner) else f"({inner})"
        case "neg":
            return f"−{_bracketed(_shown(parts[0], scope))}"
        case "square":
            return f"{_bracketed(_shown(parts[0], scope))}²"
    one, two = (_shown(part, scope) for part in parts)
    if text in "+−":
        return f"{one} {text} {_bracketed(two)}"
    return f"{one}{text}{_bracketed(two)}"


def _bracketed(text: str) -> str:
    """A text that may follow a sign: a negative number in brackets."""
    return f"({text})" if text.startswith("−") else text


def _closed(text: str) -> bool:
    """Whether a text is one number or one pair of brackets, which needs no more."""
    if not text.startswith("("):
        return re.fullmatch(r"\d[\d.e+−]*", text) is not None
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return at == len(text) - 1
    return False
