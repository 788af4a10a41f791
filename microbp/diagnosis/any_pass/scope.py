"""The arrays that a learner may have put in the place of the right one: same shape, by turns of a loop if it is in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.sites import Sites
from microbp.diagnosis.any_pass.trace import Trace


class Scope:
    """The numbers of all named arrays and of all that the forward pass made on its way."""

    def __init__(self, trace: Trace, sites: Sites) -> None:
        self._data = trace.graph.data
        self._sites = sites
        self.named = {name: quantity.value for name, quantity in trace.items()}
        series: dict[str, list[str]] = {}
        for name in self.named:
            if match := re.fullmatch(r"(.+)\[\d+\]", name):
                series.setdefault(match[1], []).append(name)
        for base, names in series.items():
            names = sorted(names, key=lambda name: int(name[len(base) + 1 : -1]))
            parts = [self.named[name] for name in names]
            if base not in self.named and len({part.shape for part in parts}) == 1:
                self.named[base] = np.stack(parts)

    def like(self, own: Any, turns: int) -> Iterator[tuple[str, str, Any]]:
        """(what it is called, "" or "off-by-one", array of shape (turns, *shape)) for arrays that fit where `own` stands.

        `own` has the shape (turns, *shape) too: its own flips, its transpose and its shifts are among them.
        """
        shape = own.shape[1:]
        for name, value in self.named.items():
            if value.shape == shape and turns == 1:
                yield f"`{name}`", "", value[None]
            if value.ndim == len(shape) + 1 and value.shape[1:] == shape and turns > 1:
                yield from _by_turn(f"`{name}", value, turns)
        for site in self._sites.all:
            if len(site.arrays) == turns and site.place is not None and all(a.shape == shape for a in site.arrays):
                value = self._data[np.array(site.arrays)]
                yield f"`{site.text}`", "", value
                if turns > 1:
                    for step in (1, -1):
                        yield f"`{site.text}` of the {'step before' if step > 0 else 'next step'}", "off-by-one", _moved(value, step, 0)
        if len(shape) > 1 and shape[-1] == shape[-2]:
            yield "its transpose", "transposed", own.swapaxes(-1, -2)
        for count in range(1, min(len(shape), 3) + 1):
            for axes in combinations(range(1, own.ndim), count):
                yield "itself turned round", "", np.flip(own, axes)
        for axis in range(1, own.ndim):
            for step in (1, -1):
                if own.shape[axis] > 1:
                    yield "itself shifted by one", "off-by-one", _moved(own, step, axis)
                    yield "itself shifted by one", "off-by-one", np.roll(own, step, axis)
        if turns > 1:
            for step in (1, -1):
                yield f"itself of the {'step before' if step > 0 else 'next step'}", "off-by-one", _moved(own, step, 0)
                yield "itself of the first step", "off-by-one", np.broadcast_to(own[:1], own.shape)
                yield "itself of the last step", "off-by-one", np.broadcast_to(own[-1:], own.shape)


def _by_turn(name: str, value: Any, turns: int) -> Iterator[tuple[str, str, Any]]:
    for first in range(max(1, len(value) - turns + 1)):
        if len(value) >= first + turns:
            yield f"{name}[t{f' + {first}' if first else ''}]`", "", value[first : first + turns]
    if len(value) == turns:
        yield f"{name}[t - 1]`", "off-by-one", _moved(value, 1, 0)
        yield f"{name}[t + 1]`", "off-by-one", _moved(value, -1, 0)
        yield f"{name}[t - 1]`", "off-by-one", np.roll(value, 1, 0)
        yield f"{name}[::-1]`", "", value[::-1]


def _moved(a: Any, step: int, axis: int) -> Any:
    moved = np.roll(a, step, axis)
    edge = [slice(None)] * a.ndim
    edge[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    moved[tuple(edge)] = 0.0
    return moved
