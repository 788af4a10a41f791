"""What a learner hands in: gradients as they are, a file of them, or a function that computes them.

>>> from microbp import load, vectorized
>>> from microbp.problems.exercise import exercise_of
>>> problem = load("xor")
>>> case, names = exercise_of(problem), problem.model.activations()
>>> def mine(W, b, X, Y):  # with W of shape (n_in, n_out)
...     loss, dW, db = vectorized.loss_and_gradients([w.T for w in W], b, X, Y, **names, loss=case.loss)
...     return loss, {"dW": [d.T for d in dW], "db": db}
>>> (given,) = answers(case, mine)
>>> given.notes
('Your function was called in the layout that it expects: W is (n_in, n_out).',)
"""

from __future__ import annotations

import contextlib
import io
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from microbp.comparing.answers.answer import Answer
from microbp.comparing.answers.files import load_gradients
from microbp.comparing.answers.functions import Call, calls
from microbp.comparing.answers.read import agreeing, read_gradients
from microbp.errors import ProblemError
from microbp.nn.layout import ArrayLayout
from microbp.printing import say
from microbp.problems.exercise import Exercise

MOST_SECONDS = 2.0
"""After so long no other way to call a function is tried, if one has run."""


def answers(
    case: Exercise,
    gradients: Any,
    *,
    order: str | None = None,
    layout: str | ArrayLayout | None = None,
    loose: bool = False,
) -> list[Answer]:
    """All ways to read what was handed in, as `read_gradients` does; a file is loaded, and a function called.

    A function is called with its arrays in the layout that is said. What is not said is tried: first as it would be
    here, then in every other way, until one gives right gradients; else the one that gives the most right numbers
    counts. The exercise's own layout is said, unless there is a `layout`. Raises what `read_gradients` does, what a
    function raises if it runs in no way, and `ProblemError` for one that returns None.
    """
    said = case.layout.but(ArrayLayout.said(layout))
    if callable(gradients):
        return _tried(case, gradients, order, said, loose)
    found = load_gradients(gradients) if isinstance(gradients, str | os.PathLike) else gradients
    return read_gradients(case, found, order=order, layout=said, loose=loose)


def _tried(
    case: Exercise, function: Callable[..., Any], order: str | None, said: ArrayLayout, loose: bool
) -> list[Answer]:
    best: list[Answer] = []
    most = -1
    wrong: Exception | None = None
    begun = time.monotonic()
    for k, call in enumerate(calls(case, function, said)):
        try:
            with contextlib.nullcontext() if not k else _quietly():
                found = _called(case, function, call, order, said, loose)
        except Exception as error:  # a learner's function may raise anything where it is called in another layout
            wrong = wrong or error
            continue
        agree = max(agreeing(case, answer) for answer in found)
        if agree > most:
            best, most = found, agree
        complete = any(agreeing(case, answer) == sum(answer.numbers(n).size for n in answer.arrays) for answer in found)
        if complete or time.monotonic() - begun > MOST_SECONDS:
            break
    if not best and wrong:
        raise wrong
    return best


def _called(
    case: Exercise, function: Callable[..., Any], call: Call, order: str | None, said: ArrayLayout, loose: bool
) -> list[Answer]:
    """What one call gives. The gradients are in the layout of its arguments, or in another that their shapes tell."""
    returned = function(*call.arguments)
    if returned is None:
        raise ProblemError("a function of gradients returns them, for example (dW, db); got None: is `return` missing?")
    note = (
        (say("Your function was called in the layout that it expects: {layout}.", layout=call.words),)
        if call.words
        else ()
    )
    found = read_gradients(case, returned, order=order or call.order, layout=said, like=call.layout, loose=loose)
    return [replace(answer, notes=(*note, *answer.notes)) for answer in found]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Runs a function once more without what it prints or warns of: it may not be made for that layout."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            yield
