"""The mistakes that learners make: what is wrong, what is right, and what each changes in the rules of a pass.

>>> mistake = find("missing-hidden-derivative")
>>> print(mistake.lines(2, {})["wrong"])
δ2 = δ3 W3
>>> mistake.changes
({'slope': 'none'},)
"""

from __future__ import annotations

from microbp.diagnosis.mistake import SOLVED, Change, Mistake
from microbp.errors import UnknownNameError, unknown

_OUT = ("δ{l} = ∂E/∂a{l} ⊙ f′(z{l})", "δ{l}[i,j] = ∂E/∂a{l}[i,j] · f′(z{l}[i,j])")
_HIDDEN = ("δ{l} = (δ{n} W{n}) ⊙ f′(z{l})", "δ{l}[i,k] = (Σj δ{n}[i,j]·W{n}[j,k]) · f′(z{l}[i,k])")
_BACK = ("δ{p} = (δ{l} W{l}) ⊙ f′(z{p})", "δ{p}[i,k] = (Σj δ{l}[i,j]·W{l}[j,k]) · f′(z{p}[i,k])")
_ANY = ("δ{l} = … ⊙ f′(z{l})", "δ{l}[i,j] = … · f′(z{l}[i,j])")
_DW = ("dW{l} = δ{l}ᵀ {before}", "dW{l}[j,k] = Σi δ{l}[i,j]·{before}[i,k]")
_DB = ("db{l} = column sums of δ{l}", "db{l}[j] = Σi δ{l}[i,j]")
_L2 = ("dW{l} = δ{l}ᵀ {before} + (λ/m)·W{l}", "dW{l}[j,k] = Σi δ{l}[i,j]·{before}[i,k] + (λ/m)·W{l}[j,k]")


def _row(
    code: str, name: str, wrong: str, wrong_index: str, right: tuple[str, str], where: str, *changes: Change
) -> Mistake:
    return Mistake(code, name, wrong, right[0], wrong_index, right[1], changes, where)


