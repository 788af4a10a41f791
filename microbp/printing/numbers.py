"""How a number, and the name of a derivative, is printed: here and nowhere else."""

from __future__ import annotations

DIGITS = 9
"""Decimals, as the texts print them."""


def number_text(number: float, digits: int = 4) -> str:
    """A number for people: significant digits, never a rounded-away zero, with a true minus sign.

    >>> number_text(0.59326999), number_text(-0.000004), number_text(2.0)
    ('0.5933', '−4e−06', '2')
    """
    return f"{number:.{digits}g}".replace("-", "−")


def decimals(number: float) -> str:
    """A number with nine decimals, as the texts print them; with nine digits if it is very small or large.

    >>> decimals(0.08216704056), decimals(0.74136506955), decimals(0.05), decimals(-2.0), decimals(4e-12)
    ('0.082167041', '0.741365070', '0.05', '−2', '4e−12')
    """
    number += 0.0  # no −0.0
    rounded = f"{number:.{DIGITS}f}"
    if float(rounded) == number or not 1e-6 <= abs(number) < 1e6:
        rounded = f"{number:.{DIGITS}g}"
    return rounded.replace("-", "−")


def factor(number: float) -> str:
    """A number that stands in a product or sum: negative ones in brackets."""
    return f"({decimals(number)})" if number < 0 else decimals(number)


def derivative(of: str, by: str) -> str:
    """∂of/∂by, with brackets round what is no single name.

    >>> derivative("E", "a + b")
    '∂E/∂(a + b)'
    """
    return f"∂{_bracketed(of)}/∂{_bracketed(by)}"


def _bracketed(name: str) -> str:
    return f"({name})" if any(c in name for c in " ·^/−*+") else name


def printable(text: str) -> str:
    r"""Text on one line, whatever is in it: what would command a terminal or a renderer stands as its escape.

    >>> print(printable("net\x1b[31m\n"))
    net\x1b[31m\n
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
