"""Every convention can be said, is said back, and is told where the gradients are right for another one."""

import itertools

import numpy as np
import pytest

import microbp
from microbp import nn
from microbp.losses import LOSSES, loss_named
from microbp.problems import NetworkProblem
from microbp.problems.loading import parse
from microbp.problems.settings import PENALTIES

RNG = np.random.default_rng(0)
W, B = [RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))], [RNG.normal(size=3), RNG.normal(size=2)]
X = RNG.normal(size=(4, 2))
BEFORE = {"λ/2m": 1 / 8, "λ/2": 1 / 2, "λ": 1.0, "λ/m": 1 / 4}
FORMS = [*itertools.product(["squared_error", "half_squared_error_per_sample"], PENALTIES, (False, True))]


def problem(loss, **more):
    of = LOSSES[loss].of
    Y = np.where(RNG.random((4, 2)) > 0.5, 1.0, -1.0) if of == "hinge" else np.eye(2)[[0, 1, 1, 0]]
    output = "sigmoid" if of in ("squared_error", "binary_cross_entropy") else "linear"
    return NetworkProblem("t", W, B, X, Y, activation="tanh", output=output, loss=loss, **more)


def gradients(problem):
    problem.model.zero_grad()
    problem.root().backward()
    return problem.model.grad_arrays()


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_right_and_its_average_is_what_it_says(loss):
    one = problem(loss)
    diagnosis = microbp.diagnose(one, gradients(one))
    assert diagnosis.ok, str(diagnosis)
    assert diagnosis.assumed["loss"] == loss
    assert str(diagnosis).startswith(f"Judged for the loss {LOSSES[loss].words}")
    total = LOSSES[loss_named(loss, half=False, over="sum")]
    outputs, count = [one.model(x) for x in X.tolist()], {"sum": 1, "samples": 4, "elements": 8}[LOSSES[loss].over]
    share = (0.5 if LOSSES[loss].half else 1.0) / count
    assert one.root().data == pytest.approx(total.graph(outputs, one.targets).data * share, rel=1e-12)


@pytest.mark.parametrize(("loss", "penalty", "biases"), FORMS)
def test_every_penalty_is_right_and_is_what_it_says(loss, penalty, biases):
    one = problem(loss, l2=0.3, penalty=penalty, penalize_biases=biases)
    assert microbp.diagnose(one, gradients(one)).ok
    assert microbp.compare(one).ok
    squares = sum(float((array**2).sum()) for array in (*W, *(B if biases else ())))
    assert one.root().data == pytest.approx(problem(loss).root().data + 0.3 * BEFORE[penalty] * squares, rel=1e-12)


def test_right_for_another_convention_is_a_verdict_of_its_own():
    given = gradients(problem("half_squared_error_per_sample"))
    said = microbp.diagnose(problem("half_squared_error"), given)
    assert not said.ok
    assert said.right_for == "Exactly right for 1/2m Σ(a − y)²; you said ½Σ(a − y)²."
    assert said.mistakes
    model = nn.MLP.from_arrays(W, B, "tanh", "sigmoid")
    unsaid = microbp.diagnose(model, given, X, np.eye(2)[[0, 1, 1, 0]])
    assert unsaid.ok
    assert "no loss was named" in unsaid.right_for
    assert unsaid.assumed["said"] == []


def test_another_penalty_is_said_as_it_is_written():
    given = gradients(problem("half_squared_error", l2=0.3, penalty="λ/2"))
    said = microbp.diagnose(problem("half_squared_error", l2=0.3), given).right_for
    assert said == "Exactly right for ½Σ(a − y)² + 0.3/2 Σ w²; you said ½Σ(a − y)² + 0.3/2m Σ w²."


@pytest.mark.usefixtures("no_pairs")
@pytest.mark.parametrize(("by", "is_right"), [(0.0, True), (2e-4, False), (3e-2, False)])
def test_what_is_near_to_another_convention_is_not_right_for_it(by, is_right):
    dW, db = ([np.round(g, 4) for g in kind] for kind in gradients(problem("half_squared_error_per_sample", l2=0.3)))
    dW[0][0, 0] += by
    assert bool(microbp.diagnose(problem("half_squared_error", l2=0.3), (dW, db)).right_for) == is_right


def test_a_penalty_that_was_said_is_not_excused():
    given = gradients(problem("half_squared_error", l2=0.3, penalize_biases=True))
    diagnosis = microbp.diagnose(problem("half_squared_error", l2=0.3), given)
    assert not diagnosis.ok
    assert "of the biases too" in diagnosis.right_for


@pytest.mark.parametrize(
    ("section", "loss"),
    [
        ('name = "mse"', "mean_squared_error"),
        ('name = "squared_error"\nhalf = true\nover = "samples"', "half_squared_error_per_sample"),
        ('name = "bce"\nover = "sum"', "binary_cross_entropy_sum"),
        ('name = "cross_entropy"', "binary_cross_entropy"),
        ('name = "logistic"', "binary_cross_entropy"),
        ('over = "samples"', "half_squared_error_per_sample"),
    ],
)
def test_a_file_says_a_loss_in_any_of_its_words(section, loss):
    text = f'title = "t"\n[network]\nsizes = [1, 1]\n[data]\ninputs = [[1.0]]\ntargets = [[1.0]]\n[loss]\n{section}\n'
    assert parse(text, "t").loss == loss
