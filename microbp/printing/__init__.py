"""Everything that is printed goes through here: numbers, tables, JSON, and files."""

from microbp.printing.files import check_place, keep, read, write
from microbp.printing.numbers import DIGITS, decimals, derivative, factor, number_text, printable
from microbp.printing.tables import columns, json_text, markdown

__all__ = [
    "DIGITS",
    "check_place",
    "columns",
    "decimals",
    "derivative",
    "factor",
    "json_text",
    "keep",
    "markdown",
    "number_text",
    "printable",
    "read",
    "write",
]
