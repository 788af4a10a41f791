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
from microbp.losses import LOSSES
from microbp.printing import decimals, derivative, factor, say, word
from microbp.stepping.names import base_name
from microbp.stepping.paths import Path, Paths
from microbp.stepping.step import product_text as product_text


class Textbook(VectorizedLines):
    """The routes in words and formulas."""

    def about(self) -> str:
        """Which parameter it is."""
        p, layer = self.parameter, self.model.layers[self.parameter.layer - 1]
        name, label = word(layer.neurons[p.neurons[0]].name), p.value.label
        if p.input is not None:
            source = self.name(self.nets[p.neurons[0]][0].inputs[2 * p.input + 1])
            whose = say("the weight from {source} to {neuron}", source=source, neuron=name)
        elif len(p.neurons) == 1:
            whose = say("the bias of {neuron}", neuron=name)
        else:
            whose = say("the one bias of {count} neurons", count=len(p.neurons))
        called = label if label == p.general else say("{name} is {other}", name=label, other=p.general)
        return say("{name}: {what} ({layer})", name=called, what=whose, layer=word(layer.name))

    def who(self, place: tuple[int, int]) -> str:
        """Which net is meant, where there are several."""
        i, j = place
        words = [say("sample {number}", number=i + 1)] * (self.m > 1)
        words += [self.name(self.nets[j][i])] * (len(self.parameter.neurons) > 1)
        return say("{what}: ", what=", ".join(words)) if words else ""

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
        yield f"  {self.who(place) if place else say('penalty: ')}{' → '.join(cut(chain, '…', ENDS))}"
        factors = f"{' × '.join(cut([*map(factor, numbers[:-1])], '…', ENDS))} = " if len(chain) > 2 else ""
        yield f"    = {factors}{decimals(path.product)}"

    def graph_text(self, found: Paths, read: Sequence[Term], most: int) -> Iterator[str]:
        """The largest paths, then a line for each net: what its paths share is a factor."""
        leaf, d = self.parameter.value.label, partial(derivative, self.root_name)
        shown = found.largest[: found.count if found.count <= most else 2]
        ends = {"root": self.root_name, "leaf": leaf}
        if found.count == 1:
            yield say("1 path leads from {root} to {leaf}:", **ends)
        elif len(shown) == found.count:
            yield say("{count:,} paths lead from {root} to {leaf}:", count=found.count, **ends)
        else:
            yield say("{count:,} paths lead from {root} to {leaf}, the largest:", count=found.count, **ends)
        for path in shown:
            yield from self.path_text(path)
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
            yield f"  {self.who((term.sample, term.neuron))}{numbers} × {factor(term.before)} = {decimals(term.share)}"
        if rest := [term.share for term in read[most:]]:
            yield "  " + say("… {count} more: {sum}", count=len(rest), sum=decimals(sum(rest)))
        yield from ("  " + say("penalty, (λ/2m) · 2w: {what}", what=product_text(s)) for s in self.penalties)
        if len(read) + len(self.penalties) > 1:
            yield "  " + say("together: {what}", what=f"{d(leaf)} = {decimals(found.gradient)}")

    def _shared(self, product: bool, several: bool, of: str, net: str, chain: str) -> str:
        """What stands before the product of one net, or of each."""
        if not several:
            said = say("As a product: {of} =", of=of) if product else say("What paths share is a factor: {of} =", of=of)
            return f"{said} {chain}"
        each = (len(self.parameter.neurons) > 1, self.m > 1)
        whose = {
            (False, False): say("The share of the net in {of}", of=of),
            (True, False): say("For each neuron, the share of its net in {of}", of=of),
            (False, True): say("For each sample, the share of its net in {of}", of=of),
            (True, True): say("For each neuron and sample, the share of its net in {of}", of=of),
        }[each]
        if product:
            return say("{whose}, for {net}: {chain}", whose=whose, net=net, chain=chain)
        return say("{whose} (what its paths share is a factor), for {net}: {chain}", whose=whose, net=net, chain=chain)

    def index_text(self, terms: Sequence[Term], index: float, most: int) -> Iterator[str]:
        """The sums over indices, then with the indices and numbers of this parameter."""
        p, L, d, first = self.parameter, self.depth, partial(derivative, self.root_name), terms[0]
        l, k = p.layer, p.input
        times = "" if k is None else f" · a[{l - 1}][i,k]"
        net, out = map(self.name, self.example)
        if l == L and self.functions[-1] == "softmax":
            out = self.model.layers[-1].neurons[first.neuron].out_label
        at = f"[{l}][i,{first.neuron}]"
        x = self.model.input_labels[0]
        if self.m > 1:  # the marks of samples count from 1
            yield say(
                "Here i is a sample's row, 0 for @1: {a} is {out}, {z} is {net}; a[0] = X: a[0][i,0] is {x}",
                **{"a": f"a[{l}][0,{first.neuron}]", "out": f"{out}@1"},
                **{"z": f"z[{l}][0,{first.neuron}]", "net": f"{net}@1", "x": x},
            )
        else:
            yield say(
                "Here i is the sample: {a} is {out} of sample i, {z} is {net}; a[0] = X: a[0][i,0] is {x}",
                **{"a": f"a{at}", "out": out, "z": f"z{at}", "net": net, "x": x},
            )
        penalty = f" + (λ/m) · {'Σ_j ' if len(p.neurons) > 1 else ''}{p.indexed}" if self.l2 else ""
        yield f"{d(p.indexed)} = Σ_i {'Σ_j ' if len(p.neurons) > 1 else ''}δ[{l}][i,j]{times}{penalty}"
        if l < L:
            prime = f"{self.prime(l).text(x='z', out='a')} ({self.functions[l - 1]})"
            alike = say("; so on to {last}", last=f"δ[{L - 1}]") if l < L - 1 else ""
            yield f"δ[{l}][i,j] = (Σ_q δ[{l + 1}][i,q] · w[{l + 1}][q,j]) · f′(z[{l}][i,j]), f′ = {prime}{alike}"
        yield f"δ[{L}][i,j] = {self.output_text()}"
        ranges = [say("{range} (m = 1 sample)", range="i = 0")]
        if self.m > 1:
            ranges = [say("{range} (m = {count} samples)", range=_range("i", self.m), count=self.m)]
        ranges.append(say("{range} (neurons)", range=_range("j", self.sizes[l])))
        if k is not None:
            ranges.append(say("{range} (inputs)", range=_range("k", self.sizes[l - 1])))
        if l < L:
            ranges.append(
                say("{range} (neurons of layer {number})", range=_range("q", self.sizes[l + 1]), number=l + 1)
            )
        yield say("for {ranges}", ranges=say(", ").join(ranges))
        numbers = first.text(most) if l < L else self.filled(first)
        indices = f"j = {first.neuron}{f', k = {k}' * (k is not None)}"
        delta = f"δ[{l}][{first.sample},{first.neuron}] = {numbers} = {decimals(first.delta)}"
        yield say("With {indices}: {delta}", indices=indices, delta=delta)
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
            text = say(" = {delta}, as {why}", delta=self.output().text(), why=text) if f in row.delta else f", {text}"
            text = f"{d(f'a[{L}][i,j]')} · f′(z[{L}][i,j]){text}"
        if "softmax_cross_entropy" in self.loss:
            text += say(", p = softmax of the whole row a[i]")
            text += say(", times the sum of the row y[i]") if self.weighted else ""
        text += say(", n = {count} outputs", count=self.sizes[-1]) if "n" in self.output().names else ""
        return text + (say("; but a logarithm that is clipped at 1e−12 has the derivative 0") if self.clipped else "")

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
