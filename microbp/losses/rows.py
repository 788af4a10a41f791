"""A loss is a row: what it is of each output, whether a ½ stands before it, and what it is averaged over.

>>> LOSSES["mean_squared_error"].derivative, LOSSES["half_squared_error_per_sample"].words
('2 * (a - y) / (m * n)', '1/2m Σ(a − y)²')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

from microbp.engine import Value
from microbp.engine.families import total
from microbp.errors import UnknownNameError, nearest
from microbp.losses.sums import (
    binary_cross_entropy,
    half_squared_error,
    hinge,
    rows,
    softmax_cross_entropy,
    squared_error,
)
from microbp.losses.targets import NUMBERS, PROBABILITIES, SHARES, SIGNS, Targets

OVER = ("sum", "samples", "elements")
"""What a loss is averaged over: nothing, the m samples, or all m·n outputs."""


@dataclass(frozen=True)
class Summed:
    """What is known of a loss whatever it is averaged over: a row, for its sum over samples and outputs."""

    terms: Callable[[Sequence[Any], Sequence[float]], list[Value]]
    """What it adds up for the outputs and targets of one sample."""
    derivative: str
    """Its derivative with respect to an output a with the target y.

    In it p is the softmax of the row of outputs, times the sum of the row of targets.
    """
    words: str
    delta: Mapping[str, str] = field(default_factory=dict)
    """The same by the net, by the activation of the output, where ∂loss/∂a ⊙ f′ simplifies."""
    targets: Targets = NUMBERS
    output: str = ""
    """The only activation that makes such outputs as it takes, if there is one."""
    by_output: bool = True
    """Whether each output has a term of its own."""


SUMS = {
    "half_squared_error": Summed(half_squared_error, "a - y", "Σ(a − y)²"),
    "squared_error": Summed(squared_error, "2 * (a - y)", "Σ(a − y)²"),
    "binary_cross_entropy": Summed(
        binary_cross_entropy,
        "(a - y) / (a * (1 - a))",
        "Σ −[y log a + (1 − y) log(1 − a)]",
        {"sigmoid": "a - y"},
        PROBABILITIES,
        "sigmoid",
    ),
    "hinge": Summed(hinge, "(y * a < 1) * -y", "Σ max(0, 1 − y·a)", targets=SIGNS),
    "softmax_cross_entropy": Summed(
        softmax_cross_entropy, "p - y", "Σ −y log softmax(a)", targets=SHARES, by_output=False
    ),
}


class Loss(NamedTuple):
    """A loss: what it is of each output, whether with a ½, and what it is averaged over, one of `OVER`."""

    of: str
    half: bool = False
    over: str = "sum"

    @property
    def summed(self) -> Summed:
        """What it averages."""
        return SUMS[f"{'half_' * self.half}{self.of}"]

    @property
    def name(self) -> str:
        """What it is called."""
        return _NAMES[self]

    @property
    def words(self) -> str:
        """The loss as a formula."""
        two = "2" if self.half else ""
        before = {"sum": "½" if self.half else "", "samples": f"1/{two}m ", "elements": f"1/({two}m·n) "}[self.over]
        return before + self.summed.words

    def graph(self, outputs: Any, targets: Any, name: str = "", errors: Sequence[str] = ()) -> Value:
        """The loss of outputs, m rows of n values (or one flat row), and targets in the same shape.

        With a `name`, C, its parts have theirs: the share of each sample is C_1, C_2, …, that of an output C[0],
        C[1], … or its own of `errors`. Another label of the whole is the caller's.

        >>> loss = LOSSES["squared_error_per_sample"].graph([[Value(0.5)], [Value(2.0)]], [[1.0], [0.0]], "C")
        >>> loss.data, [share.label for share in loss.inputs[0].inputs]
        (2.125, ['C_1', 'C_2'])
        """
        samples = rows(outputs, targets)
        terms = [self.summed.terms(a, y) for a, y in samples]
        if name and self.summed.by_output and len(terms[0]) > 1:
            for row in terms:
                for j, term in enumerate(row):
                    term.label = errors[j] if errors else f"{name}[{j}]"
        shares = [total(row) for row in terms]
        if name and len(shares) > 1:
            for k, share in enumerate(shares, 1):
                share.label = f"{name}_{k}"
        found = total(shares)
        count = {"sum": 1, "samples": len(samples), "elements": sum(len(y) for _, y in samples)}[self.over]
        if count == 1:
            return found
        if name:
            found.label = f"Σ{name}_s" if len(shares) > 1 else f"Σ{name}"
        return found / count

    @property
    def derivative(self) -> str:
        """∂loss/∂a of an output a with the target y, for m samples of n outputs."""
        return self._averaged(self.summed.derivative)

    @property
    def delta(self) -> dict[str, str]:
        """∂loss/∂z by the activation of the output, where ∂loss/∂a ⊙ f′ simplifies."""
        return {f: self._averaged(text) for f, text in self.summed.delta.items()}

    @property
    def targets(self) -> Targets:
        """The targets that it is for."""
        return self.summed.targets

    @property
    def output(self) -> str:
        """The only activation that makes such outputs as it takes, if there is one."""
        return self.summed.output

    @property
    def divided(self) -> str:
        """What a sum is divided by, as it stands behind a formula: nothing, / m, or / (m * n)."""
        return {"sum": "", "samples": " / m", "elements": " / (m * n)"}[self.over]

    def share(self, m: int, n: int) -> float:
        """What stands before its sum, of m samples of n outputs.

        >>> LOSSES["half_mean_squared_error"].share(5, 2)
        0.05
        """
        return (0.5 if self.half else 1.0) / {"sum": 1, "samples": m, "elements": m * n}[self.over]

    def _averaged(self, text: str) -> str:
        return (f"({text})" if " - " in text and "(" not in text and self.over != "sum" else text) + self.divided


LOSSES = {
    "half_squared_error": Loss("squared_error", True, "sum"),
    "half_squared_error_per_sample": Loss("squared_error", True, "samples"),
    "half_mean_squared_error": Loss("squared_error", True, "elements"),
    "squared_error": Loss("squared_error", False, "sum"),
    "squared_error_per_sample": Loss("squared_error", False, "samples"),
    "mean_squared_error": Loss("squared_error", False, "elements"),
} | {
    form.format(of): Loss(of, False, over)
    for of in SUMS
    if not of.endswith("squared_error")  # which have a ½ or not, and other names
    for form, over in zip(("{}_sum", "{}", "mean_{}"), OVER, strict=True)
}
"""Every loss by name."""
_NAMES = {loss: name for name, loss in LOSSES.items()}
ALIASES = {
    "mse": "mean_squared_error",
    "sse": "squared_error",
    "bce": "binary_cross_entropy",
    "logistic": "binary_cross_entropy",
    "log_loss": "binary_cross_entropy",
    "categorical_cross_entropy": "softmax_cross_entropy",
}
"""What people call them as well; cross_entropy is the one that fits the output."""
LossName = Literal[
    "half_squared_error", "half_squared_error_per_sample", "half_mean_squared_error",
    "squared_error", "squared_error_per_sample", "mean_squared_error",
    "binary_cross_entropy_sum", "binary_cross_entropy", "mean_binary_cross_entropy",
    "hinge_sum", "hinge", "mean_hinge",
    "softmax_cross_entropy_sum", "softmax_cross_entropy", "mean_softmax_cross_entropy",
    "mse", "sse", "bce", "logistic", "log_loss", "categorical_cross_entropy", "cross_entropy",
]  # fmt: skip  # a line for each family
"""All of these, for type checkers."""


def loss_named(name: str, half: bool | None = None, over: str | None = None, output: str = "sigmoid") -> LossName:
    """The name of a loss by any of its names, with a ½, and averaged over, as said; `output` is the activation.

    Raises `UnknownNameError` for another name, and for a ½ before what is no square.

    >>> loss_named("mse"), loss_named("squared_error", half=True, over="samples"), loss_named("bce", over="sum")
    ('mean_squared_error', 'half_squared_error_per_sample', 'binary_cross_entropy_sum')
    """
    known = name.lower().replace("-", "_").replace(" ", "_")
    if known == "cross_entropy":
        known = "binary_cross_entropy" if output == "sigmoid" else "softmax_cross_entropy"
    known = ALIASES.get(known, known)
    if known not in LOSSES:
        raise UnknownNameError(nearest("loss", name, [*LOSSES, *ALIASES, "cross_entropy"]))
    if over is not None and over not in OVER:
        raise UnknownNameError(nearest("average", over, OVER))
    loss = LOSSES[known]
    loss = Loss(loss.of, loss.half if half is None else half, loss.over if over is None else over)
    if loss not in _NAMES:
        raise UnknownNameError(f"a ½ stands before squared errors alone, not before {loss.of}: say half = false")
    return cast(LossName, loss.name)
