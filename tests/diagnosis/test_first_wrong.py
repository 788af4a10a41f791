import itertools
import json

import numpy as np
import pytest

import microbp
from microbp import nn, vectorized
from microbp.diagnosis.first_wrong import first_divergence
from microbp.errors import ShapeError, UnknownNameError
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main

MODEL = nn.MLP(3, [4, 2, 2], activation="tanh", output="sigmoid", seed=3)
RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(6, 3)), RNG.integers(0, 2, size=(6, 2)).astype(float)
LOSS = "binary_cross_entropy"


def quantities():
    names = MODEL.activations()
    z, a = vectorized.forward(*MODEL.arrays(), X, **names)
    deltas = vectorized.deltas(*MODEL.arrays(), X, Y, **names, loss=LOSS)
    loss, dW, db = vectorized.loss_and_gradients(*MODEL.arrays(), X, Y, **names, loss=LOSS)
    found = {"loss": loss}
    for l in range(1, 4):
        found |= {
            f"z{l}": z[l - 1],
            f"a{l}": a[l],
            f"delta{l}": deltas[l - 1],
            f"dW{l}": dW[l - 1],
            f"db{l}": db[l - 1],
        }
    return found


ORDER = [
    "z1",
    "a1",
    "z2",
    "a2",
    "z3",
    "a3",
    "loss",
    "delta3",
    "dW3",
    "db3",
    "delta2",
    "dW2",
    "db2",
    "delta1",
    "dW1",
    "db1",
]


def test_right_quantities_are_all_right_in_the_order_of_the_pass():
    walk = first_divergence(MODEL, quantities(), X, Y, loss=LOSS)
    assert walk.ok, str(walk)
    assert [q.name for q in walk.quantities] == ORDER
    assert "All 16 are right" in str(walk)
    assert walk.as_dict()["missing"] == ()
    assert said(first_divergence(MODEL, {"z1": quantities()["z1"], "loss": quantities()["loss"]}, X, Y, loss=LOSS)) == (
        "All 2 are right."
    )


@pytest.mark.parametrize("name", ORDER)
def test_the_first_wrong_quantity_is_named(name):
    given = quantities()
    for later in ORDER[ORDER.index(name) :]:
        given[later] = given[later] + 1e-3
    walk = first_divergence(MODEL, given, X, Y, loss=LOSS)
    assert walk.first == name == walk.as_dict()["first"]
    assert [q.ok for q in walk.quantities].index(False) == ORDER.index(name)


def test_other_conventions_are_right_too():
    given = quantities()
    mine = {"hidden": given["a1"].T, "dZ3": given["delta3"] * len(X), "delta2": given["delta2"].T * len(X)}
    walk = first_divergence(MODEL, mine, X, Y, loss=LOSS, names={"hidden": "a1"})
    assert [(q.name, q.ok, q.note) for q in walk.quantities] == [
        ("a1", True, "as columns, one a sample"),
        ("delta3", True, "without the 1/m"),
        ("delta2", True, "as columns, one a sample; without the 1/m"),
    ]


def test_what_does_not_fit_is_an_error():
    with pytest.raises(UnknownNameError, match=r"unknown quantity: 'hidden'.*names="):
        first_divergence(MODEL, {"hidden": [1.0]}, X, Y, loss=LOSS)
    with pytest.raises(ShapeError, match=r"a1 needs shape \(6, 4\), got \(2, 2\)"):
        first_divergence(MODEL, {"a1": [[1.0, 2.0], [3.0, 4.0]]}, X, Y, loss=LOSS)


def test_the_command_walks_through_a_file(tmp_path, capsys):
    case = exercise_of(microbp.load("w1-w8"))
    np.savez(tmp_path / "mine.npz", h=[[0.593269992, 0.596884378]], dW2=case.truth[1]["dW2"] * 2)
    command = ["compare", "w1-w8", "--intermediates", str(tmp_path / "mine.npz"), "--names", "h=a1"]
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "The first wrong quantity is dW2" in said
    assert main([*command, "--format", "md"]) == 1
    assert capsys.readouterr().out == f"```text\n{said}```\n"


def test_an_inf_among_quantities_is_wrong():
    given = quantities()
    given["a1"] = given["a1"].copy()
    given["a1"][2, 1] = np.inf
    walk = first_divergence(MODEL, given, X, Y, loss=LOSS)
    assert walk.first == "a1"
    assert "(2, 1): inf" in str(walk)


