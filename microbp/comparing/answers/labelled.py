"""A learner's gradients of an expression: a number for each label, typed, in a file, or as a dict.

>>> read_labelled("w=16.5,b=5.5", ["w", "x", "b"])
{'w': 16.5, 'b': 5.5}
>>> labelled({"w": 16.5, "bb": 5.5}, ["w", "x", "b"])
Traceback (most recent call last):
microbp.errors.UnknownNameError: unknown leaf: 'bb' (must be one of ['b', 'w', 'x']; did you mean 'b'?)
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Collection, Mapping
from typing import Any

from microbp.comparing.answers.arrays import has_truth
from microbp.comparing.answers.files import load_gradients, naming_source
from microbp.engine.operands import real_number
from microbp.errors import OperandError, ProblemError, UnknownNameError, nearest
from microbp.nn.array_names import stems


def read_labelled(text: str, labels: Collection[str], kind: str = "leaf") -> dict[str, float]:
    """Gradients that were typed as `w=0.5,b=0.2`, or those of a file; errors name it.

    Raises `ProblemError` for what is neither, and what `labelled` raises.
    """
    if "=" not in text or os.path.isfile(text):
        gradients = load_gradients(text)
        with naming_source(text):
            return labelled(gradients, labels, kind)
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (word.strip() for word in part.partition("="))
        if name in found:
            raise ProblemError(f"{name} has two gradients in {text!r}: give it one")
        try:
            found[name] = float(number.replace("−", "-"))
        except ValueError as error:
            said = "gradients of an expression are given as w=0.5,b=0.2 or in a file"
            raise ProblemError(f"{said}, got {part.strip()!r} in {text!r}") from error
    return labelled(found, labels, kind)


def labelled(gradients: Any, labels: Collection[str], kind: str = "leaf") -> dict[str, float]:
    """Gradients of leaves (or of another `kind` of values) with these labels, checked.

    A label may stand as its gradient does, dw, dE/dw, w.grad. A number may be inf or nan, which a learner's code may
    have made. Raises `ProblemError` for what is no dict or an empty one, for what is given twice, and for what is no
    number (False is none); `UnknownNameError`, with the nearest label, for another label.
    """
    if not isinstance(gradients, Mapping) or not gradients:
        got = "an empty one" if isinstance(gradients, Mapping) else type(gradients).__name__
        raise ProblemError(
            f'the gradients of an expression are a number for each label, for example {{"w": 0.5}}; got {got}'
        )
    found: dict[str, float] = {}
    for key, number in gradients.items():
        name = next((stem for stem in stems(str(key)) if stem in labels), None)
        if name is None:
            raise UnknownNameError(f"{nearest(kind, key, labels)}")
        if name in found:
            raise ProblemError(f"{name} has two gradients, the second as {key!r}: give it one")
        try:
            if has_truth(number):
                raise OperandError("a truth value is no number")
            found[name] = real_number(number, name)
        except OperandError as error:
            said = f"the gradient of {name} must be one real number"
            raise ProblemError(f"{said}, got {reprlib.repr(number)} ({type(number).__name__})") from error
    return found
