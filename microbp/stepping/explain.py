"""Every sentence that microbp says about a step: text, LaTeX, Markdown.

>>> from microbp import load
>>> from microbp.stepping.stepper import Stepper
>>> step = Stepper(load("w1-w8").root()).finish("w5")
>>> print(chain_rule(step))
∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041
>>> print(reason(step))
net_o1 = w5·out_h1 + w6·out_h2 + b2, so its derivative by w5 is out_h1
>>> print(arrival(step))
It is the first contribution to w5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from microbp.engine import Constant, Value
from microbp.formula.dialects import printable
from microbp.formula.language import Formula
from microbp.stepping.names import expression

if TYPE_CHECKING:
    from microbp.stepping.stepper import Step, Stepper

DIGITS = 9
"""Decimals, as the texts print them."""

Paint = Callable[[str, str], str]
"""Colours a text: given the quantity that it stands for ("upstream", "local", "contribution") and the text."""


def _no_paint(quantity: str, text: str) -> str:
    return text


def decimals(number: float) -> str:
    """A number with nine decimals, as the texts print them; with nine digits if it is very small or large.

    >>> decimals(0.08216704056), decimals(0.74136506955), decimals(0.05), decimals(-2.0), decimals(4e-12)
    ('0.082167041', '0.741365070', '0.05', '−2', '4e−12')
    """
    number += 0.0  # no −0.0
    rounded = f"{number:.{DIGITS}f}"
    if float(rounded) == number or not 1e-6 <= abs(number) < 1e6:
        rounded = f"{number:.{DIGITS}g}"
    return rounded.replace("-", "−")


def factor(number: float) -> str:
    """A number that stands in a product or sum: negative ones in brackets."""
    return f"({decimals(number)})" if number < 0 else decimals(number)


def derivative(of: str, by: str) -> str:
    """∂of/∂by, with brackets round what is no single name.

    >>> derivative("E", "a + b")
    '∂E/∂(a + b)'
    """
    return f"∂{_bracketed(of)}/∂{_bracketed(by)}"


def _bracketed(name: str) -> str:
    return f"({name})" if any(c in name for c in " ·^/−*+") else name


def root_name(stepper: Stepper) -> str:
    """What to call the root of the pass."""
    return stepper.names[stepper.root].text()


def chain_rule(step: Step, paint: Paint = _no_paint) -> str:
    """The chain rule with the learner's names, then the numbers, then the result."""
    return f"{_symbols(step, paint)} = {product(step, paint)}"


def product(step: Step, paint: Paint = _no_paint) -> str:
    """The numbers of the chain rule, and the result."""
    upstream, local = paint("upstream", factor(step.upstream)), paint("local", factor(step.local))
    return f"{upstream} × {local} = {paint('contribution', decimals(step.contribution))}"


def question(step: Step, paint: Paint = _no_paint) -> str:
    """The chain rule of a step to come: no number of it."""
    return f"{_symbols(step, paint)} = ?"


def given(step: Step) -> str:
    """What a learner may know before the step: how the node is made, of what, and what has arrived at it."""
    name, made = step.node_name, expression(step.node, step.names).text()
    values = {step.names[x].text(): x.data for x in step.node.inputs if not isinstance(x, Constant)}
    inputs = ", ".join(f"{x} = {decimals(data)}" for x, data in values.items())
    formula = name if made == name else f"{name} = {made}"
    return f"{formula} = {decimals(step.node.data)}, with {inputs}. At {name} has arrived {decimals(step.upstream)}."


def _symbols(step: Step, paint: Paint) -> str:
    root = step.names[next(reversed(step.names))].text()  # the root is last in topological order
    node, by = step.node_name, step.input_name
    upstream, local = paint("upstream", derivative(root, node)), paint("local", derivative(node, by))
    return f"{paint('contribution', derivative(root, by))} += {upstream} · {local}"


def reason(step: Step) -> str:
    """Why the local derivative is what it is: the node's formula, and its derivative by the input."""
    made = expression(step.node, step.names).text()
    name = step.node_name
    if made == name:
        return f"The derivative of {name} by {step.input_name} is {step.formula}"
    return f"{name} = {made}, so its derivative by {step.input_name} is {step.formula}"


def arrival(step: Step) -> str:
    """What the contribution is added to."""
    if step.first:
        return f"It is the first contribution to {step.input_name}."
    return (
        f"It is added to what has arrived at {step.input_name} before: "
        f"{decimals(step.before)} + {factor(step.contribution)} = {decimals(step.after)}."
    )


def latex(step: Step) -> str:
    """The chain rule of a step, for math mode."""
    names = {value: step.names[value].latex() for value in (step.node, step.input)}
    root = step.names[next(reversed(step.names))].latex()
    node, by = names[step.node], names[step.input]

    def d(of: str, name: str) -> str:
        of, name = (rf"\left({s}\right)" if " " in s else s for s in (of, name))
        return rf"\frac{{\partial {of}}}{{\partial {name}}}"

    numbers = " \\cdot ".join(_latex_number(n) for n in (step.upstream, step.local))
    result = _latex_number(step.contribution, alone=True)
    return rf"{d(root, by)} \mathrel{{+}}= {d(root, node)} \cdot {d(node, by)} = {numbers} = {result}"


