"""One layer at a time, replayed with other lines in it, beside the numbers that a learner got from it.

>>> from microbp import load
>>> from microbp.comparing.answers.read import read_gradients
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> (given,) = read_gradients(case, case.truth[1])
>>> replayer = Replayer(case, given)
>>> scope = replayer.layer(replayer.start, 2, None, {})
>>> scope["d"].round(9).tolist(), replayer.fits(replayer.start, 2, scope)
([[0.138498562, -0.038098237]], True)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.difference import same_but_rounding
from microbp.comparing.precision import Precision, precision_of
from microbp.derivation.backprop import (
    PASS,
    SUMS,
    Pass,
    Scope,
    add_gradients,
    arrived,
    backward,
    check_shapes,
    edited,
    forward_scopes,
    pass_of,
    value,
)
from microbp.diagnosis.search.fitting import SOME, Column, common, interval, roundest, spanned, spans
from microbp.formula.compiled import Computed
from microbp.problems.exercise import Exercise, Floats

ERRORS = (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError)
"""What a line raises that does not fit into its layer: shapes, quantities that are not there, no learning rate."""
LARGE = 50_000
"""Of layers with as many products, samples times weights, a part is looked at first, and no line computed twice."""
_DELTA = ("up", "slope", "d")


@dataclass(frozen=True, eq=False)
class Start:
    """A forward pass, the lines of the backward pass after it, and in which order its layers stand in the list."""

    scopes: list[Scope]
    lines: Pass
    parts: dict[int, Start] = field(default_factory=dict)
    """The same with a part of a layer for the layer, where that is looked at first."""

    def place(self, l: int) -> int:
        """Where in the list of gradients those of layer l stand."""
        return len(self.scopes) - l if self.lines.order == "reversed" else l


class Replayer:
    """A learner's numbers, and layers to hold against them."""

    def __init__(self, case: Exercise, given: Answer, precision: Precision | None = None) -> None:
        self.case, self.given = case, given
        self.precision = precision or precision_of(case, given)
        numbers = {name: given.numbers(name) for name in given.arrays}
        self._given = {name: (array, self.precision.tolerance(name, array)) for name, array in numbers.items()}
        self.right = pass_of(case)
        products = len(case.Y) * max(W.size for W in case.weights)
        self.computed = Computed() if products >= LARGE else None
        self.start = Start(forward_scopes(case, self.right, computed=self.computed), self.right)

    @cached_property
    def full(self) -> frozenset[int]:
        """The layers all of whose numbers were given."""
        names = self.given.arrays.keys() - self.given.known.keys() - self.given.totals
        return frozenset(l for l in range(1, self.case.depth + 1) if {f"dW{l}", f"db{l}"} <= names)

    def layer(
        self, start: Start, l: int, after: Scope | None, texts: Mapping[str, str], rate: Any = None, exact: bool = False
    ) -> Scope | None:
        """The scope of a layer with these lines in it, after the pass; None if they do not fit.

        With `exact` it is None as well where the sums of δ, which are quickly made, are not the learner's.
        """
        lines = edited(start.lines.layers[l - 1], texts) if texts else start.lines.layers[l - 1]
        scope = start.scopes[l]
        if rate is not None:
            scope = scope | {"eta": rate}
        try:
            scope = arrived(scope, lines, after)
            if exact and lines["db"] == PASS["db"] and scope["d"].shape == scope["z"].shape:
                scope["db"] = scope["d"].sum(axis=0) + value(lines["l2b"], scope)
                if not self.fits(start, l, scope, "b"):
                    return None
            add_gradients(scope, lines)
        except ERRORS:
            return None
        return scope

    def resummed(self, start: Start, l: int, done: Scope, texts: Mapping[str, str], rate: Any = None) -> Scope | None:
        """A layer that is done with other lines for its sums alone."""
        scope = dict(done) if rate is None else done | {"eta": rate}
        lines = edited(start.lines.layers[l - 1], texts)
        if {"dW", "l2W"} & texts.keys():
            del scope["dW"]  # it is made here, not used
        try:
            for kind in "Wb":
                if f"d{kind}" in texts or f"l2{kind}" in texts or (kind == "b" and "dW" in lines["db"]):
                    scope[f"of_{kind}"] = value(lines[f"d{kind}"], scope)
                    scope[f"l2{kind}"] = value(lines[f"l2{kind}"], scope)
                    scope[f"d{kind}"] = scope[f"of_{kind}"] + scope[f"l2{kind}"]
            check_shapes(scope)
        except ERRORS:
            return None
        return scope

    def back(self, start: Start, l: int, scope: Scope, text: str, rate: float | None = None) -> Scope | None:
        """The same scope with what goes back to the layer before; None if that does not fit."""
        made = dict(scope) if rate is None else scope | {"eta": rate}
        try:
            back = made["back"] = np.asarray(value(text, made))
            broad = np.broadcast_shapes(back.shape, made["a0"].shape) == made["a0"].shape
        except ERRORS:
            return None
        return made if broad else None

    def fits(self, start: Start, l: int, scope: Scope, kinds: str = "Wb") -> bool:
        """Whether the learner's numbers of this layer, those that were given, are these."""
        return all(self._exact(start, l, scope, kind) for kind in kinds)

    def _exact(self, start: Start, l: int, scope: Scope, kind: str) -> bool:
        name = f"d{kind}{start.place(l)}"
        if name not in self._given:
            return True
        made, (numbers, tolerance) = self._selected(name, kind, scope, scope[f"d{kind}"]), self._given[name]
        return made is not None and bool((np.abs(numbers - made) <= tolerance).all())

    def _selected(self, name: str, kind: str, scope: Scope, array: Any) -> Floats | None:
        """What was given of an array, of such an array."""
        short = kind == "b" and np.shape(array) != scope["b"].shape
        return self.given.select(name, np.broadcast_to(array, scope["b"].shape) if short else np.asarray(array))

    def numbers(self, start: Start, l: int, scope: Scope) -> list[tuple[str, Floats | None]]:
        """What was given of a layer, with what it is here."""
        names = [(kind, f"d{kind}{start.place(l)}") for kind in "Wb"]
        return [
            (name, self._selected(name, kind, scope, scope[f"d{kind}"])) for kind, name in names if name in self._given
        ]

    def rate(self, zero: list[tuple[str, Floats | None]], one: list[tuple[str, Floats | None]]) -> float | None:
        """The learning rate with which numbers that are linear in it, here at 0 and at 1, are the learner's."""
        wanted = []
        for (name, at_0), (_, at_1) in zip(zero, one, strict=True):
            numbers, tolerance = self._given[name]
            if at_0 is None or at_1 is None:
                return None
            wanted.append(interval(numbers - at_0, at_1 - at_0, tolerance))
        return roundest(common(wanted)) if wanted else None

    def _may_be(self, name: str, made: Floats, delta: Floats, before: Floats) -> Sequence[int]:
        """The samples without which, or with which twice, some numbers of an array are the learner's."""
        numbers, tolerance = self._given[name]
        places = np.flatnonzero(self.given.known.get(name, np.ones_like(made, dtype=bool)))
        if name in self.given.totals or places.size != numbers.size:
            return range(len(delta))
        few = slice(None, None, -(-numbers.size // SOME))
        rows, columns = np.divmod(places[few], before.shape[1])
        shares = delta[:, rows] * before[:, columns]
        return spanned(numbers[few], made.ravel()[places[few]] + shares, tolerance)

    def columns(
        self, lines: Pass, case: Exercise | None = None, scopes: list[Scope] | None = None
    ) -> list[Column] | None:
        """All arrays that were given as a pass with these lines makes them, if they are right but for factors."""
        found: list[Column] = []
        case = case or self.case
        start = Start([{}] * (case.depth + 1), lines)
        try:
            for l, scope in backward(case, lines, scopes):
                for column in self._columns(start, l, scope):
                    if column is None or not spans(column):
                        return None
                    found.append(column)
        except ERRORS:
            return None
        return found

    def _columns(self, start: Start, l: int, scope: Scope) -> Iterator[Column | None]:
        m, l2 = len(self.case.Y), self.case.l2
        W = scope["W"] if np.shape(scope["dW"]) == scope["W"].shape else scope["W"].T
        penalty_b = l2 / m * scope["b"]
        if l2:
            parts = {"W": (scope["of_W"], scope["l2W"], 1.0), "b": (scope["db"], penalty_b, 0.0)}
        else:
            parts = {"W": (scope["dW"], W / m, 0.0), "b": (scope["db"], penalty_b, 0.0)}
        for kind, (loss, penalty, plain) in parts.items():
            name = f"d{kind}{start.place(l)}"
            if name in self._given:
                a, b = self._selected(name, kind, scope, loss), self._selected(name, kind, scope, penalty)
                numbers, tolerance = self._given[name]
                if a is None or b is None or not np.isfinite(a).all():
                    yield None
                else:
                    yield Column(f"d{kind}{l}", numbers, a, b, tolerance, plain)

    def started(self, lines: Pass, case: Exercise | None = None, first: int = 1) -> Start | None:
        """A start with other lines in the forward pass, from layer `first` on, or with another network."""
        try:
            known = () if case else self.start.scopes
            scopes = forward_scopes(case or self.case, lines, known, first, self.computed)
        except ERRORS:
            return None
        shapes = all(
            s["z"].shape == t["z"].shape == s["a"].shape for s, t in zip(scopes, self.start.scopes, strict=True)
        )
        return Start(scopes, lines) if shapes else None


def same(one: Scope, other: Scope) -> bool:
    """Whether two scopes of a layer have the same δ and gradients, but for rounding."""
    return all(_near(one[name], other[name]) for name in ("d", "dW", "db"))


def _near(one: Any, other: Any) -> bool:
    if one is other:
        return True
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape and min(one.ndim, other.ndim):
        return False
    return same_but_rounding(*np.broadcast_arrays(one, other))


def touches(texts: Mapping[str, str]) -> str:
    """Which sums lines change: "W", "b" or "Wb"."""
    return "".join(kind for kind in "Wb" if {f"d{kind}", f"l2{kind}"} & texts.keys())


def stage(texts: Mapping[str, str]) -> str:
    """Where in a layer lines stand: in its "forward" pass, its "delta", its "sums", or what goes "back"."""
    for name, lines in {"forward": ("z", "a"), "delta": _DELTA, "sums": SUMS}.items():
        if texts.keys() & {*lines}:
            return name
    return "back"
