"""From a TOML file to a problem, with errors that name the file, the key, and what was expected."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from microbp.errors import MicrobpError, ProblemError, unknown
from microbp.losses import LOSSES
from microbp.nn import ACTIVATIONS
from microbp.problems.expression import ExpressionProblem
from microbp.problems.network import Names, NetworkProblem, Problem

UPDATES = ("simultaneous", "output-first")
MAX_PARAMETERS = 100_000

_NUMBER, _COUNT, _FLAG, _TEXT = "a number", "a whole number of at least 1", "true or false", "a text"
_MATRIX, _LIST_OF_TEXTS = "a list of rows of numbers", "a list of texts"

SCHEMA: dict[str, dict[str, Any]] = {
    "": {"title": _TEXT},
    "network": {
        "activation": ACTIVATIONS,
        "output": ACTIVATIONS,
        "weights": "a list with a matrix for each layer: rows of numbers, one row for each neuron",
        "biases": "a list with a list of numbers for each layer",
        "shared_bias": _FLAG,
    },
    "names": {
        "inputs": _LIST_OF_TEXTS,
        "layers": _LIST_OF_TEXTS,
        "neurons": "a list of texts for each layer",
        "weights": "texts in the shape of network.weights",
        "biases": "a text for each layer if the bias is shared, else a list of texts for each layer",
        "net": _TEXT,
        "out": _TEXT,
        "error": _TEXT,
        "loss": _TEXT,
    },
    "data": {"inputs": _MATRIX, "targets": _MATRIX},
    "loss": {"name": tuple(LOSSES), "l2": _NUMBER},
    "training": {"learning_rate": _NUMBER, "steps": _COUNT, "train_biases": _FLAG, "update": UPDATES},
}
"""Every section and key of a problem file, and what it takes: one of a tuple, or as the words say."""

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
    except tomllib.TOMLDecodeError as error:
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
                raise ProblemError(f"{name}: {_path(section, key)} is missing; it must be {SCHEMA[section][key]}")
    loss = {{"name": "loss"}.get(key, key): value for key, value in sections.get("loss", {}).items()}
    names = sections.get("names")
    settings = {**top, **sections["network"], **sections["data"], **loss, **sections.get("training", {})}
    try:
        count = sum(len(matrix) * (len(matrix[0]) + 1) for matrix in settings["weights"])
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
        sections = [s for s in SCHEMA if s] if not section else []
        raise ProblemError(
            f"{name}: {unknown('key', _path(section, key), [*(_path(section, k) for k in SCHEMA[section]), *sections])}"
        )
    expected = SCHEMA[section][key]
    choices = value if isinstance(value, list) and key == "activation" else [value]
    if isinstance(expected, tuple):
        for choice in choices:
            if choice not in expected:
                raise ProblemError(f"{name}: {unknown(_path(section, key), choice, expected)}")
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        _NUMBER: number,
        _COUNT: number and isinstance(value, int) and value >= 1,
        _FLAG: isinstance(value, bool),
        _TEXT: isinstance(value, str),
    }.get(expected, isinstance(value, list))
    if not fits:
        raise ProblemError(f"{name}: {_path(section, key)} must be {expected}, got {value!r}")
