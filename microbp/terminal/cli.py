"""The command `microbp`: each of the three jobs from a terminal, and `--json` for machines.

The module of a command is imported when it is called, so that none waits for what another needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from microbp.errors import MicrobpError, ProblemError, near, nearest
from microbp.printing import columns, language, languages, printable
from microbp.printing.language import ENGLISH
from microbp.printing.version import __version__
from microbp.terminal.command_table import (
    COMMANDS,
    EXIT_CODES,
    INTERRUPTED,
    NETWORK,
    OURS,
    PROBLEM,
    Command,
    command_module,
)
from microbp.terminal.console import ascii_fallback, settle_stdout, silence_stdout
from microbp.terminal.output import put_error
from microbp.terminal.streams import Streams

if TYPE_CHECKING:
    from microbp.problems import Problem

MAY_BE_EMPTY = ("show",)
"""Options for which an empty text means something: show nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process, if none are given); returns its exit code."""
    ascii_fallback()
    words = list(sys.argv[1:] if arguments is None else arguments)
    streams = Streams()
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    try:
        code = _main(words, streams)
        streams.flush()
        return code
    except KeyboardInterrupt:
        print("microbp: interrupted", file=sys.stderr)
        return _failed(words, INTERRUPTED, "KeyboardInterrupt", "interrupted")
    except (MicrobpError, OSError) as error:
        said = streams.named(printable(str(error)))
        print(f"microbp: {said}", *getattr(error, "__notes__", ()), sep="\n\n", file=sys.stderr)
        return _failed(words, 2, type(error).__name__, said)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        said = _of_ours(error)
        print(f"microbp: {said}", file=sys.stderr)
        return _failed(words, OURS, type(error).__name__, said)
    finally:
        streams.close()


def _complete() -> None:
    """Answers a shell that asks how the line goes on, and exits: `eval "$(register-python-argcomplete microbp)"`."""
    import argcomplete

    words = os.environ["COMP_LINE"].split()
    argcomplete.autocomplete(_parser(words[1] if words[1:] and words[1] in COMMANDS else ""))


def _problems(prefix: str, **_: Any) -> list[str]:
    """What may stand for a problem, for a shell: the built-in ones, or a file in the folder that is begun."""
    from argcomplete.completers import FilesCompleter

    from microbp.problems.loading import builtin_names

    return [*builtin_names(), *FilesCompleter(["toml", "py"])(prefix)]


def _failed(words: Sequence[str], code: int, kind: str, said: str) -> int:
    if "--json" in words:
        put_error(code, kind, said)
    settle_stdout()
    return code


def _of_ours(error: Exception) -> str:
    """Says that an error is no one else's, and where it is: nobody should look for it in their gradients."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = printable(f"{type(error).__name__}: {error}"[:300])
    return (
        f"this is an error of microbp's own, not of your input: {said} "
        f"({Path(where.filename).name} line {where.lineno}). Please report it with "
        "your command; python -X dev -m microbp … shows all of it"
    )


def _main(words: list[str], streams: Streams) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words:
        _parser("").print_help()
        return 0
    options = _parsed(words)
    code = 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the same, and uses the first
            command = COMMANDS[options.command]
            with language(options.lang if command.speaks else ENGLISH):
                code = _run(command, options, streams)
        print(end="", flush=True)
    except BrokenPipeError:
        silence_stdout()
    return code


def _parsed(words: list[str]) -> argparse.Namespace:
    """The options of a command line. What is none, or has no value, ends the command with a line that says so."""
    name = words[0] if words[0] in COMMANDS else ""
    parser = _parser(name)
    _Parser.json = "--json" in words
    if not name and not words[0].startswith("-"):
        parser.error(nearest("command", words[0], COMMANDS))
    options, rest = parser.parse_known_args(words)
    if not options.command:
        parser.error(f"unrecognized arguments: {' '.join(rest)}" if rest else "which command?")
    takes_more = hasattr(options, "numbers")  # files and numbers may stand after an option too
    if wrong := [word for word in rest if not takes_more or (word.startswith("-") and word != "-")]:
        options.refuse(f"unrecognized arguments: {' '.join(wrong)}{_meant(wrong, options.options)}")
    if rest:
        options.numbers += rest
    for option, value in vars(options).items():
        if value == "" and option not in MAY_BE_EMPTY:
            options.refuse(f"{option.replace('_', '-')} needs something, got ''")
    return options


