import math

import mpmath
import numpy as np
import pytest

import microbp
from microbp import Value, losses, nn, vectorized
from microbp.derivation.backprop import gradients, pass_of, value
from microbp.engine.ops import OPS
from microbp.errors import ShapeError, UnknownNameError
from microbp.losses.rows import loss_named
from microbp.losses.sums import (
    binary_cross_entropy,
    half_squared_error,
    hinge,
    softmax_cross_entropy,
    squared_error,
)
from microbp.problems.exercise import exercise_of

A, Y = [[0.2, 0.9], [0.6, 0.5]], [[0.0, 1.0], [1.0, 0.0]]


def values(rows):
    return [[Value(x) for x in row] for row in rows]


BY_HAND = {
    "half_squared_error": 0.5 * (0.04 + 0.01 + 0.16 + 0.25),
    "squared_error": 0.04 + 0.01 + 0.16 + 0.25,
    "squared_error_per_sample": (0.04 + 0.01 + 0.16 + 0.25) / 2,
    "mean_squared_error": (0.04 + 0.01 + 0.16 + 0.25) / 4,
    "binary_cross_entropy": -(math.log(0.8) + math.log(0.9) + math.log(0.6) + math.log(0.5)) / 2,
    "hinge": (1.0 + 0.1 + 0.4 + 1.0) / 2,
    "softmax_cross_entropy": (math.log(1 + math.exp(-0.7)) + math.log(1 + math.exp(-0.1))) / 2,
    "half_squared_error_per_sample": (0.04 + 0.01 + 0.16 + 0.25) / 4,
    "half_mean_squared_error": (0.04 + 0.01 + 0.16 + 0.25) / 8,
    "binary_cross_entropy_sum": -(math.log(0.8) + math.log(0.9) + math.log(0.6) + math.log(0.5)),
    "mean_binary_cross_entropy": -(math.log(0.8) + math.log(0.9) + math.log(0.6) + math.log(0.5)) / 4,
    "hinge_sum": 1.0 + 0.1 + 0.4 + 1.0,
    "mean_hinge": (1.0 + 0.1 + 0.4 + 1.0) / 4,
    "softmax_cross_entropy_sum": math.log(1 + math.exp(-0.7)) + math.log(1 + math.exp(-0.1)),
    "mean_softmax_cross_entropy": (math.log(1 + math.exp(-0.7)) + math.log(1 + math.exp(-0.1))) / 4,
}
"""Every loss of A and Y."""


@pytest.mark.parametrize(("loss", "expected"), BY_HAND.items())
def test_loss_is_what_its_docstring_says(loss, expected):
    assert losses.LOSSES[loss].graph(values(A), Y).data == pytest.approx(expected, rel=1e-14, abs=0)


def test_both_implementations_clip_at_the_same_probability():
    assert losses.SMALLEST_PROBABILITY == vectorized.SMALLEST_PROBABILITY


@pytest.mark.parametrize(("a", "y"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)])
def test_binary_cross_entropy_is_finite_at_0_and_1(a, y):
    out = Value(a)
    loss = losses.binary_cross_entropy([out], [y])
    loss.backward()
    assert math.isfinite(loss.data)
    assert math.isfinite(out.grad)


@pytest.mark.parametrize("z", [-1000.0, -745.0, -100.0, -37.0, -28.0, 0.0, 28.0, 37.0, 100.0, 745.0, 1000.0])
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_cross_entropy_of_a_sigmoid_and_of_a_softmax_is_right_at_every_net(z, y):
    with mpmath.workdps(500):
        exact = 1 / (1 + mpmath.exp(-mpmath.mpf(z)))
        loss = -(y * mpmath.log(exact) + (1 - y) * mpmath.log(1 - exact))
        slope = float(exact - y)
    net, pair = Value(z), [Value(z), Value(0.0)]
    for root, leaf in (
        (losses.binary_cross_entropy([net.sigmoid()], [y]), net),
        (losses.softmax_cross_entropy(pair, [y, 1 - y]), pair[0]),
    ):
        root.backward()
        assert root.data == pytest.approx(float(loss), rel=1e-15, abs=5e-324)
        assert leaf.grad == pytest.approx(slope, rel=1e-14 if y in (0.0, 1.0) else 1e-12, abs=5e-324)


def test_softmax_cross_entropy_is_stable_and_its_gradient_is_softmax_minus_target():
    logits = [Value(1e4), Value(1e4 - 1), Value(-1e4)]
    losses.softmax_cross_entropy(logits, [0.0, 1.0, 0.0]).backward()
    p = 1 / (1 + math.exp(-1))
    assert [o.grad for o in logits] == pytest.approx([p, 1 - p - 1, 0.0], abs=1e-12)


