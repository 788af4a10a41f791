"""A learner's dict of gradients: what each of its names says.

>>> from microbp import load
>>> from microbp.problems.exercise import exercise_of
>>> case = exercise_of(load("w1-w8"))
>>> found = collect(case, {"dL_dW1": [[0.1, 0.2], [0.3, 0.4]], "grad_w5": 0.08, "dZ2": [[0.1, 0.2]], "cost": 0.3})
>>> list(found.arrays), found.known["dW2"].tolist(), list(found.beside), found.loss
(['dW1', 'dW2'], [[True, False], [False, False]], ['dZ2'], 0.3)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.arrays import depth, floats, is_one, words
from microbp.errors import ShapeError, UnknownNameError, nearest
from microbp.nn.array_names import ArrayName, array_name, layer_numbers, stems
from microbp.printing import say
from microbp.problems.exercise import Exercise, Gradients

LOSS = ("loss", "cost", "j", "error", "e", "c")
"""What the loss is called beside the gradients, in any case."""
_BESIDE = re.compile(r"(?:[d∂][a-z][ _]?/?)?(?:[d∂]?[az]|dout|delta|δ)(?:_?prev)?[ _]?(?:\d+|\[\d+\])", re.IGNORECASE)
"""What a pass computes on its way, and many hand in beside the gradients: dZ2, dA1, delta2, A1."""


@dataclass
class Collected:
    """What a dict of gradients gives: arrays under dW1, db1, or theta1, as they stand in it."""

    arrays: Gradients = field(default_factory=dict)
    known: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Of an array whose entries were given by label: which."""
    totals: set[str] = field(default_factory=set)
    beside: dict[str, Any] = field(default_factory=dict)
    """The quantities on the way that stand beside the gradients, by the learner's names."""
    loss: float | None = None
    form: str = "arrays by name"
    notes: list[str] = field(default_factory=list)
    keys: dict[tuple[Any, ...], str] = field(default_factory=dict)
    """Which name gave what: a whole array, or one place in it."""

    def once(self, key: str, name: str, where: tuple[int, ...] | None = None) -> None:
        """Notes what a key gives. Raises `ShapeError` if that was given already; Θ holds weights and biases."""
        names = [f"d{kind}{name[5:]}" for kind in "Wb"] if name.startswith("theta") else [name]
        for name in names:
            place = (name,) if where is None else (name, where)
            for other, first in self.keys.items():
                if other[0] == place[0] and (len(other) == 1 or len(place) == 1 or other == place):
                    raise ShapeError(f"{first} and {key} both give numbers of {place[0]}: give each once")
            self.keys[place] = key

    def put(self, key: str, kind: str, l: int, value: Any, at: str = "") -> None:
        """A whole array of layer l, which is the value under a key, or stands at a place in it."""
        name = f"theta{l}" if kind == "theta" else f"d{kind}{l}"
        self.once(key, name)
        array = floats(key + at, value)
        self.arrays[name] = np.atleast_2d(array) if kind == "theta" else array


def collect(case: Exercise, given: Mapping[str, Any]) -> Collected:
    """The arrays and the numbers in a dict of gradients; None, or null, is as if it were not there.

    Raises `UnknownNameError`, with the nearest names, and `ShapeError` for what is given twice, or is no array.
    """
    found = Collected()
    given = {key: value for key, value in given.items() if value is not None}
    labels = {key: label for key, value in given.items() if (label := _label(case, key, value))}
    names = {key: array_name(key) for key in given if key not in labels}
    layers = _layers(case, names)
    if any(name and name.number == 0 for name in names.values()):
        found.notes.append(say("The layers were counted from 0."))
    for key, value in given.items():
        name = names.get(key)
        if key in labels:
            _put_number(case, found, key, labels[key], value)
        elif name and name.number is None:
            _put_list(case, found, key, name.kind, value)
        elif name and key in layers:
            found.put(key, name.kind, layers[key], value)
        elif key.lower() in LOSS and _is_number(value):
            found.loss = float(floats(key, value).item())
        elif _BESIDE.fullmatch(key):
            found.beside[key] = value
        else:
            raise UnknownNameError(nearest("gradient", key, [*case.names, "dW", "db", *list(case.labels)[:20]]))
    return found


def renamed(given: Any, names: Mapping[str, str]) -> Any:
    """A dict of gradients with what `names` says for the names in it; anything else as it is.

    >>> renamed({"g1": 0.5, "w5": 0.1}, {"g1": "w1"})
    {'w1': 0.5, 'w5': 0.1}
    """
    return {names.get(name, name): part for name, part in given.items()} if isinstance(given, Mapping) else given


def _layers(case: Exercise, names: Mapping[str, ArrayName | None]) -> dict[str, int]:
    """The layer of each name that has a number."""
    return layer_numbers({k: n.number for k, n in names.items() if n and n.number is not None}, case.depth)


def _label(case: Exercise, key: str, value: Any) -> str | None:
    """The label of the parameter whose gradient this one number is; a bare number's in any case of its letters."""
    if not _is_number(value):
        return None
    labels = {} if depth(value) else {label.lower(): label for label in case.labels}
    typed = (text for stem in stems(key) for text in (stem.lower(), stem.lower().replace("_", "")))
    known = (stem for stem in stems(key) if stem in case.labels)
    return next(known, None) or next((labels[text] for text in typed if text in labels), None)


def _put_number(case: Exercise, found: Collected, key: str, label: str, value: Any) -> None:
    """One number, by the label of its parameter: an entry of an array, or the total of biases that are shared."""
    name, where = case.labels[label]
    found.form = "numbers by label"
    found.once(key, name, where)
    number = floats(key, value)
    if where is None:
        found.arrays[name] = number.reshape(1)
        found.totals.add(name)
    else:
        found.arrays.setdefault(name, np.zeros(case.shape(name)))[where] = number.item()
        found.known.setdefault(name, np.zeros(case.shape(name), dtype=bool))[where] = True


def _is_number(value: Any) -> bool:
    """Whether it is one number, or a list or an array with one in it."""
    return not isinstance(value, Mapping) and is_one(value)


def _is_empty(part: Any) -> bool:
    """Whether a list keeps its first place free, for layers that are counted from 1."""
    if isinstance(part, list | tuple):
        return all(map(_is_empty, part))
    return part is None or np.size(part) == 0


def _put_list(case: Exercise, found: Collected, key: str, kind: str, value: Any) -> None:
    """A list with an array for each layer, or for some of them and None for the others."""
    if not depth(value):
        raise ShapeError(f"{key} needs a list with an array for each layer, got {words(value)}")
    parts = [value] if case.depth == 1 and depth(value) == (1 if kind == "b" else 2) else list(value)
    if len(parts) == case.depth + 1 and _is_empty(parts[0]):
        del parts[0]  # layers are counted from 1
    if len(parts) != case.depth:
        raise ShapeError(f"{key} needs an array for each of the {case.depth} layers, got {len(parts)}")
    for l, part in enumerate(parts, 1):
        if part is not None:
            found.put(key, kind, l, part, f"[{l - 1}]")
