"""What a mistake is: ways to make it, each a wrong line beside the right one, and a change to the rules of a pass.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> way = Way({"slope": "none"}, ("δ{l} = {up}", "δ{l}[i,j] = {up_i}"), ("δ{l} = {up} ⊙ {f}′(z{l})", "…"))
>>> mistake = Mistake("none", "No f′.", "hidden", (way,))
>>> lines = mistake.lines(1, {"slope": "none"}, exercise_of(load("w1-w8")))
>>> lines["wrong"], lines["right"], mistake.scopes(3)
('δ1 = δ2 W2', 'δ1 = (δ2 W2) ⊙ σ′(z1)', [(1, 2), (1,), (2,)])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from microbp.derivation.formulas import (
    ERRORS,
    ERRORS_OF_PROBABILITIES,
    MISREMEMBERED,
    OTHER_ERRORS,
    SLOPES,
    WRONG_ERRORS,
    at,
    error,
    of_net,
    symbol,
)
from microbp.derivation.notation import number
from microbp.diagnosis.ways import Change, Way
from microbp.problems.exercise import Exercise
from microbp.vectorized import ACTIVATIONS

MOST_CHOICES = 12
"""Of more neurons in a layer, or samples, it is not asked which of them were left out."""

_FEW = {
    "neuron": lambda case: range(min(MOST_CHOICES, max(case.sizes[2:], default=0))),
    "sample": lambda case: range(len(case.Y) if 1 < len(case.Y) <= MOST_CHOICES else 0),
}


CHOICES: dict[str, Callable[[Exercise], Iterable[Any]]] = {
    "<activation>": lambda case: [name for name in SLOPES if name in ACTIVATIONS and name != "linear"],
    "<loss>": lambda case: [
        *(name for name in ERRORS if name != case.loss),
        *OTHER_ERRORS,
        *(ERRORS_OF_PROBABILITIES if "softmax_cross_entropy" in case.loss else ()),
    ],
    "<part of the loss>": lambda case: WRONG_ERRORS.get(case.loss, {}),
    "only <neuron>": lambda case: [f"only {j}" for j in _FEW["neuron"](case)],
    "without <neuron>": lambda case: [f"without {j}" for j in _FEW["neuron"](case)],
    "without <sample>": lambda case: [f"without {i}" for i in _FEW["sample"](case)],
    "misremembered <k>": lambda case: [
        f"misremembered {k}" for k in range(max(len(MISREMEMBERED.get(name, ())) for name in case.activations))
    ],
    "m": lambda case: [float(len(case.Y))],
    "1/m": lambda case: [1.0 / len(case.Y)],
}
"""What a word in a change stands for: every one of these is tried."""
SCALES = ("scale", "scale_weights", "scale_biases", "scale_loss", "l2", "l2_weights", "l2_biases")
"""The rules that are factors: their changes are found by solving, not by trying."""


class Mistake(NamedTuple):
    """One row of the table: a code, a sentence, the layers that can have it, the ways to make it.

    `where` says which layers can have it: "any", the "hidden" ones, the "output" layer, the "upper" ones (all but the
    first), or "all" together.
    """

    code: str
    name: str
    where: str
    ways: tuple[Way, ...]

    @property
    def changes(self) -> list[Change]:
        """What its ways change, each once."""
        found: list[Change] = []
        for way in self.ways:
            if way.change not in found:
                found.append(way.change)
        return found

    @property
    def scales(self) -> bool:
        """Whether it is a matter of factors alone."""
        return all(rule in SCALES for change in self.changes for rule in change)

    def way(self, change: Change, loss: str, of: str = "") -> Way:
        """The way that makes this change; if there are several, the one for that loss, with a line about `of`."""
        fitting = [way for way in self.ways if _fits(way.change, change) and way.loss in ("", loss)]
        fitting.sort(key=lambda way: (way.loss != loss, not way.wrong[0].startswith(of)))
        return fitting[0]

    def lines(self, l: int, change: Change, case: Exercise, of: str = "") -> dict[str, str]:
        """The lines of layer l, with matrices and by index; about "dW" or "db", if there is one about it."""
        way, said = self.way(change, case.loss, of), words(l, change, case)
        texts = {"wrong": way.wrong[0], "right": way.right[0]}
        texts |= {"wrong_index": way.wrong[1], "right_index": way.right[1]}
        return {word: plain(text.format(**said)) for word, text in texts.items()}

    def sentence(self, l: int, change: Change, case: Exercise) -> str:
        """What is wrong, with the names of this change."""
        return self.name.format(**words(l, change, case))

    def varieties(self, case: Exercise) -> list[Change]:
        """Its changes, with every choice for the words in them."""
        found: list[Change] = []
        for change in self.changes:
            varied: list[dict[str, Any]] = [{}]
            for rule, value in change.items():
                values = CHOICES[value](case) if value in CHOICES else [value]
                varied = [made | {rule: one} for made in varied for one in values]
            found += varied
        return found

    def scopes(self, depth: int) -> list[tuple[int, ...]]:
        """The layers that can have it: all that can, then some, then each alone."""
        every = tuple(range(1, depth + 1))
        can = {"output": every[-1:], "hidden": every[:-1], "upper": every[1:]}.get(self.where, every)
        scopes = [can]
        if self.where != "all":
            scopes += [can[:-1], *((l,) for l in reversed(can))]
        return [scope for scope in dict.fromkeys(scopes) if scope]


def words(l: int, change: Change, case: Exercise) -> dict[str, Any]:
    """What the words of a line stand for, in layer l of this network."""
    names, last = dict(enumerate(case.activations, 1)), case.depth
    f, other = names[l], str(change.get("forward") or change.get("slope_of") or names[l])
    before, ij = (f"a{l - 1}" if l > 1 else "X"), "[i,j]"
    kind = str(change.get("slope", "")).partition(" ")
    wrong_error = error(case.loss, str(change.get("error", "")))
    formulas = MISREMEMBERED.get(f, (SLOPES[f],))
    wrong = formulas[min(int(kind[2]), len(formulas) - 1)] if kind[0] == "misremembered" else SLOPES[other]
    if kind[0] == "formula":
        wrong = of_net(wrong)
    chosen = str(change.get("paths") or change.get("samples") or "").partition(" ")[2]
    one = int(chosen) if chosen.isdigit() else 0
    total, total_i = f"δ{l}ᵀ {before}", f"Σi δ{l}[i,j]·{before}[i,k]"
    l2, l2_i = (f" + (λ/m)·W{l}", f" + (λ/m)·W{l}[j,k]") if case.l2 else ("", "")
    factors = [value for rule, value in change.items() if rule in SCALES and isinstance(value, float)]
    return {
        "l": l, "n": l + 1, "p": l - 1, "before": before, "two_before": f"a{l - 2}" if l > 2 else "X",
        "f": symbol(f), "fp": symbol(names.get(l - 1, f)), "g": symbol(other),
        "c": number(factors[0]) if factors else "c",
        "up": at(error(case.loss), l) if l == last else f"(δ{l + 1} W{l + 1})",
        "up_i": at(error(case.loss), l, ij) if l == last else f"(Σk δ{l + 1}[i,k]·W{l + 1}[k,j])",
        "error_name": change.get("error", ""), "error": at(wrong_error, l), "error_i": at(wrong_error, l, ij),
        "slope": at(SLOPES[f], l), "wrong_slope": at(wrong, l), "wrong_slope_i": at(wrong, l, ij),
        "j": min(one, case.sizes[l] - 1), "i": one,
        "l2_kj": l2_i.replace("[j,k]", "[k,j]"), "sum": total, "sum_i": total_i, "l2": l2, "l2_i": l2_i,
        "dW": f"({total}{l2})" if l2 else total, "dW_i": f"({total_i}{l2_i})" if l2 else total_i,
    }  # fmt: skip


def _fits(change: Change, made: Change) -> bool:
    """Whether this is that change, with something in the place of its words."""
    return change.keys() == made.keys() and all(
        value == made[rule]
        or (isinstance(value, str) and "<" in value and str(made[rule]).startswith(value.partition("<")[0]))
        or (value in CHOICES and isinstance(made[rule], float))
        for rule, value in change.items()
    )


_CANCELLED = re.compile(r"\((a\S*) − (y\S*)\)/\(\1·\(1 − \1\)\)/m [⊙·] σ′\(z[^)]*\)")


def plain(line: str) -> str:
    """A line without fractions that cancel, without a factor of 1, and without brackets around all of it."""
    line = line.replace("+ −", "− ")
    line = _CANCELLED.sub(r"(\1 − \2)/m", line)
    line = re.sub(r"′\(\(([^()]*)\)\)", r"′(\1)", line)
    line = re.sub(r" [⊙·] (linear′\([^)]*\)|\(1\))", "", line)
    left, _, right = line.partition(" = ")
    alone = right.startswith("(") and right.endswith(")") and "(" not in right[1:-1]
    return f"{left} = {right[1:-1]}" if alone else line
