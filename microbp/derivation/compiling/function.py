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

import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from microbp.derivation.compiling.entries import Names, check_once, entries
from microbp.derivation.compiling.scalar import Scalar, leaves_of
from microbp.derivation.compiling.source import write
from microbp.engine import Value
from microbp.engine.replay import recorded
from microbp.errors import GraphError, UnknownNameError, unknown
from microbp.formula.compiled import load

_numbers = count(1)


def compile(
    root: Value | Callable[[], Value],
    inputs: Sequence[Any] | None = None,
    wrt: Sequence[Any] | None = None,
    target: str = "python",
    *,
    readable: bool = True,
    loop: bool = False,
) -> Any:
    """A function `f(*inputs) -> (value, gradients)`, made of source that you could have written: `f.source`.

    `inputs` are Values, or lists or arrays of them: an argument each, in their shapes; every leaf if none are given.
    `wrt` are some of these leaves, in any shapes: the gradients come in these, as floats and lists. All other leaves
    are constants. With `loop` it is the whole of gradient descent: `f(*inputs, learning_rate=…, steps=…) -> (value,
    new numbers of wrt)`, the value being that of the new numbers. Without `readable` it is written for speed alone.
    `root` may be the function that builds the graph, as for `replay`: then its decisions are checked.

    Results are those of the graph to the last bit; where Python's arithmetic raises, so does the function, and the
    graph has inf or nan. Raises `GraphError` for what is no leaf, or stands twice; `UnknownNameError` for a target.
    """
    if target not in ("python",):
        raise UnknownNameError(unknown("target", target, ("python",)))
    end, decisions = recorded(root)
    given = Names()
    inputs = leaves_of(end) if inputs is None else inputs
    arguments = entries(inputs, given, "inputs")
    check_once(arguments)
    results = arguments if wrt is None else entries(wrt, Names(), "wrt")
    names = {leaf: entry.name for entry in arguments if not entry.shape for leaf in entry.leaves.flat}
    for entry in arguments:
        names |= {leaf: given.give(leaf.label) for leaf in entry.leaves.flat if entry.shape}
    wanted = list(dict.fromkeys(leaf for entry in results for leaf in entry.leaves.flat))
    if strange := [leaf for leaf in wanted if leaf not in names]:
        raise GraphError(f"wrt needs leaves that stand in inputs too, and {strange[0]!r} does not")
    scalar = Scalar(end, decisions, names, given, wanted, readable)
    source = write(scalar, arguments, results, loop)
    name = "descend" if loop else "gradients"
    f = load(source, f"<microbp {name} {next(_numbers)}>", {"math": math})[name]
    f.source = source
    return f