@pytest.mark.parametrize("loss", ["half_squared_error", "squared_error"])
def test_three_times_the_delta_of_a_loss_without_a_mean_is_wrong(loss):
    delta = vectorized.deltas(*MODEL.arrays(), X[:3], Y[:3], **MODEL.activations(), loss=loss)[2]
    assert first_divergence(MODEL, {"delta3": delta}, X[:3], Y[:3], loss=loss).ok
    assert not first_divergence(MODEL, {"delta3": delta * 3}, X[:3], Y[:3], loss=loss).ok


def test_nothing_or_one_quantity_twice_is_an_error():
    with pytest.raises(ShapeError, match="nothing to look at"):
        first_divergence(MODEL, {}, X, Y, loss=LOSS)
    z = quantities()["z1"]
    with pytest.raises(ShapeError, match="z1 and Z1 are both z1"):
        first_divergence(MODEL, {"z1": z, "Z1": z}, X, Y, loss=LOSS)


def said(walk):
    return str(walk).splitlines()[-1]


def test_the_formulas_have_the_penalty_if_there_is_one():
    case = exercise_of(MODEL, X, Y, loss=LOSS, l2=0.7)
    weights = MODEL.arrays()[0]
    bare = exercise_of(MODEL, X, Y, loss=LOSS)
    mine = {"dW2": bare.truth[1]["dW2"]}
    walk = first_divergence(MODEL, mine, X, Y, loss=LOSS, l2=0.7)
    assert "look at dW2 = δ2ᵀ a1 + (λ/m)·W2;" in said(walk)
    assert first_divergence(MODEL, {"dW2": mine["dW2"] + 0.7 / 6 * weights[1]}, X, Y, loss=LOSS, l2=0.7).ok
    assert "λ" not in said(first_divergence(MODEL, {"dW2": case.truth[1]["dW2"]}, X, Y, loss=LOSS))
    walk = first_divergence(MODEL, {"loss": bare.truth[0]}, X, Y, loss=LOSS, l2=0.7)
    assert "plus λ/(2m)·ΣW²;" in said(walk)


def test_the_last_delta_is_told_as_it_is_computed():
    logits = nn.MLP(3, [4, 3], activation="tanh", seed=3)
    y = np.eye(3)[[0, 1, 2, 2, 1, 0]]
    z = vectorized.forward(*logits.arrays(), X, **logits.activations())[0][-1]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    given = {"a2": p, "delta2": (p - y) / 6}
    walk = first_divergence(logits, given, X, y, loss="softmax_cross_entropy")
    assert walk.ok
    assert walk.quantities[0].note == "as probabilities"
    (turned,) = first_divergence(logits, {"a2": p.T}, X, y, loss="softmax_cross_entropy").quantities
    assert turned.note == "as probabilities, one column a sample"
    wrong = first_divergence(logits, {"delta2": p - 1}, X, y, loss="softmax_cross_entropy")
    assert "look at δ2 = (p − y)/m, with p = softmax(a2);" in said(wrong)
    wrong = first_divergence(logits, {"delta2": p}, X, 2 * y, loss="softmax_cross_entropy")
    assert "look at δ2 = (p·Σy − y)/m" in said(wrong)
    assert first_divergence(logits, {"delta2": (2 * p - 2 * y) / 6}, X, 2 * y, loss="softmax_cross_entropy").ok
    wrong = first_divergence(MODEL, {"delta3": Y}, X, Y, loss=LOSS)
    assert "look at δ3 = (a3 − y)/m;" in said(wrong)
    wrong = first_divergence(MODEL, {"delta3": Y}, X, Y)
    assert "look at δ3 = (a3 − y) ⊙ σ′(z3);" in said(wrong)


def test_a_shared_bias_may_have_the_total_of_its_layer():
    problem = microbp.load("w1-w8")
    db = exercise_of(problem).truth[1]["db2"]
    for mine in (db, db.sum(), [db.sum()]):
        walk = first_divergence(problem, {"db2": mine})
        assert walk.ok
        assert said(walk) == "It is right."
        assert walk.quantities[0].note == ("" if mine is db else "the layer's total")
    assert not first_divergence(problem, {"db2": db.sum() / 2}).ok
    assert first_divergence(MODEL, {"db3": 0.5}, X, Y, loss=LOSS).first == "db3"


