import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import nn, vectorized
from microbp.comparing.difference import ROUNDING
from microbp.diagnosis.compare import compare, wrong_gradients
from microbp.errors import OperandError, ProblemError, ShapeError
from microbp.losses import LOSSES
from microbp.nn import ACTIVATIONS, MLP, OUTPUTS
from microbp.problems import NetworkProblem
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main
from tests import examples


@st.composite
def cases(draw):
    """A random network with data and a loss that suits its outputs; nets stay small enough not to saturate."""
    loss = draw(st.sampled_from(sorted(LOSSES)))
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    hidden = [draw(st.sampled_from(ACTIVATIONS)) for _ in sizes[2:]]
    outputs = ("sigmoid",) if "binary_cross_entropy" in loss else ACTIVATIONS if "softmax" in loss else OUTPUTS
    output = draw(st.sampled_from(outputs))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = [rng.normal(size=(n, m)) for m, n in pairwise(sizes)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    m = draw(st.integers(1, 5))
    X = rng.normal(size=(m, sizes[0]))
    family = loss.removeprefix("mean_").removesuffix("_sum")  # what the targets may be does not depend on the sums
    Y = {
        "hinge": lambda: rng.choice([-1.0, 1.0], size=(m, sizes[-1])),
        "binary_cross_entropy": lambda: rng.integers(0, 2, size=(m, sizes[-1])).astype(float),
        "softmax_cross_entropy": lambda: np.eye(sizes[-1])[rng.integers(0, sizes[-1], size=m)],
    }.get(family, lambda: rng.normal(size=(m, sizes[-1])))()
    return MLP.from_arrays(weights, biases, hidden, output), X, Y, loss, draw(st.sampled_from([0.0, 0.3]))


@examples(300)
@given(cases())
def test_graph_and_vectorized_agree_to_1e12(case):
    model, X, Y, loss, l2 = case
    comparison = compare(model, X, Y, loss=loss, l2=l2)
    assert comparison.ok, str(comparison)
    assert comparison.tolerance == 1e-12


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_every_activation_loss_and_depth_agrees(activation, loss, depth, l2):
    output = "sigmoid" if "binary_cross_entropy" in loss else "linear"
    model = MLP(3, [2] * depth, activation=activation, output=output, seed=depth)
    Y = [[1.0, 0.0], [0.0, 1.0]] if "hinge" not in loss else [[1.0, -1.0], [-1.0, -1.0]]
    assert compare(model, [[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]], Y, loss=loss, l2=l2).ok


def test_a_wrong_derivation_is_found_and_located(monkeypatch):
    right = vectorized.loss_and_gradients

    def wrong(*args, **kwargs):
        loss, dW, db = right(*args, **kwargs)
        dW[1][0, 2] += 1e-9
        return loss, dW, db

    monkeypatch.setattr(vectorized, "loss_and_gradients", wrong)
    comparison = compare(nn.MLP(2, [3, 1], seed=0), [[1.0, 2.0]], [[0.5]])
    assert not comparison.ok
    assert [row.ok for row in comparison.rows] == [True, True, False, True]
    bad = comparison.rows[2]
    assert (bad.name, bad.shape, bad.where) == ("W2", (1, 3), (0, 2))
    assert bad.absolute == pytest.approx(1e-9, rel=1e-3)
    assert bad.ulps > 1000
    assert "W2  (1, 3)" in str(comparison)
    assert "DIFFERS" in str(comparison)


THEN = "and then no gradient can be judged"


@pytest.mark.parametrize(
    ("X", "Y", "said"),
    [
        ([[1.0, 2.0]], [[math.nan]], f"Y is nan at [0, 0], {THEN}: look at the data"),
        ([[1.0, 2.0], [1.0, math.inf]], [[0.5], [1.0]], f"X is inf at [1, 1], {THEN}: look at the data"),
        ([[1e300, 2.0]], [[1e300]], f"the right gradient dW1 is inf at [0, 0], {THEN}: take smaller weights"),
    ],
)
def test_where_a_right_gradient_is_inf_or_nan_nothing_is_judged(X, Y, said):
    model = nn.MLP.from_arrays([[[3.0, 1.0]]], [[0.5]], output="linear")
    with np.errstate(all="ignore"), pytest.raises(ProblemError, match=re.escape(said)):
        compare(model, X, Y)
    with np.errstate(all="ignore"), pytest.raises(ProblemError, match=re.escape(said)):
        microbp.diagnose(model, {"dW1": [[0.0, 0.0]]}, X=X, Y=Y)


def test_the_model_stays_as_it_was():
    model = nn.MLP(2, [2, 1], seed=0)
    model([1.0, 2.0]).backward()
    before = [(p.data, p.grad) for p in model.parameters()]
    assert compare(model, [[1.0, 2.0]], [[0.5]]).ok
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_w1_w8_agrees_exactly():
    problem = microbp.load("w1-w8")
    comparison = compare(problem.model, problem.inputs, problem.targets, loss=problem.loss)
    assert comparison.loss == comparison.vectorized_loss
    assert all(row.absolute <= 3e-17 for row in comparison.rows)


def test_a_learners_report_counts_maps_and_measures():
    problem = microbp.load("w1-w8")
    comparison = compare(problem, gradients={"dW2": [[0.082167041, 0.082667628], [0.022602540, -0.022740242]]})
    (row,) = comparison.rows
    assert (comparison.ok, row.wrong, row.where, row.map) == (False, 1, (1, 0), ("· ·", "× ·"))
    assert row.norm == pytest.approx(0.18697, abs=1e-5)
    assert "| W2 | (2, 2) |" in comparison.as_markdown()
    assert "learner and vectorized NumPy DIFFER (to their precision)" in str(comparison)


def test_entries_that_were_not_given_do_not_count_and_are_blank():
    problem = microbp.load("w1-w8")
    (row,) = compare(problem, gradients={"w6": 0.082667628}).rows
    assert (row.ok, row.wrong, row.given, row.where) == (True, 0, 1, (0, 1))
    comparison = compare(problem, gradients={"w6": 0.09, "w7": -0.02260254})
    (row,) = comparison.rows
    assert (row.ok, row.wrong, row.given, row.where, row.map) == (False, 1, 2, (0, 1), ("  ×", "·"))
    assert "1 of 2 given" in str(comparison)
    assert str(comparison).splitlines()[-2:] == ["W2: × is wrong     ×", "                 ·"]
    assert comparison.as_dict()["rows"][0]["given"] == 2
    (row,) = compare(problem, gradients={"w8": 1.0}).rows
    assert row.map == ("", "  ×")


def test_the_two_numbers_that_are_furthest_apart_are_said():
    problem = microbp.load("w1-w8")
    comparison = compare(problem, gradients={"w5": 0.08, "w7": 0.022602541})
    (row,) = comparison.rows
    assert (row.where, row.yours) == ((1, 0), 0.022602541)
    assert row.right == pytest.approx(-0.022602540, abs=1e-9)
    said = "W2 at (1, 0): yours a = 0.022602541, right b = -0.0226025405"
    assert said in str(comparison)
    assert said in comparison.as_markdown()
    assert " a = " not in str(compare(problem, gradients={"w5": 0.082167041}))


@pytest.mark.parametrize("tolerance", [-1, -1e-300, np.nan, np.inf])
def test_a_tolerance_without_meaning_is_refused(tolerance):
    problem = microbp.load("w1-w8")
    for mine in (None, {"w5": 0.08}):
        with pytest.raises(ProblemError, match="tolerance is a number that is not negative"):
            compare(problem, gradients=mine, tolerance=tolerance)
    with pytest.raises(OperandError, match="tolerance needs one real number"):
        compare(problem, tolerance="1e-6")
    assert not compare(problem, gradients={"w5": 0.08}, tolerance=0).ok
    assert [compare(problem, tolerance=t).tolerance for t in (None, 0.5)] == [ROUNDING, 0.5]


def test_a_tolerance_is_absolute_plus_relative():
    model = nn.MLP.from_arrays([[[-6.0]]], [[0.0]], output="linear")
    how = {"X": [[1.0]], "Y": [[-1.0]], "loss": "half_squared_error"}  # ∂E/∂w = −5
    assert exercise_of(model, **how).truth[1]["dW1"] == -5.0
    for mine, ok in ((-5.59, True), (-5.61, False), (-4.41, True), (-4.39, False)):
        assert microbp.compare(model, gradients={"dW1": [[mine]]}, tolerance=0.1, **how).ok is ok


def test_the_wrong_gradients_of_a_transposed_array_stand_at_their_weights():
    arrays = nn.MLP(2, [3, 1], seed=1).arrays()
    problem = NetworkProblem("t", *arrays, [[0.5, -1.0]], [[1.0]], activation="tanh", output="linear")
    right = exercise_of(problem).truth[1]
    wrong = wrong_gradients(problem, right | {"dW1": right["dW1"].T})
    problem.root().backward()
    weights = problem.model.parameter_arrays()[0].ravel()
    assert wrong == {w.label: pytest.approx(w.grad, rel=1e-12, abs=0) for w in weights}
    with pytest.raises(ShapeError, match="dW1 needs shape"):
        wrong_gradients(problem, right | {"dW1": np.zeros((7, 7))})
    with pytest.raises(ShapeError, match=r"dW1 needs shape .* layers in reverse order"):
        wrong_gradients(problem, {"dW1": right["dW2"]})


def test_what_is_wrong_with_a_file_to_draw_names_it(tmp_path, capsys):
    (tmp_path / "mine.json").write_text('{"dW1": [1, 2, 3]}')
    assert main(["draw", "w1-w8", "-o", str(tmp_path / "a.dot"), "--compare", str(tmp_path / "mine.json")]) == 2
    assert "mine.json" in capsys.readouterr().err


def test_large_maps_are_drawn_in_blocks():
    model = nn.MLP(100, [50], seed=0)
    X, Y = np.ones((2, 100)), np.ones((2, 50))
    _, dW, _ = vectorized.loss_and_gradients(*model.arrays(), X, Y)
    dW[0][0, 99] += 1
    (row,) = compare(model, X, Y, gradients={"dW": dW}).rows
    assert (len(row.map), len(row.map[0])) == (12, 79)
    assert "".join(row.map).count("×") == 1


@pytest.mark.parametrize("digits", [3, 6, 9, 17])
def test_rounded_numbers_are_compared_to_their_precision(digits):
    problem = microbp.load("w1-w8")
    case = exercise_of(problem)
    given = {name: [[float(f"{x:.{digits}g}") for x in row] for row in case.truth[1][name]] for name in ("dW1", "dW2")}
    assert compare(problem, gradients=given).ok
    given["dW1"][0][0] *= 1 + max(20 * 10.0**-digits, 1e-4)  # float32 could do less
    assert not compare(problem, gradients=given).ok


def test_the_command_compares_files_and_functions(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a.json").write_text('{"w5": 0.082167041}')
    (tmp_path / "mine_of_test.py").write_text("def f(W, b, X, Y):\n    return W, b\n")
    assert main(["compare", "w1-w8", "--gradients", "a.json"]) == 0
    assert main(["compare", "w1-w8", "--tolerance", "1e-6", "a.json"]) == 0
    assert capsys.readouterr().out.count("learner and vectorized NumPy agree") == 2
    assert main(["compare", "w1-w8", "--function", "mine_of_test:f", "--format", "md"]) == 1
    assert main(["compare", "w1-w8", "--gradients", "missing.json"]) == 2
    assert "× ×" in capsys.readouterr().out


def test_an_inf_or_nan_is_printed_as_it_is_and_never_right(tmp_path, capsys):
    problem = microbp.load("w1-w8")
    right = exercise_of(problem).truth[1]
    for wrong, cells in ((np.inf, "inf             inf       inf              9.0e+15  1 of 4"), (np.nan, "nan  ")):
        mine = right["dW1"].copy()
        mine[0, 1] = wrong
        np.savez(tmp_path / "mine.npz", dW1=mine)
        for more in ([], ["--tolerance", "1e300"]):
            assert main(["compare", "w1-w8", "--gradients", str(tmp_path / "mine.npz"), *more]) == 1
            said = capsys.readouterr().out
            assert f"W1  (2, 2)  {cells}" in said
            assert "(0, 1)  DIFFERS" in said
    assert main(["compare", "w1-w8", "--gradients", str(tmp_path / "mine.npz"), "--json"]) == 1
    assert '"ulps": "nan"' in capsys.readouterr().out


@pytest.mark.parametrize("gradients", [{"db1": [[[0.5]]]}, {"db": [[[[0.5]]], [[[1.0]]]]}])
def test_one_number_in_many_brackets_is_judged_though_it_has_no_map(gradients):
    found = compare(microbp.load("w1-w8"), gradients=gradients)
    assert not found.ok
    assert str(found)
