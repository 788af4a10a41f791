import json
from itertools import pairwise

import numpy as np
import pytest

import microbp
from microbp import nn, vectorized
from microbp.comparing.gradcheck import ALLOWED
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.strength import planting
from microbp.diagnosis.strength.planting import candidates, judge_planted, kinds_of
from microbp.diagnosis.strength.strength import strength
from microbp.errors import GraphError, ProblemError
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))


def network(sizes, activation="tanh", output="sigmoid", scale=1.0, biases=True):
    rng = np.random.default_rng(1)
    weights = [scale * rng.normal(size=(n, k)) for k, n in pairwise(sizes)]
    return nn.MLP.from_arrays(weights, [rng.normal(size=n) * biases for n in sizes[1:]], activation, output)


def reasons(found, verdict="missed"):
    return {row.code: row.reason for row in found.rows if row.verdict == verdict}


def on_what_is_offered(found, activation, output, loss):
    model = nn.MLP.from_arrays(found.weights, found.biases, activation, output)
    return strength(model, found.X, found.Y, loss=loss, l2=found.l2)


def test_what_lambda_and_a_single_sample_hide_is_said():
    found = strength(microbp.load("w1-w8"))
    hidden = reasons(found)
    assert {code for code, reason in hidden.items() if reason == "hidden by λ = 0"} == {
        "l2-sign", "l2-factor", "l2-skips-column", "l2-on-gradient", "bias-regularized", "weights-not-regularized"
    }  # fmt: skip
    assert {code for code, reason in hidden.items() if reason == "hidden by one sample"} == {
        "last-sample-only", "missing-sample", "sample-twice", "bias-mean-for-sum", "bias-sum-for-mean",
        "targets-in-another-order", "other-inputs",
    }  # fmt: skip
    # With m = 1 and two outputs the ½ of one loss is the 1/(m·n) of the other.
    assert reasons(found, "in part") == {
        "wrong-loss": "1 of 13 kinds (up = 2 * (a - y) / (m * n) in layer 2): hidden by one sample",
        "bias-summed-over-neurons": "2 of 4 kinds (db = d.mean() in layer 1, …): hidden by one sample",
    }
    assert found.changed == ("l2", "X", "Y")
    assert len(found.rows) == len(MISTAKES)


@pytest.mark.parametrize(
    ("loss", "given", "code", "reason"),
    [
        ("half_squared_error", {"biases": False, "l2": 1.0}, "bias-regularized", "biases that are all 0"),
        ("half_squared_error", {"biases": False}, "bias-regularized", "λ = 0 and biases that are all 0"),
        ("half_squared_error", {"scale": 1e-9, "biases": False}, "derivative-of-activation", "weights below 1e-08"),
        ("half_squared_error", {"scale": 0.0, "biases": False}, "missing-path", "weights that are all 0"),
        ("half_squared_error", {"X": 0 * X, "biases": False}, "net-for-activation", "inputs that are all 0"),
        ("half_squared_error", {"Y": None}, "bias-not-trained", "targets that are met"),
        ("squared_error", {"X": X[:1], "Y": Y[:1], "l2": 1.0}, "last-sample-only", "one sample"),
    ],
)
def test_the_reason_is_what_hides_it(loss, given, code, reason):
    built = {name: given[name] for name in ("scale", "biases") if name in given}
    model = network((3, 3, 3), output="tanh", **built)
    x, y = given.get("X", X), given.get("Y", Y)
    if y is None:
        y = vectorized.forward(*model.arrays(), x, **model.activations())[1][-1]
    found = strength(model, x, y, loss=loss, l2=given.get("l2", 0.0))
    assert reasons(found)[code] == f"hidden by {reason}"


@pytest.mark.parametrize(
    ("sizes", "activation", "output", "code", "reason"),
    [
        ((3, 3), "tanh", "tanh", "missing-path", "one layer only"),
        ((3, 4, 3), "tanh", "tanh", "no-transpose", "not with these sizes"),
        ((3, 4, 3), "tanh", "tanh", "relu-mask-from-upstream", "no ReLU"),
        ((3, 4, 3), "tanh", "tanh", "softmax-diagonal-only", "no softmax"),
        ((3, 4, 3), "tanh", "linear", "missing-output-derivative", "not with these activations"),
        ((3, 4, 3), "relu", "linear", "derivative-of-activation", "not with these activations"),
    ],
)
def test_what_cannot_happen_says_what_the_network_lacks(sizes, activation, output, code, reason):
    found = strength(network(sizes, activation, output), X, Y)
    assert reasons(found, "impossible")[code] == reason
    assert f"{code} ({reason})" in str(found).replace("\n  ", " ") or f"{code}, " in str(found).replace("\n  ", " ")


NETWORKS = [
    ((3, 3, 3), "relu", "sigmoid", "binary_cross_entropy"),
    ((3, 3, 3, 2), "relu", "linear", "hinge"),
    ((3, 4, 3), "tanh", "linear", "softmax_cross_entropy"),
    ((3, 2), "linear", "linear", "mean_squared_error"),
]


@pytest.mark.parametrize(("sizes", "activation", "output", "loss"), NETWORKS)
def test_what_is_offered_catches_all_that_can_happen(sizes, activation, output, loss):
    y = np.eye(sizes[-1])[:1] * (2 if loss == "hinge" else 1) - (loss == "hinge")
    first = strength(network(sizes, activation, output, biases=False), X[:1, : sizes[0]], y, loss=loss)
    assert not first.ok
    assert {"l2-sign", "last-sample-only"} <= reasons(first).keys()
    again = on_what_is_offered(first, activation, output, loss)
    assert again.ok, str(again)
    assert {r.code for r in again.rows if r.verdict == "caught"} == {r.code for r in first.rows if r.kinds}


