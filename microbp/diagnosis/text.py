"""A diagnosis in words: what is wrong, where, the wrong line beside the right one, one weight followed through."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.difference import marks
from microbp.comparing.precision import Marked
from microbp.derivation.formulas import SLOPES, symbol
from microbp.derivation.notation import part_form, short_number
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.followed import follow
from microbp.printing import columns, say, word
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
    places = say(
        "Wrong: {wrong}. Right: {right}.",
        wrong=", ".join(wrong) or say("a little of everything"),
        right=", ".join(right) or say("none"),
    )
    lines = [
        say("The gradients are wrong: {codes}.", codes=say(" and ").join(explanation.codes)),
        in_a_row([places, *judged_on(case, given)]),
    ]
    for k, finding in enumerate(explanation.findings, 1):
        which = f"{k}. " if count > 1 else ""
        lines += [
            "",
            f"{which}{_sentence(case, finding)}",
            "   " + say("Where: {places}", places=_where(case, finding)),
        ]
        said = finding.lines(case)
        rows = [
            (f"   {word(side)}", *dict.fromkeys((said[side], said[f"{side}_index"]))) for side in ("wrong", "right")
        ]
        lines += columns(rows, gap="   ")
    last = f"without(d, {len(case.Y) - 1})"
    if case.problem and any(last in str(finding.change) for finding in explanation.findings):
        lines += ["", say("Did you take {count} samples? Then say so: --samples {count}.", count=len(case.Y) - 1)]
    if through := list(followed_text(case, given, arrays, explanation)):
        lines += ["", *through]
    return lines


def judged_on(case: Exercise, given: Answer) -> Iterator[str]:
    """On which data the numbers were judged, and which were not."""
    if len(case.Y) > 1:
        data = {"count": len(case.Y), "l2": short_number(case.l2)}
        if not case.l2:
            yield say("Marked on {count} samples.", count=len(case.Y))
        elif case.penalty == "λ/2m":
            yield say("Marked on {count} samples, with λ = {l2}.", **data)
        else:
            yield say(
                "Marked on {count} samples, with λ = {l2} (a penalty of {penalty}, written as λ/2m Σ w²).",
                **data,
                penalty=case.said_penalty,
            )
    if given.idle:
        idle = ", ".join(given.idle)
        yield say("Not judged: {names}, all 0: this problem does not train its biases.", names=idle)


def in_a_row(sentences: Iterable[str]) -> str:
    """Whole sentences one after another, nothing of none."""
    there = list(filter(None, sentences)) or [""]
    return reduce(lambda one, following: say("{one} {next}", one=one, next=following), there)


def _sentence(case: Exercise, finding: Finding) -> str:
    more = []
    if finding.value is not None:
        more.append(factor_in_words(finding.value, finding.reading))
    if finding.rate is not None:
        more.append(say("learning rate {rate}", rate=short_number(finding.rate)))
    if "a" in finding.change:
        more.append(say("in the forward pass too"))
    if "exchanged" in finding.change:
        more.append(say(" and ").join(case.label(f"dW{l}", at) for l, *at in finding.change["exchanged"]))
    if "targets" in finding.change:
        other = [(i, k) for i, k in enumerate(finding.change["targets"]) if i != k]
        some = [", ".join(map(str, pair[:MOST_SAMPLES])) for pair in zip(*other, strict=True)]
        dots = " …" if len(other) > MOST_SAMPLES else ""
        more.append(say("samples {some} have the targets of {others}", some=some[0], others=some[1] + dots))
    said = [say("{code}: {sentence}", code=finding.mistake.code, sentence=finding.sentence(case))]
    said += [say("Here: {facts}.", facts=say("; ").join(more))] if more else []
    return in_a_row([*said, *([word(finding.mistake.advice)] if finding.mistake.advice else [])])


def factor_in_words(value: float, reading: str) -> str:
    """A factor, and what it may mean."""
    if not reading:
        return say("factor {value}", value=short_number(value))
    ways = [say(", ").join(map(word, way.split(", "))) for way in reading.split(", or ")]
    return say("factor {value} ({reading})", value=short_number(value), reading=say(", or ").join(ways))


def _where(case: Exercise, finding: Finding) -> str:
    if finding.arrays:
        return ", ".join(name for name in case.names if name in finding.arrays)
    layers = finding.layers or tuple(range(1, case.depth + 1))
    numbers = ", ".join(map(str, layers))
    said = say("layer {number}", number=numbers) if len(layers) == 1 else say("layers {numbers}", numbers=numbers)
    named = "".join(finding.lines(case).values())
    slopes = [
        f"{symbol(name)}′(z) = " + re.sub(r"([az])1", r"\1", part_form(case, text, 1))
        for name, text in SLOPES.items()
        if re.search(rf"(?<!\w){symbol(name)}′\(", named)
    ]
    legend = [word(text) for name, text in LEGEND.items() if re.search(rf"(?<!\w){name}(?!\w)", named)]
    return say("; ").join([said, *slopes, *legend])


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
    place_said = f"{label}, {name}{list(where)}"
    if theirs != where:
        place_said = say("{place}, which is {other} in yours", place=place_said, other=list(theirs))
    yield say("One number followed through: {place}", place=place_said)
    yield "   " + say("yours {yours}, right {right}", yours=short_number(yours), right=short_number(right))
    rows = []
    with np.errstate(all="ignore"):
        for row in follow(case, explanation, name, where):
            if row.side == "wrong" and not explanation.findings:
                continue
            equal = [
                text for text in (row.numbers, short_number(row.value)) if text and not row.line.endswith(f" = {text}")
            ]
            rows.append((f"   {word(row.side)}", " = ".join([row.line, *dict.fromkeys(equal)])))
    yield from columns(rows)
    if case.problem:
        samples = f"--samples {len(case.Y)} " if len(case.Y) > 1 else ""
        command = f"microbp step {shlex.quote(case.problem)} {samples}--at {shlex.quote(label)}"
        yield "   " + say("See it: {command}", command=command)
    else:
        loss = f'microbp.losses.batch_loss(model, X, Y, "{case.loss}", {case.l2})'
        yield "   " + say("See it: {command}", command=f'microbp.steps({loss}).until("{label}")')


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
        yield say("On these data other mistakes give the same numbers:")
    for explanation, data in others:
        if len(explanation.findings) > 1:
            yield "   " + say("{codes}, together:", codes=say(" and ").join(explanation.codes))
        for finding in explanation.findings:
            yield f"   {_sentence(case, finding)}"
            yield f"      {word('wrong')}   {finding.lines(case)['wrong']}"
        if data is None:
            yield "      " + say("The same numbers on all data that were tried, with these weights.")
        else:
            X, Y = (array.tolist() for array in data)
            yield "      " + say("These data would tell them apart: X = {X}, Y = {Y}", X=X, Y=Y)