def _meant(wrong: Sequence[str], options: Sequence[str]) -> str:
    """What may have been meant by words that are no options."""
    names = [option[2:] for option in options]
    meant = [name for word in wrong if word.startswith("--") for name in near(word[2:], names)]
    if meant:
        return f"; did you mean --{meant[0]}?"
    return "; brackets let an expression begin with a minus: '(-x**2)'" if any(map(_is_expression, wrong)) else ""


def _is_expression(word: str) -> bool:
    """Whether a word that begins with a minus may be meant as an expression."""
    return word[:1] == "-" != word[1:2] and any(sign in word[1:] for sign in "+-*/()")


class _Parser(argparse.ArgumentParser):
    """One whose messages are one line each, whatever was typed, and whose options are written in full."""

    json = False
    """Whether errors are told to a machine."""

    def __init__(self, **more: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **more)

    def error(self, message: str) -> NoReturn:
        """Prints it, below the usage, and exits with 2."""
        if self.json:
            put_error(2, "UsageError", printable(message))
        super().error(printable(message))


def _parser(command: str) -> _Parser:
    """The parser, with the options of one command: the others are named alone."""
    codes = "\n".join(columns([(f"  {code}", said) for code, said in EXIT_CODES.items()]))
    parser = _Parser(
        prog="microbp",
        description="Step through, draw and check backpropagation.",
        epilog=f"exit codes:\n{codes}\n\nmicrobp help COMMAND says more of one.",
    )
    parser.add_argument("--version", action="version", version=f"microbp {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    for name, row in COMMANDS.items():
        example = f"example:\n  microbp {name} {row.example}"
        sub = commands.add_parser(name, help=row.about, description=row.about, epilog=example)
        if name == command:
            _add_options(sub, name, row)
    return parser


def _add_options(parser: _Parser, name: str, row: Command) -> None:
    if row.takes != "nothing":
        problem = parser.add_argument("problem", help=NETWORK if row.takes == "network" else PROBLEM)
        problem.completer = _problems  # type: ignore[attr-defined]  # argcomplete's
        told = argparse.SUPPRESS if row.takes == "network" else "a number for each name in an expression"
        parser.add_argument("numbers", nargs="*", default=[], metavar="NAME=NUMBER", help=told)
        if row.samples:
            parser.add_argument("--samples", type=int, metavar="N", help="take the first N samples of the data")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    if row.speaks:
        said = "the language of what it prints (default: MICROBP_LANG, or en)"
        parser.add_argument("--lang", choices=languages(), help=said)
    command_module(name).add_options(parser)
    parser.set_defaults(refuse=parser.error, options=list(parser._option_string_actions))


def _run(command: Command, options: argparse.Namespace, streams: Streams) -> int:
    run: Callable[..., int] = command_module(options.command).run
    if command.takes == "nothing":
        streams.replace(options)
        return run(options)
    if command.files:  # words without =, and those that are there
        options.files = [text for text in options.numbers if "=" not in text or os.path.isfile(text)]
        options.numbers = [text for text in options.numbers if text not in options.files]
    streams.replace(options)
    problem = _load(options, command.files)
    if command.takes == "network":
        from microbp.problems import as_network

        problem = as_network(problem)
    return run(problem, options)


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning for people: the line of code that it came from is not theirs."""
    print(f"microbp: warning: {printable(str(message))}", file=sys.stderr)


def _load(options: argparse.Namespace, files: bool) -> Problem:
    from microbp.comparing.answers.formats.by_ending import READERS
    from microbp.problems import as_network, load

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
    problem: Problem | None = None
    if ".py" in options.problem:
        from microbp.terminal.own_code import graph_of, is_own_code  # which brings the debugger

        problem = graph_of(options.problem) if is_own_code(options.problem) else None
    problem = problem or load(options.problem, numbers)
    samples = getattr(options, "samples", None)
    return problem if samples is None else as_network(problem).showing(samples)
