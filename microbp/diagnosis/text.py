"""A diagnosis in words: what is wrong, where, the wrong line beside the right one, one weight followed through."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.difference import marks
from microbp.comparing.precision import Marked
from microbp.derivation.formulas import SLOPES, symbol
from microbp.derivation.notation import part_form, short_number
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.followed import follow
from microbp.printing import columns
from microbp.problems.exercise import Exercise

MOST_PLACES = 4
"""Of more numbers that do not fit the first are named."""
MOST_SAMPLES = 8
"""Of more samples that have another one's target the first are named."""
LEGEND = {"p": "p = softmax(z)", "t": "t = Σ (p − y)·p over the outputs", "n": "n outputs", "η": "η the learning rate"}
"""What else may need a word where it is in a line."""


def explained(case: Exercise, given: Answer, arrays: Sequence[Marked], explanation: Explanation) -> list[str]:
    """What is wrong, as lines of text."""
    count = len(explanation.findings)
    wrong = [given.called(array.name) for array in arrays if array.wrong.any()]
    right = [given.called(array.name) for array in arrays if not array.wrong.any()]
    places = f"Wrong: {', '.join(wrong) or 'a little of everything'}. Right: {', '.join(right) or 'none'}."
    lines = [
        f"The gradients are wrong: {' and '.join(explanation.codes)}.",
        " ".join([places, *judged_on(case, given)]),
    ]
    for k, finding in enumerate(explanation.findings, 1):
        which = f"{k}. " if count > 1 else ""
        lines += ["", f"{which}{_sentence(case, finding)}", f"   Where: {_where(case, finding)}"]
        said = finding.lines(case)
        rows = [(f"   {word}", *dict.fromkeys((said[word], said[f"{word}_index"]))) for word in ("wrong", "right")]
        lines += columns(rows, gap="   ")
    last = f"without(d, {len(case.Y) - 1})"
    if case.problem and any(last in str(finding.change) for finding in explanation.findings):
        lines += ["", f"Did you take {len(case.Y) - 1} samples? Then say so: --samples {len(case.Y) - 1}."]
    if through := list(followed_text(case, given, arrays, explanation)):
        lines += ["", *through]
    return lines


def judged_on(case: Exercise, given: Answer) -> Iterator[str]:
    """On which data the numbers were judged, and which were not."""
    if len(case.Y) > 1:
        how = "" if case.penalty == "λ/2m" else f" (a penalty of {case.said_penalty}, written as λ/2m Σ w²)"
        yield f"Marked on {len(case.Y)} samples" + (f", with λ = {short_number(case.l2)}{how}." if case.l2 else ".")
    if given.idle:
        yield f"Not judged: {', '.join(given.idle)}, all 0, for this problem does not train its biases."


def _sentence(case: Exercise, finding: Finding) -> str:
    more = []
    if finding.value is not None:
        more.append(f"factor {short_number(finding.value)}" + (f" ({finding.reading})" if finding.reading else ""))
    if finding.rate is not None:
        more.append(f"learning rate {short_number(finding.rate)}")
    if "a" in finding.change:
        more.append("in the forward pass too")
    if "exchanged" in finding.change:
        more.append(" and ".join(case.label(f"dW{l}", at) for l, *at in finding.change["exchanged"]))
    if "targets" in finding.change:
        other = [(i, k) for i, k in enumerate(finding.change["targets"]) if i != k]
        some = [", ".join(map(str, pair[:MOST_SAMPLES])) for pair in zip(*other, strict=True)]
        more.append(f"samples {some[0]} have the targets of {some[1]}" + (" …" if len(other) > MOST_SAMPLES else ""))
    said = f"{finding.mistake.code}: {finding.sentence(case)}" + (f" Here: {'; '.join(more)}." if more else "")
    return f"{said} {finding.mistake.advice}".rstrip()


def _where(case: Exercise, finding: Finding) -> str:
    if finding.arrays:
        return ", ".join(name for name in case.names if name in finding.arrays)
    layers = finding.layers or tuple(range(1, case.depth + 1))
    said = ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))
    named = "".join(finding.lines(case).values())
    slopes = [
        f"{symbol(name)}′(z) = " + re.sub(r"([az])1", r"\1", part_form(case, text, 1))
        for name, text in SLOPES.items()
        if re.search(rf"(?<!\w){symbol(name)}′\(", named)
    ]
    legend = [text for name, text in LEGEND.items() if re.search(rf"(?<!\w){name}(?!\w)", named)]
    return "; ".join([said, *slopes, *legend])


def followed_text(case: Exercise, given: Answer, arrays: Sequence[Marked], explanation: Explanation) -> Iterator[str]:
    """One weight with its numbers: what the wrong lines make of it, what the right ones, and how to step there.

    Where nothing explains the numbers there are the right lines alone.
    """
    place = worst(given, arrays)
    if place is None:
        return
    name, where = place
    label = case.label(name, where)
    yours = float(given.arrays[name][where])
    right = float(case.truth[1][name][where])
    theirs = given.layout.place(*where) if name[1] == "W" else where
    yield f"One number followed through: {label}, {name}{list(where)}" + (
        f", which is {list(theirs)} in yours" if theirs != where else ""
    )
    yield f"   yours {short_number(yours)}, right {short_number(right)}"
    rows = []
    with np.errstate(all="ignore"):
        for row in follow(case, explanation, name, where):
            if row.side == "wrong" and not explanation.findings:
                continue
            equal = [
                text for text in (row.numbers, short_number(row.value)) if text and not row.line.endswith(f" = {text}")
            ]
            rows.append((f"   {row.side}", " = ".join([row.line, *dict.fromkeys(equal)])))
    yield from columns(rows)
    if case.problem:
        samples = f"--samples {len(case.Y)} " if len(case.Y) > 1 else ""
        yield f"   See it: microbp step {shlex.quote(case.problem)} {samples}--at {shlex.quote(label)}"
    else:
        loss = f'microbp.losses.batch_loss(model, X, Y, "{case.loss}", {case.l2})'
        yield f'   See it: microbp.steps({loss}).until("{label}")'


