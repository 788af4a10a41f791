"""Derivatives by arithmetic alone, to check those of the chain rule.

>>> from microbp import Value
>>> check = gradcheck(lambda x, y: (x * y).tanh() / y, 0.5, 2.0)
>>> check.ok, check.method
(True, 'complex')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.engine import Value
from microbp.errors import GraphError, UnknownNameError, unknown
from microbp.formula import Formula
from microbp.generated import numpy_function
from microbp.tabular import columns

METHODS = ("auto", "complex", "central", "richardson")
_COMPLEX_STEP = 1e-30
_ALLOWED = {"complex": 1e-12, "central": 1e-6, "richardson": 1e-8}
_WORDS = {"complex": "complex step", "central": "central difference", "richardson": "Richardson extrapolation"}
MOST_ROWS = 40
"""Of more leaves a check prints the worst."""
_CELLS = 4_000_000
"""How many numbers a replay may hold at once: more leaves are checked in several goes."""


@dataclass(frozen=True)
class GradCheck:
    """What a gradient check found, leaf by leaf: prints as a table."""

    names: tuple[str, ...]
    analytic: tuple[float, ...]
    numeric: tuple[float, ...]
    method: str
    kinks: dict[int, str]
    """Leaves that cannot be compared, because the step crosses a kink: {number of the leaf: which kink}."""

    @property
    def errors(self) -> tuple[float, ...]:
        """|a − n| / max(1, |a|, |n|) for each leaf; nan where it cannot be compared."""
        return tuple(
            float("nan") if k in self.kinks else _error(a, n)
            for k, (a, n) in enumerate(zip(self.analytic, self.numeric, strict=True))
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, "worst": self.worst, "errors": self.errors, **asdict(self)}

    @property
    def worst(self) -> float:
        """The largest error."""
        return float(np.max([e for k, e in enumerate(self.errors) if k not in self.kinks], initial=0.0))

    @property
    def ok(self) -> bool:
        """Whether every error is small enough for the method."""
        return self.worst <= _ALLOWED[self.method]  # a nan that is no kink is not

    def __str__(self) -> str:
        verdict = "gradients agree" if self.ok else "GRADIENTS DIFFER"
        step = _WORDS[self.method]
        rows = [("", "chain rule", "numeric", "relative error")]
        errors, order = self.errors, range(len(self.names))
        if len(self.names) > MOST_ROWS:
            order = np.argsort(errors)[: -MOST_ROWS - 1 : -1].tolist()  # nan sorts last, and so stands first
            rows[0] = (f"worst {MOST_ROWS} of {len(self.names):,}", *rows[0][1:])
        for k in order:
            said = f"not comparable here: {self.kinks[k]}" if k in self.kinks else f"{errors[k]:.1e}"
            rows.append((self.names[k], f"{self.analytic[k]:.8g}", f"{self.numeric[k]:.8g}", said))
        head = f"{verdict} ({step}, worst relative error {self.worst:.1e}, allowed {_ALLOWED[self.method]:.0e})"
        return "\n".join([head, *columns(rows)])


def gradcheck(fn: Callable[..., Value], *xs: float, method: str = "auto") -> GradCheck:
    """Compares the gradients of `fn(*values)` at the numbers `xs` with numeric ones. Returns a `GradCheck`.

    "complex" evaluates at x + ih and takes the imaginary part: exact to rounding, where every operation is analytic.
    "central" is (f(x+h) − f(x−h)) / 2h with h = ε^⅓ · max(1, |x|), where its errors, of order h² and ε/h, are alike.
    "richardson" takes such differences D with h and 2h: (4·D(h) − D(2h)) / 3 has no error of order h², so that a larger
    h = ε^⅕ · max(1, |x|) does better. "auto" takes the complex step where it applies, else central differences.
    Raises `UnknownNameError` for another method.
    """
    leaves = [Value(x, label=f"x[{k}]") for k, x in enumerate(xs)]
    return check_graph(fn(*leaves), leaves, method)


def check_graph(root: Value, leaves: Sequence[Value], method: str = "auto") -> GradCheck:
    """Compares ∂root/∂leaf, for each leaf of a graph, with numeric ones. The grads on the graph stay as they were.

    Raises `UnknownNameError` for another method, `GraphError` for "complex" if an operation is not analytic.
    """
    if method not in METHODS:
        raise UnknownNameError(unknown("method", method, METHODS))
    graph = root.graph()
    rough = [node.op.name for node in graph if node.op is not None and not node.op.formula.analytic]
    if method == "complex" and rough:
        raise GraphError(f"a complex step needs analytic operations only, and {rough[0]} is not: take central")
    names = tuple(leaf.label or f"leaf {k}" for k, leaf in enumerate(leaves))
    analytic = _chain_rule(root, graph, leaves)
    if method in ("auto", "complex") and not rough:
        check = GradCheck(names, analytic, _numeric(graph, leaves, _by_complex_step), "complex", {})
        if check.ok or method == "complex":
            return check  # else the imaginary part may have drowned, in a large power for one: central will tell
    order = 1 / 5 if method == "richardson" else 1 / 3
    steps = np.finfo(np.float64).eps ** order * np.array([[1.0, abs(leaf.data) or 1.0] for leaf in leaves]).T
    kinks: dict[int, str] = {}
    if method == "richardson":
        h = np.maximum(*steps)
        near, far = (
            np.array(_numeric(graph, leaves, partial(_by_central_difference, h=k * h, kinks=kinks))) for k in (1, 2)
        )
        return GradCheck(names, analytic, tuple(((4 * near - far) / 3).tolist()), method, kinks)
    numeric = _numeric(graph, leaves, partial(_by_central_difference, h=np.maximum(*steps), kinks=kinks))
    check = GradCheck(names, analytic, numeric, "central", kinks)
    if check.ok:
        return check
    # Where x is small and the function curved on its scale, a step in proportion to x is the better one.
    relative = _numeric(graph, leaves, partial(_by_central_difference, h=steps[1], kinks=kinks))
    return GradCheck(names, analytic, tuple(map(_closer, analytic, numeric, relative)), "central", kinks)


def _error(a: float, n: float) -> float:
    return abs(a - n) / max(1.0, abs(a), abs(n))


def _closer(analytic: float, one: float, other: float) -> float:
    return one if _error(analytic, one) <= _error(analytic, other) else other


def _chain_rule(root: Value, graph: Sequence[Value], leaves: Sequence[Value]) -> tuple[float, ...]:
    before = [node.grad for node in graph]
    for node in graph:
        node.grad = 0.0
    root.backward()
    gradients = tuple(leaf.grad for leaf in leaves)
    for node, grad in zip(graph, before, strict=True):
        node.grad = grad
    return gradients


def _numeric(
    graph: Sequence[Value], leaves: Sequence[Value], rule: Callable[[Sequence[Value], Sequence[Value], int], Any]
) -> tuple[float, ...]:
    """The numeric derivative by each leaf, by a rule that takes some of them at a time, and the number of the first."""
    chunk = max(1, _CELLS // len(graph))
    numeric: list[float] = []
    with np.errstate(all="ignore"):
        for start in range(0, len(leaves), chunk):
            part = leaves[start : start + chunk]
            numeric += np.broadcast_to(rule(graph, part, start), (len(part),)).tolist()
    return tuple(numeric)


def _by_complex_step(graph: Sequence[Value], part: Sequence[Value], start: int) -> Any:
    h = _COMPLEX_STEP * np.array([max(1e-250, min(1.0, abs(leaf.data) or 1.0)) for leaf in part])
    return replay(graph, _shifted(part, 1j * h))[graph[-1]].imag / h


def _by_central_difference(
    graph: Sequence[Value], part: Sequence[Value], start: int, h: NDArray[Any], kinks: dict[int, str]
) -> Any:
    h = h[start : start + len(part)]
    low, high = replay(graph, _shifted(part, -h)), replay(graph, _shifted(part, h))
    kinks |= {start + k: said for k, said in _crossed(graph, low, high, len(part)).items()}
    return (high[graph[-1]] - low[graph[-1]]) / (2 * h)


def _shifted(leaves: Sequence[Value], steps: NDArray[Any]) -> dict[Value, NDArray[Any]]:
    """Leaf k as an array that is moved by its step in place k only: one replay then does for all leaves."""
    return {leaf: leaf.data + np.where(np.arange(len(leaves)) == k, steps, 0.0) for k, leaf in enumerate(leaves)}


def replay(graph: Sequence[Value], leaves: Mapping[Value, Any]) -> dict[Value, Any]:
    """The value of every node of a graph (in topological order) if its leaves had these values: arrays, if you like."""
    values: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for node in graph:
            if node.op is None:
                values[node] = leaves.get(node, np.float64(node.data))
            else:
                (values[node],) = node.op.numpy(*(values[x] for x in node.inputs))
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
            where = node.label or "unnamed"
            found.setdefault(int(k), f"the step crosses {node.op.kink} of {node.op.call} ({where})")
    return found
