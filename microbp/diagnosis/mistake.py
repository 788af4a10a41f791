"""What a mistake is: formulas, wrong and right, and a change to the rules of a pass.

>>> mistake = Mistake("none", "No f′.", "δ{l} = δ{n} W{n}", "…", "…", "…", ({"slope": "none"},), "hidden")
>>> mistake.lines(2, {})["wrong"], mistake.scopes(3)
('δ2 = δ3 W3', [(1, 2), (1,), (2,)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from microbp.learner.cases import Case
from microbp.vectorized import ACTIVATIONS, LOSSES

MOST_NEURONS = 12
"""Of more neurons in a layer it is not asked which of their paths were left out."""

Change = Mapping[str, Any]

CHOICES: dict[str, Callable[[Case], Iterable[Any]]] = {
    "<activation>": lambda case: [name for name in ACTIVATIONS if name != "linear"],
    "<loss>": lambda case: [name for name in LOSSES if name != case.loss],
    "only <neuron>": lambda case: [f"only {j}" for j in range(min(MOST_NEURONS, max(case.sizes[2:], default=0)))],
    "without <neuron>": lambda case: [f"without {j}" for j in range(min(MOST_NEURONS, max(case.sizes[2:], default=0)))],
    "m": lambda case: [float(len(case.Y))],
    "1/m": lambda case: [1.0 / len(case.Y)],
}
"""What a word in a change stands for: every one of these is tried."""
SOLVED = "<number>"
"""A number that is solved for."""
SCALES = ("scale", "scale_weights", "scale_biases", "scale_loss", "l2_weights", "l2_biases")
"""The rules that are factors: their changes are found by solving, not by trying."""


class Mistake(NamedTuple):
    """One row: a code, a sentence, the wrong formula and the right one in matrix and index form, the changes it makes.

    In formulas {l} is the layer, {n} the next, {p} the one before; i counts samples, j and k neurons; other words are
    rules. There is a change for each variety. `where` says which layers can have it: "any", the "hidden" ones, the
    "output" layer, the "upper" ones (all but the first), or "all" together.
    """

    code: str
    name: str
    wrong: str
    right: str
    wrong_index: str
    right_index: str
    changes: tuple[Change, ...]
    where: str = "any"

    @property
    def scales(self) -> bool:
        """Whether it is a matter of factors alone."""
        return all(rule in SCALES for change in self.changes for rule in change)

    def lines(self, l: int, change: Change) -> dict[str, str]:
        """The formulas of layer l, with the names of this change in them."""
        words = {"slope_of": "g", "forward": "g", "error": "another loss", "paths": "some", **change}
        kind, _, neuron = words["paths"].partition(" ")
        words["paths"] = {
            "only": f"neuron {neuron} alone",
            "without": f"without neuron {neuron}",
            "own": "neuron k to neuron k alone",
        }.get(kind, kind)
        of = words["forward"] if change.get("forward") else words["slope_of"]
        names = words | {"l": l, "n": l + 1, "p": l - 1, "before": f"a{l - 1}" if l > 1 else "X", "of": of}
        fields = ("wrong", "right", "wrong_index", "right_index")
        return {field: getattr(self, field).format(**names) for field in fields}

    def varieties(self, case: Case) -> list[Change]:
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
