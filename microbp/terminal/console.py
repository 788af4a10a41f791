"""What the command and a long run share with the outside: the terminal's encoding, Ctrl-C, and places for files."""

from __future__ import annotations

import codecs
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from microbp.errors import ProblemError

_ASCII = {
    **{"∂": "d", "·": "*", "×": "x", "÷": "/", "−": "-", "–": "-", "←": "<-", "→": "->", "…": "..."},
    **{"Σ": "sum", "σ": "sigmoid", "√": "sqrt", "½": "1/2", "²": "^2", "³": "^3"},
    **{"◀": "<", "─": "-", "━": "=", "●": "*", "◉": "@", "○": "o"},
    **{"δ": "delta", "λ": "lambda", "Θ": "Theta", "η": "eta", "ᵀ": "^T", "⊙": "(*)", "′": "'", "‖": "||", "≠": "!="},
}


def speak_any_encoding() -> None:
    """Lets a terminal that has no ∂ show d instead; nothing raises."""

    def instead(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        said = "".join(_ASCII.get(c, "?") for c in error.object[error.start : error.end])
        named = error.object[error.end - 1] == "Σ" and error.object[error.end : error.end + 1].isalnum()
        return said + "_" * named, error.end

    codecs.register_error("microbp", instead)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="microbp")


def unheard() -> None:
    """What is printed from now on goes nowhere: the reader, `head` for one, has had enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def check_place(path: str | Path) -> None:
    """Raises `ProblemError`, before a run begins, if no file can stand there when it ends."""
    try:
        if Path(path).is_dir():
            raise IsADirectoryError("this is a folder")
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass
    except OSError as error:
        raise ProblemError(f"{path}: a file cannot stand here: {error}") from error


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Lets a step end before Ctrl-C takes effect: gives a function that says whether it was pressed.

    A second Ctrl-C is not held back. Elsewhere than in the main thread, where Python takes no signals, and in a process
    that was told to ignore Ctrl-C, it does nothing.
    """
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL  # None if it was not set from Python
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield pressed.is_set
        return

    def hold(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, hold)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
