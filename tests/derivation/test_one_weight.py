import json
import math
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import nn, vectorized
from microbp.derivation.one_weight import derivation
from microbp.errors import GraphError, UnknownNameError
from microbp.formula.language import Formula
from microbp.losses import LOSSES, batch_loss
from microbp.printing import json_text
from tests.diagnosis.test_compare import cases
from tests.test_vectorized import random_case


def derive(model, label, X, Y, loss, l2=0.0, **more):
    return derivation(batch_loss(model, X, Y, loss, l2), model, label, X, Y, loss=loss, l2=l2, **more)


def built_in(label):
    problem = microbp.load("w1-w8")
    return derivation(problem.root(), problem.model, label, problem.inputs, problem.targets, loss=problem.loss)


def truth(model, X, Y, loss, l2):
    names = [layer.neurons[0].activation for layer in model.layers]
    return vectorized.loss_and_gradients(
        *model.arrays(), X, Y, activation=names[:-1], output=names[-1], loss=loss, l2=l2
    )[1:]


def run(found, model, X, Y, l2):
    """The printed NumPy lines, run as they stand, and what they give at the printed entry."""
    W, b = model.arrays()
    names = [layer.neurons[0].activation for layer in model.layers]
    zs, activations = vectorized.forward(W, b, X, activation=names[:-1], output=names[-1])
    space = {"np": np, "Y": np.array(Y), "m": len(Y), "n": len(W[-1]), "l2": l2}
    space |= {f"W{l}": array for l, array in enumerate(W, 1)} | {f"z{l}": array for l, array in enumerate(zs, 1)}
    space |= {f"a{l}": array for l, array in enumerate(activations)}
    for code, _, _ in found.lines:
        exec(code, space)
    return eval(found.entry, space), space


def close(a, b):
    return abs(a - b) <= 1e-12 * (1 + abs(b))


def assert_routes_agree(model, X, Y, loss, l2, rng):
    dW, db = truth(model, X, Y, loss, l2)
    for l, (w, b) in enumerate(zip(dW, db, strict=True), 1):
        j, k = rng.integers(w.shape[0]), rng.integers(w.shape[1])
        for label, number in ((f"w[{l}][{j},{k}]", w[j, k]), (f"b[{l}][{j}]", b[j])):
            found = derive(model, label, X, Y, loss, l2)
            assert found.ok
            assert found.label == found.general == label
            assert all(close(gradient, number) for gradient in found.gradients), found.gradients
            assert close(run(found, model, X, Y, l2)[0], number)
            assert_terms_agree(found)
            assert "agree" in str(found)


def assert_terms_agree(found):
    """What is read off the graph and off the arrays is the same, sample by sample and branch by branch."""
    for a, b in zip(found.branches, found.terms, strict=True):
        assert (a.sample, a.neuron, a.slope is None) == (b.sample, b.neuron, b.slope is None)
        np.testing.assert_allclose(a.upstream, b.upstream, rtol=1e-9, atol=1e-12)
        assert close(a.delta, b.delta)
        assert close(a.before, b.before)
        assert close(sum(np.prod(pair) for pair in a.upstream) * (1 if a.slope is None else a.slope), a.delta)


@given(cases(), st.integers(0, 2**32 - 1))
def test_all_routes_give_the_vectorized_number_for_random_networks(case, seed):
    model, X, Y, loss, l2 = case
    assert_routes_agree(model, X, Y, loss, l2, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("activation", "loss"),
    [(f, loss) for f, loss in product(vectorized.OUTPUTS, vectorized.LOSSES) if f != "softmax" or f not in loss],
)
def test_all_routes_agree_for_every_activation_and_loss(activation, loss):
    hidden = "tanh" if activation == "softmax" else activation
    W, b, X, Y = random_case(2, [3, 2, 2], 3, [hidden, activation], loss)
    assert_routes_agree(nn.MLP.from_arrays(W, b, hidden, activation), X, Y, loss, 0.3, np.random.default_rng(2))


