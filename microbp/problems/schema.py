"""What may stand in a problem file: every section and key, what it takes and what it means.

>>> SCHEMA["network"]["sizes"].kind.words
'a list of whole numbers, 1 or more'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from microbp.datasets import DATASETS
from microbp.errors import ProblemError, nearest
from microbp.losses import ALIASES, LOSSES, OVER
from microbp.nn import ACTIVATIONS, OUTPUTS
from microbp.nn.initial import INITS
from microbp.nn.layout import CHOICES, MEANS
from microbp.problems.kinds import (
    BIASES,
    FLAG,
    MATRIX,
    NUMBER,
    SIZES,
    TARGETS,
    TEXT,
    TEXTS,
    TEXTS_OF_BIASES,
    TEXTS_OF_LAYERS,
    TEXTS_OF_WEIGHTS,
    WEIGHTS,
    Kind,
    one_of,
    one_or_each,
    short,
    whole_number,
)
from microbp.problems.settings import KINDS, PENALTIES


class Key(NamedTuple):
    """A key of a problem file: what it takes, what it means; a value of it, as TOML."""

    kind: Kind
    about: str
    example: str


_LOSSES = (*LOSSES, *ALIASES, "cross_entropy")


def _is_loss(value: Any) -> bool:
    """Whether it is the name of a loss, in any case of its letters, with - or a space for _."""
    return isinstance(value, str) and value.lower().replace("-", "_").replace(" ", "_") in _LOSSES


SCHEMA: dict[str, dict[str, Key]] = {
    "": {"title": Key(TEXT, "what `microbp problems` says of it", '"My network"')},
    "network": {
        "sizes": Key(SIZES, "the inputs, then the neurons of each layer; or give weights and biases", "[2, 3, 1]"),
        "init": Key(one_of(INITS), "how weights begin where only sizes are given; biases are 0", '"glorot"'),
        "seed": Key(whole_number(0), "of the random weights", "0"),
        "weights": Key(WEIGHTS, "weights[l][j][k]: layer l, to neuron j, from input k", "[[[0.15, 0.20]]]"),
        "biases": Key(BIASES, "biases[l][j]: layer l, neuron j", "[[0.35]]"),
        "activation": Key(one_or_each(ACTIVATIONS, "hidden layer"), "of the hidden layers", '"tanh"'),
        "output": Key(
            one_of(OUTPUTS), "the activation of the last layer; a cross-entropy takes the softmax itself", '"sigmoid"'
        ),
        "shared_bias": Key(FLAG, "one bias for a whole layer, not one for each neuron", "false"),
    },
    "layout": {kind: Key(one_of(allowed), MEANS[kind], f'"{allowed[0]}"') for kind, allowed in CHOICES.items()},
    "names": {
        "inputs": Key(TEXTS, "a name for each input", '["i1", "i2"]'),
        "layers": Key(TEXTS, "a name for each layer", '["hidden layer", "output layer"]'),
        "neurons": Key(
            TEXTS_OF_LAYERS,
            "a name for each neuron",
            '[["h1", "h2", "h3"], ["o1"]]',
        ),
        "weights": Key(
            TEXTS_OF_WEIGHTS,
            "a name for each weight",
            '[[["w1", "w2"], ["w3", "w4"], ["w5", "w6"]], [["w7", "w8", "w9"]]]',
        ),
        "biases": Key(
            TEXTS_OF_BIASES,
            "a name for each bias, or one for each layer (with _neuron added unless shared)",
            '["b1", "b2"]',
        ),
        "net": Key(TEXT, "what a net is called; {neuron} is the neuron's name", '"net_{neuron}"'),
        "out": Key(TEXT, "what an activation is called", '"out_{neuron}"'),
        "error": Key(TEXT, "what an output's share of the loss is called", '"E_{neuron}"'),
        "loss": Key(TEXT, "what the loss is called", '"E"'),
    },
    "data": {
        "inputs": Key(MATRIX, "a row for each sample; or name a dataset", "[[0.0, 1.0], [1.0, 1.0]]"),
        "targets": Key(TARGETS, "a row for each sample", "[[1.0], [0.0]]"),
        "dataset": Key(one_of(DATASETS), "one of `microbp.datasets`, instead of inputs and targets", '"moons"'),
        "samples": Key(whole_number(1), "how many of a dataset that is made", "100"),
        "noise": Key(NUMBER, "the standard deviation of the noise in such a dataset", "0.1"),
        "seed": Key(whole_number(0), "of such a dataset, and of which samples are held out (0)", "0"),
        "held_out": Key(whole_number(0), "how many samples training never sees: they judge what was learnt", "0"),
        "shown": Key(whole_number(1), "how many samples the graph is of that is stepped through and drawn (all)", "1"),
    },
    "loss": {
        "name": Key(one_of(_LOSSES)._replace(fits=_is_loss), "with all its conventions", '"half_squared_error"'),
        "half": Key(FLAG, "whether a ½ stands before a squared error, if the name does not say so", "true"),
        "over": Key(one_of(OVER), "what it is averaged over: nothing (sum), the m samples, all m·n outputs", '"sum"'),
        "l2": Key(NUMBER, "λ of a penalty on the weights", "0.0"),
        "penalty": Key(one_of(PENALTIES), "what stands before the penalty's Σ w²", '"λ/2m"'),
        "penalize_biases": Key(FLAG, "whether the penalty is on the biases, too", "false"),
    },
    "training": {
        "learning_rate": Key(KINDS["learning_rate"], "of each step", "0.5"),
        "steps": Key(KINDS["steps"], "how many", "100"),
        "batch_size": Key(KINDS["batch_size"], "samples in a step (all)", "1"),
        "optimizer": Key(KINDS["optimizer"], "the rule that changes parameters", '"sgd"'),
        "momentum": Key(KINDS["momentum"], "of sgd", "0.0"),
        "schedule": Key(KINDS["schedule"], "of the learning rate", '"constant"'),
        "decay": Key(KINDS["decay"], 'what the schedule "step" multiplies the rate by', "0.5"),
        "decay_every": Key(KINDS["decay_every"], "after how many steps it does", "1000"),
        "train_biases": Key(FLAG, "whether biases are trained", "true"),
        "update": Key(
            KINDS["update"], '"output-first" changes output weights too early: a known slip', '"simultaneous"'
        ),
        "engine": Key(
            KINDS["engine"],
            "the scalar graph, its matrix form derived from it (compiled), or vectorized NumPy",
            '"scalar"',
        ),
        "seed": Key(KINDS["seed"], "of the order in which samples are taken", "0"),
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


def check_key(name: str, section: str, key: str, value: Any) -> None:
    """Raises `ProblemError` for a key that there is not, with the nearest one, and for a value of the wrong kind."""
    if key not in SCHEMA[section]:
        known = [path(section, k) for k in SCHEMA[section]] + [s for s in SCHEMA if s and not section]
        raise ProblemError(f"{name}: {nearest('key', path(section, key), known)}")
    kind = SCHEMA[section][key].kind
    if kind.fits(value):
        return
    if kind.choices and isinstance(value, str):
        raise ProblemError(f"{name}: {nearest(path(section, key), value, kind.choices)}")
    raise ProblemError(f"{name}: {path(section, key)} must be {kind.words}, got {short(value)}")


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
                words = SCHEMA[section][key].kind.words
                raise ProblemError(f"{name}: {path(section, key)} is missing; it must be {words}{other}")


def _among_weights(sections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the biases may stand where the weights are: in their file, or in a column of theirs."""
    apart = sections.get("layout", {}).get("bias", "apart") == "apart"
    return not apart or isinstance(sections.get("network", {}).get("weights"), str)
