"""A line of the pass as it is written: with matrices, entry by entry with indices, and with numbers for these.

The index form is derived, not written again: `@` brings a new Σ, `.T` exchanges two indices, `.sum(axis=0)` is Σi.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> lines = pass_of(case)
>>> matrix_form(case, lines, "d", 1), index_form(case, lines, "d", 1)
('δ1 = (δ2 W2) ⊙ σ′(z1)', 'δ1[i,j] = (Σk δ2[i,k]·W2[k,j]) · σ′(z1[i,j])')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from microbp.derivation.backprop import Pass, Scope, pass_of
from microbp.derivation.calls import Written, short_number
from microbp.derivation.formulas import SLOPES, symbol
from microbp.derivation.tree import GREEK, resolved, whole_tree
from microbp.derivation.writer import Writer
from microbp.problems.exercise import Exercise

INDICES = {"dW": ("j", "k"), "db": ("j",), "z": ("i", "j"), "a": ("i", "j"), "d": ("i", "j"), "up": ("i", "j")}
"""The indices of what a line makes: i counts samples, j the layer's neurons, k those before it."""


__all__ = ["at_place", "index_form", "matrix_form", "names_of", "part_form", "placed_form", "short_number"]


def matrix_form(case: Exercise, lines: Pass, head: str, l: int) -> str:
    """A line with matrices: δ1 = (δ2 W2) ⊙ σ′(z1)."""
    return f"{head_form(head, l)} = {Writer(case).write(whole_tree(case, lines, head, l)).text}"


def index_form(case: Exercise, lines: Pass, head: str, l: int) -> str:
    """The same entry by entry."""
    at = INDICES[head]
    return f"{head_form(head, l)}[{','.join(at)}] = {Writer(case).write(whole_tree(case, lines, head, l), at).text}"


def part_form(case: Exercise, text: str, l: int) -> str:
    """A part of a line with matrices: a1·(1 − a1)."""
    return Writer(case).write(resolved(case, pass_of(case), text, l)).text


def placed_form(case: Exercise, lines: Pass, head: str, l: int, place: Sequence[int]) -> str:
    """A line for one entry: dW1[0,1] = Σi δ1[i,0]·X[i,1]."""
    written = Writer(case).write(whole_tree(case, lines, head, l), tuple(place)).text
    return f"{head_form(head, l)}[{','.join(map(str, place))}] = {written}"


def at_place(case: Exercise, lines: Pass, head: str, l: int, place: Sequence[int], scope: Mapping[str, Any]) -> Written:
    """The same with numbers, for one entry: `scope` has the arrays by the names of a derivation."""
    return Writer(case, scope).write(whole_tree(case, lines, head, l), tuple(place))


def head_form(head: str, l: int) -> str:
    """What a quantity is called: δ1."""
    return f"{GREEK.get(head, head)}{l}"


def names_of(case: Exercise, done: Mapping[int, Scope]) -> dict[str, Any]:
    """The arrays of a pass by the names of a derivation: δ2, a1, X; `done` are its scopes by layer."""
    found: dict[str, Any] = {name: getattr(np, name) for name in ("sign", "exp", "log", "round", "sqrt")}
    for l, scope in done.items():
        found |= {f"{GREEK.get(name, name)}{l}": scope[name] for name in ("W", "b", "z", "a", "up", "d", "dW", "db")}
        found |= {symbol(name): scope[name] for name in (*SLOPES, "softmax") if name in scope}
        found |= {f"{symbol(name)}′": scope[f"{name}1"] for name in SLOPES if name in scope}
        found |= {"X": scope["X"], "y": scope["y"], "m": scope["m"], "n": scope["n"], "λ": scope["l2"]}
        found |= {"η": scope["eta"]} | {name: scope[name] for name in ("p", "q", "t") if name in scope}
    return found
