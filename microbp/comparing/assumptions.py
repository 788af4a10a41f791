"""What a diagnosis takes for granted, and what gradients would be right for.

>>> import microbp
>>> model, X, Y = microbp.nn.MLP(2, [3, 1], seed=1), [[0.5, -1.0], [2.0, 0.25]], [[1.0], [0.0]]
>>> microbp.losses.batch_loss(model, X, Y, "half_squared_error_per_sample").backward()
>>> diagnosis = microbp.diagnose(model, model.grad_arrays(), X, Y, loss="half_squared_error")
>>> diagnosis.ok, diagnosis.right_for
(False, 'Exactly right for 1/2m Σ(a − y)²; you said ½Σ(a − y)².')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from microbp.comparing.answers.answer import Answer
from microbp.comparing.noise import noise_of
from microbp.comparing.precision import Precision, marked, precision_of
from microbp.losses import LOSSES, loss_named
from microbp.nn.layout import OURS
from microbp.printing import say
from microbp.problems.exercise import Exercise
from microbp.problems.settings import PENALTIES


def assumed(case: Exercise, given: Answer) -> dict[str, Any]:
    """What the gradients were judged by, as data: with which of it was said, and which is a default."""
    return {
        "loss": case.loss,
        "formula": LOSSES[case.loss].words,
        "activations": list(case.activations),
        "m": len(case.Y),
        "l2": case.l2,
        "penalty": case.said_penalty,
        "penalize_biases": case.penalize_biases,
        "layout": given.layout.words,
        "said": sorted(case.said),
    }


def assumptions_in_words(found: dict[str, Any]) -> str:
    """The same as a sentence."""
    said, formula = "loss" in found["said"], found["formula"]
    loss = (
        say("the loss {formula}", formula=formula)
        if said
        else say("the loss {formula} (the default: none was named)", formula=formula)
    )
    if found["penalty"]:
        loss = say("{loss}, a penalty of {penalty}", loss=loss, penalty=found["penalty"])
    told = say(
        "Judged for {loss}; {activations}; m = {m}; {layout}.",
        loss=loss,
        activations=", ".join(found["activations"]),
        m=found["m"],
        layout=found["layout"],
    )
    if found["layout"] == OURS.words:
        return told
    lines = say("The lines below: {layout}.", layout=OURS._replace(bias="").words)
    return say("{one} {next}", one=told, next=lines)


def right_for(case: Exercise, given: Answer) -> tuple[str, Exercise] | None:
    """The convention that wrong gradients are right for, as a formula and as an exercise, if there is one."""
    last_first = replace(given, arrays=dict(sorted(given.arrays.items(), key=lambda item: -int(item[0][2:]))))
    precision = precision_of(case, given)
    for words, other in _others(case):
        if not _may_be(case, last_first, precision, other):
            continue
        near = replace(precision, noise=noise_of(other, given)).tolerance
        if not any(array.wrong.any() for array in marked(last_first, other.truth[1], near)):
            return words, other
    return None


def _may_be(case: Exercise, given: Answer, precision: Precision, other: Exercise) -> bool:
    """Whether gradients may be right for another convention of the same loss: without another pass, and roughly."""
    m, n = case.Y.shape
    times = LOSSES[other.loss].share(m, n) / LOSSES[case.loss].share(m, n)
    made = {}
    for name, right in case.truth[1].items():
        own, its = ((c.l2 / m) * c.parameter(name) * (name[1] == "W" or c.penalize_biases) for c in (case, other))
        made[name] = times * (right - own) + its
    loose = 10.0 * max(1.0, times)
    near = marked(given, made, lambda name, right: loose * precision.tolerance(name, right))
    return not any(array.wrong.any() for array in near)


def same_penalty(case: Exercise, other: Exercise) -> bool:
    """Whether the penalties of two conventions are the same."""
    return (case.l2, case.penalize_biases) == (other.l2, other.penalize_biases)


def verdict(case: Exercise, words: str) -> str:
    """What to say of gradients that are right for another convention."""
    own = _formula(case)
    if "loss" in case.said:
        return say("Exactly right for {other}; you said {own}.", other=words, own=own)
    return say("Exactly right for {other}; no loss was named, and {own} is the default.", other=words, own=own)


def _others(case: Exercise) -> Iterator[tuple[str, Exercise]]:
    """The exercise with other conventions: of the loss, of the penalty, of both."""
    of = LOSSES[case.loss].of
    m = len(case.Y)
    said = case.l2 / PENALTIES[case.penalty](m)
    losses = [case.loss, *(loss_named(name) for name, loss in LOSSES.items() if loss.of == of and name != case.loss)]
    for name in losses:
        for form, factor in PENALTIES.items() if case.l2 else {"": lambda m: 1.0}.items():
            for biases in (False, True) if case.l2 else (False,):
                other = replace(
                    case, loss=name, l2=said * factor(m), penalize_biases=biases, penalty=form or case.penalty
                )
                if (name, other.l2, biases) != (case.loss, case.l2, case.penalize_biases):
                    yield _formula(other), other


def _formula(case: Exercise) -> str:
    return LOSSES[case.loss].words + (f" + {case.said_penalty}" if case.l2 else "")
