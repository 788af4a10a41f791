"""Everything that is printed goes through here: numbers, tables, JSON, files, and what other programs print."""

from microbp.printing.files import check_place, keep, read_file, short_names, write_file
from microbp.printing.language import language, language_now, languages, say, translated, word
from microbp.printing.numbers import DIGITS, decimals, derivative, factor, number_text, printable
from microbp.printing.processes import GRACE, end_group, in_background, read_until
from microbp.printing.shown import Shown, filled, in_width, room
from microbp.printing.tables import (
    breadth,
    columns,
    csv_text,
    json_text,
    markdown,
    markdown_words,
    matrix_cells,
    matrix_lines,
)

__all__ = [
    "DIGITS",
    "GRACE",
    "Shown",
    "breadth",
    "check_place",
    "columns",
    "csv_text",
    "decimals",
    "derivative",
    "end_group",
    "factor",
    "filled",
    "in_background",
    "in_width",
    "json_text",
    "keep",
    "language",
    "language_now",
    "languages",
    "markdown",
    "markdown_words",
    "matrix_cells",
    "matrix_lines",
    "number_text",
    "printable",
    "read_file",
    "read_until",
    "room",
    "say",
    "short_names",
    "translated",
    "word",
    "write_file",
]
