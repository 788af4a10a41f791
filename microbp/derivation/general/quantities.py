"""The arrays and the numbers that stand for a network's quantities in the formulas of the table.

>>> from microbp import load
>>> from microbp.derivation.general.notations import OWN
>>> one = Quantities(load("w1-w8"), OWN)
>>> one.shape("W", 1), one.texts(2)["ways"], one.texts(1)["ways"]
('(2, 2)', '', '0.138498562 × 0.4 + (−0.038098237) × 0.5')
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp import vectorized
from microbp.derivation.formulas import symbol
from microbp.derivation.general.notations import OF_WEIGHTS, Notation
from microbp.derivation.textbook import cut
from microbp.engine.ops import OPS
from microbp.formula.language import Formula
from microbp.losses import LOSSES
from microbp.printing import decimals, factor
from microbp.problems import Problem, as_network

MOST = 5
"""The most terms of a sum that are written."""
ENDS = 6
"""Of a longer gradient so many numbers are written at each end."""


class Quantities:
    """Those of one network, on the samples that it shows, in one notation."""

    def __init__(self, problem: Problem, notation: Notation) -> None:
        self.network = network = as_network(problem)
        self.notation = notation
        self.X, self.Y = network.shown_samples
        self.m, self.root = len(self.X), network.root()
        self.W, self.biases = network.model.arrays()
        self.functions = [layer.neurons[0].activation for layer in network.model.layers]
        self.depth = len(self.W)
        self.l2 = network.penalty_of(self.m)
        net, settings = (self.W, self.biases, self.X), network.model.activations()
        zs, acts = vectorized.forward(*net, **settings)
        ds = vectorized.deltas(*net, self.Y, **settings, loss=network.loss)
        conventions: dict[str, Any] = {"loss": network.loss, "l2": self.l2} | settings
        conventions["penalize_biases"] = network.penalize_biases
        _, dW, db = vectorized.loss_and_gradients(*net, self.Y, **conventions)
        ups = [d @ W * self.times for d, W in zip(ds[1:], self.W[1:], strict=True)]
        ups.append(vectorized.LOSSES[network.loss][1](acts[-1], self.Y) * self.times)
        slopes = [vectorized.OUTPUTS[f][1](z, a) for f, z, a in zip(self.functions, zs, acts[1:], strict=True)]
        ones = np.ones((self.m, 1))
        scaled = [d * self.times for d in ds]
        with_ones = [np.hstack([ones, a]) for a in acts]
        self.arrays: dict[str, list[NDArray[Any]]] = {
            **{"a": acts, "A": with_ones, "z": [ones, *zs], "d": [ones, *scaled], "dz": [ones, *scaled]},
            **{"up": [ones, *ups], "slope": [ones, *slopes], "W": [ones, *self.W], "b": [ones, *self.biases]},
            **{"dW": [ones, *dW], "db": [ones, *db]},
            "T": [ones, *(np.column_stack(pair) for pair in zip(self.biases, self.W, strict=True))],
            "D": [ones, *(np.column_stack(pair) for pair in zip(db, dW, strict=True))],
            "Delta": [ones, *(d.T @ a for d, a in zip(scaled, with_ones[:-1], strict=True))],
            "diagonal": [ones, *(np.diag(slope[0]) for slope in slopes)],
            "over samples": [ones, *(np.diag(slope[:, 0]) for slope in slopes)],
        }  # no layer 0 but of activations

    @cached_property
    def times(self) -> int:
        """What δ is multiplied by so that it is that of a sample's own loss: m, where the loss is a mean over them."""
        over = LOSSES[self.network.loss].over
        alone = over == "samples" or (over == "elements" and self.Y.shape[1] == 1)
        return self.m if self.notation.mean_apart and alone else 1

    @cached_property
    def facts(self) -> set[str]:
        """What is so, of all that a row may ask for."""
        row = LOSSES[self.network.loss]
        theta = self.notation.theta
        asked = {
            "half": row.half and row.of == "squared_error",
            "neuron": self.m > 1 and self.depth == 1 and self.Y.shape[1] == 1,
            "together": self.functions[-1] in row.delta,
            "softmax": self.functions[-1] == "softmax",
            "diagonal": self.functions[-1] != "softmax",
            "theta": theta,
            "spared": theta and not self.network.penalize_biases,
            "penalised-biases": bool(self.l2) and self.network.penalize_biases and not theta,
            "apart": not theta,
            "penalty": bool(self.l2) and not theta,
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
        f, row, n = self.functions[l - 1], LOSSES[self.network.loss], self.notation
        derivative = self.named(Formula(self.loss_row.derivative).text())
        penalty = " + (λ/2m) Σ w²" if self.l2 else ""
        E = self.notation.called("E")
        return {
            "f": symbol(f),
            "primes": "; ".join(map(self._prime, dict.fromkeys(self.functions))),
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

    def _from_Delta(self) -> str:
        """D but for the biases, of Δ."""
        if self.times == 1:
            return "{Delta:l|jk}" + (" + (λ/m) {T:l|jk}" if self.l2 else "")
        return "1/m ({Delta:l|jk} + λ {T:l|jk})" if self.l2 else "1/m {Delta:l|jk}"

    def _prime(self, f: str) -> str:
        """The derivative of an activation, as it is derived."""
        z, a = self.notation.called("z"), self.notation.called("a")
        if f == "softmax":
            return f"softmax: ∂{a}_j/∂{z}_q = {a}_j·([j = q] − {a}_q), the diagonal of which is {a}·(1 − {a})"
        formula = "1" if f == "linear" else OPS[f].print_formula("x").text(x=z, out=a)
        return f"{symbol(f)}′ = {f'{DERIVED[f]} = ' if f in DERIVED else ''}{formula}"

    def texts(self, l: int) -> dict[str, str]:
        """The numbers of sample i, neuron j and input k of a layer, each the first, and the sums that they stand in."""
        first: dict[str, float] = {name: float(arrays[l].flat[0]) for name, arrays in self.arrays.items()}
        get = {name: arrays[l] for name, arrays in self.arrays.items()}
        x, d = self.arrays["a"][l - 1], get["d"]
        rate = self.network.training.learning_rate
        shares = d[:, 0] * x[:, 0]
        found = {name: factor(number) for name, number in first.items()}
        found |= {"w": factor(first["W"]), "x": factor(float(x[0, 0])), "one": decimals(float(shares[0]))}
        found |= {"products": _sum(zip(get["W"][0], x[0], strict=True)), "m": str(self.m), "l2": decimals(self.l2)}
        found |= {"shares": _sum(zip(d[:, 0], x[:, 0], strict=True)), "ds": _sum((n,) for n in d[:, 0])}
        found |= {"share": factor(float(shares.sum()) / self.times), "rate": decimals(rate)}
        Delta, w = factor(float(shares.sum())), found["w"]
        if self.times > 1:
            found |= {name: f"1/{self.m} × ({found[name]})" for name in ("shares", "ds")}
            all_of = f"({Delta} + {decimals(self.l2)} × {w})" if self.l2 else Delta
            found["from_Delta_number"] = f"1/{self.m} × {all_of}"
        else:
            found["from_Delta_number"] = Delta + (f" + {decimals(self.l2)}/{self.m} × {w}" if self.l2 else "")
        softmax = self.functions[l - 1] == "softmax"
        row_sum = float((self.arrays["up"][l][0] * get["a"][0]).sum()) if l == self.depth else 0.0
        found |= {"penalty": factor(self.l2 / self.m * first["W"]), "new": decimals(first["W"] - rate * first["dW"])}
        found |= {
            "minus_d": decimals(-first["d"]),
            "minus_up": factor(-first["up"]),
            "loss_number": decimals(self.root.data),
            "row_sum": factor(row_sum),
            "f_of_z": f"{symbol(self.functions[l - 1])}({decimals(first['z'])}{', of the row' * softmax})",
        }
        found["ds_sum"] = factor(float(d[:, 0].sum()) / self.times)
        found["bias_penalty"] = factor(self.l2 / self.m * first["b"])
        sums = [0.0, *np.cumsum(shares).tolist()]
        steps = [
            f"{decimals(a)} + {factor(float(s))} = {decimals(b)}"
            for a, s, b in zip(sums, shares, sums[1:], strict=False)
        ]
        found["loop"] = "; ".join(steps[:MOST]) + ("; …" if len(steps) > MOST else "")
        slip = 0.5 * float(((self.arrays["z"][-1] - self.Y) ** 2).sum())
        found |= {"slip_number": decimals(slip), "ways": "", "long_ways": "", "way_numbers": ""}
        found["gradients"] = ", ".join(cut([*map(decimals, self.gradient.values())], "…", ENDS))
        if l < self.depth:
            up, slope = self.arrays["up"][l + 1][0], self.arrays["slope"][l + 1][0]
            back, W = self.arrays["d"][l + 1][0], self.W[l][:, 0]
            found |= {"ways": _sum(zip(back, W, strict=True)), "long_ways": _sum(zip(up, slope, W, strict=True))}
            found["way_numbers"] = _sum((a * b,) for a, b in zip(back, W, strict=True))
        return found


DERIVED = {
    "sigmoid": "(1/(1 + e⁻ᶻ))′ = e⁻ᶻ/(1 + e⁻ᶻ)² = 1/(1 + e⁻ᶻ) · (1 − 1/(1 + e⁻ᶻ))",
    "tanh": "(sinh z / cosh z)′ = (cosh² z − sinh² z)/cosh² z",
    "softplus": "log(1 + eᶻ)′ = eᶻ/(1 + eᶻ)",
}
"""How the derivative of an activation is found, where that is more than a rule."""


def _sum(terms: Iterable[Iterable[float]]) -> str:
    texts = [" × ".join(factor(float(number)) for number in term) for term in terms]
    return " + ".join(texts[:MOST]) + (" + …" if len(texts) > MOST else "")
