from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import nn
from microbp.comparing.answers.answer import Answer, within
from microbp.comparing.answers.read import read_gradients
from microbp.comparing.precision import (
    OF_ZEROS,
    Precision,
    decimals_of,
    digits_given,
    few_digits,
    fits,
    marked,
    near_loss,
    of_quantity,
    precision_of,
    rounded_to_single,
    typed_half_units,
)
from microbp.derivation.backprop import gradients, pass_of
from microbp.diagnosis.search.factors import LEAST_CHANGE, scalings
from microbp.diagnosis.search.fitting import Column
from microbp.diagnosis.search.likely_factors import LikelyFactors
from microbp.diagnosis.search.search import Search
from microbp.problems.exercise import exercise_of
from tests.diagnosis.test_diagnose import SQUARE, X, Y
from tests.planting import random_case, rounded

NUMBERS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


@given(NUMBERS, st.integers(3, 12))
def test_rounding_to_digits_stays_within_the_half_unit(numbers, digits):
    rounded = np.array([float(f"{x:.{digits}g}") for x in numbers])
    room = np.spacing(np.abs(numbers))  # of the subtraction
    assert np.all(np.abs(rounded - numbers) <= typed_half_units(rounded) * (1 + 1e-6) + room)


@given(NUMBERS, st.integers(3, 9))
def test_rounding_to_decimals_stays_within_the_half_unit(numbers, decimals):
    numbers = np.array([*numbers, 1.0])
    rounded = numbers.round(decimals)
    assert np.all(np.abs(rounded - numbers) <= typed_half_units(rounded) * (1 + 1e-6) + np.spacing(np.abs(numbers)))


def test_full_doubles_are_taken_as_they_are():
    numbers = np.random.default_rng(0).normal(size=20)
    assert np.all(typed_half_units(numbers) <= 1e-15)


FACTORS = st.floats(-5, 5).filter(lambda f: abs(f) > 0.01 and not 0 < abs(f - 1) < 2 * LEAST_CHANGE)
"""Nearer to 0 or to 1 they are nobody's mistake."""


@given(FACTORS, FACTORS)
def test_the_factors_of_loss_and_penalty_are_solved_for(f, c):
    rng = np.random.default_rng(1)
    loss, l2 = rng.normal(size=12), rng.normal(size=12)
    numbers = f * loss + c * l2
    columns = [Column("dW1", numbers, loss, l2, np.full(12, 1e-9 * np.abs(numbers).max()))]
    found = scalings(columns, LikelyFactors(3, 2), 9)
    assert found
    for scaling in found:
        value = {name: group.value for group in scaling.groups for name in group.names}.get("dW1", 1.0)
        penalty = scaling.l2_weights * (value if any(group.penalty for group in scaling.groups) else 1.0)
        assert np.allclose([value, penalty], [f, c], rtol=1e-6, atol=1e-7) or np.allclose(
            value * (loss + scaling.l2_weights * l2), numbers, rtol=1e-6, atol=1e-7
        )


def test_inf_and_nan_have_no_precision():
    numbers = np.array([0.082, np.inf, -np.inf, np.nan, 0.0])
    assert typed_half_units(numbers).tolist() == pytest.approx([5e-5, 0, 0, 0, 5e-5])
    assert typed_half_units(np.array([np.inf, 0.0])).tolist() == [0.0, OF_ZEROS]


def test_only_an_equal_inf_is_as_good_as_an_inf():
    inf, nan = np.inf, np.nan
    numbers, right = [inf, inf, -inf, 1.0, nan, nan], [inf, 1.0, inf, inf, nan, 1.0]
    assert within(numbers, right, inf).tolist() == [True, *[False] * 5]


