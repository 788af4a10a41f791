"""A worksheet: the forward and the backward pass of a problem as tables to fill in by hand, and the same filled in.

>>> from microbp.problems import load
>>> blank, filled = (worksheet(load("w1-w8"), answers=answers).as_markdown() for answers in (False, True))
>>> print(*[line for text in (blank, filled) for line in text.splitlines() if "| net_h1 |" in line], sep="\\n")
| net_h1 | w1·i1 + w2·i2 + b1 |  |  |
| net_h1 | w1·i1 + w2·i2 + b1 | 0.15·0.05 + 0.2·0.1 + 0.35·1 | 0.3775 |
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.printing import Shown, decimals, derivative, language_now, markdown, say, word
from microbp.problems import NetworkProblem, Problem
from microbp.problems.graph import GraphProblem
from microbp.stepping.forward import forward
from microbp.stepping.step import Step, symbols
from microbp.stepping.stepper import Stepper

MOST_LINES = 300
"""A pass of more contributions is too long to fill in by hand."""
_BESIDE = 4
"""How many of the numbers that are given stand in a line."""
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 14mm }}
body {{ max-width: 62em; margin: 1.5em auto; padding: 0 1em; background: white; color: black;
  font: 15px/1.45 system-ui, sans-serif }}
h1 {{ font-size: 1.5em; margin: 0 0 .4em }} h2 {{ font-size: 1.15em; margin: 1.4em 0 .3em; break-after: avoid }}
p {{ margin: .3em 0 }} .name {{ display: flex; gap: 2em; margin: 1em 0 }}
.name span {{ border-bottom: 1px solid; flex: 1 }}
table {{ border-collapse: collapse; width: 100%; margin: .5em 0 }} thead {{ display: table-header-group }}
tr {{ break-inside: avoid }} th {{ text-align: left; font-weight: 600; background: #eee }}
th, td {{ border: 1px solid #888; padding: .3em .5em; height: 1.5em; vertical-align: top; overflow-wrap: break-word }}
td {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .88em }} td:empty {{ min-width: 6.5em }}
td:first-child {{ white-space: nowrap }} thead ~ tbody td:nth-child(3):nth-last-child(2):empty {{ width: 38% }}
figure {{ margin: .5em 0; text-align: center }} figure svg {{ max-width: 100%; max-height: 105mm; height: auto }}
@media print {{ body {{ margin: 0; padding: 0; max-width: none; font-size: 11px }} }}
</style></head>
<body>
{body}
</body></html>
"""


class _Part(NamedTuple):
    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, repr=False)
class Worksheet(Shown):
    """A worksheet, blank or with its answers. Prints as Markdown."""

    title: str
    answers: bool
    parts: tuple[_Part, ...]

    def as_markdown(self) -> str:
        """The sheet as Markdown."""
        lines = [f"# {self.title}", "", *([] if self.answers else [say("Name: {line}", line="_" * 30), ""])]
        for part in self.parts:
            lines += [
                f"## {part.title}",
                "",
                *([part.text, ""] if part.text else []),
                markdown(part.head, part.rows),
                "",
            ]
        return "\n".join(lines)

    def as_html(self, picture: str = "") -> str:
        """The sheet as a page to print, with a picture, an SVG, below its title."""
        parts = [f"<h1>{html.escape(self.title)}</h1>"]
        fields = f'<p class="name">{say("Name: {line}", line="<span></span>")} {say("Date")} <span></span></p>'
        parts += [] if self.answers else [fields]
        parts += [f"<figure>{picture}</figure>"] if picture else []
        for part in self.parts:
            parts.append(f"<h2>{html.escape(part.title)}</h2>")
            parts += [f"<p>{html.escape(part.text)}</p>"] if part.text else []
            rows = "\n".join(_row(row, "td") for row in part.rows)
            head = f"<thead>{_row(part.head, 'th')}</thead>\n" if any(part.head) else ""
            parts.append(f"<table>{head}<tbody>{rows}</tbody></table>")
        return _PAGE.format(language=language_now(), title=html.escape(self.title), body="\n".join(parts))

    def __str__(self) -> str:
        return self.as_markdown()


