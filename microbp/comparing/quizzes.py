"""Quizzes that were handed in, from a page or a terminal: each answer is judged anew, whatever the file says of itself.

>>> import json, pathlib, tempfile
>>> from microbp import load
>>> asked = {"step": 7, "guesses": [0.5933, 0.0822], "ok": True, "expected": 0.082167041}
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "ada.json")
...     _ = path.write_text(json.dumps({"asked": 1, "right": 1, "questions": [asked]}))
...     (ada,) = mark_quizzes(load("w1-w8").root(), [path])
>>> ada.verdict, ada.right, ada.of, ada.ideas
('answered', 1, 32, ('local-alone',))
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from microbp.comparing.answers.files import error_reason
from microbp.comparing.quiz_log import LoggedQuestion, read_quiz
from microbp.engine import Value
from microbp.errors import ProblemError
from microbp.printing import Shown, columns, csv_text, decimals, derivative, say, short_names, word
from microbp.stepping.guesses import close, judge_guess
from microbp.stepping.step import Step
from microbp.stepping.stepper import Stepper

HEAD = ("name", "verdict", "credit", "right", "asked", "of", "ideas", "note")
MISSED_HEAD = ("step", "missed", "right", "asked", "ideas")
VERDICTS = ("answered", "foreign", "tampered", "unreadable")


class MarkedAnswer(NamedTuple):
    """What became of one question of one learner."""

    step: Step
    guesses: tuple[float, ...]
    """None if it was skipped."""
    ok: bool
    ideas: tuple[str, ...]
    """The codes of the wrong ideas that the wrong guesses fit."""


@dataclass(frozen=True, repr=False)
class MarkedQuiz(Shown):
    """What became of one file."""

    name: str
    """That of the file, as `grade` has it."""
    verdict: str
    """Of `VERDICTS`: "foreign" asks for other numbers than this problem's, "tampered" contradicts itself."""
    of: int
    """How many questions there are."""
    answers: tuple[MarkedAnswer, ...] = ()
    """Those of an answered one."""
    note: str = ""

    @property
    def right(self) -> int:
        """How many answers are right, at the first or the second try."""
        return sum(answer.ok for answer in self.answers)

    @property
    def ideas(self) -> tuple[str, ...]:
        """The codes of the wrong ideas in the answers, one for each."""
        return tuple(idea for answer in self.answers for idea in answer.ideas)

    @property
    def credit(self) -> float | None:
        """The share of all questions that is answered rightly; None for what does not count."""
        return self.right / max(1, self.of) if self.verdict == "answered" else None

    def __str__(self) -> str:
        name, *said = self.cells()
        return say("{name}: {what}", name=name, what=say("; ").join(filter(None, said)))

    def cells(self) -> tuple[str, ...]:
        """A row of a table."""
        counts: tuple[str, ...] = ("", "", "", "")
        if self.credit is not None:
            counts = (f"{self.credit:.2f}", *map(str, (self.right, len(self.answers), self.of)))
        return self.name, word(self.verdict), *counts, _counted(self.ideas), self.note


class MarkedQuizzes(Shown, list[MarkedQuiz]):
    """The rows of a class. Prints as a table, with what was missed most."""

    @property
    def ok(self) -> bool:
        """Whether everyone answered all questions rightly."""
        return all(row.credit == 1.0 for row in self)

    def by_question(self) -> list[tuple[Step, list[MarkedAnswer]]]:
        """The answers to each question that anyone was asked, in the order of the pass."""
        found: dict[int, list[MarkedAnswer]] = {}
        for answer in (answer for row in self for answer in row.answers):
            found.setdefault(answer.step.number, []).append(answer)
        return [(found[number][0].step, found[number]) for number in sorted(found)]

    def as_dict(self) -> dict[str, Any]:
        """The rows and the questions for JSON."""
        rows = [
            {
                **{"name": row.name, "verdict": row.verdict, "credit": row.credit, "right": row.right, "of": row.of},
                "answers": [
                    {"step": a.step.number, "guesses": a.guesses, "ok": a.ok, "ideas": a.ideas} for a in row.answers
                ],
                "note": row.note,
            }
            for row in self
        ]
        questions = [
            {
                **{"step": step.number, "derivative": _derivative(step), "expected": step.contribution},
                **{"asked": len(answers), "right": sum(a.ok for a in answers), "ideas": Counter(_ideas(answers))},
            }
            for step, answers in self.by_question()
        ]
        return {"ok": self.ok, "verdicts": self._verdicts(), "quizzes": rows, "questions": questions}

    def as_csv(self) -> str:
        """The rows for a spreadsheet."""
        return csv_text([_head(), *(row.cells() for row in self)])

    def _verdicts(self) -> dict[str, int]:
        return {verdict: sum(row.verdict == verdict for row in self) for verdict in VERDICTS}

    def __str__(self) -> str:
        lines = columns([_head(), *(row.cells() for row in self)])
        counts = [
            say("{count} {verdict}", count=count, verdict=word(verdict))
            for verdict, count in self._verdicts().items()
            if count
        ]
        lines += ["", say(", ").join(counts)]
        missed = [
            (str(step.number), _derivative(step), str(right), str(len(answers)), _counted(_ideas(answers)))
            for step, answers in self.by_question()
            if (right := sum(answer.ok for answer in answers)) < len(answers)
        ]
        if missed:
            lines += ["", *columns([tuple(map(word, MISSED_HEAD)), *missed])]
        return "\n".join(lines)


