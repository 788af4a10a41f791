import pytest

import microbp
from microbp.errors import ProblemError, UnknownNameError
from microbp.training import train

# DESIGN of the example: which rule gives which published figure.
ROUTES = [
    ("simultaneous", 1, 0.291027774, None),
    ("output-first", 1, 0.291027924, None),
    ("simultaneous", 10_000, 0.0000351019, [0.0159136204, 0.9840642735]),
    ("output-first", 10_000, 0.0000350848, [0.0159121963, 0.9840657345]),
    ("simultaneous", 9_999, 0.0000351085, None),
]


@pytest.mark.parametrize(("update", "steps", "loss", "outputs"), ROUTES)
def test_published_totals_come_out_of_the_rule_they_belong_to(update, steps, loss, outputs):
    result = train(microbp.load("w1-w8"), steps, update=update)
    assert round(result.loss, 9 if steps == 1 else 10) == loss
    if outputs:
        assert [round(o, 10) for o in result.outputs[0]] == outputs


def test_weights_after_one_step_are_the_published_ones():
    parameters = train(microbp.load("w1-w8"), 1).parameters
    assert (round(parameters["w1"], 9), round(parameters["w5"], 9)) == (0.149780716, 0.358916480)
    assert (parameters["b1"], parameters["b2"]) == (0.35, 0.60)


def test_output_first_changes_only_the_hidden_weights():
    one, other = (train(microbp.load("w1-w8"), 1, update=u).parameters for u in ("simultaneous", "output-first"))
    assert {name for name in one if one[name] != other[name]} == {"w1", "w2", "w3", "w4"}


def test_no_step_changes_nothing():
    result = train(microbp.load("w1-w8"), 0)
    assert result.loss == result.initial_loss
    assert result.parameters["w1"] == 0.15


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: train(microbp.load("x*x", {"x": 1.0})), ProblemError, "needs a network"),
        (lambda: train(microbp.load("w1-w8"), update="late"), UnknownNameError, "unknown update: 'late'"),
        (lambda: train(microbp.load("w1-w8"), -1), ProblemError, "steps must be a whole number, 0 or more, got -1"),
    ],
)
def test_what_cannot_be_trained_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
