"""What a search finds: mistakes with the layers they are in, and the lines that they make.

>>> from microbp.diagnosis.mistakes import find_mistake
>>> Explanation((Finding(find_mistake("sign"), {"scale": -1.0}, (1, 2), ("dW1", "dW2")),), 1).codes
('sign',)
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from microbp.comparing.assumptions import assumptions_in_words
from microbp.derivation.backprop import Change, Pass, after_step, backward, pass_of
from microbp.derivation.formulas import SLOPES, lost_parts, other_losses, symbol
from microbp.derivation.notation import index_form, matrix_form, part_form
from microbp.diagnosis.mistakes import Mistake
from microbp.diagnosis.search.changes import changed, texts
from microbp.losses import LOSSES
from microbp.printing import Shown, in_width, notebook, say, word
from microbp.problems.exercise import Exercise


@dataclass(frozen=True)
class Finding:
    """One mistake, in one variety, in these layers, with the arrays or the numbers that belong to it."""

    mistake: Mistake
    change: Change
    layers: tuple[int, ...]
    arrays: tuple[str, ...] = ()
    """For a factor the arrays that have it."""
    rate: float | None = None
    """The learning rate that it takes."""
    value: float | None = None
    """The factor."""
    reading: str = ""
    """What the factor may mean."""

    def layer(self, case: Exercise) -> int:
        """The layer that its lines are written for: the last of those that have the mistake."""
        return max(self.layers or [int(name[2:]) for name in self.arrays] or [case.depth])

    @property
    def rules(self) -> dict[str, Any]:
        """Its change, for JSON."""
        return {name: text for name, text in self.change.items() if name not in ("exchanged", "targets")}

    def sentence(self, case: Exercise) -> str:
        """What is wrong, with the names of this change."""
        l, change = self.layer(case), self.change
        lines = texts(change, case, l) or {}
        row = re.search(r"\bd, (-?\d+)\)", str(change))
        other = re.search(r"(\w+?)1?\(z\)", str(change.get("a") or change.get("slope")))
        formulas = {text: name for name, text in SLOPES.items()}
        slope = str(lines.get("slope", ""))
        loss = LOSSES[case.loss]
        losses = {text: name for name, text in (other_losses(loss) | lost_parts(loss)).items()}
        losses[f"(a - y){loss.divided}"] = "softmax_cross_entropy"
        return word(self.mistake.name).format(
            slope=part_form(case, SLOPES[case.activations[l - 1]], l),
            wrong=part_form(case, slope, l) if slope else "",
            extra=part_form(case, str(change.get("d", "")).removeprefix("{} * "), l) if "d" in change else "",
            f=symbol(case.activations[l - 1]),
            g=symbol(formulas.get(slope) or (other[1] if other else "")),
            loss=word(losses.get(change.get("up", change.get("d", "")), "")),
            i=row[1] if row else "",
            start=word(_START.get(str(change.get("start")), "")),
            made=word(next((made for call, made in _MADE.items() if call in str(change.get("dW"))), "")),
            stage=word(_STAGE.get(tuple(name for name in ("z", "dW") if name in change), "")),
        )

    def lines(self, case: Exercise) -> dict[str, str]:
        """The wrong line and the right one, with matrices and by index; of biases, if they alone have the mistake."""
        l, right = self.layer(case), pass_of(case)
        for rule, sides in _IN_WORDS.items():
            if rule in self.change:
                said, true = (word(text).format(l=l) for text in sides)
                return {"wrong": said, "right": true, "wrong_index": said, "right_index": true}
        wrong = changed(case, right, self.change, self.layers, self.arrays)
        head, at = self._head(case, l)
        forms = (("", matrix_form), ("_index", index_form))
        return {
            f"{side}{kind}": form(case, lines, head, at)
            for kind, form in forms
            for side, lines in (("wrong", wrong), ("right", right))
        }

    def _head(self, case: Exercise, l: int) -> tuple[str, int]:
        """The quantity, and its layer, whose line is wrong."""
        lines = texts(self.change, case, l) or {}
        if forward := [line for line in ("z", "a") if line in lines]:
            return forward[0], l
        if {"up", "slope", "d"} & lines.keys():
            return "d", l
        if "back" in lines:
            return "d", l - 1
        biases = self.arrays and all(name[1] == "b" for name in self.arrays)
        return "db" if biases or not {"dW", "l2W"} & lines.keys() else "dW", l


_START = {
    "those after a step": "the weights were changed before the gradient was computed",
    "two weights are swapped": "two weights are swapped",
}
_STAGE = {
    ("dW",): "in the weights' gradient, not in the forward pass",
    ("z",): "in the forward pass, not in the weights' gradient",
    ("z", "dW"): "in your pass, not in the problem",
}
_MADE = {
    "np.sign": "their signs",
    "np.sqrt": "each array is divided by its length",
    "np.clip": "what is larger than a bound is clipped to it",
}
_IN_WORDS = {
    "order": ("[dWL, …, dW1] = dW: dW[0] is that of layer L", "[dW1, …, dWL] = dW: dW[0] is that of layer 1"),
    "passes": ("dW{l} = dW{l} + dW{l} of the pass before", "dW{l} = dW{l} of this pass"),
    "targets": ("δ{l} with the target of sample π(i) for sample i", "δ{l} with the target of sample i for sample i"),
    "start": ("dW{l} = ∂E/∂W{l} at other weights", "dW{l} = ∂E/∂W{l} at the weights W"),
    "precision": ("dW{l} = float32: 7 digits", "dW{l} = float64: 16 digits"),
}
"""The lines of what is no line of a layer."""


@dataclass(frozen=True)
class Explanation:
    """Mistakes that together reproduce a learner's numbers."""

    findings: tuple[Finding, ...]
    cost: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the mistakes."""
        return tuple(finding.mistake.code for finding in self.findings)

    @property
    def rate(self) -> float | None:
        """The learning rate that it takes, if any."""
        return next((finding.rate for finding in self.findings if finding.rate), None)

    def lines(self, case: Exercise) -> Pass:
        """The lines of a pass with these mistakes."""
        made = pass_of(case)
        for finding in self.findings:
            made = changed(case, made, finding.change, finding.layers, finding.arrays)
        return made

    def case(self, case: Exercise) -> Exercise:
        """The network on which that pass runs: with the learning rate, and the weights, that the mistakes take."""
        if self.rate and self.rate != case.learning_rate:
            case = replace(case, learning_rate=self.rate)
        for finding in self.findings:
            if "start" in finding.change:
                case = at_other_numbers(case, finding.change)
        return case


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """Whether gradients are right, and if not, which mistakes make them. Prints as its explanation."""

    ok: bool
    mistakes: tuple[str, ...]
    """The codes of the simplest explanation; none if the gradients are right, or if nothing explains them."""
    alternatives: tuple[tuple[str, ...], ...]
    """The codes of other explanations that are as simple and give the same numbers on these data."""
    details: dict[str, Any]
    """Factors, layers, formulas, the learning rate, data that separate the alternatives; what is known otherwise."""
    explanation: str
    notes: tuple[str, ...] = ()
    """Sentences on what was taken that was not said: how the gradients were read."""
    assumed: dict[str, Any] = field(default_factory=dict)
    """What they were judged by: the loss, the activations, m, λ, the layout, and which of it was said."""
    right_for: str | None = None
    """The other convention that they are exactly right for, if there is one, and what was said instead."""

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return asdict(self)

    def _repr_html_(self) -> str:
        verdict, _, rest = self.explanation.partition("\n\n")
        parts = [notebook.sentence(verdict)]
        for found in self.details.get("findings", ()):
            sides = [list(dict.fromkeys([found[side], found.get(f"{side}_index", "")])) for side in ("wrong", "right")]
            parts += [
                notebook.sentence(say("{code}: {sentence}", code=found["code"], sentence=found["name"])),
                notebook.beside(*sides),
            ]
        parts.append(notebook.maps_in_a_row(self.details.get("maps", {})))
        if rest or self.assumed:
            parts.append(notebook.collapsed(say("Everything it says"), in_width(str(self))))
        return notebook.answer(*parts)

    def __str__(self) -> str:
        first = [assumptions_in_words(self.assumed)] if self.assumed else []
        return "\n".join([*first, self.explanation, *(say("Note: {note}", note=note) for note in self.notes)])


def at_other_numbers(case: Exercise, change: Change) -> Exercise:
    """The network after a step, with two of its weights exchanged, or its targets in another order.

    Of weights the places are ((layer, row, column), (layer, row, column)); the order has for each sample the one whose
    target it gets.
    """
    if "targets" in change:
        return case.on(case.X, case.Y[list(change["targets"])])
    if "exchanged" not in change:
        return after_step(case, backward(case, pass_of(case)))
    weights = [W.copy() for W in case.weights]
    (l, *one), (k, *two) = change["exchanged"]
    a, b = case.weights[l - 1][tuple(one)], case.weights[k - 1][tuple(two)]
    weights[l - 1][tuple(one)], weights[k - 1][tuple(two)] = b, a
    return replace(case, weights=tuple(weights))
