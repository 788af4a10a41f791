"""The vectorized lines of a derivation, from the output back to one parameter: code that runs, formulas, shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from microbp.derivation.routes import Routes
from microbp.formula.language import Formula
from microbp.formula.typeset.blocks import Sentence, joined, said
from microbp.losses import LOSSES
from microbp.printing import decimals, derivative, say

ENDS = 4
"""How many are written at each end of a long path and of a deep network."""


def cut(items: Sequence[Any], dots: Any, ends: int) -> list[Any]:
    """The items, of many the first and the last with dots between.

    >>> cut("abcdef", "…", 2), cut("abcde", "…", 2)
    (['a', 'b', '…', 'e', 'f'], ['a', 'b', 'c', 'd', 'e'])
    """
    return list(items) if len(items) <= 2 * ends + 1 else [*items[:ends], dots, *items[-ends:]]


class VectorizedLines(Routes):
    """The routes, and the lines that the vectorized one is."""

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """The vectorized lines, from the output back to the parameter: NumPy code, formula, shapes."""
        l, L, d = self.parameter.layer, self.depth, partial(derivative, self.root_name)
        shapes = [f"({self.m}, {n})" for n in self.sizes]
        if LOSSES[self.loss].of == "softmax_cross_entropy":
            times = " * Y.sum(axis=1, keepdims=True)" if self.weighted else ""
            yield (
                f"e = np.exp(a{L} - a{L}.max(axis=1, keepdims=True))",
                say("e = exp({net}), shifted", net=f"a{L}"),
                shapes[L],
            )
            yield (
                f"p = e / e.sum(axis=1, keepdims=True){times}",
                say("p = softmax({net}), by rows", net=f"a{L}"),
                shapes[L],
            )
        names, up = {"a": f"a{L}", "x": f"z{L}", "y": "Y"}, d(f"a{L}")
        if self.functions[-1] == "softmax":
            code = Formula("u * a").substitute(u=Formula(LOSSES[self.loss].derivative)).numpy(**names)
            yield (
                f"t = ({code}).sum(axis=1, keepdims=True)",
                say("t = row sums of {product}", product=f"{up} ⊙ a{L}"),
                f"({self.m}, 1)",
            )
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
            shape = say("{made} from {given}", made=f"({self.sizes[l]},)", given=shapes[l])
            yield f"db{l} = delta{l}.sum(axis=0){code}", f"{d(own)} = Σ_i δ{l}[i]{formula}", shape
        else:
            shape = f"({self.sizes[l]}, {self.sizes[l - 1]}) = ({self.sizes[l]}, {self.m}) @ {shapes[l - 1]}"
            yield f"dW{l} = delta{l}.T @ a{l - 1}{code}", f"{d(own)} = δ{l}ᵀ a{l - 1}{formula}", shape

    def summed(self) -> Iterator[Sentence]:
        """Which axes the lines sum over, and which entry is ours."""
        p, l = self.parameter, self.parameter.layer
        before = f"a{l - 1}{' = X' if l == 1 else ''}"
        both = f"delta{l}" if p.input is None else said("{one} and {other}", one=f"delta{l}", other=before)
        more = []
        if l < self.depth:
            over = {"delta": f"delta{l + 1}", "weights": f"W{l + 1}"}
            more.append(said("; over q, over axis 1 of {delta} and axis 0 of {weights}", **over))
        if len(p.neurons) > 1:
            more.append(said("; over j, over axis 0 of {biases}", biases=f"db{l}"))
        yield said("The sum over i runs over axis 0 of {arrays}: the samples{more}.", arrays=both, more=joined(*more))
        gradient = f"{p.entry} = {decimals(self.gradient)}"
        yield said("The gradient of {name} is {gradient}", name=p.value.label, gradient=gradient)
