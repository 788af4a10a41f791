"""The lines of the pass run: the right ones give the right gradients, and the table's rows fit into them."""

from dataclasses import replace

import numpy as np
import pytest

from microbp.derivation.backprop import (
    after_step,
    backward,
    check_shapes,
    forward_scopes,
    gradients,
    pass_of,
    value,
    with_targets,
)
from microbp.derivation.formulas import JACOBIANS, MISREMEMBERED, SLOPES, lost_parts, other_losses
from microbp.losses import LOSSES as ROWS
from microbp.nn import MLP
from microbp.problems.exercise import exercise_of
from microbp.vectorized import ACTIVATIONS, LOSSES, OUTPUTS, softmax
from tests.planting import random_case


@pytest.mark.parametrize("seed", range(60))
def test_the_right_lines_give_the_right_gradients_to_1e12(seed):
    case = random_case(np.random.default_rng(seed))
    made = gradients(case, pass_of(case))
    for name, right in case.truth[1].items():
        assert made[name].shape == right.shape
        assert np.abs(made[name] - right).max() <= 1e-12 * (1 + np.abs(right).max())


def test_two_passes_with_a_learning_rate_of_zero_are_twice_one():
    case = replace(random_case(np.random.default_rng(3)), learning_rate=0.0)
    one, two = gradients(case, pass_of(case)), gradients(case, pass_of(case).changed({"passes": 2}, ()))
    assert all(np.allclose(2 * one[name], two[name], rtol=1e-12, atol=0) for name in one)
    three = gradients(case, pass_of(case).changed({"passes": 3}, ()))
    assert all(np.allclose(3 * one[name], three[name], rtol=1e-12, atol=0) for name in one)


@pytest.mark.parametrize("seed", range(6))
def test_two_passes_add_up_the_gradients_before_and_after_a_step_of_weights_and_biases(seed):
    case = random_case(np.random.default_rng(seed), l2=0.3, penalize=True)
    one = gradients(case, pass_of(case))
    stepped = replace(
        case,
        weights=tuple(W - 0.5 * one[f"dW{l}"] for l, W in enumerate(case.weights, 1)),
        biases=tuple(b - 0.5 * one[f"db{l}"] for l, b in enumerate(case.biases, 1)),
    )
    other, two = stepped.truth[1], gradients(case, pass_of(case).changed({"passes": 2}))
    for name in one:
        assert two[name] == pytest.approx(one[name] + other[name], rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("penalize", [False, True])
def test_biases_are_penalised_where_the_exercise_says_so(penalize):
    case = random_case(np.random.default_rng(8), l2=0.7, penalize=penalize)
    one, free = gradients(case, pass_of(case)), gradients(replace(case, l2=0.0), pass_of(replace(case, l2=0.0)))
    for l, (W, b) in enumerate(zip(case.weights, case.biases, strict=True), 1):
        assert one[f"db{l}"] - free[f"db{l}"] == pytest.approx(penalize * 0.7 / len(case.Y) * b, abs=1e-13)
        assert one[f"dW{l}"] - free[f"dW{l}"] == pytest.approx(0.7 / len(case.Y) * W, abs=1e-13)


def test_a_layer_knows_its_neighbours_and_a_softmax_its_probabilities():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s), "softmax_cross_entropy")).depth > 2)
    for lines in (pass_of(case), pass_of(case).changed({"precision": "single"})):
        scopes = forward_scopes(case, lines)
        for l in range(1, case.depth + 1):
            scope, below = scopes[l], scopes[l - 1]
            assert scope["a0"] is below["a"]
            assert scope["z0"] is below["z"]
            assert scope["a00"] is scopes[max(0, l - 2)]["a"]
            assert ("W0" in scope) == (l > 1)
            if l < case.depth:
                assert [scope[f"{name}_"] is scopes[l + 1][name] for name in "Wza"] == [True] * 3
            made = dict(backward(case, lines, scopes))[l]
            kind = np.float32 if lines.precision == "single" else np.float64
            assert {made[name].dtype for name in ("z", "a", "d", "dW")} == {np.dtype(kind)}
        end, y = scopes[-1], case.Y
        p = np.exp(end["a"]) / np.exp(end["a"]).sum(axis=1, keepdims=True)
        assert end["p"] == pytest.approx(p, rel=1e-5)
        assert end["q"] == pytest.approx(np.exp(end["a"]) / np.exp(end["a"]).sum(axis=0), rel=1e-5)
        assert end["t"] == pytest.approx(((p - y) * p).sum(axis=1, keepdims=True), rel=1e-4, abs=1e-6)
        again = forward_scopes(case, lines, scopes, 2)
        assert [again[l]["a"] is scopes[l]["a"] for l in range(case.depth + 1)] == [True, True] + [False] * (
            case.depth - 1
        )
        assert [again[1][f"{name}_"] is again[2][name] for name in "Wza"] == [True] * 3


def test_rows_of_a_layer_alone_without_one_or_twice():
    x = np.arange(6.0).reshape(3, 2) + 1
    scope = forward_scopes(*(lambda case: (case, pass_of(case)))(random_case(np.random.default_rng(0))))[-1]
    assert scope["without"](x, 1).tolist() == [[1, 2], [0, 0], [5, 6]]
    assert scope["only"](x, 1).tolist() == [[0, 0], [3, 4], [0, 0]]
    assert scope["twice"](x, 1).tolist() == [[1, 2], [6, 8], [5, 6]]


