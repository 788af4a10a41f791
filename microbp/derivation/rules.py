"""The lines of the derivation of a backward pass, each a setting: a mistake is another setting.

>>> from dataclasses import replace
>>> replace(Rules(), slope="none") == Rules()
False
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from microbp.problems.exercise import Exercise


@dataclass(frozen=True)
class Rules:
    """How the gradients of one layer l are computed: a field for each line of the derivation, the right one first."""

    forward: str = ""
    """The activation f in the forward pass: another than the network's."""
    error: str = ""
    """The loss whose ∂loss/∂a begins the pass: another than the right one, or one of `WRONG_ERRORS`. Output layer.

    "unclipped" is as right as the right one: (a − y)/m, also where the loss clips its logarithms.
    """
    softmax: str = "full"
    """Softmax and its derivative: "full", its "diagonal" alone, or taken over the "samples". Output layer."""
    slope: str = "net"
    """f′: of the "net", "none", "twice", "activation" (f′(a)), "formula" (its formula in a, given z), "upstream".

    "kink" is as right as "net": where z is 0 exactly, it takes f′ from the right. "misremembered 1" is another formula.
    """
    slope_at: str = ""
    """The layer whose z and a f′ is taken at: another than its own, the one "below" or "above"."""
    slope_of: str = ""
    """The activation whose f′ is taken: another than f."""
    slope_from: str = "values"
    """Where another f′ is computed from: the "values" z and a of the network, or the "net" alone."""
    passed: str = "delta"
    """What layer l passes back: its "delta", or the "error" before its f′."""
    back: str = "weights"
    """What it passes it back through: its "weights", these "updated" or "untransposed", or those "below" or "above"."""
    paths: str = "all"
    """The neurons whose paths are summed: "all", "only 0", "without 0", or "own": neuron k's to neuron k alone."""
    summed: str = "delta"
    """What is summed over the samples in dW and db: the "delta", or the "error" before its f′."""
    inputs: str = "activation"
    """What δ is multiplied by in dW: the "activation" before it, the "net" before it, the "data", the "output".

    Or the activation before that: "below"; or "ones".
    """
    samples: str = "all"
    """The samples that are summed: "all", the "last" or "first" alone, or "without 1"."""
    samples_in: str = ""
    """Where samples are left out: in "weights" or "biases" alone."""
    transposed: str = ""
    """What of dW is transposed: "all", or the "loss" part and not the penalty."""
    scale: float = 1.0
    """A factor of dW and db."""
    scale_weights: float = 1.0
    """A factor of dW alone."""
    scale_biases: float = 1.0
    """A factor of db alone."""
    scale_loss: float = 1.0
    """A factor of what the loss gives to dW and db, the penalty left as it is."""
    l2: float | None = None
    """Another λ than the network's."""
    l2_weights: float = 1.0
    """A factor of (λ/m)·W in dW."""
    l2_columns: str = "all"
    """The columns of W that it is for: "all", or all "without first"."""
    l2_biases: float = 0.0
    """A factor of (λ/m)·b in db."""
    returned: str = "gradients"
    """What is given out: the "gradients", or the "parameters" after a step with them."""
    order: str = "right"
    """The list of gradients: "right", or "reversed". As the next two, the same for all layers."""
    precision: str = "double"
    """In which numbers it is all computed: "double" or "single"."""
    passes: int = 1
    """How many passes are added up, the weights changed by each."""


Plan = tuple[Rules, ...]
"""The rules for each layer."""


def plan(case: Exercise, changes: Mapping[str, Any] | None = None, layers: Iterable[int] | None = None) -> Plan:
    """The rules for each layer of a network: the right ones, but for these changes in these layers (all)."""
    every = range(1, case.depth + 1)
    right = Rules(l2_biases=float(case.penalize_biases))
    return changed((right,) * case.depth, changes or {}, every if layers is None else layers)


def changed(rules: Plan, changes: Mapping[str, Any], layers: Iterable[int]) -> Plan:
    """A plan with more changes."""
    where, items = set(layers), tuple(changes.items())
    return tuple(_with(r, items) if l in where else r for l, r in enumerate(rules, 1))


@lru_cache(maxsize=1 << 14)
def _with(rules: Rules, changes: tuple[tuple[str, Any], ...]) -> Rules:
    return replace(rules, **dict(changes))
