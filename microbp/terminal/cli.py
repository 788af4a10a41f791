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
from typing import TYPE_CHECKING, Any

from microbp.errors import MicrobpError, ProblemError
from microbp.printing import language, printable
from microbp.printing.language import ENGLISH
from microbp.terminal.arguments import complete, parse_options, parser_of
from microbp.terminal.command_table import (
    COMMANDS,
    INTERRUPTED,
    OURS,
    Command,
    command_module,
)
from microbp.terminal.console import ascii_fallback, settle_stdout, silence_stdout
from microbp.terminal.output import put_error
from microbp.terminal.streams import Streams

if TYPE_CHECKING:
    from microbp.problems import Problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process, if none are given); returns its exit code."""
    ascii_fallback()
    words = list(sys.argv[1:] if arguments is None else arguments)
    streams = Streams()
    if "_ARGCOMPLETE" in os.environ:
        complete()
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
        parser_of("").print_help()
        return 0
    options = parse_options(words)
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
