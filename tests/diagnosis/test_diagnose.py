import json
from dataclasses import replace

import numpy as np
import pytest

import microbp
from microbp import nn, vectorized
from microbp.comparing.answers.read import read_gradients
from microbp.derivation.backprop import forward_scopes, gradients, pass_of
from microbp.derivation.quantities import quantities_of
from microbp.diagnosis.grading import grade
from microbp.diagnosis.search.search import Search
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main
from tests.planting import named

RNG = np.random.default_rng(0)
SQUARE = nn.MLP.from_arrays(
    [RNG.normal(size=(3, 3)) for _ in range(3)], [RNG.normal(size=3) for _ in range(3)], "sigmoid", "sigmoid"
)
X, Y = RNG.normal(size=(4, 3)), RNG.random((4, 3))


def slip():
    problem = microbp.load("w1-w8")
    weights, biases = problem.model.arrays()
    names = problem.model.activations()
    _, dW, _ = vectorized.loss_and_gradients(weights, biases, problem.inputs, problem.targets, **names)
    early = [weights[0], weights[1] - 0.5 * dW[1]]
    _, dW, db = vectorized.loss_and_gradients(
        weights, biases, problem.inputs, problem.targets, **names, backward_weights=early
    )
    after = [W - 0.5 * g for W, g in zip(weights, dW, strict=True)]
    total, *_ = vectorized.loss_and_gradients(after, biases, problem.inputs, problem.targets, **names)
    assert round(total, 9) == 0.291027924
    return problem, dW, db


def test_the_published_slip_is_diagnosed():
    problem, dW, _ = slip()
    diagnosis = microbp.diagnose(problem, {"dW": dW})
    assert diagnosis.mistakes == ("update-before-backprop",)
    assert diagnosis.details["learning_rate"] == 0.5
    assert "δ1 = (δ2 (W2 − η·dW2)) ⊙ σ′(z1)" in str(diagnosis)
    assert "microbp step w1-w8 --at w" in str(diagnosis)


def test_the_slip_needs_no_learning_rate():
    problem, dW, db = slip()
    diagnosis = microbp.diagnose(problem.model, {"dW": dW, "db": db}, problem.inputs, problem.targets)
    assert diagnosis.mistakes == ("update-before-backprop",)
    assert diagnosis.details["learning_rate"] == 0.5


def test_the_classic_exercise_is_two_factors_with_their_values():
    rng = np.random.default_rng(1)
    model = nn.MLP(4, [5, 3, 1], activation="relu", output="sigmoid", seed=2)
    X, Y = rng.normal(size=(3, 4)), np.array([[1.0], [1.0], [0.0]])
    _, dW, db = vectorized.loss_and_gradients(*model.arrays(), X, Y, **model.activations(), loss="binary_cross_entropy")
    dW[1] *= 2
    db[0] *= 4
    diagnosis = microbp.diagnose(model, {"dW": dW, "db": db}, X, Y, loss="binary_cross_entropy")
    assert diagnosis.mistakes == ("factor", "factor")
    assert diagnosis.details["factors"] == {"dW2": 2.0, "db1": 4.0}


@pytest.mark.parametrize(
    ("factor", "reading"), [(2.0, "a ½ is missing"), (4.0, "1/m is missing"), (0.25, "1/m one time too many")]
)
def test_a_factor_is_solved_for_and_read(factor, reading):
    case = exercise_of(SQUARE, X, Y, loss="binary_cross_entropy")
    wrong = {name: g * factor for name, g in case.truth[1].items()}
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y, loss="binary_cross_entropy")
    assert diagnosis.mistakes[0] == "factor"
    assert diagnosis.details["factor"] == factor
    assert reading in diagnosis.details["reading"]


def test_alternatives_come_with_data_that_separate_them():
    problem = microbp.load("w1-w8")
    case = exercise_of(problem)
    wrong = gradients(
        case, pass_of(case).changed({"slope": "1.0"}, [2])
    )  # a − y: with one sample, cross-entropy's delta as well
    diagnosis = microbp.diagnose(problem, wrong)
    assert diagnosis.mistakes == ("missing-output-derivative",)
    assert ("wrong-loss",) in diagnosis.alternatives
    found = next(d for d in diagnosis.details["alternatives"] if d["mistakes"] == ["wrong-loss"] and d["X"])
    other = case.on(found["X"], found["Y"])
    one, two = (
        gradients(other, pass_of(other).changed(change, [2]))
        for change in ({"slope": "1.0"}, {"up": "(a - y) / (a * (1 - a)) / m"})
    )
    assert np.abs(one["dW2"] - two["dW2"]).max() > 1e-4
    assert "These data would tell" in str(diagnosis)


