import json
from itertools import pairwise

import numpy as np
import pytest

import microbp
from microbp import nn
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main
from tests import cases
from tests.planting import rounded

KINDS = ("plain", "saturated", "perfect", "zero", "symmetric")


def network(rng, kind):
    """A network with data: its outputs saturated, a perfect fit, all weights 0, or all alike."""
    sizes = rng.integers(1, 5, size=rng.integers(2, 4)).tolist()
    weights = [rng.normal(size=(n, k)) for k, n in pairwise(sizes)]
    scale = {"saturated": 20.0, "zero": 0.0}.get(kind, 1.0)
    weights = [np.full_like(W, 0.5) if kind == "symmetric" else scale * W for W in weights]
    output = str(rng.choice(["linear", "sigmoid"]))
    model = nn.MLP.from_arrays(weights, [0.0 * W[:, 0] + 0.1 for W in weights], "tanh", output)
    X = rng.normal(size=(int(rng.choice([1, 3, 10])), sizes[0]))
    outputs = np.array([[v.data for v in np.atleast_1d(model(list(x)))] for x in X])
    if output == "sigmoid" and kind != "perfect":
        return model, X, rng.integers(0, 2, size=outputs.shape).astype(float), "binary_cross_entropy"
    return model, X, outputs if kind == "perfect" else rng.normal(size=outputs.shape), "half_squared_error"


def cut(right, decimals):
    return {name: np.trunc(g * 10.0**decimals) / 10.0**decimals for name, g in right.items()}


def hand_ins(rng, right):
    """Right ones in every form and wrong ones, by what they are; None: this may be either."""
    digits, error = int(rng.integers(4, 10)), 10.0 ** rng.uniform(-8, -6)
    half = {name: g.astype(np.float16) for name, g in right.items()}
    yield "as they are", right, True
    yield "rounded to digits", rounded(right, digits), True
    yield "rounded to decimals", {name: g.round(digits) for name, g in right.items()}, True
    yield "cut off", cut(right, digits), True
    yield "float32", {name: g.astype(np.float32) for name, g in right.items()}, True
    yield "float16", half, True
    yield "float16 as doubles", {name: g.astype(np.float64) for name, g in half.items()}, True
    yield "an error in each", {name: g * (1 + error * rng.uniform(-1, 1, g.shape)) for name, g in right.items()}, True
    yield "an error in all", {name: g * (1 + error) for name, g in right.items()}, True
    yield "two digits", rounded(right, 2), None
    yield "an error of 1e-3", {name: g * (1 + 1e-3 * (name == "dW1")) for name, g in right.items()}, None
    yield "rounded with a mistake", rounded({name: -g for name, g in right.items()}, digits), None


@pytest.mark.usefixtures("no_pairs")
def test_no_two_ways_to_judge_a_hand_in_contradict():
    for k in range(cases(5)):
        rng = np.random.default_rng([12, k])
        model, X, Y, loss = network(rng, KINDS[k % len(KINDS)])
        right = exercise_of(model, X, Y, loss=loss).truth[1]
        for j, (form, given, verdict) in enumerate(hand_ins(rng, right)):
            if (j - k) % 3:
                continue
            how = {"X": X, "Y": Y, "loss": loss}
            comparison = microbp.compare(model, gradients=given, **how)
            walk, diagnosis = microbp.first_divergence(model, given, **how), microbp.diagnose(model, given, **how)
            assert len({comparison.ok, walk.ok, diagnosis.ok}) == 1, (k, form)
            assert verdict in (None, diagnosis.ok), (k, form)
            assert comparison.ok == all(row.ok for row in comparison.rows)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda g: g, 0),
        (lambda g: np.trunc(g * 1e5) / 1e5, 0),
        (lambda g: g * (1 + 3e-7), 0),
        (lambda g: g.astype(np.float32).astype(np.float64), 0),
        (lambda g: -g.round(6), 1),
    ],
)
def test_every_command_ends_with_the_same_code(change, code, tmp_path, capsys):
    problem = microbp.load("w1-w8")
    right = {name: g for name, g in exercise_of(problem).truth[1].items() if name[1] == "W"}
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({name: change(g).tolist() for name, g in right.items()}))
    ways = (["compare", "w1-w8"], ["diagnose", "w1-w8"], ["grade", "w1-w8"], ["compare", "w1-w8", "--intermediates"])
    assert [main([*way, str(file)]) for way in ways] == [code] * 4
    assert main(["draw", "w1-w8", "-o", str(tmp_path / "wrong.dot"), "--compare", str(file)]) == code
    capsys.readouterr()


