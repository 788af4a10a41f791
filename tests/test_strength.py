import json

import numpy as np

import microbp
from microbp import nn
from microbp.cli import main
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.strength import IMPOSSIBLE, strength


def reasons(found):
    return {row.code: row.reason for row in found.rows if not row.caught}


def test_what_lambda_and_a_single_sample_hide_is_said():
    hidden = reasons(strength(microbp.load("w1-w8")))
    assert {hidden[code] for code in ("l2-sign", "l2-factor", "bias-regularized", "weights-not-regularized")} == {
        "λ = 0 hides it"
    }
    assert {hidden[code] for code in ("last-sample-only", "bias-mean-for-sum")} == {"one sample hides it"}
    assert hidden["single-precision"] == "it is smaller than what a check can see"
    assert "sign" not in hidden


def test_the_data_that_are_offered_catch_all_that_can_happen():
    model = nn.MLP(3, [3, 3], activation="relu", output="sigmoid", seed=1)
    first = strength(model, [[0.1, 0.2, 0.3]], [[1.0, 0.0, 1.0]], loss="binary_cross_entropy")
    assert not first.ok
    again = strength(model, first.X, first.Y, loss="binary_cross_entropy", l2=first.l2)
    assert {code for code, reason in reasons(again).items() if reason != IMPOSSIBLE} <= {"single-precision"}
    assert len(again.rows) == len(MISTAKES)


def test_tiny_weights_hide_the_derivative_at_the_activation():
    weights = [np.full((2, 2), 1e-9), np.full((1, 2), 1e-9)]
    model = nn.MLP.from_arrays(weights, [np.zeros(2), np.zeros(1)], "tanh", "linear")
    found = strength(model, [[0.5, 0.2], [0.1, 0.3]], [[1.0], [0.5]], l2=1.0)
    assert "derivative-of-activation" in reasons(found)


def test_the_command_prints_the_strength(capsys):
    assert main(["gradcheck", "w1-w8", "--strength"]) == 1
    assert "NOT CAUGHT: λ = 0 hides it" in capsys.readouterr().out
    assert main(["gradcheck", "w1-w8", "--strength", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