@pytest.mark.parametrize("loss", ["hinge", "hinge_sum", "mean_hinge"])
def test_at_the_kink_of_the_hinge_graph_vectorized_pass_and_line_agree(loss):
    model = nn.MLP.from_arrays([[[1.0], [-2.0]]], [[0.0, 0.0]], output="linear")
    case = exercise_of(model, [[1.0], [0.5]], [[1.0, -1.0], [1.0, -1.0]], loss=loss)
    assert microbp.compare(model, case.X, case.Y, loss=loss).ok
    line = gradients(case, pass_of(case))
    assert all(np.array_equal(line[name], right) for name, right in case.truth[1].items())
    ends = np.array([[1.0, -1.0]])
    assert not value(losses.LOSSES[loss].derivative, {"a": ends, "y": ends, "m": 1, "n": 2}).any()


def test_a_loss_says_its_formula_and_which_outputs_it_takes():
    said = {name: losses.LOSSES[name].words.partition(" ")[0] for name in losses.LOSSES if "squared" in name}
    assert said == {
        "half_squared_error": "½Σ(a",
        "half_squared_error_per_sample": "1/2m",
        "half_mean_squared_error": "1/(2m·n)",
        "squared_error": "Σ(a",
        "squared_error_per_sample": "1/m",
        "mean_squared_error": "1/(m·n)",
    }
    outputs = {name: loss.output for name, loss in losses.LOSSES.items()}
    assert outputs == {name: "sigmoid" if "binary" in name else "" for name in losses.LOSSES}
    alone = losses.LOSSES["mean_squared_error"].graph([[Value(0.5)], [Value(2.0)]], [[1.0], [0.0]])
    assert {value.label for value in alone.graph()} == {""}
    shared = losses.LOSSES["softmax_cross_entropy"].graph([[Value(0.5), Value(2.0)]], [[0.5, 0.5]], "C")
    assert not [value for value in shared.graph() if value.label.startswith("C[")]  # its terms are no output's


def test_cross_entropy_is_that_which_fits_the_output():
    names = {output: loss_named("cross-entropy", output=output) for output in ("sigmoid", "softmax", "linear")}
    assert names == {
        "sigmoid": "binary_cross_entropy",
        "softmax": "softmax_cross_entropy",
        "linear": "softmax_cross_entropy",
    }


