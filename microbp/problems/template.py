"""Every key of a problem file, as a file to begin with and as a table.

>>> print(template().splitlines()[0])
title = "My network"  # what `microbp problems` says of it
"""

from __future__ import annotations

from collections.abc import Iterator

from microbp.printing import say, word
from microbp.problems.schema import SCHEMA, Key, path

_FILLED = {
    *("title", "network.sizes", "network.activation", "network.output", "data.inputs", "data.targets"),
    *("loss.name", "training.learning_rate", "training.steps"),
}
"""What stands in the template as it is; all the rest is commented out."""


def template() -> str:
    """A problem file to begin with: it can be loaded as it is, and every key stands in it with its meaning."""
    return "\n".join(_template()) + "\n"


def _template() -> Iterator[str]:
    for section, keys in SCHEMA.items():
        hidden = {name: "" if path(section, name) in _FILLED else "# " for name in keys}
        if section:
            yield f"\n{'' if '' in hidden.values() else '# '}[{section}]"
        for name, key in keys.items():
            yield f"{hidden[name]}{name} = {word(key.example)}  # {_meaning(key)}"


def _meaning(key: Key) -> str:
    about, choices = word(key.about), list(key.kind.choices)
    if not choices:
        return about
    said = say("{about}: one of {choices}", about=about, choices=choices)
    each = key.kind.fits(choices)  # a list of them, too
    return say("{said}, or a list with one for each hidden layer", said=said) if each else said


def keys_table() -> list[tuple[str, str, str]]:
    """A row for each key: the key, what it takes, what it means."""
    return [(path(s, name), key.kind.words, key.about) for s, keys in SCHEMA.items() for name, key in keys.items()]
