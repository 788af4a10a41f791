r"""The forms of a page of words and formulas: text for a terminal, Markdown, LaTeX, HTML.

>>> from microbp.formula.typeset.blocks import said
>>> page = [Heading(2, ("The chain rule",)), said("With {x} the input: {f}", x="x1", f="∂E/∂w1 = δ1 · x1")]
>>> print(FORMS["text"](page, 98).strip())
The chain rule
   With x1 the input: ∂E/∂w1 = δ1 · x1
>>> print(FORMS["latex"](page, 98).splitlines()[2])
{\leftskip=0em With $x_{1}$ the input: $\frac{\partial E}{\partial w_{1}} = \delta_{1} \cdot x_{1}$\par}
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from microbp.formula.dialects import LATEX_SIGNS, LATEX_SPECIAL
from microbp.formula.typeset.blocks import Block, CodeLines, Heading, Math, Matrix, Sentence
from microbp.formula.typeset.latex import latex_of
from microbp.formula.typeset.mathml import mathml_of, matrix_ml
from microbp.formula.typeset.signs import RAISED
from microbp.printing import (
    breadth,
    columns,
    filled,
    in_width,
    language_now,
    markdown,
    markdown_words,
    matrix_cells,
    matrix_lines,
    printable,
    say,
)

WIDTH = 120
"""The width of a page of text, in characters."""


def text_page(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """Text for a terminal."""
    lines: list[str] = []
    margin = ""  # what stands below the heading of a part
    for k, block in enumerate(blocks):
        if isinstance(block, Heading):
            margin = "   " * (block.level > 1)
            lines += ["", ""] * (block.level == 1 and k > 0) + [""] * (block.level > 1) + ["".join(block.parts)]
        elif isinstance(block, CodeLines):
            lines += [margin + row for row in _code_lines(block.rows, width - len(margin))]
        else:
            indent = margin + "  " * block.depth
            lines += [indent + line for line in plain_lines(block, width - len(indent))]
    return in_width("\n".join(lines), max(width, 40))


def _code_lines(rows: Sequence[tuple[str, str, str]], width: int) -> list[str]:
    """Code, formulas and shapes in columns, or below each other where there is no room for that."""
    lines = columns(rows)
    if max(map(breadth, lines)) <= width:
        return lines
    return [line for code, formula, shapes in rows for line in (code, f"    {formula}    {shapes}")]


def plain_lines(block: Sentence | Matrix, width: int) -> list[str]:
    """A line, in two if it is a formula too long for one, or a matrix, without indent."""
    if isinstance(block, Matrix):
        return matrix_lines(block.name, block.rows, width)
    text = "".join(map(printable, block.parts))
    head, *rest = text.split(" = ")
    if breadth(text) <= width or len(block.parts) > 1 or not rest:
        return [text]
    if breadth(head) > width // 2:  # no name: it has a line of its own
        lines, lead, more = [head], "" if head.startswith("= ") else "  ", rest
    else:
        lines, lead, more = [f"{head} = {rest[0]}"], " " * (breadth(head) + 1), rest[1:]
    for k, part in enumerate(more):  # from the second line on as many in one as it has room for
        if k and breadth(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f" = {part}"
        else:
            lines.append(f"{lead}= {part}")
    return [part for line in lines for part in filled(line, width, len(lead) + 2)]


def markdown_page(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """Markdown: deeper lines are a list below the one that they belong to, matrices and code stand as they are."""
    lines: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        match block:
            case Heading(level, parts):
                lines += ["", f"{'#' * level} {''.join(map(markdown_words, parts))}", ""]
            case Sentence(parts, depth):
                deeper = isinstance(before, Sentence) and before.depth > 0
                lines += [""] * (deeper and not depth)
                words = "".join(map(markdown_words, parts))
                lines.append(f"{'  ' * (depth - 1)}- {words}" if depth else f"{words}  ")
            case CodeLines(rows):
                cells = [(f"`{code}`", markdown_words(formula), shapes) for code, formula, shapes in rows]
                lines += ["", markdown(("NumPy", say("formula"), say("shapes")), cells), ""]
            case Matrix(name, rows):
                lines += ["", "```text", *matrix_lines(name, rows), "```", ""]
    return "\n".join(line for k, line in enumerate(lines) if line or (k and lines[k - 1])).strip()


def latex_page(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """LaTeX, part of a document; it needs amsmath."""
    lines = [r"{\raggedright\setlength{\parindent}{0pt}"]
    for block in blocks:
        match block:
            case Heading(level, parts):
                lines.append(rf"\{'sub' * level}section*{{{_latex_words(parts)}}}")
            case Sentence((Math() as alone,), depth):
                lines.append(rf"{{\leftskip={depth}em $\displaystyle {latex_of(alone)}$\par}}")
            case Sentence(parts, depth):
                lines.append(rf"{{\leftskip={depth}em {_latex_words(parts)}\par}}")
            case CodeLines(rows):
                lines += [
                    rf"\texttt{{{_latex_words((code,))}}}\quad ${latex_of(formula)}$\quad {shapes}\par"
                    for code, formula, shapes in rows
                ]
            case Matrix(name, rows, depth):
                cells = r" \\ ".join(" & ".join(map(latex_of, row)) for row in _cut(rows))
                formula = rf"{latex_of(name)} = \begin{{pmatrix}}{cells}\end{{pmatrix}}"
                lines.append(rf"{{\leftskip={depth}em ${formula}$\par}}")
    return "\n".join([*lines, r"\par}"])


def _latex_words(parts: Sequence[str]) -> str:
    """Words and formulas, outside of math mode."""
    return "".join(f"${latex_of(part)}$" if isinstance(part, Math) else _latex_text(part) for part in parts)


def _latex_text(words: str) -> str:
    signs = {**{c: f"${sign}$" for c, sign in LATEX_SIGNS.items()}, **{c: f"$^{{{up}}}$" for c, up in RAISED.items()}}
    signs |= LATEX_SPECIAL | {"–": "--", "…": r"\dots{}", "ᵀ": r"$^{\top}$", "⁻": "$^{-}$", "<": "$<$", ">": "$>$"}
    return "".join(signs.get(c, c) for c in printable(words))


def _cut(rows: Sequence[Sequence[float | None]]) -> list[list[str]]:
    """The numbers of a matrix as texts; of many rows the first, and dots."""
    cells = matrix_cells(rows)
    return cells if len(cells) == len(rows) else [*cells, ["…"] * len(cells[0])]


_HTML = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 60em; margin: 1.5em auto; padding: 0 1em; font: 16px/1.6 system-ui, sans-serif }}
h1 {{ font-size: 1.4em; line-height: 1.3 }} h2 {{ font-size: 1.1em; margin: 1.6em 0 .4em }} p {{ margin: .35em 0 }}
math {{ font-size: 1.1em }} code {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em }}
.wide {{ overflow: auto hidden; padding: .2em 0 }} td {{ padding: .2em 1.2em .2em 0; text-align: left }}
mtable {{ border: solid; border-width: 0 1px; border-radius: .5em; vertical-align: middle }}
mtd {{ padding: .2em .5em; text-align: right }}
</style></head>
<body>
{body}
</body></html>"""


