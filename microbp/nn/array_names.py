"""What people call the arrays of a network and their gradients: W1, db2, dL_dW1, W[0], 0.weight, theta1_grad, nabla_w.

>>> array_name("dL_dW2"), array_name("theta1_grad"), array_name("nabla_b"), array_name("h1")
(ArrayName(kind='W', number=2), ArrayName(kind='theta', number=1), ArrayName(kind='b', number=None), None)
>>> layer_numbers({"0.weight": 0, "2.weight": 2}, depth=2)
{'0.weight': 1, '2.weight': 2}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_OF_LOSS = r"[d∂][a-z]*[ _]?/?[ _]?[d∂]"
"""dL_d, dJd, dE/d, ∂E/∂."""
_GRADIENT = rf"(?:(?:{_OF_LOSS}|gradients?|grads?|(?:delta[ _]?)?nabla|delta|[dg∂∇])[ _]?)"
_HOLDER = r"(?:(?:self|grad(?:ient)?s?|param(?:eter)?s?|model|net(?:work)?)[./])*"
"""What an array may be a part of: grads.dW1, model.fc1.weight."""
_GRADIENT_AFTER = r"(?:[ ._]?(?:gradients?|grads?))"
_KINDS = {"W": r"w(?:s|eights?)?|kernel", "b": r"b(?:s|ias(?:es)?)?", "theta": r"(?:theta|θ)s?"}
_KIND = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items())
_NUMBER = r"[ ._]?(?:(?P<number>\d+)|[\[(](?P<index>\d+)[\])])"
_PATTERNS = [
    re.compile(rf"{_HOLDER}{_GRADIENT}?(?:{_KIND})(?:{_NUMBER})?{_GRADIENT_AFTER}?", re.IGNORECASE),
    re.compile(
        rf"{_GRADIENT}?[a-z_./]*?[\[(]?(?P<number>\d+)[\])]?[ ._/]{_GRADIENT}?(?:{_KIND}){_GRADIENT_AFTER}?",
        re.IGNORECASE,
    ),
]
"""dW1, W[1].grad, weights; and as modules name the arrays that they hold: 0.weight, fc1.bias, layers[0].dW."""
_AROUND = re.compile(rf"{_GRADIENT}?(?P<stem>.+?){_GRADIENT_AFTER}?", re.IGNORECASE)


class ArrayName(NamedTuple):
    """What a name says: W, b or theta, and the number in it; no number if it is of a list, an array for each layer."""

    kind: str
    number: int | None


def array_name(name: str) -> ArrayName | None:
    """What a name of an array, or of its gradient, says, in any case; None if it is neither."""
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(name.strip()):
            found = match.groupdict()
            number = found["number"] or found.get("index")
            return ArrayName(next(k for k in _KINDS if found[k]), None if number is None else int(number))
    return None


def stems(name: str) -> Iterator[str]:
    """A name as it is, and without what makes it a gradient's.

    >>> list(stems("dE/dw5")), list(stems("w5.grad"))
    (['dE/dw5', 'w5'], ['w5.grad', 'w5'])
    """
    yield name
    match = _AROUND.fullmatch(name.strip())
    if match and match["stem"] != name:
        yield match["stem"]


def layer_numbers(numbers: Mapping[str, int], depth: int) -> dict[str, int]:
    """For each name the layer, from 1: the numbers may begin with 0, and may count what has no arrays as well.

    What is beyond the network is left out.

    >>> layer_numbers({"W1": 1, "W2": 2, "W3": 3}, depth=2), layer_numbers({"W0": 0, "b0": 0}, depth=2)
    ({'W1': 1, 'W2': 2}, {'W0': 1, 'b0': 1})
    """
    distinct = sorted(set(numbers.values()))
    if 0 in distinct and len(distinct) == depth:
        return {name: distinct.index(number) + 1 for name, number in numbers.items()}
    first = min(distinct[:1], default=1) and 1
    found = {name: number + 1 - first for name, number in numbers.items()}
    return {name: l for name, l in found.items() if 1 <= l <= depth}