def test_what_is_no_quantity_is_noted_and_a_likely_misspelling_is_told(tmp_path, capsys):
    given = quantities()
    mine = {"a1": given["a1"], "X": X, "W1": 1.0, "b_2": "text", "detla3": given["delta3"], "rate": 0.5}
    walk = first_divergence(MODEL, mine, X, Y, loss=LOSS)
    assert walk.ok
    assert [q.name for q in walk.quantities] == ["a1"]
    assert walk.as_dict()["unused"] == {"X": None, "W1": None, "b_2": None, "detla3": "delta3", "rate": None}
    assert "Not used: X, W1, b_2, detla3 (did you mean delta3?), rate;" in str(walk)
    assert "Not used" not in str(first_divergence(MODEL, {"a1": given["a1"]}, X, Y, loss=LOSS))
    with pytest.raises(UnknownNameError, match=r"unknown quantity: 'a9'.*names="):
        first_divergence(MODEL, mine, X, Y, loss=LOSS, names={"X": "a9"})
    np.savez(tmp_path / "i.npz", a1=[[0.593269992, 0.596884378]], X=[[0.05, 0.1]])
    assert main(["compare", "w1-w8", "--intermediates", str(tmp_path / "i.npz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unused"] == {"X": None}


@pytest.mark.parametrize(
    ("wrong", "right", "missing"),
    [
        ("delta1", ["a1"], ("delta2",)),
        ("delta1", ["a1", "delta2"], ()),
        ("delta1", ["z1", "db2"], ()),
        ("delta1", [], ("delta2", "z1")),
        ("delta3", ["z3"], ("a3",)),
        ("delta3", ["loss"], ()),
        ("dW2", ["z1"], ("delta2", "a1")),
        ("dW2", ["z2", "db2"], ()),
        ("db1", ["dW1"], ()),
        ("z1", [], ()),
        ("z3", ["a1"], ("a2",)),
        ("a2", ["z2"], ()),
        ("loss", ["z3"], ("a3",)),
    ],
)
def test_what_was_not_given_and_may_be_wrong_already_is_said(wrong, right, missing):
    given = quantities()
    walk = first_divergence(MODEL, {name: given[name] for name in right} | {wrong: given[wrong] + 1}, X, Y, loss=LOSS)
    assert (walk.first, walk.missing) == (wrong, missing)
    assert ("not given, and may be wrong already." in said(walk)) == bool(missing)
    before = "what was given before it is right" if right else "nothing before it was given"
    gone = f"; {' and '.join(missing)} {'was' if len(missing) == 1 else 'were'} not given, and may be wrong already"
    assert said(walk).partition("; ")[2] == f"{before}{gone if missing else ''}."


def test_a_net_or_an_output_may_go_by_its_label():
    problem = microbp.load("w1-w8")
    walk = first_divergence(problem, {"out_h2": 0.6, "net_h1": 0.3775, "net_h2": [0.3925], "a2": [[0.7514, 0.7729]]})
    assert [(q.name, q.ok) for q in walk.quantities] == [
        *(("net_h1", True), ("net_h2", True), ("out_h2", False), ("a2", True))
    ]
    assert walk.quantities[2].note == "0.6, right is 0.596884378"
    assert "first wrong quantity is out_h2: look at a1 = σ(z1); what was given before it is right." in said(walk)
    given = quantities()
    walk = first_divergence(MODEL, {"a[1][2]": given["a1"][:, 2], "z[3][1]": given["z3"][:, [1]]}, X, Y, loss=LOSS)
    assert walk.ok
    with pytest.raises(ShapeError, match=r"a\[1\]\[2\] needs shape \(6,\), got \(4,\)"):
        first_divergence(MODEL, {"a[1][2]": given["a1"][0]}, X, Y, loss=LOSS)


def test_truth_values_and_complex_numbers_are_no_quantities():
    for value in (np.ones((6, 4), dtype=bool), np.ones((6, 4)) * 1j):
        with pytest.raises(ShapeError, match="a1 must be an array of real numbers"):
            first_divergence(MODEL, {"a1": value}, X, Y, loss=LOSS)


@pytest.mark.parametrize(
    ("loss", "ok"), [(0.298371109, True), (0.298, True), (0.2983, True), (0.0, False), (0.3, False)]
)
def test_a_loss_may_be_typed_with_few_digits(loss, ok):
    assert first_divergence(microbp.load("w1-w8"), {"loss": loss}).ok is ok


def test_gradients_among_the_quantities_may_be_of_float16_and_laid_out_otherwise():
    case = exercise_of(MODEL, X, Y, loss=LOSS)
    given = {name: g.astype(np.float16) for name, g in case.truth[1].items()}
    assert first_divergence(MODEL, given, X, Y, loss=LOSS).ok
    turned = {name: g.T for name, g in case.truth[1].items() if name in ("dW1", "dW2")}
    assert first_divergence(MODEL, turned, X, Y, loss=LOSS).ok
    wrong = first_divergence(MODEL, {"dW1": case.truth[1]["dW1"] * [1.0, 1.0, 3.0]}, X, Y, loss=LOSS).quantities[0]
    apart = abs(case.truth[1]["dW1"] * [0.0, 0.0, 2.0])
    worst = tuple(map(int, np.unravel_index(apart.argmax(), apart.shape)))
    assert wrong.note.startswith(f"at {worst}: ")


def test_how_a_quantity_was_laid_out_is_noted_and_what_does_not_fit_says_what_would():
    z = quantities()["z1"]
    assert first_divergence(MODEL, {"z1": z.T}, X, Y, loss=LOSS).quantities[0].note == "as columns, one a sample"
    assert first_divergence(MODEL, {"z1": z}, X, Y, loss=LOSS).quantities[0].note == ""
    with pytest.raises(ShapeError, match=r"z1 needs shape \(6, 4\), got \(3, 4\)$"):
        first_divergence(MODEL, {"z1": z[:3]}, X, Y, loss=LOSS)


def test_the_largest_error_is_where_a_quantity_is_wrong():
    given = quantities()
    for name, turn in itertools.product(("z1", "dW1", "db3"), (1, -1)):  # not where the numbers are largest, or first
        wrong, (small, *_, large) = given[name].copy(), [*np.ndindex(given[name].shape)][::turn]
        wrong[large] -= 2e-2 * np.sign(wrong[large])
        wrong[small] += 1e-2 * np.sign(wrong[small])
        (found,) = first_divergence(MODEL, {name: wrong}, X, Y, loss=LOSS).quantities
        assert found.note == f"at {large}: {wrong[large]:.9g}, right is {given[name][large]:.9g}"
    one = nn.MLP.from_arrays([[[0.5]]], [[0.0]], "linear", "linear")
    (found,) = first_divergence(one, {"dW1": [[3.0]]}, [[1.0]], [[0.0]], loss="half_squared_error").quantities
    assert found.note == "3, right is 0.5"
    for number in (0.5, [0.5], [[0.5]]):
        assert first_divergence(one, {"z1": number, "loss": 0.125}, [[1.0]], [[0.0]], loss="half_squared_error").ok


def test_a_whole_layer_comes_before_its_neurons_and_these_in_their_order():
    problem = microbp.load("w1-w8")
    walk = first_divergence(problem, {"net_h2": 0.3925, "net_h1": 0.3775, "z1": [[0.3775, 0.3925]]})
    assert [q.name for q in walk.quantities] == ["z1", "net_h1", "net_h2"]


def test_biases_that_are_not_trained_may_be_given_as_zeros():
    problem = microbp.load("w1-w8")
    right = exercise_of(problem).truth[1]
    walk = first_divergence(problem, {"db1": 0 * right["db1"], "dW1": right["dW1"]})
    assert [(q.name, q.shape, q.ok, q.note) for q in walk.quantities] == [
        ("dW1", (2, 2), True, ""),
        ("db1", (2,), True, "not trained"),
    ]


def test_an_array_of_another_shape_says_what_would_fit():
    right = exercise_of(MODEL, X, Y, loss=LOSS).truth[1]
    walk = first_divergence(MODEL, right | {"dW1": right["dW1"].T}, X, Y, loss=LOSS)
    (wrong,) = [quantity for quantity in walk.quantities if not quantity.ok]
    assert (wrong.name, wrong.shape) == ("dW1", (3, 4))
    assert wrong.note.endswith("its transpose fits: give dW1.T")


def test_a_delta_may_have_the_rounding_of_the_targets_in_float32_but_a_net_has_none_of_that():
    model = nn.MLP.from_arrays([[[1.0]]], [[0.0]], "linear", "linear")
    for name, y, error, ok in (("delta1", 0.99, 1e-6, True), ("delta1", 0.99, 2e-5, False), ("z1", 1e6, 1e-4, False)):
        right = {"delta1": 1.0 - y, "z1": 1.0}[name]
        given = {name: [[right + error / 3]]}
        assert first_divergence(model, given, [[1.0]], [[y]], loss="half_squared_error").ok is ok
