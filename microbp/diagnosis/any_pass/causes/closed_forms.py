"""Wrong lines that are a whole formula from one array to the next: an elementwise function, a softmax, a normalization.

U is the gradient given above, of the line's own shape; Q the values there, x those of the line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along, choices, listed
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.local.slopes import other_slopes, taken_for
from microbp.printing import say


def closed_forms(U: Any, Q: Any, x: Any, want: Any, name: str, others: dict[str, Any]) -> Iterator[tuple[Cause, Any]]:
    """Causes with what the line would be; `others` are more arrays of that shape, by what they are called."""
    with np.errstate(all="ignore"):
        text = say("the derivative of `{name}` is left out: its gradient is passed on unchanged", name=name)
        yield Cause("derivative-left-out", text, 0.3), U
        yield from _elementwise(U, Q, x, want, name)
        for said, P in {f"`{name}`": Q, **others}.items():
            yield from _softmax(U, P, want, said)
            yield from _normalization(U, P, want, said)


def inner_forms(U: Any, Q: Any, want: Any, said: str, lengths: Collection[int]) -> Iterator[tuple[Cause, Any]]:
    """The same for two arrays on the way to a line; only of what is a softmax, or a normalization, in truth.

    `lengths` are those that a mean may be taken over instead of the right one.
    """
    with np.errstate(all="ignore"):
        yield from _softmax(U, Q, want, said)
        yield from _normalization(U, Q, want, said, lengths)


def _elementwise(U: Any, Q: Any, x: Any, want: Any, name: str) -> Iterator[tuple[Cause, Any]]:
    for function, slope in other_slopes(x, Q):
        yield Cause("derivative-elsewhere", taken_for(f"`{name}`", function), 0.7), U * slope
    factors = {"q": Q, "1 − q": 1 - Q, "1 + q": 1 + Q, "1 − q²": 1 - Q**2, "q²": Q**2, "x": x, "1 − x": 1 - x}
    for said, factor in {**factors, "1/q": 1 / Q, "1/x": 1 / x}.items():
        text = say(
            "the derivative of `{name}` is taken to be {slope}, where x is its input and q is `{name}` itself",
            name=name,
            slope=said,
        )
        yield Cause("other-derivative", text, 0.8), U * factor


def _softmax(U: Any, P: Any, want: Any, said: str) -> Iterator[tuple[Cause, Any]]:
    """P (U − Σ U P), and what becomes of it."""
    for axis in choices(range(P.ndim)):
        sums = (U * P).sum(axis, keepdims=True)
        if not np.allclose(P * (U - sums), want, rtol=1e-7, atol=1e-12):
            continue
        pairs = say("softmax's diagonal only: the derivative of {name} has a term for every pair", name=said)
        bracket = say("softmax: the factor {name} before the bracket is left out", name=said)
        alone = say("softmax: the sum is of the gradients alone, not of their products with the probabilities")
        mean = P * (U - (U * P).mean(axis, keepdims=True))
        yield from _causes(
            ("softmax-diagonal", pairs, 0.3, U * P * (1 - P)),
            ("derivative-left-out", bracket, 0.5, U - sums),
            ("missing-way", say("softmax: the sum {along} is left out", along=along(axis)), 0.5, U * P),
            ("softmax-diagonal", alone, 0.5, P * (U - U.sum(axis, keepdims=True))),
            ("mean-for-sum", say("softmax: a mean in place of the sum"), 0.5, mean),
            ("way-sign", say("softmax: the sum has the wrong sign"), 0.5, P * (U + sums)),
        )
        for axes in choices(range(P.ndim)):
            if axes != axis:
                text = say("softmax: the sum goes {along}, not axis {axes}", along=along(axes), axes=listed(axis))
                yield Cause("wrong-axis", text, 0.4), P * (U - (U * P).sum(axes, keepdims=True))
        return


def _causes(*rows: tuple[str, str, float, Any]) -> Iterator[tuple[Cause, Any]]:
    """Of rows (code, text, weight, array) each cause with what it makes."""
    for code, text, weight, made in rows:
        yield Cause(code, text, weight), made


def _normalization(U: Any, n: Any, want: Any, said: str, lengths: Collection[int] = ()) -> Iterator[tuple[Cause, Any]]:
    """r (U − mean U − n mean(U n)), and what becomes of it; r varies along the other axes only."""
    for axes, centred in product(choices(range(n.ndim)), (True, False)):
        inner = U - centred * U.mean(axes, keepdims=True) - n * (U * n).mean(axes, keepdims=True)
        scale = (want * inner).sum(axes, keepdims=True) / (inner * inner).sum(axes, keepdims=True)
        if np.isfinite(scale).all() and np.allclose(scale * inner, want, rtol=1e-6, atol=1e-9):
            yield from _normalized_otherwise(U, n, axes, centred, scale, said, lengths)
            return
    for axes in choices(range(n.ndim)):
        scale = (want * U).sum(axes, keepdims=True) / (U * U).sum(axes, keepdims=True)
        if np.isfinite(scale).all() and np.allclose(scale * U, want, rtol=1e-7, atol=1e-12):
            centre = U - U.mean(axes, keepdims=True)
            where = {"name": said, "along": along(axes)}
            text = say("there is a gradient through the mean {along}, which is a constant in {name}", **where)
            yield Cause("extra-way", text, 0.6), scale * centre
            deviation = n * (U * n).mean(axes, keepdims=True)
            text = say(
                "there is a gradient through the mean and the deviation {along}, which are constants in {name}", **where
            )
            yield Cause("extra-way", text, 0.6), scale * (centre - deviation)


def _normalized_otherwise(
    U: Any, n: Any, axes: tuple[int, ...], centred: bool, scale: Any, said: str, lengths: Collection[int]
) -> Iterator[tuple[Cause, Any]]:
    m, p = U.mean(axes, keepdims=True) * centred, (U * n).mean(axes, keepdims=True)
    a = n * p
    length = np.prod([U.shape[k] for k in axes])
    divided = say("the division by the deviation in {name} is left out", name=said)
    multiplied = say("the deviation in {name} multiplies instead of dividing", name=said)
    constants = say("the mean and the deviation in {name} are treated as constants", name=said)
    mean = say("the term of the mean in {name} has the wrong sign", name=said)
    deviation = say("the term of the deviation in {name} has the wrong sign", name=said)
    gradients = say("a sum instead of the mean of the gradients, in {name}", name=said)
    products = say("a sum instead of the mean of the products, in {name}", name=said)
    both = say("sums instead of the means, in {name}", name=said)
    last = say("the factor {name} in the last term is left out", name=said)
    yield from _causes(
        ("derivative-left-out", divided, 0.4, U - m - a),
        ("other-power", multiplied, 0.6, (U - m - a) / scale),
        ("missing-way", constants, 0.4, scale * U),
        ("way-sign", mean, 0.5, scale * (U + m - a)),
        ("way-sign", deviation, 0.5, scale * (U - m + a)),
        ("mean-for-sum", gradients, 0.5, scale * (U - m * length - a)),
        ("mean-for-sum", products, 0.5, scale * (U - m - a * length)),
        ("mean-for-sum", both, 0.5, scale * (U - m * length - a * length)),
        ("missing-way", last, 0.5, scale * (U - m - p)),
    )
    if not centred:
        text = say("there is a gradient through a mean, and {name} has none", name=said)
        yield Cause("extra-way", text, 0.5), scale * (U - U.mean(axes, keepdims=True) - a)
    for k in {int(size) for size in (*U.shape, U.size, length, *lengths)}:
        text = say("the means in {name} divide by {wrong}, and not by {right}", name=said, wrong=k, right=length)
        yield Cause("mean-for-sum", text, 0.5), scale * (U - (m + a) * length / k)
    for other in choices(range(n.ndim)):
        if other != axes:
            where = {"name": said, "along": along(other), "axes": listed(axes)}
            m1, a1 = U.sum(other, keepdims=True) * centred / length, n * (U * n).sum(other, keepdims=True) / length
            m2, a2 = U.mean(other, keepdims=True) * centred, n * (U * n).mean(other, keepdims=True)
            for text, made in (
                (say("in {name}: the sum of the gradients goes along other axes", name=said), U - m1 - a),
                (say("in {name}: the sum of the products goes along other axes", name=said), U - m - a1),
                (say("in {name}: the mean of the gradients goes {along}, not {axes}", **where), U - m2 - a),
                (say("in {name}: the mean of the products goes {along}, not {axes}", **where), U - m - a2),
                (say("in {name}: the means go {along}, not {axes}", **where), U - m2 - a2),
            ):
                yield Cause("wrong-axis", text, 0.5), scale * made
