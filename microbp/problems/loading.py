"""From a TOML file to a problem, with errors that name the file, the key, and what was expected."""

from __future__ import annotations

import inspect
import os
import re
import reprlib
import tomllib
from collections.abc import Mapping
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

from microbp.datasets import DATASETS
from microbp.errors import MicrobpError, ProblemError, nearest
from microbp.losses import loss_named
from microbp.nn.initial import start
from microbp.nn.layout import ArrayLayout
from microbp.printing import read_file
from microbp.problems.arrays import held_out_split, network_arrays, sizes_of
from microbp.problems.expression import ExpressionProblem
from microbp.problems.kinds import short
from microbp.problems.names import Names
from microbp.problems.network import NetworkProblem, Problem
from microbp.problems.schema import SCHEMA, check_key, check_required
from microbp.problems.settings import Training

MAX_PARAMETERS = 250_000
MAX_SAMPLES = 10_000
MAX_LAYERS = 1_000
MAX_BYTES = 2_000_000
_PATH = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){8}""")
"""A key in a key in a key, eight deep: tomllib takes the square of their count."""


def builtin_names() -> list[str]:
    """The names of the problems that come with microbp.

    >>> "w1-w8" in builtin_names()
    True
    """
    files = resources.files("microbp.problems").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def titles() -> dict[str, str]:
    """The title of each of them, for which no data are loaded.

    >>> titles()["w1-w8"]
    'The w1–w8 network: 2-2-2, sigmoid, one sample'
    """
    return {name: _sections(_builtin(name), name)[""]["title"] for name in builtin_names()}


def _builtin(name: str) -> str:
    return (resources.files("microbp.problems") / f"{name}.toml").read_text("utf-8")


def _text(name: Any) -> str:
    try:
        return os.fsdecode(name)
    except TypeError:
        raise ProblemError(
            f"load needs the name of a problem, a file or an expression, got {reprlib.repr(name)}"
        ) from None


def load(name: str | os.PathLike[str], numbers: Mapping[str, float] | None = None) -> Problem:
    """The problem of that name: a built-in one, a TOML file, or an expression with `numbers` for its names.

    Raises `ProblemError` if it cannot be used, saying which key of which file, or which part of the expression.
    """
    name = _text(name)
    if numbers and (name in builtin_names() or name.endswith(".toml")):
        raise ProblemError(f"{name} has its numbers already: NAME=NUMBER belongs to an expression")
    if not numbers:
        if name in builtin_names():
            return parse(_builtin(name), name)
        if name.endswith(".toml"):
            try:
                text = read_file(name, MAX_BYTES).decode("utf-8-sig")
            except (OSError, ValueError) as error:  # ValueError: not UTF-8, or no name of a file
                said = "there is no such file" if isinstance(error, FileNotFoundError) else error
                raise ProblemError(f"cannot read the problem file {name!r}: {said}") from error
            return parse(text, name)
    try:
        return ExpressionProblem(name, numbers or {})
    except ProblemError as error:
        if numbers or not name.replace("-", "").replace("_", "").isalnum():
            raise
        raise ProblemError(
            f"{nearest('problem', name, builtin_names())}; or give a .toml file, or an expression"
        ) from error


def parse(text: str, name: str) -> NetworkProblem:
    """The problem that a TOML text describes; `name` is what errors call it."""
    sections = _sections(text, name)
    network, data, training = (dict(sections.get(key, {})) for key in ("network", "data", "training"))
    layout = ArrayLayout(**sections.get("layout", {}))
    loss, names = dict(sections.get("loss", {})), sections.get("names")
    more: dict[str, Any] = {}
    if loss.keys() & {"name", "half", "over"}:
        known, half, over = loss.pop("name", "half_squared_error"), loss.pop("half", None), loss.pop("over", None)
        more["loss"] = loss_named(known, half, over, network.get("output", "sigmoid"))
    if network.get("output") == "softmax" and "loss" not in more:
        raise ProblemError(f'{name}: network.output = "softmax" needs a loss.name, for example "cross_entropy"')
    if "train_biases" in training or network.get("biases") is False:
        more["train_biases"] = training.pop("train_biases", True) and network.get("biases") is not False
    try:
        return NetworkProblem(
            title=sections[""]["title"],
            **_weights(network, layout, Path(name).parent if name.endswith(".toml") else None),
            **_samples(data, layout),
            layout=layout,
            **loss,
            **more,
            training=Training(**training),
            names=Names(**names) if names else None,
            source=name,
        )
    except MicrobpError as error:
        raise ProblemError(f"{name}: {error}") from error
    except ImportError as error:
        raise ProblemError(f"{name}: {error}") from error
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ProblemError(f"{name}: the sections do not fit together: {error}") from error


def _sections(text: str, name: str) -> dict[str, dict[str, Any]]:
    """The sections of a TOML text, top-level keys under "", each key known and of the right kind."""
    if found := _PATH.search(text):
        raise ProblemError(f"{name}: a key has one dot at the most, network.sizes for example; got {short(found[0])}")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also for numbers and nesting beyond Python's limits
        raise ProblemError(f"{name}: this is not TOML: {error}") from error
    top = {key: value for key, value in document.items() if key not in SCHEMA or key == ""}
    sections = {"": top} | {key: value for key, value in document.items() if key not in top}
    for section, values in sections.items():
        if not isinstance(values, dict):
            raise ProblemError(f"{name}: [{section}] must be a section, got {short(values)}")
        for key, value in values.items():
            check_key(name, section, key, value)
    check_required(name, sections)
    return sections


def _weights(network: dict[str, Any], layout: ArrayLayout, folder: Path | None) -> dict[str, Any]:
    """The section `network` with weights and biases in our layout, made by rule if it has sizes only."""
    rest = {key: value for key, value in network.items() if key not in ("sizes", "init", "seed")}
    sizes = network.get("sizes")
    if sizes is None:
        arrays = network_arrays(network["weights"], network.get("biases"), layout, folder)
        rest |= zip(("weights", "biases"), arrays, strict=True)
        sizes = sizes_of(rest["weights"])
        if extra := [key for key in ("init", "seed") if key in network]:
            raise ProblemError(f"network.{extra[0]} belongs to network.sizes: weights and biases are given")
    if len(sizes) - 1 > MAX_LAYERS:
        raise ProblemError(f"a problem may have {MAX_LAYERS:,} layers, got {len(sizes) - 1:,}")
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    if count > MAX_PARAMETERS:
        raise ProblemError(f"a problem may have {MAX_PARAMETERS:,} parameters, got {count:,}: take smaller layers")
    if "sizes" in network:
        init = {key: network[key] for key in ("init", "seed") if key in network}
        rest["weights"], rest["biases"] = start(sizes, **init)
    return rest


def _samples(data: dict[str, Any], layout: ArrayLayout) -> dict[str, Any]:
    """The section `data` with its samples, the held-out ones apart."""
    given = {"seed": 0} | {key: data[key] for key in ("samples", "noise", "seed") if key in data}
    if (count := max(given.get("samples", 0), len(data.get("inputs", ())))) > MAX_SAMPLES:
        raise ProblemError(f"a problem may have {MAX_SAMPLES:,} samples, got {count:,}")
    if "dataset" not in data:
        wants = ("samples", "noise") if data.get("held_out") else ("samples", "noise", "seed")
        if extra := [key for key in wants if key in data]:
            raise ProblemError(f"data.{extra[0]} belongs to data.dataset: inputs and targets are given")
        X, Y = data["inputs"], data["targets"]
        if layout.samples == "columns":
            X, Y = list(zip(*X, strict=True)), list(zip(*Y, strict=True)) if isinstance(Y[0], list) else Y
    else:
        make = DATASETS[data["dataset"]]
        takes = list(inspect.signature(make).parameters)
        if extra := [key for key in ("samples", "noise") if key in given and key not in takes]:
            raise ProblemError(f"data.{extra[0]} does not fit the dataset {data['dataset']}, which takes {takes}")
        X, Y = make(**{key: value for key, value in given.items() if key in takes})
    samples = {"inputs": X, "targets": Y, "shown": data.get("shown")}
    held_out = data.get("held_out", 0)
    if held_out and len(X) == len(Y):
        if held_out >= len(X):
            raise ProblemError(f"data.held_out must leave a sample to train on: there are {len(X)}, got {held_out}")
        for prefix, rows in zip(("", "held_out_"), held_out_split(len(X), held_out, given["seed"]), strict=True):
            samples |= {f"{prefix}inputs": [X[i] for i in rows], f"{prefix}targets": [Y[i] for i in rows]}
    return samples
