"""Numeric derivatives, each with what it can resolve: by a complex step, or by differences.

>>> from microbp import Value
>>> x = Value(0.5)
>>> graph = x.tanh().graph()
>>> noise, _ = rounding(graph, [x])
>>> found = by_differences(graph, [x], noise, np.ones(1))
>>> round(float(found.numbers[0]), 8), bool(1e-12 < found.resolution[0] < 1e-9)
(0.78644773, True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.jacobian import jacobian
from microbp.engine import Value
from microbp.engine.ieee import errstate
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula

EPS, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)
_COMPLEX_STEP = 1e-30
_CELLS = 4_000_000
"""How many numbers a replay may hold at once: more leaves are checked in several goes."""
_TRIALS = np.array([1.0, 1.0, 4.0, 4.0, 64.0, 64.0])
"""How often a graph is rounded at random, and how many times as far as by the last digit.

By one digit alone two moves may cancel to the bit; by many, what little a saturated function has left is gone at once.
"""
_SAFETY = 4.0
"""How much larger than what these trials show the effect of rounding may be."""


@dataclass(frozen=True)
class Estimate:
    """Numeric derivatives with respect to some leaves, and below what size of difference each says nothing."""

    numbers: NDArray[np.float64]
    resolution: NDArray[np.float64]
    """The error that the method may make; inf where it says nothing."""
    kinks: dict[int, str]
    """Leaves whose step crosses a kink, {number of the leaf: which kink}."""

    def or_finer(self, other: Estimate) -> Estimate:
        """For each leaf that one of the two which resolves more."""
        finer = other.resolution < self.resolution
        kinks = {k: said for k, said in self.kinks.items() if not finer[k]}  # elsewhere the other steps over none
        numbers, resolution = (
            np.where(finer, b, a) for a, b in ((self.numbers, other.numbers), (self.resolution, other.resolution))
        )
        return Estimate(numbers, resolution, kinks)


def rounding(graph: Sequence[Value], leaves: Sequence[Value]) -> tuple[float, NDArray[np.float64]]:
    """How far rounding may move the value of a root, and each of its gradients by the chain rule.

    Of the root: what the last digit of every value comes to by its gradient, added up without signs. Of the gradients
    it is measured: every value of a copy of the graph is moved at random, forward and, once more because local
    derivatives are rounded too, backward. To this comes, for the sums of the chain rule, the last digit of what the
    products along all paths have together.
    """
    rng, root = np.random.default_rng(0), graph[-1]

    def rounded(n: int) -> Any:
        return 1.0 + _TRIALS * EPS * n**0.5 * rng.uniform(0.75, 1.25, len(_TRIALS)) * rng.choice((-1, 1), len(_TRIALS))

    moved = recomputed(graph, {}, rounded)
    memo: dict[int, Any] = {}
    copy = deepcopy(root, memo)
    inner = [(memo[id(node)], moved[node] * rounded(1)) for node in graph if node.op is not None]
    wanted = [memo.get(id(leaf), leaf) for leaf in leaves]
    nodes = [node for node, _ in inner]
    with errstate("ignore"), np.errstate(all="ignore"):
        terms = np.abs(jacobian([copy], nodes)[0] * np.array([node.data for node in nodes])).sum()
        rows = [jacobian([copy], wanted)[0]]
        for k in range(len(_TRIALS)):
            for node, data in inner:
                node.data = float(data[k])
            rows.append(jacobian([copy], wanted)[0])
        noise = _SAFETY * np.maximum(EPS * terms, np.max(np.abs(moved[root] - root.data) / _TRIALS))
        moves = np.max(np.abs(np.array(rows[1:]) - rows[0]) / _TRIALS[:, None], axis=0)
        paths = _absolute(graph)
        sums = np.array([EPS * paths.get(leaf, 0.0) for leaf in leaves])
        return float(_or_inf(noise)), _or_inf(_SAFETY * (moves + sums))


def _absolute(graph: Sequence[Value]) -> dict[Value, float]:
    """For each value the sum over all paths from the root of the products of the local derivatives, without signs."""
    found = {graph[-1]: 1.0}
    for node in reversed(graph):
        if node.op is not None:
            for x, local in zip(node.inputs, node.op.local(node), strict=True):  # type: ignore[misc]  # it has been made
                found[x] = found.get(x, 0.0) + abs(local) * found[node]
    return found


def by_complex_step(graph: Sequence[Value], leaves: Sequence[Value]) -> Estimate:
    """Im f(x + ih) / h, for operations that are analytic. It subtracts nothing, so h may be as small as it likes.

    What the imaginary part is where there should be none, for example in a large power of a negative number, drowns it.
    """
    h = _COMPLEX_STEP * np.array([max(1e-250, min(1.0, abs(leaf.data) or 1.0)) for leaf in leaves])
    root = graph[-1]
    goes = [np.imag(recomputed(graph, _shifted(leaves[s], 1j * h[s]))[root]) / h[s] for s in _goes(graph, leaves)]
    numbers = _joined(goes, leaves)
    drowned = np.abs(np.imag(recomputed(graph, {leaf: np.complex128(leaf.data) for leaf in leaves})[root]))
    with np.errstate(all="ignore"):
        # Of x³ at 0 there remains −h²: what is not 0 is resolved to h, which is ample. Products may underflow.
        own = np.where(numbers != 0, h, 0.0) + TINY / h
        return Estimate(numbers, _or_inf(drowned / h + own), {})


def by_differences(
    graph: Sequence[Value], leaves: Sequence[Value], noise: float, scale: NDArray[Any], extrapolate: bool = False
) -> Estimate:
    """D(h) = (f(x+h) − f(x−h)) / 2h with h = ε^⅓ · scale, or (4·D(h) − D(2h)) / 3 with h = ε^⅕ · scale.

    The same with h/2 tells how large the error of order h² (h⁴) is, or of order h where the second derivative jumps, as
    elu's does at 0; `noise`/h how large the one is that comes from rounding f.
    """
    h = EPS ** (1 / 5 if extrapolate else 1 / 3) * scale
    kinks: dict[int, str] = {}
    found = [_central(graph, leaves, k * h, kinks) for k in ((2.0, 1.0, 0.5) if extrapolate else (1.0, 0.5))]
    with np.errstate(all="ignore"):
        far, near = [(4 * near - far) / 3 for far, near in pairwise(found)] if extrapolate else found
        resolution = _or_inf(2.5 * np.abs(far - near) + 2 * noise / h)
    resolution[list(kinks)] = np.inf
    return Estimate(far, resolution, kinks)


def _central(
    graph: Sequence[Value], leaves: Sequence[Value], h: NDArray[Any], kinks: dict[int, str]
) -> NDArray[np.float64]:
    numbers = []
    for s in _goes(graph, leaves):
        low, high = (recomputed(graph, _shifted(leaves[s], sign * h[s])) for sign in (-1.0, 1.0))
        kinks |= {s.start + k: said for k, said in _crossed(graph, low, high, len(leaves[s])).items()}
        data = np.array([leaf.data for leaf in leaves[s]])
        with np.errstate(all="ignore"):  # x ± h are rounded, and it is their distance that counts
            numbers.append((high[graph[-1]] - low[graph[-1]]) / ((data + h[s]) - (data - h[s])))
    return _joined(numbers, leaves)


def _goes(graph: Sequence[Value], leaves: Sequence[Value]) -> Iterator[slice]:
    """Which leaves are taken at a time."""
    size = max(1, _CELLS // len(graph))
    return (slice(start, min(start + size, len(leaves))) for start in range(0, len(leaves), size))


def _joined(numbers: Sequence[Any], leaves: Sequence[Value]) -> NDArray[np.float64]:
    """The derivatives of several goes; a root that depends on no leaf has one number for all."""
    return np.concatenate([np.zeros(0), *map(np.atleast_1d, numbers)]) * np.ones(len(leaves))


def _or_inf(numbers: Any) -> NDArray[np.float64]:
    return np.where(np.isnan(numbers), np.inf, numbers)


def _shifted(leaves: Sequence[Value], steps: NDArray[Any]) -> dict[Value, NDArray[Any]]:
    """Leaf k as an array that is moved by its step in place k only: one replay then does for all leaves."""
    return {leaf: leaf.data + np.where(np.arange(len(leaves)) == k, steps, 0.0) for k, leaf in enumerate(leaves)}


def recomputed(
    graph: Sequence[Value], leaves: Mapping[Value, Any], rounded: Callable[[int], Any] = lambda n: 1.0
) -> dict[Value, Any]:
    """The value of every node of a graph (in topological order) if its leaves had these values: arrays, if you like.

    The result of an operation on n inputs is multiplied by `rounded(n)`.
    """
    values: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for node in graph:
            if node.op is None:
                values[node] = leaves.get(node, np.float64(node.data))
            else:
                (out,) = node.op.numpy(*(values[x] for x in node.inputs))
                values[node] = out * rounded(len(node.inputs))
    return values


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
            where = "" if node.label == node.op.call else f" ({node.label or 'unnamed'})"
            found.setdefault(int(k), f"the step crosses {node.op.kink} of {node.op.call}{where}")
    return found
