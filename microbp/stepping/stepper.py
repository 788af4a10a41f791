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
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, get_args, overload

from microbp.engine import Value
from microbp.engine.node import root_of
from microbp.errors import GraphError, UnknownNameError, nearest
from microbp.formula.language import Formula
from microbp.nn import MLP
from microbp.nn.places import layers_of
from microbp.printing import in_width, say
from microbp.stepping.guesses import Verdict, judge_guess
from microbp.stepping.names import all_named, name_graph, one_named
from microbp.stepping.samples import samples_of
from microbp.stepping.step import Step, pass_steps, told_order

Detail = Literal["contribution", "node", "layer"]
DETAILS: tuple[Detail, ...] = get_args(Detail)


def _by_layers(root: Value, model: MLP) -> dict[Value, int]:
    """The values of a graph in the order of its layers: 0 for the loss, then from the last layer back; last what is
    made of no net, such as a penalty."""
    graph = root.graph()
    places, depth = layers_of(model, graph), len(model.layers)
    of_nets: set[Value] = set()
    for node in graph:
        if node in places or any(x in of_nets for x in node.inputs):
            of_nets.add(node)
    layers = {node: depth - l for node, (l, _) in places.items()}
    ranks = {node: layers.get(node, 0) if node in of_nets else depth + 1 for node in told_order(root)}
    return dict(sorted(ranks.items(), key=lambda item: item[1]))


def _stops(steps: Sequence[Step], detail: str, ranks: Mapping[Value, int]) -> Sequence[int]:
    """Where the cursor rests: after how many steps."""
    if detail == "contribution" or not steps:
        return [step.number for step in steps]
    if not ranks:  # after the last step of each node, of which all stand together
        return [a.number for a, b in pairwise(steps) if a.node is not b.node] + [steps[-1].number]
    return sorted({ranks[step.node]: step.number for step in steps}.values())


class Stepper(Sequence[Step]):
    """The steps of a pass, and a cursor: `position` steps have been made.

    `next` and `back` move by one contribution, or by all of a node or of a layer, as `detail` says; layers need the
    `model` they belong to. `grad(value)` is what has arrived at a value so far. The grads on the graph itself stay as
    they are, unless `apply` is true: then they follow the cursor. With `sample`, 1 for the first, the cursor rests, and
    `shown` has steps, where that sample comes back; the pass is that of all. A step takes about 430 bytes, what the
    values are called included.
    """

    def __init__(
        self,
        root: Value,
        *,
        detail: Detail = "contribution",
        model: MLP | None = None,
        apply: bool = False,
        sample: int | None = None,
    ) -> None:
        if detail not in DETAILS:
            raise UnknownNameError(nearest("detail", detail, DETAILS))
        if detail == "layer" and model is None:
            raise GraphError("detail='layer' needs the model that the layers belong to: pass model=...")
        self.root = root = root_of(root)
        self.graph = root.graph()
        self.model = model
        self.apply = apply
        self._ranks = _by_layers(root, model) if detail == "layer" and model is not None else {}
        self._steps = list(pass_steps(root, list(self._ranks) or None))
        self.names: dict[Value, Formula] = self._steps[0].names if self._steps else name_graph(self.graph)
        self._grads: dict[Value, float] = {root: 1.0}
        self._arrivals: dict[Value, list[Step]] = {}
        for step in self._steps:
            self._arrivals.setdefault(step.input, []).append(step)
        self.samples = samples_of(self.graph)
        """The sample, from 1, of each value that depends on one of several alone."""
        self.shown: Sequence[Step] = self._steps
        """The steps to be told: all, those of one sample, or those of `tell`."""
        self.detail = detail
        self._stops = _stops(self.shown, detail, self._ranks)
        if sample is not None:
            self._tell_sample(sample)
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
        where = say(
            "step {number:,} of {count:,} of the backward pass from {name}",
            number=self.position,
            count=len(self),
            name=self.names[self.root].text(),
        )
        return in_width(where if self.current is None else f"{where}\n  {self.current}")

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

    @property
    def next_stop(self) -> int:
        """The position at which the cursor rests next: the end, if there is no other."""
        k = bisect_right(self._stops, self.position)
        return self._stops[k] if k < len(self._stops) else len(self)

    def shown_between(self, first: int, last: int) -> list[Step]:
        """The steps to be told between two positions."""
        numbers = range(first + 1, last + 1)
        return [step for step in self.shown if step.number in numbers]

    def gradient(self, value: Value) -> float:
        """What a value has at the end of the pass."""
        arrivals = self.arrivals(value)
        return arrivals[-1].after if arrivals else float(value is self.root)

    def next(self) -> Step | None:
        """Makes the next step (of all that belong together, the last) and returns it; `None` at the end."""
        if self.position == len(self):
            return None
        return self.goto(self.next_stop)

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
        """Goes on until a contribution has arrived at a value of that name; to the end if none will.

        Raises `UnknownNameError` with the nearest names if there is no such value.
        """
        wanted = self.find_all(label)
        numbers = (step.number for step in self.shown if step.input in wanted)
        number = min((number for number in numbers if number > self.position), default=None)
        self.goto(len(self) if number is None else number)
        return None if number is None else self.current

    def finish(self, label: str) -> Step | None:
        """Goes to the last contribution to the value of that name, forwards or back: its grad is then complete."""
        last = [arrivals[-1].number for value in self.find_all(label) if (arrivals := self.arrivals(value))]
        return self.goto(max(last)) if last else None

    def predict(self, guess: float) -> Verdict:
        """Judges a guess at the contribution of the step to come. Raises `GraphError` if there is none."""
        step = self.upcoming
        if step is None:
            raise GraphError("the pass is over: there is no step to predict")
        return judge_guess(guess, step, self.arrivals(step.node))

    def find(self, label: str) -> Value:
        """The value of that name in the graph. Raises `UnknownNameError` if there is none, or one in each sample."""
        return one_named(self.names, label)

    def find_all(self, label: str) -> list[Value]:
        """The values of that name: of a[2][0] those of all samples. Raises `UnknownNameError` if there is none."""
        return all_named(self.names, label)

    def tell(self, wanted: Callable[[Step], bool]) -> None:
        """Lets the cursor rest, and `shown` have steps, where they are wanted; the others are made all the same."""
        self.shown = [step for step in self.shown if wanted(step)]
        self._stops = _stops(self.shown, self.detail, self._ranks)

    def _tell_sample(self, sample: int) -> None:
        most = max(self.samples.values(), default=1)
        if not 1 <= sample <= most:
            has = f"the samples 1 to {most}" if most > 1 else "one sample"
            raise GraphError(f"this pass has {has}, got sample {sample}")
        if self.detail == "layer":
            raise GraphError("detail='layer' takes a layer of all samples at once: leave out the sample, or the detail")
        own = self.samples.get
        self.tell(lambda step: own(step.node, sample) == sample == own(step.input, sample))

    def _set(self, value: Value, grad: float | None) -> None:
        if grad is None:
            del self._grads[value]
        else:
            self._grads[value] = grad
        if self.apply:
            value.grad = grad or 0.0
