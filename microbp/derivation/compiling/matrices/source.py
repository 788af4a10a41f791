"""The function in matrix form: its arguments grouped, the two passes, and the gradients in the shapes asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from microbp.derivation.compiling.entries import Entry, Identifiers
from microbp.derivation.compiling.layout import WIDTH, module, names_in, returned, shortly, titled
from microbp.derivation.compiling.matrices.arrays import Gather, Map, MatrixSource, Nodes, Ref, SourceArray
from microbp.derivation.compiling.matrices.backward import backward_lines
from microbp.derivation.compiling.matrices.expressions import Expr, atom, sizes, stacked
from microbp.derivation.compiling.matrices.forward import forward_lines
from microbp.derivation.compiling.matrices.grouping import group_nodes
from microbp.derivation.compiling.matrices.places import Places
from microbp.engine import Value
from microbp.errors import GraphError

_SUM_OF_SQUARES = re.compile(r"(?<== )np\.sum\(([\d.]+ \* )?([^\W\d]\w*) \*\* 2\)(?! \*\*)")
"""Of all elements of an array, at the beginning of a line: as a product with itself it needs no array of squares."""


def write_matrices(
    root: Value,
    arguments: Sequence[Entry],
    results: Sequence[Entry],
    given: Identifiers,
    batch: Sequence[int],
    reduce: str | None,
    textbook: bool,
    readable: bool,
    for_numpy: bool,
) -> str:
    """The source of a module with the function `gradients`, in matrix form; `for_numpy` if no other has its arrays."""
    places, batched = Places(given), [arguments[k].name for k in batch]
    wanted = {leaf for entry in results for leaf in entry.leaves.flat}
    for entry in arguments:
        array = SourceArray(entry.leaves, entry.name in batched, None, entry.name)
        array.needed = not wanted.isdisjoint(entry.leaves.flat)
        places.add(array)
    alone = group_nodes(root, places)
    for array in places.arrays:
        array.needed |= any(ref.needed for ref in array.refs)
    end = places.ref(np.array(root, dtype=object))
    if batched and not end.expr.rows:
        raise GraphError(f"the root is the same for every sample: it does not depend on {', '.join(batched)}")
    source = MatrixSource(given, batched[0] if batched else "", reduce, textbook, readable)
    if source.over_all and end.array is not None and end.array.nodes.size == 1:
        end = Ref(end.array.shape, end.array)  # of all samples at once, whether it has an axis of its own or not
    arrays = [*places.arrays]
    cost = forward_lines(arrays, end.array, source)
    lines, source.lines = source.lines, []
    if for_numpy and not readable:
        lines = [(_SUM_OF_SQUARES.sub(r"\1np.vdot(\2, \2)", text), shape) for text, shape in lines]
    found = backward_lines(arrays, end, source)
    value = end.expr.written
    value = value if cost or not source.over_all else f"np.{reduce}({value})"
    grads = [_result(entry.leaves, found, places, source) for entry in results]
    passes = [*_commented("forward", lines), *_commented("backward", source.lines), *returned(value, grads)]
    used = names_in("\n".join(line.partition("  # ")[0] for line in passes))
    body = [f"m = len({batched[0]})"] if batched and "m" in used else []
    if any(map(_may_raise, arrays)):  # of Python's floats; of arrays it is inf or nan, never complex
        scalars = [entry.name for k, entry in enumerate(arguments) if not entry.shape and k not in batch]
        body += [f"{name} = np.asarray({name}, dtype=float)" for name in scalars if name in used]
    body += passes
    constants = [f"{name} = {text}" for text, name in places.constants.items()]
    lacking = [f for f in ("erf", "erfc") if f"_{f}" in used]  # NumPy has none
    lent = [f"_{f} = np.vectorize(math.{f}, otypes=[float])" for f in lacking]
    said = f" {alone} operations have no like, and stay numbers." if alone > len(places.arrays) / 2 else ""
    head = [f'"""A forward and a backward pass in matrix form: written by microbp.{said}"""', ""]
    head += ["import math", ""] if lent else []
    head += ["import numpy as np", ""] if any("np." in line for line in (*body, *constants)) else []
    for block in (lent, constants):
        head += [*block, ""] if block else []
    said = f"Return the value, and its gradient with respect to {shortly([entry.name for entry in results])}."
    return module(head, f"gradients({', '.join(entry.name for entry in arguments)})", said, body)


def _result(leaves: Nodes, grads: dict[SourceArray, Expr], places: Places, source: MatrixSource) -> str:
    """The gradient of these leaves in their shape."""

    def found(ref: Ref) -> Expr:
        assert ref.array is not None
        if isinstance(ref.array.made, Gather):
            return stacked([found(element) for element in ref.array.made.elements], ref.shape)
        rows, shape = source.grad_rows(ref.array), ref.array.shape
        zeros = Expr(atom(f"np.zeros({sizes(shape, rows)})"), rows, shape)
        return grads.get(ref.array, zeros).at(ref.at, ref.shape)

    return found(places.ref(leaves, vector=True)).written


def _commented(title: str, lines: Sequence[tuple[str, str]]) -> list[str]:
    """The lines with their shapes behind them, in a column."""
    width = min(max((len(text) for text, shape in lines if shape), default=0), WIDTH - 24)
    texts = (f"{text:{width}}  # {shape}" if shape and len(text) <= width else text for text, shape in lines)
    return titled(title, list(texts))


def _may_raise(array: SourceArray) -> bool:
    """Whether it is one number for all samples, made by an operation that Python does not do for each float."""
    if array.shape or array.rows or not isinstance(array.made, Map):
        return False
    return any(formula.can_raise for formula in (array.made.op.formula, *array.made.op.partial_formulas) if formula)
