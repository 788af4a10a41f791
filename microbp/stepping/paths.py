"""Every path from a root to a leaf with the product of the local derivatives along it: their sum is the gradient.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> found = paths(problem.root(), problem.find("w1"))
>>> found.count, [path.names[4] for path in found.largest]
(2, ['out_o1', 'out_o2'])
>>> round(found.gradient, 9), round(sum(path.product for path in found.largest), 9)
(0.000438568, 0.000438568)
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest

from microbp.engine import Value
from microbp.engine.node import root_of
from microbp.errors import GraphError
from microbp.printing import Shown, decimals, derivative, factor, say
from microbp.stepping.step import Step, pass_steps


@dataclass(frozen=True, repr=False)
class Path(Shown):
    """One way from the root to the leaf: its steps, root first."""

    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the values on it are called, root first."""
        return (*(step.node_name for step in self.steps), self.steps[-1].input_name)

    @property
    def product(self) -> float:
        """The product of the local derivatives."""
        product = 1.0
        for step in self.steps:
            product *= step.local
        return product

    def __str__(self) -> str:
        symbols = " · ".join(derivative(step.node_name, step.input_name) for step in self.steps)
        numbers = f"{' × '.join(factor(step.local) for step in self.steps)} = " if len(self.steps) > 1 else ""
        return f"{' → '.join(self.names)}\n  {symbols}\n  = {numbers}{decimals(self.product)}"


@dataclass(frozen=True, repr=False)
class Paths(Shown):
    """All paths from a root to a leaf: how many, the largest by magnitude, and the gradient that they add up to."""

    root: str
    leaf: str
    count: int
    largest: tuple[Path, ...]
    gradient: float

    @property
    def carried(self) -> float:
        """What the largest ones add up to."""
        return sum(path.product for path in self.largest)

    def __str__(self) -> str:
        head = (
            say("1 path leads from {root} to {leaf}", root=self.root, leaf=self.leaf)
            if self.count == 1
            else say("{count:,} paths lead from {root} to {leaf}", count=self.count, root=self.root, leaf=self.leaf)
        )
        lines = [head, *map(str, self.largest)]
        terms = " + ".join(factor(path.product) for path in self.largest)
        gradient = f"{derivative(self.root, self.leaf)} = {decimals(self.gradient)}"
        if self.count > len(self.largest):
            share = f" ({self.carried / self.gradient:.1%})" if self.gradient else ""
            carried, told = f"{decimals(self.carried)}{share}", len(self.largest)
            lines.append(
                say("this one contributes {carried} of {gradient}", carried=carried, gradient=gradient)
                if told == 1
                else say(
                    "these {count} contribute {carried} of {gradient}", count=told, carried=carried, gradient=gradient
                )
            )
        elif self.count > 1:
            lines.append(f"{derivative(self.root, self.leaf)} = {terms} = {decimals(self.gradient)}")
        return "\n".join(lines)


def paths(root: Value, leaf: Value, k: int = 10) -> Paths:
    """Counts the paths from `root` to `leaf`, exactly, and finds the k largest by magnitude without listing all.

    Both go once over the graph: a value has as many paths from the root as the values made from it have together, and
    its k largest are among theirs. Raises `GraphError` if `leaf` is not in the graph of `root`.
    """
    root = root_of(root)
    count: dict[Value, int] = {root: 1}
    # For each value its best paths so far: (magnitude, last step, the path before it), magnitudes falling.
    best: dict[Value, list[_Entry]] = {root: [_Entry(1.0, None, None)]}
    gradient = float(leaf is root)
    names = None
    for step in pass_steps(root):
        names = step.names
        count[step.input] = count.get(step.input, 0) + count[step.node]
        longer = [_Entry(entry.magnitude * abs(step.local), step, entry) for entry in best[step.node]]
        best[step.input] = nlargest(k, [*best.get(step.input, ()), *longer], key=lambda entry: entry.magnitude)
        if step.input is leaf:
            gradient = step.after
    if leaf is not root and (names is None or leaf not in names):
        raise GraphError(f"{leaf!r} is not in the graph of {root!r}: there is no path to it")
    found = [entry.path() for entry in best.get(leaf, []) if entry.step is not None]
    called = {value: (names[value].text() if names else value.label or "v0") for value in (root, leaf)}
    return Paths(called[root], called[leaf], count.get(leaf, 0), tuple(found), gradient)


@dataclass(frozen=True, slots=True)
class _Entry:
    magnitude: float
    step: Step | None
    before: _Entry | None

    def path(self) -> Path:
        steps: list[Step] = []
        entry: _Entry | None = self
        while entry is not None and entry.step is not None:
            steps.append(entry.step)
            entry = entry.before
        return Path(tuple(reversed(steps)))
