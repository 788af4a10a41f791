"""A formula of a line of text as MathML, which browsers draw without a script; it may be broken wherever the line may.

>>> print(mathml_of("w5 = 2"))
<math><msub><mi>w</mi><mrow><mn>5</mn></mrow></msub></math> <math><mo form="infix">=</mo><mn>2</mn></math>
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from microbp.formula.typeset.signs import Fraction, Name, Node, Sign, has_room, read, tall
from microbp.printing import printable

_SIGN = re.compile(r"(?P<mn>\d[\d.,]*(?:e[−+]?\d+)?)|(?P<mi>[^\W\d_]+)|(?P<mo>:=|\+=|.)")
_SMALL = re.compile(r"(?P<mn>\d+)|(?P<mi>[^\W\d_])|(?P<mo>.)")
"""The same of indices, in which each letter stands for itself."""


def mathml_of(text: str) -> str:
    """The formula as HTML: a `math` for each part that is not to be broken, as a browser breaks none."""
    return " ".join(f"<math>{part}</math>" for part in _parts(read(printable(text))))


def matrix_ml(cells: list[list[str]]) -> str:
    """A matrix as HTML, its numbers given as texts."""
    rows = ("".join(f"<mtd>{_signs(cell, _SIGN)}</mtd>" for cell in row) for row in cells)
    return f"<math><mtable>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable></math>"


def _parts(nodes: list[Node]) -> Iterator[str]:
    """What stands between the spaces of a formula; an operator goes with what is behind it."""
    part, bound = "", False
    for node, written in zip(nodes, _each(nodes), strict=True):
        if node == Sign(" ") and not bound:
            yield part
            part = ""
        elif node != Sign(" "):
            part += written
        bound = has_room(node) or (bound and node == Sign(" "))
    yield part


def _each(nodes: list[Node]) -> Iterator[str]:
    """Each as it is written: a − that begins a number or a bracket has no room around it."""
    before: Node = Sign("(")
    for node, bracket in zip(nodes, tall(nodes), strict=True):
        alone = node == Sign("−") and (has_room(before) or (isinstance(before, Sign) and before.text in "(["))
        form = ' form="prefix"' if alone else ' form="infix"' * has_room(node)
        yield _written(node, bracket).replace("<mo>", f"<mo{form}>", 1)
        before = before if node == Sign(" ") else node


def _written(node: Node, bracket: bool) -> str:
    if isinstance(node, Fraction):
        top, bottom = ("".join(_each(part)) for part in node)
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"
    if isinstance(node, Name):
        base = _signs(node.base, _SIGN) if node.base != "Σ" else "<mo>∑</mo>"
        return _scripts(base, node.low, "′" * node.primes + node.raised)
    stretched = 'minsize="2.2em"' if bracket else 'stretchy="false"'
    text = _signs(node.text, _SIGN)
    return _scripts(text.replace("<mo>", f"<mo {stretched}>") if node.text in "()[]" else text, "", node.raised)


def _scripts(base: str, low: str, raised: str) -> str:
    """A sign with what stands lower and higher."""
    kind = f"m{'sub' * bool(low)}{'sup' * bool(raised)}"
    scripts = "".join(f"<mrow>{_signs(text, _SMALL)}</mrow>" for text in (low, raised) if text)
    return f"<{kind}>{base}{scripts}</{kind}>" if scripts else base


def _signs(text: str, kinds: re.Pattern[str]) -> str:
    """Numbers, words and other signs as they stand."""
    return "".join(f"<{found.lastgroup}>{html.escape(found[0])}</{found.lastgroup}>" for found in kinds.finditer(text))
