"""What the arrays of a pass are called, in the code of its functions too, and which of them a gradient's name means.

>>> dict(flatten({"W": np.zeros(2), "hs": [np.zeros(1), np.ones(1)]}))
{'W': array([0., 0.]), 'hs[0]': array([0.]), 'hs[1]': array([1.])}
>>> [meant(key, ["W1", "hidden", "dist", "x"]) for key in ("dW1", "d_hidden", "d_dist", "dLdx", "∂L/∂x", "dy")]
['W1', 'hidden', 'dist', 'x', 'x', None]
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

_BEFORE = [
    re.compile(rf"{before}(?P<name>\w.*)")
    for before in ("d_", "d", "grad_", "gradient_", "grad", "g_", "g", "delta_", "nabla_", "∇", "L_", "d[A-Za-z]*_d_?")
]
_BEFORE += [re.compile(rf"{loss}(?P<name>\w.*)") for loss in ("d([A-Z]|loss|cost)d_?", r"[d∂]\w*/[d∂]_?")]
_WEIGHTS = re.compile(r"(weights?|w|bias(es)?|b)(?=[^a-z]|$)", re.IGNORECASE)
"""What weights and biases are called: nabla_w[0] is the gradient of weights[0]."""
_AFTER = [re.compile(rf"(?P<name>.*\w){after}") for after in ("_grad", r"\.grad", "_gradient", "_g", "_bar")]


TARGETS = re.compile(r"(y|t|target|label|one_?hot)s?(_.*)?|.*_(y|true|hot)", re.IGNORECASE)
"""What targets are called."""


def flatten(nest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays in a nest of dicts and lists with their names: `hs[0]`, `block.W`."""
    for key, x in nest.items():
        yield from _flatten(str(key), x)


