"""What to call the values of a graph: their labels, else their expression if it is short, else `v12`.

>>> from microbp import Value
>>> a = Value(2.0, label="a")
>>> c = (a * 3 + a) ** 2
>>> [name.text() for name in name_graph(c.graph()).values()]
['a', '3', 'a·3', 'a·3 + a', '2', '(a·3 + a)²']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from microbp.engine import Constant, Value
from microbp.formula.language import Formula

SHORT = 24
"""The most characters of an expression that may stand for a name."""


MANY = 12
"""A sum of more terms is written with dots."""


def name_graph(graph: Sequence[Value]) -> dict[Value, Formula]:
    """A formula to write for each value of a graph (in topological order), the same in every run."""
    names: dict[Value, Formula] = {}
    for k, node in enumerate(graph):
        names[node] = Formula.atom(node.label or f"v{k}")
        if isinstance(node, Constant):
            names[node] = Formula(repr(node.data)) if node.data - node.data == 0 else Formula.atom(str(node.data))
        elif node.op is not None and not node.label and node.op.arity <= 2:
            made = expression(node, names)
            if len(made.text()) <= SHORT and all(made.text() != names[x].text() for x in node.inputs):  # as a copy's
                names[node] = made
    return names


def expression(node: Value, names: Mapping[Value, Formula]) -> Formula:
    """How an interior node is made from its inputs, by their names."""
    assert node.op is not None
    formula = node.op.print_formula()
    terms = formula.terms
    if len(terms) > MANY:
        formula = Formula.sum([*terms[:3], Formula.atom("…"), terms[-1]])
    return formula.substitute(**_arguments(node, names))


def local_derivative(node: Value, position: int, names: Mapping[Value, Formula]) -> Formula:
    """∂node/∂input for the input at that position, by name."""
    assert node.op is not None
    partial = node.op.print_formula(node.op.inputs[position])
    return partial.substitute(**_arguments(node, names), out=names[node])


def _arguments(node: Value, names: Mapping[Value, Formula]) -> dict[str, Formula]:
    assert node.op is not None
    return {name: names[x] for name, x in zip(node.op.inputs, node.inputs, strict=True)}
