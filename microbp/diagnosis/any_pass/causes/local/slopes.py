"""The derivative of a function, as learners get it wrong: elsewhere, of another function, of all its steps as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.local.arrows import Arrows
from microbp.engine.ops import OPS
from microbp.printing import say

_COMMON = "tanh sigmoid relu sin cos exp log sqrt abs softplus"
SLOPES = {name: OPS[name].textbook_partials for name in _COMMON.split()}
SLOPES["x²"] = lambda x, out: (2 * x,)
"""The derivatives of the functions that one is taken for another of."""
OF_RESULT = ("sigmoid", "tanh")
"""Those of which people write the derivative in terms of the result."""
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
        yield "derivative-left-out", say("the derivative of {site} is left out", site=text), 0.45, one
        yield (
            "derivative-twice",
            say("the derivative of {site} is applied twice", site=text),
            0.45,
            arrows.local * slope,
        )
        for said, found in _polynomials(out).items():
            yield "other-derivative", _polynomial(text, said), 0.45, one * found
        for name, found in _at_the_result(arrows.own, out):
            taken = say("the derivative of {site}, {function}, is evaluated at the result", site=text, function=name)
            yield "derivative-elsewhere", taken, 0.45, one * found
        for name, found in other_slopes(arrows.own, out):
            yield "derivative-elsewhere", taken_for(text, name), 0.7, one * found


def elsewhere(arrows: Arrows, text: str) -> Iterator[Slip]:
    """The derivative of one operation at another point, or of another function."""
    x, out, slope = arrows.own, arrows.out, arrows.slope
    exchanged = (
        (say("the derivative of {site} uses the input instead of the result", site=text), x),
        (say("the derivative of {site} uses the result instead of the input", site=text), out),
    )
    for said, both in exchanged:
        yield "derivative-elsewhere", said, 0.5, slope(both, both)
    for said, found in _polynomials(out).items():
        yield "other-derivative", _polynomial(text, said), 0.65, found
    if arrows.op.arity == 1:
        (again,) = arrows.op.numpy(out)
        taken = say("the derivative of {site} is evaluated at the result", site=text)
        yield "derivative-elsewhere", taken, 0.5, slope(out, again)
    if arrows.op.arity == 1 or arrows.op.name in ("max", "min"):
        for name, found in other_slopes(x, out, arrows.op.name):
            yield "other-derivative", taken_for(text, name), 0.7, found
    for name, code, value, _ in arrows.fitting(arrows.target):
        taken = say("the derivative of {site} is evaluated at {array}", site=text, array=name)
        for result in (value, *(arrows.op.numpy(value) if arrows.op.arity == 1 else ())):
            yield code or "derivative-elsewhere", taken, 0.7, slope(value, result)


def other_slopes(x: Any, out: Any, own: str = "") -> Iterator[tuple[str, Any]]:
    """The derivatives of functions but its `own`, by what they are: of the input x, of the result, of one for both."""
    for name, slope in SLOPES.items():
        of_result, of_input = (
            say("{function}, with the result in place of the input", function=name),
            say("{function}, with the input in place of the result", function=name),
        )
        for said, at in ((name, (x, out)), (of_result, (out, out)), (of_input, (x, x))):
            found = np.broadcast_to(slope(*at)[0], np.shape(x)).astype(float)
            if name != own and not (
                name in ("abs", "relu") and np.all(found == found.flat[0])
            ):  # 1: nothing of its own
                yield said, found
        if name in OF_RESULT and name != own:
            yield name, slope(x, OPS[name].numpy(x)[0])[0]


def _at_the_result(x: Any, out: Any) -> Iterator[tuple[str, Any]]:
    """The derivative f′(f(x)) of the function that a result is of, if it is a common one."""
    for name in OF_RESULT:
        if np.allclose(OPS[name].numpy(x)[0], out, rtol=1e-12, atol=1e-12):
            yield name, SLOPES[name](out, OPS[name].numpy(out)[0])[0]


def taken_for(name: str, function: str) -> str:
    """That the derivative of something is taken to be that of another function."""
    return say("the derivative of {name} is taken to be that of {function}", name=name, function=function)


def _polynomial(site: str, slope: str) -> str:
    return say("the derivative of {site} is taken to be {slope}, where q is the result", site=site, slope=slope)


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
