"""Wrong ideas about a contribution: what each would give, so that a guess can be told which one it was.

>>> from microbp import load
>>> from microbp.stepping.stepper import Stepper
>>> stepper = Stepper(load("w1-w8").root())
>>> _ = stepper.goto(6)
>>> stepper.predict(0.0822).ok, stepper.predict(0.5933).idea, stepper.predict(-0.0822).idea
(True, 'local-alone', 'wrong-sign')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from microbp.nn import ACTIVATIONS
from microbp.printing import say, word
from microbp.stepping.step import Step

TOLERANCE = 0.01
"""How far, relatively, a guess may be from a number and still mean it."""
TRIES = 2
"""How many guesses a question takes."""


class WrongIdea(NamedTuple):
    """One wrong idea: a code, a sentence for the learner, and what it makes of a step and those that fed its node."""

    code: str
    sentence: str
    number: Callable[[Step, Sequence[Step]], float | None]


def _without_activation(step: Step, above: Sequence[Step]) -> float | None:
    """The gradient of the activation, not of the net, as upstream."""
    if len(above) != 1 or above[0].node.op is None or above[0].node.op.name not in ACTIVATIONS:
        return None
    return above[0].upstream * step.local


IDEAS = (
    WrongIdea(
        "upstream-alone",
        "That is the upstream gradient alone: multiply it by the local derivative.",
        lambda step, _: step.upstream,
    ),
    WrongIdea(
        "local-alone",
        "That is the local derivative alone: multiply it by the upstream gradient.",
        lambda step, _: step.local,
    ),
    WrongIdea("wrong-sign", "The size is right, the sign is not.", lambda step, _: -step.contribution),
    WrongIdea(
        "sum",
        "That is the sum of upstream gradient and local derivative: the chain rule multiplies them.",
        lambda step, _: step.upstream + step.local,
    ),
    WrongIdea(
        "total",
        "That is the total after this step: the contribution is what is added to it.",
        lambda step, _: None if step.first else step.after,
    ),
    WrongIdea(
        "activation-derivative-forgotten",
        "That leaves out the derivative of the activation: the upstream gradient is that of the net.",
        _without_activation,
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What became of a guess at a contribution."""

    ok: bool
    guess: float
    expected: float
    idea: str | None
    """The code of the wrong idea that it fits, if any."""

    @property
    def sentence(self) -> str:
        """What to tell the learner: never the answer."""
        if self.ok:
            return say("Right.")
        told = (word(idea.sentence) for idea in IDEAS if idea.code == self.idea)
        return next(told, None) or say("That is not it.")


def wrong_numbers(step: Step, above: Sequence[Step]) -> dict[str, float]:
    """What each wrong idea would give for this step; `above` are the steps that brought its node its gradient."""
    numbers = {idea.code: idea.number(step, above) for idea in IDEAS}
    return {
        code: number for code, number in numbers.items() if number is not None and not close(number, step.contribution)
    }


def judge_guess(guess: float, step: Step, above: Sequence[Step]) -> Verdict:
    """Whether a guess at the contribution of a step is right, and if not, which wrong idea it fits."""
    if close(guess, step.contribution):
        return Verdict(True, guess, step.contribution, None)
    fitting = (code for code, number in wrong_numbers(step, above).items() if close(guess, number))
    return Verdict(False, guess, step.contribution, next(fitting, None))


def close(guess: float, number: float) -> bool:
    """Whether a guess means this number: within 1 %."""
    return abs(guess - number) <= TOLERANCE * abs(number) or guess == number
