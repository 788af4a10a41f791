"""The arrays and the numbers that stand for a network's quantities in the formulas of the table.

>>> from microbp import load
>>> from microbp.derivation.general.notations import OWN
>>> one = Quantities(load("w1-w8"), OWN)
>>> one.shape("W", 1), one.texts(2)["ways"], one.texts(1)["ways"]
('(2, 2)', '', '0.138498562 × 0.4 + (−0.038098237) × 0.5')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.derivation.backprop import Scope, backward, pass_of
from microbp.derivation.formulas import DERIVED, symbol
from microbp.derivation.general.notations import OF_WEIGHTS, Notation
from microbp.derivation.vectorized_lines import cut
from microbp.engine.ops import OPS
from microbp.formula.language import Formula
from microbp.losses import LOSSES
from microbp.printing import decimals, factor, say
from microbp.problems import Problem, as_network
from microbp.problems.exercise import exercise_of

MOST = 5
"""The most terms of a sum that are written."""
ENDS = 6
"""Of a longer gradient so many numbers are written at each end."""

_FIRST: Mapping[int, tuple[int, int]] = {}


class Quantities:
    """Those of one network, on the samples that it shows, in one notation."""

    def __init__(self, problem: Problem, notation: Notation, entries: Mapping[int, tuple[int, int]] = _FIRST) -> None:
        self.network, self.notation = as_network(problem), notation
        self.entries = entries
        """The neuron j and the input k of which a layer's numbers are told: the first, where nothing else is said."""
        self.case = case = exercise_of(self.network, *self.network.shown_samples)
        self.m, self.depth, self.root = len(case.X), case.depth, self.network.root()
        done = dict(backward(case, pass_of(case)))
        ones = np.ones((self.m, 1))  # there is no layer 0 but of activations

        def layers(make: Callable[[Scope], Any]) -> list[NDArray[Any]]:
            return [ones, *(make(done[l]) for l in range(1, self.depth + 1))]

        plain = {name: layers(itemgetter(name)) for name in ("z", "slope", "W", "b", "dW", "db")}
        self.arrays: dict[str, list[NDArray[Any]]] = {
            **plain,
            "a": [case.X, *layers(itemgetter("a"))[1:]],
            "up": layers(lambda of: of["up"] * self.times),
            "d": layers(lambda of: of["d"] * self.times),
            "dz": layers(lambda of: of["d"] * self.times),
            "A": [_with_ones(case.X), *layers(lambda of: _with_ones(of["a"]))[1:]],
            "T": layers(lambda of: np.column_stack([of["b"], of["W"]])),
            "D": layers(lambda of: np.column_stack([of["db"], of["dW"]])),
            "Delta": layers(lambda of: of["d"].T @ _with_ones(of["a0"]) * self.times),
            "diagonal": layers(lambda of: np.diag(of["slope"][0])),
            "over samples": layers(lambda of: np.diag(of["slope"][:, 0])),
        }

    def at(self, l: int) -> tuple[int, int]:
        """Neuron and input whose numbers are told of a layer."""
        return self.entries.get(l, (0, 0))

    @cached_property
    def times(self) -> int:
        """What δ is multiplied by so that it is that of a sample's own loss: m, where the loss is a mean over them."""
        over = LOSSES[self.network.loss].over
        alone = over == "samples" or (over == "elements" and self.case.Y.shape[1] == 1)
        return self.m if self.notation.mean_apart and alone else 1

    @cached_property
    def facts(self) -> set[str]:
        """What is so, of all that a row may ask for."""
        row = LOSSES[self.network.loss]
        theta = self.notation.theta
        asked = {
            "half": row.half and row.of == "squared_error",
            "neuron": self.m > 1 and self.depth == 1 and self.case.Y.shape[1] == 1,
            "together": self.case.activations[-1] in row.delta,
            "softmax": self.case.activations[-1] == "softmax",
            "diagonal": self.case.activations[-1] != "softmax",
            "theta": theta,
            "spared": theta and not self.network.penalize_biases,
            "shared": self.network.shared_bias,
            "penalised-biases": bool(self.case.l2) and self.network.penalize_biases and not theta,
            "apart": not theta,
            "penalty": bool(self.case.l2) and not theta,
        }
        return {*(fact for fact, true in asked.items() if true)}

    @cached_property
    def gradient(self) -> dict[str, float]:
        """The gradient of each parameter by its label, layer by layer and neuron by neuron."""
        found: dict[str, float] = {}
        for l, layer in enumerate(self.network.model.layers, 1):
            for j, neuron in enumerate(layer.neurons):
                found |= {w.label: float(g) for w, g in zip(neuron.w, self.arrays["dW"][l][j], strict=True)}
                b = neuron.b.label  # a layer may share it
                found[b] = found.get(b, 0.0) + float(self.arrays["db"][l][j])
        return found

    def shape(self, symbol: str, l: int, transposed: bool = False) -> str:
        """The shape of a quantity as it stands in the notation."""
        sizes = self.oriented(symbol, l).shape
        return f"({', '.join(map(str, sizes[::-1] if transposed else sizes))}{',' if len(sizes) == 1 else ''})"

    def oriented(self, symbol: str, l: int) -> NDArray[Any]:
        """An array as it stands in the notation: samples in columns, weights from i to j."""
        array = self.arrays[symbol][l]
        if symbol in OF_WEIGHTS:
            if array.ndim == 1 and self.notation.columns:
                return array[:, None]
            return array.T if self.notation.w_ij else array
        return array.T if self.notation.columns else array

    @property
    def loss_row(self) -> Any:
        """The row of the loss: of one sample's own, where δ is that."""
        row = LOSSES[self.network.loss]
        return row if self.times == 1 else row._replace(over="sum")

    def named(self, text: str) -> str:
        """A formula in a and y with the names of the notation."""
        own = {name: self.notation.called(name) for name in ("a", "y")}
        return re.sub(r"\b[ay]\b", lambda found: own[found[0]], text)

    def formulas(self, l: int) -> dict[str, str]:
        """What the formulas of a layer say of its activation and of the loss."""
        f, row, n = self.case.activations[l - 1], LOSSES[self.network.loss], self.notation
        derivative = self.named(Formula(self.loss_row.derivative).text())
        penalty = " + (λ/2m) Σ w²" if self.case.l2 else ""
        E = self.notation.called("E")
        return {
            "f": symbol(f),
            "prime": self._prime(f),
            **{"y": n.called("y"), "out": n.called("a"), "net": n.called("z"), "weights": n.called("W")},
            "E": E,
            "loss": self.named(row.words) + penalty,
            "slip": self.named(row.words).replace(self.named("a"), self.notation.called("z"), 1),
            "derivative": derivative + (f", p = softmax({n.called('a')})" if re.search(r"\bp\b", derivative) else ""),
            "delta": self.named(Formula(self.loss_row.delta[f]).text()) if f in row.delta else "",
            "eta": self.notation.called("eta"),
            "mean": "1/m " if self.times > 1 else "",
            "from_Delta": self._from_Delta(),
            "parameters": ", ".join(cut([f"∂{E}/∂{label}" for label in self.gradient], "…", ENDS)),
        }

    @property
    def primes(self) -> str:
        """The derivatives of all activations, each once."""
        return "; ".join(map(self._prime, dict.fromkeys(self.case.activations)))

    def _from_Delta(self) -> str:
        """D but for the biases, of Δ."""
        if self.times == 1:
            return "{Delta:l|jk}" + (" + (λ/m) {T:l|jk}" if self.case.l2 else "")
        return "1/m ({Delta:l|jk} + λ {T:l|jk})" if self.case.l2 else "1/m {Delta:l|jk}"

    def _prime(self, f: str) -> str:
        """The derivative of an activation, as it is derived."""
        z, a = self.notation.called("z"), self.notation.called("a")
        if f == "softmax":
            jacobian = f"∂{a}_j/∂{z}_q = {a}_j·([j = q] − {a}_q)"
            diagonal = f"{a}·(1 − {a})"
            return say("softmax: {jacobian}; its diagonal is {diagonal}", jacobian=jacobian, diagonal=diagonal)
        formula = "1" if f == "linear" else OPS[f].print_formula("x").text(x=z, out=a)
        return f"{symbol(f)}′ = {f'{DERIVED[f]} = ' if f in DERIVED else ''}{formula}"

    def texts(self, l: int) -> dict[str, str]:
        """The numbers of the first sample, of neuron j and input k of a layer, and the sums that they stand in."""
        j, k = self.at(l)
        first = {name: float(self.arrays[name][l][0, j]) for name in ("z", "a", "slope", "up", "d")}
        first |= {name: float(self.arrays[name][l][j, k]) for name in ("W", "dW")}
        first |= {name: float(self.arrays[name][l][j]) for name in ("b", "db")}
        rate = self.network.training.learning_rate
        softmax = say(", of the row") * (self.case.activations[l - 1] == "softmax")
        row_sum = float((self.arrays["up"][l][0] * self.arrays["a"][l][0]).sum()) if l == self.depth else 0.0
        slip = 0.5 * float(((self.arrays["z"][-1] - self.case.Y) ** 2).sum())
        return {
            **{name: factor(number) for name, number in first.items()},
            **self._sample_sums(l, first["W"]),
            **self._ways(l),
            **{"w": factor(first["W"]), "rate": decimals(rate), "m": str(self.m), "l2": decimals(self.case.l2)},
            "new": decimals(first["W"] - rate * first["dW"]),
            "penalty": factor(self.case.l2 / self.m * first["W"]),
            "bias_penalty": factor(self.case.l2 / self.m * first["b"]),
            **{"minus_d": decimals(-first["d"]), "minus_up": factor(-first["up"]), "row_sum": factor(row_sum)},
            "f_of_z": f"{symbol(self.case.activations[l - 1])}({decimals(first['z'])}{softmax})",
            "neurons": _sum((number,) for number in self.arrays["db"][l]),
            "neurons_sum": decimals(float(self.arrays["db"][l].sum())),
            "products": _sum(zip(self.arrays["W"][l][j], self.arrays["a"][l - 1][0], strict=True)),
            **{"loss_number": decimals(self.root.data), "slip_number": decimals(slip)},
            "gradients": ", ".join(cut([*map(decimals, self.gradient.values())], "…", ENDS)),
        }

    def _sample_sums(self, l: int, w: float) -> dict[str, str]:
        """The sums over the samples of one weight and one bias of a layer, and what is made of them."""
        j, k = self.at(l)
        x, d = self.arrays["a"][l - 1][:, k], self.arrays["d"][l][:, j]
        shares, sums = d * x, [0.0, *np.cumsum(d * x).tolist()]
        steps = [
            f"{decimals(before)} + {factor(float(share))} = {decimals(after)}"
            for before, share, after in zip(sums, shares, sums[1:], strict=False)
        ]
        Delta, l2 = factor(float(shares.sum())), decimals(self.case.l2)
        if self.times > 1:
            mean, all_of = f"1/{self.m} × ({{}})", f"({Delta} + {l2} × {factor(w)})" if self.case.l2 else Delta
            from_Delta = f"1/{self.m} × {all_of}"
        else:
            mean, from_Delta = "{}", Delta + (f" + {l2}/{self.m} × {factor(w)}" if self.case.l2 else "")
        return {
            **{"x": factor(float(x[0])), "one": decimals(float(shares[0])), "from_Delta_number": from_Delta},
            "shares": mean.format(_sum(zip(d, x, strict=True))),
            "share": factor(float(shares.sum()) / self.times),
            "ds": mean.format(_sum((number,) for number in d)),
            "ds_sum": factor(float(d.sum()) / self.times),
            "loop": "; ".join(steps[:MOST]) + ("; …" if len(steps) > MOST else ""),
        }

    def _ways(self, l: int) -> dict[str, str]:
        """The sums over the neurons that an activation of a layer leads to."""
        if l == self.depth:
            return {"ways": "", "long_ways": "", "way_numbers": ""}
        up, slope, back = (self.arrays[name][l + 1][0] for name in ("up", "slope", "d"))
        W = self.case.weights[l][:, self.at(l)[0]]
        return {
            "ways": _sum(zip(back, W, strict=True)),
            "long_ways": _sum(zip(up, slope, W, strict=True)),
            "way_numbers": _sum((number,) for number in back * W),
        }


def _with_ones(a: NDArray[Any]) -> NDArray[Any]:
    return np.hstack([np.ones((len(a), 1)), a])


def _sum(terms: Iterable[Iterable[float]]) -> str:
    texts = [" × ".join(factor(float(number)) for number in term) for term in terms]
    return " + ".join(texts[:MOST]) + (" + …" if len(texts) > MOST else "")
