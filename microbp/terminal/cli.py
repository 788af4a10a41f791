"""The command `microbp`: each of the three jobs from a terminal, and `--json` for machines.

Exit code 0: done; 1: a comparison or a check found a difference; 2: bad usage, or a file that cannot be read or
written; 70: an error of microbp's own; 130: interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from microbp.comparing.answers.formats.by_ending import READERS
from microbp.errors import MicrobpError, ProblemError, nearest
from microbp.printing import printable
from microbp.problems import Problem, as_network, load
from microbp.terminal.commands import (
    check,
    compare,
    compile,
    conventions,
    demo,
    diagnose,
    draw,
    gradcheck,
    grade,
    ops,
    problems,
    step,
    train,
)
from microbp.terminal.commands.formulas import explain, forward
from microbp.terminal.console import ascii_fallback, settle_stdout, silence_stdout
from microbp.terminal.own_code import graph_of, is_own_code

OURS = 70
"""The exit code of an error of microbp's own: sysexits.h calls it EX_SOFTWARE."""
MAY_BE_EMPTY = ("show",)
"""Options for which an empty text means something: show nothing."""
BUILT_IN = "a built-in problem (`microbp problems` lists them)"
NETWORK = f"{BUILT_IN}, or a .toml file"
PROBLEM = (
    f"{BUILT_IN}, a .toml file, or an expression such as 'sigmoid(w*x + b)'; or mine.py:loss, a value of your code"
)


class Command(NamedTuple):
    """One row of the table: a module with `add_options` and `run`, and what to give it."""

    module: ModuleType
    about: str
    takes: str = "problem"
    """ "problem", "network" (a problem that is no expression), or "nothing"."""
    samples: bool = True
    """Whether a part of the samples can be asked for."""
    files: bool = False
    """Whether files of gradients may stand after the problem."""


