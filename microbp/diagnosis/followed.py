"""One number followed through a pass: the lines that make it, wrong and right, with the numbers in them.

>>> from microbp import load
>>> from microbp.diagnosis.explanation import Finding
>>> from microbp.diagnosis.mistakes import find
>>> from microbp.problems.exercise import exercise_of
>>> finding = Finding(find("missing-hidden-derivative"), {"slope": "none"}, (1,), ())
>>> for row in follow(exercise_of(load("w1-w8")), Explanation((finding,), 1), "dW1", (0, 1)):
...     print(row.side, row.line, "=", row.numbers)
wrong dW1[0,1] = Σi δ1[i,0]·X[i,1] = 0.0363503064·0.1
right dW1[0,1] = Σi δ1[i,0]·X[i,1] = 0.00877135469·0.1
wrong δ1[0,0] = Σk δ2[0,k]·W2[k,0] = 0.138498562·0.4 − 0.0380982365·0.5
right δ1[0,0] = (Σk δ2[0,k]·W2[k,0]) · σ′(z1[0,0]) = (0.138498562·0.4 − 0.0380982365·0.5)·0.241300709
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.backprop import backward, forward, gradients
from microbp.derivation.formulas import symbol
from microbp.derivation.notation import shown, value
from microbp.derivation.rules import Plan, changed, plan
from microbp.diagnosis.explanation import Explanation
from microbp.diagnosis.mistake import plain, words
from microbp.diagnosis.ways import DB, DELTA, DW
from microbp.problems.exercise import Exercise, Floats
from microbp.vectorized import ACTIVATIONS, softmax

_NEAR = 1e-6


class Row(NamedTuple):
    """One line of a pass for one number: with indices, with numbers, and what it comes to."""

    side: str
    """The pass it is of: "wrong" or "right"."""
    line: str
    numbers: str
    """Empty where no single line says how the number is made."""
    value: float


Place = tuple[int, ...]


def follow(case: Exercise, explanation: Explanation, name: str, where: Sequence[int]) -> Iterator[Row]:
    """The lines that make this entry of a gradient, from the gradient back to where the two passes part."""
    passes = {
        "wrong": _Pass(replace(case, learning_rate=explanation.rate or case.learning_rate), explanation.rules(case)),
        "right": _Pass(case, plan(case)),
    }
    lines = _lines(case, explanation)
    step: tuple[str, Place] | None = (name, tuple(where))
    while step:
        head, place = step
        for side, one in passes.items():
            yield one.row(side, head, place, [*lines.get((side, head), []), _right_line(one.case, head)])
        step = _next(case, passes["wrong"], passes["right"], head, place)


class _Pass:
    """One pass, with everything that a line of its derivation can name."""

    def __init__(self, case: Exercise, rules: Plan) -> None:
        values = forward(case, rules)
        logits = values.a[-1]
        forwards = [rule.forward or name for rule, name in zip(rules, case.activations, strict=True)]
        self.case, self.rules = replace(case, activations=tuple(forwards)), rules
        self.scope: dict[str, Any] = {"X": case.X, "y": case.Y, "m": len(case.Y), "n": case.sizes[-1]}
        p = softmax(logits)
        self.scope |= {"λ": case.l2, "p": p, "q": softmax(logits.T).T, "t": ((p - case.Y) * p).sum(axis=1)}
        if case.learning_rate is not None:
            self.scope["η"] = case.learning_rate
        for name, (f, prime) in ACTIVATIONS.items():
            self.scope |= {symbol(name): f, f"{symbol(name)}′": partial(_derivative, f, prime)}
        for l, (W, b, z, a) in enumerate(zip(case.weights, case.biases, values.z, values.a[1:], strict=True), 1):
            self.scope |= {f"W{l}": W, f"b{l}": b, f"z{l}": z, f"a{l}": a}
        for part in backward(case, changed(rules, {"passes": 1}, range(1, case.depth + 1)), values):
            self.scope |= {f"∂E/∂a{part.l}": part.signal, f"δ{part.l}": part.delta, f"dW{part.l}": part.step}
        self.made = gradients(case, rules, values if rules[0].passes == 1 else None)

    def row(self, side: str, head: str, place: Place, lines: list[str]) -> Row:
        """The row of this quantity: with numbers, if one of these lines makes it so."""
        made = self.made.get(head, self.scope.get(head))
        number = float(made[place]) if made is not None else np.nan
        for line in lines:
            left, _, right = line.partition(" = ")
            bound = dict(zip(left.partition("[")[2].removesuffix("]").split(","), place, strict=True))
            try:
                with np.errstate(all="ignore"):
                    computed, numbers = float(value(right, self.scope | bound)), shown(right, self.scope | bound)
            except (ValueError, KeyError, IndexError):  # a line in words, or of another shape
                continue
            if abs(computed - number) <= _NEAR * max(abs(computed), abs(number)):
                return Row(side, _placed(line, bound), numbers, number)
        return Row(side, f"{head}[{','.join(map(str, place))}]", "", number)


def _derivative(f: Any, prime: Any, z: Any) -> Floats:
    net = np.asarray(z, dtype=np.float64)
    slope: Floats = prime(net, f(net))
    return slope


def _placed(line: str, bound: dict[str, int]) -> str:
    """A line with numbers for the indices that are bound."""

    def indices(match: re.Match[str]) -> str:
        return "[" + ",".join(str(bound.get(index, index)) for index in match[1].split(",")) + "]"

    return re.sub(r"\[([^\[\]<>]*)\]", indices, line)


def _lines(case: Exercise, explanation: Explanation) -> dict[tuple[str, str], list[str]]:
    """The wrong lines, and the right ones beside them, by the quantity that they make: for example "δ1"."""
    found: dict[tuple[str, str], list[str]] = {}
    for finding in explanation.findings:
        for l in finding.layers or range(1, case.depth + 1):
            for of in ("dW", "db"):
                lines = finding.mistake.lines(l, finding.change, case, of)
                head = lines["wrong_index"].partition("[")[0]
                for side in ("wrong", "right"):
                    if not (finding.arrays and head[:1] == "d" and head not in finding.arrays):
                        found.setdefault((side, head), []).append(lines[f"{side}_index"])
    return found


def _right_line(case: Exercise, head: str) -> str:
    kind, l = head.rstrip("0123456789"), int(head.lstrip("dWbδa"))
    text = {"dW": DW, "db": DB, "δ": DELTA, "a": ("", "a{l}[i,j] = {f}(z{l}[i,j])")}[kind][1]
    return plain(text.format(**words(l, {}, case)))


def _next(case: Exercise, wrong: _Pass, right: _Pass, head: str, place: Place) -> tuple[str, Place] | None:
    """The quantity in a line that the two passes have otherwise, where it is so most."""
    kind, l = head.rstrip("0123456789"), int(head.lstrip("dWbδa"))
    if kind == "a":
        return None
    if kind == "δ" and l < case.depth:
        apart = _apart(wrong, right, f"δ{l + 1}")[place[0]]
        if apart.any():
            return f"δ{l + 1}", (place[0], int(apart.argmax()))
    elif kind != "δ":
        j = place[-1] if kind == "dW" and wrong.rules[l - 1].transposed else place[0]
        apart = _apart(wrong, right, f"δ{l}")[:, j]
        if apart.any():
            return f"δ{l}", (int(apart.argmax()), j)
    for k in range(1, case.depth + 1):
        apart = _apart(wrong, right, f"a{k}")
        if apart.any():
            row, column = np.unravel_index(int(apart.argmax()), apart.shape)
            return f"a{k}", (int(row), int(column))
    return None


def _apart(wrong: _Pass, right: _Pass, name: str) -> Floats:
    """How far apart the two passes have an array, entry by entry; 0 for what is rounding."""
    one, other = wrong.scope[name], right.scope[name]
    apart: Floats = np.nan_to_num(np.abs(one - other), nan=np.inf)
    apart[apart <= 1e-12 * np.max(np.abs(other), initial=0.0)] = 0.0
    return apart