@pytest.mark.slow
def test_what_nothing_explains_is_described():
    case = exercise_of(SQUARE, X, Y)
    wrong = {name: g.copy() for name, g in case.truth[1].items()}
    wrong["dW2"][1] += RNG.normal(size=3)
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y)
    assert (diagnosis.ok, diagnosis.mistakes) == (False, ())
    assert diagnosis.details["first_wrong"] == "dW2"
    assert diagnosis.details["confined"] == ["layer 2", "the weights", "row 1 of dW2"]
    assert diagnosis.details["factor"] is None
    part = {name: g.copy() for name, g in case.truth[1].items()}
    part["dW2"][1] *= 2
    diagnosis = microbp.diagnose(SQUARE, part, X, Y)
    assert diagnosis.details["factor"] == pytest.approx(2.0)
    assert "There your number is 2 times the right one." in diagnosis.explanation
    again = case.on(X[[0, 1, 2, 2, 3]], Y[[0, 1, 2, 2, 3]]).truth[1]
    diagnosis = microbp.diagnose(SQUARE, again, X, Y)
    assert diagnosis.mistakes == ("sample-twice",)


def test_nan_is_wrong_and_no_mistake_of_the_table():
    case = exercise_of(SQUARE, X, Y)
    wrong = {name: g.copy() for name, g in case.truth[1].items()}
    wrong["dW1"][0, 0] = np.nan
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y)
    assert (diagnosis.ok, diagnosis.mistakes, diagnosis.details["first_wrong"]) == (False, (), "dW1")


@pytest.mark.slow
def test_transposed_arrays_are_a_layout_and_vectors_of_any_order_are_diagnosed():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=1)
    Y = RNG.normal(size=(4, 2))
    right = exercise_of(model, X, Y).truth[1]
    diagnosis = microbp.diagnose(model, {"dW": [right["dW1"].T, right["dW2"].T]}, X, Y)
    assert diagnosis.ok
    assert "(n_in, n_out)" in diagnosis.notes[0]
    thetas = microbp.to_theta([right["dW1"], right["dW2"]], [right["db1"], right["db2"]])
    vector = np.concatenate([-theta.ravel("F") for theta in thetas])
    diagnosis = microbp.diagnose(model, vector, X, Y)
    assert (diagnosis.mistakes, diagnosis.details["order"]) == (("sign",), "theta-columns")
    comparison = microbp.compare(model, X, Y, gradients={"dW": [right["dW1"].T, right["dW2"]]})
    assert [row.ok for row in comparison.rows] == [False, True]


@pytest.mark.slow
def test_two_mistakes_in_a_digit_network_are_named():
    rng = np.random.default_rng(0)
    model = nn.MLP.from_arrays(
        [rng.normal(size=(25, 400)) * 0.1, rng.normal(size=(10, 25)) * 0.3],
        [np.zeros(25), np.zeros(10)],
        "sigmoid",
        "sigmoid",
    )
    X, Y = rng.random((100, 400)), np.eye(10)[rng.integers(0, 10, 100)]
    case = exercise_of(model, X, Y, loss="binary_cross_entropy", l2=1.0)
    wrong = gradients(
        case, pass_of(case).changed({"slope": "f1(a)", "dW": "only(d, -1).T @ a0", "db": "only(d, -1).sum(axis=0)"})
    )
    diagnosis = microbp.diagnose(model, wrong, X, Y, loss="binary_cross_entropy", l2=1.0)
    assert set(diagnosis.mistakes) == {"derivative-of-activation", "last-sample-only"}


