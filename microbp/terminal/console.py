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


def silence_stdout() -> None:
    """What is printed from now on goes nowhere: the reader, for example `head`, has had enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
