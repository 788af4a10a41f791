"""The files that a page is made of: its HTML, in which sentences and parts have their places, its script, its style."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import resources

from microbp.drawing.page.code import rows_source
from microbp.drawing.page.sentences import PageSentences
from microbp.drawing.palette import THEMES, Theme
from microbp.engine.ops import Family, Op
from microbp.formula.javascript import helpers
from microbp.printing import word

SCRIPTS = ("data", "words", "numbers", "formula", "graph", "figure", "change", "quiz", "moves")
"""The files of the script, in the order in which they stand in it."""
_PARTS = re.compile(r"\{\{(\w+)\}\}")
_ELEMENTS = re.compile(r"<([^<>]+)>\{\{= (.+?)\}\}(?=</)", re.DOTALL)
_ATTRIBUTES = re.compile(r'((?:aria-label|placeholder)=")\{\{= (.+?)\}\}"')
"""In the HTML: where a part stands; a sentence that is all of an element, with what is marked up in it; one as an
attribute. The page's script finds them by data-t and data-a."""
_LITERALS = re.compile(r'(//.*|"[^"\n]*"|`[^`]*`|(?<=[(=|n] |.\()/[^/*\n ][^\n]*?/\w*(?=[.,;)]))')
_SPACES = re.compile(r"(?<=[=*/%<>!&|?:;,(){}\[\]]) +| +(?=[=*/%<>!&|?:;,(){}\[\]])|(?<=[^-+] [-+]) +| +(?=[-+] [^-+])")
_UNREAD = re.compile(r"/\*.*?\*/|(?<=[{};,:])\s+|\s+(?=[{}])", re.DOTALL)
"""In the script and the style: what only their readers need, and what is left as it stands."""
_TOLD = re.compile(r'\btold\(\s*"([^"]+)"')


def page_words() -> tuple[list[str], list[str]]:
    """Every sentence of the page's HTML, and of its scripts."""
    text = _file("page.html")
    in_html = [_line(found[2]) for kind in (_ELEMENTS, _ATTRIBUTES) for found in kind.finditer(text)]
    return in_html, _TOLD.findall(_file("words.js"))


def page_body(said: PageSentences) -> str:
    """The HTML with every sentence in the language in force, beside its number."""
    text = _file("page.html")
    text = _ATTRIBUTES.sub(lambda f: f'data-a={said.number(_line(f[2]))} {f[1]}{word(_line(f[2]))}"', text)
    return _ELEMENTS.sub(lambda f: f"<{f[1]} data-t={said.number(_line(f[2]))}>{word(_line(f[2]))}", text)


def filled_in(body: str, parts: Mapping[str, str]) -> str:
    """The HTML with these parts, all put in at once: one may hold {{ itself."""
    return _PARTS.sub(lambda found: parts[found[1]], body)


def _line(text: str) -> str:
    return " ".join(text.split())


def page_script(rows: Sequence[Op | Family], said: PageSentences) -> str:
    """The page's own code around the code of its operations, in one scope, without what only its readers need."""
    files = (_TOLD.sub(lambda f: f"told({json.dumps(said.number(f[1]))}", _file(f"{name}.js")) for name in SCRIPTS)
    parts = [helpers(), rows_source(rows), *files]
    return "\n".join(['"use strict";', "(() => {", _squeezed("\n".join(parts)), "})();\n"])


def _squeezed(script: str) -> str:
    """A script without comments, indents and spaces that part nothing; each line stays one."""
    pieces = _LITERALS.split(script)  # code in turn with literals and comments
    pieces[::2] = (_SPACES.sub("", code) for code in pieces[::2])
    pieces[1::2] = ("" if piece.startswith("//") else piece for piece in pieces[1::2])
    return re.sub(r"\s*\n\s*", "\n", "".join(pieces)).strip()


def page_style() -> str:
    """The colours of palette.py as CSS variables: dark where the screen is, never on paper; and the rest."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n:root {{{_variables(THEMES['dark'])}}}\n}}"
    return f":root {{{_variables(THEMES['light'])}}}\n{dark}\n" + _UNREAD.sub("", _file("page.css"))


def _variables(theme: Theme) -> str:
    plain_ones = {name: getattr(theme, name) for name in ("ground", "box", "box_line", "text", "faint", "edge", "grad")}
    kinds = {f"{kind}-{part}": getattr(look, part) for kind, look in theme.kinds.items() for part in ("fill", "line")}
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in (plain_ones | kinds).items())


def _file(name: str) -> str:
    return resources.files("microbp.drawing.page").joinpath(name).read_text("utf-8")


def content_hash(text: str) -> str:
    """What a Content-Security-Policy calls it."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
