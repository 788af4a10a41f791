"""Looking at a pass: the commands of the debugger that change nothing but the focus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import indent
from typing import TextIO

from microbp.engine import Constant, Value
from microbp.engine.ieee import errstate
from microbp.errors import MicrobpError
from microbp.printing import printable, say
from microbp.problems import ExpressionProblem, Problem, as_network
from microbp.stepping.forward import forward, updated
from microbp.stepping.names import base_name, by_name
from microbp.stepping.paths import paths
from microbp.stepping.step import Step, question
from microbp.stepping.stepper import Detail, Stepper
from microbp.terminal.colours import wants_colour
from microbp.terminal.screen import Screen, in_lines, way, width
from microbp.terminal.shell import Shell

_SIGNS = str.maketrans({"−": "-", "×": "*", "·": "*", "÷": "/"})


def learners_number(text: str) -> float:
    """The number that a learner means: an expression of numbers, with the signs and the comma of a textbook.

    Raises `MicrobpError` for anything else; nothing of it is ever run.

    >>> learners_number("0,25 × 3"), learners_number("−2")
    (0.75, -2.0)
    """
    if not text.strip():
        raise MicrobpError(say("this needs a number, or a product such as 0.1385*0.5933"))
    text = re.sub(r"(?<=\d),(?=\d)", ".", text.strip()).translate(_SIGNS)
    with errstate("raise"):
        return ExpressionProblem(text, {}).root().data


def stepper_of(problem: Problem, detail: Detail = "contribution", sample: int | None = None) -> Stepper:
    """The pass of a problem, its labels on the graph made printable: none of them can command the terminal."""
    root = problem.root()
    for value in root.graph():
        value.label = printable(value.label)
    if detail == "layer" and problem.model is None:
        raise MicrobpError(f"only a network has layers; the expression {problem.title!r} has nodes and contributions")
    return Stepper(root, detail=detail, model=problem.model, sample=sample)


def update(problem: Problem, stepper: Stepper) -> Iterator[str]:
    """Changes the parameters that training changes by one step of gradient descent, and says how. The pass is over.

    Raises `ProblemError` for what is no network.
    """
    network = as_network(problem)
    training = network.training
    plain = (training.optimizer, training.momentum, training.update) == ("sgd", 0.0, "simultaneous")
    more = "" if plain else say(" (the plain rule; training takes {training})", training=training)
    yield say("update: each parameter − {rate:g} · its gradient", rate=training.learning_rate) + more
    for leaf in network.trained():
        gradient = stepper.gradient(leaf)
        yield printable(updated(stepper.names[leaf].text(), leaf.data, training.learning_rate, gradient))
        leaf.data -= training.learning_rate * gradient


class Looking(Shell):
    """A pass, and what can be seen of it from where the cursor and the focus are."""

    def __init__(
        self,
        problem: Problem,
        detail: Detail = "contribution",
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        sample: int | None = None,
    ) -> None:
        super().__init__(stdin, stdout)
        self.problem, self.detail, self.sample = problem, detail, sample
        self.open_pass()

    def open_pass(self) -> None:
        """Begins a pass, with the parameters of now."""
        self.stepper = stepper_of(self.problem, self.detail, self.sample)
        colour = wants_colour(self.stdout)
        self.screen = Screen(self.stepper, self.problem.model, by_layer=self.detail == "layer", colour=colour)
        self.named = by_name(self.stepper.names)
        self._look_at(None)

    def names(self) -> list[str]:
        return list(self.named)

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """The name of a value prints it, as in pdb."""
        command, argument, line = super().parseline(line)
        if command not in self.commands() and line in self.named:
            return "print", line, line
        return command, argument, line

    def do_print(self, arg: str) -> None:
        """p [NAME]: how a value is computed, its grad so far, its contributions that have arrived or are to come"""
        value = self._value(arg)
        if (n := len(self.named.get(arg, ()))) > 1:
            told = say(
                "{name} has {count} values, one for each sample; this is the one that the cursor was at last",
                name=arg,
                count=n,
            )
            self.say(in_lines(told))
        self.say(self.screen.value(value))

    def do_up(self, arg: str) -> None:
        """u: look at the next value towards the root"""
        if not self.at:
            raise MicrobpError(say("this is the root"))
        self.at -= 1
        self._picture()

    def do_down(self, arg: str) -> None:
        """d: look at the next value towards the leaves"""
        if self.at == len(self.way) - 1:
            below = [x for x in self.way[-1].inputs if not isinstance(x, Constant)]
            if not below:
                raise MicrobpError(say("{name} is a leaf", name=self.screen.name(self.way[-1])))
            self.way.append(below[0])
        self.at += 1
        self._picture()

    def do_where(self, arg: str) -> None:
        """w [NAME]: every path from the root to the value, their products, and their sum"""
        self.say(in_lines(str(paths(self.stepper.root, self._value(arg)))))

    def do_values(self, arg: str) -> None:
        """v [NAME]: the forward pass with its numbers put in, or one line of it"""
        found = forward(self.stepper.root, sample=self.sample)
        wanted = {self.screen.name(value) for value in self._all(arg)} if arg else None
        lines = [line.text(width() - 2) for line in found.lines if wanted is None or line.name in wanted]
        if not lines:
            raise MicrobpError(
                say("{name} has no line of its own: it is a leaf, or part of the line of another value", name=arg)
            )
        self.say(indent("\n".join(lines), "  "))

    def do_list(self, arg: str) -> None:
        """l: the steps around the cursor"""
        self.say(self.screen.list())

    def do_guess(self, arg: str) -> bool | None:
        """g NUMBER: check a guess at the next contribution, a number or a product such as 0.1385*0.5933; g: be asked"""
        if not arg and self.stepper.upcoming is not None:
            self.say(self.screen.question(self.stepper.upcoming))
            return None
        verdict = self.stepper.predict(learners_number(arg))
        assert self.stepper.upcoming is not None
        self.say(f"  {question(self.stepper.upcoming).removesuffix('?')}{arg.strip()}?")
        self.wrong |= not verdict.ok
        self.say(verdict.sentence)
        return None

    def _picture(self) -> None:
        node = self.stepper.current.node if self.stepper.current else None
        self.say(self.screen.picture(self.way, self.at, self.arrow, node))

    def _look_at(self, step: Step | None) -> None:
        """The focus is the input of a step, and what it can move along one way from the root to there."""
        self.way = [*way(self.stepper, step.node), step.input] if step else [self.stepper.root]
        self.at = self.arrow = len(self.way) - 1

    def _all(self, name: str) -> list[Value]:
        if name not in self.named and (net := self._net_of_output(name)):
            raise MicrobpError(
                say(
                    "{name} is in no step: this loss is computed from its net, {net}; ask for that",
                    name=name,
                    net=net,
                )
            )
        return self.stepper.find_all(name)

    def _net_of_output(self, name: str) -> str:
        """The net of an output that is not in the graph, because the loss is made from the net."""
        base = base_name(name)
        neurons = self.problem.model.layers[-1].neurons if self.problem.model else []
        return next((n.net_label + name.removeprefix(base) for n in neurons if base == n.out_label != ""), "")

    def _value(self, name: str) -> Value:
        """The value of a name; of several, the focus, or the one that something has arrived at last."""
        focus = self.way[self.at]
        values = self._all(name) if name else [focus]
        if focus in values:
            return focus
        position = self.stepper.position
        come = {v: max((s.number for s in self.stepper.arrivals(v) if s.number <= position), default=0) for v in values}
        return max(values, key=lambda v: come[v])
