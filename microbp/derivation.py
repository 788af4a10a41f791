"""One parameter of a network in three notations: the graph's branches, indices, and the vectorized line they become.

>>> from microbp import load
>>> problem = load("w1-w8")
>>> found = derivation(problem.root(), problem.model, "w5", problem.inputs, problem.targets, loss=problem.loss)
>>> print(*found.lines[-1], sep=" | ")
dW2 = delta2.T @ a1 | ∂E/∂W2 = δ2ᵀ a1 | (2, 2) = (2, 1) @ (1, 2)
>>> print(str(found).splitlines()[-1].strip())
graph 0.082167041, indices 0.082167041, dW2[0, 0] = 0.082167041: they agree (0 apart)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp import explain, vectorized
from microbp.engine import Value
from microbp.errors import UnknownNameError, unknown
from microbp.explain import decimals, derivative, factor
from microbp.formula import Formula
from microbp.naming import number_text
from microbp.nn import MLP
from microbp.paths import Path, Paths, paths
from microbp.routes import BY_NET, BY_OUTPUT, TOLERANCE, Routes, Term, cut, sum_text
from microbp.tabular import columns

WIDTH = 120
ENDS = 4
"""How many are written at each end of a long path and of a deep network."""


@dataclass(frozen=True)
class Derivation:
    """The gradient of one parameter by three routes. Prints as a page of a textbook."""

    label: str
    general: str
    """Its label in the notation of a general network; of a bias that a layer shares, b[l]."""
    paths: Paths
    branches: tuple[Term, ...]
    """One for each net that the parameter enters, read off the graph."""
    terms: tuple[Term, ...]
    """The same from the arrays of `microbp.vectorized`."""
    lines: tuple[tuple[str, str, str], ...]
    """Each vectorized line: NumPy code that runs, the formula, the shapes."""
    entry: str
    """What the parameter's own number is in the vectorized gradient."""
    gradients: tuple[float, float, float]
    """By the graph, by the sum over indices, by the vectorized line."""
    text: tuple[str, ...]
    """What it prints, but for the verdict."""

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

    def __str__(self) -> str:
        graph, index, matrix = map(decimals, self.gradients)
        doubt = "they DIFFER: is the graph batch_loss(model, X, Y, loss, l2) with these very numbers?"
        verdict = f"{'they agree' if self.ok else doubt} ({number_text(self.apart, 1)} apart)"
        last = f"   graph {graph}, indices {index}, {self.entry} = {matrix}: {verdict}"
        lines = (
            wrap(line, WIDTH, subsequent_indent=" " * 9, break_on_hyphens=False) or [""] for line in (*self.text, last)
        )
        return "\n".join(part for line in lines for part in line)


def derivation(
    root: Value, model: MLP, label: str, X: ArrayLike, Y: ArrayLike, *, loss: str, l2: float = 0.0, branches: int = 4
) -> Derivation:
    """Derives the gradient of the parameter of that label (its own, or `w[l][j,k]`, `b[l][j]`) in three notations.

    `root` is the graph of `losses.batch_loss(model, X, Y, loss, l2)`, X of shape (m, n_in), Y of shape (m, n_out); its
    grads stay as they are. No sum is written with more than `branches` terms. Raises `UnknownNameError`, with the
    nearest labels if there is no such parameter, and `GraphError` if the graph is not of this model and X.
    """
    if loss not in BY_OUTPUT:
        raise UnknownNameError(unknown("loss", loss, BY_OUTPUT))
    page = _Page(root, model, label, np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64), loss, l2)
    found = paths(root, page.value, k=branches)
    read, terms, lines = tuple(page.branches()), tuple(page.terms()), tuple(page.lines())
    index = sum(term.share for term in terms) + page.penalty
    text = (
        page.about(),
        *("", "1. The graph: the sum over branches", *(f"   {s}" for s in page.graph_text(found, read, branches))),
        *("", "2. Index notation", *(f"   {s}" for s in page.index_text(terms, index, branches))),
        *("", "3. The vectorized line", *(f"   {s}" for s in page.lines_text(lines))),
        *("", "4. Side by side"),
    )
    gradients = (found.gradient, index, page.gradient)
    return Derivation(page.value.label, page.own, found, read, terms, lines, page.entry, gradients, text)


