"""The words of a command line as options: what can stand there, and what is told of what cannot.

>>> parse_options(["ops", "tanh", "--source"]).source
True
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from microbp.errors import near, nearest
from microbp.printing import columns, languages, printable
from microbp.printing.version import __version__
from microbp.terminal.command_table import COMMANDS, EXIT_CODES, NETWORK, PROBLEM, Command, command_module
from microbp.terminal.output import put_error

MAY_BE_EMPTY = ("show",)
"""Options for which an empty text means something: show nothing."""


def complete() -> None:
    """Answers a shell that asks how the line goes on, and exits: `eval "$(register-python-argcomplete microbp)"`."""
    import argcomplete

    words = os.environ["COMP_LINE"].split()
    argcomplete.autocomplete(parser_of(words[1] if words[1:] and words[1] in COMMANDS else ""))


def _problems(prefix: str, **_: Any) -> list[str]:
    """What may stand for a problem, for a shell: the built-in ones, or a file in the folder that is begun."""
    from argcomplete.completers import FilesCompleter

    from microbp.problems.loading import builtin_names

    return [*builtin_names(), *FilesCompleter(["toml", "py"])(prefix)]


def parse_options(words: list[str]) -> argparse.Namespace:
    """The options of a command line. What is none, or has no value, ends the command with a line that says so."""
    name = words[0] if words[0] in COMMANDS else ""
    parser = parser_of(name)
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


def parser_of(command: str) -> _Parser:
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