def test_w5_and_w1_have_their_known_numbers_and_paths():
    for label, general, number, count in (("w5", "w[2][0,0]", 0.082167041, 1), ("w1", "w[1][0,0]", 0.000438568, 2)):
        found = built_in(label)
        assert found.ok
        assert found.general == general
        assert found.paths.count == count
        assert [round(gradient, 9) for gradient in found.gradients] == [number] * 3
        assert str(built_in(general)) == str(found)
        for text in (f"{label} is {general}", f"∂E/∂{label}", f"∂E/∂{general}", f"{count} path"):
            assert text in str(found)


def test_every_path_of_w1_is_written_with_its_labels_and_factors():
    text = str(built_in("w1"))
    assert "E → E_o1 → out_o1 → net_o1 → out_h1 → net_h1 → w1" in text
    assert "= 1 × 0.741365070 × 0.186815602 × 0.4 × 0.241300709 × 0.05 = 0.000668396" in text
    assert "(0.138498562 × 0.4 + (−0.038098237) × 0.5) × 0.241300709 × 0.05 = 0.000438568" in text


def test_a_shared_bias_is_the_sum_over_its_neurons():
    problem = microbp.load("w1-w8")
    _, db = truth(problem.model, problem.inputs, problem.targets, problem.loss, 0.0)
    for l, label in enumerate(("b1", "b2")):
        found = built_in(label)
        assert found.ok
        assert found.entry == f"db{l + 1}.sum()"
        assert found.general == f"b[{l + 1}]"
        assert found.gradients == pytest.approx([db[l].sum()] * 3, rel=1e-12, abs=0)
        assert run(found, problem.model, problem.inputs, problem.targets, 0.0)[0] == pytest.approx(db[l].sum())
        assert {str(built_in(f"b[{l + 1}]{j}")) for j in ("", "[0]", "[1]")} == {str(found)}
        assert f"∂E/∂b[{l + 1}] = Σ_i Σ_j δ[{l + 1}][i,j]" in str(found)
        assert "the one bias of 2 neurons" in str(found)


def test_what_the_paths_of_one_net_share_is_called_its_share_of_a_shared_bias():
    share = "For each neuron, the contribution of its net to ∂E/∂b1 (with the common factors taken out), "
    share += "for net_h1: (∂E/∂net_o1"
    assert share in one_line(built_in("b1"))
    assert "For each neuron, the contribution of its net to ∂E/∂b2, for net_o1: ∂E/∂out_o1 · " in one_line(
        built_in("b2")
    )
    assert "With the common factors taken out: ∂E/∂w1 = (" in one_line(built_in("w1"))
    assert "As a product: ∂E/∂w5 = ∂E/∂out_o1 · " in one_line(built_in("w5"))


def test_the_share_of_a_net_is_not_the_gradient_beside_a_penalty_or_other_samples():
    for X, share in (
        (X3, "For each sample, the contribution of its net to ∂C/∂"),
        (X3[:1], "The contribution of the net to ∂C/∂"),
    ):
        for label, factor in (("w[1][2,0]", " (with the common factors taken out)"), ("w[3][1,0]", "")):
            text = one_line(derive(NETWORK, label, X, Y3[: len(X)], "squared_error", 0.1))
            assert f"{share}{label}{factor}, for z[{label[2]}][{label[5]}]: " in text
    tied = nn.MLP(2, [2], seed=0)
    tied.layers[0].neurons[1].b = tied.layers[0].neurons[0].b
    text = one_line(derive(tied, "b[1]", [[1.0, 2.0]] * 2, [[0.0, 1.0]] * 2, "squared_error"))
    assert "For each neuron and sample, the contribution of its net to ∂C/∂b[1]" in text


def test_a_layers_bias_has_a_name_only_if_it_is_shared():
    with pytest.raises(UnknownNameError, match=re.escape("no parameter is called 'b[1]'; nearest: b[")):
        derive(NETWORK, "b[1]", X3, Y3, "squared_error")