MISTAKES = (
    _row(
        "sign", "The gradient points downhill: its sign is wrong.",
        "dW{l} = −δ{l}ᵀ {before}", "dW{l}[j,k] = −Σi δ{l}[i,j]·{before}[i,k]", _DW,
        "any", {"scale": -1.0}, {"scale_weights": -1.0}, {"scale_biases": -1.0}, {"scale_loss": -1.0},
    ),
    _row(
        "missing-output-derivative", "The output's delta lacks the derivative of the activation.",
        "δ{l} = ∂E/∂a{l}", "δ{l}[i,j] = ∂E/∂a{l}[i,j]", _OUT, "output", {"slope": "none"},
    ),
    _row(
        "extra-output-derivative", "The output's delta has the derivative of the activation once too often.",
        "δ{l} = δ{l} ⊙ f′(z{l})", "δ{l}[i,j] = δ{l}[i,j] · f′(z{l}[i,j])", _OUT, "output", {"slope": "twice"},
    ),
    _row(
        "missing-hidden-derivative", "A hidden delta lacks the derivative of the activation.",
        "δ{l} = δ{n} W{n}", "δ{l}[i,k] = Σj δ{n}[i,j]·W{n}[j,k]", _HIDDEN, "hidden", {"slope": "none"},
    ),
    _row(
        "extra-hidden-derivative", "A hidden delta has the derivative of the activation twice.",
        "δ{l} = (δ{n} W{n}) ⊙ f′(z{l}) ⊙ f′(z{l})",
        "δ{l}[i,k] = (Σj δ{n}[i,j]·W{n}[j,k]) · f′(z{l}[i,k])²", _HIDDEN, "hidden", {"slope": "twice"},
    ),
    _row(
        "derivative-of-activation", "The derivative is taken at the activation, not at the net.",
        "δ{l} = … ⊙ f′(a{l})", "δ{l}[i,j] = … · f′(a{l}[i,j])", _ANY, "any", {"slope": "activation"},
    ),
    _row(
        "formula-of-net", "The derivative's formula in terms of the activation got the net: z(1 − z) for a(1 − a).",
        "δ{l} = … ⊙ (f′ written in a)(z{l})", "δ{l}[i,j] = … · (f′ written in a)(z{l}[i,j])", _ANY, "any",
        {"slope": "formula"},
    ),
    _row(
        "net-for-activation", "The weights' gradient takes the net z where the activation a belongs.",
        "dW{l} = δ{l}ᵀ z{p}", "dW{l}[j,k] = Σi δ{l}[i,j]·z{p}[i,k]", _DW, "upper", {"inputs": "net"},
    ),
    _row(
        "input-for-activation", "The weights' gradient takes the network's input where the activation belongs.",
        "dW{l} = δ{l}ᵀ X", "dW{l}[j,k] = Σi δ{l}[i,j]·X[i,k]", _DW, "upper", {"inputs": "data"},
    ),
    _row(
        "output-for-input", "The weights' gradient takes the layer's own activation, not the one before it.",
        "dW{l} = δ{l}ᵀ a{l}", "dW{l}[j,k] = Σi δ{l}[i,j]·a{l}[i,k]", _DW, "any", {"inputs": "output"},
    ),
    _row(
        "update-before-backprop", "The weights were changed before the delta was passed back through them.",
        "δ{p} = (δ{l} (W{l} − η·dW{l})) ⊙ f′(z{p})",
        "δ{p}[i,k] = (Σj δ{l}[i,j]·(W{l}[j,k] − η·dW{l}[j,k])) · f′(z{p}[i,k])", _BACK, "upper", {"back": "updated"},
    ),
    _row(
        "error-not-delta", "The error is passed back, not the delta: f′ of the layer is not in it.",
        "δ{p} = (∂E/∂a{l} W{l}) ⊙ f′(z{p})", "δ{p}[i,k] = (Σj ∂E/∂a{l}[i,j]·W{l}[j,k]) · f′(z{p}[i,k])", _BACK,
        "upper", {"passed": "error"},
    ),
    _row(
        "no-transpose", "The delta is passed back through the weights the wrong way round.",
        "δ{p} = (δ{l} W{l}ᵀ) ⊙ f′(z{p})", "δ{p}[i,k] = (Σj δ{l}[i,j]·W{l}[k,j]) · f′(z{p}[i,k])", _BACK, "upper",
        {"back": "untransposed"},
    ),
    _row(
        "missing-path", "A hidden delta does not sum over all neurons that the activation reaches.",
        "δ{p} = (δ{l} W{l}, {paths}) ⊙ f′(z{p})",
        "δ{p}[i,k] = (Σj, {paths}, δ{l}[i,j]·W{l}[j,k]) · f′(z{p}[i,k])", _BACK, "upper",
        {"paths": "only <neuron>"}, {"paths": "without <neuron>"}, {"paths": "own"},
    ),
    _row(
        "transposed-gradient", "The weights' gradient is transposed.",
        "dW{l} = {before}ᵀ δ{l}", "dW{l}[k,j] = Σi δ{l}[i,j]·{before}[i,k]", _DW, "any", {"transposed": True},
    ),
    _row(
        "bias-regularized", "The penalty is applied to the biases too.",
        "db{l} = column sums of δ{l} + (λ/m)·b{l}", "db{l}[j] = Σi δ{l}[i,j] + (λ/m)·b{l}[j]", _DB, "all",
        {"l2_biases": 1.0},
    ),
    _row(
        "weights-not-regularized", "The penalty is missing from the weights' gradient.",
        "dW{l} = δ{l}ᵀ {before}", "dW{l}[j,k] = Σi δ{l}[i,j]·{before}[i,k]", _L2, "all", {"l2_weights": 0.0},
    ),
    _row(
        "l2-sign", "The penalty is subtracted.",
        "dW{l} = δ{l}ᵀ {before} − (λ/m)·W{l}", "dW{l}[j,k] = Σi δ{l}[i,j]·{before}[i,k] − (λ/m)·W{l}[j,k]", _L2, "all",
        {"l2_weights": -1.0},
    ),
    _row(
        "l2-factor", "The penalty's derivative has a wrong factor.",
        "dW{l} = δ{l}ᵀ {before} + c·(λ/m)·W{l}", "dW{l}[j,k] = Σi δ{l}[i,j]·{before}[i,k] + c·(λ/m)·W{l}[j,k]", _L2,
        "all", {"l2_weights": SOLVED},
    ),
    _row(
        "bias-sum-for-mean", "The biases' gradient is a sum over the samples where the loss is a mean.",
        "db{l} = m · column sums of δ{l}", "db{l}[j] = m·Σi δ{l}[i,j]", _DB, "all", {"scale_biases": "m"},
    ),
    _row(
        "bias-mean-for-sum", "The biases' gradient is averaged over the samples once too often.",
        "db{l} = column means of δ{l}", "db{l}[j] = 1/m·Σi δ{l}[i,j]", _DB, "all", {"scale_biases": "1/m"},
    ),
    _row(
        "bias-not-trained", "The biases' gradient is 0.",
        "db{l} = 0", "db{l}[j] = 0", _DB, "all", {"scale_biases": 0.0},
    ),
    _row(
        "last-sample-only", "Only one sample is in the gradient: the sum is overwritten, not added to.",
        "dW{l} = δ{l}[i]ᵀ {before}[i], one i alone", "dW{l}[j,k] = δ{l}[i,j]·{before}[i,k], one i alone", _DW, "all",
        {"samples": "last"}, {"samples": "first"},
    ),
    _row(
        "layers-reversed", "The list of gradients begins with the last layer.",
        "[dWL, …, dW1]", "dW[0] is that of layer L", ("[dW1, …, dWL]", "dW[0] is that of layer 1"), "all",
        {"order": "reversed"},
    ),
    _row(
        "relu-mask-from-upstream", "The ReLU's mask is taken from the gradient, not from the net.",
        "δ{l} = (δ{n} W{n}) ⊙ [δ{n} W{n} > 0]", "δ{l}[i,k] = max(0, Σj δ{n}[i,j]·W{n}[j,k])", _HIDDEN, "any",
        {"slope": "upstream"},
    ),
    _row(
        "softmax-diagonal-only", "Only the diagonal of softmax's derivative is used.",
        "δ{l} = ∂E/∂p ⊙ p ⊙ (1 − p)", "δ{l}[i,j] = ∂E/∂p[i,j] · p[i,j](1 − p[i,j])",
        ("δ{l} = (p − y)/m", "δ{l}[i,j] = Σk ∂E/∂p[i,k] · p[i,k]([j = k] − p[i,j])"), "output", {"softmax": "diagonal"},
    ),
    _row(
        "wrong-activation", "The derivative (or the activation itself) is another function's: {of}.",
        "δ{l} = … ⊙ {of}′(z{l})", "δ{l}[i,j] = … · {of}′(z{l}[i,j])", _ANY, "any",
        {"slope_of": "<activation>"}, {"slope_of": "<activation>", "slope_from": "net"}, {"forward": "<activation>"},
    ),
    _row(
        "factor", "All is right but for a factor.",
        "dW{l} = c · δ{l}ᵀ {before}", "dW{l}[j,k] = c · Σi δ{l}[i,j]·{before}[i,k]", _DW, "any",
        {"scale": SOLVED}, {"scale_weights": SOLVED}, {"scale_biases": SOLVED}, {"scale_loss": SOLVED},
    ),
    _row(
        "wrong-loss", "The pass begins with the derivative of another loss: {error}.",
        "δ{l} = ∂({error})/∂a{l} ⊙ f′(z{l})", "δ{l}[i,j] = ∂({error})/∂a{l}[i,j] · f′(z{l}[i,j])", _OUT, "output",
        {"error": "<loss>"},
    ),
    _row(
        "not-zeroed", "The gradients of two passes are added up: they were not set to 0 between them.",
        "dW{l} = δ{l}ᵀ {before} + dW{l} of the pass before", "dW{l}[j,k] = 2 · Σi δ{l}[i,j]·{before}[i,k]", _DW, "all",
        {"scale": 2.0}, {"passes": 2},
    ),
    _row(
        "single-precision", "The numbers are right, but computed in single precision (float32).",
        "float32: 7 digits", "float32: 7 digits", ("float64: 16 digits", "float64: 16 digits"), "all",
        {"precision": "single"},
    ),
)  # fmt: skip
"""Every mistake that is known, the likelier first where two explain the same numbers."""

CODES = {mistake.code: mistake for mistake in MISTAKES}


def find(code: str) -> Mistake:
    """The mistake of that code. Raises `UnknownNameError`, with the nearest, if there is none."""
    if code not in CODES:
        raise UnknownNameError(unknown("mistake", code, CODES))
    return CODES[code]
