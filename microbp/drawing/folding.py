"""Unlabelled values that are used once go into the expression of what is made from them, where that reads well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from microbp.drawing.escape import LONGEST
from microbp.drawing.grouping import Box
from microbp.engine import Value
from microbp.formula.language import Formula
from microbp.stepping.names import MANY, expression, is_short, name_graph

Use = tuple[Value, int]
"""A value, and the number of one of its inputs."""


def fold_graph(
    graph: Sequence[Value], kept: Collection[Value], boxes: Mapping[Value, Box]
) -> tuple[dict[Value, Use], dict[Value, Formula]]:
    """Where each folded value is used, `{value: (consumer, position)}`, and what to call every value then.

    The expression of the consumer, with all that is folded into it, is at most `LONGEST` characters long, and no value
    comes into it by two ways, or nothing is folded into it. Weighted sums stay as they are.

    >>> from microbp import Value
    >>> x = Value(2.0, label="x")
    >>> y = (0.5 * (x - 1) ** 2).exp()
    >>> found, names = fold_graph(y.graph(), y.graph(), dict.fromkeys(y.graph()))
    >>> len(found), expression(y, names).text()
    (3, 'exp(0.5·(x − 1)²)')
    """
    names = name_graph(graph)
    taken = {name.text() for name in names.values()}
    uses: dict[Value, int] = {}
    for node in graph:
        for x in node.inputs:
            uses[x] = uses.get(x, 0) + 1
    found: dict[Value, Use] = {}
    written: dict[Value, Formula] = {}
    enters: dict[Value, list[Value]] = {}
    for node in graph:
        if node.op is None or node.op.family == "affine" or node.op.arity > MANY or node not in kept:
            continue
        fitting = {
            x: (node, position)
            for position, x in enumerate(node.inputs)
            if x.op is not None and not x.label and uses[x] == 1 and x.op.family != "affine"
            if x in kept and boxes[x] is boxes[node]
        }
        into = [y for x in node.inputs for y in (enters.get(x, x.inputs) if x in fitting else (x,))]
        if not fitting or len(into) > len(set(into)):
            continue
        inside = {x: written.get(x) or expression(x, names) for x in fitting}
        made = expression(node, {x: inside.get(x) or names[x] for x in node.inputs})
        if len(made.text()) > LONGEST:
            continue
        found |= fitting
        written[node], enters[node] = made, into
        names |= inside
        if not node.label and is_short(made.text()) and made.text() not in taken:
            names[node] = made
            taken.add(made.text())
    return found, names


def weight_of(use: Use) -> Value | None:
    """For an input of a weighted sum its weight, which is the local derivative."""
    node, position = use
    assert node.op is not None
    return node.inputs[position - 1] if node.op.family == "affine" and position % 2 else None
