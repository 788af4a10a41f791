"""Everything that microbp can complain about: one base class, one class per cause.

Catch `MicrobpError` to catch them all; each also derives from the built-in class a Python programmer
would expect (`OperandError` is a `TypeError`, `ShapeError` a `ValueError`, …).
"""

from __future__ import annotations

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


def unknown(kind: str, name: object, allowed: Iterable[str]) -> str:
    """Say that `name` is not one of `allowed`, and which of them is nearest.

    >>> unknown("loss", "hinje", ["hinge", "squared_error"])
    "unknown loss: 'hinje' (must be one of ['hinge', 'squared_error']; did you mean 'hinge'?)"
    """
    choices = sorted(allowed)
    name = name if len(str(name)) <= 80 else f"{str(name)[:80]}…"
    near = get_close_matches(str(name), choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind}: {name!r} (must be one of {choices}{hint})"
