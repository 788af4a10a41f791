"""What all commands print: text for people, JSON for machines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from microbp.printing import in_width, json_text
from microbp.printing.version import __version__
from microbp.terminal.colours import painted, wants_colour
from microbp.terminal.console import silence_stdout


def put(options: argparse.Namespace, data: Mapping[str, Any], text: object, *, verbatim: bool = False) -> None:
    """Prints the data with --json, else the text: beside a file that goes to stdout, for people on stderr.

    Text fits the terminal, unless it is `verbatim`, such as code; where a program reads it, its lines are whole.
    """
    stream = sys.stderr if getattr(options, "stdout_is_taken", False) else sys.stdout
    shown: str = options.named(in_width(str(text)) if stream.isatty() and not verbatim else str(text))
    if options.json:
        shown = json_text(versioned(data))
    elif wants_colour(stream):
        shown = painted(shown)
    try:
        print(shown, file=stream, flush=True)
    except BrokenPipeError:
        silence_stdout()  # the exit code says it all the same


def put_error(code: int, kind: str, said: str) -> None:
    """Prints an error as JSON."""
    try:
        print(json_text(versioned({"error": {"code": code, "kind": kind, "message": said}})), flush=True)
    except BrokenPipeError:
        silence_stdout()


def versioned(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is printed for machines: an object that says which microbp it is of."""
    return {"microbp": __version__, **data}
