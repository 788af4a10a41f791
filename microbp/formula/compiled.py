"""From generated source to functions: the one place where microbp turns text into code."""

from __future__ import annotations

import ast
import linecache
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from microbp.formula.language import Formula

_LONG = 5000
"""So many lines of source are compiled at once."""
_TERMS = 500
"""How many terms of a sum stand in one line of code."""


def load_source(source: str, filename: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run generated source in `namespace`; tracebacks and debuggers show it under `filename`.

    The text always comes from parsed formulas and names made here, never from a user's string. Long text is compiled a
    function at a time: of all at once, the compiler's own tree would take a hundred times the room.
    """
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    starts = [k for k, line in enumerate(lines) if line.startswith("def ")] if len(lines) > _LONG else []
    for start, end in pairwise([0, *starts, len(lines)]):
        exec(compile("\n" * start + "".join(lines[start:end]), filename, "exec"), namespace)
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


def worked_out(formula: Formula) -> float:
    """What a formula without names comes to in Python's arithmetic. Raises what that raises.

    >>> worked_out(Formula("exp(2 - 2)"))
    1.0
    """
    return float(load_source(f"value = {formula.python()}", "<microbp number>", {"math": math})["value"])


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


_INPUTS = frozenset(("a0", "X"))
"""What the lines of a layer call its inputs, the largest arrays there are."""


@lru_cache(maxsize=1 << 15)
def shared_line(text: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """The same with lines among the names: parts that other lines have as well, means of inputs and their products.

    >>> shared_line("(a0 - a0.mean(axis=0)) @ W.T + b")[1], shared_line("(a0 - a0.mean(axis=0)) @ W.T")[1]
    (('b', '(a0 - a0.mean(axis=0)) @ W.T'), ('W', 'a0', 'a0.mean(axis=0)'))
    """
    if not any(name in text for name in _INPUTS):
        return line(text)
    parts = _Parts()
    tree = parts.generic_visit(ast.parse(text, mode="eval").body)
    function, names = line(ast.unparse(tree))
    return function, tuple(parts.found.get(name, name) for name in names)


class _Parts(ast.NodeTransformer):
    """Puts names in the places of the largest parts that are worth being kept by themselves."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def visit(self, node: ast.AST) -> Any:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in _INPUTS:
                pass
            case ast.BinOp(op=ast.MatMult()) if _names(node) <= {*_INPUTS, "W", "d"}:
                pass
            case _:
                return self.generic_visit(node)
        part = f"part{len(self.found)}"
        self.found[part] = ast.unparse(node)
        return ast.Name(part)


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name)) - {"np"}


class Computed:
    """What lines, and parts of them, came to of the arrays that they are of, the latest: each is computed once.

    >>> computed, scope = Computed(), {"a": np.ones(3)}
    >>> computed("a @ a", scope) is computed("a @ a", scope)
    True
    """

    def __init__(self, most: int = 64_000_000) -> None:
        self._found: OrderedDict[tuple[int, ...], tuple[Any, ...]] = OrderedDict()
        self._room = most

    def __call__(self, text: str, scope: Mapping[str, Any]) -> Any:
        """What a line comes to; the arrays are kept, so that no others get their addresses."""
        function, names = shared_line(text)
        arguments = [scope[name] if name in scope or name.isidentifier() else self(name, scope) for name in names]
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
