"""IEEE arithmetic where Python would raise, and a word about every result that left the real line.

`math.log(0)` raises; a `Value` gives −inf, as NumPy does, and warns once per place. `errstate` chooses:

>>> from microbp import Value
>>> with errstate("ignore"):
...     Value(0.0).log()
Value(-inf)
>>> with errstate("raise"):
...     Value(-1.0, label="margin").log()
Traceback (most recent call last):
microbp.errors.DomainError: log(x) needs x > 0, got x = -1.0 (node "margin"). Clip the input or add a small constant.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np

from microbp.engine.node import Node
from microbp.engine.ops import Op
from microbp.errors import DomainError, NonFiniteWarning, OperandError, UnknownNameError, nearest, place_outside

ARITHMETIC = (ArithmeticError, ValueError, TypeError)
"""What Python's float arithmetic raises, the last for data that are no numbers."""

MODES = ("ignore", "warn", "raise")


@dataclass
class _State:
    mode: str = "warn"
    seen: set[tuple[str, int, str]] = field(default_factory=set)


_state: ContextVar[_State] = ContextVar("errstate", default=_State())  # noqa: B039  # one default, shared on purpose


@contextmanager
def errstate(nonfinite: str) -> Iterator[None]:
    """Chooses, inside a `with` block, what happens when a result is inf or nan: "ignore", "warn" or "raise".

    "warn", the default, issues one `NonFiniteWarning` per line of your code and operation; "raise" raises
    `DomainError`. It holds for values and for gradients; a gradient that overflows in the very product that reaches a
    leaf is found when the leaf is used next. Raises `UnknownNameError` for another word.
    """
    if nonfinite not in MODES:
        raise UnknownNameError(nearest("errstate", nonfinite, MODES))
    token = _state.set(_State(nonfinite))
    try:
        yield
    finally:
        _state.reset(token)


def ieee(op: Op, *inputs: Node) -> float:
    """The result of `op` by IEEE arithmetic: inf or nan. Raises `OperandError` for data that are no numbers."""
    _refuse_no_numbers(inputs)
    with np.errstate(all="ignore"):
        (result,) = op.numpy(*(np.float64(x.data) for x in inputs))
    return float(result)


def _refuse_no_numbers(nodes: Sequence[Node]) -> None:
    for x in nodes:
        if not isinstance(x.data, float | int | np.number):
            said = f"the data of {x.label!r}" if x.label else "the data of a value"
            raise OperandError(f"{said} has to be a number, and was set to {x.data!r} ({type(x.data).__name__})")


def ieee_partials(node: Node) -> tuple[float, ...]:
    """The local derivatives of a node by IEEE arithmetic; says so if that leads off the real line."""
    report_gradients([node])
    return _partials(node)


def _partials(node: Node) -> tuple[float, ...]:
    assert node.op is not None
    with np.errstate(all="ignore"):
        partials = node.op.numpy_partials(*(np.float64(x.data) for x in node.inputs), np.float64(node.data))
    return tuple(map(float, partials))


def report_not_finite(op: Op, inputs: Sequence[Node], data: float) -> None:
    """Say that `op` made `data`, which is inf or nan, unless an earlier operation already left the real line."""
    _refuse_no_numbers(inputs)
    if _state.get().mode == "ignore" or any(x.op is not None and not math.isfinite(x.data) for x in inputs):
        return
    numbers = [np.float64(x.data) for x in inputs]
    with np.errstate(all="ignore"):
        (inside,) = op.numpy_domain(*numbers, np.float64(data))
    if not inside and (math.isnan(data) or 0.0 in numbers):  # inf strictly outside the domain has grown too large
        said = f"{op.call} needs {op.domain}, got {_describe(op, inputs)}. Clip the input or add a small constant."
    elif all(map(math.isfinite, numbers)):
        said = f"{op.call} overflowed to {data}, got {_describe(op, inputs)}. Scale the inputs down."
    else:
        said = f"{op.call} is {data}, got {_describe(op, inputs)}. Check where that input comes from."
    _say(op, said)


def report_gradients(order: Sequence[Node]) -> None:
    """Say where in a backward pass (nodes in its order) a gradient first left the real line."""
    if _state.get().mode == "ignore":
        return
    for node in order:
        assert node.op is not None
        for name, partial in zip(node.op.inputs, _partials(node), strict=True):
            contribution = node.grad * partial
            if not math.isfinite(contribution):
                by = node.op.print_formula(name).numpy()
                _say(
                    node.op,
                    f"the gradient left the real line at {node.op.call}: its derivative with respect to {name} is "
                    f"{by} = {partial}, the upstream gradient {node.grad}, their product {contribution}; "
                    f"got {_describe(node.op, node.inputs)}{f', result {node.label!r}' if node.label else ''}. "
                    "Clip the input, or use a stable form of the formula.",
                )
                return


def _describe(op: Op, inputs: Sequence[Node]) -> str:
    pairs = list(zip(op.inputs, inputs, strict=True))
    if len(pairs) > 4:  # of a long sum, name those that matter most
        pairs = sorted(pairs, key=lambda pair: -abs(pair[1].data) if math.isfinite(pair[1].data) else -math.inf)[:4]
    return ", ".join(f"{name} = {x.data}{f' (node {_quote(x.label)})' if x.label else ''}" for name, x in pairs)


def _quote(label: str) -> str:
    return '"' + label.replace('"', '\\"') + '"'


def _say(op: Op, message: str) -> None:
    state = _state.get()
    if state.mode == "raise":
        raise DomainError(message)
    file, line = place_outside()
    if (file, line, op.name) not in state.seen:
        state.seen.add((file, line, op.name))
        warnings.warn_explicit(message, NonFiniteWarning, file, line)
