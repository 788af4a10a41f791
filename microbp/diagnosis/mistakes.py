"""The mistakes that learners make: what is wrong, where it can be, and the lines that it puts in place of right ones.

A row is data: a code, a sentence, advice, and the ways to make it. A way is a change of lines (`derivation.backprop`),
whose words in <> stand for choices: <g> for another activation, <i> for a sample, <j> for a neuron, <f' of z> for the
formula of f′ with z for a, <f'?> for one that is misremembered, <E'> for the derivative of another loss, <E'?> for
this one's with a part lost, <over> for what that is divided by, <X'> for inputs that were normalised, <c> for a number
that is solved for.

>>> find_mistake("missing-hidden-derivative").ways
(Variant(change={'slope': '1.0'}, only=()),)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from microbp.derivation.backprop import Change
from microbp.errors import UnknownNameError, nearest


class Variant(NamedTuple):
    """A change of lines, and if it is none for every network the activations or losses that it needs."""

    change: Change
    only: tuple[str, ...] = ()


class Mistake(NamedTuple):
    """One row of the table. `where` is which layers can have it: "any", "hidden", "output", "upper", "first", "all"."""

    code: str
    name: str
    where: str
    ways: tuple[Variant, ...]
    advice: str = ""

    def scopes(self, depth: int) -> list[tuple[int, ...]]:
        """The layers that can have it: all that can, then all but the last of these, then each alone."""
        every = tuple(range(1, depth + 1))
        some = {"output": every[-1:], "hidden": every[:-1], "upper": every[1:], "first": every[:1]}
        can = some.get(self.where, every)
        scopes = [can] if self.where == "all" else [can, can[:-1], *((l,) for l in reversed(can))]
        return [scope for scope in dict.fromkeys(scopes) if scope]


def _row(code: str, where: str, name: str, *ways: Any, advice: str = "") -> Mistake:
    """A row whose ways are changes, or changes with what they need."""
    return Mistake(code, name, where, tuple(Variant(*w) if isinstance(w, tuple) else Variant(w) for w in ways), advice)


def _scaled(value: float | str) -> tuple[Change, ...]:
    """A factor of all, of the weights' gradients, of the biases', or of what the loss gives."""
    return tuple({rule: value} for rule in ("scale", "scale_weights", "scale_biases", "scale_loss"))


def _samples(how: str) -> tuple[Change, Change, Change]:
    """Other samples in the sums of weights and biases, of weights, or of biases alone."""
    weights, biases = {"dW": f"{how}.T @ a0"}, {"db": f"{how}.sum(axis=0)"}
    return weights | biases, weights, biases


_RELU, _SOFTMAX = ("relu", "leaky_relu"), ("softmax_cross_entropy",)

MISTAKES = (
    _row("sign", "any", "The gradient points downhill: its sign is wrong.", *_scaled(-1.0),
         advice="Remove or add one minus sign: is the error a − y, and is the step W − η·dW?"),
    _row("missing-output-derivative", "output", "The output's delta lacks the derivative of the activation.",
         {"slope": "1.0"}),
    _row("extra-output-derivative", "output", "The output's delta has one derivative too many.",
         ({"d": "{} * p * (1 - p)"}, _SOFTMAX), {"d": "{} * f1(z)"}),
    _row("missing-hidden-derivative", "hidden", "A hidden delta lacks the derivative of the activation.",
         {"slope": "1.0"}),
    _row("extra-hidden-derivative", "hidden", "A hidden delta has the derivative of the activation twice.",
         {"d": "{} * f1(z)"}),
    _row("derivative-of-activation", "any", "The derivative is evaluated at the activation, not at the net.",
         {"slope": "f1(a)"}),
    _row("formula-of-net", "any",
         "The formula of the derivative, {slope}, expects the activation a, but got the net z.",
         {"slope": "<f' of z>"}),
    _row("wrong-derivative-formula", "any", "The formula of the derivative is wrong: {wrong} instead of {slope}.",
         {"slope": "<f'?>"}),
    _row("net-for-activation", "upper", "The weights' gradient uses the net z instead of the activation a.",
         {"dW": "d.T @ z0"}),
    _row("input-for-activation", "upper",
         "The weights' gradient uses the network's input, not the previous layer's activation.",
         {"dW": "d.T @ X"}),
    _row("output-for-input", "any",
         "The weights' gradient uses the layer's own activation instead of the previous layer's.",
         {"dW": "d.T @ a"}),
    _row("missing-input", "any", "The weights' gradient lacks the previous layer's activation: it is δ alone.",
         {"dW": "d.T @ np.ones_like(a0)"}),
    _row("update-before-backprop", "upper",
         "The weights were changed before the delta was passed back through them.", {"back": "d @ (W - eta * dW)"},
         advice="Compute every gradient from the old weights, then update all of them."),
    _row("error-not-delta", "upper", "The error is used instead of the delta: it lacks the layer's derivative.",
         {"back": "up @ W"}, {"dW": "up.T @ a0", "db": "up.sum(axis=0)"}, {"dW": "up.T @ a0"}),
    _row("bias-before-slope", "any",
         "The biases' gradient sums ∂E/∂a, before the derivative of the activation: it must sum δ.",
         {"db": "up.sum(axis=0)"}),
    _row("no-transpose", "upper", "The delta is passed back through the weights the wrong way round (transposed).",
         {"back": "d @ W.T"}),
    _row("missing-path", "upper", "A hidden delta does not sum over all neurons that its activation feeds.",
         {"back": "d @ only(W, <j>)"}, {"back": "d @ without(W, <j>)"}, {"back": "d * diagonal(W)"}),
    _row("gradient-for-weights", "upper", "The gradient of the weights is used instead of the weights.",
         {"back": "d @ dW"},
         advice="The delta goes back through W, the same numbers that the forward pass multiplied by."),
    _row("gradients-summed-back", "upper", "The weights' gradients are summed instead of δ times the weights.",
         {"back": "dW.sum(axis=0)"}, advice="Pass back δ·W of each neuron, and sum these."),
    _row("weights-missing-in-back", "upper", "The weights are missing where the delta is passed back.",
         {"back": "d.sum(axis=1, keepdims=True)"}, {"back": "d"}),
    _row("upstream-lost", "any", "The upstream gradient is lost: only the derivative of the activation is left.",
         {"d": "slope"}, ({"d": "np.where(z > 0, up, slope)"}, _RELU), ({"d": "np.where(z > 0, slope, up)"}, _RELU),
         advice="Multiply the upstream gradient by the derivative; do not overwrite it."),
    _row("softmax-diagonal-only", "output", "Only the diagonal of softmax's derivative is used.",
         ({"up": "-y * (1 - p)<over>"}, _SOFTMAX), ({"slope": "a * (1 - a)"}, ("softmax",)),
         advice="Every output of a softmax depends on every net of its row: δ[j] sums over all of these outputs."),
    _row("extra-factor", "any", "There is one factor too many: {extra}.",
         {"d": "{} * a"}, {"d": "{} * z"}, {"d": "{} * (1 - a)"}, {"d": "{} * a0"}, {"d": "{} * y"}),
    _row("wrong-layer", "any", "A quantity is taken from the neighbouring layer: an index is off by one.",
         {"back": "d @ W0"}, {"back": "d @ W_"}, {"slope": "f1(z0)"}, {"slope": "f1(z_)"}, {"dW": "d.T @ a00"}),
    _row("transposed-gradient", "any", "The weights' gradient is transposed: right if your weights are transposed too.",
         {"dW": "({}).T", "l2W": "({}).T"}, {"dW": "({}).T"}),
    _row("bias-regularized", "any", "The penalty is applied to the biases too.",
         {"l2_biases": 1.0}, {"l2_biases": "<c>"}),
    _row("bias-not-regularized", "any", "The penalty, which applies to the biases too, is missing from their gradient.",
         {"l2b": "0.0 * b"}),
    _row("weights-not-regularized", "any", "The penalty is missing from the weights' gradient.", {"l2_weights": 0.0}),
    _row("l2-sign", "any", "The penalty is subtracted.", {"l2_weights": -1.0}),
    _row("l2-factor", "any", "The penalty's derivative has a wrong factor.", {"l2_weights": "<c>"}),
    _row("l2-skips-column", "any", "The penalty leaves out the first column of W, as if it held the biases.",
         {"l2W": "l2 / m * without(W.T, 0).T"}),
    _row("l2-on-gradient", "any", "The penalty's λ multiplies the gradient, not the weights.",
         {"l2W": "l2 / m * (d.T @ a0)"}, {"l2W": "l2 * (d.T @ a0)"}),
    _row("l2-not-in-loss", "any", "There is a penalty in the gradient, and λ = 0 in the loss: is λ right?",
         {"l2": "<c>"}),
    _row("bias-sum-for-mean", "any", "The biases' gradient is a sum over the samples where the loss is a mean.",
         {"scale_biases": "m"}),
    _row("bias-mean-for-sum", "any", "The biases' gradient is averaged over the samples one time too many.",
         {"scale_biases": "1/m"}),
    _row("bias-not-trained", "any", "The biases' gradient is 0.", {"scale_biases": 0.0}),
    _row("bias-from-weights-gradient", "any", "The biases' gradient uses the row sums of dW instead of the sums of δ.",
         {"db": "dW.sum(axis=1)"}, {"db": "dW.mean(axis=1)"},
         advice="Sum δ over the samples: the inputs play no part in it."),
    _row("bias-summed-over-neurons", "any",
         "The biases' gradient is summed over the neurons too: one number for all of them.",
         {"db": "d.sum()"}, {"db": "d.sum(axis=1)"}, {"db": "d.mean()"},
         advice="Sum over the samples alone: axis=0, where samples are rows."),
    _row("last-sample-only", "any", "Only one sample is in the gradient: the sum is overwritten, not added to.",
         *_samples("only(d, -1)"), _samples("only(d, 0)")[0]),
    _row("missing-sample", "all", "Sample {i} is not in the sum.", _samples("without(d, <i>)")[0]),
    _row("sample-twice", "all", "Sample {i} is counted twice.", _samples("twice(d, <i>)")[0]),
    _row("layers-reversed", "all", "The list of gradients begins with the last layer.", {"order": "reversed"}),
    _row("relu-mask-from-upstream", "any", "The ReLU's mask is taken from the gradient, not from the net.",
         ({"slope": "f1(up)"}, _RELU)),
    _row("softmax-over-samples", "output", "The softmax is taken over the samples (q), not over the outputs (p).",
         ({"up": "(q - y)<over>"}, _SOFTMAX)),
    _row("softmax-over-all", "output", "The softmax is taken over all outputs of all samples together.",
         ({"up": "(np.exp(a) / np.exp(a).sum() - y)<over>"}, _SOFTMAX),
         advice="Divide each row by its own sum: axis=1, keepdims=True, where samples are rows."),
    _row("softmax-twice", "output", "The softmax is applied twice: the loss already applies it to the outputs.",
         ({"up": "(softmax(p) - y)<over>"}, _SOFTMAX),
         ({"up": "p * (softmax(p) - y - ((softmax(p) - y) * p).sum(axis=1, keepdims=True))<over>"}, _SOFTMAX),
         advice="Give the loss the net z of the last layer, not its softmax."),
    _row("error-in-slope", "any", "The formula of the derivative uses the error instead of the activation.",
         {"slope": "<f' of (a - y)>"}, {"slope": "<f' of up>"}),
    _row("wrong-activation", "any",
         "The derivative, or the activation itself, is another function's: {g} instead of {f}.",
         {"slope": "<g' formula>"}, {"slope": "<g>1(z)"}, {"a": "<g>(z)", "slope": "<g>1(z)"}),
    _row("activation-left-out", "any", "The activation is not applied in the forward pass: a = z.",
         {"a": "z"}, {"a": "z", "slope": "1.0"}),
    _row("bias-left-out", "any", "The bias is not added in the forward pass.", {"z": "a0 @ W.T"}),
    _row("factor", "any", "A factor is wrong.", *_scaled("<c>")),
    _row("missing-loss-term", "output", "The derivative of the loss is wrong: {loss}.",
         {"up": "<E'?>"}),
    _row("wrong-loss", "output", "The pass begins with the derivative of another loss: {loss}.", {"up": "<E'>"},
         ({"d": "(a - y)<over>"}, ("softmax",))),
    _row("not-zeroed", "all", "The gradients of two passes are added up: they were not reset to 0 in between.",
         {"scale": 2.0}, {"passes": 2}),
    _row("parameters-for-gradients", "all", "These are the parameters after the step, not the gradients.",
         {"dW": "W - eta * ({})", "l2W": "-eta * ({})", "db": "b - eta * ({})", "l2b": "-eta * ({})"},
         {"db": "b - eta * ({})", "l2b": "-eta * ({})"}, {"dW": "W - eta * ({})", "l2W": "-eta * ({})"}),
    _row("steps-for-gradients", "all", "These are the numbers of an update step, not the gradients: {made}.",
         {"dW": "np.sign({})", "db": "np.sign({})"},
         {"dW": "{} / np.sqrt(({} ** 2).sum())", "db": "{} / np.sqrt(({} ** 2).sum())"},
         advice="Compare the gradients before they are clipped or normalized."),
    _row("other-weights", "all", "These are the gradients at other weights: {start}.",
         {"start": "those after a step"}, {"start": "two weights are swapped"}),
    _row("targets-in-another-order", "all", "The targets are in a different order from the inputs.",
         {"start": "targets in another order"}, advice="Shuffle X and y together, with one permutation for both."),
    _row("other-inputs", "first", "The inputs are normalised {stage}: take the same X everywhere.",
         {"dW": "d.T @ <X'>"}, {"z": "<X'> @ W.T + b"}, {"z": "<X'> @ W.T + b", "dW": "d.T @ <X'>"}),
    _row("single-precision", "all", "The numbers are right, but computed in single precision (float32).",
         {"precision": "single"}),
)  # fmt: skip
"""Every mistake that is known, the likelier first where two explain the same numbers."""
ANOTHER = _row("another-line", "any", "This is no known mistake, but this line gives your numbers.")
"""What an edit is called that has no row in the table."""

CODES = {mistake.code: mistake for mistake in (*MISTAKES, ANOTHER)}


def find_mistake(code: str) -> Mistake:
    """The mistake of that code. Raises `UnknownNameError`, with the nearest, if there is none."""
    if code not in CODES:
        raise UnknownNameError(nearest("mistake", code, CODES))
    return CODES[code]
