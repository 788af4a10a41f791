"""Which conventions reproduce a published number: the ½, 1/m or a sum, the form of λ, the biases, the order of updates.

>>> from microbp import load
>>> print(conventions(load("w1-w8"), "0.291027924", steps=1))
0.291027924 is E after 1 step, with update output-first
>>> print(conventions(load("w1-w8"), "0.082667628"))
0.082667628 is ∂E/∂w6 before training, with the problem's own conventions
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from microbp.errors import ProblemError
from microbp.printing import Shown, columns, decimals, say, word
from microbp.printing.threads import one_thread
from microbp.problems import Problem, as_network
from microbp.training.deviations import alternatives, combined, multiplications
from microbp.training.quoted import QuotedNumbers
from microbp.training.sweep import sweep

MOST_DEVIATIONS = 2
"""How many conventions may be other than the problem's at once."""
MOST_WORK = 5e9
"""Pairs of deviations are tried if that takes no more multiplications than these (a minute)."""
ALIKE = 5
"""A number that begins with so many digits of another, and is about as large, is likely to be that one, misprinted."""
SHOWN = 10
"""How many ways are printed."""
ROUNDING = 1e-11
"""A number that is published in full may differ by this part of it: thousands of steps add up rounding errors."""
SAME = 1e-5
"""A value that differs from the published number by more than this part of it is printed beside it."""
FEW = 2
"""So many significant digits, or fewer, are those of many numbers by chance."""
OWN = "the problem's own conventions"


@dataclass(frozen=True, repr=False)
class Match(Shown):
    """One way to a published number."""

    quantity: str
    value: float
    deviations: tuple[str, ...]
    """The conventions that are other than the problem's."""
    rounded: bool
    """Whether it is the published number only when rounded to its digits, which are few."""

    def __str__(self) -> str:
        return self.of(decimals(self.value))

    def of(self, published: str) -> str:
        """That the published number is this one."""
        with_these = say(" and ").join(self.deviations) or word(OWN)
        if self.rounded:
            published = say("{published} ({value}, rounded)", published=published, value=decimals(self.value))
        return say(
            "{published} is {quantity}, with {conventions}",
            published=published,
            quantity=self.quantity,
            conventions=with_these,
        )


@dataclass(frozen=True, repr=False)
class Reproduced(Shown):
    """All ways to a published number with the fewest changes of convention. Prints as sentences."""

    published: str
    steps: int
    matches: tuple[Match, ...]
    options: dict[str, tuple[str, ...]]
    """For each convention what was tried other than the problem's."""
    deviations: int
    """How many of them were tried together, at most."""
    tried: int
    """How many combinations."""
    misprint: Match | None = None
    """If there is no way, the quantity of the problem's own conventions that begins with as many of its digits that
    this is hardly by chance: a digit may be wrong, or may be missing."""

    @property
    def ok(self) -> bool:
        """Whether there is one."""
        return bool(self.matches)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        if self.matches:
            return "\n".join(self._found())
        return "\n".join(self._lost())

    def _lost(self) -> Iterator[str]:
        tried = {"published": self.published, "tried": self.tried}
        if self.deviations == MOST_DEVIATIONS:
            yield say(
                "{published} comes from none of {tried:,} combinations: the problem's own conventions, or\none or two "
                "of these in their place:",
                **tried,
            )
        else:
            yield say(
                "{published} comes from none of {tried:,} combinations: the problem's own conventions, or\none of "
                "these in their place:",
                **tried,
            )
        options = {word(kind): map(word, choices) for kind, choices in self.options.items()}
        yield from columns([(f"  {kind}", say(", ").join(choices)) for kind, choices in options.items()])
        yield say("It is no loss, output, parameter or derivative before training or {after}.", after=self._after())
        if self.misprint:
            value, quantity = decimals(self.misprint.value), self.misprint.quantity
            yield say(
                "A misprint? {quantity} is {value}, which begins with the same {digits} digits or more.",
                quantity=quantity,
                value=value,
                digits=ALIKE,
            )
        yield say("Is it from after another number of steps? Give --steps N.")

    def _after(self) -> str:
        if self.steps == 1:
            return say("after 1 step")
        said = say("after {count:,} steps", count=self.steps)
        return say("{said}, nor a loss after {count:,}", said=said, count=self.steps - 1) if self.steps else said

    def _found(self) -> Iterator[str]:
        yield from (match.of(self.published) for match in self.matches[:SHOWN])
        if (more := len(self.matches) - SHOWN) > 0:
            yield say("and {count:,} more: with more digits there are fewer", count=more)
        if len(_decimal(self.published).as_tuple().digits) <= FEW:
            yield say("So few digits fit many numbers by chance: give all that were published.")


