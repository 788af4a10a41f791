"""The kinds of things that settings and the keys of a problem file take: in words, and as a test.

>>> whole_number(1).words, whole_number(1).fits(3), whole_number(1).fits(True)
('a whole number, 1 or more', True, False)
>>> one_of(["sgd", "adam"]).words
"one of ['sgd', 'adam']"
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """What something must be."""

    words: str
    fits: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    """All that there are, of a kind with names."""


def short(value: Any) -> str:
    """A value of any size as an error shows it."""
    text = reprlib.repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


def _is(kind: type, value: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    """Whether a float can hold it, and it is on the real line: no inf, no nan."""
    try:
        return _is(Real, value) and math.isfinite(value)
    except OverflowError:
        return False


def _up_to(most: float, value: Any) -> bool:
    return _number(value) and bool(0 <= value <= most)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _lists(depth: int, inner: Callable[[Any], bool], value: Any) -> bool:
    """Whether the value is a list of lists … so deep, none of them empty, with what `inner` takes inside."""
    if depth == 0:
        return inner(value)
    return isinstance(value, list) and bool(value) and all(_lists(depth - 1, inner, v) for v in value)


def _matrix(value: Any) -> bool:
    """Whether the value is a list of rows of numbers, all as long."""
    return _lists(2, _number, value) and len({len(row) for row in value}) == 1


def is_file(value: Any) -> bool:
    """Whether it is the name of a file that arrays may stand in."""
    return isinstance(value, str) and value.lower().endswith((".npz", ".npy"))


def _a_layer(fits: Callable[[Any], bool], value: Any) -> bool:
    """Whether it is a list with something that fits for each layer, or a file."""
    return is_file(value) or _lists(1, lambda one: is_file(one) or fits(one), value)


def whole_number(least: int) -> Kind:
    """A whole number."""
    return Kind(f"a whole number, {least} or more", lambda value: _is(Integral, value) and least <= value < 2**63)


def one_of(names: Iterable[str]) -> Kind:
    """One of these names."""
    allowed = tuple(names)
    return Kind(f"one of {list(allowed)}", lambda value: _text(value) and value in allowed, allowed)


def one_or_each(names: Iterable[str], each: str) -> Kind:
    """One of these names, or a list with one for each of something."""
    one = one_of(names)
    return one._replace(
        words=f"{one.words}, or a list with one for each {each}",
        fits=lambda value: all(map(one.fits, value)) if isinstance(value, list) else one.fits(value),
    )


TEXT = Kind("a text", _text)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = Kind("a number, 0 or more", partial(_up_to, math.inf))
SHARE = Kind("a number from 0 to 1", partial(_up_to, 1))
MATRIX = Kind("a list of rows of numbers", partial(_lists, 2, _number))
TEXTS = Kind("a list of texts", partial(_lists, 1, _text))
TEXTS_OF_LAYERS = Kind("a list with a list of texts for each layer", partial(_lists, 2, _text))
TEXTS_OF_WEIGHTS = Kind("texts in the shape of network.weights", partial(_lists, 3, _text))
TEXTS_OF_BIASES = Kind(
    "a text for each layer, or a list of texts for each layer",
    lambda value: _lists(1, _text, value) or _lists(2, _text, value),
)
WEIGHTS = Kind(
    "a list with a matrix for each layer: a row of numbers a neuron, all as long; or a file, .npz or .npy",
    partial(_a_layer, _matrix),
)
BIASES = Kind(
    "a list with a list of numbers for each layer; or false: there are none; or a file, .npz or .npy",
    lambda value: value is False or _a_layer(lambda one: _lists(1, _number, one) or _matrix(one), value),
)
TARGETS = Kind(
    "a list of rows of numbers, or for each sample the number of its class, from 0",
    lambda value: _lists(2, _number, value) or _lists(1, _number, value),
)
SIZES = Kind("a list of whole numbers, 1 or more", partial(_lists, 1, whole_number(1).fits))
