"""The derivative of one operation, as learners get it wrong: left out, twice, another power, at another point, of another
function, with another array in the place of a factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.region import Region
from microbp.diagnosis.any_pass.scope import Scope
from microbp.diagnosis.any_pass.sites import Sites
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.diagnosis.any_pass.ways import Way
from microbp.engine.ops import OPS

SELECTING = ("max", "min", "where", "relu", "leaky_relu", "abs")
"""Operations whose derivative is a choice."""
PRODUCTS = ("mul", "div", "dot")
SLOPES = {
    name: OPS[name].numpy_partials
    for name in (
        "tanh",
        "sigmoid",
        "relu",
        "sin",
        "cos",
        "exp",
        "log",
        "sqrt",
        "abs",
        "softplus",
        "silu",
        "gelu",
        "arctan",
    )
    if name in OPS
}

LONGEST = 5
"""So many steps of a function are taken together, after the first."""

Slip = tuple[str, str, float, Any]
"""A code, a text, a weight (the smaller, the likelier), and the local derivatives of the way."""


class LocalSlips:
    """The slips in the local derivatives of one way."""

    def __init__(self, trace: Recorded, sites: Sites, scope: Scope, region: Region, way: Way) -> None:
        graph = trace.graph
        self._sites, self._scope, self._way, self._data = sites, scope, way, graph.data
        self._target, self._source = region.target[way.edges], region.source[way.edges]
        self._slot, self._local = region.slot[way.edges], region.local[way.edges]
        self._op: Any = graph.nodes[self._target[0]].op
        self._out, self._own = graph.data[self._target], graph.data[self._source]
        self._kind = self._op.family or self._op.name
        self._other = self._cofactors(trace)
        self._chain = trace.graph.chain

    def _cofactors(self, trace: Recorded) -> Any:
        """The place of the other operand of each arrow, if the operation has two."""
        if self._kind == "dot" or (self._op.arity == 2 and self._op.name != "where"):
            graph = trace.graph
            inputs = {int(t): graph.nodes[t].inputs for t in np.unique(self._target)}
            return np.array([graph.place[inputs[int(t)][s ^ 1]] for t, s in zip(self._target, self._slot, strict=True)])
        return None

    def __iter__(self) -> Iterator[Slip]:
        text = str(self._way.site)
        with np.errstate(all="ignore"):
            for code, said, weight, local in self._all(text):
                if np.isfinite(local).all():
                    yield code, said, weight, local

    def _all(self, text: str) -> Iterator[Slip]:
        local, ones = self._local, np.ones(len(self._local))
        yield from self._chained()
        if self._kind in ("add", "sub", "neg", "identity", "total"):
            return
        if self._kind in SELECTING:
            yield "mask", f"the choice in {text} is left out: every side gets the gradient", 0.3, ones
            yield "mask", f"the choice in {text} is turned round: the other side gets the gradient", 0.4, 1 - local
        elif self._kind in PRODUCTS:
            yield "derivative-left-out", f"the factor beside it in {text} is left out", 0.4, ones * _sign(self)
        else:
            yield "derivative-left-out", f"the derivative of {text} is left out", 0.3, ones
        if self._op.name in ("max", "min"):
            yield (
                "mask",
                f"the smallest is taken for the largest, or the other way round, in {text}",
                0.4,
                self._opposite(),
            )
        if self._kind == "dot" and (same := self._places_agree()) is not None:
            yield "derivative-left-out", f"the matrix beside it in {text} is left out", 0.45, same
        yield (
            "derivative-twice",
            f"the derivative of {text} is applied twice",
            0.6,
            local * np.abs(local) if self._kind in PRODUCTS else local * local,
        )
        yield "other-power", f"it is divided by the derivative of {text}, not multiplied", 0.8, 1 / local
        yield from self._powers(text)
        if self._op.arity == 1 or self._op.name in ("pow_const", "const_pow", "max", "min"):
            yield from self._elsewhere(text)
        if self._other is not None:
            yield from self._other_arrays(text)

    def _places_agree(self) -> Any:
        """1 for arrows between the same places of arrays of one shape, else 0; None if the shapes differ."""
        shapes = []
        for places in (self._target, self._source):
            homes = np.unique(self._sites.of[places])
            if len(homes) != 1 or homes[0] < 0 or not self._sites.all[homes[0]].arrays:
                return None
            shapes.append({a.shape for a in self._sites.all[homes[0]].arrays})
        if shapes[0] != shapes[1]:
            return None
        return (self._sites.position[self._target] == self._sites.position[self._source]).astype(float)

    def _opposite(self) -> Any:
        """The derivatives of a tree of maxima, if at each of them the side with the smallest of all were chosen."""
        sign = 1.0 if self._op.name == "max" else -1.0
        best: dict[int, tuple[float, int]] = {}
        for edge in np.lexsort((self._slot, self._target)):
            source, target = int(self._source[edge]), int(self._target[edge])
            number = best[source][0] if source in best else sign * float(self._own[edge])
            if target not in best or number < best[target][0]:
                best[target] = number, int(edge)
        chosen = {edge for _, edge in best.values()}
        return np.array([float(edge in chosen) for edge in range(len(self._target))])

    def _powers(self, text: str) -> Iterator[Slip]:
        if self._op.name in ("dot", "max", "min"):
            return
        parts = {"its operand": self._own, "the result": self._out}
        if self._other is not None:
            parts["the other operand"] = self._data[self._other]
        for name, part in parts.items():
            for power in (1, -1, 2, -2):
                how = f"{'multiplied' if power > 0 else 'divided'} by {name}{' twice' if abs(power) == 2 else ''} too often"
                yield (
                    "other-power",
                    f"the derivative of {text} is {how}",
                    0.8 + 0.1 * abs(power),
                    self._local * part**power,
                )
        if self._other is not None:
            other = self._data[self._other]
            yield (
                "other-power",
                f"the operands in the derivative of {text} are exchanged",
                1.0,
                self._local * other / self._own,
            )
            yield (
                "other-power",
                f"the operands in the derivative of {text} are exchanged",
                1.0,
                self._local * self._own / other,
            )

    def _chained(self) -> Iterator[Slip]:
        """Functions of several steps, such as 1 / (1 + np.exp(-z)): their derivative as a whole."""
        x, place, slope = self._own, self._target, self._local.copy()
        for _ in range(LONGEST):
            edge = self._chain.edge[place]
            if (edge < 0).any():
                return
            place, slope = self._chain.target[edge], slope * self._chain.local[edge]
            sites = np.unique(self._sites.of[place])
            if len(sites) != 1 or sites[0] < 0:
                return
            out, text = self._data[place], f"{self._sites.all[sites[0]]}"
            changes = {"is left out": np.ones(len(x)), "is applied twice": slope * slope}
            changes |= {f"is taken for {said}": f for said, f in _polynomials(out).items()}
            for said, found in changes.items():
                code = (
                    "derivative-left-out"
                    if "left" in said
                    else "derivative-twice"
                    if "twice" in said
                    else "other-derivative"
                )
                yield (
                    code,
                    f"the derivative of {text} {said}{', q being the result' if 'q' in said else ''}",
                    0.45,
                    self._local * found / slope,
                )
            for name, function in SLOPES.items():
                for of, at in (("", (x, out)), (" of the result", (out, out)), (" of the input", (x, x))):
                    found = np.broadcast_to(function(*at)[0], x.shape)
                    yield (
                        "derivative-elsewhere",
                        f"the derivative of {text} is taken for that of {name}{of}",
                        0.7,
                        self._local * found / slope,
                    )

    def _slope(self, x: Any, out: Any) -> Any:
        inputs = (
            [x]
            if self._op.arity == 1
            else [np.where(self._slot == 0, x, self._pair(0)), np.where(self._slot == 1, x, self._pair(1))]
        )
        partials = np.broadcast_arrays(*self._op.numpy_partials(*inputs, out), out)[:-1]
        return (
            np.choose(np.minimum(self._slot, len(partials) - 1), partials)
            if len(partials) > 1
            else np.array(partials[0], dtype=float)
        )

    def _pair(self, slot: int) -> Any:
        return np.where(self._slot == slot, self._own, self._data[self._other])

    def _elsewhere(self, text: str) -> Iterator[Slip]:
        x, out = self._own, self._out
        yield "derivative-elsewhere", f"the derivative of {text} takes the input for the result", 0.5, self._slope(x, x)
        yield (
            "derivative-elsewhere",
            f"the derivative of {text} takes the result for the input",
            0.5,
            self._slope(out, out),
        )
        for said, found in _polynomials(out).items():
            yield "other-derivative", f"the derivative of {text} is taken for {said}, q being the result", 0.65, found
        if self._op.arity == 1:
            (again,) = self._op.numpy(out)
            yield (
                "derivative-elsewhere",
                f"the derivative of {text} is taken at the result",
                0.5,
                self._slope(out, again),
            )
            for name, slope in SLOPES.items():
                if name != self._op.name:
                    for of, at in (("", (x, out)), (" of the result", (out, out)), (" of the input", (x, x))):
                        found = np.broadcast_to(slope(*at)[0], x.shape).astype(float)
                        yield (
                            "other-derivative",
                            f"the derivative of {text} is taken for that of {name}{of}",
                            0.7,
                            found,
                        )
        for name, code, value in self._fitting(self._target):
            yield (
                code or "derivative-elsewhere",
                f"the derivative of {text} is taken at {name}",
                0.7,
                self._slope(value, value),
            )
            with np.errstate(all="ignore"):
                if self._op.arity == 1:
                    yield (
                        code or "derivative-elsewhere",
                        f"the derivative of {text} is taken at {name}",
                        0.7,
                        self._slope(value, self._op.numpy(value)[0]),
                    )

    def _other_arrays(self, text: str) -> Iterator[Slip]:
        if self._kind not in PRODUCTS:
            return
        other = self._data[self._other]
        for name, code, value in self._fitting(self._other):
            said = f"{name} stands in the place of the other factor in {text}"
            weight = 0.6 if not name.startswith("itself") else 0.8
            if self._op.name != "div":
                yield code or "other-quantity", said, weight, value
            else:
                first = self._slot == 0
                yield code or "other-quantity", said, weight, np.where(first, 1 / value, self._local * value / other)
        if self._op.name == "div":
            for name, code, value in self._fitting(self._source):
                yield (
                    code or "other-quantity",
                    f"{name} stands in the place of an operand of {text}",
                    0.8,
                    np.where(self._slot == 0, self._local, self._local * (self._own / value) ** 2),
                )

    def _fitting(self, places: Any) -> Iterator[tuple[str, str, Any]]:
        """Arrays that fit where these nodes come from, element by element for the arrows."""
        turns = self._sites.turn[self._target]
        rows: dict[int, Any] = {}
        for turn in np.unique(turns):
            here = places[turns == turn]
            homes = np.unique(self._sites.of[here])
            at = np.unique(self._sites.turn[here])
            if len(homes) != 1 or len(at) != 1 or homes[0] < 0 or not self._sites.all[homes[0]].arrays:
                return
            rows[int(turn)] = self._data[self._sites.all[homes[0]].arrays[at[0]]]
        if len({row.shape for row in rows.values()}) != 1:
            return
        present = np.array(sorted(rows))
        arrays = np.stack([rows[turn] for turn in present.tolist()])
        row, position = np.searchsorted(present, turns), self._sites.position[places]
        here = arrays.reshape(len(arrays), -1)[row, position]
        for name, code, value in self._scope.like(arrays, present):
            found = value.reshape(len(arrays), -1)[row, position]
            if not np.array_equal(found, here):
                yield name, code, found.astype(float)


def _polynomials(q: Any) -> dict[str, Any]:
    return {
        "q": q,
        "1 − q": 1 - q,
        "1 + q": 1 + q,
        "1 − q²": 1 - q**2,
        "q (1 − q)": q * (1 - q),
        "q (1 + q)": q * (1 + q),
        "q²": q**2,
    }


def _sign(slips: LocalSlips) -> Any:
    return np.where((slips._op.name == "div") & (slips._slot == 1), -1.0, 1.0)
