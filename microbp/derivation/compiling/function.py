"""A graph as a function: `compile`.

>>> from microbp import Value
>>> x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(7.0, label="b")
>>> print(compile((w * x + b).sigmoid(), inputs=[x, w, b], wrt=[w]).source)
\"\"\"A forward and a backward pass, line by line: written by microbp.\"\"\"
<BLANKLINE>
import math
<BLANKLINE>
<BLANKLINE>
def gradients(x, w, b):
    ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Literal

import numpy as np

from microbp.derivation.compiling.batches import MapBatches
from microbp.derivation.compiling.entries import Entry, Identifiers, check_once, checked, entries
from microbp.derivation.compiling.matrices.source import write_matrices
from microbp.derivation.compiling.scalar import Scalar, leaves_of
from microbp.derivation.compiling.source import write_source
from microbp.engine import Value
from microbp.engine.replay import SIGNS, recorded
from microbp.errors import GraphError, UnknownNameError, nearest
from microbp.formula.compiled import load_source

TARGETS = ("python", "numpy")
MOST_VALUES = 120_000
"""So many take half a minute, and 0.4 GB, to be written and compiled."""
_numbers = count(1)


class _WithNumbers:
    """A namespace of arrays with NumPy's maximum and minimum, which take a number too, and vdot: PyTorch's do less."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def maximum(self, x: Any, y: Any) -> Any:
        return self._xp.maximum(x, y) if hasattr(y, "dtype") else self._xp.where(x <= y, y, x)

    def minimum(self, x: Any, y: Any) -> Any:
        return self._xp.minimum(x, y) if hasattr(y, "dtype") else self._xp.where(x >= y, y, x)

    @staticmethod
    def vdot(x: Any, y: Any) -> Any:
        return (x * y).sum()


