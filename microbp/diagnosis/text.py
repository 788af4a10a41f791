"""A diagnosis in words: what is wrong, where, the wrong line beside the right one, one weight followed through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from microbp.diagnosis.findings import Explanation, Finding
from microbp.diagnosis.passes import Part, backward
from microbp.diagnosis.precision import precision_of
from microbp.diagnosis.rules import Rules, plan
from microbp.learner.cases import Case
from microbp.learner.given import Given, within
from microbp.tabular import columns

MOST_TERMS = 3
"""Of a longer sum the largest terms are written down."""


def number(x: float) -> str:
    """A number for people."""
    return f"{x:.9g}".replace("-", "−")


def explained(case: Case, given: Given, explanation: Explanation) -> list[str]:
    """What is wrong, as lines of text."""
    count = len(explanation.findings)
    lines = [f"The gradients are wrong: {' and '.join(explanation.codes)}.", _arrays(case, given)]
    for k, finding in enumerate(explanation.findings, 1):
        lines += ["", f"{f'{k}. ' if count > 1 else ''}{_sentence(finding)}", f"   Where: {_where(case, finding)}"]
        l = _layer(case, finding)
        said = finding.mistake.lines(l, finding.change)
        rows = [(f"   {word}", said[word], said[f"{word}_index"]) for word in ("wrong", "right")]
        lines += columns(rows, gap="   ")
    lines += ["", *followed(case, given, explanation)]
    return lines


def _sentence(finding: Finding) -> str:
    said = finding.mistake.lines(1, finding.change)
    words = {
        "of": said["wrong"].partition("⊙ ")[2].partition("′")[0] or "another",
        "error": finding.change.get("error"),
    }
    sentence = finding.mistake.name.format(**words)
    more = []
    if finding.value is not None:
        more.append(f"factor {number(finding.value)}" + (f" ({finding.reading})" if finding.reading else ""))
    if finding.rate is not None:
        more.append(f"learning rate {number(finding.rate)}")
    if "forward" in finding.change:
        more.append("in the forward pass too")
    if finding.change.get("samples"):
        more.append(f"the {finding.change['samples']} sample")
    return f"{finding.mistake.code}: {sentence}" + (f" Here: {'; '.join(more)}." if more else "")


def _arrays(case: Case, given: Given) -> str:
    right = []
    for name in given.arrays:
        vector = given.select(name, case.truth[1][name])
        if vector is not None and np.allclose(given.numbers(name), vector, rtol=1e-5, atol=1e-6 * np.abs(vector).max()):
            right.append(name)
    wrong = [name for name in given.arrays if name not in right]
    return f"Wrong: {', '.join(wrong) or 'a little of everything'}. Right: {', '.join(right) or 'none'}."


def _where(case: Case, finding: Finding) -> str:
    if finding.arrays:
        return ", ".join(name for name in case.names if name in finding.arrays)
    layers = finding.layers or tuple(range(1, case.depth + 1))
    names = dict.fromkeys(case.activations[l - 1] for l in layers)
    said = ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))
    return f"{said} (f is {', '.join(names)})"


def _layer(case: Case, finding: Finding) -> int:
    """The layer that formulas are written for: the last of those that have the mistake."""
    layers = finding.layers or tuple(int(name[2:]) for name in finding.arrays) or (case.depth,)
    return max(layers)


def followed(case: Case, given: Given, explanation: Explanation) -> Iterator[str]:
    """One weight with its numbers: what the wrong line makes of it, what the right one, and how to step there."""
    place = worst(case, given)
    if place is None:
        return
    name, where = place
    l, label = int(name[2:]), case.label(name, where)
    yours = float(given.arrays[name][where])
    right = float(case.truth[1][name][where])
    yield f"One number followed through: {label}, {name}{list(where)}"
    yield f"   yours {number(yours)}, right {number(right)}"
    rules, right_rules = explanation.rules(case), plan(case)
    part = next(p for p in backward(case, right_rules) if p.l == l)
    rows = [("   right", *_sums(part, right_rules[l - 1], name, where))]
    if rules[0].order == "right" and not rules[l - 1].transposed:
        wrong_case = replace(case, learning_rate=explanation.rate or case.learning_rate)
        with np.errstate(all="ignore"):
            part = next(p for p in backward(wrong_case, rules) if p.l == l)
            rows.insert(0, ("   wrong", *_sums(part, rules[l - 1], name, where)))
    yield from columns(rows)
    if case.problem:
        yield f'   See it: microbp step {case.problem} -c "c {label}"'
    else:
        yield f'   See it: microbp.steps(losses.batch_loss(model, X, Y, "{case.loss}", {case.l2})).until("{label}")'


def _sums(part: Part, rule: Rules, name: str, where: Sequence[int]) -> tuple[str, str]:
    """Σi δ[i,j]·a[i,k], with its factor and the penalty, in symbols and in numbers."""
    l, j = part.l, where[0]
    delta = part.delta[:, j]
    if name[1] == "W":
        k = where[1]
        before, a = (f"a{l - 1}" if l > 1 else "X"), part.inputs[:, k]
        symbols, of_loss, penalty = f"Σi δ{l}[i,{j}]·{before}[i,{k}]", part.dW[j, k], part.dW_l2[j, k]
        terms = sorted(zip(delta, a, strict=True), key=lambda t: -abs(t[0] * t[1]))
        texts, total = [f"{number(d)}·{number(x)}" for d, x in terms], float(delta @ a)
    else:
        penalty = rule.scale * rule.scale_biases * rule.l2_biases * part.db_l2[j]
        symbols, of_loss = f"Σi δ{l}[i,{j}]", part.db[j] - penalty
        texts, total = [number(d) for d in sorted(delta, key=lambda d: -abs(d))], float(delta.sum())
    text = " + ".join(texts[:MOST_TERMS]) + (f" + … ({len(texts)} samples)" if len(texts) > MOST_TERMS else "")
    factor = of_loss / total if total else 1.0
    if abs(factor - 1) > 1e-9:
        text = f"{number(factor)} × ({text})"
    if penalty:
        symbols += f" + (λ/m)·{name[1]}{l}[{','.join(map(str, where))}]"
        text += f" + {number(penalty)} of the penalty"
    return symbols, f"{text} = {number(of_loss + penalty)}"


def worst(case: Case, given: Given) -> tuple[str, tuple[int, ...]] | None:
    """Where the numbers are wrong at their worst, in the array that a pass gets wrong first; weights before biases."""
    found: list[tuple[bool, int, float, str, tuple[int, ...]]] = []
    precision = precision_of(case, given)
    for name in given.arrays:
        right = given.select(name, case.truth[1][name])
        if right is None or name in given.totals:
            continue
        numbers = given.numbers(name)
        with np.errstate(invalid="ignore"):
            apart = np.nan_to_num(np.abs(numbers - right), nan=np.inf)
        apart[within(numbers, right, precision.tolerance(name, right))] = 0.0
        k = int(np.argmax(apart))
        if apart[k] > 0:
            found.append((name[1] == "W", int(name[2:]), float(apart[k]), name, given.place(name, k)))
    return max(found)[3:] if found else None


def alternatives(others: Sequence[tuple[Explanation, Any]]) -> Iterator[str]:
    """What else would give the same numbers, and on which data it would not."""
    if others:
        yield ""
        yield "On these data other mistakes give the same numbers:"
    for explanation, data in others:
        codes = " and ".join(explanation.codes)
        if data is None:
            yield f"   {codes}: the same on any data, another name for it"
            continue
        X, Y = data
        yield f"   {codes}: these data would tell, X = {X.tolist()}, Y = {Y.tolist()}"


def unexplained(details: dict[str, Any]) -> list[str]:
    """What is known of numbers that nothing explains."""
    return [
        "The gradients are wrong, and no mistake of the table, nor two of them, gives these numbers.",
        f"First wrong array, as a pass computes them: {details['first_wrong']}",
        f"Wrong arrays: {', '.join(details['wrong'])}; right: {', '.join(details['right']) or 'none'}",
        *(f"The errors are confined to {where}" for where in details["confined"]),
        f"Ruled out: {', '.join(details['ruled_out'])}",
    ]
