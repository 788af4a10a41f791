"""The forward pass with its numbers put in: every net and activation, and what the loss makes of them.

>>> from microbp import load
>>> print(forward(load("w1-w8").root()).lines[0])
net_h1 = w1·i1 + w2·i2 + b1 = 0.15·0.05 + 0.2·0.1 + 0.35·1 = 0.3775
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.errors import GraphError
from microbp.formula.language import Formula
from microbp.printing import Shown, breadth, decimals, factor, in_width
from microbp.stepping.names import expression, name_graph
from microbp.stepping.samples import samples_of

_TWICE = re.compile(r"\(\((−[\d.e−+]+)\)\)")
MOST_VALUES = 200_000
"""A pass of more values takes half a minute to be written, and nobody reads it."""
WIDTH = 98
"""The width of a line that can be broken, in characters."""


@dataclass(frozen=True)
class ForwardLine:
    """How one value is computed: its name, the formula, the same with numbers, the result."""

    name: str
    formula: str
    numbers: str
    value: float

    def text(self, width: int = WIDTH) -> str:
        """All of it, in a line of its own for each part if it is too long for one."""
        parts = [self.formula, self.numbers, decimals(self.value)]
        parts = [part for k, part in enumerate(parts) if part not in ([self.name] if not k else [parts[k - 1]])]
        line = " = ".join([self.name, *parts])
        if breadth(line) <= width:
            return line
        return in_width(self.name + "".join(f"\n    = {part}" for part in parts), width)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, repr=False)
class ForwardPass(Shown):
    """The forward pass of a graph, line by line. Prints as such."""

    lines: tuple[ForwardLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"forward": [vars(line) for line in self.lines]}

    def page(self, width: int = WIDTH) -> str:
        """What it prints, in lines of so many characters where they can be broken."""
        return "\n".join(line.text(width) for line in self.lines)

    def __str__(self) -> str:
        return self.page()


def forward(root: Value, *, sample: int | None = None) -> ForwardPass:
    """Every value of a graph with its numbers put in, in the order in which they are computed.

    In a network, values without a label stand inside the line of what is made of them. With `sample`, 1 for the first,
    those of other samples are left out. Raises `GraphError` if there is no such sample, and for too many values.

    >>> print(forward(Value(2.0, "w") * Value(-3.0, "x") + 1))
    w·x = 2·(−3) = −6
    w·x + 1 = (−6) + 1 = −5
    """
    graph = root_of(root).graph()
    if len(graph) > MOST_VALUES:
        raise GraphError(
            f"a forward pass of {len(graph):,} values is not one to read (the limit is {MOST_VALUES:,}): take a value "
            "inside it, or a smaller batch"
        )
    samples = samples_of(graph)
    if sample is not None and sample not in samples.values() and (samples or sample != 1):
        raise GraphError(f"this graph has {len(set(samples.values())) or 1} sample(s), got sample {sample}")
    return ForwardPass(tuple(_lines(graph, [v for v in graph if sample is None or samples.get(v, sample) == sample])))


def _lines(graph: Sequence[Value], shown: Sequence[Value]) -> Iterator[ForwardLine]:
    names = name_graph(graph)
    network = any(node.op is not None and node.op.family == "affine" for node in graph)
    symbols, numbers = dict(names), {node: _number(node) for node in graph}
    for node in shown:
        if node.op is None:
            continue
        made, put_in = expression(node, symbols), expression(node, numbers)
        if network and not node.label and node is not graph[-1]:
            symbols[node], numbers[node] = made, put_in
            continue
        one = "·1" if node.op.family == "affine" else ""  # what a bias is multiplied by
        yield ForwardLine(names[node].text(), made.text(), _TWICE.sub(r"(\1)", put_in.text()) + one, node.data)


def _number(node: Value) -> Formula:
    if isinstance(node, Constant) and float(f"{node.data:.6g}") == node.data:  # written as it is, powers as such
        return Formula(repr(node.data))
    return Formula.atom(factor(node.data))


def updated(name: str, before: float, rate: float, gradient: float) -> str:
    """A step of gradient descent on one parameter, in numbers.

    >>> updated("w1", 0.15, 0.5, 0.000438568)
    'w1 ← 0.15 − 0.5 · 0.000438568 = 0.149780716'
    """
    return f"{name} ← {decimals(before)} − {decimals(rate)} · {factor(gradient)} = {decimals(before - rate * gradient)}"
