"""From a TOML file to a problem, with errors that name the file, the key, and what was expected."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from reprlib import repr as short
from typing import Any, NamedTuple

from microbp.errors import MicrobpError, ProblemError, unknown
from microbp.losses import LOSSES
from microbp.nn import ACTIVATIONS
from microbp.problems.expression import ExpressionProblem
from microbp.problems.network import Names, NetworkProblem, Problem

UPDATES = ("simultaneous", "output-first")
MAX_PARAMETERS = 100_000


class Kind(NamedTuple):
    """What a key of a problem file takes: in words, and as a test."""

    words: str
    fits: Callable[[Any], bool]


def _number(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 10**300  # a float can hold it
    return isinstance(value, float)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _lists(depth: int, inner: Callable[[Any], bool], value: Any) -> bool:
    """Whether the value is a list of lists … so deep, none of them empty, with what `inner` takes inside."""
    if depth == 0:
        return inner(value)
    return isinstance(value, list) and bool(value) and all(_lists(depth - 1, inner, v) for v in value)


def _one_of(names: Iterable[str]) -> Kind:
    allowed = list(names)
    return Kind(f"one of {allowed}", lambda value: value in allowed)


_TEXT = Kind("a text", _text)
_FLAG = Kind("true or false", lambda value: isinstance(value, bool))
_NUMBER = Kind("a number", _number)
_COUNT = Kind("a whole number of at least 1", lambda value: isinstance(value, int) and _number(value) and value >= 1)
_MATRIX = Kind("a list of rows of numbers", partial(_lists, 2, _number))
_TEXTS = Kind("a list of texts", partial(_lists, 1, _text))

SCHEMA: dict[str, dict[str, Kind]] = {
    "": {"title": _TEXT},
    "network": {
        "activation": Kind(
            f"one of {list(ACTIVATIONS)}, or a list with one for each hidden layer",
            lambda value: all(name in ACTIVATIONS for name in (value if isinstance(value, list) else [value])),
        ),
        "output": _one_of(ACTIVATIONS),
        "weights": Kind("a list with a matrix for each layer: a row of numbers a neuron", partial(_lists, 3, _number)),
        "biases": Kind("a list with a list of numbers for each layer", partial(_lists, 2, _number)),
        "shared_bias": _FLAG,
    },
    "names": {
        "inputs": _TEXTS,
        "layers": _TEXTS,
        "neurons": Kind("a list with a list of texts for each layer", partial(_lists, 2, _text)),
        "weights": Kind("texts in the shape of network.weights", partial(_lists, 3, _text)),
        "biases": Kind(
            "a text for each layer if the bias is shared, else a list of texts for each layer",
            lambda value: _lists(1, _text, value) or _lists(2, _text, value),
        ),
        "net": _TEXT,
        "out": _TEXT,
        "error": _TEXT,
        "loss": _TEXT,
    },
    "data": {"inputs": _MATRIX, "targets": _MATRIX},
    "loss": {"name": _one_of(LOSSES), "l2": _NUMBER},
    "training": {"learning_rate": _NUMBER, "steps": _COUNT, "train_biases": _FLAG, "update": _one_of(UPDATES)},
}
"""Every section and key of a problem file, and what it takes."""

REQUIRED = {"": ["title"], "network": ["weights", "biases"], "data": ["inputs", "targets"]}


def builtin_names() -> list[str]:
    """The names of the problems that come with microbp.

    >>> "w1-w8" in builtin_names()
    True
    """
    files = resources.files("microbp.problems").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def load(name: str, numbers: Mapping[str, float] | None = None) -> Problem:
    """The problem of that name: a built-in one, a TOML file, or an expression with `numbers` for its names.

    Raises `ProblemError` if it cannot be used, saying which key of which file, or which part of the expression.
    """
    if numbers and (name in builtin_names() or name.endswith(".toml")):
        raise ProblemError(f"{name} has its numbers already: NAME=NUMBER belongs to an expression")
    if not numbers:
        if name in builtin_names():
            return parse((resources.files("microbp.problems") / f"{name}.toml").read_text("utf-8"), name)
        if name.endswith(".toml"):
            try:
                return parse(Path(name).read_text("utf-8"), name)
            except (OSError, UnicodeDecodeError) as error:
                raise ProblemError(f"cannot read the problem file {name!r}: {error}") from error
    try:
        return ExpressionProblem(name, numbers or {})
    except ProblemError as error:
        if numbers or not name.replace("-", "").replace("_", "").isalnum():
            raise
        raise ProblemError(
            f"{unknown('problem', name, builtin_names())}; or give a .toml file, or an expression"
        ) from error


def parse(text: str, name: str) -> NetworkProblem:
    """The problem that a TOML text describes; `name` is what errors call it."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also for numbers and nesting beyond Python's limits
        raise ProblemError(f"{name}: this is not TOML: {error}") from error
    top = {key: value for key, value in document.items() if key not in SCHEMA or key == ""}
    sections = {"": top} | {key: value for key, value in document.items() if key not in top}
    for section, values in sections.items():
        if not isinstance(values, dict):
            raise ProblemError(f"{name}: [{section}] must be a section, got {values!r}")
        for key, value in values.items():
            _check(name, section, key, value)
    for section, keys in REQUIRED.items():
        for key in keys:
            if key not in sections.get(section, {}):
                raise ProblemError(f"{name}: {_path(section, key)} is missing; it must be {SCHEMA[section][key].words}")
    loss = {{"name": "loss"}.get(key, key): value for key, value in sections.get("loss", {}).items()}
    names = sections.get("names")
    settings = {**top, **sections["network"], **sections["data"], **loss, **sections.get("training", {})}
    try:
        count = sum(len(row) + 1 for matrix in settings["weights"] for row in matrix)
        if count > MAX_PARAMETERS:
            raise ProblemError(f"a problem may have {MAX_PARAMETERS:,} parameters, got {count:,}")
        return NetworkProblem(**settings, names=Names(**names) if names else None)
    except MicrobpError as error:
        raise ProblemError(f"{name}: {error}") from error
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ProblemError(f"{name}: the sections do not fit together: {error}") from error


def _path(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _check(name: str, section: str, key: str, value: Any) -> None:
    if key not in SCHEMA[section]:
        known = [_path(section, k) for k in SCHEMA[section]] + [s for s in SCHEMA if s and not section]
        raise ProblemError(f"{name}: {unknown('key', _path(section, key), known)}")
    if not SCHEMA[section][key].fits(value):
        raise ProblemError(f"{name}: {_path(section, key)} must be {SCHEMA[section][key].words}, got {short(value)}")
