"""Every sentence that microbp says about a step: text, LaTeX, Markdown.

>>> from microbp import load
>>> from microbp.stepping.stepper import Stepper
>>> step = Stepper(load("w1-w8").root()).finish("w5")
>>> print(chain_rule(step))
∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041
>>> print(local_reason(step))
net_o1 = w5·out_h1 + w6·out_h2 + b2, so its derivative with respect to w5 is out_h1.
>>> print(arrival(step))
It is the only contribution to w5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from microbp.engine import Constant, Value
from microbp.printing import decimals, factor, markdown_words, say
from microbp.stepping.forward import updated
from microbp.stepping.names import expression
from microbp.stepping.products import Products
from microbp.stepping.step import Step, chain_rule, latex
from microbp.stepping.stepper import Stepper


def root_name(stepper: Stepper) -> str:
    """What to call the root of the pass."""
    return stepper.names[stepper.root].text()


def given(step: Step) -> str:
    """What a learner may know before the step: how the node is made, of what, and what has arrived at it."""
    name, made = step.node_name, expression(step.node, step.names).text()
    values = {step.names[x].text(): x.data for x in step.node.inputs if not isinstance(x, Constant)}
    inputs = ", ".join(f"{x} = {decimals(data)}" for x, data in values.items())
    formula = name if made == name else f"{name} = {made}"
    return say(
        "{formula} = {value}, with {inputs}. The gradient at {name} is {gradient}.",
        formula=formula,
        value=decimals(step.node.data),
        inputs=inputs,
        name=name,
        gradient=decimals(step.upstream),
    )


def local_reason(step: Step) -> str:
    """Why the local derivative is what it is: the node's formula, and its derivative with respect to the input."""
    made = expression(step.node, step.names).text()
    name = step.node_name
    if made == name:
        return say(
            "The derivative of {name} with respect to {input} is {formula}.",
            name=name,
            input=step.input_name,
            formula=step.formula,
        )
    return say(
        "{name} = {made}, so its derivative with respect to {input} is {formula}.",
        name=name,
        made=made,
        input=step.input_name,
        formula=step.formula,
    )


def arrival(step: Step) -> str:
    """What the contribution is added to."""
    if step.only:
        return say("It is the only contribution to {name}.", name=step.input_name)
    if step.first:
        return say("It is the first contribution to {name}.", name=step.input_name)
    return say(
        "It is added to what {name} has received so far: {before} + {contribution} = {after}.",
        name=step.input_name,
        before=decimals(step.before),
        contribution=factor(step.contribution),
        after=decimals(step.after),
    )


def why(step: Step) -> str:
    """Why the local derivative is what it is, and what the contribution is added to."""
    return say("{one} {next}", one=local_reason(step), next=arrival(step))


def step_as_dict(step: Step, ids: Mapping[Value, int]) -> dict[str, Any]:
    """A step for JSON: nodes by name, each beside its id, its place in the graph's topological order."""
    return {
        "number": step.number,
        "node": step.node_name,
        "node_id": ids[step.node],
        "input": step.input_name,
        "input_id": ids[step.input],
        "upstream": step.upstream,
        "local": step.local,
        "contribution": step.contribution,
        "before": step.before,
        "after": step.after,
        "formula": step.formula,
    }


def pass_as_dict(stepper: Stepper) -> dict[str, Any]:
    """A whole pass for JSON."""
    ids = {value: k for k, value in enumerate(stepper.graph)}
    return {"root": root_name(stepper), "steps": [step_as_dict(step, ids) for step in stepper.shown]}


def pass_as_markdown(stepper: Stepper) -> Iterator[str]:
    """A whole pass as Markdown: a heading for each node, a line for each step."""
    yield f"# {say('The backward pass of {name}', name=markdown_words(root_name(stepper)))}"
    node: Value | None = None
    for step in stepper.shown:
        if step.node is not node:
            node = step.node
            yield f"\n## {say('{name} passes back', name=markdown_words(step.node_name))}\n"
        yield f"{step.number}. {markdown_words(chain_rule(step))}  \n   {markdown_words(why(step))}"


def pass_as_latex(stepper: Stepper) -> Iterator[str]:
    """A whole pass as LaTeX: lines of an align* environment, which needs amsmath and may break over pages."""
    yield r"{\allowdisplaybreaks"
    yield r"\begin{align*}"
    for step in stepper.shown:
        yield f"  & {latex(step)} \\\\"
    yield r"\end{align*}}"


def by_weight(stepper: Stepper, leaves: Sequence[Value], learning_rate: float | None = None) -> Iterator[str]:
    """The pass as the texts tell it, weight by weight: the full product, the update, the new weight. Markdown.

    The product runs from the leaf up through named values, as far as there is one way only; where several ways meet,
    what they bring is added up in a line of its own. Of several samples each has its C_s, whose gradients are then
    averaged, or added up, as the loss does it.
    """
    root, products = root_name(stepper), Products(stepper)
    yield f"# {say('The gradients of {name}, weight by weight', name=markdown_words(root))}"
    for leaf in leaves:
        name = stepper.names[leaf].text()
        yield f"\n## {markdown_words(name)}\n"
        yield from (f"{markdown_words(line.text)}  " for line in products.lines(leaf))
        if learning_rate is not None:
            yield markdown_words(updated(name, leaf.data, learning_rate, stepper.gradient(leaf)))
