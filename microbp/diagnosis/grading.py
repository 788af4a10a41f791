"""Many learners' gradients of one problem: a row for each, right or which mistake.

>>> import json, pathlib, tempfile
>>> from microbp import load
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "ada.json")
...     _ = path.write_text(json.dumps({"w5": 0.082167041, "w6": 0.082667628}))
...     grades = grade(load("w1-w8"), [path])
>>> [(row.name, row.verdict) for row in grades]
[('ada', 'right')]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from microbp.comparing.answers.code import SECONDS, Code, is_code
from microbp.comparing.answers.files import error_reason, load_gradients
from microbp.comparing.answers.named import renamed
from microbp.diagnosis.diagnose import diagnose
from microbp.diagnosis.explanation import Diagnosis
from microbp.diagnosis.sharing import shared
from microbp.diagnosis.text import in_a_row
from microbp.errors import ProblemError
from microbp.nn.layout import ArrayLayout
from microbp.printing import Shown, columns, csv_text, language, language_now, printable, say, short_names, word
from microbp.printing.language import ENGLISH
from microbp.problems import ExpressionProblem, Problem, as_network
from microbp.problems.exercise import exercise_of

HEAD = ("name", "verdict", "credit", "right", "wrong", "given", "mistakes", "alternatives", "note", "sentence")
VERDICTS = ("right", "mistake", "unexplained", "unreadable")


@dataclass(frozen=True, repr=False)
class Grade(Shown):
    """What became of one file."""

    name: str
    """That of the file, without its ending, and with so much of its path as tells it from the others."""
    verdict: str
    """Of `VERDICTS`."""
    mistakes: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    """The factor or the first wrong array; why a file could not be read."""
    sentence: str = ""
    """The verdict for the learner."""
    right: int = 0
    wrong: int = 0
    """How many of the numbers that were given are right, and wrong."""
    credit: float | None = None
    """Of each array that the problem trains the share of numbers that are right, and of these the mean: what was not
    given is not right, and a matrix counts as much as a vector. Of an expression what was given counts alone. None if
    the file could not be read."""
    report: str = ""
    """All that `diagnose` says."""

    def __str__(self) -> str:
        name, *said = self.cells()[:-1]
        return say("{name}: {what}", name=name, what=say("; ").join(filter(None, said)))

    def cells(self) -> tuple[str, ...]:
        """A row of a table."""
        others = say(" or ").join(" + ".join(codes) for codes in self.alternatives)
        counts: tuple[str, ...] = ("", "", "", "")
        if self.credit is not None:
            counts = (f"{self.credit:.2f}", *map(str, (self.right, self.wrong, self.right + self.wrong)))
        return self.name, word(self.verdict), *counts, " + ".join(self.mistakes), others, self.note, self.sentence


class Grades(Shown, list[Grade]):
    """The rows of a class. Prints as a table."""

    @property
    def ok(self) -> bool:
        """Whether every hand-in is right."""
        return all(row.verdict == "right" for row in self)

    def as_dicts(self) -> list[dict[str, Any]]:
        """The table for JSON."""
        return [{**asdict(row), "given": row.right + row.wrong} for row in self]

    def as_csv(self) -> str:
        """The table for a spreadsheet."""
        return csv_text([_head(), *(row.cells() for row in self)])

    def __str__(self) -> str:
        return "\n".join(columns([_head()[:-1], *([printable(cell) for cell in row.cells()[:-1]] for row in self)]))


class Reading(NamedTuple):
    """How the files of a class are read."""

    layout: str | None = None
    """That of their arrays."""
    names: Mapping[str, str] = {}
    """What their names for gradients mean: {"g1": "dW1"}."""
    run: bool = False
    """Whether .py files and notebooks are run, each in a process of its own, with limits."""
    function: str | None = None
    """The function in them that returns the gradients; without one their variables have them."""
    seconds: float = SECONDS
    """How long each may run."""
    language: str = ENGLISH
    """That in which a process of its own says what it found."""


def grade(
    problem: Problem,
    paths: Iterable[str | Path],
    samples: int | None = None,
    layout: str | None = None,
    *,
    names: Mapping[str, str] | None = None,
    run: bool = False,
    function: str | None = None,
    seconds: float = SECONDS,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Grades:
    """Diagnoses each file, by the first so many samples of a network's data, or by all, in the layout that is said.

    `names` says what the learners' names mean, {"g1": "dW1"}. With `run` .py files and notebooks run, each in a process
    of its own, for so many `seconds` at most, with 2 GB; they are no more locked in than that. Their gradients are what
    a `function` of theirs returns, else variables called as gradients are, dW1, grad_b1. A file that cannot be read is
    a row with its reason, never the end of the run; one that is not there has its whole path as name. With `jobs` so
    many processes share the work, or those of an `executor`, any of `concurrent.futures`' kind: on a cluster
    `dask.distributed`'s `client.get_executor()`, where the files must be there too. The table is the same. Raises
    `ProblemError` if there are not so many samples, or for less than 1 job, and for a layout that there is not.
    """
    if not isinstance(jobs, int) or jobs < 1:
        raise ProblemError(f"jobs must be a whole number, 1 or more, got {jobs!r}")
    ArrayLayout.said(layout)
    data: tuple[Any, ...] = ()
    if samples is not None:
        data = as_network(problem).showing(samples).shown_samples
    files = [Path(path) for path in paths]
    one = partial(_grade, problem, data, Reading(layout, names or {}, run, function, seconds, language_now()))
    if executor is not None:
        return Grades(executor.map(one, files, short_names(files)))
    return Grades(shared(one, files, short_names(files), min(jobs, len(files))))


def _head() -> tuple[str, ...]:
    return tuple(map(word, HEAD))


def _grade(problem: Problem, data: Sequence[Any], reading: Reading, path: Path, name: str) -> Grade:
    with language(reading.language):
        return _graded(problem, data, reading, path, name)


def _graded(problem: Problem, data: Sequence[Any], reading: Reading, path: Path, name: str) -> Grade:
    try:
        diagnosis, said = _diagnosed(problem, data, reading, path)
    except Exception as error:  # one file, whatever is in it, is not the end of the others
        reason = error_reason(error)
        return Grade(name, "unreadable", note=reason, sentence=say("Your file cannot be read: {reason}", reason=reason))
    details: dict[str, Any] = diagnosis.details
    credit, right, wrong = _counted(problem, data, details)
    made: dict[str, Any] = {"right": right, "wrong": wrong, "credit": credit, "report": str(diagnosis)}
    if diagnosis.ok:
        few = say("with few digits, which says little") if details["precision"] == "few digits" else ""
        note = in_a_row([few, diagnosis.right_for or "", *diagnosis.notes, said])
        return Grade(name, "right", note=note, sentence=diagnosis.explanation, **made)
    if not diagnosis.mistakes:
        first = details["first_wrong"]
        made["sentence"] = say("{name} is wrong, and no known mistake explains it.", name=first)
        note = say("first wrong: {name}", name=first)
        if details.get("nearest"):
            nearest = " + ".join(details["nearest"]["mistakes"])
            note = say("first wrong: {name}; nearest: {codes}", name=first, codes=nearest)
        return Grade(name, "unexplained", note=in_a_row([note, said]), **made)
    note = say(", ").join(f"{name} × {value:.6g}" for name, value in details.get("factors", {}).items())
    made["sentence"] = in_a_row(found["name"] for found in details["findings"])
    if said:
        note = say("{factors} {note}", factors=note, note=said) if note else said
    return Grade(name, "mistake", diagnosis.mistakes, diagnosis.alternatives, note, **made)


def _diagnosed(problem: Problem, data: Sequence[Any], reading: Reading, path: Path) -> tuple[Diagnosis, str]:
    """The diagnosis of a file, and what its code has to be told besides."""
    if not (reading.run and is_code(path)):
        given = load_gradients(path)
        return _of_named(problem, data, reading, given), ""
    labels = [leaf.label for leaf in problem.leaves()]
    with Code(path, reading.seconds) as code:
        given = code.function(reading.function) if reading.function else code.gradients(labels, reading.names)
        return _of_named(problem, data, reading, given), code.note


def _of_named(problem: Problem, data: Sequence[Any], reading: Reading, given: Any) -> Diagnosis:
    return diagnose(problem, renamed(given, reading.names), *data, layout=reading.layout)


def _counted(problem: Problem, data: Sequence[Any], details: Mapping[str, Any]) -> tuple[float, int, int]:
    """The credit, and how many numbers are right, and wrong."""
    if isinstance(problem, ExpressionProblem):
        wrong = details.get("wrong", ())
        labels = [*wrong, *details.get("right", details.get("leaves", ()))]
        counts = {label: {"wrong": int(label in wrong), "given": 1, "of": 1} for label in labels}
    else:
        case = exercise_of(problem, *data)
        none = {"wrong": 0, "given": 0, "of": 1}
        counts = {name: none for name in case.names if name not in case.fixed} | details["counts"]
    shares = [(count["given"] - count["wrong"]) / max(1, count["of"]) for count in counts.values()]
    given, bad = (sum(count[key] for count in counts.values()) for key in ("given", "wrong"))
    return sum(shares) / len(shares), given - bad, bad
