"""A part of a graph: the values on the paths to some of them, those near one, those near the root.

>>> from microbp import load
>>> graph = load("w1-w8").root().graph()
>>> [value.label for value in select(graph, only=paths_to("w5")) if value.label]
['w5', 'net_o1', 'out_o1', 'E_o1', 'E']
>>> [value.label for value in select(graph, around="E_o2") if value.label]
['E_o2', 'E']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from microbp.engine import Value
from microbp.errors import GraphError
from microbp.printing import say
from microbp.stepping.names import all_named, name_graph, one_named
from microbp.stepping.samples import samples_of

Selector = Callable[[Sequence[Value]], Iterable[Value]]
"""Takes a graph in topological order, returns some of its values."""


def paths_to(*names: str) -> Selector:
    """For `draw(root, only=...)`: the values on the paths from the root to those of these names."""

    def selected(graph: Sequence[Value]) -> Iterable[Value]:
        called = name_graph(graph)
        found = {value for name in names for value in all_named(called, name)}
        for node in graph:
            if not found.isdisjoint(node.inputs):
                found.add(node)
        return found

    return selected


def select(
    graph: Sequence[Value], *, only: Selector | None = None, around: str | None = None, depth: int | None = None
) -> list[Value]:
    """The values of a graph that `only` selects, and that are at most `depth` arrows away: from the root towards the
    leaves, or, with `around`, from the value of that name in both directions (then 1 unless said otherwise).

    Raises `UnknownNameError` with the nearest names if there is none of that name.
    """
    kept = set(graph) if only is None else set(only(graph))
    if around is not None:
        kept &= _near(graph, find_value(graph, around), 1 if depth is None else depth, both=True)
    elif depth is not None:
        kept &= _near(graph, graph[-1], depth, both=False)
    return [node for node in graph if node in kept]


def one_sample(graph: Sequence[Value], kept: list[Value], sample: int | None, every: bool) -> tuple[list[Value], str]:
    """What is left of `kept` if one sample is to be drawn, and what the title says of it.

    That is the one that was asked for, of which 0 stands for all; else all if `every` is true, or the first. Raises
    `GraphError` for a sample that there is not.
    """
    samples = samples_of(graph)
    most = max(samples.values(), default=1)
    if sample is not None and not 0 <= sample <= most:
        has = f"the samples 1 to {most}" if most > 1 else "one sample"
        raise GraphError(f"this graph has {has}, got sample {sample}")
    if most == 1 or sample == 0 or (sample is None and every):
        return kept, ""
    shown = sample or 1
    said = say("sample {number} of {count}", number=shown, count=most)
    return [node for node in kept if samples.get(node, shown) == shown], said


def find_value(graph: Sequence[Value], name: str) -> Value:
    """The value of that name in a graph: its label, else what pictures call it."""
    return one_named(name_graph(graph), name)


def _near(graph: Sequence[Value], start: Value, depth: int, both: bool) -> set[Value]:
    users: dict[Value, list[Value]] = {}
    if both:
        for node in graph:
            for x in node.inputs:
                users.setdefault(x, []).append(node)
    found = reached = {start}
    for _ in range(depth):
        reached = {y for x in reached for y in (*x.inputs, *users.get(x, ()))} - found
        if not reached:
            break
        found = found | reached
    return found
