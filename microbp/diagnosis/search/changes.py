"""What a row of the table changes in one layer of one network: its words in <> replaced, its factors made lines.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> texts({"slope": "<f' of z>"}, case, 1), texts({"scale_biases": 0.5}, case, 2)
({'slope': 'z * (1 - z)'}, {'db': '0.5 * ({})', 'l2b': '0.5 * ({})'})
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from microbp.derivation.backprop import FORWARD, OF_ALL, WHOLE, Change, Pass, edited
from microbp.derivation.formulas import MISREMEMBERED, SLOPES, lost_parts, other_losses
from microbp.diagnosis.mistakes import Mistake
from microbp.losses import LOSSES
from microbp.problems.exercise import Exercise
from microbp.vectorized import ACTIVATIONS

MOST_CHOICES = 12
"""Of more neurons in a layer, or samples, it is not asked which of them were left out."""
NORMALISED = (
    "((a0 - a0.mean(axis=0)) / a0.std(axis=0))",
    "(a0 - a0.mean(axis=0))",
    "((a0 - a0.min(axis=0)) / (a0.max(axis=0) - a0.min(axis=0)))",
    "(a0 / a0.max(axis=0))",
    "((a0 - a0.mean()) / a0.std())",
)
"""What people make of inputs before they are used."""
SOLVED = "<c>"
SCALED = {
    "scale": ("dW", "l2W", "db", "l2b"),
    "scale_weights": ("dW", "l2W"),
    "scale_biases": ("db", "l2b"),
    "scale_loss": ("dW", "db"),
    "l2_weights": ("l2W",),
}
"""The factors that are solved for, and the lines that they multiply."""
PENALTIES = {"l2": ("l2W", "{c} / m * W"), "l2_biases": ("l2b", "{c} * l2 / m * b")}
"""The factors of a penalty where there is none, and the lines that they make."""
FACTORS = (*SCALED, *PENALTIES)


def is_factor(change: Change) -> bool:
    """Whether it is a matter of factors alone: these are found by solving, not by trying."""
    return all(rule in FACTORS for rule in change)


def factor_value(value: Any, case: Exercise) -> float | None:
    """A factor as a number; None for one that is solved for."""
    known = {"m": float(len(case.Y)), "1/m": 1.0 / len(case.Y), SOLVED: None}
    return known[value] if isinstance(value, str) else float(value)


def varieties(mistake: Mistake, case: Exercise) -> Iterator[Change]:
    """The changes of a row, with every choice for the words that are the same in all layers."""
    for way in mistake.ways:
        if way.only and not {*way.only} & {*case.activations, LOSSES[case.loss].of}:
            continue
        made: list[Change] = [way.change]
        for word, choices in _choices(case).items():
            if any(word in str(text) for text in way.change.values()):
                made = [
                    {line: str(text).replace(word, choice) for line, text in change.items()}
                    for change in made
                    for choice in choices
                ]
        yield from made


def _choices(case: Exercise) -> Mapping[str, list[str]]:
    loss, m = LOSSES[case.loss], len(case.Y)
    others = [name for name in ACTIVATIONS if name != "linear" and name in SLOPES]
    return {
        "<over>": [loss.divided],
        "<g' formula>": [SLOPES[name] for name in others],
        "<g>": others,
        "<j>": [str(j) for j in range(min(MOST_CHOICES, max(case.sizes[2:], default=0)))],
        "<i>": [str(i) for i in range(m if 1 < m <= MOST_CHOICES else 0)],
        "<f'?>": [f"<f'?{k}>" for k in range(max(len(MISREMEMBERED.get(name, ())) for name in case.activations))],
        "<X'>": list(NORMALISED) if m > 1 else [],
        "<E'>": list(dict.fromkeys(other_losses(loss).values())),
        "<E'?>": list(lost_parts(loss).values()),
    }


def texts(change: Change, case: Exercise, l: int, kinds: str = "Wb") -> dict[str, str] | None:
    """The lines that it puts in layer l; None if it can have no such lines. Factors are of weights W and biases b."""
    f = case.activations[l - 1]
    found: dict[str, str] = {}
    for rule, text in change.items():
        if rule in SCALED:
            lines = [line for line in SCALED[rule] if line[-1] in kinds]
            found |= {line: f"{_factor(text)}({{}})" for line in lines}
        elif rule in PENALTIES:
            line, form = PENALTIES[rule]
            found[line] = form.format(c=repr(float(text)))
        elif rule not in WHOLE:
            made = _formula(str(text), f)
            row = re.search(r"(?:only|without)\(W, (\d+)\)", made or "")
            if made is None or (row and int(row[1]) >= len(case.weights[l - 1])):
                return None
            found[rule] = made
    return found


def _factor(c: float | str) -> str:
    if c == -1.0:
        return "-"
    return f"{c} * " if isinstance(c, str) else f"{float(c)!r} * "


def _formula(text: str, f: str) -> str | None:
    """A line with the formula of f′ in it."""
    if "<f'" not in text:
        return text
    if match := re.fullmatch(r"<f'\?(\d)>", text):
        wrong = MISREMEMBERED.get(f, ())
        return wrong[int(match[1])] if int(match[1]) < len(wrong) else None
    if match := re.fullmatch(r"<f' of (.*)>", text):
        formula = re.sub(r"\ba\b", match[1], SLOPES[f])
        return formula if formula != SLOPES[f] else None
    return text


def changed(case: Exercise, right: Pass, change: Change, layers: tuple[int, ...], arrays: tuple[str, ...] = ()) -> Pass:
    """A pass with a change in these layers; a factor in these arrays alone, if any are named."""
    made = list(right.layers)
    for l in layers or range(1, case.depth + 1):
        kinds = "".join(kind for kind in "Wb" if not arrays or f"d{kind}{l}" in arrays)
        if l and (lines := texts(change, case, l, kinds)):
            made[l - 1] = edited(made[l - 1], lines)
    return replace(right, layers=tuple(made), **{k: v for k, v in change.items() if k in OF_ALL})


def forward_of(lines: Pass) -> tuple[str, ...]:
    """The lines of the forward pass: after the same ones the scopes of the layers are the same."""
    return tuple(layer[head] for layer in lines.layers for head in FORWARD)
