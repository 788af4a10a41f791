"""What `check` says: a line for each gradient that was given, the first wrong one on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.explain import causes as causes_of
from microbp.diagnosis.any_pass.causes.search import Known
from microbp.diagnosis.any_pass.graph.region import Region
from microbp.diagnosis.any_pass.judge import CARRIED, RIGHT, WRONG, Judge, JudgedLine
from microbp.errors import UnknownNameError, nearest
from microbp.printing import Shown, columns, language, notebook, number_text, say, word

MOST_NAMED = 4
"""So many arrays without a gradient are named in a note."""
WORDS = {RIGHT: "right", CARRIED: "right line, wrong input", WRONG: "WRONG"}


@dataclass(frozen=True, repr=False)
class Line(Shown):
    """One line of a report: whose gradient it is, the verdict ("right", "carried" or "wrong"), the causes, a text."""

    name: str
    verdict: str
    causes: tuple[str, ...]
    """Codes of `CODES`, likeliest first."""
    text: str
    given: Any = field(repr=False, compare=False)
    """What was given."""
    wanted: Any = field(repr=False, compare=False)
    """What it should be, given the lines above."""
    same_as: str = field(default="", repr=False)
    """The line above of which the slip is the same; empty if there is none."""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """What `check` found, line by line in the order of the way back; prints with the first wrong line on top."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    """What was not compared, and why."""

    @property
    def ok(self) -> bool:
        """Whether every line is right."""
        return all(line.verdict == RIGHT for line in self.lines)

    @property
    def first(self) -> str | None:
        """The name of the first wrong line on the way back; None if there is none."""
        return next((line.name for line in self.lines if line.verdict == WRONG), None)

    def __getitem__(self, name: str) -> Line:
        for line in self.lines:
            if line.name == name:
                return line
        raise UnknownNameError(nearest("line", name, [line.name for line in self.lines]))

    def as_dict(self) -> dict[str, Any]:
        """Everything in it but the arrays, for JSON."""
        lines = [{"name": x.name, "verdict": x.verdict, "causes": x.causes, "text": x.text} for x in self.lines]
        return {"ok": self.ok, "first": self.first, "lines": lines, "notes": self.notes}

    def _verdict(self) -> str:
        wrong, count = sum(line.verdict == WRONG for line in self.lines), len(self.lines)
        if wrong:
            return self._how_many(wrong, count)
        if count > 1:
            return say("all {count} lines are right", count=count)
        return say("the line is right") if count else say("nothing was compared")

    def _how_many(self, wrong: int, count: int) -> str:
        if wrong == 1:
            return say("1 of {count} lines is wrong", count=count) if count > 1 else say("1 of 1 line is wrong")
        if wrong == 1 + sum(bool(line.same_as) for line in self.lines):
            return say("{wrong} of {count} lines are wrong, all by one slip", wrong=wrong, count=count)
        return say("{wrong} of {count} lines are wrong", wrong=wrong, count=count)

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(x.name, word(WORDS[x.verdict]), x.text if x.causes else "") for x in self.lines]

    def _repr_html_(self) -> str:
        wrong = [line.verdict == WRONG for line in self.lines]
        return notebook.answer(
            notebook.sentence(self._verdict()),
            notebook.rows_table(self._rows(), wrong, (say("array"), say("its gradient"), "")),
            notebook.sentence("\n".join(self.notes)),
        )

    def __str__(self) -> str:
        wrong = [line for line in self.lines if line.verdict == WRONG]
        if wrong:
            first, verdict = wrong[0], self._verdict()
            said = say(
                "{verdict}. The first, in backward order, is the gradient of {name}:", verdict=verdict, name=first.name
            )
            head = [said, f"  {first.text}", ""]
        else:
            head = [self._verdict()]
        above = wrong[0].name if wrong else None
        rows = [(f"  {name}", verdict, "" if name == above else text) for name, verdict, text in self._rows()]
        return "\n".join([*head, *columns(rows), *(say("({note})", note=note) for note in self.notes)])


@language(None)  # the environment is asked once, not for each thing that is tried
def report_on(judge: Judge, notes: Sequence[str] = ()) -> Report:
    """The report on a judged pass; what several lines share is said once."""
    judged = judge.lines()
    known = Known(judge) if judge.wrong else None
    said: dict[tuple[str, int], str] = {}
    lines = []
    for line in judged:
        causes: tuple[Cause, ...] = causes_of(known, line) if known and line.verdict == WRONG else ()
        codes = ("float32",) if line.single else tuple(cause.code for cause in causes)
        same_as = _same_as(line, causes, said)
        text = _text(line, causes, same_as)
        lines.append(Line(line.name, line.verdict, codes, text, line.mine, line.wanted, same_as))
    return Report(tuple(lines), (*notes, *_not_given(judge, lines)))


def _not_given(judge: Judge, lines: Sequence[Line]) -> list[str]:
    """A note on the arrays between the first wrong line and what was given above it, if it answers for several."""
    first = next((line.name for line in lines if line.verdict == WRONG), None)
    if first is None:
        return []
    inside = Region(judge.trace.graph, judge.places[first], judge.fixed).nodes
    between = [
        name.partition("[")[0] for name, quantity in judge.trace.items()
        if name not in judge.given and not quantity.is_leaf and np.isin(judge.trace.places(name), inside).all()
    ]  # fmt: skip
    between = [*dict.fromkeys(between[::-1])]
    if not between:
        return []
    names = ", ".join(between[:MOST_NAMED]) + (", …" if len(between) > MOST_NAMED else "")
    return [
        say(
            "no gradients were given for {names}: return them as well (locals() has all) for a more exact answer",
            names=names,
        )
    ]


def _same_as(line: JudgedLine, causes: Sequence[Cause], said: dict[tuple[str, int], str]) -> str:
    """The line above that has been wrong by the same slip, out of those `said`; this one is among them now."""
    if line.verdict != WRONG:
        return ""
    key = (causes[0].code, causes[0].site)
    above = said.setdefault(key, line.name)
    return above if causes[0].site >= 0 and above != line.name else ""


def _text(line: JudgedLine, causes: Sequence[Cause], same_as: str) -> str:
    if line.verdict != WRONG:
        return say("right, to single precision (float32)") if line.single else word(WORDS[line.verdict])
    first = causes[0]
    if same_as:
        return say("the same slip as in {name}: {cause}", name=same_as, cause=first.text)
    numbers = _numbers(line)
    if len(causes) > 1:
        return say("{cause} (or: {other}). {numbers}", cause=first.text, other=causes[1].text, numbers=numbers)
    return say("{cause}. {numbers}", cause=first.text, numbers=numbers)


def _numbers(line: JudgedLine) -> str:
    """The element that differs most, beside what it should be."""
    if line.fitted is None:
        given, wanted = np.shape(line.mine), line.wanted.shape
        return say("It has the shape {given}, and should have {wanted}.", given=given, wanted=wanted)
    apart = np.abs(np.nan_to_num(line.fitted - line.wanted, nan=np.inf))
    index = np.unravel_index(int(np.argmax(apart)), apart.shape) if apart.ndim else ()
    place = f"[{','.join(map(str, index))}]" if index else ""
    numbers = [float(line.fitted[index]), float(line.wanted[index])]
    noise = 1e-12 * abs(numbers[0] - numbers[1])
    mine, right = (number_text(0.0 if abs(x) <= noise else x, 6) for x in numbers)
    if not place:
        return say("At its one element it is {mine}, and should be {right}.", mine=mine, right=right)
    return say("At {place} it is {mine}, and should be {right}.", place=place, mine=mine, right=right)
