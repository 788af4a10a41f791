"""Passes as learners write them, with one line wrong: none of it is ours, and every mistake is named."""

import zlib

import numpy as np
import pytest

import microbp
from microbp import nn

PASS = """
m = len(X)
z1 = X @ W1.T + b1
a1 = f(z1)
z2 = a1 @ W2.T + b2
a2 = f(z2)
z3 = a2 @ W3.T + b3
a3 = out(z3)
d3 = error(z3, a3)
d2 = (d3 @ W3) * slope(z2, a2)
d1 = (d2 @ W2) * slope(z1, a1)
dW1 = d1.T @ X + l2 / m * W1
dW2 = d2.T @ a1 + l2 / m * W2
dW3 = d3.T @ a2 + l2 / m * W3
db1 = d1.sum(0)
db2 = d2.sum(0)
db3 = d3.sum(0)
dW = [dW1, dW2, dW3]
db = [db1, db2, db3]
"""
"""A right pass, line by line."""


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


HIDDEN = {
    "sigmoid": (sigmoid, lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a**2),
    "relu": (lambda z: np.maximum(0, z), lambda z, a: z > 0),
}
RNG = np.random.default_rng(0)
M = 6
X = RNG.normal(size=(M, 3))
Y = {
    "squared_error_per_sample": RNG.random((M, 3)),
    "binary_cross_entropy": RNG.integers(0, 2, size=(M, 3)).astype(float),
    "softmax_cross_entropy": np.eye(3)[RNG.integers(0, 3, size=M)],
    "half_squared_error": np.eye(3)[[0, 2, 1, 1, 0, 2]],
}
OUTPUTS = {
    "squared_error_per_sample": ("sigmoid", sigmoid, lambda y: lambda z, a: 2 * (a - y) / M * a * (1 - a)),
    "binary_cross_entropy": ("sigmoid", sigmoid, lambda y: lambda z, a: (a - y) / M),
    "softmax_cross_entropy": ("linear", lambda z: z, lambda y: lambda z, a: (softmax(z) - y) / M),
    "half_squared_error": ("softmax", softmax, lambda y: lambda z, a: a * (a - y - ((a - y) * a).sum(1)[:, None])),
}


def learner(f, loss, l2, *edits):
    """The model, and what a pass with these lines in the place of others gives."""
    output, out, error = OUTPUTS[loss]
    rng = np.random.default_rng(zlib.crc32(repr((f, loss, edits)).encode()))  # whichever tests ran before
    model = nn.MLP.from_arrays(
        [rng.normal(size=(3, 3)) for _ in range(3)], [rng.normal(size=3) for _ in range(3)], f, output
    )
    source = PASS
    for edit in edits:
        name = edit.split(" = ")[0]
        (line,) = [line for line in PASS.splitlines() if line.startswith(f"{name} = ")]
        source = source.replace(line, edit)
    weights, biases = model.arrays()
    names = {f"W{l}": W for l, W in enumerate(weights, 1)} | {f"b{l}": b for l, b in enumerate(biases, 1)}
    names |= {"f": HIDDEN[f][0], "slope": HIDDEN[f][1], "out": out, "error": error(Y[loss]), "X": X, "y": Y[loss]}
    names |= {"np": np, "l2": l2, "sigmoid": sigmoid, "softmax": softmax}
    exec(source, names)
    return model, {"dW": names["dW"], "db": names["db"]}


BEFORE = [(1, "X"), (2, "a1"), (3, "a2")]


def every_dW(penalty):
    """All three lines of the weights' gradients, with something else at their end."""
    return [f"dW{l} = d{l}.T @ {a}{penalty.replace('W', f'W{l}')}" for l, a in BEFORE]


def rounded(gradients, digits):
    """What a learner types."""
    return {k: [np.vectorize(lambda x: float(f"{x:.{digits}g}"))(g) for g in v] for k, v in gradients.items()}


