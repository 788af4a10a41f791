"""Any forward and backward pass in NumPy: which line of the backward pass is wrong, and why."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.explain import Explainer
from microbp.diagnosis.any_pass.judge import RIGHT, WRONG, judge
from microbp.diagnosis.any_pass.names import flatten, meant
from microbp.diagnosis.any_pass.trace import Trace, bind, returned_by, run
from microbp.errors import ProblemError, unknown


@dataclass(frozen=True)
class Line:
    """One line of a report: the array whose gradient it gives, the verdict, the causes, likeliest first, and a text."""

    name: str
    verdict: str
    causes: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Report:
    """What `check` found, line by line in the order of the way back."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every line is right."""
        return all(line.verdict == RIGHT for line in self.lines)

    @property
    def first(self) -> str | None:
        """The name of the first wrong line on the way back; None if there is none."""
        return next((line.name for line in self.lines if line.verdict == WRONG), None)


def check(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    /,
    *,
    gradients: Any = None,
    **arrays: Any,
) -> Report:
    """."""
    plain = returned_by(bind(forward, copy.deepcopy(arrays)))
    returned = gradients if backward is None else bind(backward, copy.deepcopy(arrays), plain)
    flat = dict(flatten(returned))
    wanted_names = [meant(k, list(arrays)) for k in flat]
    t = run(forward, arrays, lambda name: name in wanted_names)
    given = {}
    for key, mine in flat.items():
        name = meant(key, [*t, "loss"])
        if name is not None and name != "loss":
            given[name] = mine
    if not given:
        raise ProblemError("nothing to compare")
    found = judge(t, given)
    e = Explainer(found)
    lines = []
    for j in found.lines():
        c = e.causes(j) if j.verdict == WRONG else ()
        lines.append(Line(j.name, j.verdict, tuple(x.code for x in c), " / ".join(x.text for x in c)))
    return Report(tuple(lines))
