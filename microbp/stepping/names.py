"""What to call the values of a graph: their labels, else their expression if it is short, else `v12`. No two have one
name: of a label that stands for one thing in several samples, each carries the mark of its sample, `a[2][0]@3`.

>>> from microbp import Value
>>> a = Value(2.0, label="a")
>>> c = (a * 3 + a) ** 2
>>> [name.text() for name in name_graph(c.graph()).values()]
['a', '3', 'a·3', 'a·3 + a', '2', '(a·3 + a)²']
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count

from microbp.engine import Constant, Value
from microbp.errors import UnknownNameError, nearest
from microbp.formula.language import Formula
from microbp.stepping.samples import samples_of

SHORT = 24
"""The most characters of an expression that may stand for a name, marks of samples apart."""


MANY = 12
"""A sum of more terms is written with dots."""
_MARK = re.compile(r"(?<=[^\s@])@(\d+)(?![0-9A-Za-z_])")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def name_graph(graph: Sequence[Value]) -> dict[Value, Formula]:
    """A formula to write for each value of a graph (in topological order), the same in every run."""
    names: dict[Value, Formula] = {}
    samples = samples_of(graph)
    often = Counter(node.label for node in graph if node.label)
    taken = set(often)

    def marked(node: Value, base: str) -> str:
        marks = (f"{base}@{k}" for k in count(1))
        own = f"{base}@{samples[node]}" if node in samples else next(marks)
        return own if own not in taken else next(mark for mark in marks if mark not in taken)

    for k, node in enumerate(graph):
        if isinstance(node, Constant):
            names[node] = Formula(repr(node.data)) if node.data - node.data == 0 else Formula.atom(str(node.data))
            continue
        if often[node.label] == 1:
            names[node] = Formula.atom(node.label)
            continue
        if node.op is not None and not node.label and node.op.arity <= 2:
            made = expression(node, names)
            text = made.text()
            if is_short(text) and text not in taken:
                names[node] = made
                taken.add(text)
                continue
        base = node.label or f"v{k}"
        name = base if base not in taken else marked(node, base)
        names[node] = Formula.atom(name)
        taken.add(name)
    return names


def is_short(text: str) -> bool:
    """Whether an expression may stand for a name."""
    return len(_MARK.sub("", text)) <= SHORT


def base_name(name: str) -> str:
    """A name without the mark of a sample.

    >>> base_name("a[2][0]@3"), base_name("E_o1")
    ('a[2][0]', 'E_o1')
    """
    return _MARK.sub("", name)


def typeset(text: str) -> str:
    """Text for people who read no code: marks of samples stand raised, in brackets.

    >>> typeset("∂C/∂a[2][0]@12")
    '∂C/∂a[2][0]⁽¹²⁾'
    """
    return _MARK.sub(lambda found: f"⁽{found[1].translate(_RAISED)}⁾", text)


def by_name(names: Mapping[Value, Formula]) -> dict[str, list[Value]]:
    """The values of each name, numbers apart: those of a name without its mark are those of all samples."""
    exact = {name.text(): [value] for value, name in names.items() if not isinstance(value, Constant)}
    every: dict[str, list[Value]] = {}
    for name, values in exact.items():
        if (base := base_name(name)) != name:
            every.setdefault(base, []).extend(values)
    return every | exact


def all_named(names: Mapping[Value, Formula], name: str) -> list[Value]:
    """The values of that name: of a[2][0] those of all samples, of a[2][0]@3 one.

    Raises `UnknownNameError` with the nearest names if there is none.
    """
    named = by_name(names)
    if name not in named:
        raise UnknownNameError(nearest("value", name, named, most=3))
    return named[name]


def one_named(names: Mapping[Value, Formula], name: str) -> Value:
    """The one value of that name. Raises `UnknownNameError` if there is none, or one in each sample."""
    found = all_named(names, name)
    if len(found) > 1:
        ends = " … ".join(names[value].text() for value in (found[0], found[-1]))
        raise UnknownNameError(f"{len(found):,} values are called {name!r}, one in each sample: say which of {ends}")
    return found[0]


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
