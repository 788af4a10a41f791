"""A backward pass as a sequence of steps, one for each contribution, with a cursor to go through them by hand.

>>> from microbp import Value
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> E = (w * x + 3) ** 2
>>> E.label = "E"
>>> stepper = Stepper(E)
>>> len(stepper)
4
>>> step = stepper.until("w")
>>> step.upstream, step.local, step.contribution
(2.0, -1.0, -2.0)
>>> step.formula
'x'
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args, overload

from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.errors import GraphError, UnknownNameError, nearest
from microbp.formula.language import Formula
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import fitted
from microbp.stepping.guesses import Verdict, judge
from microbp.stepping.names import name_graph
from microbp.stepping.step import Step, pass_steps

Detail = Literal["contribution", "node", "layer"]
DETAILS: tuple[Detail, ...] = get_args(Detail)


def _stops(steps: Sequence[Step], detail: str, model: MLP | None) -> Sequence[int]:
    """Where the cursor rests: after how many steps."""
    if detail == "contribution" or not steps:
        return range(1, len(steps) + 1)
    if model is None:  # after the last step of each node, of which all stand together
        return [a.number for a, b in pairwise(steps) if a.node is not b.node] + [len(steps)]
    places = layers_of(model, [step.node for step in steps])
    last = {places[step.node][0] if step.node in places else None: step.number for step in steps}
    return sorted(last.values())


class Stepper(Sequence[Step]):
    """The steps of a pass, and a cursor: `position` steps have been made.

    `next` and `back` move by one contribution, or by all of a node or of a layer, as `detail` says; layers need the
    `model` they belong to. `grad(value)` is what has arrived at a value so far. The grads on the graph itself stay as
    they are, unless `apply` is true: then they follow the cursor. A step takes about 430 bytes,
    what the values are called included.
    """

    def __init__(
        self, root: Value, *, detail: Detail = "contribution", model: MLP | None = None, apply: bool = False
    ) -> None:
        if detail not in DETAILS:
            raise UnknownNameError(nearest("detail", detail, DETAILS))
        if detail == "layer" and model is None:
            raise GraphError("detail='layer' needs the model that the layers belong to: pass model=...")
        self.root = root = root_of(root)
        self.graph = root.graph()
        self.model = model
        self.apply = apply
        self._steps = list(pass_steps(root))
        self.names: dict[Value, Formula] = self._steps[0].names if self._steps else name_graph(self.graph)
        self._grads: dict[Value, float] = {root: 1.0}
        self._arrivals: dict[Value, list[Step]] = {}
        for step in self._steps:
            self._arrivals.setdefault(step.input, []).append(step)
        self._stops = _stops(self._steps, detail, model if detail == "layer" else None)
        self.position = 0
        if apply:
            root.zero_grad()
            root.grad = 1.0

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, k: int) -> Step: ...
    @overload
    def __getitem__(self, k: slice) -> list[Step]: ...
    def __getitem__(self, k: int | slice) -> Step | list[Step]:
        return self._steps[k]

    def __repr__(self) -> str:
        where = f"step {self.position:,} of {len(self):,} of the backward pass from {self.names[self.root].text()}"
        return fitted(where if self.current is None else f"{where}\n  {self.current}")

    @property
    def current(self) -> Step | None:
        """The step made last; `None` before the first."""
        return self._steps[self.position - 1] if self.position else None

    @property
    def upcoming(self) -> Step | None:
        """The step to come; `None` after the last."""
        return self._steps[self.position] if self.position < len(self) else None

    def grad(self, value: Value) -> float | None:
        """What has arrived at a value so far; `None` before anything has."""
        return self._grads.get(value)

    def arrivals(self, value: Value) -> list[Step]:
        """The steps that bring a value its gradient, in order."""
        return self._arrivals.get(value, [])

    def next(self) -> Step | None:
        """Makes the next step (of all that belong together, the last) and returns it; `None` at the end."""
        if self.position == len(self):
            return None
        return self.goto(self._stops[bisect_right(self._stops, self.position)])

    def back(self) -> Step | None:
        """Takes the last step (or all that belong together) back and returns it; `None` at the beginning."""
        step = self.current
        k = bisect_left(self._stops, self.position)
        self.goto(self._stops[k - 1] if k else 0)
        return step

    def goto(self, position: int) -> Step | None:
        """Goes to where that many steps have been made, and returns the last of them."""
        if not 0 <= position <= len(self):
            raise GraphError(f"this pass has the positions 0 to {len(self)}, got {position}")
        for step in self._steps[self.position : position]:
            self._set(step.input, step.after)
        for step in reversed(self._steps[position : self.position]):
            self._set(step.input, None if step.first else step.before)
        self.position = position
        return self.current

    def until(self, label: str) -> Step | None:
        """Goes on until a contribution has arrived at the value of that name; to the end if none will.

        Raises `UnknownNameError` with the nearest names if there is no such value.
        """
        later = (step.number for step in self.arrivals(self.find(label)) if step.number > self.position)
        number = next(later, None)
        self.goto(len(self) if number is None else number)
        return None if number is None else self.current

    def finish(self, label: str) -> Step | None:
        """Goes to the last contribution to the value of that name, forwards or back: its grad is then complete."""
        arrivals = self.arrivals(self.find(label))
        return self.goto(arrivals[-1].number) if arrivals else None

    def predict(self, guess: float) -> Verdict:
        """Judges a guess at the contribution of the step to come. Raises `GraphError` if there is none."""
        step = self.upcoming
        if step is None:
            raise GraphError("the pass is over: there is no step to predict")
        return judge(guess, step, self.arrivals(step.node))

    def find(self, label: str) -> Value:
        """The value of that name in the graph. Raises `UnknownNameError` with the nearest names if there is none."""
        named = {name.text(): value for value, name in self.names.items() if not isinstance(value, Constant)}
        if label not in named:
            raise UnknownNameError(nearest("value", label, named, most=3))
        return named[label]

    def _set(self, value: Value, grad: float | None) -> None:
        if grad is None:
            del self._grads[value]
        else:
            self._grads[value] = grad
        if self.apply:
            value.grad = grad or 0.0
