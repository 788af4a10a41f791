"""Why a line is wrong, from the graph alone: which slip, or two, in the region that it answers for has its numbers."""

from __future__ import annotations

from typing import Any

from microbp.diagnosis.any_pass.causes.codes import Cause
from microbp.diagnosis.any_pass.causes.contributions import contributions, fitted_anyhow
from microbp.diagnosis.any_pass.causes.other_slips import arriving_slips, formula_slips, operation_slips
from microbp.diagnosis.any_pass.causes.replaced import derived
from microbp.diagnosis.any_pass.causes.search import CauseSearch, Known
from microbp.diagnosis.any_pass.causes.two_slips import two_slips, with_factor
from microbp.diagnosis.any_pass.causes.way_slips import cut_off, way_slips
from microbp.diagnosis.any_pass.causes.whole_line import whole_line
from microbp.diagnosis.any_pass.judge import JudgedLine
from microbp.printing import say

MOST_CAUSES = 3
LIKELY, POSSIBLE, UNLIKELY = 0.3, 0.35, 0.6
"""A cause of such a weight ends the search after what is seen of the line itself, its ways, its operations."""


def causes(known: Known, line: JudgedLine) -> tuple[Cause, ...]:
    """The causes of a wrong line, likeliest first, each code once; "unexplained" if there is none."""
    different: dict[str, Cause] = {}
    search = CauseSearch(known, line)
    for cause in sorted(_found(search), key=lambda cause: cause.weight):
        different.setdefault(cause.code, cause)
    best = list(different.values())[:MOST_CAUSES]
    known.said |= {(cause.code, cause.site) for cause in best[:1] if cause.site >= 0}
    if not best:
        known.unexplained += 1
        known.fruitless |= {(way.number, way.operand) for way in search.ways if not way.direct}
    return tuple(best) or (Cause("unexplained", say("no single slip that is known gives these numbers"), 9.0),)


def _found(search: CauseSearch) -> list[Cause]:
    known, line = search.known, search.line
    if not len(search.region.edges):
        text = say(
            "the loss does not depend on it, so its gradient is 0: forward may read it from elsewhere, such as self"
        )
        return [Cause("extra-way", text, 0.1)]
    named = {f"`{name}`": value for name, value in known.scope.named.items()}
    named |= derived(known.trace[line.name].value, f"`{line.name}`")
    want, noise = search.want.reshape(search.shape), search.noise.reshape(search.shape)
    found = list(whole_line(line.mine, want, noise, known.factors, named))
    if any(cause.code in ("not-finite", "zero") for cause in found):
        return found
    found += contributions(search)
    if line.fitted is not None:
        return found + (_slips(search, line.fitted.ravel(), _best(found)) if _best(found) > LIKELY else [])
    for said, mine in fitted_anyhow(search):
        if not search.same(mine, search.want):  # else `whole_line` or `contributions` has named it
            inner = _slips(search, mine.ravel())
            both = (say("{one}; and {other}", one=said, other=c.text) for c in inner)
            found += [Cause("two-slips", text, 1.2 + c.weight, c.site) for text, c in zip(both, inner, strict=True)]
    return found


def _slips(search: CauseSearch, mine: Any, seen: float = 9.0) -> list[Cause]:
    """One slip in the region, else one with a factor, else two; `seen` is the weight of what explains it already."""
    search.tried = []
    shared = operation_slips(search, mine, hinted=True)
    if _best(shared) <= UNLIKELY:
        return shared
    found = way_slips(search, mine)
    if shared := [cause for cause in found if (cause.code, cause.site) in search.known.said]:
        return shared
    if not found and search.known.pair and (shared := two_slips(search, mine)):
        return shared
    if _best(found) > POSSIBLE:
        found += operation_slips(search, mine)
    if min(seen, _best(found)) > UNLIKELY:
        found += [*formula_slips(search, mine), *arriving_slips(search, mine)]
    if found or seen <= UNLIKELY:
        return found
    found = cut_off(search, mine)
    return found or [*with_factor(search, mine), *two_slips(search, mine)]


def _best(found: list[Cause]) -> float:
    return min((cause.weight for cause in found), default=9.0)