def test_the_command_says_yes_and_no(tmp_path, capsys, monkeypatch):
    _, dW, _ = slip()
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"dW": [g.tolist() for g in dW]}))
    assert main(["diagnose", "w1-w8", str(path), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["mistakes"] == ["update-before-backprop"]
    assert data.pop("microbp")
    assert data.keys() == {"ok", "mistakes", "alternatives", "details", "explanation", "notes", "assumed", "right_for"}
    path.write_text(json.dumps({"w5": 0.082167041, "w1": 0.000438568}))
    assert main(["diagnose", "w1-w8", str(path)]) == 0
    assert "The gradients are right" in capsys.readouterr().out
    assert main(["diagnose", "w1-w8"]) == 2
    assert "needs one file of gradients" in capsys.readouterr().err


def test_zeros_for_biases_that_are_not_trained_are_no_mistake():
    problem = microbp.load("w1-w8")
    right = exercise_of(problem).truth[1]
    given = {"dW": [right["dW1"], right["dW2"]], "db": [np.zeros(2), np.zeros(2)]}
    assert microbp.diagnose(problem, given).ok
    assert microbp.compare(problem, gradients=given).ok


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_inf_and_nan_are_wrong(bad, tmp_path):
    problem = microbp.load("w1-w8")
    given = {"w5": 0.08216704056423092, "w6": bad}
    assert not microbp.diagnose(problem, given).ok
    assert not microbp.compare(problem, gradients=given).ok
    assert not microbp.compare(problem, gradients=given, tolerance=1e-6).ok
    dW2 = exercise_of(problem).truth[1]["dW2"].copy()
    dW2[0, 1] = bad
    np.savez(tmp_path / "mine.npz", dW2=dW2)
    assert not microbp.diagnose(problem, tmp_path / "mine.npz").ok
    assert [row.verdict for row in grade(problem, [tmp_path / "mine.npz"])] == ["unexplained"]


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_equal_numbers_of_shared_biases_are_right_as_totals_and_one_by_one():
    weights = (np.array([[0.1, 0.2], [0.1, 0.2]]), np.array([[0.4, 0.4], [0.5, 0.5]]))
    case = replace(exercise_of(microbp.load("w1-w8")), weights=weights)
    db1 = case.truth[1]["db1"]
    assert db1[0] == db1[1]
    for numbers in (db1, db1.sum()[None].repeat(2), db1.round(5)):
        readings = read_gradients(case, {"db1": numbers}, loose=True)
        assert any(Search(case, given).is_right() for given in readings), numbers
    codes = [e.codes for g in read_gradients(case, {"db1": -db1}, loose=True) for e in Search(case, g).explanations()]
    assert ("sign",) in codes
    assert not any(Search(case, given).is_right() for given in read_gradients(case, {"db1": 3 * db1}, loose=True))


def test_shared_biases_rounded_to_the_same_number_are_right():
    problem = microbp.load("w1-w8")
    db1 = exercise_of(problem).truth[1]["db1"].round(2)
    assert db1[0] == db1[1]
    assert microbp.diagnose(problem, {"db1": db1}).ok


def test_a_penalty_of_zero_is_zero():
    problem = microbp.load("matrix-form")
    assert exercise_of(problem).l2
    without, own = exercise_of(problem, l2=0.0).truth[1], exercise_of(problem).truth[1]
    assert microbp.diagnose(problem, without, l2=0.0).ok
    assert not microbp.diagnose(problem, own, l2=0.0).ok
    assert microbp.diagnose(problem, own).ok


def test_the_number_followed_through_is_wrong_and_shows_the_penalty():
    right = exercise_of(SQUARE, X, Y, l2=0.8).truth[1]
    given = {name: g.round(6) for name, g in right.items()}
    given |= {f"db{l}": (right[f"db{l}"] + 0.8 / len(Y) * b).round(6) for l, b in enumerate(SQUARE.arrays()[1], 1)}
    diagnosis = microbp.diagnose(SQUARE, given, X, Y, l2=0.8)
    assert diagnosis.mistakes == ("bias-regularized",)
    assert "One number followed through: " in diagnosis.explanation
    (line,) = [line for line in diagnosis.explanation.splitlines() if line.startswith("   yours")]
    yours, correct = line.removeprefix("   yours ").split(", right ")
    assert yours != correct
    wrong = [line for line in diagnosis.explanation.splitlines() if line.startswith("   wrong")][-1]
    assert "+ (λ/m)·b" in wrong
    assert " + (0.8/4)·" in wrong


def test_a_wrong_loss_beside_the_gradients_is_told():
    def backward(weights, biases, X, Y):
        loss, dW, db = vectorized.loss_and_gradients(weights, biases, X, Y, **SQUARE.activations())
        return 2 * loss, dW, db

    diagnosis = microbp.diagnose(SQUARE, backward, X, Y)
    assert diagnosis.ok
    assert diagnosis.details["loss"]["yours"] == 2 * diagnosis.details["loss"]["right"]
    assert "The loss that came with the gradients is wrong" in diagnosis.explanation
    assert (
        "loss"
        not in microbp.diagnose(SQUARE, lambda *given: (backward(*given)[0] / 2, *backward(*given)[1:]), X, Y).details
    )


def by_digits(gradients, digits, how):
    """Numbers with so many digits, rounded by `how`: np.trunc cuts the rest off."""
    found = {}
    for name, g in gradients.items():
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(g))))
        found[name] = np.array([float(f"{x:.{digits}g}") for x in (how(g * scale) / scale).flat]).reshape(g.shape)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_numbers_whose_last_digits_were_cut_off_count_as_those_that_were_rounded(seed):
    case = exercise_of(nn.MLP(3, [4, 2], activation="tanh", seed=seed), X, Y[:, :2])
    assert named(case, *read_gradients(case, by_digits(case.truth[1], 5, np.trunc))) == [("right",)]
    wrong = gradients(case, pass_of(case).changed({"slope": "1.0"}, [1]))
    cut = by_digits(wrong, 5, np.trunc)
    model = nn.MLP(3, [4, 2], activation="tanh", seed=seed)
    diagnosis = microbp.diagnose(model, cut, X, Y[:, :2], loss=case.loss)
    assert ("missing-hidden-derivative",) in (diagnosis.mistakes, *diagnosis.alternatives)
    assert diagnosis.details["worst"]["array"] == "dW1"
    assert "Wrong: dW1, db1. Right: dW2, db2." in diagnosis.explanation


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_a_slip_of_the_pen_is_told_beside_the_mistake_that_is_nearest():
    case = exercise_of(SQUARE, X, Y)
    wrong = by_digits(gradients(case, pass_of(case).changed({"slope": "1.0"}, [1])), 6, np.round)
    wrong["dW1"][1, 2] = 0.25
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y)
    assert diagnosis.mistakes == ()
    assert diagnosis.details["nearest"] == {
        "mistakes": ["missing-hidden-derivative"],
        "count": 36,
        "misses": ["dW1[1, 2]"],
    }
    assert "A slip of the pen there?" in diagnosis.explanation