SQUARED, CROSS, SOFTMAX, SHARES = OUTPUTS
WRONG = [
    ("missing-output-derivative", "sigmoid", SQUARED, 0, ["d3 = 2 * (a3 - y) / m"]),
    ("extra-output-derivative", "tanh", CROSS, 0, ["d3 = (a3 - y) / m * a3 * (1 - a3)"]),
    ("missing-hidden-derivative", "tanh", SQUARED, 0, ["d1 = d2 @ W2"]),
    ("missing-hidden-derivative", "sigmoid", SQUARED, 0, ["d2 = d3 @ W3", "d1 = d2 @ W2"]),
    ("derivative-of-activation", "sigmoid", CROSS, 0, ["d1 = (d2 @ W2) * sigmoid(a1) * (1 - sigmoid(a1))"]),
    ("formula-of-net", "sigmoid", CROSS, 0, ["d2 = (d3 @ W3) * z2 * (1 - z2)", "d1 = (d2 @ W2) * z1 * (1 - z1)"]),
    ("formula-of-net", "tanh", SOFTMAX, 0, ["d1 = (d2 @ W2) * (1 - z1**2)"]),
    ("wrong-derivative-formula", "tanh", CROSS, 0, ["d2 = (d3 @ W3) * (1 - a2)", "d1 = (d2 @ W2) * (1 - a1)"]),
    ("wrong-derivative-formula", "relu", CROSS, 0, ["d2 = (d3 @ W3) * z2", "d1 = (d2 @ W2) * z1"]),
    ("wrong-derivative-formula", "sigmoid", SQUARED, 1.5, ["d1 = (d2 @ W2) * a1"]),
    ("wrong-activation", "sigmoid", SOFTMAX, 0, ["d2 = (d3 @ W3) * (1 - a2**2)", "d1 = (d2 @ W2) * (1 - a1**2)"]),
    ("relu-mask-from-upstream", "relu", SOFTMAX, 0, ["d1 = (d2 @ W2) * (d2 @ W2 > 0)"]),
    ("no-transpose", "tanh", SQUARED, 0, ["d2 = (d3 @ W3.T) * slope(z2, a2)", "d1 = (d2 @ W2.T) * slope(z1, a1)"]),
    ("no-transpose", "tanh", SQUARED, 0, ["d1 = (d2 @ W2.T) * slope(z1, a1)"]),
    ("missing-path", "sigmoid", SQUARED, 0, ["d2 = np.outer(d3[:, 0], W3[0]) * slope(z2, a2)"]),
    ("wrong-layer", "sigmoid", SQUARED, 0, ["d1 = (d2 @ W1) * slope(z1, a1)"]),
    ("wrong-layer", "tanh", SOFTMAX, 0, ["d1 = (d2 @ W3) * slope(z1, a1)"]),
    ("wrong-layer", "relu", SOFTMAX, 0, ["d1 = (d2 @ W2) * slope(z2, a2)"]),
    ("wrong-layer", "relu", SOFTMAX, 0, ["dW3 = d3.T @ a1"]),
    ("error-not-delta", "sigmoid", SQUARED, 0, ["d2 = (2 * (a3 - y) / m) @ W3 * slope(z2, a2)"]),
    (
        "error-not-delta", "tanh", SQUARED, 0,
        ["dW2 = (d3 @ W3).T @ a1", "db2 = (d3 @ W3).sum(0)"],
    ),
    ("net-for-activation", "sigmoid", SQUARED, 0.8, ["dW2 = d2.T @ z1 + l2/m*W2", "dW3 = d3.T @ z2 + l2/m*W3"]),
    ("input-for-activation", "sigmoid", SQUARED, 0, ["dW2 = d2.T @ X", "dW3 = d3.T @ X"]),
    ("output-for-input", "sigmoid", SQUARED, 0, ["dW1 = d1.T @ a1", "dW2 = d2.T @ a2", "dW3 = d3.T @ a3"]),
    ("missing-input", "tanh", SQUARED, 0.8, ["dW2 = d2.T @ np.ones((m, 3)) + l2 / m * W2"]),
    (
        "parameters-for-gradients", "relu", SQUARED, 0.8,
        [f"{g} = [{', '.join(f'{g[1]}{l} - 0.3 * {g}{l}' for l in (1, 2, 3))}]" for g in ("dW", "db")],
    ),
    ("missing-loss-term", "tanh", CROSS, 0, ["d3 = -y / a3 / m * a3 * (1 - a3)"]),
    ("missing-loss-term", "tanh", CROSS, 0.8, ["d3 = -(y / a3 + (1 - y) / (1 - a3)) / m * a3 * (1 - a3)"]),
    ("missing-loss-term", "relu", SOFTMAX, 0, ["d3 = softmax(z3) / m"]),
    ("missing-loss-term", "tanh", SQUARED, 0, ["d3 = (a3 - y) ** 2 / m * a3 * (1 - a3)"]),
    ("missing-loss-term", "relu", SQUARED, 0.8, ["d3 = ((a3 - y) ** 2).sum() / m * a3 * (1 - a3)"]),
    ("missing-loss-term", "tanh", SQUARED, 0, ["d3 = 2 * (np.round(a3) - y) / m * a3 * (1 - a3)"]),
    ("missing-loss-term", "relu", SOFTMAX, 0, ["d3 = (np.eye(3)[z3.argmax(1)] - y) / m"]),
    ("missing-loss-term", "relu", SOFTMAX, 0, ["d3 = -y * np.log(softmax(z3)) / m"]),
    (
        "steps-for-gradients", "tanh", SQUARED, 0,
        [f"{g} = [np.sign(g) for g in [{g}1, {g}2, {g}3]]" for g in ("dW", "db")],
    ),
    (
        "steps-for-gradients", "relu", CROSS, 0,
        [f"{g} = [np.clip(g, -0.05, 0.05) for g in [{g}1, {g}2, {g}3]]" for g in ("dW", "db")],
    ),
    (
        "steps-for-gradients", "sigmoid", SQUARED, 0,
        [f"{g} = [g / np.linalg.norm(g) for g in [{g}1, {g}2, {g}3]]" for g in ("dW", "db")],
    ),
    ("last-sample-only", "tanh", CROSS, 0, [f"dW{l} = np.outer(d{l}[-1], {a}[-1])" for l, a in BEFORE]),
    ("transposed-gradient", "tanh", CROSS, 0.8, ["dW2 = a1.T @ d2 + l2 / m * W2"]),
    ("wrong-loss", "relu", CROSS, 0, ["d3 = (a3 - y) * a3 * (1 - a3)"]),
    ("wrong-loss", "tanh", CROSS, 0, ["d3 = np.sign(a3 - y) / y.size * a3 * (1 - a3)"]),
    (
        "wrong-loss", "tanh", SOFTMAX, 0,
        ["d3 = (p := softmax(z3)) * (p - y - ((p - y) * p).sum(1)[:, None]) / m"],
    ),
    ("softmax-diagonal-only", "tanh", SOFTMAX, 0, ["d3 = -y * (1 - softmax(z3)) / m"]),
    ("softmax-diagonal-only", "tanh", SHARES, 0, ["d3 = (a3 - y) * a3 * (1 - a3)"]),
    ("missing-output-derivative", "tanh", SHARES, 0, ["d3 = a3 - y"]),
    ("wrong-loss", "relu", SHARES, 0, ["d3 = a3 - y"]),
    ("no-transpose", "relu", SHARES, 0.8, ["d2 = (d3 @ W3.T) * slope(z2, a2)"]),
    ("softmax-over-samples", "tanh", SOFTMAX, 0, ["d3 = (softmax(z3.T).T - y) / m"]),
    ("sign", "tanh", SQUARED, 0, ["d3 = 2 * (y - a3) / m * a3 * (1 - a3)"]),
    ("factor", "tanh", SOFTMAX, 0, ["d3 = softmax(z3) - y"]),
    ("factor", "tanh", SQUARED, 0.5, ["d3 = (a3 - y) / m * a3 * (1 - a3)"]),
    ("bias-sum-for-mean", "relu", SOFTMAX, 0, [f"db{l} = m * d{l}.sum(0)" for l in (1, 2, 3)]),
    ("bias-mean-for-sum", "relu", SOFTMAX, 0, [f"db{l} = d{l}.mean(0)" for l in (1, 2, 3)]),
    ("bias-not-trained", "relu", CROSS, 0.8, ["db = [0 * b1, 0 * b2, 0 * b3]"]),
    ("last-sample-only", "tanh", CROSS, 0, ["d3 = np.where(np.arange(m)[:, None] < m - 1, 0, (a3 - y) / m)"]),
    ("missing-sample", "tanh", CROSS, 0.8, ["d3 = np.where(np.arange(m)[:, None] == 2, 0, (a3 - y) / m)"]),
    ("missing-sample", "relu", SQUARED, 0, ["d3 = 2 * (a3 - y) / m * a3 * (1 - a3); d3[m - 1] = 0"]),
    ("other-inputs", "tanh", SQUARED, 0, ["dW1 = d1.T @ ((X - X.mean(0)) / X.std(0))"]),
    ("other-inputs", "sigmoid", CROSS, 0, ["z1 = (X - X.mean(0)) @ W1.T + b1"]),
    ("targets-in-another-order", "tanh", SQUARED, 0, ["d3 = 2 * (a3 - y[[0, 3, 2, 1, 4, 5]]) / m * a3 * (1 - a3)"]),
    ("targets-in-another-order", "tanh", SOFTMAX, 0.8, ["d3 = (softmax(z3) - np.roll(y, 1, axis=0)) / m"]),
    ("weights-not-regularized", "tanh", CROSS, 0.8, every_dW("")),
    ("weights-not-regularized", "tanh", CROSS, 0.8, ["dW2 = d2.T @ a1"]),
    ("l2-factor", "tanh", SOFTMAX, 0.8, every_dW(" + l2 * W")),
    ("l2-factor", "tanh", SOFTMAX, 0.8, ["dW3 = d3.T @ a2 + 2 * l2 / m * W3"]),
    ("l2-sign", "relu", SQUARED, 0.8, every_dW(" - l2/m*W")),
    ("l2-skips-column", "tanh", CROSS, 0.8, every_dW(" + l2/m*W*(np.arange(3) > 0)")),
    ("bias-regularized", "tanh", SQUARED, 0.8, [f"db{l} = d{l}.sum(0) + l2 / m * b{l}" for l in (1, 2, 3)]),
    ("bias-regularized", "tanh", SQUARED, 0.8, ["db2 = d2.sum(0) + l2 / m * b2"]),
    ("l2-not-in-loss", "tanh", CROSS, 0, every_dW(" + 0.3/m*W")),
    ("transposed-gradient", "tanh", CROSS, 0.8, ["dW = [dW1.T, dW2.T, dW3.T]"]),
    ("transposed-gradient", "tanh", CROSS, 0, ["dW2 = a1.T @ d2"]),
    ("layers-reversed", "tanh", CROSS, 0.8, ["dW = [dW3, dW2, dW1]", "db = [db3, db2, db1]"]),
    ("not-zeroed", "tanh", CROSS, 0.8, ["dW = [2 * dW1, 2 * dW2, 2 * dW3]", "db = [2 * db1, 2 * db2, 2 * db3]"]),
    (
        "update-before-backprop", "tanh", SQUARED, 0,
        ["d2 = (d3 @ (W3 - 0.1 * d3.T @ a2)) * slope(z2, a2)", "d1 = (d2 @ (W2 - 0.1 * d2.T @ a1)) * slope(z1, a1)"],
    ),
]  # fmt: skip