class _Page(Routes):
    """What to write about them."""

    def about(self) -> str:
        """Which parameter it is."""
        layer, k = self.model.layers[self.l - 1], self.k
        name = layer.neurons[self.js[0]].name
        whose = f"the bias of {name}" if len(self.js) == 1 else f"the one bias of {len(self.js)} neurons"
        if k is not None:
            whose = f"the weight from {self.name(self.nets[self.js[0]][0].inputs[2 * k + 1])} to {name}"
        return f"{self.value.label}{f' is {self.own}' * (self.value.label != self.own)}: {whose} ({layer.name})"

    def who(self, place: tuple[int, int]) -> str:
        """Which net is meant, where there are several."""
        i, j = place
        words = [f"sample {i}"] * (self.m > 1) + [self.name(self.nets[j][i])] * (len(self.js) > 1)
        return f"{', '.join(words)}: " if words else ""

    def name(self, value: Value) -> str:
        """What the graph calls a value."""
        return self.stepper.names[value].text()

    def path_text(self, path: Path) -> Iterator[str]:
        """A path by the labels on it, and the derivatives from each to the next."""
        chain, numbers = [self.C], [1.0]
        for step in path.steps:
            numbers[-1] *= step.local
            if step.input.label:
                chain.append(step.input_name)
                numbers.append(1.0)
        place = self.places.get(path.steps[-1].node)
        yield f"  {self.who(place) if place else 'penalty: '}{' → '.join(cut(chain, '…', ENDS))}"
        factors = f"{' × '.join(cut([*map(factor, numbers[:-1])], '…', ENDS))} = " * (len(chain) > 2)
        yield f"    = {factors}{decimals(path.product)}"

    def graph_text(self, found: Paths, read: Sequence[Term], most: int) -> Iterator[str]:
        """The largest paths, then a line for each net: what its paths share is a factor."""
        leaf, d = self.value.label, partial(derivative, self.C)
        shown = found.largest[: found.count if found.count <= most else 2]
        plural = "path leads" if found.count == 1 else "paths lead"
        yield f"{found.count:,} {plural} from {self.C} to {leaf}{', the largest' * (len(shown) < found.count)}:"
        for path in shown:
            yield from self.path_text(path)
        net = next(iter(self.places))
        out, _ = self.activation(net)
        ways = [f"{d(s.node_name)} · {derivative(s.node_name, s.input_name)}" for s in self.above(out)]
        chain = [d(self.name(out)) if self.l == self.L else f"({' + '.join(ways[:2] + ['…'] * (len(ways) > 2))})"]
        chain += [derivative(self.name(out), self.name(net))] * (out is not net) + [derivative(self.name(net), leaf)]
        where = "In each sample what" if self.m > 1 else "What"
        yield f"{where} paths share is a factor: {d(leaf)} = {' · '.join(chain)}"
        for term in read[:most]:
            numbers = term.text(most if len(read) == 1 else max(most // 2, 1))
            yield f"  {self.who((term.sample, term.neuron))}{numbers} × {factor(term.before)} = {decimals(term.share)}"
        if rest := [term.share for term in read[most:]]:
            yield f"  … {len(rest)} more: {decimals(sum(rest))}"
        yield from (f"  penalty, (λ/2m) · 2w: {explain.product(step)}" for step in self.penalties)
        if len(read) + len(self.penalties) > 1:
            yield f"  together: {d(leaf)} = {decimals(found.gradient)}"

    def index_text(self, terms: Sequence[Term], index: float, most: int) -> Iterator[str]:
        """The sums over indices, then with the indices and numbers of this parameter."""
        l, L, k, d, first = self.l, self.L, self.k, partial(derivative, self.C), terms[0]
        times = "" if k is None else f" · a[{l - 1}][i,k]"
        penalty = f" + (λ/m) · {self.any}" * bool(self.l2)
        yield f"{d(self.any)} = Σ_i {'Σ_j ' * (len(self.js) > 1)}δ[{l}][i,j]{times}{penalty}"
        if l < L:
            prime = f"{self.prime(l).text(x='z', out='a')} ({self.functions[l - 1]})"
            alike = f"; so on to δ[{L - 1}]" * (l < L - 1)
            yield f"δ[{l}][i,j] = (Σ_q δ[{l + 1}][i,q] · w[{l + 1}][q,j]) · f′(z[{l}][i,j]), f′ = {prime}{alike}"
        yield f"δ[{L}][i,j] = {d(f'a[{L}][i,j]')} · f′(z[{L}][i,j]){self.output_text()}"
        ranges = [("i", self.m, f"m = {self.m} sample{'s' * (self.m > 1)}"), ("j", self.sizes[l], "neurons")]
        ranges += [("k", self.sizes[l - 1], "inputs")] * (k is not None)
        ranges += [("q", self.sizes[min(l + 1, L)], f"neurons of layer {l + 1}")] * (l < L)
        yield "for " + ", ".join(f"{s} = 0{f' … {n - 1}' * (n > 1)} ({what})" for s, n, what in ranges)
        numbers = first.text(most) if l < L else self.filled(first)
        indices = f"j = {first.neuron}{f', k = {k}' * (k is not None)}"
        yield f"With {indices}: δ[{l}][{first.sample},{first.neuron}] = {numbers} = {decimals(first.delta)}"
        texts = [factor(t.delta) + f" × {factor(t.before)}" * (k is not None) for t in terms]
        total = sum_text(texts, [t.share for t in terms], most)
        total += f" + {decimals(self.l2)}/{self.m} × {factor(self.value.data)}" * bool(self.l2)
        yield f"{d(self.own)} = {total} = {decimals(index)}"

    def output_text(self) -> str:
        """What the delta of the output layer is for this loss and this activation."""
        d = derivative(self.C, "a")
        by_output, prime = Formula(BY_OUTPUT[self.loss]).text(), self.prime(self.L).text(x="z", out="a")
        text = f"{d} = {by_output}, f′ = {prime} ({self.functions[-1]})"
        short = (self.loss, self.functions[-1]) in BY_NET
        text = f" = {self.output().text()}, as {text}" if short else f", {text}"
        if self.loss == "softmax_cross_entropy":
            text += ", p = softmax of the whole row a[i]" + ", times the sum of the row y[i]" * self.weighted
        text += f", n = {self.sizes[-1]} outputs" * ("n" in self.output().names)
        return text + "; but a logarithm that is clipped at 1e−12 has the derivative 0" * self.clipped

    @property
    def clipped(self) -> bool:
        """Whether the loss takes the logarithm of something too small."""
        a = self.a[-1]
        tiny = np.minimum(a, 1.0 - a) <= vectorized.SMALLEST_PROBABILITY
        return self.loss == "binary_cross_entropy" and bool(tiny.any())

    def filled(self, term: Term) -> str:
        """The delta of the output layer with its numbers."""
        (by_output,), at = term.upstream[0], (term.sample, term.neuron)
        if self.clipped:
            return term.text(1)
        a, y, z, m = float(self.a[-1][at]), float(self.Y[at]), float(self.z[-1][at]), self.m
        numbers = {"a": a, "y": y, "x": z, "m": m, "n": self.sizes[-1], "p": m * by_output + y}
        return self.output().text({name: factor(number) for name, number in numbers.items()}).replace("·", " × ")

    def lines_text(self, lines: Sequence[tuple[str, str, str]]) -> Iterator[str]:
        """The lines, which axes are summed, and which entry is ours."""
        l = self.l
        yield from columns(cut(lines, ("…", "…", "…"), ENDS))
        both = f"delta{l}" if self.k is None else f"delta{l} and a{l - 1}{' = X' * (l == 1)}"
        more = f"; over q, over axis 1 of delta{l + 1} and axis 0 of W{l + 1}" * (l < self.L)
        more += f"; over j, over axis 0 of db{l}" * (len(self.js) > 1)
        yield f"The sum over i runs over axis 0 of {both}: the samples{more}."
        yield f"The gradient of {self.value.label} is {self.entry} = {decimals(self.gradient)}"
