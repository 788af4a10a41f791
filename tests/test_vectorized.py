"""microbp.vectorized against known numbers, central differences and formulas written with `math`."""

from __future__ import annotations

import ast
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import microbp
from microbp import vectorized
from microbp.vectorized import deltas, forward, loss_and_gradients

Array = NDArray[np.float64]

ACTIVATIONS = list(vectorized.ACTIVATIONS)
OUTPUTS = list(vectorized.OUTPUTS)
SUMMED = ["half_squared_error", "squared_error", *(name for name in vectorized.LOSSES if name.endswith("_sum"))]
AVERAGED = [name for name in vectorized.LOSSES if name not in SUMMED]
LOSSES = list(vectorized.LOSSES)
NEAR_KINK = 1e-3
STEP = 1e-5


# Random networks that keep away from kinks, and central differences.


def random_case(seed: int, sizes: Sequence[int], m: int, names: Sequence[str], loss: str) -> tuple[Any, ...]:
    """Has (weights, biases, X, Y) for which the loss is smooth nearby; `names` has an activation for each layer."""
    rng = np.random.default_rng(seed)
    for _ in range(1000):
        W = [rng.normal(size=(n_out, n_in)) for n_in, n_out in pairwise(sizes)]
        b = [rng.normal(size=n_out) for n_out in sizes[1:]]
        X = rng.normal(size=(m, sizes[0]))
        Y = rng.normal(size=(m, sizes[-1]))
        if "hinge" in loss:
            Y = np.where(Y > 0, 1.0, -1.0)
        if "cross_entropy" in loss:
            Y = rng.uniform(size=Y.shape)
        if "binary_cross_entropy" in loss and names[-1] != "sigmoid":  # outputs must be probabilities
            W[-1] *= 0.05
            b[-1] = np.full(sizes[-1], -0.4 if names[-1] == "softplus" else 0.5)
        zs, activations = forward(W, b, X, activation=names[:-1], output=names[-1])
        a = activations[-1]
        distances = [np.abs(z).min() for z, name in zip(zs, names, strict=True) if "relu" in name]
        if "hinge" in loss:
            distances.append(np.abs(1 - Y * a).min())
        if "binary_cross_entropy" in loss:
            distances += [(a - 0.05).min(), (0.95 - a).min()]
        if all(distance > NEAR_KINK for distance in distances):
            return W, b, X, Y
    raise AssertionError("no smooth case found")


def central_differences(f: Callable[[], float], parameter: Array) -> Array:
    gradient = np.empty_like(parameter)
    for index in np.ndindex(parameter.shape):
        old = parameter[index]
        parameter[index] = old + STEP
        above = f()
        parameter[index] = old - STEP
        below = f()
        parameter[index] = old
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


def assert_gradients_match_differences(case: tuple[Any, ...], names: Sequence[str], loss: str, l2: float) -> None:
    W, b, X, Y = case

    def run() -> tuple[float, list[Array], list[Array]]:
        return loss_and_gradients(W, b, X, Y, activation=names[:-1], output=names[-1], loss=loss, l2=l2)

    _, dW, db = run()
    for parameter, gradient in zip([*W, *b], [*dW, *db], strict=True):
        assert gradient.shape == parameter.shape
        numeric = central_differences(lambda: run()[0], parameter)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("activation", "loss"), list(product(OUTPUTS, LOSSES)))
def test_gradients_of_every_activation_and_loss_match_central_differences(
    activation: str, loss: str, seed: int
) -> None:
    names = ["tanh" if activation == "softmax" else activation] * 2 + [activation]
    assert_gradients_match_differences(random_case(seed, [2, 3, 2, 2], 3, names, loss), names, loss, l2=0.0)


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 3), min_size=2, max_size=4),
    m=st.integers(1, 4),
    names=st.lists(st.sampled_from(ACTIVATIONS), min_size=3, max_size=3),
    loss=st.sampled_from(LOSSES),
    l2=st.sampled_from([0.0, 0.3]),
)
def test_gradients_of_random_networks_match_central_differences(
    seed: int, sizes: list[int], m: int, names: list[str], loss: str, l2: float
) -> None:
    names = names[: len(sizes) - 1]
    assert_gradients_match_differences(random_case(seed, sizes, m, names, loss), names, loss, l2)


