from dataclasses import replace
from importlib import resources

import pytest

from microbp.errors import MicrobpError, ProblemError, ShapeError
from microbp.problems import NetworkProblem, as_network, load
from microbp.problems.loading import parse
from microbp.stepping.names import name_graph
from microbp.training.train import train

MINIMAL = """
title = "t"
[network]
weights = [[[0.5, -0.5]]]
biases = [[0.1]]
[data]
inputs = [[1.0, 2.0]]
targets = [[1.0]]
"""


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("trained", [True, False])
def test_bias_conventions_are_settings(shared, trained):
    text = MINIMAL.replace("[[[0.5, -0.5]]]", "[[[0.5, -0.5], [0.2, 0.3]]]").replace("[[0.1]]", "[[0.1, 0.1]]")
    text = text.replace("[[1.0]]", "[[1.0, 0.0]]").replace("[data]", f"shared_bias = {str(shared).lower()}\n[data]")
    problem = parse(text + f"[training]\ntrain_biases = {str(trained).lower()}", "mine.toml")
    assert len(problem.leaves()) == (5 if shared else 6)
    assert len(problem.trained()) == 4 + (0 if not trained else 1 if shared else 2)
    different = text.replace("[[0.1, 0.1]]", "[[0.2, 0.1]]")
    if shared:
        with pytest.raises(ProblemError, match=r"mine.toml: shared_bias needs .* layer 1 has \[0.1, 0.2\]"):
            parse(different, "mine.toml")
    else:
        assert [leaf.data for leaf in parse(different, "mine.toml").leaves()][-2:] == [0.2, 0.1]


def test_a_shared_bias_of_different_numbers_is_refused_in_every_layer():
    with pytest.raises(ProblemError, match=r"needs one bias for all neurons of a layer, layer 2 has \[0.0, 0.3\]"):
        replace(load("chain-wide"), shared_bias=True, biases=[[0.1] * 3, [0.0, 0.3]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("weights =", "weight ="), "mine.toml: unknown key: 'network.weight' .*did you mean 'network.weights'"),
        (("[data]", "[dat]"), "mine.toml: unknown key: 'dat' .*did you mean 'data'"),
        (("targets = [[1.0]]", ""), "data.targets is missing; it must be a list of rows"),
        (("[[0.1]]", "0.1"), "network.biases must be a list with a list of numbers"),
        (("[[0.1]]", "[[0.1, 0.2]]"), r"layer 1 needs weights .* got \(1, 2\) and \(2,\)"),
        (('title = "t"', "title = 3"), "title must be a text, got 3"),
        (("[data]", 'activation = "sigmod"\n[data]'), "unknown network.activation: 'sigmod' .* mean 'sigmoid'"),
        (("[data]", "shared_bias = 1\n[data]"), "network.shared_bias must be true or false, got 1"),
        (("[data]", '[loss]\nname = "msse"\n[data]'), "unknown loss.name: 'msse' .*'half_squared_error'"),
        (("[data]", "[training]\nsteps = -1\n[data]"), "training.steps must be a whole number, 0 or more, got -1"),
        (("[data]", '[training]\nupdate = "later"\n[data]'), "unknown training.update: 'later'"),
        (("title", "[title"), "this is not TOML"),
        (("[[[0.5, -0.5]]]", '[[["a", "b"]]]'), "network.weights must be a list with a matrix"),
        (("[[1.0, 2.0]]", "[1.0, 2.0]"), "mine.toml: data.inputs must be a list of rows of numbers"),
        (
            ("[[1.0, 2.0]]", "[[1.0]]"),
            r"mine.toml: data.inputs must have 1 row.* of 2 number\(s\) each, got 1 row\(s\) of \[1\]",
        ),
        (("[[0.1]]", f"[[1{'0' * 400}]]"), "network.biases must be a list"),
        (("[[0.1]]", f"[[1{'0' * 5000}]]"), "this is not TOML"),
        (("[[0.1]]", "[" * 5000), "this is not TOML"),
        (("[[1.0]]", "[[1.0], [2.0]]"), r"mine.toml: data.targets must have 1 row\(s\)"),
    ],
)
def test_errors_name_file_key_and_what_was_expected(change, said):
    with pytest.raises(ProblemError, match=said):
        parse(MINIMAL.replace(*change), "mine.toml")


def test_a_file_is_loaded_by_its_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    problem = load(str(path))
    assert isinstance(problem, NetworkProblem)
    assert [leaf.label for leaf in problem.leaves()] == ["w[1][0,0]", "w[1][0,1]", "b[1][0]"]
    with pytest.raises(ProblemError, match="cannot read the problem file"):
        load(str(tmp_path / "other.toml"))


W1_W8 = (resources.files("microbp.problems") / "w1-w8.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('inputs = ["i1", "i2"]', 'inputs = ["i1"]'), "names.inputs must have the sizes 2 of the network, got 1"),
        (('[["h1", "h2"],', '[["h1"],'), r"names.neurons must have the sizes \[2, 2\] of the network, got \[1, 2\]"),
        (('["w1", "w2"]', '["w1", "w1"]'), r"must be different for different parameters, got \['w1'\]"),
    ],
)
def test_names_that_do_not_fit_are_refused(change, said):
    assert change[0] in W1_W8
    with pytest.raises(ProblemError, match=f"mine.toml: .*{said}"):
        parse(W1_W8.replace(*change), "mine.toml")


