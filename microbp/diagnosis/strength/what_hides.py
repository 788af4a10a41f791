"""What can hide a mistake from a check: λ, the data, the weights, the biases; or that the network has no place for it.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> hidden_by(case, ("l2", "samples"))
'λ = 0 and one sample'
>>> more = with_factors(case, drawn(case, 0), ("l2", "samples"))
>>> more.l2, len(more.X), more.X[0].tolist() == case.X[0].tolist()
(1.0, 3, True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from microbp import vectorized
from microbp.diagnosis.separating import random_data
from microbp.losses import LossName
from microbp.printing import say, word
from microbp.problems.exercise import Exercise

MORE_SAMPLES = (2, 3, 5, 8)
TINY = 0.01
"""Of weights below this, f′(a) is hardly other than f′(z)."""
KEPT = 128
"""How many cases are kept that were drawn: each of many mistakes is tried on the same."""


class Factor(NamedTuple):
    """One thing that can be other than it is: in words as it is, and a case in which it is that of a drawn one."""

    words: Callable[[Exercise], str]
    change: Callable[[Exercise, Exercise], Exercise]


def _few(case: Exercise) -> str:
    return say("one sample") if len(case.X) == 1 else f"m = {len(case.X)}"


def _met(case: Exercise) -> bool:
    outputs = vectorized.forward(case.weights, case.biases, case.X, **case.activation_names)[1][-1]
    return np.allclose(outputs, case.Y)


def _small(case: Exercise) -> str:
    largest = max(float(np.abs(W).max()) for W in case.weights)
    if largest >= TINY:
        return say("these weights")
    if not largest:
        return say("weights that are all 0")
    return say("weights below {bound:.0e}", bound=10.0 ** (np.floor(np.log10(largest)) + 1))


FACTORS = {
    "targets": Factor(
        lambda case: say("targets that are met") if _met(case) else say("these targets"),
        lambda case, new: case.on(case.X, new.Y[: len(case.Y)]),
    ),
    "inputs": Factor(
        lambda case: say("these inputs") if case.X.any() else say("inputs that are all 0"),
        lambda case, new: case.on(new.X[: len(case.X)], case.Y),
    ),
    "l2": Factor(lambda case: f"λ = {case.l2:g}", lambda case, new: replace(case, l2=new.l2)),
    "samples": Factor(
        _few,
        lambda case, new: case.on(np.vstack([case.X, new.X[len(case.X) :]]), np.vstack([case.Y, new.Y[len(case.Y) :]])),
    ),
    "weights": Factor(_small, lambda case, new: replace(case, weights=new.weights)),
    "biases": Factor(
        lambda case: say("these biases") if any(b.any() for b in case.biases) else say("biases that are all 0"),
        lambda case, new: replace(case, biases=new.biases),
    ),
}
"""What can be changed without changing the network's structure; the likelier reason first where two would do."""


def with_factors(case: Exercise, new: Exercise, names: Iterable[str]) -> Exercise:
    """The case with these factors, in the order of `FACTORS`, as they are in a drawn one."""
    for name in names:
        case = FACTORS[name].change(case, new)
    return case


def hidden_by(case: Exercise, names: Iterable[str]) -> str:
    """The factors as they are, in words."""
    return say(" and ").join(FACTORS[name].words(case) for name in names)


@lru_cache(maxsize=KEPT)
def drawn(case: Exercise, seed: int) -> Exercise:
    """The same network with everything drawn by chance, to two decimals, λ = 1, and more samples."""
    rng = np.random.default_rng(seed)
    X, Y = random_data(case, len(case.X) + MORE_SAMPLES[seed % len(MORE_SAMPLES)], rng)
    weights = tuple((rng.normal(size=W.shape) / W.shape[1] ** 0.5).round(2) for W in case.weights)
    biases = [rng.normal(size=b.shape).round(2) for b in case.biases]
    # A ReLU that never opens hides what is behind it.
    biases = [np.abs(b) if name == "relu" else b for b, name in zip(biases, case.activations, strict=True)]
    together = tuple(b[:1].repeat(len(b)) if f"db{l}" in case.shared else b for l, b in enumerate(biases, 1))
    return replace(case, X=X, Y=Y, weights=weights, biases=together, l2=1.0, learning_rate=0.5)


class Structure(NamedTuple):
    """The sizes, activations and loss of a network."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: LossName


STRUCTURES: dict[str, Callable[[Structure], Structure]] = {
    "not with these activations": lambda s: s._replace(activations=("sigmoid",) * len(s.activations)),
    "no ReLU": lambda s: s._replace(activations=("relu",) * len(s.activations)),
    "one layer only": lambda s: (
        s if len(s.sizes) > 2 else Structure((s.sizes[0], *s.sizes), ("sigmoid", *s.activations), s.loss)
    ),
    "not with these sizes": lambda s: s._replace(sizes=(3,) * len(s.sizes)),
    "no softmax": lambda s: Structure(
        (*s.sizes[:-1], max(2, s.sizes[-1])), (*s.activations[:-1], "linear"), "softmax_cross_entropy"
    ),
    "no such part in the loss": lambda s: Structure(s.sizes, (*s.activations[:-1], "sigmoid"), "binary_cross_entropy"),
}
"""Why a mistake may have no place in a network, and the network where it has: the first that shows it is the reason."""


def lacking(case: Exercise, shows: Callable[[Exercise], bool]) -> str:
    """Why something cannot show in a network of this structure; nothing if it shows in none."""
    for count in (1, 2):
        for names in combinations(STRUCTURES, count):
            if any(shows(drawn(_of_structure(case, names), seed)) for seed in range(3)):
                return say(" and ").join(map(word, names))
    return ""


@lru_cache(maxsize=KEPT)
def _of_structure(case: Exercise, names: tuple[str, ...]) -> Exercise:
    made = Structure(case.sizes, case.activations, case.loss)
    for name in names:
        made = STRUCTURES[name](made)
    sizes: Sequence[int] = made.sizes
    return replace(
        case,
        weights=tuple(np.zeros((n, k)) for k, n in pairwise(sizes)),
        biases=tuple(np.zeros(n) for n in sizes[1:]),
        X=np.zeros((1, sizes[0])),
        Y=np.zeros((1, sizes[-1])),
        activations=made.activations,
        loss=made.loss,
        labels={},
    )