def _flatten(name: str, x: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(x, Mapping):
        for key, inner in x.items():
            yield from _flatten(f"{name}[{key}]" if isinstance(key, int | np.integer) else f"{name}.{key}", inner)
    elif len(own := getattr(x, "names", ())) and isinstance(x, tuple):
        for part, inner in zip(own, x, strict=True):
            yield from _flatten(part, inner)
    elif isinstance(x, list | tuple) and any(isinstance(e, np.ndarray | Mapping | list | tuple) for e in x):
        for k, inner in enumerate(x):
            yield from _flatten(f"{name}[{k}]", inner)
    else:
        yield name, x


def shorten(names: Collection[str]) -> dict[str, str]:
    """Names without the dict that the arrays are in, where that leaves them different: `params.W1` is W1.

    >>> shorten(["params.W1", "params.blocks[0].W", "x", "cache.x"])
    {'params.W1': 'W1', 'params.blocks[0].W': 'blocks[0].W', 'x': 'x', 'cache.x': 'cache.x'}
    """
    tails = {name: re.sub(r"^\w+\.", "", name) for name in names}
    count = Counter(tails.values())
    return {name: tail if count[tail] == 1 else name for name, tail in tails.items()}


def meant(key: str, names: Collection[str]) -> str | None:
    """The quantity that a gradient of that name belongs to: itself, or without `d`, `grad_`, `_grad`; None if none is.

    A leading d is taken off only if the whole name is no quantity. Of a nest, the last part may carry it.
    """
    if key in names:
        return key
    for pattern in (*_BEFORE, *_AFTER):
        for text, head in _readings(key):
            if (match := pattern.fullmatch(text)) and head + match["name"] in names:
                return head + match["name"]
    head, dot, tail = key.partition(".")
    if dot and "[" not in head and (found := meant(tail, names)) is not None:
        return found
    short = [name for name in names if re.split(r"[.\]]", name)[-1] == key]
    if len(short) == 1:
        return short[0]
    for match in filter(None, (pattern.fullmatch(key) for pattern in _BEFORE)):
        short = [name for name in names if name.rpartition(".")[2] == match["name"]]
        if len(short) == 1:
            return short[0]
    stripped = [key, *(match["name"] for pattern in (*_BEFORE, *_AFTER) if (match := pattern.fullmatch(key)))]
    for text in filter(_WEIGHTS.match, stripped):
        same = [name for name in names if _as_w_or_b(name.rpartition(".")[2]) == _as_w_or_b(text)]
        if len(same) == 1:
            return same[0]
    return None


def _as_w_or_b(name: str) -> str:
    """A name with w for weights and b for biases.

    >>> _as_w_or_b("weights[0]"), _as_w_or_b("W1"), _as_w_or_b("biases"), _as_w_or_b("x")
    ('w[0]', 'w1', 'b', 'x')
    """
    return _WEIGHTS.sub(lambda match: match[0][0].lower(), name, count=1)


def _readings(key: str) -> list[tuple[str, str]]:
    """A name, and what stands before its last part, which may carry the d instead."""
    head, dot, tail = key.rpartition(".")
    return [(key, ""), (tail, head + dot)] if dot else [(key, "")]


_OF_GRADIENTS = r"d.*|∂.*|g|.*grad.*|delta.*|nabla.*"
"""What many gradients are called together."""
Function = Callable[..., Any]
MOST_CALLS = 4
"""Through so many functions that return what another one does."""


def returned_names(function: Function | None, count: int, bare: bool = False) -> list[str] | None:
    """The names in `return dW, db`, the last line of a function, if there are so many; None if they cannot be read.

    Of `dW / N` it is the first one, or none if only `bare` names count.
    """
    for returned, _ in _returned(function):
        if isinstance(returned, ast.Tuple | ast.List) and len(returned.elts) == count:
            inside = [[e] if bare else ast.walk(e) for e in returned.elts]
            return [next((n.id for n in nodes if isinstance(n, ast.Name)), "") for nodes in inside]
    return None


def returned_states(function: Function | None, count: int) -> list[str]:
    """For each part that is one of many, `hs[-1]`, what those are called; "" for other parts, and for a gradient's."""
    for returned, _ in _returned(function):
        if isinstance(returned, ast.Tuple | ast.List) and len(returned.elts) == count:
            of = [e.value if isinstance(e, ast.Subscript) else None for e in returned.elts]
            found = [each.id if isinstance(each, ast.Name) else "" for each in of]
            return ["" if re.fullmatch(_OF_GRADIENTS, name) else name for name in found]
    return [""] * count


def returned_name(function: Function | None) -> str | None:
    """The name in `return dW`, the last line of a function; None if it cannot be read."""
    last = next((returned for returned, _ in _returned(function)), None)
    return last.id if isinstance(last, ast.Name) else None


def names_inside(function: Function | None, count: int) -> list[list[str]]:
    """For each part of what is returned the names in it, if it is a tuple of names: there, or where it was made."""
    found: list[list[str]] = [[] for _ in range(count)]
    for returned, inner in _returned(function):
        if isinstance(returned, ast.Tuple) and len(returned.elts) == count:
            for k, part in enumerate(returned.elts):
                made = _made(part, inner)
                if isinstance(made, ast.Tuple) and all(isinstance(e, ast.Name) for e in made.elts):
                    found[k] = [e.id for e in made.elts if isinstance(e, ast.Name)]
    return found


def _returned(function: Function | None, calls: int = MOST_CALLS) -> Iterator[tuple[ast.expr, Function]]:
    """What a function returns, the last line first, and in which function that stands: in one that it calls, too."""
    nodes = syntax_of(function)
    for node in sorted((n for n in nodes if isinstance(n, ast.Return)), key=lambda node: -node.lineno):
        value = node.value
        if isinstance(value, ast.Name):
            value = _assigned(value.id, nodes) or value
        called = _function_of(value, function) if isinstance(value, ast.Call) and calls else None
        if called is not None:
            yield from _returned(called, calls - 1)
        elif node.value is not None and function is not None:
            yield node.value, function


def _made(part: ast.expr, function: Function) -> ast.expr:
    """What a returned name stands for: what was assigned to it, or what the function returned that it came out of."""
    nodes = syntax_of(function)
    if not isinstance(part, ast.Name):
        return part
    if (value := _assigned(part.id, nodes)) is not None:
        return value
    for node in nodes:
        targets = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(targets, ast.Tuple) and isinstance(node.value, ast.Call):
            names = [e.id if isinstance(e, ast.Name) else "" for e in targets.elts]
            for returned, inner in _returned(_function_of(node.value, function)) if part.id in names else ():
                if isinstance(returned, ast.Tuple) and len(returned.elts) == len(names):
                    return _made(returned.elts[names.index(part.id)], inner)
    return part


def _assigned(name: str, nodes: Collection[ast.AST]) -> ast.expr | None:
    """What was last assigned to a name."""
    found = [n for n in nodes if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    values = [(n.lineno, n.value) for n in found if isinstance(n.targets[0], ast.Name) and n.targets[0].id == name]
    return max(values, key=lambda value: value[0])[1] if values else None


def syntax_of(function: Function | None) -> list[ast.AST]:
    """All nodes of the source of a function; none if it cannot be read."""
    try:
        return [*ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))]  # type: ignore[arg-type]  # tried
    except (OSError, TypeError, SyntaxError):
        return []


def _function_of(call: ast.Call, function: Function | None) -> Function | None:
    """The learner's function that is called there: by its name, or the only method of that name; None if unknown."""
    space = getattr(getattr(function, "__func__", function), "__globals__", {})
    if isinstance(call.func, ast.Name):
        found = space.get(call.func.id)
        return found if isinstance(found, FunctionType) else None
    if not isinstance(call.func, ast.Attribute):
        return None
    name = call.func.attr
    methods = {vars(x).get(name) for x in space.values() if isinstance(x, type)} - {None}
    return next(iter(methods)) if len(methods) == 1 and isinstance(next(iter(methods)), FunctionType) else None
