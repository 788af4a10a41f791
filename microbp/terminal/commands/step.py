"""The command `microbp step`: its options, and what each of them starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from microbp.errors import GraphError, MicrobpError, UnknownNameError, nearest
from microbp.printing import json_text, printable, say, write_file
from microbp.problems import NetworkProblem, Problem
from microbp.stepping import sentences
from microbp.stepping.questions import as_dict, as_gift, questions
from microbp.stepping.stepper import DETAILS, Stepper
from microbp.terminal.debugger import Debugger
from microbp.terminal.output import put, versioned
from microbp.terminal.quiz import Quiz

FORMATS: dict[str, Callable[[Stepper], Iterable[str]]] = {
    "md": sentences.pass_as_markdown,
    "latex": sentences.pass_as_latex,
    "json": lambda stepper: [json_text(versioned(sentences.pass_as_dict(stepper)))],
}
"""The forms of a whole pass, other than text."""
NOT_AT = {
    "html": "writes a page of the whole pass",
    "quiz": "asks for one step after another",
    "quiz_export": "writes the questions of the whole pass",
    **dict.fromkeys(("by", "all", "format", "json"), "prints the whole pass"),
}
"""What --at does not go with, as it stops the debugger at a step: the options, and what they do instead."""

NOT_ONE_SAMPLE = {"html": "writes a page that has all, with a switch", "by": "adds up what each of them brings"}
"""What --sample does not go with, and why."""
INSTEAD = {
    "html": "writes a page",
    "quiz_export": "writes questions",
    "quiz": "asks for one step after another",
    "by": "prints the pass weight by weight",
    "format": "prints the pass in its form",
    "all": "prints the whole pass",
}
"""What each of these options does; of two of them one would have no effect."""
TOGETHER = {"quiz": ("quiz_export",), "all": ("by", "format")}
"""Options of these that only say more of another."""
UNHEARD = {
    "commands": ("html", "quiz_export", "by", "format", "all"),
    "batch": ("html", "quiz_export", "by", "format", "all"),
    "steps": ("html", "quiz_export", "quiz"),
    "only": ("html", "quiz", "by"),
    "detail": ("html", "quiz_export", "quiz", "by", "format"),
}
"""Options that have no effect with those."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "-c", dest="commands", action="append", default=[], metavar="COMMAND", help="run this command first"
    )
    parser.add_argument("--at", metavar="NAME", help="go on to the first step at which something arrives at NAME")
    parser.add_argument("--batch", action="store_true", help="run only the commands given with -c")
    parser.add_argument("--detail", choices=DETAILS, default=DETAILS[0], help="what is one step (default: %(default)s)")
    parser.add_argument("--sample", type=int, metavar="K", help="show the steps of this sample alone, 1 for the first")
    parser.add_argument("--only", choices=("parameters",), help="leave out what comes to the inputs of the network")
    parser.add_argument("--steps", type=int, default=1, metavar="N", help="go on: update, next forward pass, N passes")
    parser.add_argument("--all", action="store_true", help="print the whole pass")
    parser.add_argument("--format", choices=("text", *FORMATS), help="print the whole pass in this form")
    parser.add_argument("--by", choices=("weight",), help="print the whole pass weight by weight, as Markdown")
    parser.add_argument("--html", metavar="FILE", help="write a page to click through, in one file")
    parser.add_argument("--quiz", action="store_const", const=1, help="ask what comes, at every step")
    parser.add_argument("--quiz-every", dest="quiz", type=int, metavar="N", help="ask at every N-th step")
    parser.add_argument("--quiz-export", metavar="FILE", help="write the questions: .gift for Moodle, or .json")
    parser.set_defaults(default=parser.get_default)


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the whole pass, or starts the debugger or the quiz; returns the exit code."""
    _check(options)
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    if options.html:
        from microbp.drawing.page.page import RATE, page  # which brings all that draws

        rate = problem.training.learning_rate if isinstance(problem, NetworkProblem) else RATE
        place = page(problem.root(), options.html, model=problem.model, title=problem.title, learning_rate=rate)
        put(options, {"page": str(place)}, say("Page: {file}", file=printable(str(place))))
        return 0
    if options.quiz_export:
        return _export(problem, options)
    if options.quiz is not None:
        quiz = Quiz(problem, options.quiz, stdout=sys.stderr if options.json else sys.stdout, sample=options.sample)
        code = quiz.run(options.commands, options.batch)
        if options.json:
            put(options, quiz.log(), "")
        return code
    return _tell(problem, options)


def _check(options: argparse.Namespace) -> None:
    """Raises `MicrobpError` for options of which one would have no effect."""
    for name, does in NOT_AT.items() if options.at is not None else ():
        if getattr(options, name) not in (None, False):
            raise MicrobpError(f"--at goes on to a step in the debugger, {_option(name)} {does}: give one of the two")
    for name, why in NOT_ONE_SAMPLE.items() if options.sample is not None else ():
        if getattr(options, name):
            said = f"--sample tells the steps of one sample, and {_option(name)} {why}"
            raise MicrobpError(f"{said}: leave one of the two out")
    given = [name for name in INSTEAD if getattr(options, name) not in (None, False)]
    given = [name for name in given if not set(TOGETHER.get(name, ())).intersection(given)]
    if len(given) > 1:
        one, other = (f"{_option(name)} {INSTEAD[name]}" for name in given[:2])
        raise MicrobpError(f"{one}, {other}: give one of the two")
    for name, products in UNHEARD.items() if given else ():
        if given[0] in products and getattr(options, name) != options.default(name):
            what = f"{_option(given[0])}, which {INSTEAD[given[0]]}"
            raise MicrobpError(f"{_option(name)} has no effect with {what}: leave one of the two out")


def _option(name: str) -> str:
    """How an option is typed."""
    return "-c" if name == "commands" else f"--{name.replace('_', '-')}"


def _tell(problem: Problem, options: argparse.Namespace) -> int:
    """The debugger, or the whole pass in one of its forms."""
    form = options.format or ("json" if options.json else None) or ("text" if options.all else None)
    if options.steps < 1 or (options.steps > 1 and form not in (None, "text")):
        raise MicrobpError(f"--steps is a number of passes, 1 or more, for text or the debugger; got {options.steps}")
    debugger = Debugger(problem, options.detail, sample=options.sample, passes=options.steps)
    if options.only:
        _tell_parameters(debugger.stepper, problem)
    if not form and not options.by:
        return debugger.run([*options.commands, *_going(debugger, options.at)], options.batch)
    for k in range(options.steps):
        if k:
            debugger.stepper.goto(len(debugger.stepper))
            debugger.do_update("")
        if options.by:
            lines = _by_weight(problem, debugger.stepper)
        else:
            lines = FORMATS[form](debugger.stepper) if form in FORMATS else debugger.screen.whole_pass(problem.leaves())
        for line in lines:
            print(line)
    return 0


def _export(problem: Problem, options: argparse.Namespace) -> int:
    """Writes the questions of a quiz. Raises `UnknownNameError` for another kind of file."""
    kind = Path(options.quiz_export).suffix
    if kind not in (".gift", ".json"):
        raise UnknownNameError(nearest("kind of quiz", kind, (".gift", ".json")))
    stepper = Stepper(problem.root(), sample=options.sample)
    if options.only:
        _tell_parameters(stepper, problem)
    asked = questions(stepper, 1 if options.quiz is None else options.quiz)
    if not asked:
        raise MicrobpError(f"--quiz-export finds nothing to ask: none of the {len(stepper.shown)} steps is left")
    data = as_dict(asked, options.problem)
    text = as_gift(asked, options.problem) if kind == ".gift" else json_text(versioned(data))
    place = write_file(options.quiz_export, text.encode())
    count = len(asked)
    said = say("1 question: {file}", file=place) if count == 1 else say("{n} questions: {file}", n=count, file=place)
    put(options, {"quiz": str(place), "questions": count}, said)
    return 0


def _tell_parameters(stepper: Stepper, problem: Problem) -> None:
    known = set(problem.leaves())
    stepper.tell(lambda step: step.input.op is not None or step.input in known)


def _going(debugger: Debugger, name: str | None) -> list[str]:
    """The command that goes on to a name. Raises `UnknownNameError` if there is none, `GraphError` for the root."""
    if name is None:
        return []
    if debugger.stepper.root in debugger.stepper.find_all(name):
        raise GraphError(f"--at needs a value that something arrives at, got {name!r}, the root: the pass begins there")
    return [f"continue {name}"]


def _by_weight(problem: Problem, stepper: Stepper) -> Iterable[str]:
    if isinstance(problem, NetworkProblem):
        return sentences.by_weight(stepper, problem.trained(), problem.training.learning_rate)
    return sentences.by_weight(stepper, problem.leaves())