TOLD = [
    ("δ3 = (2·(a3 − y)/m)·a3", "sigmoid", SQUARED, 0, ["d3 = 2 * (a3 - y) / m * a3"]),
    ("δ3 = (2·(a3 − y)/m)·y·(1 − y)", "sigmoid", SQUARED, 0, ["d3 = 2 * (a3 - y) / m * y * (1 - y)"]),
    ("δ3 = |2·(a3 − y)/m| ⊙ σ′(z3)", "tanh", SQUARED, 0, ["d3 = 2 * abs(a3 - y) / m * a3 * (1 - a3)"]),
    (
        "δ3 = (exp(a3)/(the sum of all of exp(a3)) − y)/m", "tanh", SOFTMAX, 0,
        ["d3 = (np.exp(z3) / np.exp(z3).sum() - y) / m"],
    ),
    ("δ3 = a3·(a3 − y − (the sum of all of ((a3 − y)·a3)))", "tanh", SHARES, 0,
     ["d3 = a3 * (a3 - y - ((a3 - y) * a3).sum())"]),
    ("δ1 = (δ2 W2) ⊙ a1 − a1", "sigmoid", SQUARED, 0, ["d1 = d2 @ W2 * a1 * 1 - a1"]),
    ("δ1 = (δ2 W2) ⊙ ((1 − a1)²)", "tanh", SQUARED, 0, ["d1 = d2 @ W2 * (1 - a1) ** 2"]),
    ("δ1 = (δ2 W2) ⊙ sign(z1)", "relu", CROSS, 0, ["d1 = d2 @ W2 * np.sign(z1)"]),
    ("δ1 = (δ3 W2) ⊙ tanh′(z1)", "tanh", SQUARED, 0, ["d1 = d3 @ W2 * slope(z1, a1)"]),
    ("δ1 = (row sums of δ2) ⊙ tanh′(z1)", "tanh", SQUARED, 0, ["d1 = d2.sum(1)[:, None] * slope(z1, a1)"]),
    ("db2 = row means of dW2", "tanh", SQUARED, 0, ["db2 = dW2.mean(1)"]),
    ("db1 = δ1[0]", "tanh", SQUARED, 0, ["db1 = d1[0]"]),
    ("dW2 = (δ2ᵀ a1) ⊙ W2", "tanh", CROSS, 0, ["dW2 = (d2.T @ a1) * W2"]),
    ("dW3 = δ3ᵀ a2 + (λ/m)·sign(W3)", "tanh", CROSS, 0.8, every_dW(" + l2 / m * np.sign(W)")),
    ("dW3 = δ3ᵀ a2 + (λ/m)·W3 ⊙ W3", "tanh", CROSS, 0.8, every_dW(" + l2 / m * W ** 2")),
]  # fmt: skip
"""Passes as people ask about them, each with the line that has to be told as theirs, whether it has a name or not."""


