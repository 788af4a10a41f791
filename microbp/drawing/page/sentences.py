"""The sentences of a page in every language: numbers stand for them in its data and its script, tables have the words.

>>> said = PageSentences()
>>> said.number("Play"), said.number("Pause"), said.number("Play"), said.number("my own title")
(0, 1, 0, 'my own title')
>>> said.languages, said.tables()
(['en', 'zh'], [['Play', 'Pause'], ['播放', '暂停']])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from microbp.printing import language, language_now, languages, word


class PageSentences:
    """What a page says, in the order in which it was first said; the language in force comes first."""

    def __init__(self) -> None:
        own = language_now()
        self.languages = [own, *(name for name in languages() if name != own)]
        self._rows: dict[tuple[str, ...], int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def number(self, english: str) -> int | str:
        """The number of a sentence; the sentence itself if it is the same in every language, a learner's own."""
        found: int | str = self._merged(self._in_each(lambda: word(english)))
        return found

    def merged(self, make: Callable[[], Any]) -> Any:
        """What is made in the language in force, lists and dicts, with numbers for the texts that others have else."""
        return self._merged(self._in_each(make))

    def tables(self, own: int | None = None) -> list[list[str]]:
        """For each language its sentences by number; the first one's without those from `own` on."""
        first, *others = ([row[k] for row in self._rows] for k in range(len(self.languages)))
        return [first[:own], *others]

    def _in_each(self, make: Callable[[], Any]) -> list[Any]:
        made = []
        for name in self.languages:
            with language(name):
                made.append(make())
        return made

    def _merged(self, made: Sequence[Any]) -> Any:
        first = made[0]
        if isinstance(first, dict):
            return {key: self._merged([each[key] for each in made]) for key in first}
        if isinstance(first, list):
            return [self._merged(parts) for parts in zip(*made, strict=True)]
        if isinstance(first, str) and any(each != first for each in made):
            return self._rows.setdefault(tuple(made), len(self._rows))
        return first
