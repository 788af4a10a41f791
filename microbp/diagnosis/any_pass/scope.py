"""The arrays that may stand in the place of the right one: of one shape with it, turn by turn if it is in a loop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from microbp.diagnosis.any_pass.axes import choices, shifted
from microbp.diagnosis.any_pass.graph.sites import Sites
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.printing import say

MOST_TURNED = 4
"""Arrays of so many axes are transposed in every way."""


class Other(NamedTuple):
    """An array that may stand where another one should."""

    said: str
    """What it is called."""
    code: str
    """The cause that it is; empty if it is simply another array."""
    numbers: Any
    is_own: bool = False
    """Whether it is the right array itself, shifted or turned round."""


class Scope:
    """The numbers of all named arrays and of all that the forward pass made on its way."""

    def __init__(self, trace: Recorded, sites: Sites, gradients: Mapping[str, Any]) -> None:
        self._data = trace.graph.data
        self._sites = sites
        self.named = {**trace.plain, **{name: quantity.value for name, quantity in trace.items()}}
        self._gradients = {name: gradient for name, gradient in gradients.items() if gradient is not None}
        series: dict[str, list[str]] = {}
        for name in self.named:
            if match := re.fullmatch(r"(.+)\[\d+\]", name):
                series.setdefault(match[1], []).append(name)
        for base, names in series.items():
            names = sorted(names, key=lambda name: int(name[len(base) + 1 : -1]))
            parts = [self.named[name] for name in names]
            if base not in self.named and len({part.shape for part in parts}) == 1:
                self.named[base] = np.stack(parts)

    def like(self, own: Any, turns: Any) -> Iterator[Other]:
        """Arrays of shape (turns, *shape) that fit where `own` stands.

        `own` has that shape too, a row for each of these turns of a loop: its own flips, its transpose and its shifts
        are among them.
        """
        shape = own.shape[1:]
        for name, value in self.named.items():
            if value.shape == shape:
                yield Other(f"`{name}`", "", np.broadcast_to(value, own.shape))
            if value.ndim == len(shape) + 1 and value.shape[1:] == shape and len(turns) > 1:
                yield from _by_turn(f"`{name}`", value, turns)
        for name, gradient in self._gradients.items():
            if gradient.shape == shape:
                yield Other(say("the gradient of {name}", name=f"`{name}`"), "", np.broadcast_to(gradient, own.shape))
        for site in self._sites.all:
            if site.place and len(site.arrays) > turns.max() and all(a.shape == shape for a in site.arrays):
                yield from _by_turn(f"`{site.text}`", self._data[np.array(site.arrays)], turns)
        for axes in permutations(range(1, own.ndim)) if len(shape) <= MOST_TURNED else ():
            if (turned := own.transpose(0, *axes)).shape == own.shape and axes != tuple(range(1, own.ndim)):
                said, order = say("its transpose"), tuple(k - 1 for k in axes)
                if len(shape) > 2:
                    said = say("its transpose with its axes in the order {axes}", axes=order)
                yield Other(said, "transposed", turned)
        for axes in choices(range(1, own.ndim), most=3):
            yield Other(say("itself reversed"), "", np.flip(own, axes), True)
        for axis in range(1, own.ndim):
            for step in (1, -1):
                if own.shape[axis] > 1:
                    for moved in (shifted(own, step, axis), np.roll(own, step, axis)):
                        yield Other(say("itself shifted by one"), "off-by-one", moved, True)
        if len(turns) > 1:
            before, after = say("its own value at the step before"), say("its own value at the next step")
            for said, moved in (
                (before, shifted(own, 1, 0)),
                (before, np.roll(own, 1, 0)),
                (after, shifted(own, -1, 0)),
                (after, np.roll(own, -1, 0)),
                (say("its own value at the first step"), np.broadcast_to(own[:1], own.shape)),
                (say("its own value at the last step"), np.broadcast_to(own[-1:], own.shape)),
            ):
                yield Other(said, "off-by-one", moved, True)


def _by_turn(name: str, value: Any, turns: Any) -> Iterator[Other]:
    """The rows of a series for each turn, for the one before, the one after, and counted from the end."""
    most = len(value) - 1
    before, after = say("{name} at the step before", name=name), say("{name} at the next step", name=name)
    for step, said in ((0, name), (-1, before), (1, after)):
        rows, code = turns + step, "off-by-one" if step else ""
        if len(value) == 1 and step:
            continue
        inside = (rows >= 0) & (rows <= most)
        found = value[np.clip(rows, 0, most)] * inside.reshape(-1, *[1] * (value.ndim - 1))
        yield Other(said, code, found)
        if not inside.all():
            yield Other(said, code, value[rows % len(value)])
    if most and turns.max() <= most:
        yield Other(say("{name} in the reverse order", name=name), "", value[most - turns])