def in_float32(seed):
    case = random_case(np.random.default_rng(seed))
    return case, gradients(case, pass_of(case).changed({"precision": "single"}, ()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_gradients_computed_in_float32_are_right(seed):
    case, single = in_float32(seed)
    forms = [{name: g.tolist() for name, g in single.items()}]
    forms += [rounded(single, digits_given) for digits_given in (7, 8, 9)]
    forms += [{name: g * (1 + 1e-15) for name, g in single.items()}]
    for form in forms:
        (given,) = read_gradients(case, form, loose=True)
        assert Search(case, given).is_right(), form


def test_right_float32_numbers_come_with_a_note():
    case = exercise_of(SQUARE, X, Y)
    single = gradients(case, pass_of(case).changed({"precision": "single"}, ()))
    diagnosis = microbp.diagnose(SQUARE, {name: g.tolist() for name, g in single.items()}, X, Y)
    assert (diagnosis.ok, diagnosis.details["precision"]) == (True, "single")
    assert "float32" in diagnosis.explanation
    right = microbp.diagnose(SQUARE, case.truth[1], X, Y)
    assert (right.details["precision"], "float32" in right.explanation) == ("double", False)


def test_numbers_that_float32_ruins_are_wrong():
    model = nn.MLP.from_arrays([[[1.0]]], [[3e4]], "linear", "linear")
    data = np.array([[0.1], [0.2], [0.3]]), np.array([[3e4 + 0.2001], [3e4 + 0.0002], [3e4 + 0.1599]])
    case = exercise_of(model, *data)
    diagnosis = microbp.diagnose(model, gradients(case, pass_of(case).changed({"precision": "single"}, ())), *data)
    assert (diagnosis.ok, diagnosis.mistakes) == (False, ("single-precision",))


def test_a_small_mistake_in_doubles_is_not_taken_for_float32():
    case = replace(exercise_of(SQUARE, X, Y), l2=1e-7)
    wrong = gradients(case, pass_of(case).changed({"l2W": "0.0 * W"}))
    assert np.abs(wrong["dW1"] - case.truth[1]["dW1"]).max() < 3e-6 * np.abs(wrong["dW1"]).max()
    assert microbp.diagnose(SQUARE, wrong, X, Y, l2=1e-7).mistakes == ("weights-not-regularized",)


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_each_array_has_the_precision_in_which_it_was_typed():
    right = exercise_of(SQUARE, X, Y).truth[1]
    given = {name: g if name[1] == "W" else g.round(3) for name, g in right.items()}
    assert microbp.diagnose(SQUARE, given, X, Y).ok
    assert microbp.compare(SQUARE, X, Y, gradients=right | {"db2": right["db2"].round(4)}).ok
    given["db2"] = given["db2"] + 0.002
    assert not microbp.diagnose(SQUARE, given, X, Y).ok
    given = right | {"db1": 0 * right["db1"]}
    assert microbp.diagnose(SQUARE, given, X, Y).mistakes[:1] != ()


def test_a_mistake_that_few_digits_hide_is_named():
    model = nn.MLP.from_arrays([[[0.5, 0.25]]], [[0.5]], "linear", "linear")
    data = np.array([[np.sqrt(0.1), np.sqrt(0.7)]])
    right = exercise_of(model, data, data @ [[0.5], [0.25]] + 5e-5, l2=1e-4).truth[1]
    assert right["db1"] == pytest.approx(0.49995)
    given = right | {"db1": right["db1"].round(3)}  # with the penalty, 1e-4 · 0.5, it is 0.5 exactly
    diagnosis = microbp.diagnose(model, given, data, data @ [[0.5], [0.25]] + 5e-5, l2=1e-4)
    assert "bias-regularized" in {*diagnosis.mistakes, *sum(diagnosis.alternatives, ())}


def _networks():
    rng = np.random.default_rng(12)
    for k in range(12):
        sizes = rng.integers(1, 5, size=rng.integers(1, 4)).tolist()
        model = nn.MLP(
            2, sizes, activation=("tanh", "sigmoid", "relu")[k % 3], output=("sigmoid", "linear")[k % 2], seed=k
        )
        yield model, rng.normal(size=(int(rng.integers(1, 6)), 2)), rng


@pytest.mark.slow
def test_right_gradients_in_half_precision_are_not_accused():
    for model, inputs, rng in _networks():
        targets = rng.uniform(0.1, 0.9, size=(len(inputs), len(model.layers[-1].neurons)))
        right = exercise_of(model, inputs, targets, loss="half_squared_error").truth[1]
        for kind in (np.float16, np.float64):
            mine = {name: g.astype(np.float16).astype(kind) for name, g in right.items()}
            assert microbp.compare(model, inputs, targets, gradients=mine, loss="half_squared_error").ok
            assert microbp.diagnose(model, mine, inputs, targets, loss="half_squared_error").ok
            if abs(right["dW1"]).max() > 1e-3:
                assert not microbp.compare(
                    model,
                    inputs,
                    targets,
                    gradients={**mine, "dW1": mine["dW1"] * kind(1.05)},
                    loss="half_squared_error",
                ).ok


def in_float16(case):
    """A pass of a network of tanh and linear layers, by hand and in float16 throughout."""
    weights, biases, Y = [[np.float16(x) for x in arrays] for arrays in (case.weights, case.biases, case.Y)]
    activations = [case.X.astype(np.float16)]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        activations.append(np.tanh(activations[-1] @ W.T + b))
    found, d = {}, activations[-1] @ weights[-1].T + biases[-1] - Y
    for l in range(len(weights), 0, -1):
        a = activations[l - 1]
        found |= {f"dW{l}": d.T @ a, f"db{l}": d.sum(axis=0)}
        d = d @ weights[l - 1] * (1 - a * a)
    return found


@pytest.mark.parametrize(("seed", "kind"), [(0, np.float16), (1, np.float64), (2, np.float16)])
@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_gradients_computed_in_float16_are_right_and_mistakes_in_them_wrong(seed, kind):
    rng = np.random.default_rng(seed)
    model = nn.MLP(3, [4, 4, 2], activation="tanh", seed=seed)
    X, Y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    case = exercise_of(model, X, Y, loss="half_squared_error")
    mine = {name: g.astype(kind) for name, g in in_float16(case).items()}
    right = microbp.diagnose(model, mine, X, Y, loss="half_squared_error")
    assert (right.ok, right.details["precision"]) == (True, "half"), right.explanation
    assert "half precision (float16)" in right.explanation
    wrong = {**mine, "dW1": mine["dW1"] * kind(0.75)}
    assert not microbp.diagnose(model, wrong, X, Y, loss="half_squared_error").ok


def test_the_rounding_noise_of_a_perfect_fit_is_not_accused():
    for model, inputs, rng in _networks():
        outputs = np.array([[v.data for v in np.atleast_1d(model(list(x)))] for x in inputs])
        near = outputs * (1 + 2.0**-52 * rng.integers(-1, 2, size=outputs.shape))
        mine = exercise_of(model, inputs, near, loss="half_squared_error").truth[1]
        assert microbp.compare(model, inputs, outputs, gradients=mine, loss="half_squared_error").ok
        assert microbp.diagnose(model, mine, inputs, outputs, loss="half_squared_error").ok


ALONE = exercise_of(nn.MLP.from_arrays([[[1.0]]], [[0.0]], "linear", "linear"), [[0.5]], [[0.25]])
"""One weight and one bias."""


def typed(*numbers, **about):
    return Answer({"dW1": np.array([numbers], dtype=np.float64)}, "arrays by name", **about)


@pytest.mark.parametrize(
    ("numbers", "own", "alike"),
    [
        ([0.0, 0.0], [5e-7, 5e-7], [5e-7, 5e-7]),  # 0.000000
        ([0.5], [5e-4], [5e-4]),  # 0.500
        ([250.0], [0.5], [0.5]),
        ([2.0], [5e-3], [5e-3]),
        ([1.234567, 0.25], [5e-7, 5e-4], [5e-7, 5e-7]),  # 0.250, or 0.250000 like its neighbour
        ([1234567.0, 0.25], [0.5, 5e-3], [0.5, 5e-3]),
        ([123.456, 1000.5], [5e-4, 5e-2], [5e-4, 5e-3]),  # to six digits, the most that one of them has
        (
            [1 / 3, 0.25],
            [5e-17, 5e-17],
            [5e-17, 5e-17],
        ),  # a number that was computed was not typed, nor those beside it
    ],
)
def test_the_half_unit_of_what_was_typed(numbers, own, alike):
    assert typed_half_units(np.array(numbers)).tolist() == pytest.approx(own, rel=1e-12, abs=0)
    assert typed_half_units(np.array(numbers), alike=True).tolist() == pytest.approx(alike, rel=1e-12, abs=0)


@pytest.mark.parametrize("right", [1234.56789012345, 1.23456789012345e-3])
def test_a_loss_is_as_near_as_float32_comes_or_as_its_digits(right):
    assert near_loss(right * (1 + 0.9e-6), right)
    assert not near_loss(right * (1 + 1.2e-6), right)
    assert near_loss(0.298, 0.2989)  # cut off
    assert not near_loss(0.298, 0.2991)


def test_the_last_decimal_of_what_was_typed_together():
    assert decimals_of([np.array([0.25, 1.5]), np.array([3.125])]) == 5e-4
    assert decimals_of([np.array([0.25, 1 / 3]), np.array([3.125])]) == 0


def nearness(half=0.0, noise=0.0, of_single=False, cut=False, right=0.0, **how):
    precision = Precision({"dW1": np.array([half])}, {"dW1": np.array([noise])}, of_single, cut)
    return float(precision.tolerance("dW1", np.array([right]), **how)[0])


def test_how_near_is_near_enough():
    assert nearness(half=0.5) == pytest.approx(0.5 + 5e-7, rel=1e-12)  # a tie is not lost to the last bit
    assert not Precision({}, {}, False).cut
    assert nearness(half=0.5, cut=True) == pytest.approx(1 + 1e-6, rel=1e-12)
    assert nearness(right=-1.0) == pytest.approx(1e-9, rel=1e-12)
    assert nearness(noise=2.0**29) == pytest.approx(32, rel=1e-12)  # what float32's noise is in float64
    for how in ({"of_single": True}, {"single": True}):
        assert nearness(noise=1.0, right=1e6, **how) == pytest.approx(32, rel=1e-12)
        assert nearness(noise=1.0, right=100.0, **how) == pytest.approx(0.1, rel=1e-12)
        assert nearness(noise=1.0, right=1.0, ruined=2.0, **how) == pytest.approx(2, rel=1e-12)
        assert nearness(noise=1.0, right=2.0**-24, **how) == pytest.approx(32, rel=1e-12)  # a perfect fit has no digits
        assert nearness(noise=1.0, right=2.0**-23, **how) == pytest.approx(32 * 2.0**-29, rel=1e-2)
        small = nearness(noise=1e-9, right=1e-10, **how)
        assert small == pytest.approx(1e-13, rel=1e-12, abs=0)  # which is not a perfect fit
    assert nearness(noise=1.0, right=1e6) == pytest.approx(1e-3 + 32 * 2.0**-29, rel=1e-12)


@pytest.mark.parametrize(
    ("number", "single"),
    [(0.5, False), (2 + 2.0**-7, False), (4 + 2.0**-7, True), (0.5 + 2.0**-8, True), (1 / 3, False)],
)
def test_numbers_that_float32_holds_are_its_own_unless_so_few_digits_were_typed(number, single):
    assert precision_of(ALONE, typed(number)).single is single
    assert not precision_of(ALONE, typed(number), typed=False).single
    assert precision_of(ALONE, typed(number, single=True)).single


def test_float16_has_eleven_bits_and_an_end():
    number = float(np.float16(1 / 3))
    half = precision_of(ALONE, typed(number, single=True)).half["dW1"]
    assert half == pytest.approx(number * 2.0**-11 + 2.0**-25, rel=1e-12)
    assert precision_of(ALONE, typed(1 / 3, single=True)).half["dW1"] < 1e-15
    assert precision_of(ALONE, typed(number)).half["dW1"] == pytest.approx(half)
    assert (fits(np.array([0.5, np.nan]), np.float16), fits(np.array([1e5]), np.float16)) == (True, False)
    assert (fits(np.array([1e5, np.nan]), np.float32), fits(np.array([0.1]), np.float32)) == (True, False)


@pytest.mark.parametrize(
    ("number", "half"),
    [
        (93.6875, 93.6875 * 2.0**-11),  # 6 digits, and float16 holds them: nobody types such numbers
        (30.125, 5e-4),  # 5 digits may be typed
        (93.6876, 5e-5),  # float16 does not hold it
    ],
)
def test_numbers_that_float16_holds_are_its_own_if_they_have_many_digits(number, half):
    assert precision_of(ALONE, typed(number)).half["dW1"] == pytest.approx(half, rel=1e-6)
    assert precision_of(ALONE, typed(number), typed=False).half["dW1"] == 0.0
    twice = Answer({"dW1": np.array([[number]]), "db1": np.array([30.125])}, "arrays by name")
    many = number * 2.0**-11 + 2.0**-25 if number != 93.6876 else half  # two of 5 digits
    assert precision_of(ALONE, twice).half["dW1"] == pytest.approx(many, rel=1e-6)
    beside = Answer({"dW1": np.array([[number]]), "db1": np.array([0.5])}, "arrays by name")  # has none too many
    assert precision_of(ALONE, beside).half["dW1"] == pytest.approx(half, rel=1e-6)
    model, data = nn.MLP.from_arrays([[[number * 1.0002]]], [[0.0]], "linear", "linear"), ([[1.0]], [[0.0]])
    how = {"X": data[0], "Y": data[1], "loss": "half_squared_error"}
    assert microbp.compare(model, gradients={"dW1": [[number]]}, **how).ok is (half > 1e-2)


def test_two_numbers_of_four_digits_that_float16_holds_were_typed():
    both = Answer({"dW1": np.array([[30.25]]), "db1": np.array([20.75])}, "arrays by name")
    assert precision_of(ALONE, both).half["dW1"] == pytest.approx(5e-3, rel=1e-6)


def test_a_quantity_may_be_cut_off_or_of_float16_or_computed_in_float32():
    one = np.array([1.0])
    assert of_quantity(np.array([0.25]), one) == pytest.approx(1e-3 + 32 * 2.0**-23, rel=1e-5)  # 0.250, cut off
    assert of_quantity(np.array([1 / 3]), one) == pytest.approx(32 * 2.0**-23, rel=1e-5)
    assert of_quantity(np.array([1 / 3]), 4 * one) == pytest.approx(32 * 4 * 2.0**-23, rel=1e-5)
    assert of_quantity(np.array([1 / 3]), one, 2.0**-20) == pytest.approx(32 * 2.0**-20, rel=1e-5)
    held = np.array([float(np.float16(1 / 3))])
    assert of_quantity(held, one) == pytest.approx(2 * (held * 2.0**-11 + 2.0**-25) + 32 * 2.0**-23, rel=1e-5)


def test_one_number_without_an_axis_has_half_a_unit_as_any():
    assert typed_half_units(np.array(0.298)) == pytest.approx(5e-4)
    assert typed_half_units(np.array(0.298), alike=True).shape == ()


def test_half_a_unit_is_found_in_many_numbers_as_in_few():
    for count in (999, 1000, 1001, 3000):
        numbers = np.full(count, 0.125)
        numbers[0] = 0.123456
        assert typed_half_units(numbers, alike=True) == pytest.approx(5e-7)


@pytest.mark.parametrize(
    ("number", "right", "same"),
    [
        (1 + 0.9 * 2.0**-23, 1.0, True),
        (1 + 1.2 * 2.0**-23, 1.0, False),
        (0.9e-38, 0.0, True),
        (1.1e-38, 0.0, False),
        (0.1, 0.1 * (1 + 2.0**-24), True),
    ],
)
def test_rounded_to_float32_and_no_more(number, right, same):
    assert rounded_to_single(typed(number), {"dW1": np.array([[right]])}) is same
    assert not rounded_to_single(typed(number), {"dW1": np.array([[right, right]])})


@pytest.mark.parametrize(
    ("number", "right", "few", "beside_others"),
    [
        (0.02, 0.0196, True, True),
        (0.02, 0.025 + 4e-9, True, False),
        (0.02, 0.025 + 8e-9, False, False),
        (0.051, 0.0514, True, True),
        (0.051, 0.0561, False, False),
        (300.0, 251.0, True, False),
        (300.0, 304.0, True, True),
    ],
)
def test_right_numbers_with_hardly_a_digit_left(number, right, few, beside_others):
    assert few_digits(typed(number), {"dW1": np.array([[right]])}) is few
    assert few_digits(typed(number), {"dW1": np.array([[right, right]])}) is False
    both = Answer({"dW1": np.array([[number]]), "db1": np.array([1 / 3])}, "arrays by name")
    for error, same in ((0.0, True), (5e-10, True), (2e-9, False)):
        beside = {"dW1": np.array([[right]]), "db1": np.array([(1 + error) / 3])}
        assert few_digits(both, beside) is (beside_others and same)


def test_a_number_of_few_digits_has_as_many_decimals_as_those_beside_it():
    for right, few in ((0.4996, True), (0.496, False), (0.46, False)):  # of 0.500
        assert few_digits(typed(0.123, 0.5), {"dW1": np.array([[0.123, right]])}) is few


def test_of_a_perfect_fit_the_noise_is_that_of_its_targets():
    inputs = np.array([[1.0], [-1.0], [1.0]])
    model = nn.MLP.from_arrays([[[1.0]]], [[0.0]], "linear", "linear")
    case = exercise_of(model, inputs, inputs, loss="half_squared_error")
    given = Answer({"dW1": np.zeros((1, 1)), "db1": np.zeros(1)}, "arrays by name")
    share = gradients(replace(case, Y=case.Y + 1.0), pass_of(case))["db1"][0] / -3  # of one sample in the loss
    noise = precision_of(case, given).noise
    assert noise["dW1"].tolist() == noise["db1"].tolist() == pytest.approx([3 * share * 2.0**-23])


def test_the_noise_of_single_precision_is_no_less_than_what_it_does():
    for seed in range(6):
        case, single = in_float32(seed)
        given = Answer(single, "arrays by name")
        noise = precision_of(case, given).noise
        for name, right in case.truth[1].items():
            error = np.abs(single[name] - right).ravel()
            assert np.all(error <= noise[name] * (1 + 1e-6))
            assert noise[name].max() <= 1e4 * max(error.max(), 2.0**-23 * max(1e-30, np.abs(right).max()), 1e-9)


def test_an_output_that_only_float32_has_makes_no_noise_of_those_beside_it():
    weights, biases = [[[1.0, 1.0], [0.5, 0.25]], [[1.0, 1.0]]], [[-1.3, 0.0], [0.0]]  # 0.2 + 1.1 − 1.3, which is 0
    case = exercise_of(nn.MLP.from_arrays(weights, biases, "relu", "linear"), [[0.2, 1.1]], [[1.0]])
    given = Answer({"dW2": np.zeros((1, 2)), "db2": np.zeros(1)}, "arrays by name")
    assert 0 < precision_of(case, given).noise["db2"].max() < 1e-6


def test_the_noise_is_that_of_what_was_given_and_of_nothing_else():
    noise = precision_of(ALONE, typed(1 / 3)).noise
    with pytest.raises(KeyError):
        noise["db1"]
    assert [*noise] == ["dW1"]
    assert noise["dW1"] is noise["dW1"]
    case, single = in_float32(0)
    assert case.depth > 1
    assert precision_of(case, Answer({"dW1": single["dW1"]}, "arrays by name")).noise["dW1"].max() > 0


def test_an_array_of_another_shape_is_wrong_with_all_its_digits():
    (array,) = marked(typed(1.0, 2.0), {"dW1": np.array([[1.0]])}, lambda name, right: 1e9 + 0 * right)
    assert (array.wrong.tolist(), array.digits) == ([True, True], np.inf)
    (array,) = marked(typed(100.0, 2.0), {"dW1": np.array([[101.0, 2.0]])}, lambda name, right: 0.01 + 0 * right)
    assert (array.wrong.tolist(), array.digits) == ([True, False], pytest.approx(np.log10(10100)))


@pytest.mark.parametrize(
    ("weight", "bias", "each", "pooled"),
    [
        (1 / 3, 0.25, 5e-4, 5e-17),  # typed beside what was computed
        (1 / 3, 0.0, 5e-17, 5e-17),  # an exact zero
        (0.123456, 0.0, 5e-7, 5e-7),
        (0.123456, 0.25, 5e-4, 5e-4),
    ],
)
def test_an_array_has_its_own_precision_unless_they_are_pooled(weight, bias, each, pooled):
    both = Answer({"dW1": np.array([[weight]]), "db1": np.array([bias])}, "arrays by name")
    assert precision_of(ALONE, both).half["db1"] == pytest.approx(each, rel=1e-9)
    assert precision_of(ALONE, both, pooled=True).half["db1"] == pytest.approx(pooled, rel=1e-9)
    assert precision_of(ALONE, both, typed=False).half["db1"] == 0.0
    assert precision_of(ALONE, both).typed is (each > 1e-15)


def test_inf_and_nan_are_no_digits_of_their_array():
    both = Answer({"dW1": np.array([[np.inf]]), "db1": np.array([0.25])}, "arrays by name")
    assert precision_of(ALONE, both).half["dW1"] == 0.0
    assert precision_of(ALONE, both).half["db1"] == pytest.approx(5e-4)


def test_from_which_digit_on_a_number_was_computed():
    # 8e-14, 1.2e-13 and 1.7e-13 of it
    for number, half in ((0.6000000000001, 5e-14), (0.4000000000003, 5e-4), (3.000000000007, 5e-4)):
        assert typed_half_units(np.array([number, 0.25]))[1] == pytest.approx(half, rel=1e-9, abs=0)
    for half, short in ((0.9e-13, False), (1.1e-13, True)):
        assert Precision({"dW1": np.array([half])}, {}, False).typed is short


def test_a_number_within_its_tolerance_has_no_digits():
    one = np.array([1.0])
    assert [digits_given(one, one, one * near) for near in (4.0, 1.0, 0.1)] == pytest.approx([0.0, 0.0, 1.0])
    assert digits_given(one, one * -1000, one) == digits_given(one * -1000, one, one) == pytest.approx(3.0)


def test_each_number_has_the_noise_of_its_own_terms():
    inputs = np.array([[1.0, 1e-3, 0.0]])
    model = nn.MLP.from_arrays([[[1.0, 1.0, 1.0], [0.5, 0.5, 0.5]]], [[0.0, 0.0]], "linear", "linear")
    case = exercise_of(model, inputs, np.array([[1.001, 0.5005]]))
    given = Answer({"dW1": np.zeros((2, 3)), "db1": np.zeros(2)}, "arrays by name")
    noise = precision_of(case, given).noise
    assert (noise["dW1"].reshape(2, 3) / noise["db1"][:, None]).tolist() == [pytest.approx([1.0, 1e-3, 0.0])] * 2
    assert noise["db1"][0] == pytest.approx(2 * noise["db1"][1])
    far = precision_of(replace(case, Y=case.Y - 1.0), given).noise
    assert far["db1"].max() < 1e-6  # of the input that is 0, 0 of 0 is wrong: that says nothing of the others
    turned = precision_of(case, Answer({"dW1": np.zeros((3, 2))}, "arrays by name")).noise
    assert turned["dW1"].tolist() == [noise["dW1"].max()] * 6
