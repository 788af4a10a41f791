"""The gradient of any value of a network, as products along the ways that lead to it.

>>> from microbp import load
>>> print(explain_value(load("chain"), "a[1][0]").page(80))
a[1][0] is a1
∂C/∂a1 = ∂C/∂a3 · ∂a3/∂z3 · ∂z3/∂a2 · ∂a2/∂z2 · ∂z2/∂a1
       = (−0.870824575) × 0.245828427 × 0.9 × 0.249881374 × (−0.4) = 0.019257467
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from microbp.engine import Value
from microbp.errors import UnknownNameError
from microbp.formula.typeset.blocks import Block, Sentence, said
from microbp.formula.typeset.page import Page
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import derivative
from microbp.problems import Problem, as_network
from microbp.stepping.names import one_named
from microbp.stepping.products import Products
from microbp.stepping.stepper import Stepper

_PLACE = re.compile(r"(z|a|δ|delta)\[(\d+)\]\[(\d+)\](?:@(\d+))?")


@dataclass(frozen=True, repr=False)
class ValueDerivation(Page):
    """The gradient of one value, as products along the ways that lead to it. Prints as a page."""

    name: str
    """As it was asked for."""
    own: str
    """What the graph calls it; of a δ[l][j], the gradient of the net."""
    lines: tuple[Sentence, ...]
    """The products, and what they add up to."""
    gradient: float

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What stands on its page."""
        title = (said("{name} is {other}", name=self.name, other=self.own),) * (self.own != self.name)
        return (*title, *self.lines)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"of": self.name, "is": self.own, "gradient": self.gradient, "lines": [line.text for line in self.lines]}


def explain_value(problem: Problem, name: str) -> ValueDerivation:
    """Derives the gradient of the value of that name, the graph's own or a general network's.

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
    if own != name and name[0] in "δd":
        own = derivative(stepper.names[stepper.root].text(), own)
    return ValueDerivation(name, own, tuple(Products(stepper).lines(value)), stepper.gradient(value))


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
