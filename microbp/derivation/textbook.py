"""What a textbook writes about the routes to one parameter: every line of a derivation but its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from microbp import vectorized
from microbp.derivation.routes import Term, sum_text
from microbp.derivation.vectorized_lines import ENDS, VectorizedLines, cut
from microbp.engine import Value
from microbp.formula.language import Formula
from microbp.formula.typeset.blocks import Math, Sentence, Words, joined, said
from microbp.losses import LOSSES
from microbp.printing import decimals, derivative, factor, word
from microbp.stepping.names import base_name
from microbp.stepping.paths import Path, Paths
from microbp.stepping.step import product_text as product_text


class Textbook(VectorizedLines):
    """The routes in words and formulas."""

    def about(self) -> Sentence:
        """Which parameter it is."""
        p, layer = self.parameter, self.model.layers[self.parameter.layer - 1]
        name, label = Words(word(layer.neurons[p.neurons[0]].name)), p.value.label
        if p.input is not None:
            source = self.name(self.nets[p.neurons[0]][0].inputs[2 * p.input + 1])
            whose = said("the weight from {source} to {neuron}", source=source, neuron=name)
        elif len(p.neurons) == 1:
            whose = said("the bias of {neuron}", neuron=name)
        else:
            whose = said("the one bias of {count} neurons", count=len(p.neurons))
        called = label if label == p.general else said("{name} is {other}", name=label, other=p.general)
        return said("{name}: {what} ({layer})", name=called, what=whose, layer=Words(word(layer.name)))

    def who(self, place: tuple[int, int]) -> Sentence:
        """Which net is meant, where there are several."""
        i, j = place
        what: list[str | Sentence] = [said("sample {number}", number=i + 1)] * (self.m > 1)
        what += [Math(self.name(self.nets[j][i]))] * (len(self.parameter.neurons) > 1)
        return said("{what}: ", what=joined(*separated(what))) if what else Sentence(())

    def name(self, value: Value) -> str:
        """What the graph calls a value, of whichever sample."""
        return base_name(self.stepper.names[value].text())

    @property
    def example(self) -> tuple[Value, Value]:
        """One of the nets, and its activation."""
        net = next(iter(self.places))
        return net, self.activation(net)[0]

    def path_lines(self, path: Path) -> Iterator[Sentence]:
        """A path by the labels on it, and the derivatives from each to the next."""
        chain, numbers = [self.root_name], [1.0]
        for step in path.steps:
            numbers[-1] *= step.local
            if step.input.label:
                chain.append(step.input_name)
                numbers.append(1.0)
        place = self.places.get(path.steps[-1].node)
        who = self.who(place) if place else said("penalty: ")
        yield joined(who, Math(" → ".join(cut(chain, "…", ENDS)))).deeper()
        factors = f"{' × '.join(cut([*map(factor, numbers[:-1])], '…', ENDS))} = " if len(chain) > 2 else ""
        yield Sentence((Math(f"= {factors}{decimals(path.product)}"),), 2)

    def graph_lines(self, found: Paths, read: Sequence[Term], most: int) -> Iterator[Sentence]:
        """The largest paths, then a line for each net: what its paths share is a factor."""
        leaf, d = self.parameter.value.label, partial(derivative, self.root_name)
        shown = found.largest[: found.count if found.count <= most else 2]
        ends = {"root": self.root_name, "leaf": leaf}
        if found.count == 1:
            yield said("1 path leads from {root} to {leaf}:", **ends)
        elif len(shown) == found.count:
            yield said("{count:,} paths lead from {root} to {leaf}:", count=found.count, **ends)
        else:
            yield said("{count:,} paths lead from {root} to {leaf}, the largest:", count=found.count, **ends)
        for path in shown:
            yield from self.path_lines(path)
        net, out = self.example
        above = [(self.name(step.node), self.name(out)) for step in self.above(out)]
        ways = [f"{d(node)} · {derivative(node, x)}" for node, x in above]
        summed = f"({' + '.join(ways[:2] + ['…'] * (len(ways) > 2))})"
        chain = [d(self.name(out)) if self.parameter.layer == self.depth else summed]
        chain += [derivative(self.name(out), self.name(net))] * (out is not net) + [derivative(self.name(net), leaf)]
        product = found.count - len(self.penalties) <= len(read)
        yield self._shared(product, len(read) + len(self.penalties) > 1, d(leaf), self.name(net), " · ".join(chain))
        for term in read[:most]:
            numbers = term.text(most if len(read) == 1 else max(most // 2, 1))
            product_of = Math(f"{numbers} × {factor(term.before)} = {decimals(term.share)}")
            yield joined(self.who((term.sample, term.neuron)), product_of).deeper()
        if rest := [term.share for term in read[most:]]:
            yield said("… {count} more: {sum}", count=len(rest), sum=decimals(sum(rest))).deeper()
        yield from (said("penalty, (λ/2m) · 2w: {what}", what=product_text(s)).deeper() for s in self.penalties)
        if len(read) + len(self.penalties) > 1:
            yield said("together: {what}", what=f"{d(leaf)} = {decimals(found.gradient)}").deeper()

    def _shared(self, product: bool, several: bool, of: str, net: str, chain: str) -> Sentence:
        """What stands before the product of one net, or of each."""
        if not several:
            begun = said("As a product: {of} =", of=of)
            return joined(
                begun if product else said("With the common factors taken out: {of} =", of=of), " ", Math(chain)
            )
        each = (len(self.parameter.neurons) > 1, self.m > 1)
        whose = {
            (False, False): said("The contribution of the net to {of}", of=of),
            (True, False): said("For each neuron, the contribution of its net to {of}", of=of),
            (False, True): said("For each sample, the contribution of its net to {of}", of=of),
            (True, True): said("For each neuron and sample, the contribution of its net to {of}", of=of),
        }[each]
        if product:
            return said("{whose}, for {net}: {chain}", whose=whose, net=net, chain=chain)
        return said(
            "{whose} (with the common factors taken out), for {net}: {chain}", whose=whose, net=net, chain=chain
        )

    def index_lines(self, terms: Sequence[Term], index: float, most: int) -> Iterator[Sentence]:
        """The sums over indices, then with the indices and numbers of this parameter."""
        p, L, d, first = self.parameter, self.depth, partial(derivative, self.root_name), terms[0]
        l, k = p.layer, p.input
        times = "" if k is None else f" · a[{l - 1}][i,k]"
        yield self._called(first)
        penalty = f" + (λ/m) · {'Σ_j ' if len(p.neurons) > 1 else ''}{p.indexed}" if self.l2 else ""
        over = "Σ_i Σ_j" if len(p.neurons) > 1 else "Σ_i"
        yield Sentence((Math(f"{d(p.indexed)} = {over} δ[{l}][i,j]{times}{penalty}"),))
        if l < L:
            hidden = Math(f"δ[{l}][i,j] = (Σ_q δ[{l + 1}][i,q] · w[{l + 1}][q,j]) · f′(z[{l}][i,j])")
            alike = said("; and so on to {last}", last=f"δ[{L - 1}]") if l < L - 1 else ""
            yield joined(hidden, ", ", self.prime_of(l), alike)
        yield self.output_line()
        yield said("for {ranges}", ranges=joined(*separated(self._ranges())))
        numbers = first.text(most) if l < L else self.filled(first)
        indices = f"j = {first.neuron}{f', k = {k}' * (k is not None)}"
        delta = f"δ[{l}][{first.sample},{first.neuron}] = {numbers} = {decimals(first.delta)}"
        yield said("With {indices}: {delta}", indices=indices, delta=delta)
        texts = [factor(t.delta) + (f" × {factor(t.before)}" if k is not None else "") for t in terms]
        total = sum_text(texts, [t.share for t in terms], most)
        times = f" × {len(p.neurons)}" if len(p.neurons) > 1 else ""
        total += f" + {decimals(self.l2)}/{self.m} × {factor(p.value.data)}{times}" if self.l2 else ""
        yield Sentence((Math(f"{d(p.general)} = {total} = {decimals(index)}"),))

    def _called(self, first: Term) -> Sentence:
        """What the letters with indices are in the graph."""
        l, L = self.parameter.layer, self.depth
        net, out = map(self.name, self.example)
        if l == L and self.functions[-1] == "softmax":
            out = self.model.layers[-1].neurons[first.neuron].out_label
        at = f"[{l}][i,{first.neuron}]"
        x = self.model.input_labels[0]
        if self.m > 1:  # the marks of samples count from 1
            return said(
                "Here i is a sample's row, 0 for @1: {a} is {out}, {z} is {net}; a[0] = X: a[0][i,0] is {x}",
                **{"a": f"a[{l}][0,{first.neuron}]", "out": f"{out}@1"},
                **{"z": f"z[{l}][0,{first.neuron}]", "net": f"{net}@1", "x": x},
            )
        return said(
            "Here i is the sample: {a} is {out} of sample i, {z} is {net}; a[0] = X: a[0][i,0] is {x}",
            **{"a": f"a{at}", "out": out, "z": f"z{at}", "net": net, "x": x},
        )

    def _ranges(self) -> list[Sentence]:
        """From where to where the indices go, and what they count."""
        l, L, k = self.parameter.layer, self.depth, self.parameter.input
        ranges = [said("{range} (m = 1 sample)", range="i = 0")]
        if self.m > 1:
            ranges = [said("{range} (m = {count} samples)", range=_range("i", self.m), count=self.m)]
        ranges.append(said("{range} (neurons)", range=_range("j", self.sizes[l])))
        if k is not None:
            ranges.append(said("{range} (inputs)", range=_range("k", self.sizes[l - 1])))
        if l < L:
            ranges.append(
                said("{range} (neurons of layer {number})", range=_range("q", self.sizes[l + 1]), number=l + 1)
            )
        return ranges

    def prime_of(self, l: int) -> Sentence:
        """f′ of layer l, and which function f is."""
        prime = Math(f"f′ = {self.prime(l).text(x='z', out='a')}")
        return joined(prime, f" ({self.functions[l - 1]})")

    def output_line(self) -> Sentence:
        """What the delta of the output layer is for this loss and this activation."""
        L, d = self.depth, partial(derivative, self.root_name)
        row, by_output = LOSSES[self.loss], Math(f"{d('a')} = {Formula(LOSSES[self.loss].derivative).text()}")
        parts: list[str | Sentence]
        if self.functions[-1] == "softmax":
            up = f"a[{L}][i,{{}}]"
            delta = Math(f"δ[{L}][i,j] = {up.format('j')} · ({d(up.format('j'))} − t)")
            parts = [
                delta,
                ", ",
                Math(f"t = Σ_q {d(up.format('q'))} · {up.format('q')}"),
                ", ",
                by_output,
                " (softmax)",
            ]
        else:
            why = joined(by_output, ", ", self.prime_of(L))
            together = self.functions[-1] in row.delta
            parts = [Math(f"δ[{L}][i,j] = {d(f'a[{L}][i,j]')} · f′(z[{L}][i,j])")]
            parts += [said(" = {delta}, as {why}", delta=self.output().text(), why=why)] if together else [", ", why]
        if "softmax_cross_entropy" in self.loss:
            parts.append(said(", p = softmax of the whole row a[i]"))
            parts += [said(", times the sum of the row y[i]")] * self.weighted
        if "n" in self.output().names:
            n = self.sizes[-1]
            parts.append(said(", n = 1 output") if n == 1 else said(", n = {count} outputs", count=n))
        parts += [said("; but a logarithm that is clipped at 1e−12 has the derivative 0")] * self.clipped
        return joined(*parts)

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


def _range(index: str, count: int) -> str:
    return f"{index} = 0{f' … {count - 1}' * (count > 1)}"


def separated(parts: Sequence[str | Sentence]) -> Iterator[str | Sentence]:
    """The parts with a comma between each two."""
    for k, part in enumerate(parts):
        yield from (said(", "), part) if k else (part,)
