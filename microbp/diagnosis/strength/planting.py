"""Mistakes made on purpose, and what a gradient check says of the gradients that come of them.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> from microbp.diagnosis.mistakes import find_mistake
>>> case = exercise_of(load("w1-w8"))
>>> (factor, *_) = kinds_of(case, find_mistake("weights-not-regularized"))
>>> judged = judge_planted(case, [factor])
>>> print(factor, judged.right.ok, judged.caught[factor])
l2_weights = 0.0 in layer 1 True False
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from microbp.comparing.gradcheck import WORDS, GradCheck, Numeric
from microbp.derivation.backprop import Change, Scope, forward_scopes, gradients, pass_of
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import Mistake
from microbp.diagnosis.search.changes import FACTORS, factor_value, forward_of, varieties
from microbp.diagnosis.search.replay import ERRORS
from microbp.diagnosis.strength.what_hides import KEPT, drawn
from microbp.engine.ieee import errstate
from microbp.losses import batch_loss
from microbp.nn import MLP
from microbp.nn.arrays import LeafPlaces
from microbp.printing import say, word
from microbp.problems.exercise import Exercise, Floats, Gradients

LEAVES = 300
"""Of more parameters only those are checked in which one of the mistakes shows most."""
DIFFERENT = 1e-9
"""Numbers that differ by a smaller part of them are other by rounding alone."""
ANY_FACTOR = 2.0
"""What stands for a factor that could be any."""


Key = tuple[str, int]
"""Of the varieties of a mistake that differ by a number alone, for example which sample is left out."""


@dataclass(frozen=True, eq=False)
class PlantedMistake:
    """A mistake in one of its varieties, in one layer if it can be in one alone."""

    mistake: Mistake
    key: Key
    change: Change
    layers: tuple[int, ...]

    def __str__(self) -> str:
        changes = ", ".join(f"{rule} = {value}" for rule, value in self.change.items())
        if len(self.layers) == 1:
            return say("{changes} in layer {layer}", changes=changes, layer=self.layers[0])
        return say("{changes} in all layers", changes=changes)

    def gradients(self, case: Exercise) -> Gradients:
        """What it makes of the gradients; on data where it cannot be, the fourth of three samples left out, nothing."""
        change = _varieties(case, self.mistake).get(self.key)
        with np.errstate(all="ignore"):
            if change is not None:
                planted = Explanation((Finding(self.mistake, change, self.layers),), 1)
                lines, other = planted.lines(case), planted.case(case)
                known = other is case and forward_of(lines) == forward_of(pass_of(case)) and lines.precision == "double"
                try:
                    return gradients(other, lines, _scopes(case) if known else None)
                except ERRORS:  # its lines do not fit in here
                    pass
            return _right(case)

    def differs(self, case: Exercise) -> bool:
        """Whether they are other than the right ones, by more than rounding, seen or not."""
        return _differ(case, self.gradients(case))


def _differ(case: Exercise, wrong: Gradients) -> bool:
    return any(
        wrong[name].shape != g.shape or not np.all(np.abs(wrong[name] - g) <= DIFFERENT * np.abs(g))
        for name, g in _right(case).items()
    )


@lru_cache(maxsize=KEPT)
def _right(case: Exercise) -> Gradients:
    """What a pass without mistakes makes of the gradients: not in the last digit what `Exercise.truth` says."""
    return gradients(case, pass_of(case), _scopes(case))


@lru_cache(maxsize=8)  # they are asked for by turns, a few at a time, and are large
def _scopes(case: Exercise) -> list[Scope]:
    """The scopes of the layers after the forward pass, which most mistakes leave as it is."""
    return forward_scopes(case, pass_of(case))


def candidates(case: Exercise, mistake: Mistake) -> list[PlantedMistake]:
    """All kinds of a mistake, whether or not they can happen in this network."""
    scopes = mistake.scopes(case.depth)
    single = [layers for layers in scopes if len(layers) == 1] or scopes
    return [PlantedMistake(mistake, *pair, layers) for pair in _varieties(case, mistake).items() for layers in single]


@lru_cache(maxsize=KEPT)
def _known(case: Exercise) -> dict[str, dict[Key, Change]]:
    """The varieties on these data of the mistakes whose varieties were asked for, by code."""
    return {}


def _varieties(case: Exercise, mistake: Mistake) -> dict[Key, Change]:
    """The varieties on these data. A key means the same on others, of which there may be more or fewer samples."""
    known = _known(case)
    if mistake.code not in known:
        known[mistake.code] = _varieties_anew(case, mistake)
    return known[mistake.code]


def _varieties_anew(case: Exercise, mistake: Mistake) -> dict[Key, Change]:
    found: dict[Key, Change] = {}
    for variety in varieties(mistake, case):
        change = {rule: factor_value(c, case) or ANY_FACTOR if rule in FACTORS else c for rule, c in variety.items()}
        change |= {rule: 0.0 for rule, c in variety.items() if rule in FACTORS and c == 0.0}
        if "exchanged" in str(change.get("start")):
            change["exchanged"] = (1, 0, 0), (case.depth, *(k - 1 for k in case.weights[-1].shape))
        form = re.sub(r"-?[0-9.]+", "#", str(change))
        if "targets" in str(change.get("start")):
            change["targets"] = tuple(range(len(case.Y)))[::-1]
        found[form, sum(known == form for known, _ in found)] = change
    return found


def kinds_of(case: Exercise, mistake: Mistake) -> list[PlantedMistake]:
    """The kinds that can happen in this network, each once: those that change the gradients on some data."""
    cases = [drawn(case, seed) for seed in range(3)]
    kinds = candidates(case, mistake)
    forms = {kind.key[0] for kind in kinds}
    kinds += [kind for kind in candidates(cases[0], mistake) if kind.key[0] not in forms]  # these need more samples
    found: dict[bytes, PlantedMistake] = {}
    for kind in kinds:
        made = [kind.gradients(other) for other in cases]
        if any(map(_differ, cases, made)):
            found.setdefault(b"".join(g.tobytes() for wrong in made for g in wrong.values()), kind)
    return list(found.values())


class CheckVerdict(NamedTuple):
    """What a gradient check says."""

    right: GradCheck
    """To the right gradients."""
    errors: dict[PlantedMistake, float]
    """The worst error it finds in those of each kind; inf where they are none, or do not fit the parameters."""
    caught: dict[PlantedMistake, bool]
    said: str
    """How it was done, and on what."""


def judge_planted(case: Exercise, kinds: Sequence[PlantedMistake], method: str = "auto") -> CheckVerdict:
    """Has the check of `gradcheck` judge the gradients of every kind: numeric derivatives are computed once."""
    model = MLP.from_arrays(case.weights, case.biases, **case.activation_names)
    for l, layer in enumerate(model.layers, 1):
        for neuron in layer.neurons if f"db{l}" in case.shared else ():
            neuron.b = layer.neurons[0].b
    layout = LeafPlaces(model.parameter_arrays())
    with np.errstate(all="ignore"):
        right = layout.collect([case.truth[1][name] for name in case.names])
    made: dict[PlantedMistake, Floats] = {}
    for kind in kinds:
        wrong = kind.gradients(case)
        if all(wrong[name].shape == case.shape(name) for name in case.names):
            made[kind] = layout.collect([wrong[name] for name in case.names])
    where = _where(right, list(made.values()))
    with errstate("ignore"):
        root = batch_loss(model, case.X, case.Y, case.loss, case.l2)
    numeric = Numeric(root, [layout.leaves[k] for k in where], method)
    check = numeric.judge(right[where])
    found = {kind: numeric.judge(numbers[where]) for kind, numbers in made.items()}
    done = {"l2": case.l2, "method": word(WORDS[check.method])}
    said = say("{count} samples, λ = {l2:g}; {method}", count=len(case.X), **done)
    if len(case.X) == 1:
        said = say("1 sample, λ = {l2:g}; {method}", **done)
    if len(where) < len(right):
        said = say(
            "{said} at the {some} of {count:,} parameters where mistakes show most",
            said=said,
            some=len(where),
            count=len(right),
        )
    return CheckVerdict(
        check,
        {kind: _worst(found[kind]) if kind in found else math.inf for kind in kinds},
        {kind: kind not in found or bool(found[kind].wrong) for kind in kinds},
        said,
    )


def _worst(check: GradCheck) -> float:
    return math.inf if math.isnan(check.worst) else check.worst


def _where(right: Floats, made: Sequence[Floats]) -> list[int]:
    """Which parameters are checked: all, or of many those in which one of the gradients is farthest from the right."""
    if len(right) <= LEAVES:
        return list(range(len(right)))
    with np.errstate(all="ignore"):
        apart = [np.abs(numbers - right) for numbers in made]
        parts = [d / np.maximum(np.abs(numbers), np.abs(right)) for d, numbers in zip(apart, made, strict=True)]
    return sorted({int(np.argmax(np.nan_to_num(d, nan=-1.0))) for d in (*apart, *parts)})