@pytest.mark.parametrize(("line", "f", "loss", "l2", "edits"), TOLD, ids=lambda value: str(value)[:40])
def test_a_wrong_line_is_told(line, f, loss, l2, edits):
    model, gradients = learner(f, loss, l2, *edits)
    diagnosis = microbp.diagnose(model, gradients, X, Y[loss], loss=loss, l2=l2)
    assert not diagnosis.ok
    assert [found["wrong"] for found in diagnosis.details["findings"]] == [line]


@pytest.mark.parametrize(
    ("said", "edits"),
    [
        ("the right numbers, cut off at ±0.01", ["dW1 = np.clip(d1.T @ X, -0.01, 0.01)"]),
        ("confined to neuron 0 of layer 1", ["d1 = (d2 @ W2) * slope(z1, a1); d1[:, 0] = 0"]),
    ],
)
@pytest.mark.usefixtures("no_pairs")
def test_what_was_done_to_right_gradients_is_said(said, edits):
    model, gradients = learner("tanh", SQUARED, 0, *edits)
    diagnosis = microbp.diagnose(model, gradients, X, Y[SQUARED], loss=SQUARED)
    assert not diagnosis.ok
    assert said in str(diagnosis)


EXACT = list({row[0]: (*row, None) for row in reversed(WRONG)}.values())
"""One row of each mistake with all digits: the other rows are lines that differ, not numbers."""


