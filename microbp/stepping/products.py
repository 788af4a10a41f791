"""One leaf's gradient as a text writes it: the full product, of each sample its own, and their sum.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> stepper = Stepper(problem.root())
>>> print(*(line.text for line in Products(stepper).lines(problem.find("w5"))))
∂E/∂w5 = ∂E/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5 = 0.741365070 × 0.186815602 × 0.593269992 = 0.082167041
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

from microbp.engine import Value
from microbp.formula.typeset.blocks import Math, Sentence
from microbp.printing import decimals, derivative, factor, say
from microbp.stepping.step import Step
from microbp.stepping.stepper import Stepper

FEW = 4
"""A sum of no more terms than these is written with symbols, too."""


class Products:
    """The products of one pass."""

    def __init__(self, stepper: Stepper) -> None:
        self.stepper = stepper

    @cached_property
    def shares(self) -> dict[int, Value]:
        """The share of each sample in the loss: the last value that depends on it alone, if there is one only."""
        samples, arrivals = self.stepper.samples, self.stepper.arrivals
        last: dict[int, list[Value]] = {}
        for node, sample in samples.items():
            if arrivals(node) and all(step.node not in samples for step in arrivals(node)):
                last.setdefault(sample, []).append(node)
        return {k: v[0] for k, v in sorted(last.items()) if len(v) == 1 and v[0].label and self.stepper.gradient(v[0])}

    def lines(self, leaf: Value) -> Iterator[Sentence]:
        """The products that bring a leaf its gradient, and what they add up to."""
        root, name = self._name(self.stepper.root), self._name(leaf)
        arrived = self.stepper.arrivals(leaf)
        if not arrived:
            if leaf is self.stepper.root:
                yield _formula(f"{derivative(root, name)} = 1")
            else:
                yield Sentence((Math(f"{derivative(root, name)} = 0"), ": ", say("no path leads to it")))
            return
        by_sample: dict[int, list[Step]] = {}
        for step in arrived:
            by_sample.setdefault(self.stepper.samples.get(step.node, 0), []).append(step)
        if not by_sample.keys() & self.shares.keys() or by_sample.keys() - {0, *self.shares}:
            yield from self._sum(self.stepper.root, leaf, arrived)
            return
        terms = []
        for sample, steps in sorted(by_sample.items(), key=lambda item: item[0] or math.inf):  # the penalty last
            if sample:
                share = self.shares[sample]
                terms.append((share, self.stepper.gradient(share), sum(step.contribution for step in steps)))
                yield from self._sum(share, leaf, steps)
            else:
                yield from (line for step in steps for line in self._product(self.stepper.root, step, say("penalty: ")))
        yield from self._average(root, name, terms, by_sample.get(0, []), arrived[-1].after)

    def _average(
        self, root: str, name: str, terms: list[tuple[Value, float, float]], others: list[Step], gradient: float
    ) -> Iterator[Sentence]:
        """What the shares of the samples come to, with the weight that the loss gives to each."""
        weight = terms[0][1]
        if any(given != weight for _, given, _ in terms) or not weight:
            symbols = " + ".join(
                f"{derivative(root, self._name(s))} · {derivative(self._name(s), name)}" for s, *_ in terms
            )
            numbers = " + ".join(factor(part) for _, _, part in terms)
        else:
            symbols = " + ".join(derivative(self._name(share), name) for share, *_ in terms)
            numbers = " + ".join(factor(part / weight) for _, _, part in terms)
            if weight != 1.0:
                count = round(1 / weight)
                before = f"1/{count}" if abs(count * weight - 1) < 1e-12 else factor(weight)
                if len(terms) > 1:
                    symbols, numbers = f"({symbols})", f"({numbers})"
                symbols, numbers = f"{before} · {symbols}", f"{before} × {numbers}"
        for step in others:
            symbols += f" + {derivative(root, step.node_name)} · {derivative(step.node_name, name)}"
            numbers += f" + {factor(step.contribution)}"
        yield _formula(f"{derivative(root, name)} = {symbols} = {numbers} = {decimals(gradient)}")

    def _sum(self, top: Value, leaf: Value, steps: Sequence[Step]) -> Iterator[Sentence]:
        """∂top/∂leaf: one product, or several and their sum."""
        if len(steps) == 1:
            yield from self._product(top, steps[0])
            return
        scale = self.stepper.gradient(top)
        for step in steps:
            through = say("through {name}: ", name=step.node_name)
            yield from self._product(top, step, through if step.node is not top else say("directly: "))
        terms = " + ".join(factor(step.contribution / scale) for step in steps)
        whole = scale == 1.0 and len(steps) == len(self.stepper.arrivals(leaf))
        total = steps[-1].after if whole else sum(step.contribution for step in steps) / scale
        yield _formula(f"{derivative(self._name(top), self._name(leaf))} = {terms} = {decimals(total)}")

    def _product(self, top: Value, step: Step, part: str = "") -> Iterator[Sentence]:
        """What one step brings, as a product from the top; `part` says of a part of the gradient which it is."""
        scale = self.stepper.gradient(top)
        chain = [step]
        above = self.stepper.arrivals(step.node)
        ends = (step.node, step.input)  # a network's losses have steps inside
        shorter = any(value.op is not None and value.op.family == "affine" for value in ends)
        while len(above) == 1 and above[0].node is not top and (above[0].node.label or not shorter):
            chain.append(above[0])
            above = self.stepper.arrivals(above[0].node)
        last = chain[-1].node
        of = self._name(top)
        if len(above) > 1:
            terms = " + ".join(factor(s.contribution / scale) for s in above)
            told = f"{derivative(of, self._name(last))} = "
            if len(above) <= FEW:
                told += " + ".join(
                    f"{derivative(of, s.node_name)} · {derivative(s.node_name, s.input_name)}" for s in above
                )
                told += f" = {' + '.join(f'{factor(s.upstream / scale)} × {factor(s.local)}' for s in above)} = "
            yield _formula(f"{told}{terms} = {decimals(above[-1].after / scale)}")
        symbols = [derivative(s.node_name, s.input_name) for s in reversed(chain)]
        numbers = [s.local for s in reversed(chain)]
        if last is not top:
            symbols.insert(0, derivative(of, self._name(last)))
            numbers.insert(0, chain[-1].upstream / scale)
        result = f"{' × '.join(map(factor, numbers))} = {decimals(step.contribution / scale)}"
        if len(numbers) == 1:  # one arrow: it is its own local derivative
            alone = decimals(numbers[0])
            yield _formula(alone if part else f"{symbols[0]} = {alone}", part)
            return
        head = "" if part else f"{derivative(of, step.input_name)} = "
        yield _formula(f"{head}{' · '.join(symbols)} = {result}", part)

    def _name(self, value: Value) -> str:
        return self.stepper.names[value].text()


def _formula(text: str, words: str = "") -> Sentence:
    """A line that is one formula, but for words before it."""
    return Sentence((words, Math(text)) if words else (Math(text),))
