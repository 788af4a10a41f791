"""A forward pass in NumPy, run on arrays of values: its loss, and every array that it returns, with its gradient.

>>> def forward(x, w):
...     z = x @ w
...     return {"z": z, "loss": (z**2).sum()}
>>> t = run_forward(Recorded, forward, {"x": np.array([[1.0, 2.0]]), "w": np.array([3.0, -1.0])}, lambda name: True)
>>> t.loss, list(t), t["w"].gradient
(Value(1.0, label='loss', grad=1.0), ['x', 'w', 'z'], array([2., 4.]))
>>> t["z"].nodes[0]
Value(1.0, label='z[0]', grad=2.0)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from microbp.diagnosis.any_pass.calling import bind
from microbp.diagnosis.any_pass.graph.nodes import Graph, Sweep
from microbp.diagnosis.any_pass.names import flatten, meant, shorten
from microbp.diagnosis.any_pass.returned import returned_by
from microbp.engine.arrays.elements import has_values
from microbp.engine.arrays.ndarray import array, label, raw, values
from microbp.engine.arrays.recording import ArrayOperation, code_at, recording, where_they_stand
from microbp.engine.value import Value
from microbp.errors import ProblemError, UnknownNameError, nearest
from microbp.printing import Shown, columns

R = TypeVar("R", bound="Recorded")


@dataclass(frozen=True)
class Quantity:
    """One named array of a pass: its values as nodes, and their numbers and gradients as floats."""

    name: str
    nodes: Any
    is_leaf: bool
    code: str = ""
    """What stands in the forward pass for it, if one operation made it."""

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


class Recorded(Shown, Mapping[str, Quantity]):
    """A recorded pass: the `loss`, a `Value`, and each named array, a `Quantity`, by name, in the order of making."""

    def __init__(
        self, loss: Value, named: Mapping[str, Any], leaves: Collection[str], groups: list[ArrayOperation]
    ) -> None:
        self.loss = loss
        self.groups = groups
        self.plain: dict[str, Any] = {}
        """Arrays of numbers that no gradient goes through, given or returned, by name."""
        self.compared: dict[str, Any] = {}
        """The gradients that were compared so far, by name."""
        nodes = {name: _object_array(x) for name, x in named.items()}
        self.graph = Graph(groups, loss, [node for a in nodes.values() for node in a.ravel().tolist()])
        made = {group.array.ravel()[-1]: group for group in groups}
        found = {
            name: Quantity(name, a, name in leaves, _code(a, made.get(a.ravel()[-1]) if a.size else None))
            for name, a in nodes.items()
        }
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

    def without_small_constants(self) -> Recorded | None:
        """The pass as one with log x for each log(x + 1e-8) has its gradients; None if it has no such logarithm."""
        graph = self.graph.without_small_constants()
        if graph is None:
            return None
        made = copy.copy(self)
        made.graph = graph
        vars(made).pop("truth", None)
        return made

    def without(self, names: Collection[str]) -> Recorded:
        """The pass without these of its named arrays."""
        made = copy.copy(self)
        made._named = {name: quantity for name, quantity in self._named.items() if name not in names}
        return made

    def root(self) -> Value:
        """The loss, for what takes a problem."""
        return self.loss

    def leaves(self) -> list[Value]:
        """The elements of all arrays that the loss was computed from."""
        return [node for quantity in self.values() if quantity.is_leaf for node in quantity.nodes.ravel().tolist()]

    def find(self, label: str) -> Value:
        """The element of that label, `W1[0,2]`. Raises `UnknownNameError` with the nearest ones if there is none."""
        named: dict[str, Value] = {
            node.label: node for quantity in self.values() for node in quantity.nodes.ravel().tolist()
        }
        if label not in named:
            raise UnknownNameError(nearest("element", label, named, most=3))
        return named[label]

    def places(self, name: str) -> Any:
        """Where the elements of a quantity stand in the graph."""
        return np.array([self.graph.place[node] for node in self[name].nodes.ravel().tolist()], dtype=np.intp)

    def _made(self, quantity: Quantity) -> float:
        """When its last element was made; a leaf stands right before its first use."""
        places = {self.graph.place[node] for node in quantity.nodes.ravel().tolist()}
        if quantity.is_leaf:
            uses = self.graph.target[np.isin(self.graph.source, list(places))]
            return float(uses.min()) - 0.5 if len(uses) else -1.0
        return float(max(places, default=-1))

    def __str__(self) -> str:
        rows = [(f"  {q.name}", str(q.shape), "given" if q.is_leaf else "") for q in self.values()]
        return "\n".join([f"loss {self.loss.data:.6g}, made of {len(self.graph):,} values", *columns(rows)])


def _code(nodes: Any, group: ArrayOperation | None) -> str:
    if group is None or group.op == "constant" or group.array.shape != nodes.shape:
        return ""
    return code_at(group.place) if group.place else ""


def _object_array(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return raw(x)
    made = np.empty((), dtype=object)
    made[()] = x
    return made


def run_forward(
    kind: type[R],
    forward: Callable[..., Any],
    arrays: Mapping[str, Any],
    is_leaf: Callable[[str], bool],
    upstream: Any = None,
) -> R:
    """Runs `forward(**arrays)` on arrays of values; of single floats only those are leaves that `is_leaf` says so of.

    Raises `ProblemError` if there is no loss.
    """
    leaves: dict[str, Any] = {}
    lifted = _lift(copy.deepcopy(dict(arrays)), "", leaves, is_leaf)
    with recording(forward) as record:
        found = returned_by(bind(forward, lifted), forward, upstream)
    loss = found.pop("loss", None)
    if not isinstance(loss, Value):
        raise ProblemError(
            f"forward returned no loss that depends on the arrays of floats (got {type(loss).__name__}): return one "
            'number, or a dict with it, {"loss": loss, "z": z}'
        )
    named = {name: x for name, x in flatten(found) if name not in leaves and has_values(x)}
    for name in _own_gradients(loss, leaves, named):
        del named[name]
    short = shorten([*leaves, *named])
    plain = {name: x for name, x in [*flatten(arrays), *flatten(found)] if name not in short and _is_plain(x)}
    found = {short[name]: x for name, x in {**leaves, **named}.items()}
    ends = {raw(x).ravel()[-1] for x in named.values() if isinstance(x, np.ndarray) and x.size}
    made = kind(loss, found, {short[name] for name in leaves}, where_they_stand(record.groups, ends))
    made.plain = {name: x.astype(float) for name, x in plain.items()}
    return made


def _own_gradients(loss: Value, leaves: Mapping[str, Any], named: Mapping[str, Any]) -> set[str]:
    """What a function that returns its loss and the gradients beside it calls these: nothing of them is in the loss."""
    others = [*leaves, *named]
    meaning = {name for name in named if meant(name, [other for other in others if other != name]) is not None}
    reached = set(loss.graph()) if meaning else set()
    return {name for name in meaning if reached.isdisjoint(_object_array(named[name]).ravel().tolist())}


def _is_plain(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "fiub" and x.ndim > 0


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
