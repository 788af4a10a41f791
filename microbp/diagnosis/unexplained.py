"""What is known of wrong numbers that nothing explains: where they are, what they have in common, what is nearest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer, within
from microbp.comparing.precision import LEAST_DIGITS, figures
from microbp.derivation.notation import short_number
from microbp.diagnosis.explanation import Diagnosis, Explanation
from microbp.diagnosis.search.fitting import SOME
from microbp.diagnosis.search.search import Search
from microbp.diagnosis.text import MOST_PLACES, error_counts, error_maps, followed_text, in_a_row, judged_on
from microbp.printing import say
from microbp.problems.exercise import Exercise

_COMMON = 1e-5
"""How near, relative to it, numbers must be to a factor that they have in common."""
MOST_MISSES = 0.25
"""What makes all numbers but so many of them is worth a word."""


def unexplained(search: Search) -> Diagnosis:
    """The diagnosis of numbers that no mistake explains: where they are wrong, what is nearest, what was ruled out."""
    case, given, arrays = search.case, search.given, search.marked()
    errors = {array.name: array.wrong for array in arrays}
    wrong = [name for name in errors if errors[name].any()]
    order = sorted(wrong, key=lambda name: (-int(name[2:]), name[1] == "b"))
    details = {
        "first_wrong": order[0] if order else "",
        "wrong": wrong,
        "maps": error_maps(case, given, arrays),
        "counts": error_counts(case, given, arrays),
        "right": [name for name in errors if name not in wrong],
        "confined": list(_confined(search, errors, wrong)),
        "factor": _factor(search, errors, wrong),
        "clipped": _clipped(search, wrong),
        "not_finite": [
            f"{name}{list(given.place(name, int(k)))}"
            for name in wrong
            for k in np.flatnonzero(~np.isfinite(given.numbers(name)))
        ],
        "nearest": _nearest(given, search),
        "complete": search.complete,
        "by_chance": search.by_chance or any(_hardly_a_digit(case, given, name) for name in wrong),
        "order": given.order,
        "tried": search.tried,
    }
    rows = list(followed_text(case, given, arrays, Explanation((), 0)))
    text = [*_in_words(case, given, details), *(["", *rows] if rows else [])]
    return Diagnosis(False, (), (), details, "\n".join(text))


def _hardly_a_digit(case: Exercise, given: Answer, name: str) -> bool:
    """Whether an array was rounded to fewer digits than are looked at, 0.01 and 0.018: what fits that is not found."""
    numbers, right = given.numbers(name).ravel(), case.truth[1][name].ravel()
    own, true = ([figures(x) for x in array[np.isfinite(array)].tolist()] for array in (numbers, right))
    whole = (numbers == np.round(numbers)).all()
    return not whole and max(own, default=0) < LEAST_DIGITS < max(true, default=0)


def _nearest(given: Answer, search: Search) -> dict[str, Any] | None:
    """The mistake that makes most of the numbers, if it makes all but a few, and what it does not make."""
    count = sum(given.numbers(name).size for name in given.arrays)
    found, misses = search.nearest(MOST_MISSES * count)
    if not found or not misses:
        return None
    places = [f"{name}{list(given.place(name, k))}" for name, k in misses]
    return {"mistakes": [f.mistake.code for f in found], "count": count, "misses": places}


def _factor(search: Search, errors: dict[str, Any], wrong: list[str]) -> float | None:
    """The factor that the wrong numbers have in common, if there is one; a single number's, if it is a likely one."""
    case, given = search.case, search.given
    pairs = [(given.numbers(name), given.select(name, case.truth[1][name]), errors[name]) for name in wrong]
    ratios = [numbers[at] / right[at] for numbers, right, at in pairs if right is not None]
    if len(ratios) < len(wrong) or not ratios:
        return None
    every = np.concatenate(ratios)
    common = float(np.median(every))
    low, high = sorted((common * (1 - _COMMON), common * (1 + _COMMON)))
    if every.size == 1:
        return search.nice.snap((low, high)) or None
    return common if np.all((low <= every) & (every <= high)) else None


def _clipped(search: Search, wrong: list[str]) -> float | None:
    """Where the right numbers were cut off, if that is all that was done to them: at plus and minus that."""
    given, truth = search.given, search.case.truth[1]
    numbers = [given.numbers(name) for name in wrong]
    limit = max((float(np.max(np.abs(array))) for array in numbers), default=0.0)
    if not np.isfinite(limit) or sum(int(np.count_nonzero(np.abs(array) == limit)) for array in numbers) < 2:
        return None
    for name, array in zip(wrong, numbers, strict=True):
        right, tolerance = given.select(name, truth[name]), search.precision.tolerance(name, array)
        if right is None or not within(array, np.clip(right, -limit, limit), tolerance).all():
            return None
    return limit


