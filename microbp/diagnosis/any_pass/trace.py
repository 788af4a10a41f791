"""A forward pass in NumPy, run on arrays of values: its loss, and every array that it returns, with its gradient.

>>> def forward(x, w):
...     z = x @ w
...     return {"z": z, "loss": (z**2).sum()}
>>> t = trace(forward, x=np.array([[1.0, 2.0]]), w=np.array([3.0, -1.0]))
>>> t.loss, list(t), t["w"].gradient
(Value(1.0, label='loss', grad=1.0), ['x', 'w', 'z'], array([2., 4.]))
>>> t["z"].nodes[0]
Value(1.0, label='z[0]', grad=2.0)
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.graph import Graph, Sweep
from microbp.diagnosis.any_pass.names import flatten
from microbp.engine.arrays import array, label, raw, values
from microbp.engine.elements import has_values
from microbp.engine.recording import Group, recording
from microbp.engine.value import Value
from microbp.errors import OperandError, ProblemError, ShapeError

LOSSES = ("loss", "L", "l", "cost", "J", "E", "error", "total_loss", "objective")
"""What the loss may be called in a dict, likeliest first."""


@dataclass(frozen=True)
class Quantity:
    """One named array of a pass: its values as nodes, and their numbers and gradients as floats."""

    name: str
    nodes: Any
    is_leaf: bool

    @property
    def value(self) -> Any:
        """Its numbers."""
        return values(self.nodes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.nodes.shape)

    @property
    def gradient(self) -> Any:
        """∂loss/∂it."""
        return np.array([node.grad for node in self.nodes.ravel().tolist()]).reshape(self.shape)


class Trace(Mapping[str, Quantity]):
    """What `trace` gives: the `loss`, a `Value`, and each named array, a `Quantity`, by name, in the order of making.

    Whatever takes a root, takes a trace as well: `steps(t)`, `draw(t)`, `page(t, file)`.
    """

    def __init__(self, loss: Value, named: Mapping[str, Any], leaves: Collection[str], groups: list[Group]) -> None:
        self.loss = loss
        self.groups = groups
        nodes = {name: _object_array(x) for name, x in named.items()}
        self.graph = Graph(groups, loss, [node for a in nodes.values() for node in a.ravel().tolist()])
        found = {name: Quantity(name, a, name in leaves) for name, a in nodes.items()}
        self._named = {name: found[name] for name in sorted(found, key=lambda name: self._made(found[name]))}
        for quantity in found.values():
            for index in np.ndindex(quantity.shape):
                node = quantity.nodes[index]
                node.label = node.label or label(quantity.name, index)
        loss.label = loss.label or "loss"
        for node, gradient in zip(self.graph.nodes, self.truth.arrived.tolist(), strict=True):
            node.grad = gradient

    def __getitem__(self, name: str) -> Quantity:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    @cached_property
    def truth(self) -> Sweep:
        """The right gradient of every node."""
        return self.graph.sweep()

    def places(self, name: str) -> Any:
        """Where the elements of a quantity stand in the graph."""
        return np.array([self.graph.place[node] for node in self[name].nodes.ravel().tolist()], dtype=np.int64)

    def _made(self, quantity: Quantity) -> float:
        """When its last element was made; a leaf stands right before its first use."""
        places = {self.graph.place[node] for node in quantity.nodes.ravel().tolist()}
        if quantity.is_leaf:
            uses = self.graph.target[np.isin(self.graph.source, list(places))]
            return float(uses.min()) - 0.5 if len(uses) else -1.0
        return float(max(places, default=-1))

    def __repr__(self) -> str:
        rows = [f"{q.name} {q.shape}" for q in self.values()]
        return f"Trace(loss={self.loss.data:.6g}, {len(self.graph):,} nodes: {', '.join(rows)})"


def _object_array(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return raw(x)
    made = np.empty((), dtype=object)
    made[()] = x
    return made


def trace(forward: Callable[..., Any], **arrays: Any) -> Trace:
    """Runs `forward(**arrays)` on arrays of values, and gives what it returns as a `Trace`.

    Arrays of floats, and floats, become leaves; whole numbers and truths stay as they are. `forward` returns the loss,
    or a dict with it (`locals()` is one), or a tuple of the loss and a dict. Raises `ProblemError` if no loss is found
    or `forward` gives another one with plain numbers, `OperandError` for functions of NumPy that cannot work on values,
    `GraphError` if the pass is too large.
    """
    return run(forward, arrays, lambda name: True)


def run(forward: Callable[..., Any], arrays: Mapping[str, Any], is_leaf: Callable[[str], bool]) -> Trace:
    """The same; of single floats only those are leaves that `is_leaf` says so of."""
    leaves: dict[str, Any] = {}
    lifted = _lift(copy.deepcopy(dict(arrays)), "", leaves, is_leaf)
    with recording() as record:
        returned = bind(forward, lifted)
    found = returned_by(returned)
    loss = found.pop("loss", None)
    if not isinstance(loss, Value):
        raise ProblemError(
            f"forward returned no loss that depends on the arrays of floats (got {type(loss).__name__}): return one "
            'number, or a dict with it, {"loss": loss, "z": z}'
        )
    named = {name: x for name, x in flatten(found) if name not in leaves and has_values(x)}
    return Trace(loss, {**leaves, **named}, set(leaves), record.groups)


def _lift(x: Any, name: str, leaves: dict[str, Any], is_leaf: Callable[[str], bool]) -> Any:
    """Floats as leaves, in any nest of dicts and lists."""
    if isinstance(x, Mapping):
        joined = {k: f"{name}[{k}]" if isinstance(k, int) else f"{name}.{k}".removeprefix(".") for k in x}
        return {k: _lift(inner, joined[k], leaves, is_leaf) for k, inner in x.items()}
    if isinstance(x, list | tuple) and x and not all(isinstance(e, int | float) for e in x):
        return type(x)([_lift(inner, f"{name}[{k}]", leaves, is_leaf) for k, inner in enumerate(x)])
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and (x.ndim or is_leaf(name)):
        made = array(x, name)
        leaves[name] = _own_copy(made)
        return made
    if isinstance(x, float | np.floating) and is_leaf(name):
        leaves[name] = array(x, name)
        return leaves[name]
    return x


def _own_copy(made: Any) -> Any:
    """The leaves themselves, safe from a forward pass that writes into its arguments."""
    return raw(made).copy() if isinstance(made, np.ndarray) else made


def bind(function: Callable[..., Any], arrays: Mapping[str, Any], results: Mapping[str, Any] | None = None) -> Any:
    """Calls a function with the arguments that it names: from `arrays`, else from the `results` of the forward pass.

    One name besides, `cache` for example, gets all results. Raises `ProblemError` for a name that nothing was given for.
    """
    called = getattr(function, "__name__", "the function")
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function(**arrays)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise ProblemError(f"{called} takes *{parameters[-1].name}: name its arguments, so that each gets its array")
    known = {**(results or {}), **arrays}
    strange = [p.name for p in parameters if p.default is p.empty and p.name not in known and p.kind is not p.VAR_KEYWORD]
    if strange and (results is None or len(strange) > 1):
        raise ProblemError(f"{called} needs {', '.join(strange)}, and nothing of that name was given: pass {strange[0]}=…")
    known |= dict.fromkeys(strange, results)
    named = {p.name: known[p.name] for p in parameters if p.name in known and p.kind is not p.VAR_KEYWORD}
    first = [named.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in named]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        named |= {name: x for name, x in arrays.items() if name not in named}
    return function(*first, **named)


def returned_by(returned: Any) -> dict[str, Any]:
    """What a forward pass returned, by name, the loss as "loss"."""
    if isinstance(returned, tuple | list):
        named: dict[str, Any] = {}
        for part in returned:
            if isinstance(part, Mapping):
                named.update(part)
            elif "loss" not in named and np.ndim(part) == 0:
                named["loss"] = part
        returned = named
    if not isinstance(returned, Mapping):
        return {"loss": _single(returned)}
    found = dict(returned)
    name = next((name for name in LOSSES if name in found and np.size(found[name]) == 1), None)
    if name is None:
        single = [k for k, x in found.items() if isinstance(x, Value | float | np.floating)]
        name = single[-1] if single else None
    if name is None:
        raise ProblemError(f'forward returned no loss: call it "loss" in the dict; got {sorted(map(str, found))}')
    found["loss"] = _single(found.pop(name))
    return found


def _single(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        if x.size != 1:
            raise ShapeError(f"a loss is one number, got the shape {x.shape}: take its mean or its sum")
        return x.ravel()[0]
    if isinstance(x, str):
        raise OperandError(f"a loss is one number, got {x!r}")
    return x
