"""The commands `microbp conventions` and `microbp grade`: their options, and what they print."""

from __future__ import annotations

import argparse

from microbp.diagnosis.conventions import reproduce
from microbp.diagnosis.grading import as_csv, as_dicts, as_text, grade
from microbp.errors import ProblemError
from microbp.problems import Problem
from microbp.tabular import json_text


def add_conventions(parser: argparse.ArgumentParser) -> None:
    """The options of `conventions`."""
    parser.add_argument("--published", required=True, metavar="NUMBER", help="the number, with all digits it has")
    parser.add_argument("--steps", type=int, help="after how many steps it is said to be (the problem's own)")


def conventions(problem: Problem, options: argparse.Namespace) -> int:
    """Prints which conventions give the number. Exit code: 0, 1 if none do."""
    if options.steps is not None and options.steps < 0:
        raise ProblemError(f"--steps is a number of steps, 0 or more; got {options.steps}")
    found = reproduce(problem, options.published, options.steps)
    print(json_text(found.as_dict()) if options.json else found)
    return 0 if found.ok else 1


def add_grade(parser: argparse.ArgumentParser) -> None:
    """The options of `grade`; the files stand after the problem."""
    parser.usage = "microbp grade PROBLEM FILE... [--csv | --json]"
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")


def grade_files(problem: Problem, files: list[str], options: argparse.Namespace) -> int:
    """Prints the table. Exit code: 0 if all are right, else 1."""
    if not files:
        raise ProblemError("grade needs one file of gradients or more: microbp grade PROBLEM submissions/*.npz")
    grades = grade(problem, files)
    print(json_text(as_dicts(grades)) if options.json else as_csv(grades) if options.csv else as_text(grades))
    return 0 if all(row.verdict == "right" for row in grades) else 1
