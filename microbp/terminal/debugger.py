"""A debugger for a backward pass, in a terminal: pdb's letters, with their meaning.

>>> import sys
>>> from microbp import load
>>> debugger = Debugger(load("w1-w8"), stdout=sys.stdout)
>>> debugger.run(["goto 16", "g 0.138498562 * 0.4", "p w5"], batch=True)  # doctest: +ELLIPSIS
step 16 of 32
  ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041
...
Right.
  w5 = 0.4, a leaf
  grad so far: 0.082167041 (1 of 1 contributions)
    step 16, from net_o1: 0.138498562 × 0.593269992 = 0.082167041
0
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO

from microbp.engine import Constant, Value
from microbp.engine.ieee import errstate
from microbp.errors import MicrobpError, UnknownNameError, nearest
from microbp.printing import decimals, printable
from microbp.problems import ExpressionProblem, Problem
from microbp.stepping.names import by_name
from microbp.stepping.paths import paths
from microbp.stepping.step import Step
from microbp.stepping.stepper import Detail, Stepper
from microbp.terminal.screen import Screen, wants_colour, way, wrap
from microbp.terminal.shell import Shell

LETTERS = {
    **{"n": "next", "s": "step", "b": "break", "cl": "clear", "c": "continue", "cont": "continue", "r": "return"},
    **{"p": "print", "u": "up", "d": "down", "w": "where", "l": "list", "rn": "back", "g": "guess"},
}
_SIGNS = str.maketrans({"−": "-", "×": "*", "·": "*", "÷": "/"})


def number(text: str) -> float:
    """The number that a learner means: an expression of numbers, with the signs and the comma of a textbook.

    Raises `MicrobpError` for anything else; nothing of it is ever run.

    >>> number("0,25 × 3"), number("−2")
    (0.75, -2.0)
    """
    if not text.strip():
        raise MicrobpError("a number belongs here, or a product such as 0.1385*0.5933")
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


class Debugger(Shell):
    """The pass of a problem, under commands: `run` reads them, `onecmd` does one."""

    letters = LETTERS
    hint = "n: the next one, h: help"

    def __init__(
        self,
        problem: Problem,
        detail: Detail = "contribution",
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        sample: int | None = None,
    ) -> None:
        super().__init__(stdin, stdout)
        self.problem = problem
        self.stepper = stepper_of(problem, detail, sample)
        self.screen = Screen(self.stepper, problem.model, by_layer=detail == "layer", colour=wants_colour(self.stdout))
        self.named = by_name(self.stepper.names)
        self.breaks: list[str] = []
        self.lastcmd = "next"
        self._look_at(None)

    def begin(self, quiet: bool = False) -> None:
        """Says what the pass is of."""
        if quiet:
            return
        root, steps = self.stepper.root, len(self.stepper)
        self.say(printable(self.problem.title))
        lead = "1 step leads" if steps == 1 else f"{steps} steps lead"
        if (own := len(self.stepper.shown)) < steps:
            lead = f"{own} of {lead}"
        self.say(f"{self.screen.name(root)} = {decimals(root.data)}; {lead} back. {self.hint}")

    def names(self) -> list[str]:
        return list(self.named)

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """The name of a value prints it, as in pdb."""
        command, argument, line = super().parseline(line)
        if command not in self.commands() and line in self.named:
            return "print", line, line
        return command, argument, line

    # Going

    def do_next(self, arg: str) -> None:
        """n [K]: make the next step, or the next K, as --detail has it"""
        before = self.stepper.position
        for _ in range(_count(arg)):
            before = self.stepper.position
            if self.stepper.next() is None:
                break
        self._arrive(self.stepper.shown_between(before, self.stepper.position))

    def do_step(self, arg: str) -> None:
        """s [K]: the same, one contribution at a time"""
        self._go(min(self.stepper.position + _count(arg), len(self.stepper)))

    def do_continue(self, arg: str) -> None:
        """c [NAME]: go on until something arrives at NAME, or at a value with a breakpoint; else to the end"""
        names = [arg] if arg else self.breaks
        numbers = [step.number for name in names for value in self._all(name) for step in self.stepper.arrivals(value)]
        self._go(min((k for k in numbers if k > self.stepper.position), default=len(self.stepper)))

    def do_return(self, arg: str) -> None:
        """r: go on until the node at work has passed back all it has to"""
        coming = self.stepper.upcoming
        same = (k for k, step in enumerate(self.stepper, 1) if coming and step.node is coming.node)
        self._go(max(same, default=len(self.stepper)))

    def do_back(self, arg: str) -> None:
        """back [K], rn [K]: take the last step back, or the last K"""
        for _ in range(min(_count(arg), self.stepper.position)):
            self.stepper.back()
        self._go(self.stepper.position)

    def do_goto(self, arg: str) -> None:
        """goto K: go to where K steps have been made"""
        self._go(_count(arg, least=0))

    def _go(self, position: int) -> None:
        moved = position != self.stepper.position
        step = self.stepper.goto(position)
        self._arrive([step] if step and (moved or position < len(self.stepper)) else [])

    def _arrive(self, made: Sequence[Step]) -> None:
        self._look_at(self.stepper.current)
        if made:
            self.say(self.screen.steps(made) + "\n")
            self._picture()
        elif not self.stepper.position:
            self.begin()
        if self.stepper.upcoming is None:
            self.say("The pass is over.")
            self.say(self.screen.gradients(self.problem.leaves()[:40]))

    # Looking

    def do_break(self, arg: str) -> None:
        """b [NAME]: a breakpoint on a value, or none if it has one; alone: list them"""
        if arg and self._all(arg):
            others = [name for name in self.breaks if name != arg]
            self.breaks = others if arg in self.breaks else [*others, arg]
        self.say(f"  breakpoints: {', '.join(self.breaks) or 'none'}")

    def do_clear(self, arg: str) -> None:
        """cl [NAME], clear [NAME]: remove a breakpoint, or all"""
        if arg and arg not in self.breaks:
            raise UnknownNameError(nearest("breakpoint", arg, self.breaks))
        self.breaks = [name for name in self.breaks if arg and name != arg]
        self.do_break("")

    def do_print(self, arg: str) -> None:
        """p [NAME]: how a value is made, its grad so far, what has arrived at it and will"""
        value = self._value(arg)
        if (n := len(self.named.get(arg, ()))) > 1:
            self.say(f"  {arg} has {n} values, one in each sample; this is the one that the cursor has come to last")
        self.say(self.screen.value(value))

    def do_up(self, arg: str) -> None:
        """u: look at the value one nearer to the root"""
        if not self.at:
            raise MicrobpError("this is the root")
        self.at -= 1
        self._picture()

    def do_down(self, arg: str) -> None:
        """d: look at the value one nearer to the leaves"""
        if self.at == len(self.way) - 1:
            below = [x for x in self.way[-1].inputs if not isinstance(x, Constant)]
            if not below:
                raise MicrobpError(f"{self.screen.name(self.way[-1])} is a leaf")
            self.way.append(below[0])
        self.at += 1
        self._picture()

    def do_where(self, arg: str) -> None:
        """w [NAME]: every path from the root to the value, their products, and their sum"""
        self.say(wrap(str(paths(self.stepper.root, self._value(arg)))))

    def do_list(self, arg: str) -> None:
        """l: the steps around the cursor"""
        self.say(self.screen.list())

    def do_guess(self, arg: str) -> bool | None:
        """g NUMBER: check a guess at the next contribution, a number or a product such as 0.1385*0.5933"""
        verdict = self.stepper.predict(number(arg))
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
        return self.stepper.find_all(name)

    def _value(self, name: str) -> Value:
        """The value of a name; of several, the focus, or the one that something has arrived at last."""
        focus = self.way[self.at]
        values = self._all(name) if name else [focus]
        if focus in values:
            return focus
        position = self.stepper.position
        come = {v: max((s.number for s in self.stepper.arrivals(v) if s.number <= position), default=0) for v in values}
        return max(values, key=lambda v: come[v])


def _count(arg: str, least: int = 1) -> int:
    if not arg:
        return 1
    if not arg.isdecimal() or len(arg) > 18 or int(arg) < least:
        raise MicrobpError(f"a whole number of at least {least} belongs here, got {arg[:40]!r}")
    return int(arg)
