"""Numeric derivatives, each with what it can resolve: by a complex step, or by differences.

>>> from microbp import Value
>>> x = Value(0.5)
>>> graph = x.tanh().graph()
>>> found = by_differences(graph, [x], rounding(graph, [x]), np.ones(1))
>>> round(float(found.numbers[0]), 8), bool(1e-12 < found.resolution[0] < 1e-9)
(0.78644773, True)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.rounding import EPS, SAFETY, TINY, Rounding, or_inf, recomputed, rounding
from microbp.engine import Value
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula
from microbp.printing import say

COMPLEX_STEPS = 1e-30, 1e-90, 1e-180
"""The next where one is too large for what is curved on a very small scale."""
_CELLS = 4_000_000
"""How many numbers a replay may hold at once: more leaves are checked in several goes."""


@dataclass(frozen=True)
class Estimate:
    """Numeric derivatives with respect to some leaves, and below what size of difference each says nothing."""

    numbers: NDArray[np.float64]
    resolution: NDArray[np.float64]
    """The error that the method may make; inf where it says nothing."""
    kinks: dict[int, str]
    """Leaves whose step crosses a kink, {number of the leaf: which kink}."""

    def contradicts(self, other: Estimate) -> NDArray[np.bool_]:
        """For each leaf whether the two are further apart than both resolve."""
        with np.errstate(all="ignore"):
            return np.abs(self.numbers - other.numbers) > self.resolution + other.resolution

    def or_finer(self, other: Estimate) -> Estimate:
        """For each leaf that one of the two which resolves more; of two that contradict each other the other.

        What looks straight on a large scale may be curved on a small one: the other resolves what they have in common,
        and nothing if that is no digit.
        """
        with np.errstate(all="ignore"):
            apart = np.abs(self.numbers - other.numbers)
            apart[apart > 0.5 * np.maximum(np.abs(self.numbers), np.abs(other.numbers))] = np.inf
        contradicts = self.contradicts(other)
        resolution = np.where(contradicts, np.maximum(other.resolution, apart), other.resolution)
        finer = contradicts | (resolution < self.resolution)
        kinks = {k: said for k, said in self.kinks.items() if not finer[k]}  # elsewhere the other steps over none
        numbers, resolution = (
            np.where(finer, b, a) for a, b in ((self.numbers, other.numbers), (self.resolution, resolution))
        )
        return Estimate(numbers, resolution, kinks)


class Estimates:
    """Finer and finer derivatives of a graph with respect to some leaves, each computed when it is first asked for."""

    def __init__(self, graph: Sequence[Value], leaves: Sequence[Value]) -> None:
        self._graph, self._leaves = graph, leaves
        self.rounding = rounding(graph, leaves)
        self._complex: list[Estimate] = []
        self._differences: list[Estimate] = []

    def by_complex_steps(self) -> Iterator[Estimate]:
        """Smaller and smaller ones, until two of them do not contradict each other: then nothing is resolved less."""
        found = self._complex
        for k, step in enumerate(COMPLEX_STEPS):
            if k == len(found):
                new = by_complex_step(self._graph, self._leaves, self.rounding, step)
                found.append(found[-1].or_finer(new) if found else new)
            yield found[k]
            if k and (found[k].resolution <= found[k - 1].resolution).all():
                return

    def by_differences(self, extrapolate: bool, more: bool) -> Iterator[Estimate]:
        """Those of one kind, and `more`: extrapolated ones, and one of a small step, to be sure."""
        relative = np.array([abs(leaf.data) or 1.0 for leaf in self._leaves])
        # Where x is small and the function curved on its scale, a step in proportion to x is the better one.
        tries = [(scale, extrapolate) for scale in (np.maximum(1.0, relative), relative)]
        if more:  # of what turns round within a step its number is one by chance, and with a small step another one
            tries += [*((scale, True) for scale, _ in tries), (relative / 1000, False)]
        found = self._differences
        for k, (scale, extrapolated) in enumerate(tries):
            if k == len(found):
                new = by_differences(self._graph, self._leaves, self.rounding, scale, extrapolated)
                found.append(found[-1].or_finer(new) if found else new)
            yield found[k]


def by_complex_step(
    graph: Sequence[Value], leaves: Sequence[Value], rounds: Rounding, step: float = COMPLEX_STEPS[0]
) -> Estimate:
    """Im f(x + ih) / h, for operations that are analytic. It subtracts nothing, so h may be as small as it likes.

    What the imaginary part is where there should be none, for example in a large power of a negative number, drowns it;
    and what a complex function does to the real part, it may do to the imaginary one.
    """
    h = step * np.array([max(1e-150, min(1.0, abs(leaf.data))) if leaf.data else 1.0 for leaf in leaves])
    root = graph[-1]
    still = recomputed(graph, {leaf: np.complex128(leaf.data) for leaf in leaves})
    with np.errstate(all="ignore"):
        goes = [np.imag(recomputed(graph, _shifted(leaves[s], 1j * h[s]))[root]) / h[s] for s in _goes(graph, leaves)]
        numbers = _joined(goes, leaves)
        inexact = max((abs(np.real(still[v]) / v.data - 1.0) for v in rounds.reach if v.data), default=0.0)
        # Of x³ at 0 there remains −h²: what is not 0 is resolved to h, which is ample. Products may underflow.
        own = np.where(numbers != 0, h, 0.0) + rounds.underflow(TINY) / h + SAFETY * inexact * rounds.paths
        return Estimate(numbers, or_inf(2.0 * np.abs(np.imag(still[root])) / h + own), {})


def by_differences(
    graph: Sequence[Value], leaves: Sequence[Value], rounds: Rounding, scale: NDArray[Any], extrapolate: bool = False
) -> Estimate:
    """D(h) = (f(x+h) − f(x−h)) / 2h with h = ε^⅓ · scale, or (4·D(h) − D(2h)) / 3 with h = ε^⅕ · scale.

    The same with h/2 tells how large the error of order h² (h⁴) is, or of order h where the second derivative jumps, as
    elu's does at 0; what rounding does to f, over h, how large the one is that comes from that.
    """
    h = EPS ** (1 / 5 if extrapolate else 1 / 3) * scale
    kinks: dict[int, str] = {}
    tries = [_central(graph, leaves, k * h, kinks, rounds) for k in ((2.0, 1.0, 0.5) if extrapolate else (1.0, 0.5))]
    found, noise = [numbers for numbers, _ in tries], tries[0][1]
    with np.errstate(all="ignore"):
        far, near = [(4 * near - far) / 3 for far, near in pairwise(found)] if extrapolate else found
        resolution = or_inf(2.5 * np.abs(far - near) + 2 * noise / h)
    resolution[list(kinks)] = np.inf
    return Estimate(far, resolution, kinks)


def _central(
    graph: Sequence[Value], leaves: Sequence[Value], h: NDArray[Any], kinks: dict[int, str], rounds: Rounding
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The differences, and how far rounding may move f: what the last digit of every value comes to, without signs."""
    numbers, noise = [], []
    for s in _goes(graph, leaves):
        low, high = (recomputed(graph, _shifted(leaves[s], sign * h[s])) for sign in (-1.0, 1.0))
        kinks |= {s.start + k: said for k, said in _crossed(graph, low, high, len(leaves[s])).items()}
        data = np.array([leaf.data for leaf in leaves[s]])
        with np.errstate(all="ignore"):  # x ± h are rounded, and it is their distance that counts
            numbers.append((high[graph[-1]] - low[graph[-1]]) / ((data + h[s]) - (data - h[s])))
            terms = sum(
                (reach * np.maximum(np.abs(low[v]), np.abs(high[v])) for v, reach in rounds.reach.items()), np.zeros(1)
            )
            noise.append(SAFETY * np.maximum(EPS * terms, rounds.trials) + rounds.underflow())
    return _joined(numbers, leaves), _joined(noise, leaves)


