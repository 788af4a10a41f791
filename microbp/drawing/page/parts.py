"""The files that a page is made of: its HTML, in which sentences and parts have their places, its script, its style."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import resources

from microbp.drawing.page.code import rows_source
from microbp.drawing.palette import THEMES, Theme
from microbp.engine.ops import Family, Op
from microbp.formula.javascript import helpers
from microbp.printing import word

SCRIPTS = ("data", "words", "numbers", "formula", "graph", "figure", "change", "quiz", "moves")
"""The files of the script, in the order in which they stand in it."""
_PLACES = re.compile(r"\{\{(?:(\w+)|= (.+?))\}\}", re.DOTALL)
"""In the HTML: where a part stands, or a sentence. All are filled in at once: what is filled in may hold {{ itself."""
_TOLD = re.compile(r'\btold\(\s*"([^"]+)"')


def page_words() -> tuple[list[str], list[str]]:
    """Every sentence of the page's HTML, and of its scripts."""
    found = (" ".join(said.split()) for _, said in _PLACES.findall(_file("page.html")) if said)
    return list(found), _TOLD.findall(_file("words.js"))


def filled_in(parts: Mapping[str, str]) -> str:
    """The HTML with these parts, and every sentence in the language in force."""
    return _PLACES.sub(lambda f: parts[f[1]] if f[1] else word(" ".join(f[2].split())), _file("page.html"))


def page_script(rows: Sequence[Op | Family]) -> str:
    """The page's own code around the code of its operations, in one scope, without indents and comments."""
    files = (_in_language(_file(f"{name}.js")) for name in SCRIPTS)
    parts = [helpers(), rows_source(rows), *files]
    lines = (line.strip() for part in parts for line in part.splitlines())
    kept = (line for line in lines if line and not line.startswith("//"))
    return "\n".join(['"use strict";', "(() => {", *kept, "})();\n"])


def _in_language(script: str) -> str:
    return _TOLD.sub(lambda found: f"told({json.dumps(word(found[1]), ensure_ascii=False)}", script)


def page_style() -> str:
    """The colours of palette.py as CSS variables: dark where the screen is, never on paper; and the rest."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n:root {{{_variables(THEMES['dark'])}}}\n}}"
    return f":root {{{_variables(THEMES['light'])}}}\n{dark}\n" + _file("page.css")


def _variables(theme: Theme) -> str:
    plain_ones = {name: getattr(theme, name) for name in ("ground", "box", "box_line", "text", "faint", "edge", "grad")}
    kinds = {f"{kind}-{part}": getattr(look, part) for kind, look in theme.kinds.items() for part in ("fill", "line")}
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in (plain_ones | kinds).items())


def _file(name: str) -> str:
    return resources.files("microbp.drawing.page").joinpath(name).read_text("utf-8")


def content_hash(text: str) -> str:
    """What a Content-Security-Policy calls it."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
