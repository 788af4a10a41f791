"""Random graphs built from the rows of the table: what is legal where is read off each row, not listed here."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from microbp import Value
from microbp.engine import apply, constant
from microbp.engine.ops import FAMILIES, OPS
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula

MARGIN = 0.1
"""How far inputs keep from the edge of a domain and from a kink: far more than any finite difference."""


def legal(op, numbers) -> bool:
    """Whether the operation is smooth around these inputs, and neither its result nor its slope is large."""
    numbers = np.array(numbers, dtype=np.float64)
    with np.errstate(all="ignore"):
        (out,) = op.numpy(*numbers)
        slopes = op.numpy_partials(*numbers, out)
        around = [
            numbers + MARGIN * s
            for s in np.array(np.meshgrid(*[[-1, 0, 1]] * len(numbers))).reshape(len(numbers), -1).T
        ]
        inside = all(op.numpy_domain(*point, out)[0] for point in around)
        sides = set()
        if op.kink:
            left, _, right = op.kink.partition(" == ")
            side = numpy_function("side", op.inputs, [Formula(f"sign(({left}) - ({right}))")])
            sides = {float(side(*point)[0]) for point in around}
    return bool(inside) and len(sides) <= 1 and np.isfinite(out) and max(map(abs, [out, *slopes])) < 10


@st.composite
def graphs(draw, analytic: bool = False):
    """(root, leaves): a random graph with fan-out, in which every node counts."""
    rows = [op for op in OPS.values() if op.formula.analytic or not analytic]
    numbers = st.floats(-2, 2, allow_subnormal=False)
    leaves = [Value(draw(numbers), label=f"x{k}") for k in range(draw(st.integers(1, 4)))]
    nodes = list(leaves)
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            op = draw(st.sampled_from(rows))
        else:
            op = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))].row(draw(st.integers(1, 3)))
        inputs = tuple(
            constant(draw(st.sampled_from([-1.0, 0.5, 2.0, 3.0])), op)
            if partial is None
            else draw(st.sampled_from(nodes))
            for partial in op.partials
        )
        if op.family or legal(op, [x.data for x in inputs]):
            nodes.append(apply(op, inputs))
    if draw(st.booleans()):
        nodes.reverse()  # the walk goes into the inputs of each, not from one that is done to the next
    root = apply(FAMILIES["total"].row(len(nodes)), tuple(nodes))
    return root, leaves
