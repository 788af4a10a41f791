"""One leaf of a graph followed through: what the ways to it bring, wrong and right, and how to see it.

>>> from microbp import load
>>> from microbp.diagnosis.by_hand.replay import GraphReplay
>>> see(GraphReplay(load("w*x", {"w": 2.0, "x": 3.0}).root(), {"w": 2.0}), "w")
"microbp step 'w*x' w=2 x=3 --at w"
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from microbp.diagnosis.by_hand.replay import GraphReplay
from microbp.diagnosis.by_hand.text import FoundSlip
from microbp.engine import Constant
from microbp.engine.ieee import errstate
from microbp.errors import MicrobpError
from microbp.problems import ExpressionProblem
from microbp.problems.expression import as_expression
from microbp.stepping.paths import paths

MOST_WAYS = 4
"""Of more ways to a leaf those with the largest products are shown."""


def follow_leaf(judge: GraphReplay, label: str, causes: Sequence[FoundSlip]) -> dict[str, Any]:
    """One leaf with its numbers, for JSON: what the ways to it bring, wrong and right, and how to step there."""
    changed = {k: local for cause in causes for k, local in cause.changed.items()}
    lost = {k for cause in causes for place in cause.places if place.loses for k, x in place.changed.items() if not x}
    i = judge.labels.index(label)
    found = paths(judge.root, judge.values[label], k=MOST_WAYS)
    ways = []
    for path in found.largest:
        steps = [step.number - 1 for step in path.steps]
        right = [step.local for step in path.steps]
        wrong = None if lost.intersection(steps) else [changed.get(k, x) for k, x in zip(steps, right, strict=True)]
        names = [judge.whole[step.node].text() for step in path.steps]
        ways.append({"names": [*names, label], "wrong": wrong, "right": right})
    return {
        "label": label,
        "yours": float(judge.given[i]),
        "right": float(judge.right[i]),
        "count": found.count,
        "ways": ways,
        "see": see(judge, label),
    }


def see(judge: GraphReplay, label: str) -> str:
    """What to type, to see how its gradient comes to a leaf: a command if the graph is that of an expression."""
    graph = judge.root.graph()
    numbers = {v.label: v.data for v in graph if v.op is None and not isinstance(v, Constant)}
    text = as_expression(judge.root)
    with suppress(MicrobpError), errstate("ignore"):
        problem = ExpressionProblem(text, numbers)
        if [(v.op, repr(v.data)) for v in problem.root().graph()] == [(v.op, repr(v.data)) for v in graph]:
            words = [f"({text})" if text.startswith("-") else text]  # a word that begins with - would be an option
            words += [f"{leaf.label}={repr(leaf.data).removesuffix('.0')}" for leaf in problem.leaves()]
            return shlex.join(["microbp", "step", *words, "--at", label])
    return f"microbp.steps(root).until({label!r})"
