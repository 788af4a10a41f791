"""The forward and the backward pass of a graph as lines of Python: the derivation as one would write it by hand.

The first contribution to a gradient is written with =, later ones with +=, in the order of the chain rule: what is
computed is what the graph computes, bit by bit. What numbers alone decide is worked out; what is used once and has no
label stands where it is used.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from microbp.derivation.compiling.entries import Identifiers
from microbp.engine import Constant, Value
from microbp.engine.ops import Op
from microbp.engine.order import topological_order
from microbp.engine.replay import SIGNS, Decision
from microbp.formula.folding import fold_constants, number_formula
from microbp.formula.language import Formula
from microbp.formula.plain import has_choice, plain_choice, plain_sigmoid

INLINE = 60
"""What is longer than so many letters gets a line of its own."""


class Statement(NamedTuple):
    """One statement, and the layer that it belongs to: how many weighted sums lie before it."""

    target: str
    sign: str
    text: str
    layer: int


class Scalar:
    """The lines of a graph. `names` holds the leaves that are arguments; the others are constants."""

    def __init__(
        self,
        root: Value,
        decisions: Sequence[Decision],
        names: Mapping[Value, str],
        given: Identifiers,
        wrt: Sequence[Value],
        readable: bool,
        textbook: bool = False,
    ) -> None:
        self.root, self.decisions, self.given, self.readable = root, decisions, given, readable
        self.textbook = textbook
        ends = [v for decision in decisions for v in decision.values]
        self.order = list(dict.fromkeys(node for end in (*ends, root) for node in topological_order(end)))
        self.back = topological_order(root)
        self.back.reverse()
        self.kept = {root, *ends}
        self.text = {leaf: Formula.atom(name) for leaf, name in names.items()}
        self.called = dict(names)
        self.needs = set(wrt)
        for node in self.order:
            if any(x in self.needs for x, p in zip(node.inputs, node.op.partials, strict=True) if p is not None):
                self.needs.add(node)
        self.layers: dict[Value, int] = {}

    def forward(self) -> Iterator[Statement]:
        """Every value that has a name, inputs before results."""
        uses = self._uses()
        waiting = list(self.decisions)
        lines: list[Statement] = []
        for node in (*self.order, None):
            while waiting and all(map(self._known, waiting[0].operands)):
                lines.append(self._check(waiting.pop(0)))
            if node is None:
                break
            layer = max(self.layers.get(x, 0) for x in node.inputs if self._known(x)) + _is_net(node)
            self.layers[node] = layer
            formula = put_in(formula_of(node.op, self.textbook), node, self.text, self.readable)
            formula = formula if self.textbook else rounded_once(formula, node, self.text)
            written = formula.python()
            short = not (self.readable and node.label) and uses[node] == 1 and len(written) <= INLINE
            if node is not self.root and (formula.number is not None or (short and node not in self.kept)):
                self.text[node] = formula
                continue
            name = self.given.give(node.label or ("loss" if node is self.root else ""))
            self.called[node], self.text[node] = name, Formula.atom(name)
            lines.append(Statement(name, "=", written, layer))
        yield from sorted(lines, key=lambda line: line.layer) if self.readable and not self.decisions else lines

    def _known(self, x: Any) -> bool:
        """Whether a value has a text by now; a leaf that is no argument is its number."""
        if isinstance(x, Value) and x.op is None and x not in self.text:
            self.text[x] = number_formula(x.data)
        return x in self.text if isinstance(x, Value) else True

    def _check(self, decision: Decision) -> Statement:
        ends = (self.text[v] if isinstance(v, Value) else number_formula(float(v)) for v in decision.operands)
        test = f" {SIGNS[decision.function]} ".join(end.python() for end in ends)
        said = repr(f"recorded while {test} was {decision.result}")
        raised = f"raise ValueError({said})" if len(said) < INLINE else f"raise ValueError(\n        {said}\n    )"
        return Statement("", "", f"if {'not ' * decision.result}({test}):\n    {raised}", 0)

    def backward(self, results: Counter[Value], changed: set[str]) -> Iterator[Statement]:
        """The contributions, in the order of the chain rule. Afterwards `gradient` has the texts of the leaves'.

        `results` are the leaves whose gradients may stand where they are given back, and how often they
        are; but not where it would be too late for them, because they are made of what is `changed` before.
        """
        pulls = {node: self._pulled(node) for node in self.back if node in self.needs}
        arrivals = Counter(x for pulled in pulls.values() for _, x, _ in pulled)
        grads = {self.root: number_formula(1.0)}
        names: dict[Value, str] = {}
        for node in pulls:
            layer, upstream = self.layers[node], grads[node]
            for _, x, partial in pulls[node]:
                local = put_in(partial, node, self.text, self.readable)
                found = fold_constants(Formula("u * p").substitute(u=upstream, p=local))
                text = found.python()
                if x in names:
                    if isinstance(found.tree, ast.UnaryOp):
                        yield Statement(names[x], "-=", Formula(found.tree.operand).python(), layer)
                    else:
                        yield Statement(names[x], "+=", text, layer)
                    continue
                late = bool(changed) and not changed.isdisjoint(re.findall(r"\w+", text))
                uses = len(pulls[x]) if x.op is not None else results[x] * (not late)
                if arrivals[x] == 1 and uses and self._stands(x, found, text, uses):
                    grads[x] = found
                    continue
                names[x] = self.given.give(f"d_{self.called[x]}" if x in self.called else "", "d1")
                grads[x] = Formula.atom(names[x])
                yield Statement(names[x], "=", text, layer)
        self.found = {x: grads[x] for x in self.needs if x in grads}

    def gradient(self, leaf: Value) -> Formula:
        """The gradient of a leaf, after `backward`."""
        return self.found.get(leaf, number_formula(0.0))

    def _stands(self, x: Value, found: Formula, text: str, uses: int) -> bool:
        """Whether a gradient stands where it is used, without a line of its own."""
        if found.number is not None or (not (self.readable and x.label) and text.isidentifier()):
            return True
        return not (self.readable and x.label) and uses == 1 and len(text) <= INLINE

    def _pulled(self, node: Value) -> list[tuple[str, Value, Formula]]:
        assert node.op is not None
        every = zip(node.op.inputs, node.inputs, partials_of(node.op, self.textbook), strict=True)
        return [(name, x, partial) for name, x, partial in every if partial is not None and x in self.needs]

    def _uses(self) -> Counter[Value]:
        """How often each value stands in the text."""
        uses: Counter[Value] = Counter()
        for node in self.order:
            known = dict(zip(node.op.inputs, node.inputs, strict=True)) | {"out": node}
            for formula in (
                formula_of(node.op, self.textbook),
                *(p for _, _, p in self._pulled(node) if node in self.needs),
            ):
                for name, times in occurrences(formula):
                    uses[known[name]] += times
        return uses


def formula_of(op: Op, textbook: bool) -> Formula:
    """What an operation computes; a textbook's σ overflows far out on the left."""
    return plain_sigmoid(op.formula) if textbook and not op.family else op.formula