W1_W8 = microbp.load("w1-w8")
TRUTH = {"w1": 0.000438568, "w2": 0.000877135, "w5": 0.082167041, "w6": 0.082667628, "w7": -0.022602540}


@pytest.mark.parametrize(
    "typed",
    [
        {"w1": 0.0004},
        {"w2": 0.0009, "w1": 0.0004},
        {"w5": 0.1, "w1": 0.0, "w7": 0.0},
        {"w5": 0.08},
    ],
)
def test_right_numbers_of_few_digits_are_right_and_it_is_said_how_little_that_says(typed):
    diagnosis = microbp.diagnose(W1_W8, typed)
    assert (diagnosis.ok, diagnosis.details["precision"]) == (True, "few digits")
    assert "With so few digits this says little" in diagnosis.explanation


@pytest.mark.parametrize("seed", range(30))
def test_each_right_number_may_have_as_many_digits_as_its_writer_liked(seed):
    rng = np.random.default_rng(seed)
    typed = {name: float(f"{x:.{rng.integers(3, 10)}g}") for name, x in TRUTH.items()}
    assert microbp.diagnose(W1_W8, typed).ok
    assert microbp.compare(W1_W8, gradients=typed).ok


@pytest.mark.parametrize(
    "typed",
    [
        {"b1": 0.00877},
        {"w5": 0.5, "w1": 0.0005},
        {"w1": 0.0018, "w2": 0.0036, "w3": 0.002, "w4": 0.0041},  # without σ′, rounded
    ],
)
@pytest.mark.slow
def test_what_fits_a_few_digits_by_chance_is_no_diagnosis(typed):
    diagnosis = microbp.diagnose(W1_W8, typed)
    assert (diagnosis.ok, diagnosis.mistakes, diagnosis.details["by_chance"]) == (False, (), True)
    assert "by chance: give more" in diagnosis.explanation