def worst(given: Answer, arrays: Sequence[Marked]) -> tuple[str, tuple[int, ...]] | None:
    """Where the numbers are wrong at their worst, in the array that a pass gets wrong first; weights before biases."""
    found: list[tuple[bool, int, str, tuple[int, ...]]] = []
    for array in arrays:
        name, wrong = array.name, array.wrong
        if array.right is None or name in given.totals or not wrong.any():
            continue
        with np.errstate(invalid="ignore"):
            apart = np.where(wrong, np.nan_to_num(np.abs(array.numbers - array.right), nan=np.inf), -1.0)
        found.append((name[1] == "W", int(name[2:]), name, given.place(name, int(np.argmax(apart)))))
    return max(found)[2:] if found else None


def error_maps(case: Exercise, given: Answer, arrays: Sequence[Marked]) -> dict[str, tuple[str, ...]]:
    """Of each array that is wrong a map of its wrong entries."""
    found = {}
    for array in arrays:
        if array.right is None or array.name in given.totals:
            continue
        known = given.known.get(array.name, np.ones(case.shape(array.name), dtype=bool))
        wrong = np.zeros(known.shape, dtype=bool)
        wrong[known] = array.wrong.ravel()
        found[array.name] = marks(wrong, known)
    return {name: rows for name, rows in found.items() if rows}


def error_counts(case: Exercise, given: Answer, arrays: Sequence[Marked] = ()) -> dict[str, dict[str, int]]:
    """Of each array that was given how many numbers are wrong, how many were given, and of how many."""
    wrong = {array.name: int(array.wrong.sum()) for array in arrays}
    return {
        name: {
            "wrong": wrong.get(name, 0),
            "given": given.numbers(name).size,
            "of": 1 if name in given.totals else math.prod(case.shape(name)),
        }
        for name in given.arrays
    }


def what_else_fits(case: Exercise, others: Sequence[tuple[Explanation, Any]]) -> Iterator[str]:
    """What else would give the same numbers, and on which data it would not."""
    if others:
        yield ""
        yield "On these data other mistakes give the same numbers:"
    for explanation, data in others:
        if len(explanation.findings) > 1:
            yield f"   {' and '.join(explanation.codes)}, together:"
        for finding in explanation.findings:
            yield f"   {_sentence(case, finding)}"
            yield f"      wrong   {finding.lines(case)['wrong']}"
        if data is None:
            yield "      The same on all data that were tried, with these weights."
        else:
            X, Y = data
            yield f"      These data would tell them apart: X = {X.tolist()}, Y = {Y.tolist()}"


_CLIPPED = "They are the right numbers, cut off at ±{}: hand in the gradients before they are clipped."


def unexplained_in_words(case: Exercise, given: Answer, details: dict[str, Any]) -> list[str]:
    """What is known of numbers that nothing explains."""
    nothing = "The gradients are wrong; no other single line and no two known mistakes give these numbers."
    if details["by_chance"]:
        nothing = "The gradients are wrong. What would give so few digits would do so by chance: give more."
    wrong, right = (", ".join(map(given.called, details[word])) for word in ("wrong", "right"))
    return [
        nothing + ("" if details["complete"] else " (The network is deep: not all pairs were tried.)"),
        *_not_finite(details),
        f"First wrong array, as a pass computes them: {details['first_wrong']}.",
        " ".join([f"Wrong arrays: {wrong}; right: {right or 'none'}.", *judged_on(case, given)]),
        *(f"The errors are confined to {where}." for where in details["confined"]),
        *([_CLIPPED.format(short_number(details["clipped"]))] if details["clipped"] else []),
        *([f"There yours is {short_number(details['factor'])} times what is right."] if details["factor"] else []),
        *_nearest(details["nearest"]),
    ]


def _not_finite(details: dict[str, Any]) -> Iterator[str]:
    if not details["finite"]:
        yield "The right gradients are not finite here: no numbers can be judged. Look at the data."
    elif details["not_finite"]:
        places = ", ".join(details["not_finite"][:MOST_PLACES])
        yield f"inf and nan are never right, as at {places}: look for what overflows, or a division by 0."


def _nearest(found: dict[str, Any] | None) -> Iterator[str]:
    if found:
        codes, misses = " and ".join(found["mistakes"]), found["misses"]
        more = f", and {len(misses) - MOST_PLACES} more" if len(misses) > MOST_PLACES else ""
        made = f"{found['count'] - len(misses)} of the {found['count']} numbers"
        yield f"Nearest: {codes} makes {made}, not {', '.join(misses[:MOST_PLACES])}{more}. A slip of the pen there?"
