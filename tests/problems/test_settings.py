import math
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from microbp.errors import ProblemError, UnknownNameError
from microbp.optim import SGD, Adam
from microbp.problems.settings import ENGINES, Training
from microbp.training.backends import BACKENDS as ENGINE_CLASSES


@pytest.mark.parametrize(
    ("name", "value", "nearest"),
    [
        ("optimizer", "adm", "adam"),
        ("schedule", "cosin", "cosine"),
        ("update", "output_first", "output-first"),
        ("engine", "vectorised", "vectorized"),
    ],
)
def test_an_unknown_choice_is_answered_with_the_nearest(name, value, nearest):
    with pytest.raises(UnknownNameError, match=f"unknown {name}: '{value}' .*did you mean '{nearest}'"):
        Training(**{name: value})


@pytest.mark.parametrize("value", [None, 3, ["sgd"], {"sgd": 1}, b"sgd", True])
@pytest.mark.parametrize("name", ["optimizer", "schedule", "update", "engine"])
def test_a_choice_that_is_no_text_is_refused(name, value):
    with pytest.raises(UnknownNameError, match=f"unknown {name}: "):
        Training(**{name: value})


@pytest.mark.parametrize("value", [1.0, 1.5, True, "3", None, -1, 2**63, 10**400, math.nan, np.bool_(True), [1]])
@pytest.mark.parametrize("name", ["steps", "decay_every", "seed"])
def test_what_is_no_whole_number_is_refused(name, value):
    with pytest.raises(ProblemError, match=f"{name} must be a whole number, [01] or more, got "):
        Training(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("batch_size", 0), ("batch_size", 2.0), ("batch_size", True), ("decay_every", 0)]
)
def test_a_length_of_nothing_is_refused(name, value):
    with pytest.raises(ProblemError, match=f"{name} must be a whole number, 1 or more, got {value}"):
        Training(**{name: value})


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, -0.1, -1, 10**400, True, "0.1", None, 1j, [0.1], np.ones(2)]
)
@pytest.mark.parametrize("name", ["learning_rate", "momentum", "decay"])
def test_what_is_no_number_on_the_right_side_of_zero_is_refused(name, value):
    with pytest.raises(ProblemError, match=f"{name} must be a number.* got "):
        Training(**{name: value})


def test_a_decay_that_would_grow_is_refused():
    with pytest.raises(ProblemError, match=r"decay must be a number from 0 to 1, got 1.5"):
        Training(decay=1.5)


def test_momentum_belongs_to_sgd():
    with pytest.raises(ProblemError, match=r"momentum belongs to the optimizer sgd, got 0.9 with adam: set it to 0"):
        Training(optimizer="adam", momentum=0.9)
    assert Training(optimizer="sgd", momentum=0.9).momentum == 0.9


def test_numbers_of_numpy_become_those_of_python():
    training = Training(steps=np.int64(7), seed=np.uint8(3), learning_rate=np.float32(0.25), decay=1)
    found = [training.steps, training.seed, training.learning_rate, training.decay]
    assert found == [7, 3, 0.25, 1.0]
    assert [type(x) for x in found] == [int, int, float, float]


def test_a_changed_copy_leaves_the_original():
    training = Training(steps=5)
    assert training.but({"steps": 9, "batch_size": 2}) == Training(steps=9, batch_size=2)
    assert training == Training(steps=5)


def test_a_setting_that_there_is_not_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown setting: 'learn_rate' .*did you mean 'learning_rate'"):
        Training().but({"learn_rate": 0.1})


def test_a_changed_copy_is_checked_too():
    with pytest.raises(ProblemError, match=r"steps must be"):
        Training().but({"steps": -1})


def test_every_engine_has_a_name():
    assert set(ENGINES) == set(ENGINE_CLASSES)


def test_optimizers_get_what_belongs_to_them():
    sgd, adam = Training(momentum=0.9).make_optimizer([]), Training(optimizer="adam").make_optimizer([])
    assert (type(sgd), sgd.momentum, sgd.lr) == (SGD, 0.9, 0.5)
    assert type(adam) is Adam


def test_a_constant_rate_stays():
    assert {Training(learning_rate=0.3, steps=10).rate(k) for k in range(10)} == {0.3}


def test_a_stepped_rate_falls_by_its_factor_after_each_stretch():
    training = Training(learning_rate=0.8, schedule="step", decay=0.5, decay_every=3)
    assert [training.rate(k) for k in range(8)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_a_cosine_rate_sweeps_half_a_wave(steps):
    training = Training(learning_rate=0.8, schedule="cosine", steps=steps)
    rates = [training.rate(k) for k in range(steps)]
    assert rates[0] == 0.8
    assert all(a > b > 0 for a, b in pairwise(rates))
    # Σ cos(πk/n) over k = 0 … n−1 is 1, whatever n: the terms k and n − k cancel.
    assert sum(rates) == pytest.approx(0.8 * (steps + 1) / 2, rel=1e-12, abs=0)
    assert training.rate(steps) == pytest.approx(0.0, abs=1e-16)


def test_the_longest_run_has_rates():
    training = Training(schedule="cosine", steps=2**63 - 1, decay_every=2**63 - 1)
    assert training.rate(2**63 - 2) == pytest.approx(0.0, abs=1e-12)


def test_every_setting_has_a_default():
    assert {f.name for f in fields(Training)} == vars(Training()).keys()