def test_tiny_weights_are_replaced_since_data_cannot_help():
    found = strength(network((3, 3, 3), scale=1e-9, biases=False), X, Y, l2=1.0)
    assert {"weights", "biases"} <= set(found.changed)
    assert "  weights = [[[" in str(found)
    assert on_what_is_offered(found, "tanh", "sigmoid", "half_squared_error").ok


def by_differences(weights, biases, x, y, l2, h=1e-5):
    """The gradients of Σ½(y − a)² + λ/2m ΣW² of a sigmoid network, by central differences and nothing of microbp."""

    def loss(arrays):
        a = x
        for W, b in zip(arrays[::2], arrays[1::2], strict=True):
            a = 1 / (1 + np.exp(-(a @ W.T + b)))
        return np.sum((y - a) ** 2) / 2 + l2 / (2 * len(x)) * sum(np.sum(W**2) for W in arrays[::2])

    arrays = [np.array(array) for pair in zip(weights, biases, strict=True) for array in pair]
    found = []
    for k, array in enumerate(arrays):
        found.append(np.zeros_like(array))
        for place in np.ndindex(array.shape):
            moved = [[other.copy() for other in arrays] for _ in range(2)]
            moved[0][k][place] += h
            moved[1][k][place] -= h
            found[k][place] = (loss(moved[0]) - loss(moved[1])) / (2 * h)
    return found


@pytest.mark.parametrize("offered", [False, True])
def test_an_independent_difference_catches_and_misses_the_same(offered):
    model = network((3, 3, 2), "sigmoid", "sigmoid", biases=False)
    x, y, l2 = X[:1], Y[:1, :2], 0.0
    if offered:
        found = strength(model, x, y)
        model = nn.MLP.from_arrays(found.weights, found.biases, "sigmoid", "sigmoid")
        x, y, l2 = np.array(found.X), np.array(found.Y), found.l2
    case = exercise_of(model, x, y, l2=l2, learning_rate=0.1)
    numeric = by_differences(case.weights, case.biases, x, y, l2)
    kinds = [kind for mistake in MISTAKES for kind in kinds_of(case, mistake)]
    judged = judge_planted(case, kinds)
    assert len(kinds) > 60
    for kind in kinds:
        wrong = kind.gradients(case)
        seen = any(
            g.shape != n.shape or not np.allclose(g, n, rtol=1e-6, atol=1e-9)
            for g, n in zip((wrong[name] for name in case.names), numeric, strict=True)
        )
        # What single precision does is below 1e-6, and above what the complex step sees.
        assert judged.caught[kind] == (seen or kind.mistake.code == "single-precision"), str(kind)
        assert judged.caught[kind] or not offered


def test_it_judges_with_the_tolerance_of_the_check(monkeypatch):
    monkeypatch.setitem(ALLOWED, "complex", 1.5)
    caught = [row.code for row in strength(microbp.load("w1-w8")).rows if row.verdict == "caught"]
    assert caught == ["sign"]  # of error 2; the others are below 1.5, or have other kinds that are


def test_a_check_of_few_parameters_finds_what_one_of_all_finds(monkeypatch):
    digits = microbp.load("digits")
    case = exercise_of(digits, *digits.shown_samples)
    kinds = [kind for mistake in MISTAKES for kind in candidates(case, mistake)]
    few = judge_planted(case, kinds)
    monkeypatch.setattr(planting, "LEAVES", 10_000)
    every = judge_planted(case, kinds)
    assert few.caught == every.caught
    assert "of 1,210 parameters" in few.said
    assert len(every.right.names) == 1210


def test_data_on_which_right_gradients_do_not_pass_are_refused():
    with pytest.raises(ProblemError, match="the loss is inf: "):
        strength(network((3, 3, 3)), 1e200 * X, 1e200 * Y)
    with pytest.raises(GraphError, match="take central"):
        strength(network((3, 3, 3), "relu"), X, Y, method="complex")


def test_what_takes_minutes_is_refused_before_any_mistake_is_planted():
    with pytest.raises(GraphError, match=r"300 leaves in a graph of 250,\d{3} values takes minutes"):
        strength(network((500, 499, 1)), np.zeros((1, 500)), np.zeros((1, 1)))


def test_the_command_prints_what_is_missed_and_what_to_change(capsys):
    assert main(["gradcheck", "w1-w8", "--strength"]) == 1
    said = capsys.readouterr().out
    assert "(1 sample, λ = 0; complex step)\nwould miss 15 of the 54 mistakes" in said
    assert "All would be caught with\n  l2 = 1.0\n  X = [[0.05, 0.1], [" in said
    assert main(["gradcheck", "w1-w8", "--strength", "--json", "--method", "central"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["check"]) == (False, "1 sample, λ = 0; central difference")
    assert found["rows"][0].keys() == {"code", "verdict", "reason", "shows", "kinds", "missed"}
    assert main(["gradcheck", "matrix-form", "--strength"]) == 0
    assert "would catch all 50 mistakes" in capsys.readouterr().out
    assert main(["gradcheck", "iris", "--strength", "--samples", "2"]) == 1
    assert "(2 samples, " in capsys.readouterr().out
    assert main(["gradcheck", "x * y", "x=1", "y=2", "--strength"]) == 2