def test_the_graphs_names_are_told_from_indices_at_the_top_of_part_2():
    for text, said in (
        (
            str(built_in("w1")),
            " is the sample: a[1][i,0] is out_h1 of sample i, z[1][i,0] is net_h1; a[0] = X: a[0][i,0] is i1",
        ),
        (
            str(derive(NETWORK, "w[2][3,0]", X3, Y3, "squared_error")),
            " is a sample's row, 0 for @1: a[2][0,3] is a[2][3]@1, z[2][0,3] is z[2][3]@1; a[0] = X: a[0][i,0] is x[0]",
        ),
    ):
        assert f"2. Index notation\n   Here i{said}\n" in text


def test_a_page_is_as_wide_as_asked_and_120_by_default():
    found = derive(NETWORK, "w[1][2,0]", X3, Y3, "softmax_cross_entropy", 0.1)
    assert str(found) == found.page() == found.page(120)
    assert max(map(len, found.page(72).splitlines())) <= 72
    assert one_line(found.page(72)) == one_line(found)


def one_line(text):
    return " ".join(str(text).split())


NETWORK = nn.MLP(3, [4, 4, 2], activation="tanh", output="tanh", seed=1)
X3 = [[0.5, -1.0, 0.25], [1.0, 0.75, -0.5], [-0.25, 0.5, 1.5]]
Y3 = [[0.5, -0.5], [1.0, 0.0], [0.25, 0.75]]


def test_the_text_has_shapes_axes_ranges_and_samples():
    text = str(derive(NETWORK, "w[1][2,0]", X3, Y3, "mean_squared_error", 0.1))
    for part in (
        "25 paths lead from C to w[1][2,0], the largest:",
        "∂C/∂w[1][j,k] = Σ_i δ[1][i,j] · a[0][i,k] + (λ/m) · w[1][j,k]",
        "δ[1][i,j] = (Σ_q δ[2][i,q] · w[2][q,j]) · f′(z[1][i,j]), f′ = 1 − a² (tanh)",
        "∂C/∂a = 2·(a − y) / (m·n), f′ = 1 − a² (tanh), n = 2 outputs",
        "i = 0 … 2 (m = 3 samples), j = 0 … 3 (neurons), k = 0 … 2 (inputs), q = 0 … 3 (neurons of layer 2)",
        "delta2 = (delta3 @ W3) * (1 - a2 ** 2)",
        "(3, 4) = ((3, 2) @ (2, 4)) * (3, 4)",
        "dW1 = delta1.T @ a0 + l2 / m * W1",
        "∂C/∂W1 = δ1ᵀ a0 + (λ/m) W1",
        "(4, 3) = (4, 3) @ (3, 3)",
        "axis 0 of delta1 and a0 = X: the samples; over q, over axis 1 of delta2 and axis 0 of W2",
        "The gradient of w[1][2,0] is dW1[2, 0] = ",
        "penalty, (λ/2m) · 2w: ",
        "sample 2: ",
    ):
        assert part in text
    assert len(text.splitlines()) <= 45
    assert "db1 = delta1.sum(axis=0)" in str(derive(NETWORK, "b[1][2]", X3, Y3, "mean_squared_error", 0.1))


def test_printed_shapes_are_those_of_the_arrays():
    for label in ("w[1][2,0]", "b[2][1]"):
        found = derive(NETWORK, label, X3, Y3, "softmax_cross_entropy")
        _, space = run(found, NETWORK, X3, Y3, 0.0)
        for code, _, shapes in found.lines:
            assert shapes.startswith(str(space[code.partition(" = ")[0]].shape))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_derivative_printed_for_a_loss_is_the_vectorized_one(loss):
    rng = np.random.default_rng(5)
    a, y = rng.uniform(0.1, 0.9, size=(4, 3)), rng.uniform(-1, 1, size=(4, 3))
    p = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) * y.sum(axis=1, keepdims=True)
    printed = eval(Formula(LOSSES[loss].derivative).numpy(), {"np": np, "a": a, "y": y, "p": p, "m": 4, "n": 3})
    np.testing.assert_allclose(printed, vectorized.LOSSES[loss][1](a, y), rtol=1e-12)
    assert set(LOSSES) == set(vectorized.LOSSES)