def test_a_pattern_of_names_is_text_and_nothing_is_looked_up_in_it():
    text = W1_W8.replace('"net_{neuron}"', '"{neuron.__class__}{neuron:99999999}"')
    assert "{neuron.__class__}" in "".join(v.label for v in parse(text, "mine.toml").root().graph())


# What a problem is made of.


def test_a_share_of_the_loss_has_its_name_beside_a_penalty_too():
    problem = replace(load("w1-w8"), l2=0.5)
    root = problem.root()
    values = {v.label: v for v in root.graph() if v.label}
    assert round(values["E_o1"].data, 9) == 0.274811083
    assert round(values["E_o2"].data, 9) == 0.023560026
    # 0.298371109 + 0.5/2 · Σ w²
    assert root.data == pytest.approx(0.298371109 + 0.25 * 1.13, abs=1e-9)
    assert values["E"] is root


@pytest.mark.parametrize("loss", ["mean_squared_error", "half_squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("samples", [1, 3])
def test_the_parts_of_a_loss_have_names_and_add_up(loss, samples):
    problem = replace(
        load("w1-w8"), loss=loss, inputs=[[0.05, 0.1]] * samples, targets=[[0.01, 0.99]] * samples, l2=0.1
    )
    values = {name.text(): value.data for value, name in name_graph(problem.root().graph()).items()}
    count = {"mean_squared_error": 2 * samples, "binary_cross_entropy": samples}.get(loss, 1)
    shares = [values[f"E_{k}"] for k in range(1, samples + 1)] if samples > 1 else [values["E_o1"] + values["E_o2"]]
    for k, share in enumerate(shares, 1):
        mark = f"@{k}" * (samples > 1)
        assert share == values[f"E_o1{mark}"] + values[f"E_o2{mark}"]
    assert values["E_data"] == pytest.approx(sum(shares) / count, rel=1e-15, abs=0)
    assert values["penalty"] == pytest.approx(0.05 / samples * values["Σw²"], rel=1e-15, abs=0)
    assert values["E"] == values["E_data"] + values["penalty"]


def test_a_copy_with_another_convention_begins_anew():
    problem = load("w1-w8")
    train(problem, 10)
    copy = replace(problem, train_biases=True)
    assert copy.find("w1").data == 0.15
    assert copy != problem
    assert problem == problem


def test_accuracy_takes_the_side_or_the_largest():
    one = NetworkProblem("one", [[[1.0]]], [[0.0]], [[0.0]], [[1.0]], output="linear", loss="hinge")
    X, Y = [[-2.0], [3.0], [-1.0], [0.5]], [[-1.0], [1.0], [1.0], [-1.0]]
    assert one.accuracy(X, Y) == 0.5
    assert one.accuracy([], []) is None
    assert replace(one, loss="half_squared_error").accuracy(X, Y) is None
    two = NetworkProblem(
        "two", [[[1.0], [-1.0]]], [[0.0, 0.0]], [[0.0]], [[1.0, 0.0]], output="linear", loss="softmax_cross_entropy"
    )
    assert two.accuracy([[1.0], [2.0], [-1.0], [-3.0]], [[1, 0], [0, 1], [0, 1], [0, 1]]) == 0.75


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss": "binary_cross_entropy", "output": "linear"}, "output 'sigmoid', got 'linear'"),
        (
            {"loss": "binary_cross_entropy", "targets": [[2.0, -1.0]]},
            "needs targets from 0 to 1, got targets from -1.0",
        ),
        ({"loss": "hinge"}, "hinge needs targets −1 or"),
        ({"loss": "softmax_cross_entropy", "targets": [[1.0, -1.0]]}, "needs targets 0 or more, for two outputs"),
        ({"loss": "msee"}, "unknown loss: 'msee'"),
        ({"l2": -1.0}, "l2 must be a number, 0 or more, got -1.0"),
        ({"l2": "x"}, "l2 must be a number, 0 or more, got 'x'"),
        ({"training": {"steps": 3}}, r"training must be settings, for example Training\(steps=10\); got {'steps': 3}"),
        ({"shown": 0}, "has 1 sample to show, got 0"),
        ({"shown": -1}, "has 1 sample to show, got -1"),
    ],
)
def test_conventions_that_do_not_fit_are_refused(change, said):
    with pytest.raises(MicrobpError, match=said):
        replace(load("w1-w8"), **change)


def test_what_is_shown_changes_and_what_was_learnt_stays():
    problem = load("neuron")
    train(problem, engine="vectorized")
    assert problem.showing(3).root().data < 1e-12 < replace(problem).root().data


def test_what_is_no_network_is_refused_by_name():
    with pytest.raises(ProblemError, match=r"needs a problem, .*, or an nn.MLP, got 'xor'"):
        train("xor")
    with pytest.raises(ProblemError, match=r"this needs a network with data and a loss, got the graph of 'x\*x'"):
        as_network(load("x*x", {"x": 1.0}))


def test_samples_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"data.inputs must have 1 row\(s\), one a sample, of 2 number"):
        replace(load("w1-w8"), inputs=[[1.0]])
    with pytest.raises(ShapeError, match=r"data.held_out.targets must have 2 row\(s\)"):
        replace(load("w1-w8"), held_out_inputs=[[1.0, 2.0]] * 2, held_out_targets=[[1.0, 2.0]])
