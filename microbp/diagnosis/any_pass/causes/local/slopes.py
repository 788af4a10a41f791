"""The derivative of a function, as learners get it wrong: elsewhere, of another function, of all its steps as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.local.arrows import Arrows
from microbp.engine.ops import OPS

_COMMON = "tanh sigmoid relu sin cos exp log sqrt abs softplus"
SLOPES = {name: OPS[name].textbook_partials for name in _COMMON.split()}
SLOPES["x²"] = lambda x, out: (2 * x,)
"""The derivatives of the functions that one is taken for another of."""
LONGEST = 5
"""So many steps of a function are taken together, after the first."""

Slip = tuple[str, str, float, Any]
"""A code, a text, a weight (the smaller, the likelier), and the local derivatives of the way."""


def chained(arrows: Arrows) -> Iterator[Slip]:
    """Functions of several steps, such as 1 / (1 + np.exp(-z)): their derivative as a whole."""
    if arrows.kind == "total":
        return  # a mean: what is left out of it is a division
    place, slope = arrows.target, arrows.local.copy()
    for _ in range(LONGEST):
        edge = arrows.chain.edge[place]
        if (edge < 0).any():
            return
        place, slope = arrows.chain.target[edge], slope * arrows.chain.local[edge]
        sites = np.unique(arrows.sites.of[place])
        if len(sites) != 1 or sites[0] < 0:
            return
        if arrows.sites.all[sites[0]].op == "identity":
            continue
        out, text, one = arrows.data[place], f"{arrows.sites.all[sites[0]]}", arrows.local / slope
        yield "derivative-left-out", f"the derivative of {text} is left out", 0.45, one
        yield "derivative-twice", f"the derivative of {text} is applied twice", 0.45, arrows.local * slope
        for said, found in _polynomials(out).items():
            taken = f"the derivative of {text} is taken for {said}, q being the result"
            yield "other-derivative", taken, 0.45, one * found
        for name, found in other_slopes(arrows.own, out):
            yield "derivative-elsewhere", f"the derivative of {text} is taken for that of {name}", 0.7, one * found


def elsewhere(arrows: Arrows, text: str) -> Iterator[Slip]:
    """The derivative of one operation at another point, or of another function."""
    x, out, slope = arrows.own, arrows.out, arrows.slope
    yield "derivative-elsewhere", f"the derivative of {text} takes the input for the result", 0.5, slope(x, x)
    yield "derivative-elsewhere", f"the derivative of {text} takes the result for the input", 0.5, slope(out, out)
    for said, found in _polynomials(out).items():
        yield "other-derivative", f"the derivative of {text} is taken for {said}, q being the result", 0.65, found
    if arrows.op.arity == 1:
        (again,) = arrows.op.numpy(out)
        yield "derivative-elsewhere", f"the derivative of {text} is taken at the result", 0.5, slope(out, again)
        for name, found in other_slopes(x, out, arrows.op.name):
            yield "other-derivative", f"the derivative of {text} is taken for that of {name}", 0.7, found
    for name, code, value, _ in arrows.fitting(arrows.target):
        taken = f"the derivative of {text} is taken at {name}"
        for result in (value, *(arrows.op.numpy(value) if arrows.op.arity == 1 else ())):
            yield code or "derivative-elsewhere", taken, 0.7, slope(value, result)


def other_slopes(x: Any, out: Any, own: str = "") -> Iterator[tuple[str, Any]]:
    """The derivatives of functions but its `own`, by what they are: of the input x, of the result, of one for both."""
    for name, slope in SLOPES.items():
        for of, at in (("", (x, out)), (" of the result", (out, out)), (" of the input", (x, x))):
            if name != own:
                yield f"{name}{of}", np.broadcast_to(slope(*at)[0], np.shape(x)).astype(float)


def _polynomials(q: Any) -> dict[str, Any]:
    return {
        "q": q,
        "1 − q": 1 - q,
        "1 + q": 1 + q,
        "1 − q²": 1 - q**2,
        "1 + q²": 1 + q**2,
        "q (1 − q)": q * (1 - q),
        "q (1 + q)": q * (1 + q),
        "q²": q**2,
    }
