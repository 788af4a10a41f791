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

import csv
import io
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from microbp.comparing.answers.files import error_reason
from microbp.diagnosis.diagnose import diagnose
from microbp.errors import ProblemError
from microbp.printing import Shown, columns
from microbp.problems import Problem, as_network

HEAD = ("name", "verdict", "mistakes", "alternatives", "note")


@dataclass(frozen=True, repr=False)
class Grade(Shown):
    """What became of one file."""

    name: str
    """That of the file, without its ending, and with so much of its path as tells it from the others."""
    verdict: str
    """"right", "mistake", "unexplained", or "unreadable"."""
    mistakes: tuple[str, ...]
    alternatives: tuple[tuple[str, ...], ...]
    note: str
    """The factor or the first wrong array; why a file could not be read."""

    def __str__(self) -> str:
        name, *said = self.cells()
        return f"{name}: {'; '.join(filter(None, said))}"

    def cells(self) -> tuple[str, ...]:
        """A row of a table."""
        others = " or ".join(" + ".join(codes) for codes in self.alternatives)
        return self.name, self.verdict, " + ".join(self.mistakes), others, self.note


class Grades(Shown, list[Grade]):
    """The rows of a class. Prints as a table."""

    @property
    def ok(self) -> bool:
        """Whether every hand-in is right."""
        return all(row.verdict == "right" for row in self)

    def as_dicts(self) -> list[dict[str, Any]]:
        """The table for JSON."""
        return [asdict(row) for row in self]

    def as_csv(self) -> str:
        """The table for a spreadsheet. A cell that a spreadsheet would take for a formula is made a text."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows(
            [f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in row.cells()] for row in self
        )
        return out.getvalue().rstrip("\n")

    def __str__(self) -> str:
        return "\n".join(columns([HEAD, *(row.cells() for row in self)]))


def grade(
    problem: Problem,
    paths: Iterable[str | Path],
    samples: int | None = None,
    layout: str | None = None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Grades:
    """Diagnoses each file, by the first so many samples of a network's data, or by all, in the layout that is said.

    One that cannot be read is a row with its reason, never the end of the run; one that is not there has its whole path
    as name. With `jobs` so many processes share the work, or those of an `executor`, any of `concurrent.futures`' kind:
    on a cluster `dask.distributed`'s `client.get_executor()`, where the files must be there too. The table is the same.
    Raises `ProblemError` if there are not so many samples, or for less than 1 job.
    """
    if not isinstance(jobs, int) or jobs < 1:
        raise ProblemError(f"jobs must be a whole number, 1 or more, got {jobs!r}")
    data: tuple[Any, ...] = ()
    if samples is not None:
        data = as_network(problem).showing(samples).shown_samples
    files = [Path(path) for path in paths]
    one = partial(_grade, problem, data, layout)
    if executor is not None:
        return Grades(executor.map(one, files, _names(files)))
    return Grades(_shared(one, files, _names(files), min(jobs, len(files))))


def _shared(
    one: Callable[[Path, str], Grade], files: Sequence[Path], names: Sequence[str], jobs: int
) -> Iterator[Grade]:
    """The rows in their order, from so many processes. If one of these is killed, what is left is done in this one."""
    done = 0
    if jobs > 1:
        # Ctrl-C is for this process alone, which then waits for the files that are being read.
        with ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
            try:
                for row in pool.map(one, files, names, chunksize=1 + len(files) // (8 * jobs)):
                    yield row
                    done += 1
            except BrokenProcessPool:
                pass
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    yield from map(one, files[done:], names[done:])


def _names(files: Sequence[Path]) -> list[str]:
    """For each file its name without the ending, with as many folders before it as tell those that are there apart."""
    names = {path: str(path) for path in files}
    there = [path for path in names if os.path.isfile(path)]
    for count in range(1, max((len(path.parts) for path in there), default=0) + 1):
        short = [Path(*path.with_suffix("").parts[-count:]).as_posix() for path in there]
        if len(set(short)) == len(there):  # else they differ in their endings
            names |= zip(there, short, strict=True)
            break
    return [names[path] for path in files]


def _grade(problem: Problem, data: Sequence[Any], layout: str | None, path: Path, name: str) -> Grade:
    try:
        diagnosis = diagnose(problem, path, *data, layout=layout)
    except Exception as error:  # one file, whatever is in it, is not the end of the others
        return Grade(name, "unreadable", (), (), error_reason(error))
    details: dict[str, Any] = diagnosis.details
    if diagnosis.ok:
        few = details["precision"] == "few digits"
        said = ["of few digits: that says little"] * few + [diagnosis.right_for or ""] * bool(diagnosis.right_for)
        said += diagnosis.notes
        return Grade(name, "right", (), (), " ".join(said))
    if not diagnosis.mistakes:
        nearest = f"; nearest: {' + '.join(details['nearest']['mistakes'])}" if details.get("nearest") else ""
        return Grade(name, "unexplained", (), (), f"first wrong: {details['first_wrong']}{nearest}")
    note = ", ".join(f"{name} × {value:.6g}" for name, value in details.get("factors", {}).items())
    return Grade(name, "mistake", diagnosis.mistakes, diagnosis.alternatives, note)
