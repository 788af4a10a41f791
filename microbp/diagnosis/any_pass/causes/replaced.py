"""A line that is a sum, in which another array stands for an addend: logits for probabilities, another softmax.

>>> z, y = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]]), np.eye(2)[[0, 1, 1]]
>>> p, q = softmax_along(z, (1,)), softmax_along(z, (0,))
>>> [(cause.code, cause.text) for cause in replaced((q - y) / 3, (p - y) / 3, np.full(z.shape, 1e-12), {"`z`": z})]
[('wrong-axis', 'softmax(`z`) along axis 0 is used in place of softmax(`z`)')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.axes import along, choices
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.judge import is_near
from microbp.printing import number_text, say

MOST_ARRAYS = 80
"""So many arrays are tried in the places of one another."""


def softmax_along(z: Any, axes: tuple[int, ...]) -> Any:
    """exp(z) / Σ exp(z), the sum along these axes."""
    found = np.exp(z - z.max(axis=axes, keepdims=True))
    return found / found.sum(axis=axes, keepdims=True)


def derived(z: Any, said: str) -> dict[str, Any]:
    """What learners make of an array besides: its softmax along each of its axes, its sigmoid."""
    with np.errstate(all="ignore"):
        made = {f"σ({said})": 1 / (1 + np.exp(-z)), f"exp({said})": np.exp(z), **softmaxes(z, said)}
    return {text: found for text, found in made.items() if np.isfinite(found).all()}


@np.errstate(all="ignore")
def softmaxes(z: Any, said: str) -> dict[str, Any]:
    """The softmax of an array, right and along each other choice of axes, by what it is called."""
    made = {}
    for axes in choices(range(z.ndim)) if z.size else ():
        if axes == (z.ndim - 1,):
            made[f"softmax({said})"] = softmax_along(z, axes)
            continue
        made[say("softmax({array}) {along}", array=said, along=along(axes))] = softmax_along(z, axes)
        shifted = np.exp(z - z.max(axis=-1, keepdims=True))
        text = say("softmax({array}) with the sum {along}", array=said, along=along(axes))
        made[text] = shifted / shifted.sum(axis=axes, keepdims=True)
    return made


def replaced(mine: Any, want: Any, noise: Any, arrays: Mapping[str, Any]) -> Iterator[Cause]:
    """Pairs of arrays, those given or derived from them, whose difference is that of the line, but for one factor."""
    apart = (mine - want).ravel()
    seen = np.count_nonzero(np.abs(apart) > 1e3 * np.ravel(noise))
    tried = {text: z for text, z in arrays.items() if z.shape == want.shape}
    for text, z in tried.items() if seen > 2 else ():
        factor = float(z.ravel() @ apart) / max(1e-300, float((z * z).sum()))
        if is_near(want + factor * z, mine, noise).all():
            more = say(
                "{factor} times {array} is added, and nothing in the forward pass asks for it",
                factor=number_text(factor, 6),
                array=text,
            )
            yield Cause("extra-way", more, 0.7)
        part = np.where(np.abs(apart) > 1e3 * np.ravel(noise), z.ravel(), 0.0)
        factor = float(part @ apart) / max(1e-300, float(part @ part))
        if seen < z.size and is_near(want.ravel() + factor * part, mine.ravel(), np.ravel(noise)).all():
            more = say(
                "{factor} times {array} is added at {count} of {size} places, where nothing in the forward pass asks "
                "for it: a penalty of biases?",
                **{"factor": number_text(factor, 6), "array": text, "count": seen, "size": z.size},
            )
            yield Cause("extra-way", more, 0.65)
    if seen < 4:
        return
    given = {text: z.astype(float) for text, z in tried.items()}
    for text, z in given.items():
        tried |= derived(z, text)
    names = [*tried][:MOST_ARRAYS]
    rows = np.array([tried[name].ravel() for name in names], dtype=float)
    along, inner = rows @ apart, rows @ rows.T
    size = np.diag(inner)[:, None] + np.diag(inner)[None] - 2 * inner
    with np.errstate(all="ignore"):
        left = (apart @ apart) - (along[:, None] - along[None]) ** 2 / size
    for i, j in np.argwhere(left < 1e-6 * (apart @ apart)):
        if size[i, j] > 1e-12 * inner.max():
            more = rows[i] - rows[j]
            factor = float(more @ apart) / float(more @ more)
            if factor > 0 and is_near((want.ravel() + factor * more), mine.ravel(), np.ravel(noise)).all():
                same = any({names[i], names[j]} <= softmaxes(z, text).keys() for text, z in given.items())
                code = "wrong-axis" if same else "other-quantity"
                text = say("{array} is used in place of {right}", array=names[i], right=names[j])
                yield Cause(code, text, 0.65)