def compile(
    root: Value | Callable[[], Value],
    inputs: Sequence[Any] | None = None,
    wrt: Sequence[Any] | None = None,
    target: Literal["python", "numpy"] = "python",
    *,
    readable: bool = True,
    loop: bool = False,
    textbook: bool | None = None,
    batch: Sequence[int] = (),
    reduce: Literal["sum", "mean"] | None = "sum",
    xp: Any = None,
) -> Any:
    """A function `f(*inputs) -> (value, gradients)`, made of source that you could have written: `f.source`.

    `inputs` are Values, or lists or arrays of them: an argument each, in their shapes; every leaf if none are given.
    `wrt` are some of these leaves, in any shapes: the gradients come in these. All other leaves are constants. `root`
    may be the function that builds the graph, as for `replay`: then its decisions are checked.

    The target "python" gives straight lines, of floats and lists of them, and the results of the graph to the last bit;
    NumPy's float32 would be computed in its own precision. Where Python's arithmetic raises, so does the function, and
    the graph has inf or nan. With `loop` it is the whole of gradient descent:
    `f(*inputs, learning_rate=…, steps=…) -> (value, new numbers of wrt)`, the value being that of the new numbers.
    Without `readable` it is written for speed alone: nets have no lines of their own. With `textbook` sums are written
    with +, and derivatives as they are printed, `out * (1.0 - out)`: that is shorter and faster (with both a square is
    a product), equals the graph to rounding only, loses digits where σ is nearly 0 or 1, and overflows below net −709.
    The matrix form is written so unless False.

    The target "numpy" gives the matrix form. The arguments whose numbers stand in `batch` get an axis more, in front,
    for m samples; value and gradients are the "sum" or "mean" over the samples, or with `reduce=None` each sample's.
    Each call gives new arrays. Without `readable` shapes are not checked: NumPy would spread what is too small.
    `f.map_batches(*inputs, rows=…, executor=…)` adds up batches of so many rows, which other processes may compute.
    `xp` is another namespace of arrays than NumPy, JAX's or PyTorch's, in its default precision. Neither can do all:
    gradients of parts of an array are written into one, which JAX refuses. So it is tried on the graph's numbers.

    Raises `GraphError` for what is no leaf, or stands twice, for a graph that is too large, and if `xp` cannot do what
    stands in the source; `UnknownNameError` for another target or reduction. What is readable raises `ShapeError` for
    an argument of another shape.
    """
    for kind, name, allowed in (("target", target, TARGETS), ("reduce", reduce, ("sum", "mean", None))):
        if name not in allowed:
            raise UnknownNameError(nearest(kind, name, map(str, allowed)))
    end, decisions = recorded(root)
    if (count := len(end.graph())) > MOST_VALUES:
        raise GraphError(
            f"a function of {count:,} values is not one to read, nor to compile (the limit is {MOST_VALUES:,}): "
            "compile the graph of one sample, with a batch, or compute this one anew in place, with microbp.replay"
        )
    for decision in decisions:
        if decision.function not in SIGNS:
            raise GraphError(f"{decision.text} was asked for at {decision.place}: only < <= > >= can be compiled")
    given = Identifiers(*["m"] * bool(batch))  # which is how many samples there are
    places = () if isinstance(batch, int) else batch
    arguments = entries(leaves_of(end) if inputs is None else inputs, given, "inputs", places)
    if places is not batch or not {*batch} <= {*range(len(arguments))}:
        raise GraphError(f"batch needs the places of arguments in inputs, as in batch=(0, 1); got {batch!r}")
    check_once(arguments)
    results = arguments if wrt is None else entries(wrt, Identifiers(), "wrt")
    known = {leaf for entry in arguments for leaf in entry.leaves.flat}
    wanted = list(dict.fromkeys(leaf for entry in results for leaf in entry.leaves.flat))
    if strange := [leaf for leaf in wanted if leaf not in known]:
        raise GraphError(f"wrt needs leaves that stand in inputs too, and {strange[0]!r} does not")
    made = "descend" if loop else "gradients"
    if target == "numpy":
        if loop or decisions:
            raise GraphError("the target 'numpy' has no loop, and no decisions between samples: take 'python'")
        printed = textbook is not False
        source = write_matrices(end, arguments, results, given, batch, reduce, printed, readable, xp is None)
    else:
        if batch or xp is not None:
            raise GraphError("batch and xp are for the target 'numpy'")
        names = {leaf: entry.name for entry in arguments if not entry.shape for leaf in entry.leaves.flat}
        for entry in arguments:
            names |= {leaf: given.give(leaf.label) for leaf in entry.leaves.flat if entry.shape}
        lines = Scalar(end, decisions, names, given, wanted, readable, bool(textbook))
        source = write_source(lines, arguments, results, loop)
    try:
        f = load_source(source, f"<microbp {made} {next(_numbers)}>", {})[made]
    except RecursionError as error:  # the compiler's own: a sum of thousands is nested as deep
        raise GraphError(
            "the matrix form has a sum of too many terms in it to compile: take target='python'"
        ) from error
    if xp is not None:
        f.__globals__["np"] = _WithNumbers(xp)
        _try_out(f, arguments, batch, xp)
    elif batch:
        per_sample = {leaf for k in batch for leaf in arguments[k].leaves.flat}
        whole = [reduce is None, *(reduce is None or not per_sample.isdisjoint(entry.leaves.flat) for entry in results)]
        f.map_batches = MapBatches(source, made, frozenset(batch), tuple(whole), reduce == "mean")
    f.source = source
    return checked(f, arguments, batch) if target == "numpy" and readable else f


def _try_out(f: Callable[..., Any], arguments: Sequence[Entry], batch: Sequence[int], xp: Any) -> None:
    """Raises `GraphError` if a function fails at the numbers of the graph, as arrays of this namespace."""
    numbers = [np.reshape([x.data for x in entry.leaves.flat], entry.shape).tolist() for entry in arguments]
    try:
        f(*(xp.asarray([x, x] if k in batch else x) for k, x in enumerate(numbers)))
    except (AttributeError, RuntimeError, TypeError) as error:
        called, said = getattr(xp, "__name__", type(xp).__name__), str(error).splitlines()[0]
        raise GraphError(
            f"the arrays of {called} cannot do what stands in the source: {said}. Leave out xp, or give "
            "what the graph takes from an array as an entry of its own"
        ) from error