# Known numbers.

CLASSIC: dict[str, Any] = {
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [[0.35, 0.35], [0.60, 0.60]],
    "X": [[0.05, 0.10]],
    "activation": "sigmoid",
    "output": "sigmoid",
}


def test_classic_network_has_the_known_outputs() -> None:
    _, activations = forward(**CLASSIC)
    np.testing.assert_allclose(activations[1], [[0.593269992, 0.596884378]], atol=5e-10)
    np.testing.assert_allclose(activations[2], [[0.751365070, 0.772928465]], atol=5e-10)


def test_classic_network_has_the_known_loss_and_gradients() -> None:
    loss, dW, _ = loss_and_gradients(**CLASSIC, Y=[[0.01, 0.99]])
    assert loss == pytest.approx(0.298371109, abs=5e-10)
    known_1 = [[0.000438568, 0.000877135], [0.000497713, 0.000995425]]
    known_2 = [[0.082167041, 0.082667628], [-0.022602540, -0.022740242]]
    np.testing.assert_allclose(dW[0], known_1, atol=5.1e-10)
    np.testing.assert_allclose(dW[1], known_2, atol=5.1e-10)


def test_classic_network_has_the_known_deltas() -> None:
    _, output_delta = deltas(**CLASSIC, Y=[[0.01, 0.99]])
    np.testing.assert_allclose(output_delta, [[0.138498562, -0.038098236]], atol=5e-10)


TEXTBOOK: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "linear": (lambda z: z, lambda z: 1.0),
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else z / 100, lambda z: 1.0 if z > 0 else 0.01),
    "elu": (lambda z: z if z > 0 else math.exp(z) - 1, lambda z: math.exp(min(z, 0.0))),
    "softplus": (lambda z: math.log(1 + math.exp(z)), lambda z: 1 / (1 + math.exp(-z))),
}


