"""The command `microbp`: each of the three jobs from a terminal, and `--json` for machines.

Exit code 0: done; 1: a comparison or a check found a difference; 2: bad usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from microbp.comparing.answers.formats import READERS
from microbp.errors import MicrobpError, ProblemError, nearest
from microbp.printing import printable
from microbp.problems import Problem, as_network, load
from microbp.terminal.commands import (
    compare,
    conventions,
    demo,
    diagnose,
    draw,
    explain,
    gradcheck,
    grade,
    ops,
    problems,
    step,
    train,
)
from microbp.terminal.console import ascii_fallback, silence_stdout

BUILT_IN = "a built-in problem (`microbp problems` lists them)"
NETWORK = f"{BUILT_IN}, or a .toml file"
PROBLEM = f"{BUILT_IN}, a .toml file, or an expression such as 'sigmoid(w*x + b)'"


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
    "compare": Command(
        compare, "compare the scalar graph, or your own gradients, with vectorized NumPy", "network", files=True
    ),
    "diagnose": Command(diagnose, "say which line of your derivation is wrong, from your gradients alone", files=True),
    "grade": Command(grade, "diagnose many learners' gradients: a row for each", files=True),
    "conventions": Command(conventions, "say which conventions give a published number", "network", samples=False),
    "explain": Command(
        explain, "derive the gradient of a weight: in the graph, with indices, as a matrix line", "network"
    ),
    "gradcheck": Command(gradcheck, "compare the chain rule with numeric derivatives"),
    "draw": Command(draw, "draw the graph, with values, grads and local derivatives"),
    "ops": Command(ops, "print the table of operations, or one of them", "nothing"),
    "problems": Command(problems, "list the built-in problems", "nothing"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process, if none are given); returns its exit code."""
    ascii_fallback()
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
    code = 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the same, and uses the first
            code = _run(COMMANDS[options.command], options)
        print(end="", flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        silence_stdout()
    except (MicrobpError, OSError) as error:
        print(f"microbp: {printable(str(error))}", *getattr(error, "__notes__", ()), sep="\n\n", file=sys.stderr)
        return 2
    return code


def _is_expression(word: str) -> bool:
    """Whether a word that begins with a minus may be meant as an expression."""
    return word[:1] == "-" != word[1:2] and any(sign in word[1:] for sign in "+-*/()")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="microbp",
        description="Step through, draw and check backpropagation.",
        epilog="Exit code: 0 done, 1 a difference was found, 2 bad usage.",
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
    problem = load(options.problem, numbers)
    samples = getattr(options, "samples", None)
    return problem if samples is None else as_network(problem).showing(samples)
