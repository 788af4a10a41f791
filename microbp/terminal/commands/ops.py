"""The command `microbp ops`: the table of operations as text, as Markdown for the README, one row in full.

>>> print(describe(OPS["tanh"]).splitlines()[1])
  ∂/∂x                 1 − out²
"""

from __future__ import annotations

import argparse
from typing import Any

from microbp.engine.methods import generated_sources, variants
from microbp.engine.ops import FAMILIES, OPS, Family, Op, find_operation
from microbp.formula.language import Formula
from microbp.printing import columns, say, word
from microbp.printing import markdown as markdown_table
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("name", nargs="?", help="an operation")
    parser.add_argument("--source", action="store_true", help="print the functions made from its row")


def run(options: argparse.Namespace) -> int:
    """Prints the table, or a row."""
    if options.name is None:
        head, *rows = HEAD, *table_rows()
        put(options, {"operations": [dict(zip(head, row, strict=True)) for row in rows]}, table_as_text())
        return 0
    family = options.name.rstrip("0123456789")  # one shows what all of a family are like
    op = FAMILIES[family].row(2) if family in FAMILIES else find_operation(options.name)
    put(options, row_as_dict(op), functions_source(op) if options.source else describe(op), verbatim=options.source)
    return 0


def how_to_write(op: Op) -> str:
    """How one applies the operation to values.

    >>> how_to_write(OPS["pow_const"]), how_to_write(OPS["abs"]), how_to_write(OPS["log"])
    ('x ** c', 'abs(x)', 'x.log()')
    """
    if op.family:
        return _family_call(FAMILIES[op.family])
    if None in op.partials or op.method.startswith("__"):
        return op.forward
    return f"{op.inputs[0]}.{op.method}({', '.join(op.inputs[1:])})"


def table_rows() -> list[tuple[str, str, str, str, str]]:
    """A row for each operation: name, how to write it, formula, derivatives, domain or kink."""
    rows = []
    for op in OPS.values():
        partials = [
            f"∂/∂{name} = {op.print_formula(name).text()}" for name, p in zip(op.inputs, op.partials, strict=True) if p
        ]
        kink = say("kink at {place}", place=op.kink) if op.kink else ""
        where = say("needs {domain}", domain=op.domain) if op.domain else kink
        rows.append((op.name, how_to_write(op), op.print_formula().text(), ", ".join(partials), where))
    return rows + [(f.name, _family_call(f), _family_formula(f), _family_partials(f), "") for f in FAMILIES.values()]


def _family_call(family: Family) -> str:
    names = Formula(family.term).names
    return f"{family.name}({', '.join([*names, family.last] if family.last else names)})"


def _family_formula(family: Family) -> str:
    return family.forward.replace(" * ", "·")


def _family_partials(family: Family) -> str:
    names = Formula(family.term).names
    partials = [f"∂/∂{name} = {partial}" for name, partial in zip(names, family.partials, strict=True)]
    return ", ".join([*partials, f"∂/∂{family.last} = 1"] if family.last else partials)


HEAD = ("operation", "in Python", "formula", "derivatives", "where")


def table_as_text() -> str:
    """The table as text."""
    return "\n".join(columns([tuple(map(word, HEAD)), *table_rows()]))


def as_markdown() -> str:
    """The table as the README shows it."""
    return markdown_table(HEAD, [(name, f"`{call}`", *rest) for name, call, *rest in table_rows()])


def describe(op: Op) -> str:
    """Everything the row says, and what is made from it."""
    facts = {"": f"{op.name}: {how_to_write(op)} = {op.print_formula().text()}"}
    for name, partial in zip(op.inputs, op.partials, strict=True):
        facts[f"∂/∂{name}"] = op.print_formula(name).text() if partial else say("none: a plain number")
        if name in op.printed:
            facts[say("{derivative}, computed as", derivative=f"∂/∂{name}")] = partial or ""
    facts[say("rule")] = word(op.rule)
    facts[say("accuracy")] = word(op.accuracy)
    facts[say("domain")] = op.domain
    facts[say("kink")] = op.kink
    facts[say("symbol")] = op.symbol
    facts["Python"] = op.formula.python()
    facts["NumPy"] = op.formula.numpy()
    facts["LaTeX"] = op.print_formula().latex()
    facts[say("for a plain number")] = say(", ").join(row.name for row in variants(op))
    lines = columns([(f"  {key}", value) for key, value in facts.items() if key and value], gap="    ")
    return "\n".join([facts[""], *lines])


def functions_source(op: Op) -> str:
    """The functions made from the row."""
    return "\n".join(generated_sources(op).values())


def row_as_dict(op: Op) -> dict[str, Any]:
    """The row and what is made from it, for JSON."""
    return {
        "name": op.name,
        "in_python": how_to_write(op),
        "inputs": op.inputs,
        "forward": op.forward,
        "partials": op.partials,
        "symbol": op.symbol,
        "rule": op.rule,
        "domain": op.domain,
        "kink": op.kink,
        "latex": op.print_formula().latex(),
        "numpy": op.formula.numpy(),
        "source": generated_sources(op),
    }