def _confined(search: Search, errors: dict[str, Any], wrong: list[str]) -> Iterator[str]:
    """Where all errors are, if that is not everywhere: a layer, the weights or biases, a row, a column, a sample."""
    case, given = search.case, search.given
    places = [(name, given.place(name, int(k))) for name in wrong for k in np.flatnonzero(errors[name])]
    if len(places) == 1:
        ((name, at),) = places
        yield say("one number, {name}: {place}", name=case.label(name, at), place=f"{name}{list(at)}")
        return
    layers, neurons = {name[2:] for name in wrong}, {at[0] for _, at in places}
    if len(layers) == len(neurons) == 1 < len(wrong):
        yield say("neuron {neuron} of layer {layer}", neuron=neurons.pop(), layer=layers.pop())
        return
    if len(layers) == 1 < case.depth:
        yield say("layer {number}", number=layers.pop())
    if len(kinds := {name[1] for name in wrong}) == 1 and len({name[1] for name in errors}) == 2:
        yield say("the weights") if kinds == {"W"} else say("the biases")
    if len(wrong) == 1:
        (name,) = wrong
        for axis in range(len(places[0][1])):
            if len(lines := {place[axis] for _, place in places}) == 1 and case.shape(name)[axis] > 1:
                k = lines.pop()
                yield say("column {k} of {name}", k=k, name=name) if axis else say("row {k} of {name}", k=k, name=name)
    l = max((int(name[2:]) for name in wrong), default=0)
    if l and (sample := _sample(search, l)) is not None:
        yield say("sample {sample}: the contributions of all others to {name} are right", sample=sample, name=f"dW{l}")


def _sample(search: Search, l: int) -> int | None:
    """The sample in which all errors begin: in layer l, the first wrong one, each row's is a multiple of its inputs."""
    case, given = search.case, search.given
    right = given.select(f"dW{l}", case.truth[1][f"dW{l}"]) if f"dW{l}" in given.arrays else None
    if right is None or f"dW{l}" in given.known or len(case.Y) < 2:
        return None
    error = (given.numbers(f"dW{l}") - right).reshape(case.shape(f"dW{l}"))
    before, most, found = search.start.scopes[l - 1]["a"], _COMMON * np.max(np.abs(error)), []
    row, some = error[np.abs(error).max(axis=1).argmax()], slice(None, None, -(-error.shape[1] // SOME))
    shares = (before @ row / (before**2).sum(axis=1))[:, None] * before[:, some]
    for i in np.flatnonzero(~(np.abs(row[some] - shares).max(axis=1) > most * (1 + _COMMON))):  # the others are not
        a = before[i]
        rest = error - np.outer(error @ a, a) / (a @ a) if a.any() else error
        if np.max(np.abs(rest)) <= most:
            found.append(int(i))
    return found[0] if len(found) == 1 else None


def _in_words(case: Exercise, given: Answer, details: dict[str, Any]) -> list[str]:
    """What is known of numbers that nothing explains."""
    nothing = say(
        "The gradients are wrong, but no change of a single line and no pair of known mistakes gives these numbers."
    )
    if details["by_chance"]:
        nothing = say(
            "The gradients are wrong. With so few digits anything that fits may fit by chance: give more digits."
        )
    deep = [] if details["complete"] else [say("(The network is large: not all pairs were tried.)")]
    wrong, right = (", ".join(map(given.called, details[side])) for side in ("wrong", "right"))
    arrays = say("Wrong arrays: {wrong}; right: {right}.", wrong=wrong, right=right or say("none"))
    lines = [
        in_a_row([nothing, *deep]),
        *_not_finite(details),
        say("The first wrong array, in the order of the backward pass: {name}.", name=details["first_wrong"]),
        in_a_row([arrays, *judged_on(case, given)]),
        *(say("The errors are confined to {where}.", where=where) for where in details["confined"]),
    ]
    if details["clipped"]:
        lines.append(
            say(
                "They are the right numbers, cut off at ±{most}: hand in the gradients before they are clipped.",
                most=short_number(details["clipped"]),
            )
        )
    if details["factor"] == -1:
        lines.append(say("There your number has the wrong sign."))
    elif details["factor"]:
        lines.append(say("There your number is {factor} times the right one.", factor=short_number(details["factor"])))
    return [*lines, *_nearest_in_words(details["nearest"])]


def _not_finite(details: dict[str, Any]) -> Iterator[str]:
    if details["not_finite"]:
        places = ", ".join(details["not_finite"][:MOST_PLACES])
        yield say(
            "inf and nan are never right, as at {places}: look for an overflow or a division by 0.", places=places
        )


def _nearest_in_words(found: dict[str, Any] | None) -> Iterator[str]:
    if found:
        codes, misses = say(" and ").join(found["mistakes"]), found["misses"]
        some = ", ".join(misses[:MOST_PLACES])
        if len(misses) > MOST_PLACES:
            some = say("{some}, and {count} more", some=some, count=len(misses) - MOST_PLACES)
        yield say(
            "Nearest: {codes} explains {count} of the {all} numbers, but not {some}. A slip of the pen there?",
            codes=codes,
            count=found["count"] - len(misses),
            all=found["count"],
            some=some,
        )