@one_thread()
def conventions(problem: Problem, published: str | float, steps: int | None = None) -> Reproduced:
    """Tries the named conventions, with at most two other than the problem's, and says which give a published number.

    The number counts to the digits in which it is written: give it as text if the last is 0. It may be a loss, a
    parameter or an output after `steps` steps, a loss one step earlier, or a loss, a gradient or anything in the graph
    before training. All trainings run side by side: those of w1–w8 take 2 seconds for 10,000 steps. Raises
    `ProblemError`.
    """
    network = as_network(problem)
    number, half = _number(published)
    steps = network.training.steps if steps is None else steps
    options, names = alternatives(network), QuotedNumbers(network, steps)
    listed = {kind: tuple(choices) for kind, choices in options.items()}
    deviations = MOST_DEVIATIONS
    members = list(combined(network, options, deviations))
    if multiplications(network, members, steps) > MOST_WORK:
        deviations = 1
        members = list(combined(network, options, deviations))
    found: list[Match] = []
    alike: list[Match] = []
    outcomes = sweep(network, [chosen for _, chosen in members], steps)
    for (words, chosen), trained in zip(members, outcomes, strict=True):
        if found and len(words) > len(found[0].deviations):
            break  # there is a way with fewer
        numbers = [*names.of(chosen, trained), *(() if words else names.in_graph())]
        near = [(name, x, abs(x - number)) for name, x in numbers]
        if not words:
            alike = [Match(name, x, (), rounded=False) for name, x, _ in near if _begins_alike(x, number)]
        found += [Match(name, x, words, apart > SAME * abs(number)) for name, x, apart in near if apart <= half]
    found.sort(key=lambda match: match.rounded)
    misprint = min(alike, key=lambda match: abs(match.value - number), default=None) if not found else None
    return Reproduced(str(published), steps, tuple(found), listed, deviations, len(members), misprint)


def _begins_alike(value: float, number: float) -> bool:
    """Whether two numbers begin with the same digits, of which there are enough.

    >>> _begins_alike(0.75136507, 0.75136079), _begins_alike(0.75136507, 0.7514), _begins_alike(0.75136, 7.5136)
    (True, False, False)
    """
    if not math.isfinite(value):
        return False
    (one, tens), (other, powers) = (f"{x:.{ALIKE + 3}e}".split("e") for x in (value, number))
    return tens == powers and one[: one.index(".") + ALIKE] == other[: other.index(".") + ALIKE]


def _decimal(published: str | float) -> Decimal:
    try:
        return Decimal(str(published).replace("−", "-"))
    except InvalidOperation as error:
        raise ProblemError(
            f"a published number is given with its digits, for example 0.291027924; got {published!r}"
        ) from error


def _number(published: str | float) -> tuple[float, float]:
    """The number, and how far from it another may be that is rounded to it. Raises `ProblemError`."""
    number = _decimal(published)
    if not number.is_finite() or math.isinf(float(number)):
        raise ProblemError(f"a published number must be finite, for example 0.291027924; got {published!r}")
    if not float(number):
        raise ProblemError(
            f"a published number needs a digit other than 0, for example 0.000035085: much rounds to {published!r}"
        )
    half = float(Decimal((0, (5,), int(number.as_tuple().exponent) - 1)))
    return float(number), max(half * (1 + 1e-9), ROUNDING * abs(float(number)))
