"""What a textbook writes about the routes to one parameter: every line of a derivation but its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from microbp import vectorized
from microbp.derivation.routes import Routes, Term, sum_text
from microbp.engine import Value
from microbp.formula.language import Formula
from microbp.losses import LOSSES
from microbp.printing import columns, decimals, derivative, factor
from microbp.stepping.names import base_name
from microbp.stepping.paths import Path, Paths
from microbp.stepping.step import product_text as product_text

ENDS = 4
"""How many are written at each end of a long path and of a deep network."""


def cut(items: Sequence[Any], dots: Any, ends: int) -> list[Any]:
    """The items, of many the first and the last with dots between.

    >>> cut("abcdef", "…", 2), cut("abcde", "…", 2)
    (['a', 'b', '…', 'e', 'f'], ['a', 'b', 'c', 'd', 'e'])
    """
    return list(items) if len(items) <= 2 * ends + 1 else [*items[:ends], dots, *items[-ends:]]


class Textbook(Routes):
    """The routes in words and formulas."""

    def about(self) -> str:
        """Which parameter it is."""
        p, layer = self.parameter, self.model.layers[self.parameter.layer - 1]
        name, label = layer.neurons[p.neurons[0]].name, p.value.label
        whose = f"the bias of {name}" if len(p.neurons) == 1 else f"the one bias of {len(p.neurons)} neurons"
        if p.input is not None:
            whose = f"the weight from {self.name(self.nets[p.neurons[0]][0].inputs[2 * p.input + 1])} to {name}"
        return f"{label}{f' is {p.general}' * (label != p.general)}: {whose} ({layer.name})"

    def who(self, place: tuple[int, int]) -> str:
        """Which net is meant, where there are several."""
        i, j = place
        words = [f"sample {i + 1}"] * (self.m > 1) + [self.name(self.nets[j][i])] * (len(self.parameter.neurons) > 1)
        return f"{', '.join(words)}: " if words else ""

    def name(self, value: Value) -> str:
        """What the graph calls a value, of whichever sample."""
        return base_name(self.stepper.names[value].text())

    @property
    def example(self) -> tuple[Value, Value]:
        """One of the nets, and its activation."""
        net = next(iter(self.places))
        return net, self.activation(net)[0]

    def path_text(self, path: Path) -> Iterator[str]:
        """A path by the labels on it, and the derivatives from each to the next."""
        chain, numbers = [self.root_name], [1.0]
        for step in path.steps:
            numbers[-1] *= step.local
            if step.input.label:
                chain.append(step.input_name)
                numbers.append(1.0)
        place = self.places.get(path.steps[-1].node)
        yield f"  {self.who(place) if place else 'penalty: '}{' → '.join(cut(chain, '…', ENDS))}"
        factors = f"{' × '.join(cut([*map(factor, numbers[:-1])], '…', ENDS))} = " if len(chain) > 2 else ""
        yield f"    = {factors}{decimals(path.product)}"

    def graph_text(self, found: Paths, read: Sequence[Term], most: int) -> Iterator[str]:
        """The largest paths, then a line for each net: what its paths share is a factor."""
        leaf, d = self.parameter.value.label, partial(derivative, self.root_name)
        shown = found.largest[: found.count if found.count <= most else 2]
        plural = "path leads" if found.count == 1 else "paths lead"
        largest = ", the largest" if len(shown) < found.count else ""
        yield f"{found.count:,} {plural} from {self.root_name} to {leaf}{largest}:"
        for path in shown:
            yield from self.path_text(path)
        net, out = self.example
        above = [(self.name(step.node), self.name(out)) for step in self.above(out)]
        ways = [f"{d(node)} · {derivative(node, x)}" for node, x in above]
        summed = f"({' + '.join(ways[:2] + ['…'] * (len(ways) > 2))})"
        chain = [d(self.name(out)) if self.parameter.layer == self.depth else summed]
        chain += [derivative(self.name(out), self.name(net))] * (out is not net) + [derivative(self.name(net), leaf)]
        each = " and ".join(["neuron"] * (len(self.parameter.neurons) > 1) + ["sample"] * (self.m > 1))
        product = found.count - len(self.penalties) <= len(read)
        shared = f"{'As a product' if product else 'What paths share is a factor'}: {d(leaf)} ="
        if len(read) + len(self.penalties) > 1:
            shared = f"For each {each}, the share of its net" if each else "The share of the net"
            shared += (
                f" in {d(leaf)}{' (what its paths share is a factor)' if not product else ''}, for {self.name(net)}:"
            )
        yield f"{shared} {' · '.join(chain)}"
        for term in read[:most]:
            numbers = term.text(most if len(read) == 1 else max(most // 2, 1))
            yield f"  {self.who((term.sample, term.neuron))}{numbers} × {factor(term.before)} = {decimals(term.share)}"
        if rest := [term.share for term in read[most:]]:
            yield f"  … {len(rest)} more: {decimals(sum(rest))}"
        yield from (f"  penalty, (λ/2m) · 2w: {product_text(step)}" for step in self.penalties)
        if len(read) + len(self.penalties) > 1:
            yield f"  together: {d(leaf)} = {decimals(found.gradient)}"

    def index_text(self, terms: Sequence[Term], index: float, most: int) -> Iterator[str]:
        """The sums over indices, then with the indices and numbers of this parameter."""
        p, L, d, first = self.parameter, self.depth, partial(derivative, self.root_name), terms[0]
        l, k = p.layer, p.input
        times = "" if k is None else f" · a[{l - 1}][i,k]"
        net, out = map(self.name, self.example)
        if l == L and self.functions[-1] == "softmax":
            out = self.model.layers[-1].neurons[first.neuron].out_label
        at = f"[{l}][i,{first.neuron}]"
        called = f"a{at} is {out} of sample i, z{at} is {net}"
        where = "Here i is the sample"
        if self.m > 1:  # the marks of samples count from 1
            at, where = f"[{l}][0,{first.neuron}]", "Here i is a sample's row, 0 for @1"
            called = f"a{at} is {out}@1, z{at} is {net}@1"
        yield f"{where}: {called}; a[0] = X: a[0][i,0] is {self.model.input_labels[0]}"
        penalty = f" + (λ/m) · {'Σ_j ' if len(p.neurons) > 1 else ''}{p.indexed}" if self.l2 else ""
        yield f"{d(p.indexed)} = Σ_i {'Σ_j ' if len(p.neurons) > 1 else ''}δ[{l}][i,j]{times}{penalty}"
        if l < L:
            prime = f"{self.prime(l).text(x='z', out='a')} ({self.functions[l - 1]})"
            alike = f"; so on to δ[{L - 1}]" if l < L - 1 else ""
            yield f"δ[{l}][i,j] = (Σ_q δ[{l + 1}][i,q] · w[{l + 1}][q,j]) · f′(z[{l}][i,j]), f′ = {prime}{alike}"
        yield f"δ[{L}][i,j] = {self.output_text()}"
        ranges = [("i", self.m, f"m = {self.m} sample{'s' if self.m > 1 else ''}"), ("j", self.sizes[l], "neurons")]
        ranges += [("k", self.sizes[l - 1], "inputs")] * (k is not None)
        ranges += [("q", self.sizes[min(l + 1, L)], f"neurons of layer {l + 1}")] * (l < L)
        yield "for " + ", ".join(f"{s} = 0{f' … {n - 1}' * (n > 1)} ({what})" for s, n, what in ranges)
        numbers = first.text(most) if l < L else self.filled(first)
        indices = f"j = {first.neuron}{f', k = {k}' * (k is not None)}"
        yield f"With {indices}: δ[{l}][{first.sample},{first.neuron}] = {numbers} = {decimals(first.delta)}"
        texts = [factor(t.delta) + (f" × {factor(t.before)}" if k is not None else "") for t in terms]
        total = sum_text(texts, [t.share for t in terms], most)
        times = f" × {len(p.neurons)}" if len(p.neurons) > 1 else ""
        total += f" + {decimals(self.l2)}/{self.m} × {factor(p.value.data)}{times}" if self.l2 else ""
        yield f"{d(p.general)} = {total} = {decimals(index)}"

    def output_text(self) -> str:
        """What the delta of the output layer is for this loss and this activation."""
        L, d = self.depth, partial(derivative, self.root_name)
        row, f = LOSSES[self.loss], self.functions[-1]
        by_output = f"{d('a')} = {Formula(row.derivative).text()}"
        if f == "softmax":
            up, sum_ = f"a[{L}][i,{{}}]", f"Σ_q {d(f'a[{L}][i,q]')} · a[{L}][i,q]"
            text = f"{up.format('j')} · ({d(up.format('j'))} − t), t = {sum_}, {by_output} (softmax)"
        else:
            text = f"{by_output}, f′ = {self.prime(L).text(x='z', out='a')} ({f})"
            text = f" = {self.output().text()}, as {text}" if f in row.delta else f", {text}"
            text = f"{d(f'a[{L}][i,j]')} · f′(z[{L}][i,j]){text}"
        if "softmax_cross_entropy" in self.loss:
            text += ", p = softmax of the whole row a[i]" + (", times the sum of the row y[i]" if self.weighted else "")
        text += f", n = {self.sizes[-1]} outputs" if "n" in self.output().names else ""
        return text + ("; but a logarithm that is clipped at 1e−12 has the derivative 0" if self.clipped else "")

    @property
    def clipped(self) -> bool:
        """Whether the loss takes the logarithm of something too small."""
        a = self.forward[1][-1]
        tiny = np.minimum(a, 1.0 - a) <= vectorized.SMALLEST_PROBABILITY
        return "binary_cross_entropy" in self.loss and self.functions[-1] != "sigmoid" and bool(tiny.any())

    def filled(self, term: Term) -> str:
        """The delta of the output layer with its numbers."""
        (by_output,), at = term.upstream[0], (term.sample, term.neuron)
        if self.clipped:
            return term.text(1)
        (zs, outs), m = self.forward, self.m
        a, y, z = float(outs[-1][at]), float(self.Y[at]), float(zs[-1][at])
        count = {"sum": 1, "samples": m, "elements": m * self.sizes[-1]}[LOSSES[self.loss].over]
        numbers = {"a": a, "y": y, "x": z, "m": m, "n": self.sizes[-1], "p": count * by_output + y}
        numbers["t"] = float(self.by_output[term.sample] @ outs[-1][term.sample])
        return self.output().text({name: factor(number) for name, number in numbers.items()}).replace("·", " × ")

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """The vectorized lines, from the output back to the parameter: NumPy code, formula, shapes."""
        l, L, d = self.parameter.layer, self.depth, partial(derivative, self.root_name)
        shapes = [f"({self.m}, {n})" for n in self.sizes]
        if LOSSES[self.loss].of == "softmax_cross_entropy":
            times = " * Y.sum(axis=1, keepdims=True)" if self.weighted else ""
            yield f"e = np.exp(a{L} - a{L}.max(axis=1, keepdims=True))", f"e = exp(a{L}), shifted", shapes[L]
            yield f"p = e / e.sum(axis=1, keepdims=True){times}", f"p = softmax(a{L}), by rows", shapes[L]
        names, up = {"a": f"a{L}", "x": f"z{L}", "y": "Y"}, d(f"a{L}")
        if self.functions[-1] == "softmax":
            code = Formula("u * a").substitute(u=Formula(LOSSES[self.loss].derivative)).numpy(**names)
            yield f"t = ({code}).sum(axis=1, keepdims=True)", f"t = row sums of {up} ⊙ a{L}", f"({self.m}, 1)"
        made = {"linear": up, "softmax": f"a{L} ⊙ ({up} − t)"}.get(self.functions[-1], f"{up} ⊙ f′(z{L})")
        yield f"delta{L} = {self.output().numpy(**names)}", f"δ{L} = {made}", shapes[L]
        for q in range(L - 1, l - 1, -1):
            code, formula = f"delta{q + 1} @ W{q + 1}", f"δ{q + 1} W{q + 1}"
            shape = f"{shapes[q + 1]} @ ({self.sizes[q + 1]}, {self.sizes[q]})"
            if self.functions[q - 1] != "linear":
                prime = self.prime(q).substitute(x=Formula.atom(f"z{q}"), out=Formula.atom(f"a{q}"))
                code = Formula("d * f").numpy(d=f"({code})", f=prime)
                formula, shape = f"({formula}) ⊙ f′(z{q})", f"({shape}) * {shapes[q]}"
            yield f"delta{q} = {code}", f"δ{q} = {formula}", f"{shapes[q]} = {shape}"
        own = f"{'b' if self.parameter.input is None else 'W'}{l}"
        code, formula = (f" + l2 / m * {own}" if self.l2 else ""), (f" + (λ/m) {own}" if self.l2 else "")
        if self.parameter.input is None:
            shape = f"({self.sizes[l]},) from {shapes[l]}"
            yield f"db{l} = delta{l}.sum(axis=0){code}", f"{d(own)} = Σ_i δ{l}[i]{formula}", shape
        else:
            shape = f"({self.sizes[l]}, {self.sizes[l - 1]}) = ({self.sizes[l]}, {self.m}) @ {shapes[l - 1]}"
            yield f"dW{l} = delta{l}.T @ a{l - 1}{code}", f"{d(own)} = δ{l}ᵀ a{l - 1}{formula}", shape

    def lines_text(self, lines: Sequence[tuple[str, str, str]]) -> Iterator[str]:
        """The lines, which axes are summed, and which entry is ours."""
        p, l = self.parameter, self.parameter.layer
        yield from columns(cut(lines, ("…", "…", "…"), ENDS))
        both = f"delta{l}" if p.input is None else f"delta{l} and a{l - 1}{' = X' if l == 1 else ''}"
        more = f"; over q, over axis 1 of delta{l + 1} and axis 0 of W{l + 1}" if l < self.depth else ""
        more += f"; over j, over axis 0 of db{l}" if len(p.neurons) > 1 else ""
        yield f"The sum over i runs over axis 0 of {both}: the samples{more}."
        yield f"The gradient of {p.value.label} is {p.entry} = {decimals(self.gradient)}"
