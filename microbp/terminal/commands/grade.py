"""The command `microbp grade`: a row for each learner."""

from __future__ import annotations

import argparse
import os

from microbp.diagnosis.grading import grade
from microbp.errors import ProblemError
from microbp.problems import Problem
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the files stand after the problem."""
    parser.usage = "microbp grade PROBLEM FILE... [--samples N] [--layout WORDS] [--jobs N] [--csv | --json]"
    parser.add_argument("--layout", metavar="WORDS", help="of all their arrays: in,out  columns  bias first  bias last")
    parser.add_argument("--jobs", type=int, metavar="N", help="share the work among N processes (default: all cores)")
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the table. Exit code: 0 if all are right, else 1."""
    if not options.files:
        raise ProblemError("grade needs one file of gradients or more: microbp grade PROBLEM submissions/*.npz")
    if not any(map(os.path.exists, options.files)):
        raise ProblemError(f"none of these files is there: {', '.join(options.files)}; does a pattern match nothing?")
    if options.csv and options.json:
        raise ProblemError("the table is printed once, as CSV or as JSON: give one of --csv and --json")
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jobs = jobs if options.jobs is None else options.jobs
    grades = grade(problem, options.files, options.samples, layout=options.layout, jobs=jobs)
    put(options, {"ok": grades.ok, "grades": grades.as_dicts()}, grades.as_csv() if options.csv else grades)
    return 0 if grades.ok else 1
