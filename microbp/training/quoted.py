"""The numbers that a text may quote of a training, by name.

>>> from microbp import load
>>> [name for name, _ in QuotedNumbers(load("w1-w8"), 1).in_graph()][:3]
['out_o1 before training', 'out_o2 before training', 'net_h1 before training']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from microbp.engine.ieee import errstate
from microbp.printing import derivative, say
from microbp.problems import NetworkProblem
from microbp.problems.exercise import Floats, exercise_of
from microbp.stepping.step import pass_steps
from microbp.training.deviations import is_possible
from microbp.training.sweep import Conventions, Trained


class QuotedNumbers:
    """The numbers that a text may quote, by name."""

    def __init__(self, problem: NetworkProblem, steps: int) -> None:
        self.problem, self.steps = problem, steps
        self.loss = problem.names.loss if problem.names else "loss"
        self.before, self.after = say("{name} before training", name="{name}"), _after(steps)
        with np.errstate(all="ignore"):
            self.labels = {problem.shared_bias: exercise_of(problem).labels}
            if is_possible(problem, shared_bias=not problem.shared_bias):
                other = replace(problem, shared_bias=not problem.shared_bias)
                self.labels[other.shared_bias] = exercise_of(other).labels

    def of(self, conventions: Conventions, trained: Trained) -> Iterator[tuple[str, float]]:
        """Those of a training by these conventions."""
        labels = self.labels[conventions.shared_bias]
        for label, (name, where) in labels.items():
            gradient = trained.gradients[name][0 if where is None else where]
            yield self.before.format(name=f"∂{self.loss}/∂{label}"), conventions.sign * float(gradient)
        yield self.before.format(name=self.loss), trained.first_loss
        if self.steps > 1:
            yield _after(self.steps - 1).format(name=self.loss), trained.last_loss
        if self.steps:
            yield self.after.format(name=self.loss), trained.loss
            for label, (name, where) in labels.items():
                arrays = trained.weights if name[1] == "W" else trained.biases
                yield self.after.format(name=label), float(arrays[int(name[2:]) - 1][0 if where is None else where])
            yield from self.outputs(trained.outputs, self.after)

    def outputs(self, outputs: Floats, when: str) -> Iterator[tuple[str, float]]:
        """The outputs of the samples that are shown."""
        neurons = self.problem.model.layers[-1].neurons
        for i, row in enumerate(outputs):
            of = f"@{i + 1}" if len(outputs) > 1 else ""
            yield from ((when.format(name=f"{n.out_label}{of}"), float(x)) for n, x in zip(neurons, row, strict=True))

    def in_graph(self) -> Iterator[tuple[str, float]]:
        """Those of the problem before training, whatever the conventions of training are."""
        when = self.before
        with errstate("ignore"):
            yield from self.outputs(self.problem.predict(self.problem.shown_samples[0]), when)
            root = self.problem.root()
            root.backward()
        if len(self.problem.inputs) == 1:  # of more samples the values have the same labels
            for value in root.graph():
                if value.label and value.op is not None and value is not root:
                    yield when.format(name=value.label), value.data
                    yield when.format(name=f"∂{self.loss}/∂{value.label}"), value.grad
            for step in pass_steps(root):
                if not (step.node.label and step.input.label) or step.node is root:
                    continue
                if step.node.op is not None and step.node.op.arity == 1:  # those of a net are weights and activations
                    yield when.format(name=derivative(step.node_name, step.input_name)), step.local
                if not step.only:
                    of = derivative(self.loss, step.input_name)
                    part = say("the part of {of} through {node}", of=of, node=step.node_name)
                    yield when.format(name=part), step.contribution


def _after(count: int) -> str:
    """How a quantity is called after so many steps, with {name} for its own name."""
    if count == 1:
        return say("{name} after 1 step", name="{name}")
    return say("{name} after {count:,} steps", name="{name}", count=count)
