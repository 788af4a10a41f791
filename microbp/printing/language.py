"""The language of what a learner reads: English stands in the code where it is said, others in a catalogue each.

>>> say("It is the only contribution to {name}.", name="w5")
'It is the only contribution to w5.'
>>> with language("zh"):
...     print(say("It is the only contribution to {name}.", name="w5"))
这是 w5 收到的唯一一项贡献。
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from microbp.errors import UnknownNameError, nearest

_HERE = os.path.dirname(__file__)
ENGLISH = "en"
VARIABLE = "MICROBP_LANG"
"""The environment variable that names the language of a whole process."""
_in_force: ContextVar[str | None] = ContextVar("language", default=None)


@contextmanager
def language(name: str | None) -> Iterator[None]:
    """Says everything below it in that language, in this thread alone; `None`: as the environment has it.

    Raises `UnknownNameError` for a language without a catalogue, with the list of those that have one.

    >>> with language("fr"): ...
    Traceback (most recent call last):
    microbp.errors.UnknownNameError: unknown language: 'fr' (must be one of ['en', 'zh'])
    """
    token = _in_force.set(_known(name) if name else language_now())
    try:
        yield
    finally:
        _in_force.reset(token)


def languages() -> list[str]:
    """The languages there are: English, and one for each catalogue."""
    return [ENGLISH, *sorted(name.removesuffix(".toml") for name in os.listdir(_HERE) if name.endswith(".toml"))]


def language_now() -> str:
    """The language in force. Raises `UnknownNameError` if the environment names one without a catalogue."""
    return _in_force.get() or _known(os.environ.get(VARIABLE) or ENGLISH)


def say(template: str, /, **fields: object) -> str:
    """A whole sentence with its named fields put in, in the language in force. The English one is its name."""
    return translated(template).format(**fields)


def translated(template: str, /) -> str:
    """A sentence with its fields in braces, in the language in force."""
    name = language_now()
    return template if name == ENGLISH else catalogue(name)[template]


def word(text: str, /) -> str:
    """What stands in a table of data, in the language in force; what no catalogue knows, a learner's own, stays.

    What ends in a number or a name of its own, or begins with one, has one entry, with {} for that.

    >>> with language("zh"):
    ...     word("Right."), word("neuron h1"), word("my own title")
    ('正确。', '神经元 h1', 'my own title')
    """
    name = language_now()
    if name == ENGLISH:
        return text
    found = catalogue(name)
    if text in found:
        return found[text]
    (kind, _, last), (first, _, rest) = text.rpartition(" "), text.partition(" ")
    for entry, own in ((f"{kind} {{}}", last), (f"{{}} {rest}", first)):
        if entry in found:
            return found[entry].replace("{}", own)
    return text


def part(section: str) -> Mapping[str, str]:
    """One section of the catalogue in force, for what speaks for itself, such as a page; empty in English."""
    name = language_now()
    return {} if name == ENGLISH else _sections(name)[section]


@cache
def catalogue(name: str) -> Mapping[str, str]:
    """Every sentence of a language by the English one."""
    return {english: said for section in _sections(name).values() for english, said in section.items()}


@cache
def _sections(name: str) -> Mapping[str, Mapping[str, str]]:
    import tomllib  # which nobody waits for who reads English

    with open(os.path.join(_HERE, f"{name}.toml"), "rb") as file:
        return tomllib.load(file)


@cache
def _known(name: str) -> str:
    short = re.split("[-_.]", name)[0].lower()  # of a locale, zh_CN.UTF-8, too
    if short not in languages():
        raise UnknownNameError(nearest("language", name, languages()))
    return short
