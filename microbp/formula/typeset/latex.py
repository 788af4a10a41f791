r"""A formula of a line of text as LaTeX, for math mode; it may be broken wherever the line may.

>>> print(latex_of("∂E/∂w5 = δ[2][0] · a1ᵀ × (−0.5)"))
\frac{\partial E}{\partial w_{5}} = \delta^{[2]}_{0} \cdot a^{\top}_{1} \times (-0.5)
"""

from __future__ import annotations

import re

from microbp.formula.dialects import LATEX_SIGNS, LATEX_SPECIAL, latex_of_name, latex_words
from microbp.formula.typeset.signs import Fraction, Name, Node, Sign, has_room, read, tall


def latex_of(text: str) -> str:
    """The formula as LaTeX."""
    return _written(read(text))


def _written(nodes: list[Node]) -> str:
    pieces = [_piece(node, bracket) for node, bracket in zip(nodes, tall(nodes), strict=True)]
    for k, node in enumerate(nodes):
        if node == Sign(" "):  # LaTeX has its own room round operators
            pieces[k] = " " if any(map(has_room, nodes[max(k - 1, 0) : k + 2])) else r"\ "
    return re.sub(r"(\\[a-zA-Z]+)\0(?=[a-zA-Z])", r"\1 ", "\0".join(pieces)).replace("\0", "")


def _piece(node: Node, bracket: bool) -> str:
    if isinstance(node, Fraction):
        return rf"\frac{{{_written(node.top)}}}{{{_written(node.bottom)}}}"
    if isinstance(node, Name):
        return latex_of_name(node)
    size = rf"\Big{'l' if node.text in '([' else 'r'}" if bracket else ""
    raised = f"^{{{''.join(LATEX_SIGNS.get(c, c) for c in node.raised)}}}" if node.raised else ""
    return size + _sign(node.text) + raised


def _sign(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    if text[0].isdigit():
        number = mantissa.replace(",", "{,}")
        return rf"{number} \cdot 10^{{{exponent.replace('−', '-')}}}" if e else number
    if text in LATEX_SIGNS or text == ":":
        return LATEX_SIGNS.get(text, "{:}")
    return LATEX_SPECIAL.get(text, text) if text.isascii() and text not in "\\^~" else latex_words(text)
