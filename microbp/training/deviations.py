"""Every way to train a network by conventions other than a problem's own, as far as a text may have meant them.

>>> from microbp import load
>>> found = alternatives(load("w1-w8"))
>>> list(found["update"]), list(found["one bias"])
(['output-first'], ['a neuron'])
>>> [words for words, _ in combined(load("w1-w8"), {"update": found["update"]}, 1)]
[(), ('update output-first',)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from microbp import vectorized
from microbp.errors import MicrobpError
from microbp.printing import say, word
from microbp.problems import NetworkProblem
from microbp.training.sweep import BATCHES, Conventions, own_conventions

RATES = (0.1, 0.5, 1.0)
"""The learning rates that texts use, tried beside twice, half, ten times and a tenth of the problem's."""

Options = dict[str, dict[str, dict[str, Any]]]
Member = tuple[tuple[str, ...], Conventions]
"""What is other than the problem's, in words, and all conventions."""


def combined(problem: NetworkProblem, options: Options, most: int) -> Iterator[Member]:
    """The combinations with at most so many conventions other than the problem's, those with the fewest first."""
    for kinds in (kinds for count in range(most + 1) for kinds in combinations(options, count)):
        for choices in product(*(options[kind] for kind in kinds)):
            pairs = list(zip(kinds, choices, strict=True))
            changes = {name: value for kind, choice in pairs for name, value in options[kind][choice].items()}
            words = tuple(say("{kind} {choice}", kind=word(kind), choice=word(choice)) for kind, choice in pairs)
            yield words, own_conventions(problem)._replace(**changes)


def multiplications(problem: NetworkProblem, members: Sequence[Member], steps: int) -> float:
    """About how many multiplications the trainings take, and what each step takes besides."""
    rows = {"of all samples": len(problem.inputs), "of single samples in order": 1}
    size = problem.training.batch_size or len(problem.inputs)
    per_step = sum(rows.get(conventions.batches, size) for _, conventions in members) * len(problem.leaves())
    return steps * (1e5 + per_step)


def alternatives(problem: NetworkProblem) -> Options:
    """For each convention the choices other than the problem's, and what each changes."""
    m, rate = len(problem.inputs), problem.training.learning_rate
    update = "output-first" if problem.training.update == "simultaneous" else "simultaneous"
    rates = dict.fromkeys([*(float(f"{rate * factor:.12g}") for factor in (2, 0.5, 10, 0.1)), *RATES])
    forms = {"λ·Σw²": 2 * m, "λ/m·Σw²": 2, "λ/2·Σw²": m, "none": 0}
    penalties = {problem.l2 * factor: words for words, factor in forms.items()}
    batches = [kind for kind in BATCHES if kind != "own" and m > 1]
    if not problem.training.batch_size:
        batches = batches[-1:]
    options: Options = {
        "loss": {
            name: {"loss": name}
            for name in vectorized.LOSSES
            if name != problem.loss and is_possible(problem, loss=name)
        },
        "update": {update: {"update": update}},
        "gradient's sign": {"turned": {"sign": -1.0}},
        "learning rate": {f"{other:g}": {"learning_rate": other} for other in rates if other not in (rate, 0.0)},
        "batches": {kind: {"batches": kind} for kind in batches},
        "biases": {("not " if problem.train_biases else "") + "trained": {"train_biases": not problem.train_biases}},
        "one bias": {"a neuron" if problem.shared_bias else "a layer": {"shared_bias": not problem.shared_bias}}
        if is_possible(problem, shared_bias=not problem.shared_bias)
        else {},
        "penalty": {words: {"l2": l2} for l2, words in penalties.items() if problem.l2 not in (0, l2)},
        "penalty on": {"biases too": {"penalised_biases": True}} if problem.l2 else {},
    }
    return {kind: choices for kind, choices in options.items() if choices}


def is_possible(problem: NetworkProblem, **changes: Any) -> bool:
    """Whether a network can have these conventions: a cross-entropy, say, refuses targets that are no classes."""
    try:
        replace(problem, **changes)
    except MicrobpError:
        return False
    return True
