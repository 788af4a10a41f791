"""A slip in words: the wrong derivative beside the right one, with the learner's names and numbers.

>>> from microbp import load
>>> from microbp.diagnosis.by_hand.slips import slipped
>>> judge = GraphReplay(load("(w*x + b)**2", {"w": 2.0, "x": 3.0, "b": 0.5}).root(), {"w": 19.5})
>>> cause = next(FoundSlip(p.slip, (p,)) for p in slipped(judge.steps) if p.slip.code == "power-exponent")
>>> print("\\n".join(told(finding(judge, cause))))
power-exponent: The exponent is not brought down as a factor.
   Where: (w·x + b)², u = w·x + b
   wrong   ∂u²/∂u = u = 6.5
   right   ∂u²/∂u = 2·u = 13
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from microbp.derivation.notation import short_number
from microbp.diagnosis.by_hand.replay import GraphReplay
from microbp.diagnosis.by_hand.slips import MISSING_PATH, OVERWRITTEN, Place, Slip
from microbp.diagnosis.search.likely_factors import LikelyFactors
from microbp.diagnosis.text import factor_in_words, in_a_row
from microbp.engine import Constant, Value
from microbp.formula.language import Formula
from microbp.printing import derivative, say, word
from microbp.stepping.names import expression

TEXTBOOK = {"div": {"y": Formula("-x / y ** 2")}}
"""Right derivatives that the table writes with the result, and those who make these slips do not."""
LONGEST_NAME = 12
"""The most characters of a name that stands in a formula."""
MOST = 4
"""Of more places the first are named."""
WIDTH = 90
"""Of a way that takes more room the ends are shown."""


class FoundSlip(NamedTuple):
    """One slip, at one value or wherever it can be made; or a factor of all gradients."""

    slip: Slip
    places: tuple[Place, ...] = ()
    factor: float | None = None

    @property
    def changed(self) -> dict[int, float]:
        """The locals that it changes."""
        return {k: local for place in self.places for k, local in place.changed.items()}

    @property
    def reading(self) -> str:
        """What the factor may mean."""
        if not self.factor:
            return "" if self.factor is None else "left at 0"
        return LikelyFactors(1, 1).read(self.factor)


class Lines(NamedTuple):
    """A slip beside what is right, and what the letters in both stand for."""

    letters: dict[str, str]
    wrong: str
    right: str


def slip_lines(judge: GraphReplay, cause: FoundSlip) -> Lines:
    """What a slip makes of the derivatives at its (first) value, and what is right."""
    letters: dict[str, str] = {}
    if not cause.places:
        return _scaled(judge, cause, letters)
    place = cause.places[0]
    if place.slip in (OVERWRITTEN, MISSING_PATH):
        root, node = (name(v, judge, letters, free).text() for v, free in ((judge.root, "E"), (place.node, "uvpq")))
        arrived = [(k, step.contribution) for k, step in enumerate(judge.steps) if step.input is place.node]
        kept = [x for k, x in arrived if k not in place.changed]
        both = kept, [x for _, x in arrived]
        return Lines(letters, *(f"{derivative(root, node)} = {with_sum(numbers)}" for numbers in both))
    wrong, right = _local(judge, place, letters)
    left = judge.replay([cause.changed])[0]
    if place.loses and (moved := np.flatnonzero(np.abs(left - judge.right) > judge.tolerance(judge.right))).size:
        # What a leaf loses by it; the term that is missing may be all it gets.
        some, all_ = float(left[moved[0]]), float(judge.right[moved[0]])
        of = _gradient(judge, judge.labels[moved[0]], letters)
        terms = [x for x in (some, all_ - some) if x]
        wrong, right = f"{wrong}, {of} = {short_number(some)}", f"{right}, {of} = {with_sum(terms)}"
    return Lines(letters, wrong, right)


def _scaled(judge: GraphReplay, cause: FoundSlip, letters: dict[str, str]) -> Lines:
    label = judge.wrong[0]
    right = float(judge.right[judge.labels.index(label)])
    of = _gradient(judge, label, letters)
    if cause.factor is None:  # all signs, or a pass that recurses: no line of its own
        given = float(judge.given[judge.labels.index(label)])
        return Lines(letters, f"{of} = {short_number(given)}", f"{of} = {short_number(right)}")
    product = f"{short_number(cause.factor)} × {in_product(right)} = {short_number(cause.factor * right)}"
    return Lines(letters, f"{of} = {product}", f"{of} = {short_number(right)}")


def _gradient(judge: GraphReplay, label: str, letters: dict[str, str]) -> str:
    return derivative(name(judge.root, judge, letters, "E").text(), label)


def _local(judge: GraphReplay, place: Place, letters: dict[str, str]) -> list[str]:
    """The wrong local derivatives of a value, and the right ones; if a term is missing, the rule as a whole."""
    op = place.node.op
    assert op is not None
    called = {key: name(x, judge, letters) for key, x in zip(op.inputs, place.node.inputs, strict=True)}
    out = op.print_formula().substitute(**called)
    known = {**called, "out": out} | {f"d{key}": Formula.atom(f"{one.text()}′") for key, one in called.items()}
    if place.inner is not None:
        known["inner"] = name(place.inner, judge, letters)
    own = [(k, op.inputs[step.position]) for k, step in enumerate(judge.steps) if step.node is place.node]
    right = {key: TEXTBOOK.get(op.name, {}).get(key) or op.print_formula(key) for _, key in own}
    found = []
    for formulas in ({**right, **place.slip.partials[op.name]}, right):
        texts = {key: formulas[key].substitute(**known) for _, key in own}
        if place.slip.told_as_rule:
            terms = [
                Formula("p * d").substitute(p=text, d=Formula.atom(f"{called[key].text()}′"))
                for key, text in texts.items()
                if text.number != 0
            ]
            found.append(f"({out.text()})′ = {Formula.sum(terms).text() if terms else 0}")
            continue
        equations = []
        for k, key in own:
            if k in place.changed:
                local = short_number(judge.steps[k].local if formulas is right else place.changed[k])
                sides = [derivative(out.text(), called[key].text()), texts[key].text(), local]
                equations.append(" = ".join(dict.fromkeys(sides)))
        found.append(", ".join(equations))
    return found


def in_product(x: float) -> str:
    """The same where a sign needs brackets."""
    return f"({short_number(x)})" if x < 0 else short_number(x)


def with_sum(numbers: Sequence[float]) -> str:
    """A sum with its result.

    >>> with_sum([16.5, -3.0]), with_sum([2.0])
    ('16.5 + (−3) = 13.5', '2')
    """
    terms = " + ".join([*map(short_number, numbers[:1]), *map(in_product, numbers[1:])])
    return f"{terms} = {short_number(sum(numbers))}" if len(numbers) > 1 else terms or "0"


def name(value: Value, judge: GraphReplay, letters: dict[str, str], free: str = "uvpqrst") -> Formula:
    """What to call a value in a formula: its label if that is a name, else a letter, noted with what it stands for."""
    if isinstance(value, Constant) or _is_name(value.label):
        return judge.names[value]
    meaning = written(value, judge)
    taken = {v.label for v in judge.names} | letters.keys()
    letter = next((k for k, other in letters.items() if other == meaning), None)
    letter = letter or next((k for k in free if k not in taken), meaning)
    letters[letter] = meaning
    return Formula.atom(letter)


def _is_name(label: str) -> bool:
    return 0 < len(label) <= LONGEST_NAME and not any(c in label for c in " ·^/−*+-()")


def written(value: Value, judge: GraphReplay) -> str:
    """How a value is made of the leaves, as far as that is not too long; its label if it has one, unless it is all."""
    known = value.op is None or (value.label and value is not judge.root)
    return (judge.whole[value] if known else expression(value, judge.whole)).text()


def finding(judge: GraphReplay, cause: FoundSlip) -> dict[str, Any]:
    """A slip for JSON, with the keys that the diagnosis of a network has."""
    made = judge.replay([cause.changed])[0] if cause.places else judge.given
    moved = ~(abs(made - judge.right) <= judge.tolerance(judge.right))
    return {
        "code": cause.slip.code,
        "name": word(cause.slip.sentence).rstrip(".。"),
        "where": [written(place.node, judge) for place in cause.places] or [say("every leaf")],
        "layers": [],
        "arrays": [label for label, wrong in zip(judge.labels, moved.tolist(), strict=True) if wrong],
        "factor": cause.factor,
        "reading": cause.reading,
        **slip_lines(judge, cause)._asdict(),
    }


def told(found: Mapping[str, Any], others: Sequence[str] = ()) -> Iterator[str]:
    """A finding as lines of text: what it is, where, the wrong line and the right one; where else it would fit."""
    said = [say("{code}: {sentence}", code=found["code"], sentence=say("{sentence}.", sentence=found["name"]))]
    if found["factor"] is not None:
        said.append(say("Here: {facts}.", facts=factor_in_words(found["factor"], found["reading"])))
    yield in_a_row(said)
    stands = [f"{letter} = {meaning}" for letter, meaning in found["letters"].items() if letter != meaning]
    yield "   " + say("Where: {places}", places=", ".join([_listed(found["where"], say(" and ")), *stands]))
    yield from (f"   {word(side)}   {found[side]}" for side in ("wrong", "right"))
    if elsewhere := [place for place in others if place not in found["where"]]:
        where = _listed(elsewhere, say(" or "))
        yield "   " + say("The same slip at {places} would give the same numbers.", places=where)


def _listed(words: Sequence[str], last: str) -> str:
    some = list(dict.fromkeys(words))
    more = [say("{count} more", count=len(some) - MOST)] if len(some) > MOST else []
    *head, end = [*some[:MOST], *more]
    return f"{', '.join(head)}{last}{end}" if head else end


def leaf_text(found: Mapping[str, Any]) -> Iterator[str]:
    """What `follow_leaf` found of one leaf, as lines of text."""
    yours, right = short_number(found["yours"]), short_number(found["right"])
    place = say(", ").join([found["label"], say("yours {yours}, right {right}", yours=yours, right=right)])
    yield say("One number followed through: {place}", place=place)
    ways, explained = found["ways"], any(way["wrong"] != way["right"] for way in found["ways"])
    for way in ways:
        yield f"   {_joined(way['names'], ' → ')}"
        if way["wrong"] == way["right"]:
            side = say("both ") if explained else word("right")
            yield f"      {side}   {_product(way['right'])}"
        else:
            yield f"      {word('wrong')}   {say('left out') if way['wrong'] is None else _product(way['wrong'])}"
            yield f"      {word('right')}   {_product(way['right'])}"
    if found["count"] > len(ways) > 0:
        yield "   " + say("and {count:,} more paths", count=found["count"] - len(ways))
    elif len(ways) > 1:
        yield "   " + say("together")
        if explained:
            yield f"      {word('wrong')}   {with_sum([math.prod(way['wrong']) for way in ways if way['wrong']])}"
        yield f"      {word('right')}   {with_sum([math.prod(way['right']) for way in ways])}"
    yield "   " + say("See it: {command}", command=found["see"])


def _product(numbers: Sequence[float]) -> str:
    shown = _joined([*map(short_number, numbers[:1]), *map(in_product, numbers[1:])], " × ")
    return f"{shown} = {short_number(math.prod(numbers))}" if len(numbers) > 1 else shown


def _joined(words: Sequence[str], sign: str) -> str:
    """Words on one line, with dots for those in the middle if they are too many for it."""
    shown = sign.join(words)
    for half in range((len(words) - 1) // 2, 0, -1):
        if len(shown) <= WIDTH:
            break
        shown = sign.join([*words[:half], "…", *words[-half:]])
    return shown
