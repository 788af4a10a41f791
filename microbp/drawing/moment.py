"""What a picture knows of a backward pass: all that the graph holds, or what has arrived after some steps; or of
training, and of someone else's gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from microbp.drawing.folding import Use
from microbp.engine import Value
from microbp.formula.language import Formula
from microbp.printing import breadth, number_text, say
from microbp.stepping.step import Step, symbols
from microbp.stepping.stepper import Stepper

LONGEST_LINE = 320
"""Longer lines are cut where they are written."""
FEW_STEPS = 2000
"""The most steps among which the longest line is looked for: for more, each line gets the most room."""


class Named(Protocol):
    """A picture, which says what to call its values if it is asked."""

    @property
    def names(self) -> dict[Value, Formula]:
        """A formula to write for each."""
        ...


class Said(NamedTuple):
    """A line of text: what comes first, the number that it is about, and what else there is to say."""

    before: str
    number: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.before}{self.number}{self.after}"


def headed(said: Said | None, title: str, start: str) -> Said:
    """The line on top: the title, or what it starts with, and at a step its formula after the title."""
    if said is None:
        return Said(title or start)
    return said._replace(before=f"{title}   {said.before}") if title else said


def headed_room(moment: Static, title: str) -> int:
    """How many characters the longest line on top has with its title; 0 if there is only one line."""
    return min(moment.room + len(title), LONGEST_LINE) if moment.room else 0


def differ(count: int) -> str:
    """That so many of someone else's gradients are others.

    >>> differ(1)
    '1 of the given gradients differs'
    """
    return say("1 of the given gradients differs") if count == 1 else _several(count)


def _several(count: int) -> str:
    return say("{count:,} of the given gradients differ", count=count)


def _step(number: int, count: int) -> str:
    return say("step {number} of {count}", number=f"{number:,}", count=f"{count:,}")


class Static:
    """The grads that are on the graph; `?` for all of them before any backward pass. `given` are someone else's that
    differ."""

    walks = False
    """Whether it is a moment of a walk."""
    trains = False
    """Whether it is a moment of training: from one to the next all numbers change."""
    room = 0
    """How many characters the longest line on top has; 0 if there is only this one."""

    sample: int | None = None
    """The sample that comes back at this moment, if it is that of one."""

    def __init__(self, arrived: bool, given: Mapping[Value, float] | None = None) -> None:
        self._arrived = arrived
        self.given = given or {}

    def grad(self, value: Value) -> float | None:
        """What has arrived at a value; `None` before anything has."""
        return value.grad if self._arrived else None

    def last(self, value: Value) -> float | None:
        """What has arrived at a value when the walk is over: heat has the same scale at every step."""
        return self.grad(value)

    def state(self, uses: Sequence[Use]) -> str:
        """Whether the gradient has come this way: nothing, "done", or "current"."""
        return ""

    def at_work(self, value: Value) -> bool:
        """Whether the current step is at this value."""
        return False

    def line(self, picture: Named, digits: int) -> Said | None:
        """The formula of the current step."""
        return None


class AfterTraining(Static):
    """The moment of training after so many of its steps: what the graph holds, in cards that keep their size."""

    trains = True

    def __init__(self, root: Value, step: int, steps: int) -> None:
        super().__init__(True)
        self._root, self._step, self._steps = root, step, steps

    def line(self, picture: Named, digits: int) -> Said:
        """The number of the step, and the loss."""
        said = Said(
            f"{_step(self._step, self._steps)}   {picture.names[self._root].text()} = ",
            number_text(self._root.data, digits),
        )
        self.room = breadth(said.before) + len(f"{self._steps:,}") + digits + 8
        return said


class AtStep(Static):
    """The moment of a pass at which `position` steps have been made."""

    walks = True

    def __init__(self, root: Value, position: int, given: Mapping[Value, float] | None = None) -> None:
        super().__init__(True, given)
        self._stepper = Stepper(root)
        self.goto(position)
        self._numbers = {(step.node, step.position): step.number for step in self._stepper}

    def __len__(self) -> int:
        return len(self._stepper)

    @property
    def sample(self) -> int | None:  # type: ignore[override]  # it follows the cursor
        """The sample that comes back in the current step, if it is that of one."""
        step, samples = self._stepper.current, self._stepper.samples
        return None if step is None else samples.get(step.node) or samples.get(step.input)

    def positions(self, hidden: Collection[Value]) -> list[int]:
        """The positions at which a step has been made, or none, that has nothing to do with what is hidden."""
        return [0, *(step.number for step in self._stepper if step.node not in hidden and step.input not in hidden)]

    def goto(self, position: int) -> None:
        """Makes it the moment at which so many steps have been made."""
        self._stepper.goto(position)

    def grad(self, value: Value) -> float | None:
        return self._stepper.grad(value)

    def last(self, value: Value) -> float | None:
        arrivals = self._stepper.arrivals(value)
        return arrivals[-1].after if arrivals else self.grad(value)

    def state(self, uses: Sequence[Use]) -> str:
        numbers = [self._numbers[use] for use in uses if use in self._numbers]
        if self._stepper.position in numbers:
            return "current"
        return "done" if numbers and min(numbers) <= self._stepper.position else ""

    def at_work(self, value: Value) -> bool:
        step = self._stepper.current
        return step is not None and (value is step.node or value is step.input)

    def line(self, picture: Named, digits: int) -> Said:
        """The formula of the current step, in a line that has the same room at every step."""
        if not self.room:
            self.room = LONGEST_LINE
            if len(self._stepper) <= FEW_STEPS:
                lengths = [breadth(self._line(step, picture.names, digits).text) for step in (None, *self._stepper)]
                self.room = min(max(lengths), LONGEST_LINE)
        return self._line(self._stepper.current, picture.names, digits)

    def _line(self, step: Step | None, names: dict[Value, Formula], digits: int) -> Said:
        if step is None:
            return Said(_step(0, len(self._stepper)))
        rule = f"{symbols(replace(step, names=names))} = "
        upstream, local, contribution, before, after = (
            number_text(n, digits) for n in (step.upstream, step.local, step.contribution, step.before, step.after)
        )
        factors = " × ".join(f"({text})" if text.startswith("−") else text for text in (upstream, local))
        more = "" if step.first else "   " + say("so far {before}, now {after}", before=before, after=after)
        return Said(f"{_step(step.number, len(self._stepper))}   {rule}{factors} = ", contribution, more)
