"""A learner's gradients of a graph beside the right ones, and passes replayed with other local derivatives.

>>> from microbp import load
>>> judge = GraphReplay(load("(w*x + b)**2", {"w": 2.0, "x": 3.0, "b": 0.5}).root(), {"w": 19.5, "b": 13.0})
>>> judge.wrong, judge.right.tolist()
(['w'], [39.0, 13.0])
>>> judge.replay([{0: 6.5}]).tolist()  # the first step of the pass, ∂u²/∂u, with another local
[[19.5, 6.5]]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.answer import within
from microbp.comparing.precision import COMPUTED, RELATIVE, RUINED, typed_half_units
from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.formula.language import Formula
from microbp.problems.exercise import Floats
from microbp.stepping.names import by_name, expression, name_graph
from microbp.stepping.step import pass_steps

LONGEST = 40
"""The most characters of a part of an expression that is written down in full."""
AT_ONCE = 1_000_000
"""Numbers kept while passes are replayed side by side."""
MOST_VISITS = 20_000
"""How many visits a pass that recurses is followed for."""
_ROUNDINGS = 4
"""Passes with other roundings that are made, to see what they change."""
_MARGIN = 32.0
"""How many times the rounding error of one pass another may have."""


class GraphReplay:
    """A learner's gradients of a graph, by label, beside the right ones, and what slips would make of them.

    Values that are not given are not judged. A number is right to as many digits as it has; of float32, to what a pass
    in float32 can be wrong by; inf and nan never are; and if they were not `typed` they are exact. Raises `GraphError`
    if a label is that of two values.
    """

    def __init__(self, root: Value, gradients: Mapping[str, float], typed: bool = True) -> None:
        self.root = root
        graph = root.graph()
        self.steps = list(pass_steps(root))
        self.names = self.steps[0].names if self.steps else name_graph(graph)
        named = by_name(self.names)
        self.values = {label: named[label][0] for label in gradients if label in named}
        if twice := [label for label in self.values if len(named[label]) > 1]:
            raise GraphError(
                f"two values are called {twice[0]!r}: give them different labels, so that it is clear which is meant"
            )
        self.labels = list(gradients)
        self.given: Floats = np.array(list(gradients.values()), dtype=np.float64)
        place = {root: 0}
        for step in self.steps:
            place.setdefault(step.input, len(place))
        self._edges = [(place[step.node], place[step.input]) for step in self.steps]
        self._asked = [place[self.values[label]] for label in gradients]
        self._locals: Floats = np.array([step.local for step in self.steps])
        self.right = self.replay([{}])[0]
        self._half = typed_half_units(self.given) * (1 + 1e-6) * typed
        self._rounding = self._noise(graph)

    @cached_property
    def whole(self) -> dict[Value, Formula]:
        """What to call the values where there is more room than in the names of a step."""
        whole = dict(self.names)
        for v in self.root.graph():
            if v.op is not None and not v.label and len((made := expression(v, whole)).text()) <= LONGEST:
                whole[v] = made
        return whole

    @property
    def wrong(self) -> list[str]:
        """The labels of the numbers that are wrong."""
        return [label for label, near in zip(self.labels, self.near(self.right).tolist(), strict=True) if not near]

    @property
    def numbers(self) -> list[tuple[str, float, float]]:
        """For each label the learner's number, and the right one."""
        return list(zip(self.labels, self.given.tolist(), self.right.tolist(), strict=True))

    @property
    def few(self) -> bool:
        """Whether they are the right ones with hardly a digit left."""
        half = np.maximum(typed_half_units(self.given, 1, alike=True), typed_half_units(self.given, 2))
        near = within(self.given, self.right, half * (1 + 1e-6) + self.tolerance(self.right))
        return bool(np.all(near & np.isfinite(self.given)))

    def tolerance(self, made: Floats) -> Floats:
        """How far the learner's numbers may be from these."""
        return self._half + RELATIVE * np.abs(made) + self._rounding

    def near(self, made: Floats) -> NDArray[np.bool_]:
        """Which of these numbers are the learner's."""
        return within(self.given, made, self.tolerance(made)) & np.isfinite(self.given)

    def replay(self, changes: Sequence[Mapping[int, float]]) -> Floats:
        """The gradients that passes with changed locals give, a row for each pass."""
        rows = max(1, AT_ONCE // (2 * len(self.steps) + 1))
        found = np.empty((len(changes), len(self._asked)))
        for start in range(0, len(changes), rows):
            some = changes[start : start + rows]
            locals_ = np.repeat(self._locals[:, None], len(some), axis=1)
            for column, changed in enumerate(some):
                for k, local in changed.items():
                    locals_[k, column] = local
            found[start : start + rows] = self._run(locals_).T
        return found

    def early(self) -> Iterator[Floats]:
        """The gradients of passes that recurse: each value passes on what it has at every visit, at once or after all.

        None in a graph that has too many ways.
        """
        inputs: dict[int, list[tuple[int, float]]] = {}
        for (node, x), local in zip(self._edges, self._locals.tolist(), strict=True):
            inputs.setdefault(node, []).append((x, local))
        for at_once in (True, False):
            grads = np.zeros(len(self._edges) + 1)
            grads[0], visits = 1.0, 0
            stack: list[tuple[int, int]] = [(0, 0)]
            while stack and visits < MOST_VISITS:
                node, k = stack.pop()
                visits += 1
                own = inputs.get(node, [])
                if not k and not at_once:
                    for x, local in own:
                        grads[x] += local * grads[node]
                if k < len(own):
                    x, local = own[k]
                    grads[x] += local * grads[node] * at_once
                    stack += [(node, k + 1), (x, 0)]
            if not stack:
                yield grads[self._asked]

    def _run(self, locals_: Floats) -> Floats:
        grads = np.zeros((len(self._edges) + 1, locals_.shape[1]))
        grads[0] = 1.0
        with np.errstate(all="ignore"):
            for (node, x), local in zip(self._edges, locals_, strict=True):
                grads[x] += grads[node] * local
        return grads[self._asked]

    def _noise(self, graph: Sequence[Value]) -> Floats:
        """How wrong a pass may be because its numbers are rounded: to float32 and back, if the learner's are that."""
        finite = np.isfinite(self.given)
        with np.errstate(all="ignore"):
            held = (self.given.astype(np.float32) == self.given)[finite].all()
        short = np.all(self._half[finite] >= 2.0**-26 * np.abs(self.given[finite]))
        single = bool(held) and not short  # what has few digits is no more of float32 than of anything else
        signs = np.random.default_rng(0).choice((-1.0, 1.0), (len(graph), _ROUNDINGS))
        eps = float(np.finfo(np.float32 if single else np.float64).eps)
        rounded = 1.0 + eps * signs
        data: dict[Value, Any] = {}
        partials: dict[Value, tuple[Any, ...]] = {}
        size = self._run(np.abs(self._locals)[:, None])[:, 0]
        with np.errstate(all="ignore"):
            for v, factor in zip(graph, rounded, strict=True):
                if v.op is None:
                    exact = isinstance(v, Constant) or not single
                    data[v] = v.data * (np.ones(_ROUNDINGS) if exact else factor)
                    continue
                inputs = [data[x] for x in v.inputs]
                data[v] = v.op.numpy(*inputs)[0] * factor
                partials[v] = v.op.numpy_partials(*inputs, data[v])
            rows = [partials[step.node][step.position] * np.ones(_ROUNDINGS) for step in self.steps]
            error = np.abs(self._run(np.array(rows).reshape(-1, _ROUNDINGS)) - self.right[:, None]).max(axis=1)
        error = np.nan_to_num(error, nan=0.0, posinf=0.0) + eps * size
        noise: Floats = np.minimum(_MARGIN * error, RUINED * size) + COMPUTED * size
        return noise