@pytest.mark.parametrize("z", [-3.0, -0.5, 0.0, 0.25, 4.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_and_its_derivative_match_the_textbook_even_at_zero(name: str, z: float) -> None:
    f, slope = TEXTBOOK[name]
    _, activations = forward([[[1]]], [[0]], [[z]], output=name)
    # with the target a − 1, half_squared_error has the derivative 1 by a, and delta is f′(z)
    (delta,) = deltas([[[1]]], [[0]], [[z]], activations[1] - 1, output=name)
    assert activations[1].item() == pytest.approx(f(z), rel=1e-14, abs=0)
    assert delta.item() == pytest.approx(slope(z), rel=1e-13, abs=0)


A = [[0.5, 0.25], [0.75, 0.5]]
ONE_HOT, SIGNS = [[1, 0], [0, 1]], [[1, -1], [-1, 1]]
LOG_SUMS = [math.log(math.exp(p) + math.exp(q)) for p, q in A]


@pytest.mark.parametrize(
    ("loss", "Y", "known"),
    [
        ("half_squared_error", ONE_HOT, 0.5625),
        ("squared_error", ONE_HOT, 1.125),
        ("mean_squared_error", ONE_HOT, 0.28125),
        ("binary_cross_entropy", ONE_HOT, -(math.log(0.5) + math.log(0.75) + math.log(0.25) + math.log(0.5)) / 2),
        ("hinge", SIGNS, 2.0),
        ("softmax_cross_entropy", ONE_HOT, (LOG_SUMS[0] - 0.5 + LOG_SUMS[1] - 0.5) / 2),
        ("softmax_cross_entropy", [[0.2, 0.3], [0, 2]], (0.5 * LOG_SUMS[0] - 0.175 + 2 * LOG_SUMS[1] - 1) / 2),
    ],
)
def test_loss_of_two_rows_is_what_its_definition_says(loss: str, Y: list[list[float]], known: float) -> None:
    value, _, _ = loss_and_gradients([np.eye(2)], [[0, 0]], A, Y, loss=loss)
    assert type(value) is float
    assert value == pytest.approx(known, rel=1e-14, abs=0)


def test_hinge_has_the_derivative_zero_at_its_kink() -> None:
    (delta,) = deltas([[[1]]], [[0]], [[1.0], [0.5], [-1.0], [2.0]], [[1], [1], [-1], [1]], loss="hinge")
    assert delta.tolist() == [[0.0], [-0.25], [0.0], [0.0]]


# Deltas.


@pytest.mark.parametrize(("activation", "loss"), list(product(ACTIVATIONS, LOSSES)))
def test_delta_of_a_row_is_the_bias_gradient_of_that_row(activation: str, loss: str) -> None:
    W, b, X, Y = random_case(5, [2, 3, 2], 4, [activation] * 2, loss)
    names: dict[str, Any] = {"activation": activation, "output": activation, "loss": loss}
    ds = deltas(W, b, X, Y, **names)
    share = 1 if loss in SUMMED else 1 / len(X)
    for i in range(len(X)):
        _, _, db = loss_and_gradients(W, b, X[i : i + 1], Y[i : i + 1], **names)
        for d, of_row in zip(ds, db, strict=True):
            assert d.shape == (len(X), len(of_row))
            np.testing.assert_allclose(d[i], share * of_row, rtol=1e-12, atol=1e-15)


def test_gradients_are_made_of_deltas_and_activations() -> None:
    W, b, X, Y = random_case(6, [3, 4, 2], 5, ["tanh", "linear"], "squared_error")
    names: dict[str, Any] = {"activation": "tanh", "loss": "squared_error"}
    _, activations = forward(W, b, X, activation="tanh")
    ds = deltas(W, b, X, Y, **names)
    _, dW, db = loss_and_gradients(W, b, X, Y, **names)
    for l, d in enumerate(ds):
        np.testing.assert_allclose(dW[l], sum(np.outer(d[i], activations[l][i]) for i in range(5)), rtol=1e-12)
        np.testing.assert_allclose(db[l], sum(d[i] for i in range(5)), rtol=1e-12)


# Extreme values.


@pytest.fixture
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_of_huge_nets_are_finite_without_a_warning(activation: str) -> None:
    z = [[-1000.0], [-745.2], [-40.0], [-0.0], [0.0], [40.0], [1000.0]]
    _, activations = forward([[[1]]], [[0]], z, output=activation)
    loss, dW, db = loss_and_gradients([[[1]]], [[0]], z, np.zeros((7, 1)), output=activation)
    for array in (activations[1], np.array(loss), *dW, *db):
        assert np.isfinite(array).all()


@pytest.mark.usefixtures("no_warnings")
def test_sigmoid_and_softplus_of_a_very_negative_net_keep_all_digits() -> None:
    for name in ("sigmoid", "softplus"):
        a = forward([[[1]]], [[0]], [[-40.0], [-700.0]], output=name)[1][1]
        np.testing.assert_allclose(a, np.exp([[-40.0], [-700.0]]), rtol=1e-14)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize(
    ("a", "y", "loss", "slope"),
    [
        (0.0, 0, 0.0, 1.0),
        (1.0, 1, 0.0, -1.0),
        (0.0, 1, -math.log(1e-12), 0.0),
        (1.0, 0, -math.log(1e-12), 0.0),
        (1e-12, 1, -math.log(1e-12), -0.5e12),
        (2e-12, 1, -math.log(2e-12), -0.5e12),
        (-3.0, 1, -math.log(1e-12), 0.0),
        (3.0, 0, -math.log(1e-12), 0.0),
    ],
)
def test_binary_cross_entropy_clips_small_probabilities(a: float, y: int, loss: float, slope: float) -> None:
    value, _, db = loss_and_gradients([[[1]]], [[0]], [[a]], [[y]], loss="binary_cross_entropy")
    assert value == pytest.approx(loss, rel=1e-14, abs=0)
    assert math.copysign(1, value) == 1
    assert db[0].item() == pytest.approx(slope, rel=1e-12, abs=0)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_cross_entropy_of_a_sigmoid_is_the_chain_rule_and_right_where_that_says_nothing(y: float) -> None:
    z = np.append(np.linspace(-1000, 1000, 41), np.linspace(-40, 40, 161)).reshape(-1, 1)
    a = forward([[[1]]], [[0]], z, output="sigmoid")[1][1]
    Y = np.full_like(a, y)
    (delta,) = deltas([[[1]]], [[0]], z, Y, output="sigmoid", loss="binary_cross_entropy")
    (by_a,) = deltas([[[1]]], [[0]], a, Y, loss="binary_cross_entropy")
    kept = (a > 1e-3) & (1 - a > 1e-3)
    assert 0 < kept.sum() < len(a)
    np.testing.assert_allclose(delta[kept], (by_a * a * (1 - a))[kept], rtol=1e-12)
    np.testing.assert_allclose(delta * len(a), a - y, rtol=1e-15, atol=1e-15)
    if y == 1.0:
        assert (delta[(z < 700) & (z > -700)] < 0).all()  # −σ(−z), and never 0


def test_cross_entropies_agree_with_the_graph_at_every_net() -> None:
    for output, loss, n in (("sigmoid", "binary_cross_entropy", 1), ("linear", "softmax_cross_entropy", 3)):
        for z in (-1000.0, -745.0, -100.0, -37.0, -28.0, -1.0, 0.0, 1.0, 28.0, 37.0, 100.0, 745.0, 1000.0):
            for y in np.eye(n) if n > 1 else ([0.0], [1.0], [0.25]):
                W, b = np.linspace(1.0, -0.5, n).reshape(n, 1), np.zeros(n)
                model = microbp.nn.MLP.from_arrays([W], [b], output=output)
                root = microbp.losses.batch_loss(model, [[z]], [y], loss)
                root.backward()
                by_numpy, dW, db = loss_and_gradients([W], [b], [[z]], [y], output=output, loss=loss)
                assert root.data == pytest.approx(by_numpy, rel=1e-14, abs=5e-324)
                np.testing.assert_allclose(model.grad_arrays()[1][0], db[0], rtol=1e-14, atol=5e-324)
                np.testing.assert_allclose(model.grad_arrays()[0][0], dW[0], rtol=1e-14, atol=1e-320)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_softmax_cross_entropy_does_not_depend_on_a_common_shift(shift: float) -> None:
    logits = np.array([[1.0, 2.0, 4.0]]) + shift
    loss, _, db = loss_and_gradients([np.eye(3)], [np.zeros(3)], logits, [[0, 0, 1]], loss="softmax_cross_entropy")
    p = np.exp([1.0, 2.0, 4.0]) / np.exp([1.0, 2.0, 4.0]).sum()
    assert loss == pytest.approx(-math.log(p[2]), rel=1e-12, abs=0)
    np.testing.assert_allclose(db[0], p - [0, 0, 1], rtol=1e-12)


@pytest.mark.usefixtures("no_warnings")
def test_softmax_cross_entropy_of_logits_far_apart_is_their_distance() -> None:
    loss, _, db = loss_and_gradients(
        [np.eye(2)], [[0, 0]], [[1e4, -1e4], [1e4, -1e4]], [[0, 1], [1, 0]], loss="softmax_cross_entropy"
    )
    assert loss == 1e4  # 2e4 in the first row, 0 in the second
    assert db[0].tolist() == [0.5, -0.5]


# The penalty.


def test_l2_adds_its_gradient_to_the_weights_and_leaves_the_biases_alone() -> None:
    W, b, X, Y = random_case(7, [2, 3, 1], 4, ["tanh", "linear"], "half_squared_error")
    loss, dW, db = loss_and_gradients(W, b, X, Y, activation="tanh")
    loss_l2, dW_l2, db_l2 = loss_and_gradients(W, b, X, Y, activation="tanh", l2=0.6)
    assert loss_l2 - loss == pytest.approx(0.6 / 8 * sum((w**2).sum() for w in W), rel=1e-12, abs=0)
    for w, plain, penalised in zip(W, dW, dW_l2, strict=True):
        np.testing.assert_allclose(penalised, plain + 0.15 * w, rtol=1e-14)
    for plain, penalised in zip(db, db_l2, strict=True):
        assert (plain == penalised).all()


# Arguments.


def test_one_activation_name_stands_for_all_hidden_layers() -> None:
    W, b, X, _ = random_case(8, [2, 3, 3, 1], 2, ["tanh", "tanh", "linear"], "squared_error")
    one, each = (forward(W, b, X, activation=names)[1] for names in ("tanh", ("tanh", "tanh")))
    assert all((p == q).all() for p, q in zip(one, each, strict=True))


def test_results_are_float64_and_the_arguments_stay_as_they_were() -> None:
    W, b, X, Y = [np.array([[1, 2], [3, -4]])], [np.array([1, 0])], np.array([[1, 2]]), np.array([[0, 1]])
    copies = [array.copy() for array in (W[0], b[0], X, Y)]
    zs, activations = forward(W, b, X)
    _, dW, db = loss_and_gradients(W, b, X, Y, l2=1.0)
    assert {array.dtype for array in (*zs, *activations, *dW, *db, *deltas(W, b, X, Y))} == {np.dtype(np.float64)}
    assert all((old == new).all() for old, new in zip(copies, (W[0], b[0], X, Y), strict=True))


def test_nets_and_activations_do_not_share_memory() -> None:
    zs, activations = forward([[[1.0]]], [[0.0]], [[2.0]])
    assert not np.shares_memory(zs[0], activations[1])


W2 = [np.ones((4, 2)), np.ones((1, 4))]
B2 = [np.ones(4), np.ones(1)]
GOOD: dict[str, Any] = {"weights": W2, "biases": B2, "X": np.ones((3, 2)), "Y": np.ones((3, 1))}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": "hing"}, f"unknown loss: 'hing' (must be one of {LOSSES})"),
        ({"activation": "rleu"}, f"unknown activation: 'rleu' (must be one of {ACTIVATIONS})"),
        ({"activation": ["rleu"]}, "unknown activation: 'rleu'"),
        ({"output": "softmin"}, f"unknown activation: 'softmin' (must be one of {OUTPUTS})"),
        ({"activation": "softmax"}, f"unknown activation: 'softmax' (must be one of {ACTIVATIONS})"),
        ({"activation": ["relu", "tanh"]}, "one name, or one for each of 1 hidden layers, got ['relu', 'tanh']"),
        ({"X": [1.0, 2.0]}, "X must have shape (m, n_in) and not be empty, got shape (2,): X.reshape(1, -1) is one"),
        ({"Y": [1.0, 2.0, 3.0]}, "Y must have shape (m, n_out) and not be empty, got shape (3,): Y.reshape(-1, 1) is"),
        ({"X": np.ones((0, 2))}, "not be empty, got shape (0, 2)"),
        ({"X": np.ones((3, 5))}, "weights[0] has shape (4, 2), so it needs 2 inputs, but X gives 5 (X has shape"),
        ({"Y": np.ones((3, 2))}, "Y has shape (3, 2), but the outputs have shape (3, 1)"),
        ({"Y": np.ones((2, 1))}, "Y has shape (2, 1), but the outputs have shape (3, 1)"),
        (
            {"weights": [np.ones((5, 2)), np.ones((3, 4))], "biases": [np.ones(5), np.ones(3)]},
            "weights[1] has shape (3, 4), so it needs 4 inputs, but layer 1 gives 5 (weights[0] has shape (5, 2))",
        ),
        ({"biases": [np.ones(4), np.ones(2)]}, "biases[1] has shape (2,), but weights[1] of shape (1, 4) needs (1,)"),
        ({"biases": [np.ones((4, 1)), np.ones(1)]}, "biases[0] must have shape (n_out,)"),
        ({"weights": W2[0]}, "weights[0] must have shape (n_out, n_in) and not be empty, got shape (2,)"),
        ({"biases": B2[:1]}, "each layer needs one weights and one biases, got 2 weights and 1 biases"),
        ({"weights": [], "biases": []}, "got 0 weights and 0 biases"),
        ({"X": [[1.0, 2.0], [3.0]]}, "X must be real numbers in shape (m, n_in), got [[1.0, 2.0], [3.0]]"),
        ({"X": [["one", "two"]]}, "X must be real numbers in shape (m, n_in), got [['one', 'two']]"),
    ],
)
def test_wrong_argument_raises_value_error_that_names_it(wrong: dict[str, Any], message: str) -> None:
    arguments = {**GOOD, **wrong}
    with pytest.raises(ValueError, match=re.escape(message)):
        loss_and_gradients(**arguments)
    with pytest.raises(ValueError, match=re.escape(message)):
        deltas(**arguments)
    if not wrong.keys() & {"Y", "loss"}:
        del arguments["Y"]
        with pytest.raises(ValueError, match=re.escape(message)):
            forward(**arguments)


