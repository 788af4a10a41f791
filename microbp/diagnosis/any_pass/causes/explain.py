"""Why a line is wrong, from the graph alone: what one slip, or two, in the region that it answers for would have made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.closed_forms import closed_forms
from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.factors import Factors
from microbp.diagnosis.any_pass.causes.gradient_slips import gradient_slips
from microbp.diagnosis.any_pass.judge import NOISE, RELATIVE, SINGLE, Judge, Judged, is_single, near
from microbp.diagnosis.any_pass.causes.local_slips import LocalSlips
from microbp.diagnosis.any_pass.causes.region import AT_ONCE, Region
from microbp.diagnosis.any_pass.causes.scope import Scope
from microbp.diagnosis.any_pass.causes.sites import Sites
from microbp.diagnosis.any_pass.causes.ways import Way, cuts, ways
from microbp.diagnosis.any_pass.causes.whole_line import whole_line

MOST_WORK = 300_000_000
"""So many arrows are swept over for one line at most: two or three seconds."""
MOST_DEEP = 30_000_000
"""And so many to see whether a part of a way is left out that is not the line's own."""
MOST_CAUSES = 3


class Explainer:
    """Explains the wrong lines of a judged pass."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.trace = judge, judge.trace
        self.sites = Sites(self.trace)
        self.scope = Scope(self.trace, self.sites)
        self.hints: set[int] = set()
        """The operations whose derivative explained a line: the next line may share the slip."""
        self.factors = Factors({name: q.shape for name, q in self.trace.items()})

    def causes(self, line: Judged) -> tuple[Cause, ...]:
        """The causes of a wrong line, likeliest first; one with the code "unexplained" if none is found."""
        search = _Search(self, line)
        found = sorted(search.run(), key=lambda cause: cause.weight)
        different: dict[str, Cause] = {}
        for cause in found:
            different.setdefault(cause.code, cause)
        best = list(different.values())[:MOST_CAUSES]
        return tuple(best) or (Cause("unexplained", "no single slip that is known gives these numbers", 9.0),)


class _Search:
    def __init__(self, explainer: Explainer, line: Judged) -> None:
        self.e, self.line = explainer, line
        judge = explainer.judge
        self.places = judge.places[line.name]
        self.region = Region(explainer.trace.graph, self.places, judge.fixed)
        self.shape = explainer.trace[line.name].shape
        single = is_single(line.mine)
        self.noise = ((SINGLE if single else NOISE) * judge.sizes(line.name)).ravel()
        self.relative = SINGLE if single else RELATIVE
        self.want = self.region.result(self.region.local)
        self.ways = ways(explainer.trace, explainer.sites, self.region, self.places)
        self.passing = self.region.here()[np.searchsorted(self.region.nodes, self.region.target)]
        own = np.full(len(explainer.trace.graph), -1)
        own[self.places] = np.arange(len(self.places))
        self.place = own[self.region.source]
        """Which element of the line each arrow leads to, -1 if to none."""
        self.left = MOST_WORK // max(1, len(self.region.edges))
        self.tried: list[tuple[Cause, Any]] = []
        """Each slip that was tried, and what it adds to the line."""

    def run(self) -> list[Cause]:
        e, line = self.e, self.line
        want = self.want.reshape(self.shape)
        named = {f"`{name}`": value for name, value in e.scope.named.items()}
        found = list(whole_line(line.mine, want, self.noise.reshape(self.shape), e.factors, named))
        if any(cause.code in ("not-finite", "zero") for cause in found):
            return found
        found += self._contributions()
        if line.fitted is None:
            for code, mine in self._fitted_anyhow():
                if self._same(mine, self.want):
                    continue  # `whole_line` and `_contributions` have named it
                inner = self._slips(mine.ravel())
                found += [Cause("two-slips", f"{code}; and {c.text}", 1.2 + c.weight, c.site) for c in inner]
            return found
        if not found or min(cause.weight for cause in found) > 0.3:
            found += self._slips(line.fitted.ravel())
        return found

    def _same(self, a: Any, b: Any) -> bool:
        return bool(near(np.ravel(a), np.ravel(b), self.noise, self.relative).all())

    def _slips(self, mine: Any) -> list[Cause]:
        """One slip in the region, else one with a factor, else two."""
        self.tried = []
        found = self._ways(mine)
        if not found or min(c.weight for c in found) > 0.35:
            found += self._locals(mine)
        if not found or min(c.weight for c in found) > 0.6:
            found += [*self._closed(mine), *self._gradients(mine)]
        if not found:
            found = [*self._with_factor(mine), *self._two(mine)]
        return found

    def _results(self, changes: list[tuple[Way, Any]]) -> Any:
        """What the line would be if the arrows of a way had these local derivatives, for each change."""
        changes = changes[: max(0, self.left)]
        rows = np.empty((len(changes), len(self.want)))
        swept = []
        for k, (way, local) in enumerate(changes):
            if way.direct:
                more = (local - self.region.local[way.edges]) * self.passing[way.edges]
                rows[k] = self.want + np.bincount(self.place[way.edges], more, len(self.want))
            else:
                swept.append(k)
        self.left -= len(swept)
        step = max(1, AT_ONCE // max(1, len(self.region.edges)))
        for start in range(0, len(swept), step):
            chunk = swept[start : start + step]
            local = np.repeat(self.region.local[None], len(chunk), axis=0)
            for row, k in enumerate(chunk):
                local[row, changes[k][0].edges] = changes[k][1]
            rows[chunk] = self.region.result(local)
        return rows

    def _ways(self, mine: Any) -> list[Cause]:
        """A way that is missing, doubled, negated, or has a factor."""
        found = []
        apart = mine - self.want
        dropped = self._results([(way, np.zeros(len(way.edges))) for way in self.ways])
        for way, without in zip(self.ways, dropped, strict=False):
            part = self.want - without
            if not part.any():
                continue
            cause = Cause("missing-way", f"the way back {way} is missing, as if that were a constant", self._weight(way, 0.3), way.number)
            if self._is_softmax_sum(way):
                cause = replace(cause, code="softmax-diagonal", text=f"softmax's diagonal only: the way back through the sum {way.site} is missing")
            self.tried.append((cause, -part))
            if self._same(without, np.zeros_like(without)):
                continue  # the only way: a factor of the whole line, which `whole_line` names
            self.tried.append((Cause("counted-twice", f"the way back {way} is counted twice", self._weight(way, 0.4), way.number), part))
            self.tried.append((Cause("way-sign", f"the way back {way} has the wrong sign", self._weight(way, 0.35), way.number), -2 * part))
            scale = float(apart @ part) / float(part @ part)
            if abs(scale + 1) < 1e-7:
                continue  # a missing way
            said = self.e.factors.name(scale + 1)
            if said not in (None, "1", "-1", "2") and self._same(self.want + scale * part, mine):
                found.append(Cause("way-factor", f"the way back {way} is {said} times what it should be", self._weight(way, 0.5), way.number))
            elif said is None and np.count_nonzero(np.abs(part) > 1e6 * self.noise) > 3 and self._same(self.want + scale * part, mine):
                found.append(Cause("way-factor", f"the way back {way} is {scale + 1:.6g} times what it should be", self._weight(way, 1.5), way.number))
        repeated = [way for way in self.ways if len(way.site.arrays) > 1]
        changes = [(way, factor) for way in repeated for factor in (2.0, -1.0)]
        for (way, factor), result in zip(changes, self._results([(w, f * self.region.local[w.edges]) for w, f in changes]), strict=False):
            code, said = ("counted-twice", "is counted twice") if factor > 0 else ("way-sign", "has the wrong sign")
            self.tried.append((Cause(code, f"the way back {way} {said}, each time round", self._weight(way, 0.4), way.number), result - self.want))
        pieces = [(way, code, said, keep) for way in self.ways for code, said, keep in cuts(self.e.sites, self.region, way)]
        pieces = [p for p in pieces if p[0].direct] + [p for p in pieces if not p[0].direct and p[0].site.place is not None]
        results = self._results([(way, self.region.local[way.edges] * keep) for way, _, _, keep in pieces])
        for (way, code, said, _), result in zip(pieces, results, strict=False):
            self.tried.append((Cause(code, f"{said}, on the way {way}", self._weight(way, 0.5), way.number), result - self.want))
        return found + self._hits(mine)

    def _weight(self, way: Way, base: float) -> float:
        """Of slips that cannot be told apart the nearest to the line, or with a name, is named."""
        return base - 0.02 * bool(way.through) - 0.01 * way.direct + 0.001 * min(40, self.ways.index(way))

    def _is_softmax_sum(self, way: Way) -> bool:
        nodes = self.e.trace.graph.nodes
        op = nodes[self.region.target[way.edges[0]]].op
        source = nodes[self.region.source[way.edges[0]]].op
        return op is not None and source is not None and op.family == "total" and source.name == "exp"

    def _hits(self, mine: Any, first: int = 0) -> list[Cause]:
        tried = self.tried[first:]
        if not tried:
            return []
        rows = self.want + np.array([added for _, added in tried])
        hit = near(rows, mine, self.noise, self.relative).all(axis=1)
        return [cause for (cause, _), yes in zip(tried, hit, strict=True) if yes]

    def _locals(self, mine: Any) -> list[Cause]:
        """Slips in the derivative of one operation: those that explained another line first, then nearest first."""
        hints = self.e.hints
        for way in sorted(self.ways, key=lambda way: way.number not in hints):
            slips: list[tuple[Cause, tuple[Way, Any]]] = []
            for code, text, weight, local in LocalSlips(self.e.trace, self.e.sites, self.e.scope, self.region, way):
                slips.append((Cause(code, text, self._weight(way, weight), way.number), (way, local)))
                for said, keep in self._calls(way) if weight <= 0.5 else ():
                    partly = np.where(keep, local, self.region.local[way.edges])
                    slips.append((Cause(code, text + said, self._weight(way, weight + 0.2), way.number), (way, partly)))
            first = len(self.tried)
            results = self._results([change for _, change in slips])
            self.tried += [(cause, result - self.want) for (cause, _), result in zip(slips, results, strict=False)]
            found = self._hits(mine, first)
            if found:
                hints.add(way.number)
                return found
        return []

    def _calls(self, way: Way) -> Iterator[tuple[str, Any]]:
        """Of a function that one line calls several times: one call of them."""
        turns = len(way.site.arrays)
        if len(way.site.place) > 1:
            turn = self.e.sites.turn[self.region.target[way.edges]]
            for count in (2, 3, 4):
                for k in range(count) if turns % count == 0 else ():
                    yield f", in call {k + 1} of {count}", turn % count == k

    def _closed(self, mine: Any) -> Iterator[Cause]:
        """What a formula from the one array above to this one would have made of it."""
        judge, own = self.e.judge, self.e.trace[self.line.name]
        inside = set(self.region.nodes.tolist())
        for name, places in judge.places.items():
            fitted = judge.fitted[name]
            if name == own.name or fitted is None or fitted.shape != own.shape or not inside.intersection(places.tolist()):
                continue
            others = {f"`{k}`": v for k, v in self.e.scope.named.items() if v.shape == own.shape and k != name}
            want = self.want.reshape(own.shape)
            for cause, result in closed_forms(fitted, self.e.trace[name].value, own.value, want, name, others):
                if result.shape == own.shape and np.isfinite(result).all():
                    self.tried.append((cause, result.ravel() - self.want))
                    if self._same(result, mine):
                        yield cause

    def _gradients(self, mine: Any) -> list[Cause]:
        """What another gradient, or the right one turned, would have made of it: all of it, or by one way."""
        judge = self.e.judge
        given = {name: (judge.places[name].reshape(self.e.trace[name].shape), judge.fitted[name]) for name in judge.given if judge.fitted[name] is not None}
        found: list[Cause] = []
        slips = islice(gradient_slips(self.e.sites, self.region, self.ways, self.line.name, given, self.e.scope.named), max(0, self.left))
        while chunk := list(islice(slips, max(1, 4_000_000 // max(1, len(self.region.edges))))):
            self.left -= len(chunk)
            added = self.region.added(np.array([change for *_, change in chunk]))
            hits = near(self.want + added, mine, self.noise, self.relative).all(axis=1)
            for (code, text, weight, site, _), row, hit in zip(chunk, added, hits, strict=True):
                cause = Cause(code, text, weight, site)
                self.tried.append((cause, row))
                if hit:
                    found.append(cause)
        return found

    def _with_factor(self, mine: Any) -> list[Cause]:
        found = []
        for cause, added in self.tried:
            result = self.want + added
            size = float(result @ result)
            if not size or not np.isfinite(size):
                continue
            factor = float(mine @ result) / size
            said = self.e.factors.name(factor)
            if said not in (None, "1") and self._same(factor * result, mine):
                found.append(Cause("two-slips", f"{cause.text}; and all of it is {said} times what it should be", 2.0 + cause.weight, cause.site))
        return found

    def _two(self, mine: Any) -> list[Cause]:
        """Two slips that add up, found by their projections on one direction."""
        if np.count_nonzero(np.abs(mine - self.want) > 1e3 * self.noise) < 3:
            return []
        direction = np.random.default_rng(0).normal(size=len(mine))
        usable = [(cause, added) for cause, added in self.tried if np.isfinite(added).all() and added.any()]
        if not usable:
            return []
        shadows = np.array([added @ direction for _, added in usable])
        goal = float((mine - self.want) @ direction)
        order = np.argsort(shadows)
        room = 1e-7 * max(1e-300, float(np.abs(shadows).max(initial=0.0)), abs(goal))
        found = []
        for k, (cause, added) in enumerate(usable):
            low, high = np.searchsorted(shadows[order], [goal - shadows[k] - room, goal - shadows[k] + room])
            for j in order[low : min(high, low + 20)]:
                other, more = usable[j]
                if j > k and cause.site != other.site and self._same(self.want + added + more, mine):
                    found.append(Cause("two-slips", f"{cause.text}; and {other.text}", 2.0 + cause.weight + other.weight, cause.site))
        return found

    def _contributions(self) -> Iterator[Cause]:
        """What one way brings, summed along the wrong axes, or not at all, or averaged, or turned."""
        mine = np.asarray(self.line.mine, dtype=float)
        brought = self.region.passed()
        places = {int(k): i for i, k in enumerate(self.places)}
        for way in self.ways:
            if not way.direct:
                continue
            inside = np.array([places.get(int(k), -1) for k in self.region.source[way.edges]])
            part = np.zeros(len(self.places))
            np.add.at(part, inside[inside >= 0], brought[way.edges][inside >= 0])
            rest = (self.want - part).reshape(self.shape)
            yield from self._turned(mine, part.reshape(self.shape), rest, way)
            shapes = {a.shape for a in way.site.arrays}
            if len(shapes) != 1 or len(way.edges) != sum(a.size for a in way.site.arrays):
                continue
            (shape,) = shapes
            turns = len(way.site.arrays)
            target = self.region.target[way.edges]
            parts = np.zeros((turns, int(np.prod(shape))))
            parts[self.e.sites.turn[target], self.e.sites.position[target]] = brought[way.edges]
            yield from self._reduced(mine, parts.reshape(turns, *shape) if turns > 1 else parts.reshape(shape), rest, way)

    def _turned(self, mine: Any, part: Any, rest: Any, way: Way) -> Iterator[Cause]:
        """What the way brings, with two axes exchanged; of the only way `whole_line` says so."""
        if rest.any() and mine.shape == part.shape:
            for a, b in combinations(range(part.ndim), 2):
                if part.shape[a] == part.shape[b] and self._same(rest + part.swapaxes(a, b), mine):
                    yield Cause("transposed", f"what comes back {way} is transposed", 0.35, way.number)

    def _reduced(self, mine: Any, parts: Any, rest: Any, way: Way) -> Iterator[Cause]:
        """What the way brings to each of its results, added up in other ways than the right one."""
        if parts.size <= self.want.size:
            return
        room = float(self.noise.max(initial=0.0))
        bare = np.squeeze(mine)
        only = not rest.any()
        for count in range(min(parts.ndim, 4) + 1):
            for axes in combinations(range(parts.ndim), count):
                for code in ("sum", "mean", "max") if count else ("sum",):
                    found = getattr(parts, code)(axis=axes, keepdims=True)
                    if only:
                        found = np.squeeze(found)
                    else:
                        try:
                            found = np.squeeze(found.reshape(found.shape) + rest)
                        except ValueError:
                            continue
                    if found.shape != bare.shape or not near(found, bare, room, self.relative).all():
                        continue
                    if bare.size == self.want.size and self._same(bare, self.want):
                        continue
                    along = f"along axis {', '.join(map(str, axes))}"
                    if not count:
                        yield Cause("not-summed", f"it is not summed, though {way.site} broadcasts it", 0.2, way.number)
                    elif code == "sum":
                        said = f"what comes back {way} is summed {along}, and was not broadcast there"
                        yield Cause("wrong-axis", said, 0.3, way.number)
                    else:
                        said = f"what comes back {way}: a {code} {along} stands in the place of the sum"
                        yield Cause("mean-for-sum", said, 0.25, way.number)
                    return

    def _fitted_anyhow(self) -> Iterator[tuple[str, Any]]:
        """The line in the shape of its array, after turning or summing axes."""
        mine = np.asarray(self.line.mine, dtype=float)
        if mine.ndim == len(self.shape) == 2 and mine.T.shape == self.shape:
            yield "it is transposed", mine.T
        for count in range(1, mine.ndim + 1):
            for axes in combinations(range(mine.ndim), count):
                found = mine.sum(axis=axes)
                if np.squeeze(found).shape == tuple(n for n in self.shape if n != 1):
                    yield f"it is not summed along axis {', '.join(map(str, axes))}", found
