"""Reads a formula that stands in a line of text, such as ∂E/∂w5 = δ[2][0] · a1ᵀ, sign by sign.

>>> [type(node).__name__ for node in read("∂E/∂w5 = −0.5")], read("−0.5")
(['Fraction', 'Sign', 'Sign', 'Sign', 'Sign', 'Sign'], [Sign(text='−', raised=''), Sign(text='0.5', raised='')])
>>> name_of("z[2][0]@3"), name_of("no name")
(Name(base='z', low='0', raised='[2](3)', primes=0), None)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

RAISED = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁻": "−", "ᵀ": "⊤", "ᶻ": "z"}
"""Signs that stand higher up, and what they mean there."""
_UP = "".join(RAISED)
_LETTER = rf"[^\W\d_½{_UP}]"
_LOW = rf"[^\W½{_UP}]"
_NAME = re.compile(
    rf"(?!Σ)(?P<base>{_LETTER}+)(?:_(?P<low>{_LOW}+)|(?P<digits>\d{_LOW}*))?(?P<primes>′*)"
    r"(?P<places>(?:\[[\w,]+\]){0,2})(?:@(?P<sample>\d+))?(?P<layer>\((?:[lL]|\d+)(?:[+−]\d)?\))?"
)
"""A name with its indices: w5, net_o1, w[2][0,1], a[1][0]@3, and of a text a_ij(l−1)."""
_FUNCTION = re.compile(r"(?:softmax|sigmoid|tanh|relu|leaky_relu|elu|softplus|exp|log|sqrt|diag|[fgσ]′?)(?=\()")
_NUMBER = re.compile(r"\d[\d,]*(?<!,)(?:\.\d+)?(?:e[−+]?\d+)?")
_SUM = re.compile("Σ(?:_([a-zA-Z]))?")
OPERATORS = set("=+−·×/⊙→←≠<>Σ") | {":=", "+="}
"""Signs that have room of their own around them."""
_TWO = re.compile("[:+]=")


class Name(NamedTuple):
    """A quantity: what it is called, what stands lower, what higher."""

    base: str
    low: str = ""
    raised: str = ""
    primes: int = 0


class Sign(NamedTuple):
    """A number, a bracket or any other sign, and what stands higher behind it."""

    text: str
    raised: str = ""


class Fraction(NamedTuple):
    """One formula over another: a derivative."""

    top: list[Node]
    bottom: list[Node]


Node = Name | Sign | Fraction


def name_of(label: str) -> Name | None:
    """A label that is one name with its indices; `None` if it is anything else."""
    found = _NAME.fullmatch(label)
    return None if found is None or _outside(found) else _named(found)


def _outside(found: re.Match[str]) -> bool:
    """Whether the brackets behind a name are no indices of it: those of dW2[0,1] are an entry's."""
    return bool(found["places"] and (found["low"] or found["digits"] or len(found["base"]) > 1))


def _named(found: re.Match[str]) -> Name:
    places = re.findall(r"\[([\w,]+)\]", found["places"])
    low, layer = found["low"] or found["digits"] or "", ""
    if places:
        low, layer = places[-1], f"[{places[0]}]" if len(places) > 1 else ""
    mark = f"({found['sample']})" if found["sample"] else ""
    return Name(found["base"], low, f"{layer}{mark}{found['layer'] or ''}", len(found["primes"]))


def read(text: str) -> list[Node]:
    """The formula, whatever is in it: what is no name, number or derivative stands as it is, sign by sign."""
    nodes: list[Node] = []
    at = 0
    while at < len(text):
        node, at = _next(text, at)
        end = at
        while end < len(text) and text[end] in RAISED:
            end += 1
        nodes.append(_with(node, text[at:end]) if end > at else node)
        at = end
    return nodes


def _with(node: Node, raised: str) -> Node:
    """A node with what stands higher behind it."""
    if isinstance(node, Fraction):  # as ∂E/∂x²: it is the lower part's
        return node._replace(bottom=[*node.bottom[:-1], _with(node.bottom[-1], raised)])
    return node._replace(raised=node.raised + "".join(RAISED[c] for c in raised))


def _next(text: str, at: int) -> tuple[Node, int]:
    """What stands at a place, and where it ends."""
    if text[at] == "∂" and (top := _operand(text, at + 1)) and text.startswith("/∂", top):
        bottom = _operand(text, top + 2)
        if bottom:
            return Fraction([Sign("∂"), *read(text[at + 1 : top])], [Sign("∂"), *read(text[top + 2 : bottom])]), bottom
    for pattern in (_NUMBER, _TWO):
        if found := pattern.match(text, at):
            return Sign(found[0]), found.end()
    if found := _SUM.match(text, at):
        return Name("Σ", found[1] or ""), found.end()
    if found := _FUNCTION.match(text, at):
        return Name(found[0].rstrip("′"), primes=found[0].count("′")), found.end()
    if found := _NAME.match(text, at):
        if _outside(found):
            end = found.start("places")
            return _named(_NAME.match(text[:end], at) or found), end
        return _named(found), found.end()
    return Sign(text[at]), at + 1


def _operand(text: str, at: int) -> int:
    """Where what is derived, or is derived by, ends: a name, or what stands in brackets; 0 if there is neither."""
    if text.startswith("(", at):
        depth = 0
        for k, c in enumerate(text[at:], at):
            depth += (c == "(") - (c == ")")
            if not depth:
                return k + 1
        return 0
    start = at + text.startswith("Σ", at)
    found = _NAME.match(text, start)
    return found.end() if found else 0


def has_room(node: Node) -> bool:
    """Whether it has room of its own around it."""
    return not isinstance(node, Fraction) and node[0] in OPERATORS


def tall(nodes: list[Node]) -> Iterator[bool]:
    """Of each node, whether it is a bracket round a fraction, which is as tall as that."""
    marks, open_ = [False] * len(nodes), list[int]()
    for k, node in enumerate(nodes):
        if isinstance(node, Fraction):
            marks = [mark or j in open_ for j, mark in enumerate(marks)]
        elif isinstance(node, Sign) and node.text in "([":
            open_.append(k)
        elif isinstance(node, Sign) and node.text in ")]" and open_:
            marks[k] = marks[open_.pop()]
    return iter(marks)