def test_a_gradient_of_weights_may_be_transposed_and_one_of_biases_one_number_but_no_other_shape():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s))).sizes[:2] == (2, 4))
    scope = dict(backward(case, pass_of(case)))[1]
    for dW, db in ((scope["dW"].T, np.zeros(())), (scope["dW"], np.zeros(1)), (scope["dW"], np.zeros(4))):
        check_shapes(scope | {"dW": dW, "of_W": dW, "db": db})
    for wrong in ({"db": np.zeros(2)}, {"db": np.zeros((4, 1))}, {"of_W": np.zeros((1, 1))}, {"d": np.zeros((1, 1))}):
        with pytest.raises(ValueError, match="for W"):
            check_shapes(scope | wrong)


def test_a_change_is_of_the_layers_that_are_said_or_of_all():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s))).depth == 3)
    lines = pass_of(case)
    assert [one["dW"] for one in lines.changed({"dW": "2 * {}"}).layers] == ["2 * (d.T @ a0)"] * 3
    assert [one["dW"] for one in lines.changed({"dW": "2 * {}"}, [1, 3]).layers] == [
        "2 * (d.T @ a0)", lines.layers[1]["dW"], "2 * (d.T @ a0)"
    ]  # fmt: skip
    assert lines.changed({"order": "reversed", "start": "elsewhere"}).layers == lines.layers


def test_a_delta_that_simplifies_is_there_until_a_part_of_it_is_changed():
    net = MLP(2, [3, 3], seed=1, output="softmax")
    lines = pass_of(exercise_of(net, [[1.0, 2.0]], [[0.0, 1.0, 0.0]]))
    for name, simple in (("slope", False), ("up", True), ("dW", True)):
        last = lines.changed({name: "2 * {}"}).layers[-1]
        assert last["d"] == (JACOBIANS["softmax"] if simple else "up * slope")


def test_the_layers_come_from_the_last_to_the_first():
    case = random_case(np.random.default_rng(4))
    done = list(backward(case, pass_of(case)))
    assert [l for l, _ in done] == list(range(case.depth, 0, -1))
    assert [l for l, scope in done if "back" in scope] == list(range(case.depth, 1, -1))


def test_a_step_takes_a_gradient_that_is_transposed_the_right_way_round():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s))).sizes[:2] == (2, 4))
    case = replace(case, learning_rate=0.5)
    done = list(backward(case, pass_of(case)))
    turned = [(l, scope | {"dW": scope["dW"].T} if l == 1 else scope) for l, scope in done]
    for W, same in zip(after_step(case, done).weights, after_step(case, turned).weights, strict=True):
        assert np.array_equal(W, same)


def test_a_line_that_does_not_fit_is_an_error_that_gives_both_shapes():
    case = next(c for s in range(99) if (c := random_case(np.random.default_rng(s))).sizes[0] != c.sizes[1])
    with pytest.raises(ValueError, match="for W"):
        gradients(case, pass_of(case).changed({"dW": "d.sum(axis=0)"}, [1]))
    with pytest.raises(KeyError):
        gradients(case, pass_of(case).changed({"dW": "nothing + 1"}, [1]))


def test_every_activation_has_its_row_and_its_derivative_is_that_of_vectorized():
    assert OUTPUTS.keys() == SLOPES.keys() == MISREMEMBERED.keys()
    z = np.linspace(-3.0, 3.0, 10).reshape(5, 2)
    for name, (f, prime) in OUTPUTS.items():
        scope = {"z": z, "a": f(z), "sigmoid": ACTIVATIONS["sigmoid"][0]}
        assert np.allclose(value(SLOPES[name], scope), prime(z, f(z)), rtol=1e-12, atol=0)
        for text in MISREMEMBERED[name]:
            assert not np.allclose(value(text, scope), prime(z, f(z)), rtol=1e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_its_row_and_its_derivative_is_that_of_vectorized(name):
    rng = np.random.default_rng(0)
    a, y = rng.uniform(0.1, 0.9, size=(3, 4)), np.eye(4)[[0, 2, 3]]
    if "hinge" in name:  # on both sides of its margin, 1
        a, y = 2 * a, 2 * y - 1
    p = softmax(a)
    functions = {name: f for name, (f, _) in OUTPUTS.items()}  # a derivative may be made of them
    scope = functions | {"a": a, "y": y, "p": p, "t": ((p - y) * p).sum(axis=1, keepdims=True), "m": 3, "n": 4}
    loss = ROWS[name]
    right = LOSSES[name][1](a, y)
    assert np.allclose(value(loss.derivative, scope), right, rtol=1e-12, atol=0)
    for text in lost_parts(loss).values():
        assert not np.allclose(value(text, scope), right, rtol=1e-3)
    others = [value(text, scope) for text in other_losses(loss).values()]
    assert all(other.shape == right.shape for other in others)


@pytest.mark.parametrize("loss", ["mean_squared_error", "softmax_cross_entropy"])
def test_a_forward_pass_is_that_of_other_targets_too(loss):
    case = random_case(np.random.default_rng(5), loss=loss)
    scopes = forward_scopes(case, pass_of(case))
    list(backward(case, pass_of(case), scopes))  # by which some of its lines are known
    other = replace(case, Y=case.Y[::-1] + 0.25)
    ours, theirs = with_targets(scopes, other.Y), forward_scopes(other, pass_of(other))
    for one, two in zip(ours[1:], theirs[1:], strict=True):
        assert one.keys() == two.keys()
        assert all(np.array_equal(one[k], x) for k, x in two.items() if isinstance(x, np.ndarray))
    right = gradients(other, pass_of(other))
    np.testing.assert_equal(gradients(other, pass_of(other), ours), right)


def test_a_pass_ends_where_the_next_layer_is_not_worth_it():
    case = random_case(np.random.default_rng(0))
    asked = []
    done = backward(case, pass_of(case), goes_on=lambda l, scope: bool(asked.append((l, "dW" in scope))) or l > 1)
    assert [l for l, _ in done] == list(range(case.depth, 1, -1))
    assert asked == [(l, False) for l in range(case.depth, 0, -1)]
