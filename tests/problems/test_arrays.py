"""The arrays of a problem in other layouts, in files, without biases, and saved again: always the same problem."""

import json
import re

import numpy as np
import pytest

import microbp
from microbp.errors import ProblemError, ShapeError
from microbp.nn.layout import ArrayLayout
from microbp.problems import NetworkProblem, builtin_names
from microbp.problems.loading import parse

RNG = np.random.default_rng(5)
W, B = [RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))], [RNG.normal(size=3), RNG.normal(size=2)]
X, CLASSES = RNG.normal(size=(4, 2)), [0, 1, 1, 0]
LAYOUTS = ["", "in,out", "columns", "bias first", "bias last", "in,out+columns+bias last", "in,out+bias first"]
OWN = NetworkProblem("t", W, B, X, CLASSES, activation="tanh", output="linear", loss="softmax_cross_entropy")


def file(network, data, layout=""):
    sections = [f"{kind} = {json.dumps(part)}" for kind, part in ArrayLayout.said(layout)._asdict().items() if part]
    return "\n".join(
        [
            'title = "t"',
            *["[layout]", *sections, "[network]", 'activation = "tanh"', 'output = "linear"', *network],
            *["[data]", *data, "[loss]", 'name = "softmax_cross_entropy"'],
        ]
    )


def lists(arrays):
    return json.dumps([array.tolist() for array in arrays])


def same(one, other):
    for a, b in ((one.model.arrays()[k], other.model.arrays()[k]) for k in (0, 1)):
        assert all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))
    assert np.array_equal(one.inputs, other.inputs)
    assert np.array_equal(one.targets, other.targets)
    assert one.root().data == other.root().data


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_file_in_any_layout_is_the_same_problem(text, tmp_path):
    layout = ArrayLayout.said(text)
    weights, biases = layout.written(W, B)
    network = [f"weights = {lists(weights)}", *([] if biases is None else [f"biases = {lists(biases)}"])]
    data = [f"inputs = {json.dumps(layout.batch(X).tolist())}", f"targets = {CLASSES}"]
    problem = parse(file(network, data, text), "mine.toml")
    same(problem, OWN)
    OWN.model.zero_grad()
    OWN.root().backward()
    given = layout.written(*OWN.model.grad_arrays())[0]
    assert microbp.diagnose(problem, given).ok
    problem.save(tmp_path / "saved.toml")
    saved = microbp.load(str(tmp_path / "saved.toml"))
    same(saved, OWN)
    assert saved.layout == problem.layout


def test_biases_may_be_columns_and_are_missing_only_where_they_are_needed():
    data = [f"inputs = {json.dumps(X.tolist())}", f"targets = {CLASSES}"]
    columns = lists([b.reshape(-1, 1) for b in B])
    same(parse(file([f"weights = {lists(W)}", f"biases = {columns}"], data), "f"), OWN)
    with pytest.raises(ProblemError, match=r"network\.biases is missing"):
        parse(file([f"weights = {lists(W)}"], data), "f")
    text = file([f"weights = {lists(W)}", f"biases = {columns}"], data, "bias last")
    with pytest.raises(ProblemError, match="the biases stand in the weights"):
        parse(text, "f")


@pytest.mark.parametrize("network", [[f"weights = {lists(W)}"], ["sizes = [2, 3, 2]"]])
def test_a_network_without_biases_has_none_to_train_or_to_hand_in(network):
    data = [f"inputs = {json.dumps(X.tolist())}", f"targets = {CLASSES}"]
    problem = parse(file([*network, "biases = false"], data), "f")
    assert not any(b.any() for b in problem.model.arrays()[1])
    assert len(problem.trained()) == 12
    problem.root().backward()
    dW, _ = problem.model.grad_arrays()
    assert microbp.diagnose(problem, dW).ok


@pytest.mark.parametrize(
    "names", ["W1 b1 W2 b2", "W[0] b[0] W[1] b[1]", "0.weight 0.bias 2.weight 2.bias", "arr_0 arr_1 arr_2 arr_3"]
)
def test_weights_come_from_a_file_of_numpy(names, tmp_path):
    arrays = dict(zip(names.split(), (W[0], B[0], W[1], B[1]), strict=True))
    np.savez(tmp_path / "w.npz", **arrays)
    data = [f"inputs = {json.dumps(X.tolist())}", f"targets = {CLASSES}"]
    (tmp_path / "mine.toml").write_text(file(['weights = "w.npz"'], data))
    same(microbp.load(str(tmp_path / "mine.toml")), OWN)
    for k in (0, 1):
        np.save(tmp_path / f"W{k}.npy", W[k])
    text = file(['weights = ["W0.npy", "W1.npy"]', f"biases = {lists(B)}"], data)
    (tmp_path / "mine.toml").write_text(text)
    same(microbp.load(str(tmp_path / "mine.toml")), OWN)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (None, "cannot read weights from 'w.npz'"),
        ({"W1": np.array([{}], dtype=object)}, "cannot read weights from 'w.npz'"),
        ({"hidden": W[0]}, "are called W1, b1, W2, …; got 'hidden'"),
        ({"W1": W[0].T, "b1": B[0], "W2": W[1], "b2": B[1]}, "its transpose would fit: give W.T"),
    ],
)
def test_a_file_that_holds_no_weights_says_so(arrays, said, tmp_path):
    if arrays is not None:
        np.savez(tmp_path / "w.npz", **arrays)
    data = [f"inputs = {json.dumps(X.tolist())}", f"targets = {CLASSES}"]
    (tmp_path / "mine.toml").write_text(file(['weights = "w.npz"'], data))
    with pytest.raises(ProblemError, match=re.escape(said)):
        microbp.load(str(tmp_path / "mine.toml"))


def test_what_is_no_class_and_what_is_in_columns_says_so():
    with pytest.raises(ShapeError, match=r"from 0 to 1 for 2 outputs.*got 2"):
        NetworkProblem("t", W, B, X, [0, 1, 2, 0])
    with pytest.raises(ShapeError, match=r"is a sample a column\? Then give the transpose"):
        NetworkProblem("t", W, B, X.T, np.eye(2)[CLASSES])


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_problem_is_the_same_when_it_is_saved(name, tmp_path):
    problem = microbp.load(name)
    problem.save(tmp_path / "saved.toml")
    saved = microbp.load(str(tmp_path / "saved.toml"))
    for key in ("held_out_inputs", "held_out_targets", "inputs", "targets"):
        assert np.array_equal(getattr(saved, key), getattr(problem, key))
    for key in ("title", "shown", "shared_bias", "train_biases", "loss", "l2", "training", "names"):
        assert getattr(saved, key) == getattr(problem, key), key
    assert [leaf.label for leaf in saved.leaves()] == [leaf.label for leaf in problem.leaves()]
    assert [leaf.data for leaf in saved.leaves()] == [leaf.data for leaf in problem.leaves()]