def test_l2_penalty_leaves_biases_alone():
    model = nn.MLP(2, [2, 1], seed=0)
    penalty = losses.l2_penalty(model, l2=0.3, m=4)
    penalty.backward()
    weights, biases = model.arrays()
    dW, db = model.grad_arrays()
    assert penalty.data == pytest.approx(0.3 / 8 * sum((w**2).sum() for w in weights), rel=1e-14, abs=0)
    assert all(np.allclose(d, 0.3 / 4 * w, rtol=1e-14, atol=0) for d, w in zip(dW, weights, strict=True))
    assert all(not d.any() for d in db)
    assert len(biases) == 2


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: losses.hinge(values(A), [1.0, -1.0]), ShapeError, r"got \(2, 2\) and \(1, 2\)"),
        (lambda: loss_named("hinge", half=True), UnknownNameError, "a ½ stands before squared errors alone"),
        (
            lambda: losses.batch_loss(nn.MLP(2, [1], seed=0), [1.0, 2.0], [[1.0]], "hinge"),
            ShapeError,
            r"reshape\(1, -1\)",
        ),
        (
            lambda: losses.batch_loss(nn.MLP(2, [1]), [[1.0, 2.0]], [[1.0]], "hing"),
            UnknownNameError,
            "did you mean 'hinge'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make, error, said):
    with pytest.raises(error, match=said):
        make()


def test_the_parts_of_a_loss_are_named_as_its_whole_and_one_part_is_no_sum():
    def labels(loss, outputs, targets, **more):
        root = losses.LOSSES[loss].graph(outputs, targets, "C", **more)
        return [node.label for node in root.graph() if node.label]

    assert labels("half_squared_error", values(A), Y) == ["C[0]", "C[1]", "C_1", "C[0]", "C[1]", "C_2"]
    assert labels("half_squared_error", values(A), Y, errors=["E_o1", "E_o2"])[:2] == ["E_o1", "E_o2"]
    assert labels("squared_error_per_sample", values(A[:1]), Y[:1]) == ["C[0]", "C[1]"]
    assert labels("mean_squared_error", values(A[:1]), Y[:1])[-1] == "ΣC"
    assert labels("mean_squared_error", values(A), Y)[-1] == "ΣC_s"
    assert labels("squared_error", [[Value(0.5)]], [[1.0]]) == []


def test_the_parts_of_cross_entropies_are_named_after_what_they_are_made_of():
    out = Value(0.25, "p")
    terms = losses.binary_cross_entropy([out], [0.25]).graph()
    assert {"−log(p)", "−log(1 − p)"} <= {node.label for node in terms}
    assert {node.label for node in losses.binary_cross_entropy([Value(0.25)], [0.5]).graph()} == {""}
    three = losses.softmax_cross_entropy([Value(0.0), Value(1.0), Value(3.0)], [1.0, 0.0, 0.0]).graph()
    assert [node.label for node in three if node.label] == ["e[0]", "e[1]", "Σe"]
    two = losses.softmax_cross_entropy([Value(0.0), Value(1.0)], [1.0, 0.0]).graph()
    assert [node.label for node in two if node.label] == ["e[0]"]


def test_a_hinge_of_any_target_is_one_minus_the_product():
    for y in (-1.0, 0.5, 1.0, 2.0):
        for a in (-2.0, 0.4, 3.0):
            out = Value(a)
            loss = losses.hinge([out], [y])
            loss.backward()
            assert loss.data == pytest.approx(max(0.0, 1.0 - y * a), abs=1e-15)
            assert out.grad == (-y if y * a < 1.0 else 0.0)


def test_targets_that_are_values_give_the_same_softmax_cross_entropy():
    for y in ([0.0, 1.0, 0.0], [0.5, 0.25, 0.25], [2.0, 0.0, 1.0]):
        outs, others = ([Value(x) for x in (0.3, -1.0, 2.0)] for _ in range(2))
        one = microbp.total(softmax_cross_entropy(outs, y))
        other = microbp.total(softmax_cross_entropy(others, [Value(t) for t in y]))
        one.backward()
        other.backward()
        assert other.data == pytest.approx(one.data, rel=1e-14, abs=0)
        assert [o.grad for o in others] == pytest.approx([o.grad for o in outs], rel=1e-13, abs=1e-15)
        exps = [node.inputs[0] for node in other.graph() if node.op is OPS["exp"]]
        assert {*exps} == {*others}  # of any sample it is not known which is the largest


@pytest.mark.parametrize(
    "terms_of", [half_squared_error, squared_error, binary_cross_entropy, hinge, softmax_cross_entropy]
)
@pytest.mark.parametrize("targets", [[1.0], [1.0, 0.0, 1.0], [Value(1.0), Value(0.0), Value(0.0)]])
def test_a_target_too_few_or_too_many_is_not_passed_over(terms_of, targets):
    with pytest.raises(ValueError, match=r"zip\(\)"):
        terms_of([Value(0.25), Value(0.5)], targets)


def test_of_what_a_target_does_not_ask_for_there_is_no_term():
    outs = [Value(0.5), Value(2.0), Value(1.0)]
    counts = [len(softmax_cross_entropy(outs, y)) for y in ([1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0])]
    assert counts == [2, 1, 3, 1]  # log Σe − z of the largest, and how far below it the outputs are that are wanted


@pytest.mark.parametrize("target", [0.0, 1.0, 0.5])
def test_the_softmax_of_one_output_is_1_and_its_loss_0(target):
    model = nn.MLP.from_arrays([[[2.0]]], [[0.5]], output="linear")
    compared = microbp.compare(model, [[1.5], [0.0]], [[target], [1.0]], loss="softmax_cross_entropy")
    assert compared.ok
    assert losses.softmax_cross_entropy([Value(3.0)], [target]).data == 0.0


def test_a_factor_of_one_is_not_written():
    for loss, target in ((binary_cross_entropy, 1.0), (binary_cross_entropy, 0.0), (hinge, 1.0), (hinge, -1.0)):
        (term,) = loss([Value(0.25)], [target])
        assert "mul" not in {node.op.name for node in term.graph() if node.op}


def test_a_loss_is_averaged_over_what_is_there():
    with pytest.raises(UnknownNameError, match="unknown average: 'sample'"):
        loss_named("bce", over="sample")
    assert losses.LOSSES["half_squared_error"].words[0] == "½"
    assert losses.LOSSES["squared_error"].words[0] != "½"
