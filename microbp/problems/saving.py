"""A problem as the text of a problem file: what `load` reads back.

>>> print(as_toml({"": {"title": "Mine"}, "network": {"sizes": [2, 1]}, "names": {}}), end="")
title = "Mine"
<BLANKLINE>
[network]
sizes = [2, 1]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from microbp.problems.arrays import held_out_split


def as_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Sections of keys, with the section "" on top, as TOML; what is None, and a section with nothing, is left out."""
    parts = []
    for section, keys in sections.items():
        lines = [f"{key} = {_value(value)}" for key, value in keys.items() if value is not None]
        if lines:
            parts.append("\n".join([f"[{section}]", *lines] if section else lines))
    return "\n\n".join(parts) + "\n"


def _value(value: Any, indent: str = "") -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if not isinstance(value, list | tuple):
        return repr(value)
    if not any(isinstance(part, list | tuple | np.ndarray) for part in value):
        return f"[{', '.join(map(_value, value))}]"
    inner = f"{indent}    "
    return "\n".join(["[", *(f"{inner}{_value(part, inner)}," for part in value), f"{indent}]"])


def sections(problem: Any) -> dict[str, dict[str, Any]]:
    """The sections of the file of a network problem: its weights of now, in the layout that is said."""
    layout, functions = problem.layout, problem.model.activations()
    weights, biases = layout.written(*problem.model.arrays())
    held_out = len(problem.held_out_inputs)
    order = held_out_split(len(problem.inputs) + held_out, held_out)
    inputs, targets = (
        np.concatenate(parts)[np.argsort(np.concatenate(order))]
        for parts in ((problem.inputs, problem.held_out_inputs), (problem.targets, problem.held_out_targets))
    )
    return {
        "": {"title": problem.title},
        "network": {"weights": weights, "biases": biases, **functions, "shared_bias": problem.shared_bias},
        "layout": {kind: part for kind, part in layout._asdict().items() if part},
        "names": {} if problem.names is None else vars(problem.names),
        "data": {
            "inputs": layout.batch(inputs),
            "targets": layout.batch(targets),
            "held_out": held_out or None,
            "shown": problem.shown,
        },
        "loss": {"name": problem.loss} | {key: getattr(problem, key) for key in ("l2", "penalty", "penalize_biases")},
        "training": {**vars(problem.training), "train_biases": problem.train_biases},
    }


def problem_in_words(problem: Any) -> list[tuple[str, str]]:
    """What there is to say of a network problem, a line for each section: its name, and a sentence without an end."""
    sizes = "-".join(map(str, [len(problem.model.input_labels), *(len(bias) for bias in problem.biases)]))
    functions = problem.model.activations()
    hidden, output = functions["activation"], functions["output"]
    hidden = ", ".join(hidden) if isinstance(hidden, list) else hidden
    biases = f"one bias for each {'layer' if problem.shared_bias else 'neuron'}"
    biases += "" if problem.train_biases else ", not trained"
    held_out = f", {len(problem.held_out_inputs):,} held out" if len(problem.held_out_inputs) else ""
    shown = f", the first {problem.shown:,} shown" if problem.shown else ""
    count = len(problem.inputs)
    penalized = " of weights and biases" if problem.penalize_biases else ""
    penalty = f", penalty {problem.penalty} · Σw²{penalized} with λ = {problem.l2:g}" if problem.l2 else ""
    return [
        ("  network", f"{sizes}; hidden {hidden}, output {output}; {biases}"),
        ("  data", f"{count:,} sample{'s' if count != 1 else ''}{held_out}{shown}"),
        ("  loss", f"{problem.loss}{penalty}"),
        ("  training", str(problem.training)),
    ]