def test_the_published_weights_after_a_step_are_no_gradients():
    after = {"w1": 0.149780716, "w2": 0.19956143, "w3": 0.24975114, "w4": 0.29950229}
    after |= {"w5": 0.35891648, "w6": 0.408666186, "w7": 0.511301270, "w8": 0.561370121}
    diagnosis = microbp.diagnose(W1_W8, after)
    assert diagnosis.mistakes == ("parameters-for-gradients",)
    assert diagnosis.details["learning_rate"] == 0.5


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_one_number_with_a_likely_factor_is_told_with_it():
    diagnosis = microbp.diagnose(W1_W8, TRUTH | {"w7": 0.022602540})
    assert diagnosis.mistakes == ()
    assert "one number, w7: dW2[1, 0]" in diagnosis.explanation
    assert "There your number has the wrong sign." in diagnosis.explanation


def test_numbers_that_are_not_judged_are_said_to_be_not():
    truth = exercise_of(W1_W8).truth[1]
    idle = microbp.diagnose(W1_W8, truth | {"db1": np.zeros(2), "db2": np.zeros(2)})
    assert idle.ok
    assert "Not judged: db1, db2, all 0" in idle.explanation
    assert "dW2 (2 of 4 numbers)" in microbp.diagnose(W1_W8, {"w5": 0.082167041, "w6": 0.082667628}).explanation


def test_alternatives_of_two_mistakes_are_told_as_two():
    truth = exercise_of(W1_W8).truth[1]
    wrong = gradients(exercise_of(W1_W8), pass_of(exercise_of(W1_W8)).changed({"slope": "1.0"}, [1]))
    diagnosis = microbp.diagnose(W1_W8, {"dW1": wrong["dW1"].T, "dW2": truth["dW2"].T})
    pairs = [codes for codes in diagnosis.alternatives if len(codes) > 1]
    assert pairs
    assert all(f"{' and '.join(codes)}, together:" in diagnosis.explanation for codes in pairs)


def test_who_took_fewer_samples_is_asked_to_say_so():
    problem = microbp.load("deep")
    case = exercise_of(problem)
    diagnosis = microbp.diagnose(problem, case.on(case.X[:2], case.Y[:2]).truth[1])
    assert "Did you take 2 samples? Then say so: --samples 2." in diagnosis.explanation


def test_weights_changed_along_a_gradient_of_the_wrong_sign_went_uphill():
    case = exercise_of(SQUARE, X, Y)
    downhill = {"dW": "-(d.T @ a0)", "db": "-d.sum(axis=0)", "back": "d @ (W - eta * dW)"}
    wrong = gradients(replace(case, learning_rate=0.3), pass_of(case).changed(downhill))
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y, loss=case.loss)
    assert set(diagnosis.mistakes) == {"sign", "update-before-backprop"}
    assert diagnosis.details["learning_rate"] == pytest.approx(0.3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [0.0, 4.0, 1 / 4])
def test_a_mistake_with_the_biases_of_one_layer_is_one_with_biases(factor, seed):
    model = nn.MLP(3, [4, 3], activation="tanh", seed=seed)
    case = exercise_of(model, X, Y)
    wrong = {**case.truth[1], "db2": factor * case.truth[1]["db2"]}
    diagnosis = microbp.diagnose(model, wrong, X, Y, loss=case.loss)
    assert diagnosis.mistakes == ({0.0: "bias-not-trained", 4.0: "bias-sum-for-mean"}.get(factor, "bias-mean-for-sum"),)
    assert " = 0 = 0" not in diagnosis.explanation


def test_a_unit_that_float32_saturates_does_not_make_wrong_numbers_right_in_single_precision():
    W = [np.array([[3.0, 2.0], [0.5, -0.4]]), np.array([[1.0, -2.0], [0.3, 0.7]])]
    model = nn.MLP.from_arrays(W, [np.array([4.0, 0.1]), np.zeros(2)], "tanh", "tanh")
    inputs, targets = np.array([[2.5, 1.5], [2.0, 1.0]]), np.zeros((2, 2))
    right = exercise_of(model, inputs, targets).truth[1]
    assert np.float32(np.tanh(11.0)) == 1.0 > np.tanh(11.0)
    diagnosis = microbp.diagnose(model, {**right, "db1": 1.7 * right["db1"]}, inputs, targets)
    assert (diagnosis.mistakes, diagnosis.details["factor"]) == (("factor",), pytest.approx(1.7))


