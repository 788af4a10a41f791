"""What a quiz writes of itself, on a page or in a terminal; read as what anyone may have written.

>>> import pathlib, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "mail.txt")
...     _ = path.write_text('Hi! {"asked": 1, "right": 0, "questions": [{"step": 7, "guesses": [], "ok": false, '
...                         '"expected": 0.08}]} Ada')
...     log = read_quiz(path)
>>> log.questions[0].step, log.contradiction()
(7, '')
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from microbp.comparing.answers.files import error_reason
from microbp.comparing.answers.formats.by_ending import read_json
from microbp.printing import decimals, read_file, say
from microbp.stepping.guesses import TRIES, close

MOST_BYTES = 4_000_000
"""A hand-in has no more: an answer takes some 150 bytes, and no quiz asks ten thousand times."""
_HAND_IN = "Hand in all that the page gives, or all that `step PROBLEM --quiz --json` prints"
_STRAIGHT = str.maketrans("“”„«»\u00a0", '""""" ')
"""What mail programs make of quotes."""


class LoggedQuestion(NamedTuple):
    """One question as the file tells it."""

    step: int
    guesses: tuple[float, ...]
    ok: bool
    expected: float

    def contradiction(self) -> str:
        """What no quiz would have written."""
        if len(self.guesses) > TRIES:
            return say(
                "step {step} has {count} guesses, and there are {tries} tries",
                step=self.step,
                count=len(self.guesses),
                tries=TRIES,
            )
        if self.ok != any(close(guess, self.expected) for guess in self.guesses):
            given = say(", ").join(map(decimals, self.guesses)) or say("no answer")
            if self.ok:
                return say("step {step} is said to be right with {given}", step=self.step, given=given)
            return say("step {step} is said to be wrong with {given}", step=self.step, given=given)
        return ""


class QuizLog(NamedTuple):
    """What the file of a quiz says."""

    asked: Any
    right: Any
    """How many questions it says that it has, and how many rightly answered."""
    questions: tuple[LoggedQuestion, ...]

    def contradiction(self) -> str:
        """How the file contradicts itself; nothing if it does not."""
        for step, times in Counter(question.step for question in self.questions).items():
            if times > 1:
                return say("step {step} is asked {times} times", step=step, times=times)
        if found := next(filter(None, (question.contradiction() for question in self.questions)), ""):
            return found
        right = sum(question.ok for question in self.questions)
        if self.asked != len(self.questions):
            asked = f"{self.asked!r:.20}"
            return say("it says that {said} are asked, and {count} are", said=asked, count=len(self.questions))
        if self.right != right:
            return say("it says that {said} are right, and {count} are", said=f"{self.right!r:.20}", count=right)
        return ""


def read_quiz(path: Path) -> QuizLog:
    """The quiz in a file, or in a mail that was saved. Raises `ValueError` or `OSError` if there is none."""
    try:
        content = read_file(path, MOST_BYTES)
        text = content.decode(json.detect_encoding(content)).translate(_STRAIGHT)
        begin, end = text.find("{"), text.rfind("}") + 1
        found = (
            read_json(text[begin : end if end > begin else None].encode()) if '"questions"' in text[begin:] else None
        )
    except ValueError as error:
        raise ValueError(f"it is no whole quiz: {error_reason(error)}. {_HAND_IN}") from error
    if not isinstance(found, dict) or not isinstance(found.get("questions"), list):
        raise ValueError(f"it is no quiz. {_HAND_IN}")
    questions = tuple(_question(number, entry) for number, entry in enumerate(found["questions"], 1))
    return QuizLog(found.get("asked"), found.get("right"), questions)


def _question(number: int, entry: Any) -> LoggedQuestion:
    fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
    step, guesses, ok, expected = map(fields.get, LoggedQuestion._fields)
    numbers: list[Any] = [*guesses, expected] if isinstance(guesses, list) else [None]
    if type(step) is not int or type(ok) is not bool or not all(type(x) in (int, float) for x in numbers):
        raise ValueError(f"question {number} has no {', '.join(LoggedQuestion._fields)} as a quiz writes them")
    return LoggedQuestion(step, tuple(map(float, numbers[:-1])), ok, float(numbers[-1]))