def _goes(graph: Sequence[Value], leaves: Sequence[Value]) -> Iterator[slice]:
    """Which leaves are taken at a time."""
    size = max(1, _CELLS // len(graph))
    return (slice(start, min(start + size, len(leaves))) for start in range(0, len(leaves), size))


def _joined(numbers: Sequence[Any], leaves: Sequence[Value]) -> NDArray[np.float64]:
    """The derivatives of several goes; a root that depends on no leaf has one number for all."""
    return np.concatenate([np.zeros(0), *map(np.atleast_1d, numbers)]) * np.ones(len(leaves))


def _shifted(leaves: Sequence[Value], steps: NDArray[Any]) -> dict[Value, NDArray[Any]]:
    """Leaf k as an array that is moved by its step in place k only: one replay then does for all leaves."""
    return {leaf: leaf.data + np.where(np.arange(len(leaves)) == k, steps, 0.0) for k, leaf in enumerate(leaves)}


def _crossed(graph: Sequence[Value], low: Mapping[Value, Any], high: Mapping[Value, Any], count: int) -> dict[int, str]:
    """For each leaf whose step takes some node from one side of its kink to the other: that kink."""
    found: dict[int, str] = {}
    for node in graph:
        if node.op is None or not node.op.kink:
            continue
        left, _, right = node.op.kink.partition(" == ")
        side = numpy_function("side", node.op.inputs, [Formula(f"sign(({left}) - ({right}))")])
        (a,), (b,) = (side(*(values[x] for x in node.inputs)) for values in (low, high))
        for k in np.flatnonzero(np.broadcast_to(a != b, (count,))):
            crossed = say("the step crosses {kink} of {call}", kink=node.op.kink, call=node.op.call)
            if node.label != node.op.call:
                crossed = say("{said} ({node})", said=crossed, node=node.label or say("unnamed"))
            found.setdefault(int(k), crossed)
    return found
