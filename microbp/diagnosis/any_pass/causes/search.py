"""One wrong line and the slips that are tried on it: what each would have made of the line."""

from __future__ import annotations

from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.factors import Factors
from microbp.diagnosis.any_pass.graph.region import AT_ONCE, Region
from microbp.diagnosis.any_pass.graph.sites import Sites
from microbp.diagnosis.any_pass.graph.ways import WayBack, ways_back
from microbp.diagnosis.any_pass.judge import NOISE, RELATIVE, SINGLE, Judge, JudgedLine, is_near, looks_single
from microbp.diagnosis.any_pass.scope import Scope

MOST_WORK = 300_000_000
"""So many arrows are swept over for one line at most: two or three seconds."""


AFTER_ONE = 40_000
"""A quarter as many slips are tried for each line after one that none explained: they mostly share what is wrong."""
LARGE = 10_000
"""In regions of more arrows, ways in which no slip explained another line are not searched again."""


class Known:
    """What is known of a pass for all of its lines: its operations, its arrays, the factors one expects."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.trace = judge, judge.trace
        self.sites = Sites(self.trace)
        self.scope = Scope(self.trace, self.sites, judge.fitted)
        self.factors = Factors({name: q.shape for name, q in self.trace.items()})
        self.hints: set[int] = set()
        """The operations whose derivative explained a line: the next line may share the slip."""
        self.fruitless: set[tuple[int, int]] = set()
        """Ways, by operation and operand, in which no slip explained a line: those beside it may share its slip."""
        self.unexplained = 0
        """How many lines no slip has explained so far."""
        self.pair: set[int] = set()
        """The operations of two slips that explained a line together: the next line may share both."""
        self.said: set[tuple[str, int]] = set()
        """The code and the operation of what explained a line first, for the same reason."""


class CauseSearch:
    """A wrong line, the region that it answers for, and every slip that was tried with what it adds to the line."""

    def __init__(self, known: Known, line: JudgedLine) -> None:
        self.known, self.line = known, line
        judge = known.judge
        self.places = judge.places[line.name]
        self.region = Region(known.trace.graph, self.places, judge.fixed)
        self.shape = known.trace[line.name].shape
        single = looks_single(line.mine)
        self.noise = ((SINGLE if single else NOISE) * judge.sizes(line.name)).ravel()
        self.relative = SINGLE if single else RELATIVE
        self.want = self.region.result(self.region.local)
        self.ways = ways_back(known.trace, known.sites, self.region, self.places)
        if len(self.region.edges) > LARGE:
            self.ways = [way for way in self.ways if way.direct or (way.number, way.operand) not in known.fruitless]
        self._leave_out_shifts()
        self.passing = self.region.here()[np.searchsorted(self.region.nodes, self.region.target)]
        own = np.full(len(known.trace.graph), -1)
        own[self.places] = np.arange(len(self.places))
        self.place = own[self.region.source]
        """Which element of the line each arrow leads to, -1 if to none."""
        self.left = MOST_WORK // max(1, len(self.region.edges))
        if known.unexplained:
            self.left = min(self.left, AFTER_ONE // 4**known.unexplained)
        self.tried: list[tuple[Cause, Any]] = []

    def _leave_out_shifts(self) -> None:
        """Softmax is shifted by its maximum, through which nothing comes back in all: so it is with a slip, too."""
        here, size = self.region.here(), self.known.judge.passed.size
        for way in self.ways:
            targets = self.region.target[way.edges]
            op = self.known.trace.graph.nodes[targets[0]].op
            if op is not None and op.name in ("max", "min"):
                brought = here[np.searchsorted(self.region.nodes, targets)]
                if is_near(brought, 0.0, NOISE * size[targets]).all():
                    self.region.local[way.edges] = 0.0

    def same(self, a: Any, b: Any) -> bool:
        """Whether two lines are the same but for rounding."""
        return bool(is_near(np.ravel(a), np.ravel(b), self.noise, self.relative).all())

    def weight(self, way: WayBack, base: float) -> float:
        """Of slips that cannot be told apart the nearest to the line, or with a name, is named."""
        return base - 0.02 * bool(way.through) - 0.01 * way.direct + 0.001 * min(40, self.ways.index(way))

    def cause(self, code: str, text: str, way: WayBack, base: float) -> Cause:
        """A cause that is about a way."""
        return Cause(code, text, self.weight(way, base), way.number)

    def hits(self, mine: Any, first: int = 0) -> list[Cause]:
        """Those of the slips tried, from number `first` on, that give the learner's numbers."""
        tried = self.tried[first:]
        if not tried:
            return []
        rows = self.want + np.array([added for _, added in tried])
        hit = is_near(rows, mine, self.noise, self.relative).all(axis=1)
        return [cause for (cause, _), yes in zip(tried, hit, strict=True) if yes]

    def attempt(self, slips: list[tuple[Cause, WayBack, Any]]) -> None:
        """Tries local derivatives on ways, one slip after the other."""
        results = self.results([(way, local) for _, way, local in slips])
        self.tried += [(cause, result - self.want) for (cause, _, _), result in zip(slips, results, strict=False)]

    def results(self, changes: list[tuple[WayBack, Any]]) -> Any:
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
            local = np.repeat(self.region.local[:, None], len(chunk), axis=1)
            for column, k in enumerate(chunk):
                local[changes[k][0].edges, column] = changes[k][1]
            rows[chunk] = self.region.result(local).T
        return rows