def _latex_number(number: float, alone: bool = False) -> str:
    text = Formula(repr(float(f"{number:.{DIGITS}g}"))).latex() if number - number == 0 else rf"\text{{{number}}}"
    return text if alone or number >= 0 else rf"\left({text}\right)"


def as_dict(step: Step) -> dict[str, Any]:
    """A step for JSON: nodes by name."""
    return {
        "number": step.number,
        "node": step.node_name,
        "input": step.input_name,
        "upstream": step.upstream,
        "local": step.local,
        "contribution": step.contribution,
        "before": step.before,
        "after": step.after,
        "formula": step.formula,
    }


def pass_as_dict(stepper: Stepper) -> dict[str, Any]:
    """A whole pass for JSON."""
    return {"root": root_name(stepper), "steps": [as_dict(step) for step in stepper]}


def pass_as_text(stepper: Stepper) -> Iterator[str]:
    """A whole pass as lines of text."""
    for step in stepper:
        yield f"{step.number:>{len(str(len(stepper)))}}  {chain_rule(step)}"
        yield f"{'':>{len(str(len(stepper)))}}    {reason(step)}. {arrival(step)}"


def pass_as_markdown(stepper: Stepper) -> Iterator[str]:
    """A whole pass as Markdown: a heading for each node, a line for each step."""
    yield f"# The backward pass of {_escaped(root_name(stepper))}"
    node: Value | None = None
    for step in stepper:
        if step.node is not node:
            node = step.node
            yield f"\n## {_escaped(step.node_name)} passes back\n"
        yield f"{step.number}. {_escaped(chain_rule(step))}  \n   {_escaped(reason(step))}. {_escaped(arrival(step))}"


def pass_as_latex(stepper: Stepper) -> Iterator[str]:
    """A whole pass as LaTeX: lines of an align* environment, which needs amsmath and may break over pages."""
    yield r"{\allowdisplaybreaks"
    yield r"\begin{align*}"
    for step in stepper:
        yield f"  & {latex(step)} \\\\"
    yield r"\end{align*}}"


def by_weight(stepper: Stepper, leaves: Sequence[Value], learning_rate: float | None = None) -> Iterator[str]:
    """The pass as the texts tell it, weight by weight: the full product, the update, the new weight. Markdown.

    The product runs from the leaf up through named values, as far as there is one way only; where several ways meet,
    what they bring is added up in a line of its own.
    """
    consumers: dict[Value, list[Step]] = {}
    for step in stepper:
        consumers.setdefault(step.input, []).append(step)
    root = root_name(stepper)
    yield f"# The gradients of {_escaped(root)}, weight by weight"
    for leaf in leaves:
        name = stepper.names[leaf].text()
        yield f"\n## {_escaped(name)}\n"
        arrived = consumers.get(leaf, [])
        for step in arrived:
            yield from (f"{_escaped(line)}  " for line in _product(step, consumers, stepper.names, root))
        gradient = arrived[-1].after if arrived else 0.0
        if len(arrived) != 1:
            terms = " + ".join(factor(step.contribution) for step in arrived) or "no path leads to it"
            yield _escaped(f"{derivative(root, name)} = {terms} = {decimals(gradient)}") + "  "
        if learning_rate is not None:
            new = leaf.data - learning_rate * gradient
            yield _escaped(
                f"{name} ← {decimals(leaf.data)} − {decimals(learning_rate)} · {factor(gradient)} = {decimals(new)}"
            )


def _product(
    step: Step, consumers: Mapping[Value, list[Step]], names: Mapping[Value, Formula], root: str
) -> Iterator[str]:
    chain = [step]
    above = consumers.get(step.node, [])
    while step.node.label and len(above) == 1 and above[0].node.label and names[above[0].node].text() != root:
        chain.append(above[0])
        above = consumers.get(above[0].node, [])
    top = chain[-1].node
    if len(above) > 1:
        terms = " + ".join(factor(s.contribution) for s in above)
        yield f"{derivative(root, names[top].text())} = {terms} = {decimals(above[-1].after)}"
    symbols = [derivative(root, names[top].text()), *(derivative(s.node_name, s.input_name) for s in reversed(chain))]
    numbers = [chain[-1].upstream, *(s.local for s in reversed(chain))]
    yield (
        f"{derivative(root, step.input_name)} = {' · '.join(symbols)} = {' × '.join(map(factor, numbers))} "
        f"= {decimals(step.contribution)}"
    )


def _escaped(text: str) -> str:
    """Text for Markdown: nothing in a label starts a tag, a link or emphasis."""
    return "".join(f"\\{c}" if c in "\\`*[]<>#|" else c for c in printable(text))
