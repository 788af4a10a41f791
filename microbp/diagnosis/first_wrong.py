"""Where a pass goes wrong first: a learner's intermediate quantities, forward, then backward.

>>> from microbp import load
>>> walk = first_divergence(load("w1-w8"), {"z1": [[0.3775, 0.3925]], "a1": [[0.593269992, 0.6]]})
>>> print(walk)
z1  (1, 2)  right
a1  (1, 2)  WRONG  at (0, 1): 0.6, right is 0.596884378
The first wrong quantity is a1: look at a1 = σ(z1); what was given before it is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from microbp.comparing.answers.answer import Answer, misfit, within
from microbp.comparing.answers.arrays import floats, unwrapped
from microbp.comparing.answers.read import read_gradients
from microbp.comparing.noise import noise_of
from microbp.comparing.precision import decimals_of, of_quantity
from microbp.derivation.quantities import Place, canonical, kind_and_layer, made, needs, neurons, quantities_of
from microbp.diagnosis.verdict import Judged, judged
from microbp.errors import ShapeError, UnknownNameError, near, nearest
from microbp.losses import LOSSES, LossName
from microbp.nn import MLP
from microbp.printing import Shown, columns, say, word
from microbp.problems import Problem, as_network
from microbp.problems.exercise import Exercise, Floats, Gradients, exercise_of
from microbp.vectorized import softmax

_PARAMETERS = re.compile(r"(w|b|theta|x|y)_?\d*", re.IGNORECASE)
"""What stands beside the quantities in a program, and is no misspelling of one."""


@dataclass(frozen=True)
class GivenQuantity:
    """One quantity that a learner gave, beside the right one."""

    name: str
    shape: tuple[int, ...]
    ok: bool
    note: str
    """Where it is wrong at its worst, and what is right there; or in what convention it is right."""
    formula: str


@dataclass(frozen=True, repr=False)
class Divergence(Shown):
    """What a learner gave, in the order in which a pass computes it. Prints as a table."""

    quantities: tuple[GivenQuantity, ...]
    missing: tuple[str, ...] = ()
    """What the first wrong quantity is made of, but was not given: it may be wrong already."""
    unused: Mapping[str, str | None] = field(default_factory=dict)
    """What was given that is no quantity of the network; for each the quantity that may be meant."""

    @property
    def first(self) -> str | None:
        """The name of the first wrong quantity; None if all are right."""
        return next((q.name for q in self.quantities if not q.ok), None)

    @property
    def ok(self) -> bool:
        """Whether all are right."""
        return self.first is None

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, "first": self.first, **asdict(self)}

    def __str__(self) -> str:
        rows = [(q.name, str(q.shape), word("right" if q.ok else "WRONG"), q.note) for q in self.quantities]
        return "\n".join([*columns(rows), *self._notes(), self._verdict()])

    def _verdict(self) -> str:
        wrong = next((q for q in self.quantities if not q.ok), None)
        if not wrong:
            count = len(self.quantities)
            return say("All {count} are right.", count=count) if count > 1 else say("It is right.")
        before = say("what was given before it is right")
        if wrong is self.quantities[0]:
            before = say("nothing before it was given")
        if len(self.missing) == 1:
            (name,) = self.missing
            maybe = say("{name} was not given, and may be wrong already", name=name)
            before = say("{one}; {next}", one=before, next=maybe)
        elif self.missing:
            maybe = say("{names} were not given, and may be wrong already", names=say(" and ").join(self.missing))
            before = say("{one}; {next}", one=before, next=maybe)
        return say(
            "The first wrong quantity is {name}: look at {formula}; {before}.",
            name=wrong.name,
            formula=wrong.formula,
            before=before,
        )

    def _notes(self) -> Iterator[str]:
        names = [
            say("{name} (did you mean {near}?)", name=name, near=near) if near else name
            for name, near in self.unused.items()
        ]
        if names:
            yield say(
                "Not used: {names}; no quantity has this name: say with names which one is meant.",
                names=", ".join(names),
            )


def first_divergence(
    model: MLP | Problem,
    quantities: Mapping[str, ArrayLike],
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    names: Mapping[str, str] | None = None,
    loss: LossName | None = None,
    l2: float | None = None,
) -> Divergence:
    """Compares any of z1, a1, …, loss, delta2, dW2, db2, … with the right ones, forward, then backward.

    z, a and delta have shape (m, n_out) of their layer, or its transpose; delta may be without the 1/m, if the loss
    has one. The net or the output of one neuron goes by its label in the graph: {"net_h1": 0.3775}. `names` says which
    is which if they have other names: {"hidden": "a1"}. What else is given is only noted; if nothing is a quantity of
    the network, or `names` has another, that is an `UnknownNameError`. Raises `ShapeError` for what does not fit.
    """
    labels = neurons(model if isinstance(model, MLP) else as_network(model).model)
    return walk(exercise_of(model, X, Y, loss=loss, l2=l2), quantities, labels, names or {})


def walk(
    case: Exercise, quantities: Mapping[str, Any], labels: Mapping[str, Place], names: Mapping[str, str]
) -> Divergence:
    """The same for an exercise; `labels` are those of the nets and the outputs of single neurons."""
    right = quantities_of(case)
    if not quantities:
        raise ShapeError(f"there is nothing to look at: give one quantity or more, of {', '.join(right)}")
    given: dict[Place, tuple[str, Floats]] = {}
    gradients: dict[str, Any] = {}
    keys: dict[Place, str] = {}
    unused: dict[str, str | None] = {}
    for key, value in quantities.items():
        name = names.get(key, key)
        place = (canonical(name), None) if canonical(name) in right else labels.get(name)
        if place is None:
            if name != key:
                raise _unknown(name, right)
            unused[key] = None if _PARAMETERS.fullmatch(key) else next(iter(near(key, right)), None)
            continue
        if place in keys:
            raise ShapeError(f"{keys[place]} and {key} are both {place[0]}: give it once")
        keys[place] = key
        value = unwrapped(value)
        given[place] = place[0] if place[1] is None else name, floats(key, value)
        if place[0] in case.names:
            gradients[place[0]] = value  # as it is: float16 has a precision of its own
    if not given:
        raise _unknown(next(iter(unused)), right)
    together = judged(case, read_gradients(case, gradients, layout=case.layout, loose=True)) if gradients else None
    if together:
        case, right = together.case, quantities_of(together.case)
    order, least = list(right), decimals_of([array for _, array in given.values()])
    found = []
    for place in sorted(given, key=lambda p: (order.index(p[0]), -1 if p[1] is None else p[1])):
        quantity = together and _gradient(together, place[0])
        found.append((place[0], quantity or _judged(case, place, *given[place], right[place[0]], least)))
    return Divergence(tuple(q for _, q in found), _missing(case, found, right), unused)


def _unknown(name: str, right: Gradients) -> UnknownNameError:
    return UnknownNameError(f"{nearest('quantity', name, right)}; other names go with names={{'mine': 'z1'}}")


def _missing(case: Exercise, found: list[tuple[str, GivenQuantity]], right: Gradients) -> tuple[str, ...]:
    """What the first wrong quantity is made of, where nothing that was given says that it is right."""
    first = next((name for name, q in found if not q.ok), None)
    if first is None:
        return ()
    sound = {name for name, q in found if q.ok}
    return tuple(
        name for name, *others in needs(case, first) if name in right and not sound.intersection((name, *others))
    )


def _gradient(found: Judged, name: str) -> GivenQuantity | None:
    """What the gradients together, judged as everywhere, say of one of them; None if it was not among them."""
    array = next((array for array in found.arrays if array.name == name), None)
    formula = made(found.case, name)
    if array is None:
        idle = name in found.given.idle
        return GivenQuantity(name, found.case.shape(name), True, say("not trained"), formula) if idle else None
    shape = found.given.arrays[name].shape
    if array.right is None:
        return GivenQuantity(name, shape, False, misfit(found.case, name, found.given.arrays[name]), formula)
    if not array.wrong.any():
        return GivenQuantity(name, shape, True, say("the layer's total") if name in found.given.totals else "", formula)
    apart = np.where(array.wrong, np.nan_to_num(np.abs(array.numbers - array.right), nan=np.inf), -1.0)
    k = int(np.argmax(apart))
    place = found.given.place(name, k) if apart.size > 1 else None
    return GivenQuantity(name, shape, False, _wrong(place, array.numbers[k], array.right[k]), formula)


def _wrong(place: tuple[int, ...] | None, yours: float, right: float) -> str:
    """A wrong number, and what is right there."""
    said = say("{yours:.9g}, right is {right:.9g}", yours=yours, right=right)
    return said if place is None else say("at {place}: {what}", place=place, what=said)


def _judged(case: Exercise, place: Place, name: str, given: Floats, right: Floats, least: float) -> GivenQuantity:
    (kind, l), column = kind_and_layer(case, place[0]), place[1]
    formula = made(case, place[0])
    forms = {"": right}
    if kind == "a" and l == case.depth and "softmax_cross_entropy" in case.loss:
        forms[say("as probabilities")] = softmax(right)
    if column is not None:
        right, forms = right[:, column], {note: form[:, column] for note, form in forms.items()}
    else:
        forms |= {
            say("{form}, one column a sample", form=note) if note else say("as columns, one a sample"): g.T
            for note, g in forms.items()
        }
    if kind in ("delta", "dA") and LOSSES[case.loss].over != "sum":
        forms |= {
            say("{form}; without the 1/m", form=note) if note else say("without the 1/m"): form * len(case.Y)
            for note, form in forms.items()
        }
    if given.size == right.size and min(given.ndim, right.ndim) < 2:
        given = given.reshape(right.shape)
    fitting = {note: form for note, form in forms.items() if form.shape == given.shape}
    if not fitting:
        raise ShapeError(f"{name} needs shape {right.shape}, got {given.shape}")
    noise = np.max(noise_of(case, Answer(case.truth[1], ""))[f"db{l}"]) if kind in ("delta", "dA") else 0.0
    for note, form in fitting.items():
        if np.all(within(given, form, of_quantity(given, form, noise, least))):
            return GivenQuantity(name, given.shape, True, note, formula)
    form = next(iter(fitting.values()))
    with np.errstate(invalid="ignore"):
        apart = np.where(given == form, 0.0, np.nan_to_num(np.abs(given - form), nan=np.inf))
    where = np.unravel_index(int(np.argmax(apart)), form.shape)
    at = tuple(map(int, where)) if given.size > 1 else None
    return GivenQuantity(name, given.shape, False, _wrong(at, given[where], form[where]), formula)