def test_the_numbers_put_into_the_output_delta_give_it():
    for loss, label in product(LOSSES, ("w[1][1,0]", "b[1][0]")):
        model = nn.MLP(2, [2], output="sigmoid", seed=2)
        found = derive(model, label, [[0.5, -1.0]], [[1.0, 0.0]], loss)
        left, middle, right = re.search(r"With .*: (δ.*) = (.*) = (.*)", str(found)).groups()
        assert left == f"δ[1][0,{found.terms[0].neuron}]"
        code = middle.replace("×", "*").replace("−", "-").replace("[", "(").replace("]", ")")
        assert eval(code, vars(math)) == pytest.approx(float(right.replace("−", "-")), abs=2e-9)


def test_sigmoid_and_cross_entropy_cancel_to_a_minus_y():
    model = nn.MLP(2, [3, 1], activation="relu", output="sigmoid", seed=1)
    text = one_line(derive(model, "b[2][0]", [[0.5, -1.0], [2.0, 1.0]], [[1.0], [0.0]], "binary_cross_entropy"))
    assert "= (a − y) / m, as ∂C/∂a = (a − y) / (a·(1 − a)) / m, f′ = a·(1 − a) (sigmoid)" in text
    assert "delta2 = (a2 - Y) / m " in text


def test_the_cross_entropy_of_a_saturated_sigmoid_has_its_gradient():
    model = nn.MLP.from_arrays([[[100.0]]], [[0.0]], output="sigmoid")
    found = derive(model, "w[1][0,0]", [[1.0]], [[0.0]], "binary_cross_entropy")
    assert found.ok
    assert found.gradients == (1.0, 1.0, 1.0)
    assert "clipped" not in str(found)


def test_a_clipped_logarithm_is_said_to_be_one():
    model = nn.MLP.from_arrays([[[1e-13]]], [[0.0]], output="linear")
    found = derive(model, "w[1][0,0]", [[1.0]], [[1.0]], "binary_cross_entropy")
    assert found.ok
    assert found.gradients == (0.0, 0.0, 0.0)
    assert "a logarithm that is clipped at 1e−12 has the derivative 0" in " ".join(str(found).split())


@pytest.mark.slow
def test_long_sums_are_cut():
    model = nn.MLP(16, [16, 10], activation="tanh", seed=1)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 16)), np.eye(10)[rng.integers(10, size=30)]
    root, asked = batch_loss(model, X, Y, "softmax_cross_entropy"), (model, "w[1][2,0]", X, Y)
    found = derivation(root, *asked, loss="softmax_cross_entropy")
    text = str(found)
    assert found.ok
    assert len(found.terms) == 30
    assert len(text.splitlines()) <= 50
    assert max(map(len, text.splitlines())) <= 120
    assert "… 26 more" in text
    assert "… 6 more" in text
    assert "p = softmax of the whole row a[i]" in " ".join(text.split())
    assert len(str(derivation(root, *asked, loss="softmax_cross_entropy", branches=1))) < len(text)


def test_a_deep_network_has_its_middle_cut():
    model = nn.MLP(1, [1] * 30, activation="tanh", seed=1)
    found = derive(model, "w[1][0,0]", [[0.5]], [[1.0]], "squared_error")
    assert found.ok
    assert len(found.lines) == 31
    assert "C → z[30][0] → a[29][0] → z[29][0] → … → z[2][0] → a[1][0] → z[1][0] → w[1][0,0]" in str(found)
    assert len(str(found).splitlines()) <= 40


def test_rows_of_targets_that_do_not_sum_to_1_stand_beside_the_softmax():
    Y = [[0.5, 1.0], [0.0, 1.0], [2.0, 1.0]]
    found = derive(NETWORK, "w[1][2,0]", X3, Y, "softmax_cross_entropy")
    assert found.ok
    assert close(run(found, NETWORK, X3, Y, 0.0)[0], found.gradients[0])
    assert "times the sum of the row y[i]" in " ".join(str(found).split())


