"""All derivatives of several values by several others, as a matrix.

>>> from microbp import Value
>>> z = [Value(0.5), Value(-1.0)]
>>> jacobian([x.tanh() for x in z], z).round(4).tolist()
[[0.7864, 0.0], [0.0, 0.42]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.engine import Value
from microbp.errors import OperandError


def jacobian(outputs: Sequence[Any], inputs: Sequence[Any]) -> NDArray[np.float64]:
    """∂outputs[i]/∂inputs[k] in row i, column k: shape (number of outputs, number of inputs).

    Inputs may be leaves or any values in between; those that an output does not depend on give 0. Arrays of
    values of any shape are taken entry by entry, row by row. The grads on the graph stay as they were. Raises
    `OperandError` for what is not a value.
    """
    outs, ins = (np.array(values, dtype=object).ravel().tolist() for values in (outputs, inputs))
    if wrong := [x for x in (*outs, *ins) if not isinstance(x, Value)]:
        raise OperandError(f"jacobian needs values, got {wrong[0]!r} ({type(wrong[0]).__name__})")
    matrix = np.zeros((len(outs), len(ins)))
    for row, out in zip(matrix, outs, strict=True):
        graph: list[Value] = out.graph()
        before = [node.grad for node in graph]
        for node in graph:
            node.grad = 0.0
        try:
            out.backward()
            found = {node: node.grad for node in graph}
        finally:
            for node, grad in zip(graph, before, strict=True):
                node.grad = grad
        row[:] = [found.get(value, 0.0) for value in ins]
    return matrix