def partials_of(op: Op, textbook: bool) -> tuple[Formula | None, ...]:
    """The derivatives as the graph takes them, which keep their digits far out, or as a textbook prints them."""
    if not textbook or op.family:
        return op.partial_formulas
    return tuple(p and plain_sigmoid(p) for p in op.textbook_partial_formulas)


def put_in(formula: Formula, node: Value, text: dict[Value, Formula], readable: bool = True) -> Formula:
    """A formula of a row with what its inputs, and its result, are called here."""
    assert node.op is not None
    places = _places(node.op)
    names = _names(formula) if node.op.family else node.op.inputs  # of a sum of thousands a derivative names one
    known = {name: text[node.inputs[places[name]]] for name in names if name in places}
    if node in text:
        known["out"] = text[node]
    found = fold_constants(formula.substitute(**known))
    return plain_choice(found, readable) if has_choice(formula) else found


@cache
def _names(formula: Formula) -> tuple[str, ...]:
    return formula.names


@cache
def _places(op: Op) -> dict[str, int]:
    return {name: k for k, name in enumerate(op.inputs)}


def rounded_once(formula: Formula, node: Value, text: dict[Value, Formula]) -> Formula:
    """A sum of a family as the graph adds it up: rounded once. Two terms are rounded once as they are.

    The terms are the row's own: a sum that is used in place of one was rounded before.
    """
    if node.op is None or not node.op.family or len(formula.terms) < 2:
        return formula
    terms = [put_in(term, node, text) for term in node.op.formula.terms]
    if len(terms) < 2:
        return formula
    if len(terms) == 2 and all(isinstance(term.tree, ast.Name | ast.Constant | ast.BinOp) for term in terms):
        return formula
    return Formula.atom(f"math.fsum(({', '.join(term.python() for term in terms)}))")


@cache
def occurrences(formula: Formula) -> list[tuple[str, int]]:
    """How often each name stands in the Python code of a formula: more often than in the formula, in max for example.

    >>> occurrences(Formula("max(x, y)"))
    [('x', 4), ('y', 4)]
    """
    marks = {name: f"<{name}>" for name in formula.names}
    written = formula.python(marks)
    return [(name, written.count(mark)) for name, mark in marks.items()]


def _is_net(node: Value) -> bool:
    return node.op is not None and node.op.family == "affine"


def leaves_of(root: Value) -> list[Value]:
    """The leaves that are no plain numbers of an expression, in the order of the graph."""
    return [v for v in root.graph() if v.op is None and not isinstance(v, Constant)]
