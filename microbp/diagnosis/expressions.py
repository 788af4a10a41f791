"""Which rule a derivation by hand got wrong: a graph's backward pass is replayed with every slip in it.

>>> from microbp import load
>>> problem = load("(w*x + b - y)**2", {"w": 2.0, "x": 3.0, "b": 0.5, "y": 1.0})
>>> diagnosis = diagnose_graph(problem.root(), {"w": 16.5, "b": 5.5})
>>> diagnosis.mistakes
('power-exponent',)
>>> print(diagnosis.explanation.splitlines()[1])
power-exponent: The exponent is not brought down as a factor. At (w*x + b - y)**2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from microbp.diagnosis.findings import Diagnosis
from microbp.diagnosis.niceness import Niceness
from microbp.diagnosis.precision import RELATIVE, typed_half_units
from microbp.diagnosis.scaling import Column, scalings
from microbp.diagnosis.slips import FACTOR, OVERWRITTEN, SIGN, Slip, slipped
from microbp.engine import Constant, Value
from microbp.errors import ShapeError, UnknownNameError, unknown
from microbp.learner.cases import Floats
from microbp.learner.given import within
from microbp.stepper import Step, Stepper

MOST_WORK = 3_000_000
"""Steps replayed at most: in a large graph slips are tried alone, not in pairs."""


class _Try(NamedTuple):
    slips: tuple[Slip, ...]
    where: tuple[str, ...]
    locals: dict[int, float]


def diagnose_graph(root: Value, gradients: Mapping[str, float]) -> Diagnosis:
    """Names the slip behind gradients of a graph that were computed by hand, by label of the leaf.

    Leaves that are not given are not judged. Raises `UnknownNameError` for a label that no leaf has.

    >>> x = Value(3.0, label="x")
    >>> y = x.sin() + x.exp()
    >>> diagnose_graph(y, {"x": x.exp().data}).mistakes
    ('fan-out-overwritten',)
    """
    leaves = {v.label: v for v in root.graph() if v.op is None and not isinstance(v, Constant) and v.label}
    for name in gradients:
        if name not in leaves:
            raise UnknownNameError(unknown("leaf", name, leaves))
    if not gradients:
        raise ShapeError(f"a diagnosis needs the gradient of one leaf or more, of {list(leaves)}")
    stepper = Stepper(root)
    steps = [stepper[k] for k in range(len(stepper))]
    asked = [leaves[name] for name in gradients]
    numbers = np.array(list(gradients.values()), dtype=np.float64)
    half = typed_half_units(numbers) * (1 + 1e-6)

    def fits(made: Floats) -> bool:
        return bool(np.all(within(numbers, made, half + RELATIVE * np.abs(made))))

    right = _replay(root, steps, {}, asked)
    if fits(right):
        return Diagnosis(True, (), (), {"leaves": list(gradients)}, f"The gradients are right: {', '.join(gradients)}.")
    singles = [t for t in _tries(steps) if not np.allclose(_replay(root, steps, t.locals, asked), right, rtol=1e-12)]
    found = [t for t in singles if fits(_replay(root, steps, t.locals, asked))]
    factor, factored = _factor(numbers, right, half + RELATIVE * np.abs(numbers))
    found += factored
    if not found and len(singles) ** 2 * len(steps) <= MOST_WORK:
        for one, two in combinations(singles, 2):
            if not one.locals.keys() & two.locals.keys():
                both = _Try(one.slips + two.slips, one.where + two.where, one.locals | two.locals)
                if fits(_replay(root, steps, both.locals, asked)):
                    found.append(both)
    table = {name: (float(n), float(r)) for name, n, r in zip(gradients, numbers, right, strict=True)}
    return _told(table, found, factor)


def _tries(steps: list[Step]) -> Iterator[_Try]:
    """Each slip at each node; and at all nodes that can have it."""
    everywhere: dict[str, dict[int, float]] = {}
    for slip, node, changed in slipped(steps):
        name = next(step.node_name for step in steps if step.node is node) if node.op else node.label
        yield _Try((slip,), (name,), changed)
        everywhere.setdefault(slip.code, {}).update(changed)
        if len(everywhere[slip.code]) > len(changed) and slip is not OVERWRITTEN:
            yield _Try((slip,), ("every place before and up to " + name,), dict(everywhere[slip.code]))


def _replay(root: Value, steps: list[Step], locals_: Mapping[int, float], asked: list[Value]) -> Floats:
    grads: dict[Value, float] = {root: 1.0}
    for k, step in enumerate(steps):
        contribution = grads.get(step.node, 0.0) * locals_.get(k, step.local)
        grads[step.input] = grads.get(step.input, 0.0) + contribution
    return np.array([grads.get(leaf, 0.0) for leaf in asked])


def _factor(numbers: Floats, right: Floats, tolerance: Floats) -> tuple[float | None, list[_Try]]:
    """A factor that all have in common: a likely one, or one that several numbers speak for."""
    if not (np.isfinite(numbers).all() and np.isfinite(right).all()):
        return None, []
    column = Column("dW1", numbers, right, np.zeros_like(right), tolerance)
    for scaling in scalings([column], Niceness(1, 1), 2):
        for group in scaling.groups:
            return group.value, [_Try((SIGN if group.value == -1 else FACTOR,), ("every leaf",), {})]
    return None, []


def _told(table: dict[str, tuple[float, float]], found: list[_Try], factor: float | None) -> Diagnosis:
    distinct: dict[tuple[str, ...], _Try] = {}
    for one in found:
        distinct.setdefault(tuple(slip.code for slip in one.slips), one)
    details: dict[str, Any] = {"yours_and_right": table, "factor": factor}
    lines = ["The gradients are wrong" + (f": {' and '.join(next(iter(distinct)))}." if distinct else ".")]
    for codes, one in distinct.items():
        if lines[1:]:
            lines.append(f"Or, with the same numbers here: {' and '.join(codes)}.")
        lines += [f"{s.code}: {s.sentence} At {place}." for s, place in zip(one.slips, one.where, strict=True)]
        details.setdefault("where", list(one.where))
    if not distinct:
        lines.append("No slip of the table, nor two of them, gives these numbers.")
    lines += [f"  {name}: yours {n:.9g}, right {r:.9g}" for name, (n, r) in table.items()]
    first, *others = distinct or [()]
    return Diagnosis(False, tuple(first), tuple(others), details, "\n".join(lines))
