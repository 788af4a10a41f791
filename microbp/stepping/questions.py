"""The steps of a pass as questions for a learning platform: Moodle's GIFT, or JSON.

>>> from microbp import load
>>> found = questions(Stepper(load("w1-w8").root()))
>>> (asked,) = (one for one in found if one.title.endswith("w5"))
>>> round(asked.answer, 9), [wrong.idea for wrong in asked.wrong[:3]]
(0.082167041, ['upstream-alone', 'local-alone', 'wrong-sign'])
>>> print(as_gift([asked], "w1-w8").splitlines()[4].strip())
=%0%0.138498562:0.00138499#That is the upstream gradient alone\\: multiply it by the local derivative.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from microbp.errors import GraphError
from microbp.printing import say, word
from microbp.stepping.guesses import IDEAS, TOLERANCE, wrong_numbers
from microbp.stepping.sentences import given, local_reason
from microbp.stepping.step import chain_rule, question
from microbp.stepping.stepper import Stepper

_SPECIAL = re.compile(r"([\\~=#{}:])")
"""What GIFT takes for its own."""


class WrongAnswer(NamedTuple):
    """A number that a wrong idea gives."""

    number: float
    idea: str
    sentence: str
    """What to tell who answers it."""


class Question(NamedTuple):
    """What one step contributes; everything that it takes is in its text."""

    title: str
    text: str
    answer: float
    wrong: tuple[WrongAnswer, ...]
    why: str
    """The chain rule with its numbers, and the reason of the local derivative."""


def questions(stepper: Stepper, every: int = 1) -> list[Question]:
    """A question for each step that is told, or for each second, third, …; none where the answer is inf or nan.

    Raises `GraphError` if `every` is below 1.
    """
    if every < 1:
        raise GraphError(f"a quiz asks at every step, or at every second, third, …; got {every}")
    sentences = {idea.code: idea.sentence for idea in IDEAS}
    found = []
    for step in stepper.shown[every - 1 :: every]:
        if not math.isfinite(step.contribution):  # which no platform takes for an answer
            continue
        wrong = wrong_numbers(step, stepper.arrivals(step.node))
        found.append(
            Question(
                say("step {number}: {what}", number=step.number, what=f"∂{step.node_name}/∂{step.input_name}"),
                f"{question(step)} {given(step)}",
                step.contribution,
                tuple(
                    WrongAnswer(number, idea, word(sentences[idea]))
                    for idea, number in wrong.items()
                    if math.isfinite(number)
                ),
                say("{formula}. {why}", formula=chain_rule(step), why=local_reason(step)),
            )
        )
    return found


def as_dict(found: Sequence[Question], title: str) -> dict[str, Any]:
    """The questions for JSON; an answer is right within so much of it, relatively."""
    rows = [{**asked._asdict(), "wrong": [wrong._asdict() for wrong in asked.wrong]} for asked in found]
    return {"title": title, "tolerance": TOLERANCE, "questions": rows}


def as_gift(found: Sequence[Question], title: str) -> str:
    """The questions as Moodle imports them: numerical ones, the wrong ideas as feedback of wrong numbers.

    Of several answers within the tolerance Moodle takes the first, which is the right one.
    """
    blocks = [f"$CATEGORY: microbp/{title.replace('/', '-')}"]
    for asked in found:
        lines = [f"::{_escaped(asked.title)}::[plain]{_escaped(asked.text)} {{#"]
        lines.append(f"\t=%100%{_numbers(asked.answer)}#{_escaped(say('Right.'))}")
        lines += [f"\t=%0%{_numbers(wrong.number)}#{_escaped(wrong.sentence)}" for wrong in asked.wrong]
        blocks.append(
            "\n".join([*lines, f"\t~#{_escaped(say('That is not it.'))}", f"\t####{_escaped(asked.why)}", "}"])
        )
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _numbers(answer: float) -> str:
    """A number and its tolerance."""
    digits = np.format_float_positional
    tolerance = digits(TOLERANCE * abs(answer), precision=6, fractional=False, trim="-")
    return f"{digits(answer, precision=9, fractional=False, trim='-')}:{tolerance}"
