"""A debugger for a backward pass, in a terminal: pdb's letters, with their meaning.

>>> import sys
>>> from microbp import load
>>> debugger = Debugger(load("w1-w8"), stdout=sys.stdout)
>>> debugger.run(["goto 7", "g 0.138498562 * 0.4", "p w5"], batch=True)  # doctest: +ELLIPSIS
step 7 of 32
  ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041
...
Right.
  w5 = 0.4, a leaf
  grad so far: 0.082167041 (1 of 1 contributions)
    step 7, from net_o1: 0.138498562 × 0.593269992 = 0.082167041
0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from microbp.errors import MicrobpError, UnknownNameError, nearest
from microbp.printing import decimals, derivative, in_width, printable, say, word
from microbp.problems import Problem
from microbp.stepping.step import Step
from microbp.stepping.stepper import Detail
from microbp.terminal.looking import Looking, update

LETTERS = {
    **{"n": "next", "s": "step", "b": "break", "cl": "clear", "c": "continue", "cont": "continue", "r": "return"},
    **{"p": "print", "u": "up", "d": "down", "w": "where", "l": "list", "rn": "back", "g": "guess", "v": "values"},
}


class Debugger(Looking):
    """The pass of a problem, under commands: `run` reads them, `onecmd` does one."""

    letters = LETTERS
    hint = "n: next step, h: help"

    def __init__(
        self,
        problem: Problem,
        detail: Detail = "contribution",
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        sample: int | None = None,
        passes: int = 1,
    ) -> None:
        super().__init__(problem, detail, stdin, stdout, sample)
        self.passes = passes
        """How many passes are to be gone through, this one included, with an update after each."""
        self.breaks: list[str] = []
        self.lastcmd = "next"

    def begin(self, quiet: bool = False) -> None:
        """Says what the pass is of."""
        if quiet:
            return
        root, steps = self.stepper.root, len(self.stepper)
        self.say(printable(word(self.problem.title)))
        name, own = self.screen.name(root), len(self.stepper.shown)
        one = say("the backward pass has 1 step.")
        lead = one if steps == 1 else say("the backward pass has {count} steps.", count=steps)
        if own < steps:
            lead = say("{own} of the {count} steps of the backward pass.", own=own, count=steps)
        start = f"{name} = {decimals(root.data)}, {derivative(name, name)} = 1"
        self.say(in_width(say("{start}; {lead} {hint}", start=start, lead=lead, hint=word(self.hint))))
        if self.problem.model:
            self.say(say("below: neurons waiting (○), being passed (◉), done (●)"))

    # Going

    def do_next(self, arg: str) -> None:
        """n [K]: take the next step, or the next K (--detail says how large a step is)"""
        if self.stepper.upcoming is None and self.passes > 1:
            self.do_update("")
            return
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
        """c [NAME]: continue until something arrives at NAME or at a value with a breakpoint, or to the end"""
        names = [arg] if arg else self.breaks
        wanted = {value for name in names for value in self._all(name)}
        numbers = (step.number for step in self.stepper.shown if step.input in wanted)
        self._go(min((k for k in numbers if k > self.stepper.position), default=len(self.stepper)))

    def do_return(self, arg: str) -> None:
        """r: continue until the current node has passed back all its contributions"""
        coming = self.stepper.upcoming
        same = (k for k, step in enumerate(self.stepper, 1) if coming and step.node is coming.node)
        self._go(max(same, default=len(self.stepper)))

    def do_back(self, arg: str) -> None:
        """back [K], rn [K]: take the last step back, or the last K"""
        for _ in range(min(_count(arg), self.stepper.position)):
            self.stepper.back()
        self._go(self.stepper.position)

    def do_goto(self, arg: str) -> None:
        """goto K: go to the point after K steps"""
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
            self.say(
                say("The pass is over.") if self.passes == 1 else say("The pass is over; n continues with the update.")
            )
            self.say(self.screen.gradients(self.problem.leaves()[:40]))

    def do_break(self, arg: str) -> None:
        """b [NAME]: set a breakpoint on a value, or remove the one it has; alone: list them"""
        if arg and self._all(arg):
            others = [name for name in self.breaks if name != arg]
            self.breaks = others if arg in self.breaks else [*others, arg]
        self.say("  " + say("breakpoints: {names}", names=", ".join(self.breaks) or say("none")))

    def do_clear(self, arg: str) -> None:
        """cl [NAME], clear [NAME]: remove a breakpoint, or all"""
        if arg and arg not in self.breaks:
            raise UnknownNameError(nearest("breakpoint", arg, self.breaks))
        self.breaks = [name for name in self.breaks if arg and name != arg]
        self.do_break("")

    def do_update(self, arg: str) -> None:
        """update: once the pass is over, a step of gradient descent, and the next forward pass with its numbers"""
        if self.stepper.upcoming is not None:
            raise MicrobpError(say("the pass is not over yet: c continues to its end"))
        self.say("\n".join(f"  {line}" for line in update(self.problem, self.stepper)))
        self.passes = max(self.passes - 1, 1)
        self.open_pass()
        self.say("")
        self.do_values("")
        self.say("")
        self.begin()


def _count(arg: str, least: int = 1) -> int:
    if not arg:
        return 1
    if not arg.isdecimal() or len(arg) > 18 or int(arg) < least:
        raise MicrobpError(
            say("this needs a whole number of at least {least}, got {text!r}", least=least, text=arg[:40])
        )
    return int(arg)