def test_grads_on_the_graph_stay_as_they_were():
    root = batch_loss(NETWORK, X3, Y3, "squared_error")
    root.backward()
    before = [node.grad for node in root.graph()]
    derivation(root, NETWORK, "w[1][0,0]", X3, Y3, loss="squared_error")
    assert [node.grad for node in root.graph()] == before
    root.zero_grad()


def test_a_graph_of_other_numbers_is_seen():
    root = batch_loss(NETWORK, X3, Y3, "squared_error")
    found = derivation(root, NETWORK, "w[1][0,0]", X3, Y3, loss="squared_error", l2=0.5)
    assert not found.ok
    assert "they DIFFER: is the graph batch_loss(model, X, Y, loss, l2)" in " ".join(str(found).split())
    assert not found.as_dict()["ok"]


def test_a_wrong_vectorized_entry_is_seen(monkeypatch):
    right = vectorized.loss_and_gradients

    def wrong(*args, **kwargs):
        loss, dW, db = right(*args, **kwargs)
        dW[0][2, 0] += 1e-9
        return loss, dW, db

    monkeypatch.setattr(vectorized, "loss_and_gradients", wrong)
    assert not derive(NETWORK, "w[1][2,0]", X3, Y3, "squared_error").ok
    assert derive(NETWORK, "w[1][2,1]", X3, Y3, "squared_error").ok


def test_it_goes_into_json():
    found = derive(NETWORK, "w[1][2,0]", X3, Y3, "mean_squared_error", 0.1)
    data = json.loads(json_text(found.as_dict()))
    assert data["ok"]
    assert list(data["gradients"].values()) == list(found.gradients)
    assert data["paths"]["count"] == found.paths.count == 25
    assert data["lines"][-1]["numpy"] == "dW1 = delta1.T @ a0 + l2 / m * W1"
    assert len(data["branches"]) == len(data["terms"]) == 3
    assert "\n".join(data["text"]) == str(found)


def test_an_unknown_label_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=re.escape("no parameter is called 'w9'; nearest: w8")):
        built_in("w9")
    with pytest.raises(UnknownNameError, match=r"nearest: .*w\[3\]\[1,3\]"):
        derive(NETWORK, "w[3][1,4]", X3, Y3, "squared_error")
    with pytest.raises(UnknownNameError, match="did you mean 'hinge'"):
        derivation(batch_loss(NETWORK, X3, Y3, "hinge"), NETWORK, "w[1][0,0]", X3, Y3, loss="hinje")


def test_what_does_not_belong_together_is_refused():
    root = batch_loss(NETWORK, X3, Y3, "squared_error")
    with pytest.raises(GraphError, match="X has 2 rows, but each neuron of layer 1 has 3 nets"):
        derivation(root, NETWORK, "w[1][0,0]", X3[:2], Y3[:2], loss="squared_error")
    with pytest.raises(GraphError, match="each neuron of layer 1 has 0 nets"):
        derivation(root, nn.MLP(3, [2], seed=0), "w[1][0,0]", X3, Y3, loss="squared_error")
    tied = nn.MLP(1, [1, 1], seed=0)
    tied.layers[1].neurons[0].w[0] = tied.layers[0].neurons[0].w[0]
    with pytest.raises(GraphError, match=re.escape("this is w[1][0,0], w[2][0,0]")):
        derive(tied, "w[1][0,0]", [[1.0]], [[1.0]], "squared_error")
    tied = nn.MLP(1, [3], seed=0)
    tied.layers[0].neurons[2].b = tied.layers[0].neurons[0].b
    with pytest.raises(GraphError, match=re.escape("a bias of one whole layer; this is b[1][0], b[1][2]")):
        derive(tied, "b[1][2]", [[1.0]], [[1.0, 2.0, 3.0]], "squared_error")
