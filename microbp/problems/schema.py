"""What may stand in a problem file: every section and key, what it takes and what it means.

>>> SCHEMA["network"]["sizes"].words
'a list of whole numbers, 1 or more'
"""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

from microbp.datasets import DATASETS
from microbp.errors import ProblemError, unknown
from microbp.losses import ALIASES, LOSSES, OVER
from microbp.nn import ACTIVATIONS
from microbp.nn.initial import INITS
from microbp.nn.layout import CHOICES, MEANS
from microbp.optim import OPTIMIZERS, SCHEDULES
from microbp.problems.arrays import is_file
from microbp.problems.settings import ENGINES, PENALTIES, UPDATES


class Key(NamedTuple):
    """A key of a problem file: what it takes, in words and as a test; what it means; a value of it, as TOML."""

    words: str
    fits: Callable[[Any], bool]
    about: str
    example: str


def short(value: Any) -> str:
    """A value of any size as an error shows it."""
    text = reprlib.repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


def _number(value: Any) -> bool:
    """Whether a float can hold it, and it is on the real line: no inf, no nan."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(least: int) -> tuple[str, Callable[[Any], bool]]:
    words = f"a whole number, {least} or more"
    return words, lambda value: isinstance(value, int) and _number(value) and least <= value < 2**63


def _lists(depth: int, inner: Callable[[Any], bool], value: Any) -> bool:
    """Whether the value is a list of lists … so deep, none of them empty, with what `inner` takes inside."""
    if depth == 0:
        return inner(value)
    return isinstance(value, list) and bool(value) and all(_lists(depth - 1, inner, v) for v in value)


def _matrix(value: Any) -> bool:
    """Whether the value is a list of rows of numbers, all as long."""
    return _lists(2, _number, value) and len({len(row) for row in value}) == 1


def _a_layer(fits: Callable[[Any], bool], value: Any) -> bool:
    """Whether it is a list with something that fits for each layer, or a file."""
    return is_file(value) or _lists(1, lambda one: is_file(one) or fits(one), value)


def _one_of(names: Iterable[str]) -> tuple[str, Callable[[Any], bool]]:
    allowed = list(names)
    return f"one of {allowed}", lambda value: value in allowed


_TEXT = ("a text", _text)
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_NUMBER = ("a number, 0 or more", lambda value: _number(value) and value >= 0)
_SHARE = ("a number from 0 to 1", lambda value: _number(value) and 0 <= value <= 1)
_MATRIX = ("a list of rows of numbers", partial(_lists, 2, _number))
_TARGETS = (
    "a list of rows of numbers, or for each sample the number of its class, from 0",
    lambda value: _lists(2, _number, value) or _lists(1, _number, value),
)
_TEXTS = ("a list of texts", partial(_lists, 1, _text))
_ACTIVATIONS = (
    f"one of {list(ACTIVATIONS)}, or a list with one for each hidden layer",
    lambda value: all(name in ACTIVATIONS for name in (value if isinstance(value, list) else [value])),
)
_FILE = "; or a file, .npz or .npy"
_WEIGHTS = (f"a list with a matrix for each layer: a row a neuron, all as long{_FILE}", partial(_a_layer, _matrix))
_BIASES = (
    f"a list with a list of numbers for each layer; or false: there are none{_FILE}",
    lambda value: value is False or _a_layer(lambda one: _lists(1, _number, one) or _matrix(one), value),
)
_SIZES = ("a list of whole numbers, 1 or more", partial(_lists, 1, _whole(1)[1]))
_BIAS_NAMES = (
    "a text for each layer, or a list of texts for each layer",
    lambda value: _lists(1, _text, value) or _lists(2, _text, value),
)

SCHEMA: dict[str, dict[str, Key]] = {
    "": {"title": Key(*_TEXT, "what `microbp problems` says of it", '"My network"')},
    "network": {
        "sizes": Key(*_SIZES, "the inputs, then the neurons of each layer; or give weights and biases", "[2, 3, 1]"),
        "init": Key(*_one_of(INITS), "how weights begin where only sizes are given; biases are 0", '"glorot"'),
        "seed": Key(*_whole(0), "of the random weights", "0"),
        "weights": Key(*_WEIGHTS, "weights[l][j][k]: layer l, to neuron j, from input k", "[[[0.15, 0.20]]]"),
        "biases": Key(*_BIASES, "biases[l][j]: layer l, neuron j", "[[0.35]]"),
        "activation": Key(*_ACTIVATIONS, "of the hidden layers", '"tanh"'),
        "output": Key(*_one_of(ACTIVATIONS), "the activation of the last layer", '"sigmoid"'),
        "shared_bias": Key(*_FLAG, "one bias for a whole layer, not one for each neuron", "false"),
    },
    "layout": {kind: Key(*_one_of(allowed), MEANS[kind], f'"{allowed[0]}"') for kind, allowed in CHOICES.items()},
    "names": {
        "inputs": Key(*_TEXTS, "a name for each input", '["i1", "i2"]'),
        "layers": Key(*_TEXTS, "a name for each layer", '["hidden layer", "output layer"]'),
        "neurons": Key(
            "a list with a list of texts for each layer",
            partial(_lists, 2, _text),
            "a name for each neuron",
            '[["h1", "h2", "h3"], ["o1"]]',
        ),
        "weights": Key(
            "texts in the shape of network.weights",
            partial(_lists, 3, _text),
            "a name for each weight",
            '[[["w1", "w2"], ["w3", "w4"], ["w5", "w6"]], [["w7", "w8", "w9"]]]',
        ),
        "biases": Key(
            *_BIAS_NAMES,
            "a name for each bias, or one for each layer (with _neuron added unless shared)",
            '["b1", "b2"]',
        ),
        "net": Key(*_TEXT, "what a net is called; {neuron} is the neuron's name", '"net_{neuron}"'),
        "out": Key(*_TEXT, "what an activation is called", '"out_{neuron}"'),
        "error": Key(*_TEXT, "what an output's share of the loss is called", '"E_{neuron}"'),
        "loss": Key(*_TEXT, "what the loss is called", '"E"'),
    },
    "data": {
        "inputs": Key(*_MATRIX, "a row for each sample; or name a dataset", "[[0.0, 1.0], [1.0, 1.0]]"),
        "targets": Key(*_TARGETS, "a row for each sample", "[[1.0], [0.0]]"),
        "dataset": Key(*_one_of(DATASETS), "one of `microbp.datasets`, instead of inputs and targets", '"moons"'),
        "samples": Key(*_whole(1), "how many of a dataset that is made", "100"),
        "noise": Key(*_NUMBER, "the standard deviation of the noise in such a dataset", "0.1"),
        "seed": Key(*_whole(0), "of such a dataset, and of which samples are held out (0)", "0"),
        "held_out": Key(*_whole(0), "how many samples training never sees: they judge what was learnt", "0"),
        "shown": Key(*_whole(1), "how many samples the graph is of that is stepped through and drawn (all)", "1"),
    },
    "loss": {
        "name": Key(
            *_one_of([*LOSSES, *ALIASES, "cross_entropy"]), "of each output, summed how", '"half_squared_error"'
        ),
        "half": Key(*_FLAG, "whether a ½ stands before a squared error, if the name does not say so", "true"),
        "over": Key(*_one_of(OVER), "what it is averaged over: nothing (sum), the m samples, all m·n outputs", '"sum"'),
        "l2": Key(*_NUMBER, "λ of a penalty on the weights", "0.0"),
        "penalty": Key(*_one_of(PENALTIES), "what stands before the penalty's Σ w²", '"λ/2m"'),
        "penalize_biases": Key(*_FLAG, "whether the penalty is on the biases, too", "false"),
    },
    "training": {
        "learning_rate": Key(*_NUMBER, "of each step", "0.5"),
        "steps": Key(*_whole(0), "how many", "100"),
        "batch_size": Key(*_whole(1), "samples in a step (all)", "1"),
        "optimizer": Key(*_one_of(OPTIMIZERS), "the rule that changes parameters", '"sgd"'),
        "momentum": Key(*_NUMBER, "of sgd", "0.0"),
        "schedule": Key(*_one_of(SCHEDULES), "of the learning rate", '"constant"'),
        "decay": Key(*_SHARE, 'what the schedule "step" multiplies the rate by', "0.5"),
        "decay_every": Key(*_whole(1), "after how many steps it does", "1000"),
        "train_biases": Key(*_FLAG, "whether biases are trained", "true"),
        "update": Key(
            *_one_of(UPDATES), '"output-first" changes output weights too early: a known slip', '"simultaneous"'
        ),
        "engine": Key(*_one_of(ENGINES), "the scalar graph, or vectorized NumPy", '"scalar"'),
        "seed": Key(*_whole(0), "of the order in which samples are taken", "0"),
    },
}
"""Every section and key of a problem file."""

REQUIRED = {
    "": (("title",),),
    "network": (("sizes",), ("weights", "biases")),
    "data": (("dataset",), ("inputs", "targets")),
}
"""For each section the keys that must be there: one of these groups, and only one."""


def path(section: str, key: str) -> str:
    """The key as errors write it."""
    return f"{section}.{key}" if section else key


def check(name: str, section: str, key: str, value: Any) -> None:
    """Raises `ProblemError` for a key that there is not, with the nearest one, and for a value of the wrong kind."""
    if key not in SCHEMA[section]:
        known = [path(section, k) for k in SCHEMA[section]] + [s for s in SCHEMA if s and not section]
        raise ProblemError(f"{name}: {unknown('key', path(section, key), known)}")
    if not SCHEMA[section][key].fits(value):
        words = SCHEMA[section][key].words
        near = get_close_matches(value, words.split("'")[1::2], n=1) if isinstance(value, str) else []
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ProblemError(f"{name}: {path(section, key)} must be {words}, got {short(value)}{hint}")


def check_required(name: str, sections: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises `ProblemError` for a key that is missing, and for two that exclude each other."""
    for section, groups in REQUIRED.items():
        given = sections.get(section, {})
        begun = [group for group in groups if any(given.get(key, False) is not False for key in group)]
        if len(begun) > 1:
            both = " and ".join(path(section, next(key for key in group if key in given)) for group in begun)
            raise ProblemError(f"{name}: {both} exclude each other: give one of them")
        for key in (begun or groups[-1:])[0]:
            if key not in given and not (key == "biases" and _among_weights(sections)):
                other = "" if begun or len(groups) == 1 else f"; or give {path(section, groups[0][0])}"
                words = SCHEMA[section][key].words
                raise ProblemError(f"{name}: {path(section, key)} is missing; it must be {words}{other}")


def _among_weights(sections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the biases may stand where the weights are: in their file, or in a column of theirs."""
    apart = sections.get("layout", {}).get("bias", "apart") == "apart"
    return not apart or isinstance(sections.get("network", {}).get("weights"), str)
