"""What all commands print: text for people, JSON for machines."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.printing import json_text
from microbp.terminal.console import silence_stdout


def put(options: argparse.Namespace, data: Any, text: Any) -> None:
    """Prints the data with --json, else the text."""
    try:
        print(json_text(data) if options.json else text, flush=True)
    except BrokenPipeError:
        silence_stdout()  # the exit code says it all the same