@pytest.mark.parametrize("logit", [-30.0, -40.0, 35.0, 5.0])
def test_the_gradient_of_a_logarithm_that_nobody_clipped_is_right(logit):
    model = nn.MLP.from_arrays([np.array([[1.0, 0.5]])], [np.zeros(1)], output="sigmoid")
    inputs, targets = np.array([[logit, 0.0], [0.3, 0.7]]), np.array([[1.0], [0.0]])
    delta = (1 / (1 + np.exp(-inputs @ [[1.0], [0.5]])) - targets) / 2
    mine = {"dW1": delta.T @ inputs, "db1": delta.sum(0)}
    assert microbp.diagnose(model, mine, inputs, targets, loss="binary_cross_entropy").ok


@pytest.mark.slow
@pytest.mark.parametrize("l", [1, 2])
@pytest.mark.usefixtures("no_pairs")
def test_errors_that_begin_in_one_sample_are_said_to(l):
    case = exercise_of(SQUARE, X, Y)
    inputs = forward_scopes(case, pass_of(case))[l - 1]["a"]
    wrong = {name: g.copy() for name, g in case.truth[1].items()}
    wrong[f"dW{l}"] += np.outer([0.3, -0.2, 0.7], inputs[2])
    diagnosis = microbp.diagnose(SQUARE, wrong, X, Y, loss=case.loss)
    assert f"sample 2: the contributions of all others to dW{l} are right" in diagnosis.details["confined"]
    wrong[f"dW{l}"] += np.outer([0.1, 0.5, -0.4], inputs[1])
    assert "sample" not in " ".join(microbp.diagnose(SQUARE, wrong, X, Y, loss=case.loss).details["confined"])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_of_two_passes_an_upper_layer_depends_on_what_is_wrong_in_a_lower_one(seed):
    model = nn.MLP(3, [4, 3, 2], activation="tanh", seed=seed)
    case = exercise_of(model, X, Y[:, :2], learning_rate=0.5)
    twice = pass_of(case).changed({"passes": 2, "dW": "d.T @ z0"}, [2])
    (given,) = read_gradients(case, gradients(case, twice))
    search = Search(case, given)
    assert ("net-for-activation", "not-zeroed") in [tuple(sorted(e.codes)) for e in search.explanations()]


def test_what_was_given_beside_the_gradients_chooses_among_the_mistakes_that_make_them():
    model = nn.MLP(3, [4, 2], activation="tanh", output="softmax", seed=1)
    X, Y = np.random.default_rng(0).normal(size=(5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]
    case = exercise_of(model, X, Y, loss="half_squared_error")
    wrong = quantities_of(case, pass_of(case).changed({"up": "2 * (a - y)"}, [2]))
    given = {name: wrong[name] for name in case.names}
    seen = microbp.diagnose(model, given, X, Y, loss="half_squared_error")
    assert (seen.mistakes, seen.alternatives) == (("factor",), (("wrong-loss",), ("not-zeroed",)))
    beside = {"dA2": wrong["dA2"].T, "dZ[2]": wrong["delta2"]}
    told = microbp.diagnose(model, given | beside, X, Y, loss="half_squared_error")
    assert (told.mistakes, told.alternatives) == (("wrong-loss",), ())
    assert "You gave dA2 as well, which is wrong already" in str(told)
    right = microbp.diagnose(model, given | {"dA1": quantities_of(case)["dA1"]}, X, Y, loss="half_squared_error")
    assert right.mistakes == ("factor",)
    assert "dA1 as well, which is right: the mistake comes after it" in str(right)


def test_a_place_is_named_in_the_layout_of_what_was_handed_in_too():
    X, Y = np.array([[0.5, -1.0, 2.0]]), np.array([[0.3, 1.0]])
    model = nn.MLP(3, [2], seed=1)
    _, (dW,), _ = vectorized.loss_and_gradients(*model.arrays(), X, Y)
    dW[1, 2] *= 3.0
    said = str(microbp.diagnose(model, {"dW1": dW.T}, X, Y))
    assert "The lines below: W is (n_out, n_in), samples in rows." in said
    assert "dW1[1, 2], which is [2, 1] in yours" in said
