"""From generated source to functions: the one place where microbp turns text into code."""

from __future__ import annotations

import ast
import linecache
import math
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from microbp.formula.language import Formula

_TERMS = 500
"""How many terms of a sum stand in one line of code."""


def load_source(source: str, filename: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run generated source in `namespace`; tracebacks and debuggers show it under `filename`.

    The text always comes from parsed formulas and names made here, never from a user's string.
    """
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def numpy_function(name: str, arguments: tuple[str, ...], results: list[Formula]) -> Callable[..., Any]:
    """A function of arrays that returns the tuple of `results`, sums of thousands of terms among them.

    >>> names = tuple(f"x{k}" for k in range(12_000))
    >>> numpy_function("long", names, [Formula.sum([Formula(name) for name in names])])(*[0.5] * 12_000)
    (6000.0,)
    """
    lines, written = [], []
    for k, result in enumerate(results):
        terms = result.terms
        if len(terms) <= _TERMS:
            written.append(result.numpy())
            continue
        # Added up from the left as in one expression; in one, Python's compiler would run out of stack.
        parts = [f"({term.numpy()})" for term in terms]
        lines += [f"_sum{k} = {' + '.join(parts[:_TERMS])}"]
        lines += [f"_sum{k} = _sum{k} + {' + '.join(parts[n : n + _TERMS])}" for n in range(_TERMS, len(parts), _TERMS)]
        written.append(f"_sum{k}")
    body = "\n    ".join([*lines, f"return ({', '.join(written)},)"])
    source = f"def {name}({', '.join(arguments)}):\n    {body}\n"
    lent = {f"_{f.__name__}": np.vectorize(f, otypes=[float]) for f in (math.erf, math.erfc)}
    space = {"np": np, **lent}
    return load_source(source, f"<microbp {name}>", space)[name]  # type: ignore[no-any-return]  # it came from exec


@lru_cache(maxsize=1 << 15)
def line(text: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """A line of NumPy as a function of the names in it, and those names in its order.

    >>> product, names = line("a @ W.T + b")
    >>> names, product(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5).tolist()
    (('W', 'a', 'b'), [[1.5, 2.5], [3.5, 4.5]])
    """
    tree = ast.parse(text, mode="eval")
    names = tuple(sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"np"}))
    source = f"def line({', '.join(names)}):\n    return {text}\n"
    return load_source(source, f"<microbp {text}>", {"np": np})["line"], names


class Computed:
    """What lines came to of the arrays that they are of, the latest: each is computed once.

    >>> computed, (function, _), a = Computed(), line("a @ a"), np.ones(3)
    >>> computed(function, [a]) is computed(function, [a])
    True
    """

    def __init__(self, most: int = 64_000_000) -> None:
        self._found: OrderedDict[tuple[int, ...], tuple[Any, ...]] = OrderedDict()
        self._room = most

    def __call__(self, function: Callable[..., Any], arguments: list[Any]) -> Any:
        """The function of these arguments; they are kept, so that no others get their addresses."""
        key = (id(function), *map(id, arguments))
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key][0]
        made = function(*arguments)
        self._found[key] = made, function, arguments
        self._room -= getattr(made, "nbytes", 0)
        while self._room < 0:
            self._room += getattr(self._found.popitem(last=False)[1][0], "nbytes", 0)
        return made
