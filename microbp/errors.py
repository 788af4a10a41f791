"""Everything that microbp can complain about: one base class, one class per cause.

Catch `MicrobpError` to catch them all; each also derives from the built-in class a Python programmer
would expect (`OperandError` is a `TypeError`, `ShapeError` a `ValueError`, …).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches


class MicrobpError(Exception):
    """The base class of every error that microbp raises on purpose."""


class FormulaError(MicrobpError, ValueError):
    """A formula, or an expression of the user's, is not in the language of the table."""


class OperandError(MicrobpError, TypeError):
    """An operation got something that is neither a number nor a `Value`."""


class DomainError(MicrobpError, ArithmeticError):
    """A result left the real line, and `errstate("raise")` is in force."""


class GraphError(MicrobpError, ValueError):
    """A graph is of the wrong kind or too large for what was asked."""


class DecisionError(GraphError):
    """A graph was recorded under a comparison of values that other numbers decide the other way."""


class ShapeError(MicrobpError, ValueError):
    """Arrays whose shapes do not fit each other."""


class UnknownNameError(MicrobpError, ValueError):
    """A name that is not among the allowed ones."""


class ProblemError(MicrobpError, ValueError):
    """A problem file, or an expression given as a problem, cannot be used."""


class RendererError(MicrobpError, RuntimeError):
    """No program was found that turns DOT text into a picture, or it failed, or took too long."""


class ExtraError(MicrobpError, ImportError):
    """A package that only some of microbp needs is not installed."""


class NonFiniteWarning(RuntimeWarning):
    """A result left the real line (inf or nan), and `errstate("warn")`, the default, is in force."""


class DrawingWarning(UserWarning):
    """A picture can be drawn, but hardly read."""


def place_outside(*packages: str) -> tuple[str, int]:
    """The file and the line from which microbp was called, by code of none of these packages either.

    >>> file, line = place_outside()
    >>> line > 0
    True
    """
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "microbp").partition(".")[0] in ("microbp", *packages):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def near(name: object, allowed: Iterable[str], most: int = 1) -> list[str]:
    """The names that are nearest to one: those that look like it, at the most so many.

    >>> near("lerning_rate", ["learning_rate", "steps"]), near("z", ["learning_rate", "steps"])
    (['learning_rate'], [])
    """
    return get_close_matches(str(name), list(allowed), n=most, cutoff=0.6 if most == 1 else 0.3)


def nearest(kind: str, name: object, allowed: Iterable[str], most: int | None = None) -> str:
    """Says that there is no `kind` of that name, and which name is nearest: the one look-up with a hint.

    All that are allowed are named; with `most`, for the labels of a graph, which may be thousands, at the most so many
    that look like it, or the first.

    >>> nearest("loss", "hinje", ["hinge", "squared_error"])
    "unknown loss: 'hinje' (must be one of ['hinge', 'squared_error']; did you mean 'hinge'?)"
    >>> nearest("leaf", "w9", ["w1", "w2", "w3", "b"], most=2)
    "no leaf is called 'w9'; nearest: w3, w2"
    """
    allowed = list(allowed)
    name = name if len(str(name)) <= 80 else f"{str(name)[:80]}…"
    if most:
        return f"no {kind} is called {name!r}; nearest: {', '.join(near(name, allowed, most) or allowed[:most])}"
    hint = "".join(f"; did you mean {choice!r}?" for choice in near(name, sorted(allowed)))
    return f"unknown {kind}: {name!r} (must be one of {sorted(allowed)}{hint})"
