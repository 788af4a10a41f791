"""One parameter of a network in three notations: the graph's branches, indices, and the vectorized line they become.

>>> from microbp import load
>>> found = explain(load("w1-w8"), "w5")
>>> print(*found.lines[-1], sep=" | ")
dW2 = delta2.T @ a1 | ∂E/∂W2 = δ2ᵀ a1 | (2, 2) = (2, 1) @ (1, 2)
>>> print(str(found).splitlines()[-1].strip())
graph 0.082167041, indices 0.082167041, dW2[0, 0] = 0.082167041: they agree (0 apart)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.derivation.routes import TOLERANCE, Term
from microbp.derivation.textbook import Textbook
from microbp.derivation.vectorized_lines import ENDS, cut
from microbp.engine import Value
from microbp.errors import UnknownNameError, nearest
from microbp.formula.typeset.blocks import Block, CodeLines, Heading, said
from microbp.formula.typeset.page import Page
from microbp.losses import LOSSES
from microbp.nn import MLP
from microbp.nn.parameter import find_parameter
from microbp.printing import decimals, number_text, say
from microbp.problems import Problem, as_network
from microbp.stepping.paths import Paths, paths


@dataclass(frozen=True, repr=False)
class Derivation(Page):
    """The gradient of one parameter by three routes. Prints as a page of a textbook."""

    label: str
    general: str
    """Its label in the notation of a general network; of a bias that a layer shares, b[l]."""
    paths: Paths
    branches: tuple[Term, ...]
    """One for each net that the parameter enters, read off the graph."""
    terms: tuple[Term, ...]
    """The terms with numbers from the arrays of `microbp.vectorized`."""
    lines: tuple[tuple[str, str, str], ...]
    """Each vectorized line: NumPy code that runs, the formula, the shapes."""
    entry: str
    """What the parameter's own number is in the vectorized gradient."""
    gradients: tuple[float, float, float]
    """By the graph, by the sum over indices, by the vectorized line."""
    told: tuple[Block, ...]
    """What stands on its page, but for the verdict."""

    @property
    def apart(self) -> float:
        """How far the three lie apart; nan if they are not finite."""
        with np.errstate(invalid="ignore"):
            return float(np.ptp(self.gradients))

    @property
    def ok(self) -> bool:
        """Whether they agree to 1e-12, absolute plus relative."""
        return self.apart <= TOLERANCE * (1 + abs(self.gradients[-1]))

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        plain = {name: getattr(self, name) for name in ("ok", "label", "general", "entry")}
        largest = [{"names": path.names, "product": path.product} for path in self.paths.largest]
        return {
            **plain,
            "gradients": dict(zip(("graph", "index", "vectorized"), self.gradients, strict=True)),
            "paths": {"count": self.paths.count, "largest": largest},
            "branches": [asdict(term) for term in self.branches],
            "terms": [asdict(term) for term in self.terms],
            "lines": [dict(zip(("numpy", "formula", "shapes"), line, strict=True)) for line in self.lines],
            "text": str(self).splitlines(),
        }

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What stands on its page."""
        graph, index, matrix = map(decimals, self.gradients)
        apart = number_text(self.apart, 1)
        verdict = (
            said("they agree ({distance} apart)", distance=apart)
            if self.ok
            else said(
                "they DIFFER: is the graph batch_loss(model, X, Y, loss, l2) with these very numbers? "
                "({distance} apart)",
                distance=apart,
            )
        )
        line = said(
            "graph {graph}, indices {index}, {entry} = {matrix}: {verdict}",
            graph=graph,
            index=index,
            entry=self.entry,
            matrix=matrix,
            verdict=verdict,
        )
        return (*self.told, line)


def explain(problem: Problem, weight: str) -> Derivation:
    """Derives the gradient of one weight or bias of a problem by three routes, from the samples that it shows.

    `weight` is a label: the problem's own, `w5`, or a general network's, `w[2][0,0]`. Raises `ProblemError` for an
    expression, `UnknownNameError` with the nearest labels if there is no such parameter.

    >>> from microbp import load
    >>> explain(load("w1-w8"), "w5").gradients[0]
    0.0821670405642308
    """
    network = as_network(problem)
    X, Y = network.shown_samples
    conventions: dict[str, Any] = {"l2": network.penalty_of(len(X)), "penalize_biases": network.penalize_biases}
    return derivation(network.root(), network.model, weight, X, Y, loss=network.loss, **conventions)


def derivation(
    root: Value,
    model: MLP,
    label: str,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    loss: str,
    l2: float = 0.0,
    penalize_biases: bool = False,
    branches: int = 4,
) -> Derivation:
    """Derives the gradient of the parameter of that label in three notations: its own, `w[l][j,k]`, `b[l][j]`, `b[l]`.

    `root` is the graph of `losses.batch_loss` for this model, X of shape (m, n_in), Y of shape (m, n_out), with the
    same loss, l2 and penalize_biases; its grads stay as they are. No sum is written with more than `branches` terms.
    Raises `UnknownNameError`, with the nearest labels if there is no such parameter, and `GraphError` if the graph is
    not of this model and X.
    """
    if loss not in LOSSES:
        raise UnknownNameError(nearest("loss", loss, LOSSES))
    own = find_parameter(model, label)
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    page = Textbook(root, model, own, X, Y, loss, l2 if own.input is not None or penalize_biases else 0.0)
    found = paths(root, own.value, k=branches)
    read, terms, lines = tuple(page.branches()), tuple(page.terms()), tuple(page.lines())
    index = sum(term.share for term in terms) + page.penalty
    told: list[Block] = [Heading(1, page.about().parts)]
    told += [Heading(2, (say("1. The graph: the sum over branches"),)), *page.graph_lines(found, read, branches)]
    told += [Heading(2, (say("2. Index notation"),)), *page.index_lines(terms, index, branches)]
    told += [Heading(2, (say("3. The vectorized line"),)), CodeLines(cut(lines, ("…", "…", "…"), ENDS)), *page.summed()]
    told.append(Heading(2, (say("4. Side by side"),)))
    gradients = (found.gradient, index, page.gradient)
    return Derivation(own.value.label, own.general, found, read, terms, lines, own.entry, gradients, tuple(told))
