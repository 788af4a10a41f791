"""Reads values as Python and NumPy print them: numbers, lists, dicts, and calls of what makes arrays. Nothing is run.

>>> read_value("{'dW1': array([[0.1, 0.2]], dtype=float32), 'db1': [0.1 -2e-3]}")
{'dW1': [[0.1, 0.2]], 'db1': [0.1, -0.002]}
>>> read_value("open('grades.csv')")
Traceback (most recent call last):
ValueError: open(…) is not read: numbers, lists, dicts and array(…) are
"""

from __future__ import annotations

import re
from typing import Any

from microbp.comparing.answers.formats.bounds import MAX_DEPTH

NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])(?![\w.])"
BRACKETS = {"[": "]", "(": ")", "{": "}"}
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{NUMBER})|(?P<text>'[^'\n]*'|\"[^\"\n]*\")|(?P<word>[^\W\d][\w.]*)|(?P<mark>\.\.\.|\S))"
)
_KEYWORD = re.compile(r"\s*\w+\s*=\s*(?:<[^<>]*>|'[^']*'|[^\W\d][\w.]*)")
_ARRAYS = ("array", "asarray", "matrix", "tensor", "Tensor", "Parameter", "float32", "float64", "float", "list")
"""What may stand around numbers, with a module before it: np.array(…), torch.tensor(…)."""


def read_value(text: str) -> Any:
    """The value. Raises `ValueError` for what is none, what stands behind it, and brackets that are too deep."""
    parser = _Parser(text)
    value = parser.value(0)
    if rest := text[parser.at :].strip(" \t\r\n,;."):
        raise ValueError(f"{rest[:20]!r} stands behind a value")
    return value


class _Parser:
    """A text, and the place that is read next."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def value(self, deep: int) -> Any:
        """What begins here, so many brackets deep."""
        kind, token = self.next()
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1]
        if token in BRACKETS:
            items, named, commas = self._items(token, deep + 1)
            if token == "{":
                return named
            return items[0] if token == "(" and len(items) == 1 and not commas else items
        if kind == "word" and self.text[self.at : self.at + 1] == "(":
            return self._called(token, deep)
        if token in ("None", "True", "False"):
            return {"None": None, "True": True, "False": False}[token]
        if token in ("...", "…"):
            raise ValueError("numbers were left out where ... stands: np.set_printoptions(threshold=10**6) prints all")
        raise ValueError(f"{token[:20]!r} stands where a number should")

    def _called(self, word: str, deep: int) -> Any:
        self.at += 1
        items, named, _ = self._items("(", deep + 1, keywords=word == "dict")
        kind = word.rpartition(".")[2]
        if kind == "dict" and not items:
            return named
        if kind == "OrderedDict" and len(items) == 1:
            return items[0] if isinstance(items[0], dict) else {str(key): value for key, value in items[0]}
        if kind in _ARRAYS and items:
            return items[0]
        raise ValueError(f"{word[:20]}(…) is not read: numbers, lists, dicts and array(…) are")

    def _items(self, opening: str, deep: int, keywords: bool = False) -> tuple[list[Any], dict[str, Any], int]:
        """What stands in brackets: values, values by name, and how many commas."""
        if deep > MAX_DEPTH:
            raise ValueError(f"its brackets are nested more than {MAX_DEPTH} deep")
        items: list[Any] = []
        named: dict[str, Any] = {}
        commas = 0
        while True:
            before = self.at
            skipped = None if keywords or opening != "(" else _KEYWORD.match(self.text, self.at)
            if skipped:
                self.at = skipped.end()
                continue
            _, token = self.next()
            if token == BRACKETS[opening]:
                return items, named, commas
            if token == ",":
                commas += 1
                continue
            if opening == "{" or keywords:
                key, (_, sign) = token.strip("'\""), self.next()
                if sign != (":" if opening == "{" else "="):
                    raise ValueError(f"{sign[:20]!r} stands where {key[:20]!r} needs its value")
                if key in named:
                    raise ValueError(f"it has several values called {key!r}: give each once")
                named[key] = self.value(deep)
            else:
                self.at = before
                items.append(self.value(deep))

    def next(self) -> tuple[str, str]:
        match = _TOKEN.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            raise ValueError("a bracket is not closed")
        self.at = match.end()
        return match.lastgroup, match[match.lastgroup]
