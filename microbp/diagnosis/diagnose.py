"""Which line of a learner's derivation is wrong, from the numbers alone.

>>> from microbp import load, vectorized
>>> problem = load("w1-w8")
>>> weights, biases = problem.model.arrays()
>>> names = problem.model.activations()
>>> _, dW, db = vectorized.loss_and_gradients(weights, biases, problem.inputs, problem.targets, **names)
>>> diagnose(problem, {"dW": dW, "db": db}).ok
True
>>> early = [weights[0], weights[1] - 0.5 * dW[1]]  # the output weights are changed first
>>> _, dW, db = vectorized.loss_and_gradients(
...     weights, biases, problem.inputs, problem.targets, **names, backward_weights=early
... )
>>> diagnosis = diagnose(problem, {"dW": dW, "db": db})
>>> diagnosis.mistakes, diagnosis.details["learning_rate"]
(('update-before-backprop',), 0.5)
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.comparing.answers.answer import Answer, within
from microbp.comparing.answers.arrays import floats
from microbp.comparing.answers.files import load_gradients
from microbp.comparing.answers.flat import OrderName, ambiguous
from microbp.comparing.answers.hand_in import answers
from microbp.comparing.answers.read import likeliest_reading
from microbp.comparing.assumptions import assumed, right_for, verdict
from microbp.comparing.precision import of_quantity
from microbp.derivation.quantities import canonical, quantities_of
from microbp.diagnosis.by_hand.search import diagnose_graph
from microbp.diagnosis.explanation import Diagnosis, Explanation, Finding
from microbp.diagnosis.first_wrong import Divergence, walk
from microbp.diagnosis.search.elsewhere import MOST_MISTAKES
from microbp.diagnosis.search.search import Search
from microbp.diagnosis.separating import separating
from microbp.diagnosis.text import error_counts, error_maps, explained, in_a_row, judged_on, what_else_fits, worst
from microbp.diagnosis.unexplained import unexplained
from microbp.diagnosis.verdict import IN_PRECISION, Right, found_right, wrong_loss
from microbp.engine import Value
from microbp.errors import ShapeError, UnknownNameError
from microbp.losses import LossName
from microbp.nn import MLP
from microbp.printing import say, word
from microbp.printing.threads import one_thread
from microbp.problems import ExpressionProblem, Problem
from microbp.problems.exercise import Exercise, exercise_of

MOST_ALTERNATIVES = 5


@one_thread()
def diagnose(
    model: MLP | Problem | Value,
    gradients: Any,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    loss: LossName | None = None,
    l2: float | None = None,
    penalty: str | None = None,
    penalize_biases: bool | None = None,
    learning_rate: float | None = None,
    order: OrderName | None = None,
    layout: str | None = None,
) -> Diagnosis:
    """Names the mistakes behind a learner's gradients of a model, or of a problem, by replaying the network under them.

    `gradients` are a dict (`dW1`, `db1`, or by label, `w5`), lists `{"dW": […], "db": […]}`, a file, a function
    f(weights, biases, X, Y), or one flat vector, with its `order`; `layout` says how they are laid out where shapes do
    not (`in,out`, `columns`, `bias first`, or several with +). Arrays that are not given are not judged. X has shape
    (m, n_in), Y (m, n_out); a problem has them, its loss and its λ, which count unless others are given. Numbers count
    as given to as many digits as they have. The learning rate, which only changes too early need, is solved for where
    it is not known. Of an expression, or of any graph, gradients are a dict by label. Raises `ShapeError`,
    `UnknownNameError` and `ProblemError`.
    """
    if isinstance(model, Value | ExpressionProblem):
        if isinstance(gradients, str | os.PathLike):
            gradients = load_gradients(gradients)
        return diagnose_graph(model if isinstance(model, Value) else model.root(), gradients)
    penalties: dict[str, Any] = {"l2": l2, "penalty": penalty, "penalize_biases": penalize_biases}
    case = exercise_of(model, X, Y, loss=loss, learning_rate=learning_rate, **penalties)
    readings = answers(case, gradients, order=order, layout=layout, loose=True)
    with np.errstate(all="ignore"):  # a learner's inf and nan, and what a wrong pass makes
        diagnosis, given, judged = _diagnosed(case, readings)
        diagnosis = replace(diagnosis, notes=given.notes, assumed=assumed(case, given))
        found = None if diagnosis.ok else right_for(case, given)
    if found:
        said = verdict(case, found[0])
        diagnosis = replace(diagnosis, right_for=said, explanation=f"{said}\n\n{diagnosis.explanation}")
    if not diagnosis.ok and given.beside:
        said, details = _beside(case, given)
        text = "\n\n".join(filter(None, [diagnosis.explanation, said]))
        diagnosis = replace(diagnosis, details=diagnosis.details | details, explanation=text)
    if not (said := wrong_loss(judged, given)):
        return diagnosis
    details = diagnosis.details | {"loss": {"yours": given.loss, "right": judged.truth[0]}}
    return replace(diagnosis, details=details, explanation=f"{diagnosis.explanation}\n\n{said}")


def _beside(case: Exercise, given: Answer) -> tuple[str, dict[str, Any]]:
    """What to say of the quantities on the way that were given beside the gradients, as a sentence and as data."""
    try:
        found = walk(case, given.beside, {}, {})
    except UnknownNameError:
        return "", {}
    except ShapeError as error:
        return say("About the other arrays that you gave: {error}.", error=error), {}
    return _told(found), {"on_the_way": found.as_dict()}


def _not_made(case: Exercise, given: Answer, explanation: Explanation) -> int:
    """How many of the quantities on the way that were given are not those of a pass with these mistakes."""
    made, found = quantities_of(explanation.case(case), explanation.lines(case)), 0
    for key, value in given.beside.items():
        right = made.get(canonical(key))
        with suppress(ShapeError):
            yours = floats(key, value)
            if right is not None and right.shape in (yours.shape, yours.T.shape):
                forms = [right] * (right.shape == yours.shape) + [right.T] * (right.T.shape == yours.shape)
                found += not any(within(yours, form, of_quantity(yours, form)).all() for form in forms)
    return found


def _told(found: Divergence) -> str:
    """What to say of the quantities on the way."""
    if found.ok:
        *names, last = [q.name for q in found.quantities]
        if not names:
            return say("You gave {name} as well, which is right: the mistake comes after it.", name=last)
        return say(
            "You gave {names} and {last} as well, which are right: the mistake comes after them.",
            names=", ".join(names),
            last=last,
        )
    first = next(q for q in found.quantities if not q.ok)
    return say(
        "You gave {name} as well, which is wrong already ({note}): look at {formula}.",
        name=first.name,
        note=first.note,
        formula=first.formula,
    )


def _diagnosed(case: Exercise, readings: list[Answer]) -> tuple[Diagnosis, Answer, Exercise]:
    """The diagnosis, the reading that it is of, and the conventions by which its loss is judged."""
    searches = [Search(case, given) for given in readings]
    if right := found_right(searches):
        return _right(right), right.given, right.case
    found: list[tuple[Search, list[Explanation]]] = []
    for most in (1, MOST_MISTAKES + 1)[len(searches) == 1 :]:  # of several readings first what is simple in any
        found = found or [(search, some) for search in searches if (some := search.explanations(most))]
    if not found:
        chosen = searches[readings.index(likeliest_reading(case, readings))]
        return unexplained(chosen), chosen.given, case
    for search, explanations in found if any(search.given.beside for search in searches) else ():
        misses = [_not_made(case, search.given, explanation) for explanation in explanations]
        explanations[:] = [e for e, count in zip(explanations, misses, strict=True) if count == min(misses)]
    least = min(explanations[0].cost for _, explanations in found)
    best = [(search, explanations) for search, explanations in found if explanations[0].cost == least]
    if len({search.given.order for search, _ in best}) > 1:
        raise ShapeError(ambiguous([search.given for search, _ in best]))
    return _wrong(*best[0]), best[0][0].given, case


def _right(right: Right) -> Diagnosis:
    given = right.given
    details: dict[str, Any] = {"precision": right.precision, "arrays": list(given.arrays)}
    details |= {"order": given.order, "layout": str(given.layout), "counts": error_counts(right.case, given)}
    arrays = ", ".join(map(given.called, given.arrays))
    if right.words:
        return Diagnosis(True, (), (), details, right.words, right_for=right.words)
    said = [say("The gradients are right: {names}, to the precision in which they were given.", names=arrays)]
    said += [word(IN_PRECISION[right.precision])] if right.precision in IN_PRECISION else []
    return Diagnosis(True, (), (), details, in_a_row([*said, *judged_on(right.case, given)]))


def _wrong(search: Search, explanations: list[Explanation]) -> Diagnosis:
    case, given, arrays, (first, *others) = search.case, search.given, search.marked(), explanations
    data = [(other, separating(case, first, other)) for other in others[:MOST_ALTERNATIVES]]
    factors: dict[str, float] = {}
    for f in first.findings:
        for name in f.arrays if f.value is not None and any(rule.startswith("scale") for rule in f.change) else ():
            factors[name] = factors.get(name, 1.0) * (f.value or 0.0)
    layers = sorted({l for f in first.findings for l in f.layers})
    place = worst(given, arrays)
    details: dict[str, Any] = {
        "findings": [_finding(case, finding) for finding in first.findings],
        "layers": layers,
        "factors": factors,
        "learning_rate": first.rate,
        "order": given.order,
        "layout": str(given.layout),
        "maps": error_maps(case, given, arrays),
        "counts": error_counts(case, given, arrays),
        "worst": None if place is None else {"array": place[0], "at": place[1], "label": case.label(*place)},
        "alternatives": [
            {
                "mistakes": list(other.codes),
                "same_on_any_data": found is None,
                "X": None if found is None else found[0].tolist(),
                "Y": None if found is None else found[1].tolist(),
            }
            for other, found in data
        ],
    }
    values = [finding for finding in first.findings if finding.value is not None]
    if len(values) == 1:
        details |= {"factor": values[0].value, "reading": values[0].reading}
    if len(layers) == 1:
        details["layer"] = layers[0]
    text = "\n".join([*explained(case, given, arrays, first), *what_else_fits(case, data)])
    return Diagnosis(False, first.codes, tuple(other.codes for other, _ in data), details, text)


def _finding(case: Exercise, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.mistake.code,
        "name": finding.sentence(case),
        "layers": list(finding.layers),
        "arrays": list(finding.arrays),
        "change": finding.rules,
        "factor": finding.value,
        "reading": finding.reading,
        **finding.lines(case),
    }