def _head() -> tuple[str, ...]:
    return tuple(map(word, HEAD))


def mark_quizzes(root: Value, paths: Iterable[str | Path], every: int = 1) -> MarkedQuizzes:
    """Judges each file: what the page of `root` hands in, or `microbp step … --quiz --json` prints.

    Credit is the share of the questions at every step, or at every second, third, …, that is answered rightly. No
    score, verdict or number of a file is believed; one that asks for other numbers, contradicts itself or cannot be
    read is a row that says so. Raises `ProblemError` for `every` below 1.
    """
    if every < 1:
        raise ProblemError(f"a quiz asks at every step, or at every second, third, …; got {every}")
    stepper = Stepper(root)
    asked = {step.number: step for step in stepper[every - 1 :: every] if math.isfinite(step.contribution)}
    files = [Path(path) for path in paths]
    return MarkedQuizzes(_row(stepper, asked, path, name) for path, name in zip(files, short_names(files), strict=True))


def _row(stepper: Stepper, asked: Mapping[int, Step], path: Path, name: str) -> MarkedQuiz:
    try:
        log = read_quiz(path)
    except Exception as error:  # one file, whatever is in it, is not the end of the others
        return MarkedQuiz(name, "unreadable", len(asked), note=error_reason(error))
    if other := next(filter(None, (_other(stepper, question) for question in log.questions)), ""):
        note = say("another problem, or other numbers: {other}", other=other)
        return MarkedQuiz(name, "foreign", len(asked), note=note)
    if wrong := log.contradiction():
        return MarkedQuiz(name, "tampered", len(asked), note=wrong)
    answers = tuple(_judged(stepper, question) for question in log.questions if question.step in asked)
    return MarkedQuiz(name, "answered", len(asked), answers)


def _other(stepper: Stepper, question: LoggedQuestion) -> str:
    """What shows that a question is not one of this pass."""
    if not 1 <= question.step <= len(stepper):
        return say("it asks at step {step}, and this pass has {count}", step=question.step, count=len(stepper))
    right = stepper[question.step - 1].contribution
    if close(question.expected, right):
        return ""
    there, here = decimals(question.expected), decimals(right)
    return say("step {step} adds {there} there, {here} here", step=question.step, there=there, here=here)


def _judged(stepper: Stepper, question: LoggedQuestion) -> MarkedAnswer:
    step = stepper[question.step - 1]
    verdicts = [judge_guess(guess, step, stepper.arrivals(step.node)) for guess in question.guesses]
    ideas = tuple(verdict.idea for verdict in verdicts if verdict.idea)
    return MarkedAnswer(step, question.guesses, any(verdict.ok for verdict in verdicts), ideas)


def _ideas(answers: Iterable[MarkedAnswer]) -> list[str]:
    return [idea for answer in answers for idea in answer.ideas]


def _counted(ideas: Iterable[str]) -> str:
    """Codes, the commonest first, with how often each was met."""
    return ", ".join(f"{idea} {count}" for idea, count in Counter(ideas).most_common())


def _derivative(step: Step) -> str:
    return derivative(next(reversed(step.names.values())).text(), step.input_name)