def test_unknown_activation_raises_even_if_there_is_no_hidden_layer() -> None:
    with pytest.raises(ValueError, match="unknown activation: 'rleu'"):
        forward([[[1]]], [[0]], [[1]], activation="rleu")


# Independence.


def test_it_imports_nothing_but_numpy_and_the_standard_library() -> None:
    imported = set()
    for path in Path(vectorized.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, "a relative import is one of microbp"
                imported.add(node.module or "")
    others = {name.partition(".")[0] for name in imported if not name.startswith("microbp.vectorized.")}
    assert "numpy" in others
    assert others - {"numpy"} <= sys.stdlib_module_names


def test_a_loss_of_the_net_is_chosen_by_the_last_layer():
    weights, biases = [[[3.0]], [[400.0]]], [[0.0], [0.0]]
    for hidden, output in (("tanh", "sigmoid"), ("sigmoid", "sigmoid")):
        model = microbp.nn.MLP.from_arrays(weights, biases, hidden, output)
        found = vectorized.loss_and_gradients(
            weights, biases, [[2.0]], [[0.0]], activation=hidden, output=output, loss="binary_cross_entropy"
        )[0]
        assert found == microbp.losses.batch_loss(model, [[2.0]], [[0.0]], "binary_cross_entropy").data > 300
    linear = vectorized.loss_and_gradients(
        [[[1.0]], [[0.5]]], [[0.0], [0.0]], [[0.0]], [[1.0]], activation="sigmoid", output="linear",
        loss="binary_cross_entropy",
    )  # fmt: skip
    assert linear[0] == pytest.approx(-np.log(0.25), rel=1e-15, abs=0)


def test_the_diagonal_of_the_derivative_of_a_softmax():
    z = np.array([[0.5, -1.0, 2.0]])
    a = vectorized.softmax(z)
    h = 1e-6
    for k in range(3):
        step = np.eye(3)[k] * h
        numeric = (vectorized.softmax(z + step) - vectorized.softmax(z - step))[0, k] / (2 * h)
        assert vectorized.OUTPUTS["softmax"][1](z, a)[0, k] == pytest.approx(numeric, rel=1e-7, abs=0)


def test_a_transpose_is_proposed_where_it_fits():
    def said(X):
        with pytest.raises(ValueError, match="X gives") as caught:
            vectorized.forward([[[1.0, 2.0]]], [[0.0]], X)
        return str(caught.value)

    assert "its transpose, a row a sample, would fit" in said([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert "transpose" not in said([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_what_was_checked_before_gives_the_same(l2: float) -> None:
    weights, biases, X, Y = random_case(3, [3, 4, 2], 5, ["tanh", "sigmoid"], "half_squared_error")[:4]
    arrays = [[np.asarray(part, dtype=float) for part in some] for some in (weights, biases)]
    early = [W + 1.0 for W in arrays[0]]
    results = [
        loss_and_gradients(
            *arrays, np.asarray(X, float), np.asarray(Y, float), activation=["tanh"], output="sigmoid", l2=l2,
            penalize_biases=True, backward_weights=early, checked=checked,
        )
        for checked in (False, True)
    ]  # fmt: skip
    losses, *gradients = zip(*results, strict=True)
    assert losses[0] == losses[1]
    for one, other in gradients:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
