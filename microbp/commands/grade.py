"""The command `microbp grade`: a row for each learner."""

from __future__ import annotations

import argparse

from microbp.diagnosis.grading import as_csv, as_dicts, as_text, grade
from microbp.errors import ProblemError
from microbp.problems import Problem
from microbp.tabular import json_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the files stand after the problem."""
    parser.usage = "microbp grade PROBLEM FILE... [--csv | --json]"
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the table. Exit code: 0 if all are right, else 1."""
    if not options.files:
        raise ProblemError("grade needs one file of gradients or more: microbp grade PROBLEM submissions/*.npz")
    grades = grade(problem, options.files)
    print(json_text(as_dicts(grades)) if options.json else as_csv(grades) if options.csv else as_text(grades))
    return 0 if all(row.verdict == "right" for row in grades) else 1
