"""The scalar graph against the vectorized implementation, number by number.

>>> from microbp import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
>>> comparison = compare(model, [[0.5, -1.0], [2.0, 0.25]], [[1.0], [0.0]], loss="squared_error", l2=0.1)
>>> comparison.ok, [row.name for row in comparison.rows]
(True, ['W1', 'b1', 'W2', 'b2'])
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from microbp import vectorized
from microbp.layouts import Layout
from microbp.losses import batch_loss
from microbp.nn import MLP
from microbp.tabular import columns

TOLERANCE = 1e-12
_WORDS = {True: "ok", False: "DIFFERS"}


@dataclass(frozen=True)
class Difference:
    """How far two gradients of one parameter array are apart, at their worst."""

    name: str
    shape: tuple[int, ...]
    absolute: float
    relative: float
    ulps: float
    """In units of the last place of the larger number."""
    where: tuple[int, ...]
    """Where the worst absolute difference stands."""
    ok: bool


@dataclass(frozen=True)
class Comparison:
    """The loss of both and, for each parameter array, the worst difference of the gradients. Prints as a table."""

    loss: float
    vectorized_loss: float
    rows: tuple[Difference, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the losses and all gradients agree within the tolerance, absolute plus relative."""
        same = abs(self.loss - self.vectorized_loss) <= self.tolerance * (1 + abs(self.vectorized_loss))
        return same and all(row.ok for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        head = ("", "shape", "worst absolute", "relative", "ulps", "at", "")
        rows = [
            (
                r.name,
                str(r.shape),
                f"{r.absolute:.1e}",
                f"{r.relative:.1e}",
                f"{r.ulps:.0f}",
                str(r.where),
                _WORDS[r.ok],
            )
            for r in self.rows
        ]
        verdict = "agree" if self.ok else "DIFFER"
        return "\n".join(
            [
                f"graph and vectorized NumPy {verdict} (tolerance {self.tolerance:.0e})",
                f"loss: graph {self.loss!r}, vectorized {self.vectorized_loss!r}",
                *columns([head, *rows]),
            ]
        )


def compare(
    model: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    loss: str = "half_squared_error",
    l2: float = 0.0,
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Builds the scalar graph of a whole batch, runs the vectorized implementation beside it, and compares.

    X has shape (m, n_in), Y has shape (m, n_out). The model stays as it was. A parameter that stands in several places
    (one bias for a whole layer) is compared with the sum of the vectorized gradients at its places. Raises
    `ShapeError` and `UnknownNameError`.
    """
    model = copy.deepcopy(model)
    arrays = model.parameter_arrays()
    layout = Layout(arrays)
    for leaf in layout.leaves:
        leaf.grad = 0.0
    root = batch_loss(model, X, Y, loss, l2)
    root.backward()
    weights, biases = model.arrays()
    vectorized_loss, dW, db = vectorized.loss_and_gradients(
        weights, biases, X, Y, **model.activations(), loss=loss, l2=l2
    )
    truth = layout.spread(layout.collect([g for pair in zip(dW, db, strict=True) for g in pair]))
    graph = [g for pair in zip(*model.grad_arrays(), strict=True) for g in pair]
    names = [f"{kind}{l}" for l in range(1, len(dW) + 1) for kind in "Wb"]
    rows = tuple(_difference(*row, tolerance) for row in zip(names, graph, truth, strict=True))
    return Comparison(root.data, vectorized_loss, rows, tolerance)


def _difference(name: str, a: NDArray[np.float64], b: NDArray[np.float64], tolerance: float) -> Difference:
    with np.errstate(invalid="ignore"):
        absolute = np.abs(a - b)
        larger = np.maximum(np.abs(a), np.abs(b))
        relative = np.divide(absolute, larger, out=np.zeros_like(larger), where=larger > 0)
        ok = bool(np.all(absolute <= tolerance * (1 + np.abs(b))))
    where = np.unravel_index(int(np.argmax(absolute)), absolute.shape)
    return Difference(
        name,
        a.shape,
        float(absolute.max()),
        float(relative.max()),
        float((absolute / np.spacing(larger)).max()),
        tuple(int(k) for k in where),
        ok,
    )
