"""The debugger as a quiz: what will the next contribution be?

While a question is open nothing on the screen gives its answer away: the shell goes nowhere, `w` shows names alone, and
what the other commands show lies behind the cursor.

>>> import sys
>>> from microbp.problems import load
>>> quiz = Quiz(load("x*y", {"x": 2.0, "y": 3.0}), stdout=sys.stdout)
>>> quiz.run(["3", "2"], batch=True)  # doctest: +ELLIPSIS
<BLANKLINE>
step 1 of 2: what is the contribution?
  ∂f/∂x += ∂f/∂f · local derivative = ?
...
Right.
...
Score: 100 %, 2 of 2 right
0
"""

from __future__ import annotations

from typing import Any, TextIO

from microbp.errors import MicrobpError
from microbp.printing import decimals, say
from microbp.problems import Problem
from microbp.stepping.guesses import TRIES
from microbp.stepping.step import Step
from microbp.terminal.debugger import Debugger
from microbp.terminal.looking import learners_number
from microbp.terminal.screen import way

MOVES = {"next", "step", "continue", "return", "back", "goto", "update"}


class Quiz(Debugger):
    """Asks at every step, or at every so many; `log` is what a teacher may want to know."""

    hint = "Answer with a number or a product; ? skips, h: help"

    def __init__(
        self,
        problem: Problem,
        every: int = 1,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        sample: int | None = None,
    ) -> None:
        if every < 1:
            raise MicrobpError(f"a quiz asks at every step, or at every second, third, …; got {every}")
        super().__init__(problem, stdin=stdin, stdout=stdout, sample=sample)
        self.prompt = say("your guess: ")
        self.every = every
        self.questions: list[dict[str, Any]] = []
        self.guesses: list[float] = []
        self.ideas: list[str | None] = []

    def begin(self, quiet: bool = False) -> None:
        """The first question follows at once."""
        super().begin(quiet)
        self._ask()

    def log(self) -> dict[str, Any]:
        """The quiz for JSON: the score in percent, and each question with its guesses and the wrong idea in them."""
        right = sum(question["ok"] for question in self.questions)
        asked = len(self.questions)
        return {
            "score": round(100 * right / asked, 1) if asked else None,
            "asked": asked,
            "right": right,
            "questions": self.questions,
        }

    def end(self) -> None:
        """The score, and what was missed."""
        if self.guesses:  # left after a wrong guess
            self._note(self.stepper[self.stepper.position], ok=False)
        log = self.log()
        if not log["asked"]:
            self.say(say("No question was answered."))
            return
        score = {name: log[name] for name in ("score", "right", "asked")}
        self.say(say("Score: {score:g} %, {right} of {asked} right", **score))
        for missed in (question for question in self.questions if not question["ok"]):
            guesses = ", ".join(map(decimals, missed["guesses"])) or say("skipped")
            idea = f" ({missed['idea']})" if missed["idea"] else ""
            told = say(
                "missed: step {step}, {way}: {guesses}; it is {answer}",
                step=missed["step"],
                way=f"{missed['node']} → {missed['input']}",
                guesses=f"{guesses}{idea}",
                answer=decimals(missed["expected"]),
            )
            self.say(f"  {told}")

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """What is no command is an answer; nothing at all skips the question, and no command leaves it open."""
        if line.strip() in ("", "?"):
            return "skip", "", "skip"
        command, argument, line = super().parseline(line)
        if command in MOVES:
            raise MicrobpError(say("a question is open: answer it with a number or a product, or skip it with ?"))
        return (command, argument, line) if command in (*self.commands(), "EOF") else ("guess", line, line)

    def do_guess(self, arg: str) -> bool | None:
        """g NUMBER, or the number alone: answer the question, with a number or a product such as 0.1385*0.5933"""
        verdict = self.stepper.predict(learners_number(arg))
        self.guesses.append(verdict.guess)
        if not verdict.ok:
            self.ideas.append(verdict.idea)
        self.say(verdict.sentence)
        if verdict.ok or len(self.guesses) == TRIES:
            return self._close(verdict.ok)
        self.say(say("One more try."))
        return None

    def do_skip(self, arg: str) -> bool:
        """skip, ? or Enter: see the answer and go on"""
        return self._close(ok=False)

    def do_where(self, arg: str) -> None:
        """w [NAME]: one path from the root to the value; its numbers are shown after the quiz"""
        self.say(f"  {' → '.join(self.screen.name(v) for v in way(self.stepper, self._value(arg)))}")

    def _ask(self) -> bool:
        """Goes to the next question; returns whether there is none."""
        start = self.stepper.position
        asked = (step.number for step in self.stepper.shown[self.every - 1 :: self.every])
        self.stepper.goto(next((number - 1 for number in asked if number > start), len(self.stepper)))
        for passed in self.stepper.shown_between(start, self.stepper.position):
            self.say(self.screen.formula(passed))
        step = self.stepper.upcoming
        if step is None:
            return True
        self._look_at(step)
        self.say(f"\n{self.screen.question(step)}\n")
        self.say(self.screen.picture(self.way, self.at, self.arrow, step.node))
        return False

    def _close(self, ok: bool) -> bool:
        """Writes a question down, shows its step and asks the next; returns whether there is none."""
        self.stepper.goto(self.stepper.position + 1)
        step = self.stepper[self.stepper.position - 1]
        self._note(step, ok)
        self.say(self.screen.step(step))
        return self._ask()

    def _note(self, step: Step, ok: bool) -> None:
        self.wrong |= not ok
        self.questions.append(
            {
                **{"step": step.number, "node": step.node_name, "input": step.input_name},
                **{"guesses": self.guesses, "ok": ok, "idea": next(filter(None, self.ideas), None)},
                "expected": step.contribution,
            }
        )
        self.guesses, self.ideas = [], []
