from dataclasses import replace

import numpy as np
import pytest

import microbp
from microbp import vectorized
from microbp.training.sweep import own_conventions, sweep
from microbp.training.train import train

STEPS = 25
OF_TRAINING = ("update", "learning_rate")


def trained(problem, steps, **changes):
    """What `train` comes to, with these conventions."""
    settings = {name: changes.pop(name) for name in OF_TRAINING if name in changes}
    problem = replace(problem, training=problem.training.but({"engine": "vectorized", **settings}), **changes)
    result = train(problem, steps)
    return result, train(replace(problem), steps - 1).loss, problem


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("w1-w8", {}),
        ("matrix-form-deep", {"optimizer": "adam", "learning_rate": 0.01}),
        ("deep", {"momentum": 0.9, "batch_size": 2, "schedule": "cosine"}),
        ("iris", {"schedule": "step", "decay_every": 4}),
    ],
)
def test_every_training_is_as_if_it_were_alone(name, settings):
    problem = microbp.load(name)
    problem = replace(problem, training=problem.training.but(settings))
    losses = ("softmax_cross_entropy", "mean_squared_error", "squared_error_per_sample", "half_squared_error")
    changes = [
        {},
        {"update": "output-first"},
        {"learning_rate": 0.123, "update": "output-first"},
        {"train_biases": not problem.train_biases},
        {"l2": 0.7},
        *({"loss": loss} for loss in losses),
        {"loss": "squared_error", "l2": 0.3, "update": "output-first"},
    ]
    if len({*problem.model.arrays()[1][0]}) == 1:
        changes += [{"shared_bias": not problem.shared_bias, "train_biases": True}, {"shared_bias": True, "l2": 1.0}]
    found = sweep(problem, [own_conventions(problem)._replace(**change) for change in changes], STEPS)
    for change, one in zip(changes, found, strict=True):
        alone, before, other = trained(problem, STEPS, **change)
        assert one.first_loss == pytest.approx(alone.initial_loss, rel=1e-12, abs=0)
        if settings.get("schedule") != "cosine":  # which is another for one step less
            assert one.last_loss == pytest.approx(before, rel=1e-11, abs=0)
        assert one.loss == pytest.approx(alone.loss, rel=1e-11, abs=0)
        assert np.allclose(one.outputs, alone.outputs, rtol=1e-10, atol=1e-14)
        weights, biases = other.model.arrays()
        for a, b in zip([*one.weights, *one.biases], [*weights, *biases], strict=True):
            assert np.allclose(a, b, rtol=1e-10, atol=1e-14), change


@pytest.mark.parametrize("size", [1, 2])
def test_samples_in_order_and_a_turned_sign_are_what_they_say(size):
    problem = microbp.load("deep")
    problem = replace(problem, training=problem.training.but({"batch_size": 2}))
    own = own_conventions(problem)._replace(
        batches="of single samples in order" if size == 1 else "in order", sign=-1.0
    )
    (found,) = sweep(problem, [own], 5)
    W, b = problem.model.arrays()
    start = 0
    for _ in range(5):
        X, Y = problem.inputs[start : start + size], problem.targets[start : start + size]
        _, dW, db = vectorized.loss_and_gradients(W, b, X, Y, **problem.model.activations(), loss=problem.loss)
        W = [w + problem.training.learning_rate * g for w, g in zip(W, dW, strict=True)]
        b = [v + problem.training.learning_rate * g for v, g in zip(b, db, strict=True)]
        start = (start + size) if start + size < len(problem.inputs) else 0
    for mine, right in zip([*found.weights, *found.biases], [*W, *b], strict=True):
        assert np.allclose(mine, right, rtol=1e-12, atol=0)


def test_a_penalty_on_biases_is_in_the_loss_and_in_the_gradient():
    problem = replace(microbp.load("chain-wide"), l2=0.8)
    own = own_conventions(problem)
    bare, both = sweep(problem, [own, own._replace(penalised_biases=True)], 0)
    biases = problem.model.arrays()[1]
    assert both.first_loss - bare.first_loss == pytest.approx(
        0.8 / 8 * sum(np.sum(b**2) for b in biases), rel=1e-9, abs=0
    )
    for l, b in enumerate(biases, 1):
        assert np.allclose(both.gradients[f"db{l}"] - bare.gradients[f"db{l}"], 0.8 / 4 * b, atol=1e-15)
        assert np.array_equal(both.gradients[f"dW{l}"], bare.gradients[f"dW{l}"])


def test_the_problem_stays_as_it_is():
    problem = microbp.load("w1-w8")
    before = [leaf.data for leaf in problem.leaves()]
    sweep(problem, [own_conventions(problem)], 3)
    assert [leaf.data for leaf in problem.leaves()] == before