@pytest.mark.parametrize(
    ("code", "f", "loss", "l2", "edits", "digits"),
    [*((*row, 6) for row in WRONG), *EXACT],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_line_is_named(code, f, loss, l2, edits, digits):
    model, gradients = learner(f, loss, l2, *edits)
    if digits:
        gradients = rounded(gradients, digits)
    diagnosis = microbp.diagnose(model, gradients, X, Y[loss], loss=loss, l2=l2)
    assert not diagnosis.ok
    assert (code,) in (diagnosis.mistakes, *diagnosis.alternatives), str(diagnosis)


PAIRS = [
    (["factor", "missing-hidden-derivative"], ["d3 = 2 * (2 * (a3 - y) / m * a3 * (1 - a3))", "d1 = d2 @ W2"]),
    (["sign", "no-transpose"], ["d3 = 2 * (y - a3) / m * a3 * (1 - a3)", "d1 = (d2 @ W2.T) * slope(z1, a1)"]),
    (["bias-not-trained", "net-for-activation"], ["db = [0 * b1, 0 * b2, 0 * b3]", "dW3 = d3.T @ z2"]),
    (
        ["missing-output-derivative", "update-before-backprop"],
        ["d3 = 2 * (a3 - y) / m", "d2 = (d3 @ (W3 - 0.5 * d3.T @ a2)) * slope(z2, a2)"],
    ),
    (["wrong-layer", "transposed-gradient"], ["d1 = (d2 @ W1) * slope(z1, a1)", "dW = [dW1, dW2, dW3.T]"]),
]


@pytest.mark.parametrize(("codes", "edits"), PAIRS, ids=lambda value: str(value)[:40])
def test_two_wrong_lines_are_both_named(codes, edits):
    model, gradients = learner("tanh", SQUARED, 0, *edits)
    diagnosis = microbp.diagnose(model, gradients, X, Y[SQUARED], loss=SQUARED)
    assert sorted(codes) in [sorted(found) for found in (diagnosis.mistakes, *diagnosis.alternatives)], str(diagnosis)


@pytest.mark.parametrize("loss", OUTPUTS)
@pytest.mark.parametrize("f", HIDDEN)
@pytest.mark.parametrize("l2", [0, 0.8])
def test_a_pass_without_a_wrong_line_is_right(f, loss, l2):
    model, gradients = learner(f, loss, l2)
    diagnosis = microbp.diagnose(model, gradients, X, Y[loss], loss=loss, l2=l2)
    assert (diagnosis.ok, diagnosis.mistakes, diagnosis.alternatives) == (True, (), ())


@pytest.mark.parametrize("total", ["d1.sum()", "[d1.sum()]", "[[d1.sum()]]", "d1.mean()"])
def test_one_number_for_the_biases_of_a_layer_is_taken_for_each_neuron_and_named(total):
    model, gradients = learner("tanh", SQUARED, 0, f"db1 = np.array({total})")
    diagnosis = microbp.diagnose(model, gradients, X, Y[SQUARED], loss=SQUARED)
    assert diagnosis.mistakes == ("bias-summed-over-neurons",), str(diagnosis)
    assert "db1 is one number: as NumPy would broadcast it, it is used for each of the" in str(diagnosis)
    compared = microbp.compare(model, X, Y[SQUARED], gradients=gradients, loss=SQUARED)
    assert [row.name for row in compared.rows if not row.ok] == ["b1"]


@pytest.mark.parametrize("total", ["sum(axis=0)", "sum()", "mean(axis=1, keepdims=True)"])
def test_another_sum_in_the_delta_of_a_softmax_is_told(total):
    model = nn.MLP(3, [4, 3], activation="tanh", output="softmax", seed=1)
    (W1, W2), (b1, b2) = model.arrays()
    targets = np.eye(3)[[0, 1, 2, 1, 0, 2]]
    a1 = np.tanh(X @ W1.T + b1)
    a2 = softmax(a1 @ W2.T + b2)
    up = a2 - targets
    d2 = a2 * (up - eval(f"(up * a2).{total}"))
    d1 = (d2 @ W2) * (1 - a1**2)
    given = {"dW1": d1.T @ X, "db1": d1.sum(0), "dW2": d2.T @ a1, "db2": d2.sum(0)}
    diagnosis = microbp.diagnose(model, given, X, targets)
    assert diagnosis.mistakes == ("another-line",), str(diagnosis)
    assert diagnosis.details["layers"] == [2]
    assert diagnosis.details["findings"][0]["change"]["d"] == f"a * (up - (up * a).{total})"
