"""The gradient of any value of a network, as products along the ways that lead to it.

>>> from microbp import load
>>> print(*value_lines(load("chain"), "a[1][0]"), sep="\\n")
a[1][0] is a1
∂C/∂a1 = ∂C/∂a3 · ∂a3/∂z3 · ∂z3/∂a2 · ∂a2/∂z2 · ∂z2/∂a1
       = (−0.870824575) × 0.245828427 × 0.9 × 0.249881374 × (−0.4) = 0.019257467
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from microbp.engine import Value
from microbp.errors import UnknownNameError
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import breadth, say
from microbp.problems import Problem, as_network
from microbp.stepping.names import one_named
from microbp.stepping.products import Products
from microbp.stepping.stepper import Stepper

_PLACE = re.compile(r"(z|a|δ|delta)\[(\d+)\]\[(\d+)\](?:@(\d+))?")


def value_lines(problem: Problem, name: str, width: int = 80) -> Iterator[str]:
    """The lines that derive the gradient of the value of that name, the graph's own or a general network's.

    a[l][j] and z[l][j] are neuron j of layer l, from 1, of any network; δ[l][j] (or delta[l][j]) is the gradient of the
    net; of several samples `@2` says of which. Raises `ProblemError` for an expression, `UnknownNameError` with the
    nearest names if there is no such value, or one in each sample.
    """
    network = as_network(problem)
    stepper = Stepper(network.root())
    found = _general(stepper, network.model, name)
    if len(found) > 1:
        which = f"{name}@1 … {name}@{len(found)}"
        raise UnknownNameError(f"{len(found):,} values are called {name!r}, one in each sample: say which of {which}")
    value = found[0] if found else one_named(stepper.names, name)
    own = stepper.names[value].text()
    if own != name:
        other = f"∂{stepper.names[stepper.root].text()}/∂{own}" if name[0] in "δd" else own
        yield say("{name} is {other}", name=name, other=other)
    for line in Products(stepper).lines(value):
        head, *parts = line.split(" = ")
        if breadth(line) <= width:
            yield line
        else:
            yield f"{head} = {parts[0]}"
            yield " " * breadth(head) + " = " + " = ".join(parts[1:])


def _general(stepper: Stepper, model: MLP, name: str) -> list[Value]:
    """The values that a general network's notation means, one in each sample; none if this network has none of them."""
    found = _PLACE.fullmatch(name)
    if not found:
        return []
    letter, layer, neuron, sample = found.groups()
    places = layers_of(model, stepper.root.graph())
    kind = "a" if letter == "a" else "z"
    return [
        node
        for node, place in places.items()
        if place == (int(layer) - 1, int(neuron))
        and kind == ("z" if node.op is not None and node.op.family == "affine" else "a")
        and (sample is None or stepper.samples.get(node) == int(sample))
    ]
