"""The gradient of one parameter in the notation of a text: each formula that leads to it, with its numbers.

>>> from microbp import load
>>> page = explain_in_notation(load("w1-w8"), "w5", "w1-w8")
>>> print(*[line.strip() for line in str(page).splitlines() if "∂E/∂W_11(2) =" in line], sep="\\n")
∂E/∂W_11(2) = 0.138498562 × 0.593269992 = 0.082167041
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from operator import itemgetter
from typing import Any

from microbp.derivation.general.notations import Notation, asked_for
from microbp.derivation.general.page import FormulaWriter, GeneralFormula, GeneralFormulas
from microbp.derivation.general.quantities import Quantities
from microbp.derivation.general.table import TABLE, Row
from microbp.formula.typeset.blocks import Heading, said
from microbp.nn.parameter import find_parameter
from microbp.problems import Problem, as_network

_OF_BIASES = ("{db:", "{D:l|j0}", "∂{E}/∂{b:")
_OF_WEIGHTS = ("{dW:", "{Delta:", "{D:l|jk}", "{W:", "{T:", "∂{E}/∂{W:")
"""How the formulas begin of which only a bias has need, or only a weight."""


def explain_in_notation(
    problem: Problem, weight: str, notation: str | Notation = "own", **conventions: Any
) -> GeneralFormulas:
    """The formulas that lead to the gradient of one weight or bias, of its layer and of those behind it, in numbers.

    `weight`, `notation` and the conventions are those of `explain` and of `general_formulas`, with their errors. Of
    several samples the numbers of the first are told, and the sum over all.
    """
    own = find_parameter(as_network(problem).model, weight)
    kinds = _OF_BIASES if own.input is None else _OF_WEIGHTS
    asked = asked_for(notation, **conventions)
    writer = FormulaWriter(Quantities(problem, asked, {own.layer: (own.neurons[0], own.input or 0)}))
    of_weight = "{T:l|jk}" if asked.theta else "{W:l|jk}"
    of_bias = "{b:l|j}" if len(own.neurons) == 1 else "{b:l}"
    symbol = of_bias if own.input is None else of_weight
    called = writer.written(symbol, own.layer, True, own.layer, numbers=True)
    title = said("{name} is {other}", name=own.value.label, other=called)
    rows = [row for row in TABLE if writer.has(row)]
    forward = [*takewhile(lambda row: row.of != "last", rows)]
    made = [pair for row in forward for pair in _each(writer, row, own.layer, kinds)]
    made = sorted(made, key=itemgetter(0))  # layer by layer, as the numbers are made
    made += [pair for row in rows[len(forward) :] for pair in _each(writer, row, own.layer, kinds)]
    return GeneralFormulas((Heading(1, title.parts), *list(writer.head())[1:]), tuple(one for _, one in made))


def _each(writer: FormulaWriter, row: Row, layer: int, kinds: tuple[str, ...]) -> Iterator[tuple[int, GeneralFormula]]:
    """A row for each layer on the way to the parameter, if it leads there, with the layer."""
    template, weights = writer.template(row), row.of == "weights"
    made = template.startswith((*_OF_BIASES, *_OF_WEIGHTS))
    if not row.numbers or row.of == "behind" or template.startswith("∇") or (made and not template.startswith(kinds)):
        return
    for l in writer.layers(row):
        if l == layer or (l > layer and not made):
            formula = writer.written(template, l, weights, l)
            entry = writer.written(row.entry, l, weights, l) if weights else ""
            yield l, GeneralFormula(writer.about(row, l), formula, entry, (tuple(writer.numbers(row, l)),))
