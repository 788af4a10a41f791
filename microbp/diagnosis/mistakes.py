"""The mistakes that learners make: what is wrong, what is right, and what each changes in the rules of a pass.

>>> mistake = find("missing-hidden-derivative")
>>> mistake.name, mistake.changes
('A hidden delta lacks the derivative of the activation.', [{'slope': 'none'}])
>>> print(mistake.ways[0].wrong[0])
δ{l} = {up}
"""

from __future__ import annotations

from microbp.diagnosis.mistake import Mistake
from microbp.diagnosis.ways import DW, SOLVED, Way, back, biases, delta, inputs, scaled, slope, weights
from microbp.errors import UnknownNameError, nearest

MISTAKES = (
    Mistake("sign", "The gradient points downhill: its sign is wrong.", "any", scaled("−", -1.0)),
    Mistake(
        "missing-output-derivative", "The output's delta lacks the derivative of the activation.", "output",
        (slope({"slope": "none"}, "", ""),),
    ),
    Mistake(
        "extra-output-derivative", "The output's delta has a derivative once too often.", "output",
        (
            slope({"slope": "twice"}, "{f}′(z{l}) ⊙ {f}′(z{l})", "{f}′(z{l}[i,j]) · {f}′(z{l}[i,j])"),
            delta(
                {"slope": "twice"}, ("(p − y)/m", "(p[i,j] − y[i,j])/m"), ("p ⊙ (1 − p)", "p[i,j]·(1 − p[i,j])"),
                loss="softmax_cross_entropy",
            ),
        ),
    ),
    Mistake(
        "missing-hidden-derivative", "A hidden delta lacks the derivative of the activation.", "hidden",
        (slope({"slope": "none"}, "", ""),),
    ),
    Mistake(
        "extra-hidden-derivative", "A hidden delta has the derivative of the activation twice.", "hidden",
        (slope({"slope": "twice"}, "{f}′(z{l}) ⊙ {f}′(z{l})", "{f}′(z{l}[i,j]) · {f}′(z{l}[i,j])"),),
    ),
    Mistake(
        "derivative-of-activation", "The derivative is taken at the activation, not at the net.", "any",
        (slope({"slope": "activation"}, "{f}′(a{l})", "{f}′(a{l}[i,j])"),),
    ),
    Mistake(
        "formula-of-net", "The derivative's formula in the activation a, here {slope}, got the net z.", "any",
        (slope({"slope": "formula"}, "({wrong_slope})", "({wrong_slope_i})"),),
    ),
    Mistake(
        "wrong-derivative-formula", "The derivative's formula is another: {wrong_slope} for {slope}.", "any",
        (slope({"slope": "misremembered <k>"}, "({wrong_slope})", "({wrong_slope_i})"),),
    ),
    Mistake(
        "net-for-activation", "The weights' gradient takes the net z where the activation a belongs.", "upper",
        (inputs({"inputs": "net"}, "z{p}"),),
    ),
    Mistake(
        "input-for-activation", "The weights' gradient takes the network's input where the activation belongs.",
        "upper", (inputs({"inputs": "data"}, "X"),),
    ),
    Mistake(
        "output-for-input", "The weights' gradient takes the layer's own activation, not the one before it.", "any",
        (inputs({"inputs": "output"}, "a{l}"),),
    ),
    Mistake(
        "missing-input", "The weights' gradient lacks the activation before the layer: it is δ alone.", "any",
        (weights({"inputs": "ones"}, "column sums of δ{l}, in each column{l2}", "Σi δ{l}[i,j]{l2_i}"),),
    ),
    Mistake(
        "update-before-backprop", "The weights were changed before the delta was passed back through them.", "upper",
        (
            back(
                {"back": "updated"}, "δ{l} (W{l} − η·dW{l})", "Σj δ{l}[i,j]·(W{l}[j,k] − η·dW{l}[j,k])"
            ),
        ),
    ),
    Mistake(
        "error-not-delta", "The error stands where the delta belongs: the layer's derivative is not in it.", "upper",
        (
            back({"passed": "error"}, "∂E/∂a{l} W{l}", "Σj ∂E/∂a{l}[i,j]·W{l}[j,k]"),
            weights({"summed": "error"}, "∂E/∂a{l}ᵀ {before}{l2}", "Σi ∂E/∂a{l}[i,j]·{before}[i,k]{l2_i}"),
            biases({"summed": "error"}, "column sums of ∂E/∂a{l}", "Σi ∂E/∂a{l}[i,j]"),
        ),
    ),
    Mistake(
        "no-transpose", "The delta is passed back through the weights the wrong way round.", "upper",
        (back({"back": "untransposed"}, "δ{l} W{l}ᵀ", "Σj δ{l}[i,j]·W{l}[k,j]"),),
    ),
    Mistake(
        "missing-path", "A hidden delta does not sum over all neurons that the activation reaches.", "upper",
        (
            back({"paths": "only <neuron>"}, "δ{l} W{l}, neuron {j} alone", "δ{l}[i,{j}]·W{l}[{j},k]"),
            back({"paths": "without <neuron>"}, "δ{l} W{l}, without neuron {j}", "Σj≠{j} δ{l}[i,j]·W{l}[j,k]"),
            back({"paths": "own"}, "δ{l} ⊙ diagonal of W{l}", "δ{l}[i,k]·W{l}[k,k]"),
        ),
    ),
    Mistake(
        "wrong-layer", "A quantity is taken from the neighbouring layer: an index is off by one.", "any",
        (
            back({"back": "below"}, "δ{l} W{p}", "Σj δ{l}[i,j]·W{p}[j,k]"),
            back({"back": "above"}, "δ{l} W{n}", "Σj δ{l}[i,j]·W{n}[j,k]"),
            slope({"slope_at": "below"}, "{f}′(z{p})", "{f}′(z{p}[i,j])"),
            slope({"slope_at": "above"}, "{f}′(z{n})", "{f}′(z{n}[i,j])"),
            inputs({"inputs": "below"}, "{two_before}"),
        ),
    ),
    Mistake(
        "transposed-gradient", "The weights' gradient is transposed: it is right if your weights are, too.", "any",
        (
            Way({"transposed": "all"}, ("dW{l} = ({sum}{l2})ᵀ", "dW{l}[k,j] = {sum_i}{l2_i}"), DW),
            Way({"transposed": "loss"}, ("dW{l} = ({sum})ᵀ{l2}", "dW{l}[k,j] = {sum_i}{l2_kj}"), DW),
        ),
    ),
    Mistake(
        "bias-regularized", "The penalty is applied to the biases too.", "any",
        (
            biases({"l2_biases": 1.0}, "column sums of δ{l} + (λ/m)·b{l}", "Σi δ{l}[i,j] + (λ/m)·b{l}[j]"),
            biases({"l2_biases": SOLVED}, "column sums of δ{l} + {c}·(λ/m)·b{l}", "Σi δ{l}[i,j] + {c}·(λ/m)·b{l}[j]"),
        ),
    ),
    Mistake(
        "weights-not-regularized", "The penalty is missing from the weights' gradient.", "any",
        (weights({"l2_weights": 0.0}, "{sum}", "{sum_i}"),),
    ),
    Mistake(
        "l2-sign", "The penalty is subtracted.", "any",
        (weights({"l2_weights": -1.0}, "{sum} − (λ/m)·W{l}", "{sum_i} − (λ/m)·W{l}[j,k]"),),
    ),
    Mistake(
        "l2-factor", "The penalty's derivative has a wrong factor.", "any",
        (weights({"l2_weights": SOLVED}, "{sum} + {c}·(λ/m)·W{l}", "{sum_i} + {c}·(λ/m)·W{l}[j,k]"),),
    ),
    Mistake(
        "l2-skips-column", "The penalty leaves out the first column of W, as if the biases stood there.", "any",
        (
            weights(
                {"l2_columns": "without first"},
                "{sum} + (λ/m)·W{l}, column 0 left out", "{sum_i} + [k > 0]·(λ/m)·W{l}[j,k]",
            ),
        ),
    ),
    Mistake(
        "l2-not-in-loss", "There is a penalty in the gradient, and λ = 0 in the loss: is λ right?", "any",
        (weights({"l2": SOLVED}, "{sum} + ({c}/m)·W{l}", "{sum_i} + ({c}/m)·W{l}[j,k]"),),
    ),
    Mistake(
        "bias-sum-for-mean", "The biases' gradient is a sum over the samples where the loss is a mean.", "any",
        (biases({"scale_biases": "m"}, "m·(column sums of δ{l})", "m·Σi δ{l}[i,j]"),),
    ),
    Mistake(
        "bias-mean-for-sum", "The biases' gradient is averaged over the samples once too often.", "any",
        (biases({"scale_biases": "1/m"}, "column means of δ{l}", "1/m·Σi δ{l}[i,j]"),),
    ),
    Mistake(
        "bias-not-trained", "The biases' gradient is 0.", "any", (biases({"scale_biases": 0.0}, "0", "0"),),
    ),
    Mistake(
        "last-sample-only", "Only one sample is in the gradient: the sum is overwritten, not added to.", "any",
        (
            weights(
                {"samples": "last"}, "δ{l}[m−1]ᵀ {before}[m−1]{l2}", "δ{l}[m−1,j]·{before}[m−1,k]{l2_i}"
            ),
            weights({"samples": "first"}, "δ{l}[0]ᵀ {before}[0]{l2}", "δ{l}[0,j]·{before}[0,k]{l2_i}"),
            biases({"samples": "last"}, "δ{l}[m−1]", "δ{l}[m−1,j]"),
            biases({"samples": "first"}, "δ{l}[0]", "δ{l}[0,j]"),
            weights(
                {"samples": "last", "samples_in": "weights"},
                "δ{l}[m−1]ᵀ {before}[m−1]{l2}", "δ{l}[m−1,j]·{before}[m−1,k]{l2_i}",
            ),
            biases({"samples": "last", "samples_in": "biases"}, "δ{l}[m−1]", "δ{l}[m−1,j]"),
        ),
    ),
    Mistake(
        "missing-sample", "Sample {i} is not in the sum.", "all",
        (
            weights(
                {"samples": "without <sample>"},
                "({sum}, without sample {i}){l2}", "Σi≠{i} δ{l}[i,j]·{before}[i,k]{l2_i}",
            ),
            biases({"samples": "without <sample>"}, "column sums of δ{l}, without sample {i}", "Σi≠{i} δ{l}[i,j]"),
        ),
    ),
    Mistake(
        "layers-reversed", "The list of gradients begins with the last layer.", "all",
        (Way(
            {"order": "reversed"}, ("[dWL, …, dW1]", "dW[0] is that of layer L"),
            ("[dW1, …, dWL]", "dW[0] is that of layer 1"),
        ),),
    ),
    Mistake(
        "relu-mask-from-upstream", "The ReLU's mask is taken from the gradient, not from the net.", "any",
        (slope({"slope": "upstream"}, "{f}′({up})", "{f}′({up_i})"),),
    ),
    Mistake(
        "softmax-diagonal-only", "Only the diagonal of softmax's derivative is used.", "output",
        (delta({"softmax": "diagonal"}, ("(−y ⊙ (1 − p))/m", "(−y[i,j]·(1 − p[i,j]))/m")),),
    ),
    Mistake(
        "softmax-over-samples", "The softmax is taken over the samples (q), not over the outputs (p).", "output",
        (delta({"softmax": "samples"}, ("(q − y)/m", "(q[i,j] − y[i,j])/m")),),
    ),
    Mistake(
        "wrong-activation", "The derivative, or the activation itself, is another function's: {g} for {f}.", "any",
        (
            slope({"slope_of": "<activation>"}, "({wrong_slope})", "({wrong_slope_i})"),
            slope({"slope_of": "<activation>", "slope_from": "net"}, "{g}′(z{l})", "{g}′(z{l}[i,j])"),
            Way(
                {"forward": "<activation>"},
                ("a{l} = {g}(z{l})", "a{l}[i,j] = {g}(z{l}[i,j])"), ("a{l} = {f}(z{l})", "a{l}[i,j] = {f}(z{l}[i,j])"),
            ),
        ),
    ),
    Mistake("factor", "All is right but for a factor.", "any", scaled("{c}·", SOLVED)),
    Mistake(
        "missing-loss-term", "A part of the loss's derivative is missing, or wrong: {error_name}.", "output",
        (delta({"error": "<part of the loss>"}, ("{error}", "{error_i}")),),
    ),
    Mistake(
        "wrong-loss", "The pass begins with the derivative of another loss: {error_name}.", "output",
        (delta({"error": "<loss>"}, ("{error}", "{error_i}")),),
    ),
    Mistake(
        "not-zeroed", "The gradients of two passes are added up: they were not set to 0 between them.", "all",
        (
            weights({"scale": 2.0}, "2·{dW}", "2·{dW_i}"),
            biases({"scale": 2.0}, "2·(column sums of δ{l})", "2·Σi δ{l}[i,j]"),
            weights({"passes": 2}, "{dW} + dW{l} of the pass before", "{dW_i} + that of the pass before"),
        ),
    ),
    Mistake(
        "parameters-for-gradients", "These are the parameters after the step, not the gradients.", "all",
        (
            weights({"returned": "parameters"}, "W{l} − η·{dW}", "W{l}[j,k] − η·{dW_i}"),
            biases({"returned": "parameters"}, "b{l} − η·(column sums of δ{l})", "b{l}[j] − η·Σi δ{l}[i,j]"),
        ),
    ),
    Mistake(
        "single-precision", "The numbers are right, but computed in single precision (float32).", "all",
        (Way(
            {"precision": "single"}, ("float32: 7 digits", "float32: 7 digits"),
            ("float64: 16 digits", "float64: 16 digits"),
        ),),
    ),
)  # fmt: skip
"""Every mistake that is known, the likelier first where two explain the same numbers."""

CODES = {mistake.code: mistake for mistake in MISTAKES}


def find(code: str) -> Mistake:
    """The mistake of that code. Raises `UnknownNameError`, with the nearest, if there is none."""
    if code not in CODES:
        raise UnknownNameError(nearest("mistake", code, CODES))
    return CODES[code]
