"""How arrays of a network are laid out: the weights, the samples, and where a bias stands.

>>> layout = ArrayLayout.said("in,out + columns")
>>> layout.weights, layout.samples, layout.bias
('in,out', 'columns', '')
>>> matrices, vectors = layout.written([np.ones((3, 2))], [np.zeros(3)])
>>> matrices[0].shape, layout.taken(matrices, vectors)[0][0].shape
((2, 3), (3, 2))
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microbp.errors import ProblemError, UnknownNameError, nearest
from microbp.printing import say, word

Floats = NDArray[np.float64]
CHOICES = {
    "weights": ("out,in", "in,out"),
    "samples": ("rows", "columns"),
    "bias": ("apart", "first column", "last column"),
}
"""What each of the three may be; what stands first is what microbp has."""
MEANS = {
    "weights": "of W, here and in what learners hand in",
    "samples": "where a sample stands in inputs and targets",
    "bias": "whether the biases stand apart, or in a column of W",
}
"""What each of them means in a problem file."""
LAYOUT_WORDS = {
    "out,in": "W is (n_out, n_in)",
    "in,out": "W is (n_in, n_out)",
    "rows": "samples in rows",
    "columns": "samples in columns",
    "apart": "biases apart",
    "first column": "biases in the first column of W",
    "last column": "biases in the last column of W",
}
_SHORT = {"bias first": "first column", "bias last": "last column", "bias apart": "apart"}


class ArrayLayout(NamedTuple):
    """A layout; what is "" was not said, and is then the first of its `CHOICES`."""

    weights: str = ""
    samples: str = ""
    bias: str = ""

    @classmethod
    def said(cls, text: str | ArrayLayout | None) -> ArrayLayout:
        """A layout as one types it: `in,out`, `columns`, `bias last`, or several with + between them.

        Raises `UnknownNameError` for another word, and `ProblemError` for two that exclude each other.
        """
        if isinstance(text, ArrayLayout):
            return text
        found: dict[str, str] = {}
        for part in [part.strip() for part in (text or "").split("+")] if text else []:
            word = "".join(part.split()) if "," in part else " ".join(part.split()).removesuffix(" column")
            word = _SHORT.get(word, word)
            kind = next((kind for kind, choices in CHOICES.items() if word in choices), None)
            if kind is None:
                known = [w for w in chain(*CHOICES.values()) if not w.endswith(("column", "apart"))]
                raise UnknownNameError(nearest("layout", part, [*known, *_SHORT]))
            if found.setdefault(kind, word) != word:
                raise ProblemError(f"a layout has {found[kind]!r} or {word!r}, not both; got {text!r}")
        return cls(**found)

    def but(self, other: ArrayLayout) -> ArrayLayout:
        """The same, but for what the other says."""
        return ArrayLayout(*(theirs or ours for ours, theirs in zip(self, other, strict=True)))

    @property
    def full(self) -> ArrayLayout:
        """The same with what was not said filled in."""
        return OURS.but(self)

    def taken(self, matrices: Sequence[Any], vectors: Sequence[Any] | None) -> tuple[list[Floats], list[Floats]]:
        """Weights and biases in this layout as ours, of shapes (n_out, n_in) and (n_out,)."""
        parts = [self.apart(np.asarray(M, dtype=np.float64)) for M in matrices]
        if self.full.bias != "apart":
            return [W for W, _ in parts], [b for _, b in parts if b is not None]
        return [W for W, _ in parts], [np.asarray(b, dtype=np.float64) for b in vectors or ()]

    def apart(self, matrix: Floats) -> tuple[Floats, Floats | None]:
        """A matrix in this layout as weights (n_out, n_in), and the biases in it, if they are there."""
        W = matrix.T if self.weights == "in,out" else matrix
        if self.full.bias == "apart":
            return W, None
        return (W[:, 1:], W[:, 0]) if self.bias == "first column" else (W[:, :-1], W[:, -1])

    def written(self, weights: Sequence[Floats], biases: Sequence[Floats]) -> tuple[list[Floats], list[Floats] | None]:
        """Our weights and biases in this layout; None for biases that stand in the weights."""
        matrices = list(weights)
        if self.full.bias != "apart":
            pairs = zip(weights, biases, strict=True)
            matrices = [np.column_stack([b, W] if self.bias == "first column" else [W, b]) for W, b in pairs]
        turned = [M.T.copy() if self.weights == "in,out" else M.copy() for M in matrices]
        return turned, None if self.full.bias != "apart" else [b.copy() for b in biases]

    def shape(self, n_out: int, n_in: int) -> tuple[int, int]:
        """The shape of a layer's matrix in this layout."""
        k = n_in + (self.full.bias != "apart")
        return (k, n_out) if self.weights == "in,out" else (n_out, k)

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Where a weight that we have at this place stands in this layout.

        >>> ArrayLayout("in,out", bias="first column").place(2, 0)
        (1, 2)
        """
        column += self.bias == "first column"
        return (column, row) if self.weights == "in,out" else (row, column)

    def batch(self, samples: Floats) -> Floats:
        """A batch with samples in rows in this layout, and back."""
        return samples.T.copy() if self.samples == "columns" else samples.copy()

    @property
    def words(self) -> str:
        """The layout in a sentence: what was said, or all of it if nothing was."""
        return say(", ").join(word(LAYOUT_WORDS[part]) for part in self if part) or self.full.words

    def __str__(self) -> str:
        """The layout as one types it."""
        typed = {word: short for short, word in _SHORT.items()}
        return "+".join(typed.get(part, part) for part in self if part)


OURS = ArrayLayout(*(choices[0] for choices in CHOICES.values()))
"""The layout that microbp has."""
UNSAID = ArrayLayout()
