"""The command `microbp grade`: a row for each learner, of gradients or of a quiz."""

from __future__ import annotations

import argparse
import math
import os
import sys

from microbp.comparing.answers.code import SECONDS
from microbp.comparing.quizzes import mark_quizzes
from microbp.diagnosis.feedback import FORMS, write_feedback
from microbp.diagnosis.grading import grade
from microbp.errors import ProblemError
from microbp.printing import say
from microbp.problems import Problem
from microbp.terminal.commands.compare import named
from microbp.terminal.output import put

OF_GRADIENTS = ("layout", "names", "run", "function", "seconds", "jobs", "feedback", "feedback_format")
"""The options that a quiz has no use for."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the files stand after the problem."""
    parser.usage = "microbp grade PROBLEM FILE... [options]"
    parser.add_argument("--layout", metavar="WORDS", help="of all their arrays: in,out  columns  bias first  bias last")
    parser.add_argument("--names", nargs="+", default=[], metavar="MINE=NAME", help="what their names mean: g1=dW1")
    parser.add_argument(
        "--run", action="store_true", help="run .py files and notebooks, each in a process of its own, with limits"
    )
    parser.add_argument("--function", metavar="NAME", help="the function in their code that returns the gradients")
    parser.add_argument("--seconds", type=float, metavar="S", help=f"how long each may run (default: {SECONDS:g})")
    parser.add_argument("--jobs", type=int, metavar="N", help="share the work among N processes (default: all cores)")
    parser.add_argument("--feedback", metavar="DIR", help="write a file for each learner into this folder")
    parser.add_argument("--feedback-format", choices=FORMS, help="of these files (default: md)")
    parser.add_argument(
        "--quiz", action="store_const", const=1, help="they are quizzes, of a page or of step --quiz --json: mark them"
    )
    parser.add_argument("--quiz-every", dest="quiz", type=int, metavar="N", help="and they ask at every N-th step")
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the table. Exit code: 0 if all are right, else 1."""
    if not options.files:
        raise ProblemError("grade needs one file of gradients or more: microbp grade PROBLEM submissions/*.npz")
    if not any(map(os.path.exists, options.files)):
        raise ProblemError(f"none of these files is there: {', '.join(options.files)}; does a pattern match nothing?")
    if all(map(os.path.isdir, options.files)):
        raise ProblemError(
            f"grade needs files, {options.files[0]} is a folder: give what is in it, {options.files[0]}/*"
        )
    if options.csv and options.json:
        raise ProblemError("the table is printed once, as CSV or as JSON: give one of --csv and --json")
    if options.quiz is not None:
        return _mark(problem, options)
    for name in ("function", "seconds"):
        if getattr(options, name) is not None and not options.run:
            raise ProblemError(f"--{name} is for code that runs: give --run as well, if you trust the learners")
    if options.feedback_format and not options.feedback:
        raise ProblemError("--feedback-format is that of --feedback DIR: give that as well")
    seconds = SECONDS if options.seconds is None else options.seconds
    if not (math.isfinite(seconds) and seconds > 0):
        raise ProblemError(f"--seconds is a positive number, got {seconds}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    grades = grade(
        problem,
        options.files,
        options.samples,
        layout=options.layout,
        names=named(options.names),
        run=options.run,
        function=options.function,
        seconds=seconds,
        jobs=cores if options.jobs is None else options.jobs,
    )
    text = grades.as_csv() if options.csv else grades
    put(options, {"ok": grades.ok, "grades": grades.as_dicts()}, text, verbatim=options.csv)
    if options.feedback:
        made = write_feedback(grades, options.feedback, options.problem, options.feedback_format or "md")
        told = say("microbp: feedback for {count:,} learners in {folder}", count=len(made), folder=options.feedback)
        print(told, file=sys.stderr)
    return 0 if grades.ok else 1


def _mark(problem: Problem, options: argparse.Namespace) -> int:
    if given := [name for name in OF_GRADIENTS if getattr(options, name) not in (None, False, [])]:
        raise ProblemError(f"--{given[0].replace('_', '-')} is for gradients, and --quiz marks quizzes: leave one out")
    marks = mark_quizzes(problem.root(), options.files, options.quiz)
    put(options, marks.as_dict(), marks.as_csv() if options.csv else marks, verbatim=options.csv)
    return 0 if marks.ok else 1
