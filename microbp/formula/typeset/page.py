"""What prints itself as a page of words and formulas, and can be had in other forms.

>>> class Rule(Page):
...     blocks = [Heading(1, ("The chain rule",)), Sentence((Math("∂E/∂w1 = δ1 · x1"),))]
>>> Rule()
The chain rule
∂E/∂w1 = δ1 · x1
>>> print(Rule().as_markdown())
# The chain rule
<BLANKLINE>
∂E/∂w1 = δ1 · x1
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from microbp.formula.typeset.blocks import Block, Heading, Math, Sentence
from microbp.formula.typeset.forms import WIDTH, html_page, latex_page, markdown_page, text_page
from microbp.printing import Shown, room

__all__ = ["Block", "Heading", "Math", "Page", "Sentence"]


class Page(Shown):
    """What prints itself as a page, and can be had in other forms."""

    __slots__ = ()

    @property
    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """What stands on it."""

    def __str__(self) -> str:
        return self.page()

    def __repr__(self) -> str:
        return self.page(room())

    def page(self, width: int = WIDTH) -> str:
        """What it prints, in lines of at most so many characters where they can be broken."""
        return text_page(self.blocks, width)

    def as_markdown(self) -> str:
        """The page as Markdown."""
        return markdown_page(self.blocks)

    def as_latex(self) -> str:
        r"""The page as LaTeX to `\input` into a document; it needs amsmath."""
        return latex_page(self.blocks)

    def as_html(self) -> str:
        """The page as a document that a browser shows, with MathML for its formulas."""
        return html_page(self.blocks)
