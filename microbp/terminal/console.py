"""What the command shares with the terminal it runs in: its encoding, and a reader who has had enough."""

from __future__ import annotations

import codecs
import os
import sys

_ASCII = {
    **{"∂": "d", "·": "*", "×": "x", "÷": "/", "−": "-", "–": "-", "←": "<-", "→": "->", "…": "..."},
    **{"Σ": "sum", "σ": "sigmoid", "√": "sqrt", "½": "1/2", "²": "^2", "³": "^3"},
    **{"◀": "<", "─": "-", "━": "=", "●": "*", "◉": "@", "○": "o"},
    **{"δ": "delta", "λ": "lambda", "Θ": "Theta", "η": "eta", "ᵀ": "^T", "⊙": "(*)", "′": "'", "‖": "||", "≠": "!="},
}


def ascii_fallback() -> None:
    """Lets a terminal that has no ∂ show d instead; nothing raises."""

    def instead(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        said = "".join(_ASCII.get(c, "?") for c in error.object[error.start : error.end])
        named = error.object[error.end - 1] == "Σ" and error.object[error.end : error.end + 1].isalnum()
        return f"{said}_" if named else said, error.end

    codecs.register_error("microbp", instead)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="microbp")


def open_streams() -> None:
    """Gives a process that was started without stdin, stdout or stderr one that leads nowhere.

    Else the next file that is opened would stand in its place, and get what is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115  # it stays
            setattr(sys, name, stream)


def settle_stdout() -> None:
    """Prints what is still to be printed, or forgets it if that cannot be: on a full disk, for example."""
    try:
        sys.stdout.flush()
    except OSError:
        silence_stdout()


def silence_stdout() -> None:
    """What is printed from now on goes nowhere: the reader, for example `head`, has had enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
