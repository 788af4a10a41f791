"""One step of a backward pass: what it passes back, in numbers, as text and as LaTeX.

>>> from microbp import Value
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> y = w * x
>>> y.label = "y"
>>> print(next(pass_steps(y)))
∂y/∂w += ∂y/∂y · x = 1 × (−1) = −1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from microbp.engine import Constant, Value
from microbp.errors import GraphError
from microbp.formula.language import Formula
from microbp.formula.typeset.latex import latex_of
from microbp.printing import Shown, decimals, derivative, factor, say, word
from microbp.stepping.names import local_derivative, name_graph

MOST_STEPS = 200_000
"""A pass of more steps is not gone through one by one: these take some seconds, and 90 MB."""

Paint = Callable[[str, str], str]
"""Colours a text: given the quantity that it stands for ("upstream", "local", "contribution") and the text."""


def _no_paint(quantity: str, text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, repr=False)
class Step(Shown):
    """One contribution: what node `node` passes back to its input number `position`. All numbers are snapshots."""

    number: int
    node: Value
    position: int
    input: Value
    upstream: float
    """∂root/∂node."""
    local: float
    """∂node/∂input."""
    contribution: float
    """upstream × local."""
    before: float
    """The grad of the input before this step."""
    after: float
    """The grad of the input after this step."""
    first: bool
    """Whether this is the first contribution to arrive at the input; the others accumulate."""
    only: bool
    """Whether it is the only one."""
    names: dict[Value, Formula]
    """What to call the values, shared by all steps of a pass."""

    @property
    def rule(self) -> str:
        """The rule of the operation, as a sentence."""
        assert self.node.op is not None
        return word(self.node.op.rule)

    @property
    def formula(self) -> str:
        """The local derivative as text."""
        return local_derivative(self.node, self.position, self.names).text()

    @property
    def latex(self) -> str:
        """The local derivative as LaTeX."""
        return local_derivative(self.node, self.position, self.names).latex()

    @property
    def node_name(self) -> str:
        """What to call the node: its label, else its expression if that is short, else `v12`."""
        return self.names[self.node].text()

    @property
    def input_name(self) -> str:
        """What to call the input."""
        return self.names[self.input].text()

    def __str__(self) -> str:
        return chain_rule(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {latex(self)}$"


def told_order(root: Value) -> list[Value]:
    """The interior values of a graph, results before inputs, and of several inputs the first one's way back first.

    >>> E = (Value(1.0, "a") + 1) * (Value(2.0, "b") + 2)
    >>> [value.data for value in told_order(E)]
    [8.0, 2.0, 4.0]
    """
    order: list[Value] = []
    seen: set[Value] = set()
    path = [(root, False)]
    while path:
        node, done = path.pop()
        if done:
            order.append(node)
        elif node.op is not None and node not in seen:
            seen.add(node)
            path.append((node, True))
            path += [(x, False) for x in node.inputs]
    return order[::-1]


def pass_steps(root: Value, order: Sequence[Value] | None = None) -> Iterator[Step]:
    """The steps of `root.backward()` after `root.zero_grad()`; the grads on the graph are not touched.

    They come as a text tells them, in `told_order` or another topological `order` from the root on; what all of them
    bring to a value is, to the last bit, what `backward()` does. Raises `GraphError` for a pass of more than
    `MOST_STEPS`.
    """
    graph = root.graph()
    count = sum(not isinstance(x, Constant) for node in graph for x in node.inputs)
    if count > MOST_STEPS:
        raise GraphError(
            f"a pass of {count:,} steps is not one to go through by hand (the limit is {MOST_STEPS:,}): take one "
            "sample, or root.backward() for the gradients alone"
        )
    names = name_graph(graph)
    locals_of, complete = _as_backward(graph)
    uses = Counter(x for node in graph for x in node.inputs)
    left, grads = uses.copy(), dict[Value, float]()
    number = 0
    for node in told_order(root) if order is None else order:
        upstream = complete[node]
        for position, (x, local) in enumerate(zip(node.inputs, locals_of[node], strict=True)):
            if isinstance(x, Constant):
                continue
            number += 1
            first = x not in grads
            before = grads.get(x, 0.0)
            contribution = upstream * local
            left[x] -= 1
            after = grads[x] = before + contribution if left[x] else complete[x]
            yield Step(
                number,
                node,
                position,
                x,
                upstream,
                float(local),
                contribution,
                before,
                after,
                first,
                uses[x] == 1,
                names,
            )


def _as_backward(graph: Sequence[Value]) -> tuple[dict[Value, tuple[float, ...]], dict[Value, float]]:
    """The local derivatives of each value and its grad, added up in the order of `backward()`."""
    locals_of: dict[Value, tuple[float, ...]] = {}
    grads = {graph[-1]: 1.0}
    for node in reversed(graph):
        if node.op is None:
            continue
        assert node.op.local is not None
        locals_of[node] = tuple(node.op.local(node))
        for x, local in zip(node.inputs, locals_of[node], strict=True):
            grads[x] = grads.get(x, 0.0) + grads[node] * local
    return locals_of, grads


def chain_rule(step: Step, paint: Paint = _no_paint) -> str:
    """The chain rule with the learner's names, then the numbers, then the result."""
    return f"{symbols(step, paint)} = {product_text(step, paint)}"


def product_text(step: Step, paint: Paint = _no_paint) -> str:
    """The numbers of the chain rule, and the result."""
    upstream, local = paint("upstream", factor(step.upstream)), paint("local", factor(step.local))
    return f"{upstream} × {local} = {paint('contribution', decimals(step.contribution))}"


def question(step: Step, paint: Paint = _no_paint) -> str:
    """The chain rule of a step to come: no number of it."""
    return f"{symbols(step, paint, asked=True)} = ?"


def symbols(step: Step, paint: Paint = _no_paint, asked: bool = False) -> str:
    """The chain rule by names; where the pass begins, with the local derivative itself, as that is what is sought."""
    end = next(reversed(step.names))  # the root is last in topological order
    root, node, by = step.names[end].text(), step.node_name, step.input_name
    local = derivative(node, by)
    if step.node is end:
        formula = local_derivative(step.node, step.position, step.names)
        text = Formula("u * v").substitute(u=Formula.atom("u"), v=formula).text()
        local = say("local derivative") if asked else text.removeprefix("u·")
    return (
        f"{paint('contribution', derivative(root, by))} += "
        f"{paint('upstream', derivative(root, node))} · {paint('local', local)}"
    )


def latex(step: Step) -> str:
    """The chain rule of a step, for math mode."""
    end = next(reversed(step.names))
    names = {value: step.names[value].latex() for value in (step.node, step.input)}
    root = step.names[end].latex()
    node, by = names[step.node], names[step.input]

    def d(of: str, name: str) -> str:
        of, name = (rf"\left({s}\right)" if " " in s else s for s in (of, name))
        return rf"\frac{{\partial {of}}}{{\partial {name}}}"

    numbers = rf"{latex_of(factor(step.upstream))} \cdot {latex_of(factor(step.local))}"
    result = latex_of(decimals(step.contribution))
    local = rf"\left({step.latex}\right)" if step.node is end else d(node, by)
    return rf"{d(root, by)} \mathrel{{+}}= {d(root, node)} \cdot {local} = {numbers} = {result}"