COMMANDS = {
    "demo": Command(
        demo, "the main job on the w1–w8 network: forward, backward, update, comparison, picture", "nothing"
    ),
    "train": Command(train, "train a network; what is not given, the problem says", "network", samples=False),
    "step": Command(step, "step through the backward pass in a debugger, or as a quiz, or print all of it"),
    "forward": Command(forward, "print every net and activation with its numbers put in"),
    "compare": Command(
        compare, "compare the scalar graph, or your own gradients, with vectorized NumPy", "network", files=True
    ),
    "diagnose": Command(diagnose, "say which line of your derivation is wrong, from your gradients alone", files=True),
    "grade": Command(grade, "diagnose many learners' gradients: a row for each", files=True),
    "conventions": Command(conventions, "say which conventions give a published number", "network", samples=False),
    "check": Command(check, "say which line of any backward pass in NumPy is wrong: yours, in a file", "nothing"),
    "explain": Command(
        explain, "derive the gradient of a weight: in the graph, with indices, as a matrix line", "network"
    ),
    "gradcheck": Command(gradcheck, "compare the chain rule with numeric derivatives"),
    "draw": Command(draw, "draw the graph, with values, grads and local derivatives"),
    "compile": Command(compile, "print the forward and the backward pass as a Python module that stands alone"),
    "ops": Command(ops, "print the table of operations, or one of them", "nothing"),
    "problems": Command(problems, "list the built-in problems", "nothing"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process, if none are given); returns its exit code."""
    ascii_fallback()
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        print("microbp: interrupted", file=sys.stderr)
        return 130
    except (MicrobpError, OSError) as error:
        print(f"microbp: {printable(str(error))}", *getattr(error, "__notes__", ()), sep="\n\n", file=sys.stderr)
        settle_stdout()
        return 2
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        print(f"microbp: {_of_ours(error)}", file=sys.stderr)
        settle_stdout()
        return OURS


def _of_ours(error: Exception) -> str:
    """Says that an error is no one else's, and where it is: nobody should look for it in their gradients."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = printable(f"{type(error).__name__}: {error}"[:300])
    return (
        f"this is an error of microbp's own, not of your input: {said} "
        f"({Path(where.filename).name} line {where.lineno}). Please report it with "
        "your command; python -X dev -m microbp … shows all of it"
    )


def _main(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        parser.error(nearest("command", words[0], COMMANDS))
    options, rest = parser.parse_known_args(words)
    if wrong := [word for word in rest if word.startswith("-") or not hasattr(options, "numbers")]:
        hint = "; brackets let an expression begin with a minus: '(-x**2)'" if any(map(_is_expression, wrong)) else ""
        options.refuse(f"unrecognized arguments: {' '.join(wrong)}{hint}")
    if rest:
        options.numbers += rest  # files and numbers may stand after an option too
    for name, value in vars(options).items():
        if value == "" and name not in MAY_BE_EMPTY:
            options.refuse(f"{name.replace('_', '-')} needs something, got ''")
    code = 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the same, and uses the first
            code = _run(COMMANDS[options.command], options)
        print(end="", flush=True)
    except BrokenPipeError:
        silence_stdout()
    return code


def _is_expression(word: str) -> bool:
    """Whether a word that begins with a minus may be meant as an expression."""
    return word[:1] == "-" != word[1:2] and any(sign in word[1:] for sign in "+-*/()")


class _Parser(argparse.ArgumentParser):
    """One whose messages are one line each, whatever was typed."""

    def error(self, message: str) -> NoReturn:
        """Prints it, below the usage, and exits with 2."""
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="microbp",
        description="Step through, draw and check backpropagation.",
        epilog="Exit code: 0 done, 1 a difference was found, 2 bad usage, 70 an error of ours, 130 interrupted.",
    )
    commands = parser.add_subparsers(dest="command", title="commands", required=True, metavar="COMMAND")
    for name, row in COMMANDS.items():
        sub = commands.add_parser(name, help=row.about, description=row.about)
        if row.takes != "nothing":
            sub.add_argument("problem", help=NETWORK if row.takes == "network" else PROBLEM)
            told = argparse.SUPPRESS if row.takes == "network" else "a number for each name in an expression"
            sub.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help=told)
            if row.samples:
                sub.add_argument("--samples", type=int, metavar="N", help="take the first N samples of the data")
        sub.add_argument("--json", action="store_true", help="print JSON, for machines")
        sub.set_defaults(refuse=sub.error)
        row.module.add_options(sub)
    return parser


def _run(command: Command, options: argparse.Namespace) -> int:
    if command.takes == "nothing":
        return int(command.module.run(options))
    if command.files:  # words without =, and those that are there
        options.files = [text for text in options.numbers if "=" not in text or os.path.isfile(text)]
        options.numbers = [text for text in options.numbers if text not in options.files]
    problem = _load(options, command.files)
    return int(command.module.run(as_network(problem) if command.takes == "network" else problem, options))


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning for people: the line of code that it came from is not theirs."""
    print(f"microbp: warning: {printable(str(message))}", file=sys.stderr)


def _load(options: argparse.Namespace, files: bool) -> Problem:
    if Path(options.problem).suffix.lower() in READERS:
        said = f"the problem comes first, and {options.problem!r} is a file of gradients"
        raise ProblemError(f"{said}: for example microbp {options.command} w1-w8{' mine.npz' if files else ''}")
    numbers: dict[str, float] = {}
    for text in options.numbers:
        name, _, number = (part.strip() for part in text.partition("="))
        if name in numbers:
            typed = getattr(options, "gradients", None) or ""
            hint = f", or join gradients with a comma: --gradients {typed},{text}" if "=" in typed else ""
            raise ProblemError(f"{name} has two numbers, {numbers[name]} and {number}: give it one{hint}")
        try:
            numbers[name] = float(number)
        except ValueError:
            raise ProblemError(
                f"a number for a name is given as NAME=NUMBER, for example w=0.5; got {text!r}"
            ) from None
    problem = graph_of(options.problem) if is_own_code(options.problem) else load(options.problem, numbers)
    samples = getattr(options, "samples", None)
    return problem if samples is None else as_network(problem).showing(samples)