def html_page(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """A document for a browser, in light and in dark; formulas are MathML, which needs no script."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Heading(level, parts):
                lines.append(f"<h{level}>{_html_words(parts)}</h{level}>")
            case Sentence(parts, depth):
                lines.append(f'<p style="margin-left: {1.2 * depth}em">{_html_words(parts)}</p>')
            case CodeLines(rows):
                cells = (
                    f"<tr><td><code>{html.escape(code)}</code></td><td>{mathml_of(formula)}</td><td>{shapes}</td></tr>"
                    for code, formula, shapes in rows
                )
                lines.append(f'<div class="wide"><table>{"".join(cells)}</table></div>')
            case Matrix(name, rows, depth):
                table = f"<math><mo>=</mo></math> {matrix_ml(_cut(rows))}"
                lines.append(f'<p class="wide" style="margin-left: {1.2 * depth}em">{mathml_of(name)} {table}</p>')
    title = next(("".join(block.parts) for block in blocks if isinstance(block, Heading)), "microbp")
    return _HTML.format(language=language_now(), title=html.escape(title), body="\n".join(lines))


def _html_words(parts: Sequence[str]) -> str:
    return "".join(mathml_of(part) if isinstance(part, Math) else html.escape(printable(part)) for part in parts)


FORMS: dict[str, Callable[[Sequence[Block], int], str]] = {
    "text": text_page,
    "md": markdown_page,
    "latex": latex_page,
    "html": html_page,
}
"""The forms of a page, by name."""