def worksheet(problem: Problem | Value, *, answers: bool = False) -> Worksheet:
    """The passes of a problem as tables to fill in: formulas and names are there, numbers are not, but in the answers.

    A value is the problem of its graph. Raises `GraphError` for a pass of more than `MOST_LINES` contributions.
    """
    if not isinstance(problem, Problem):
        problem = GraphProblem(problem)
    root = problem.root()
    stepper = Stepper(root)
    known = set(problem.leaves())
    stepper.tell(lambda step: step.input.op is not None or step.input in known)
    if len(stepper.shown) > MOST_LINES:
        smaller = "fewer samples, --samples 1" if len(set(stepper.samples.values())) > 1 else "a smaller network"
        raise GraphError(
            f"a worksheet of {len(stepper.shown):,} contributions is too long to fill in by hand (the limit is "
            f"{MOST_LINES}): take {smaller}"
        )
    parts = [_given(problem, stepper), _forward(root), _backward(stepper), _descent(problem, stepper)]
    if not answers:
        parts = [part._replace(rows=[_blank(row, part.head) for row in part.rows]) for part in parts]
    title = word(problem.title)
    title = say("Answers: {title}", title=title) if answers else say("Worksheet: {title}", title=title)
    return Worksheet(title, answers, tuple(part._replace(head=[word(name) for name in part.head]) for part in parts))


HEADS = {
    "forward": ("", "formula", "with the numbers", "value"),
    "backward": ("", "chain rule", "upstream", "local derivative", "product", "sum so far"),
    "descent": ("", "before", "gradient", "after"),
}
"""What stands over the columns of each table."""
_TO_FILL = ("with the numbers", "value", "upstream", "local derivative", "product", "sum so far", "gradient", "after")
"""The columns that a learner fills in."""


def _blank(row: Sequence[str], head: Sequence[str]) -> Sequence[str]:
    """A row without what is to be filled in; a sum of one term is none."""
    return ["" if name in _TO_FILL and cell != "—" else cell for cell, name in zip(row, head, strict=True)]


def _given(problem: Problem, stepper: Stepper) -> _Part:
    """The numbers that the pass begins with: the inputs, then the parameters."""
    leaves = problem.leaves()
    others = [v for v in stepper.graph if v.op is None and not isinstance(v, Constant) and v not in set(leaves)]
    cells = [f"{stepper.names[v].text()} = {decimals(v.data)}" for v in [*others, *leaves] if v in stepper.names]
    rows = [cells[k : k + _BESIDE] for k in range(0, len(cells), _BESIDE)]
    wide = min(_BESIDE, len(cells))
    return _Part(say("Given"), "", [""] * wide, [[*row, *[""] * (wide - len(row))] for row in rows])


def _forward(root: Value) -> _Part:
    rows = [(line.name, line.formula, line.numbers, decimals(line.value)) for line in forward(root).lines]
    said = say("Line by line: put in the numbers and compute. Keep nine decimals, unless told otherwise.")
    return _Part(say("Forward pass"), said, HEADS["forward"], rows)


def _backward(stepper: Stepper) -> _Part:
    name = stepper.names[stepper.root].text()
    rows = [
        (
            *(str(number), symbols(step, asked=True), decimals(step.upstream), _local(step)),
            *(decimals(step.contribution), "—" if step.only else decimals(step.after)),
        )
        for number, step in enumerate(stepper.shown, 1)
    ]
    said = say(
        "Begin with {start} = 1. Each line multiplies what has arrived from above, the upstream gradient,"
        " by a local derivative. Where several lines contribute to one value, add them up.",
        start=derivative(name, name),
    )
    return _Part(say("Backward pass"), said, HEADS["backward"], rows)


def _local(step: Step) -> str:
    formula, number = step.formula, decimals(step.local)
    return number if formula == number else f"{formula} = {number}"


def _descent(problem: Problem, stepper: Stepper) -> _Part:
    """The gradients, and one step down for a network."""
    rows = []
    for leaf in problem.trained() if isinstance(problem, NetworkProblem) else problem.leaves():
        arrived = stepper.arrivals(leaf)
        gradient = arrived[-1].after if arrived else 0.0
        row = [leaf.label, decimals(leaf.data), decimals(gradient)]
        if isinstance(problem, NetworkProblem):
            row.append(decimals(leaf.data - problem.training.learning_rate * gradient))
        rows.append(row)
    head = HEADS["descent"]
    if not isinstance(problem, NetworkProblem):
        return _Part(say("Gradients"), "", head[:-1], rows)
    rate = decimals(problem.training.learning_rate)
    said = say(
        "The gradient of each parameter, and the parameter after one step: after = before − {rate} · gradient.",
        rate=rate,
    )
    return _Part(say("One step of gradient descent"), said, head, rows)


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
