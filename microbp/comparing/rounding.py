"""What rounding may do to the value of a graph and to its gradients by the chain rule.

>>> from microbp import Value
>>> x = Value(1e8)
>>> found = rounding(x.sin().graph(), [x]), rounding((x * x).sin().graph(), [x])
>>> [bool(rounds.gradients[0] < 1e-8) for rounds in found]
[True, False]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.jacobian import jacobian
from microbp.engine import Value
from microbp.engine.ieee import errstate

EPS, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)
SMALLEST = 5e-324
"""What a float that is nearly 0 is rounded to; inside a complex function something less than TINY may be lost, too."""
_TRIALS = np.array([1, 1, 4, 4, 64, 64])
"""How often a graph is rounded at random, and how many times as far as by the last digit.

By one digit alone two moves may cancel to the bit; by many, what little a saturated function has left is gone at once.
"""
_CHAOS = 0.02
"""A gradient that one digit moves by more than this part of its terms is moved at random."""
SAFETY = 4.0
"""How much larger than what these trials show the effect of rounding may be."""


@dataclass(frozen=True)
class Rounding:
    """What rounding may do to a graph."""

    gradients: NDArray[np.float64]
    """How far it may move each gradient by the chain rule; inf where nothing is left of it."""
    reach: Mapping[Value, float]
    """How far each interior value moves the root: |∂root/∂value|."""
    paths: NDArray[np.float64]
    """For each leaf the sum over all paths of the products of the local derivatives, without signs."""
    trials: float
    """How far the root moved when every value was rounded at random."""

    def underflow(self, lost: float = SMALLEST) -> float:
        """How far the root moves if so much is lost of every value because it is too small for a float."""
        return SAFETY * lost * sum(self.reach.values())


def rounding(graph: Sequence[Value], leaves: Sequence[Value]) -> Rounding:
    """How far rounding may move the value of a root, and each of its gradients by the chain rule.

    Of the gradients it is measured: every value of a copy of the graph is moved at random, forward and, once more
    because local derivatives are rounded too, backward. To this comes, for the sums of the chain rule, the last digit
    of what the products along all paths have together.
    """
    rng, root = np.random.default_rng(0), graph[-1]

    def rounded(n: int) -> Any:
        return 1.0 + _TRIALS * EPS * n**0.5 * rng.uniform(0.75, 1.25, len(_TRIALS)) * rng.choice((-1, 1), len(_TRIALS))

    moved = recomputed(graph, {}, rounded)
    memo: dict[int, Any] = {}
    copy = deepcopy(root, memo)
    interior = [node for node in graph if node.op is not None]
    inner = [(memo[id(node)], moved[node] * rounded(1)) for node in interior]
    wanted = [memo.get(id(leaf), leaf) for leaf in leaves]
    with errstate("ignore"), np.errstate(all="ignore"):
        (reach,), (exact,) = jacobian([copy], [node for node, _ in inner]), jacobian([copy], wanted)
        moves = np.zeros(len(wanted))
        for k, times in enumerate(_TRIALS):
            for node, data in inner:
                node.data = float(data[k])
            (row,) = jacobian([copy], wanted)
            moves = np.maximum(moves, np.abs(row - exact) / times)
        found = _absolute(graph)
        paths = np.array([found.get(leaf, 0.0) for leaf in leaves])
        # Where a digit turns the sine of 1e20 round, how far it did so by chance says nothing.
        gradients = np.where(moves > _CHAOS * paths, np.inf, or_inf(SAFETY * (moves + EPS * paths)))
        trials = float(or_inf(np.max(np.abs(moved[root] - root.data) / _TRIALS)))
    return Rounding(gradients, dict(zip(interior, np.abs(reach).tolist(), strict=True)), paths, trials)


def _absolute(graph: Sequence[Value]) -> dict[Value, float]:
    """For each value the sum over all paths from the root of the products of the local derivatives, without signs."""
    found = {graph[-1]: 1.0}
    for node in reversed(graph):
        if node.op is not None:
            for x, local in zip(node.inputs, node.op.local(node), strict=True):  # type: ignore[misc]  # it has been made
                found[x] = found.get(x, 0.0) + abs(local) * found[node]
    return found


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


def or_inf(numbers: Any) -> NDArray[np.float64]:
    """These numbers, and inf for nan: nothing is resolved."""
    return np.where(np.isnan(numbers), np.inf, numbers)