def test_what_no_loss_was_said_for_is_right_for_another_in_every_way():
    model, X, Y = nn.MLP(2, [3, 1], seed=1), [[0.5, -1.0], [2.0, 0.25]], [[1.0], [0.0]]
    other = exercise_of(model, X, Y, loss="half_squared_error_per_sample")
    given = {**other.truth[1], "loss": other.truth[0]}
    comparison, diagnosis = microbp.compare(model, X, Y, gradients=given), microbp.diagnose(model, given, X, Y)
    assert (comparison.ok, diagnosis.ok, microbp.first_divergence(model, given, X, Y).ok) == (True, True, True)
    words = "Exactly right for 1/2m Σ(a − y)²; no loss was named, and ½Σ(a − y)² is the default."
    assert comparison.notes == (diagnosis.right_for,) == (words,)
    said = "half_squared_error"
    wrong = microbp.compare(model, X, Y, gradients=given, loss=said)
    assert not wrong.ok
    assert wrong.notes[0] == "Exactly right for 1/2m Σ(a − y)²; you said ½Σ(a − y)²."
    assert not microbp.diagnose(model, given, X, Y, loss=said).ok
    walk = microbp.first_divergence(model, given, X, Y, loss=said)
    assert not walk.ok


@pytest.mark.parametrize(("loss", "told"), [(0.298371109, False), (0.298, False), (0.2983, False), (0.3, True)])
def test_a_loss_counts_to_its_digits_and_is_told_beside_right_gradients(loss, told):
    problem = microbp.load("w1-w8")
    given = {"w5": 0.082167041, "loss": loss}
    for judged in (microbp.compare(problem, gradients=given), microbp.diagnose(problem, given)):
        assert judged.ok
        assert ("The loss that came with the gradients is wrong" in str(judged)) is told


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_either_side_of_a_kink_is_right_where_rounding_decides(activation):
    model = nn.MLP.from_arrays([[[1.0, 1.0]], [[1.0]]], [[-0.3], [0.0]], activation, "linear")
    how = {
        "X": [[0.1, 0.2]],
        "Y": [[1.0]],
        "loss": "half_squared_error",
    }  # 0.1 + 0.2 − 0.3 is 5.6e-17, or 0, or −2.8e-17
    right = exercise_of(model, **how).truth[1]
    for slope in ({"relu": 0.0, "leaky_relu": 0.01}[activation], 1.0):
        given = {**right, "dW1": right["dW1"] * slope, "db1": right["db1"] * slope}
        assert microbp.compare(model, gradients=given, **how).ok
        assert microbp.diagnose(model, given, **how).ok
    given["dW1"] = right["dW1"] * 0.5
    assert not microbp.compare(model, gradients=given, **how).ok


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda g: g | {"dW1": g["dW1"].T}, "its transpose fits: give dW1.T"),
        (lambda g: dict(zip(g, (g["dW2"], g["db2"], g["dW1"], g["db1"]), strict=True)), "in reverse order?"),
    ],
)
def test_an_array_of_another_shape_is_wrong_in_every_way(change, said, tmp_path, capsys):
    model, X, Y = nn.MLP(2, [3, 1], seed=1), [[0.5, -1.0]], [[1.0]]
    given = change(exercise_of(model, X, Y).truth[1])
    comparison, diagnosis = microbp.compare(model, X, Y, gradients=given), microbp.diagnose(model, given, X, Y)
    walk = microbp.first_divergence(model, given, X, Y)
    assert (comparison.ok, diagnosis.ok, walk.ok) == (False,) * 3
    assert diagnosis.mistakes
    assert said in str(comparison)
    assert comparison.notes[-1].endswith(("T.", "order?"))
    assert [row.name for row in comparison.rows] == ["W1", "b1", "W2", "b2"]
    assert comparison.rows[0].map == ()
    assert said in str(walk)
