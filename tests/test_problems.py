import re
from importlib import resources

import pytest

from microbp.errors import ProblemError, UnknownNameError
from microbp.problems import NetworkProblem, builtin_names, load
from microbp.problems.loading import SCHEMA, parse

MINIMAL = """
title = "t"
[network]
weights = [[[0.5, -0.5]]]
biases = [[0.1]]
[data]
inputs = [[1.0, 2.0]]
targets = [[1.0]]
"""


def test_w1_w8_has_the_published_numbers():
    problem = load("w1-w8")
    root = problem.root()
    root.backward()
    values = {v.label: v for v in root.graph() if v.label}
    published = {
        "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378, "out_o1": 0.751365070, "out_o2": 0.772928465,
        "E_o1": 0.274811083, "E_o2": 0.023560026, "E": 0.298371109,
    }  # fmt: skip
    gradients = {
        "w5": 0.082167041, "w6": 0.082667628, "w7": -0.022602540, "w8": -0.022740242,
        "w1": 0.000438568, "w2": 0.000877135, "w3": 0.000497713, "w4": 0.000995425,
    }  # fmt: skip
    assert {k: round(values[k].data, 9) for k in published} == published
    assert {k: round(problem.find(k).grad, 9) for k in gradients} == gradients
    assert {v.label for v in root.graph()} >= {"i1", "i2", "b1", "b2", "net_h2", "net_o1", "net_o2"}


def test_w1_w8_trains_its_weights_and_shares_its_biases():
    problem = load("w1-w8")
    assert [p.label for p in problem.trained()] == [f"w{k}" for k in range(1, 9)]
    assert [leaf.label for leaf in problem.leaves()] == ["w1", "w2", "w3", "w4", "b1", "w5", "w6", "w7", "w8", "b2"]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("trained", [True, False])
def test_bias_conventions_are_settings(shared, trained):
    text = MINIMAL.replace("[[[0.5, -0.5]]]", "[[[0.5, -0.5], [0.2, 0.3]]]").replace("[[0.1]]", "[[0.1, 0.2]]")
    text = text.replace("[[1.0]]", "[[1.0, 0.0]]").replace("[data]", f"shared_bias = {str(shared).lower()}\n[data]")
    problem = parse(text + f"[training]\ntrain_biases = {str(trained).lower()}", "mine.toml")
    assert len(problem.leaves()) == (5 if shared else 6)
    assert len(problem.trained()) == 4 + (0 if not trained else 1 if shared else 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("weights =", "weight ="), "mine.toml: unknown key: 'network.weight' .*did you mean 'network.weights'"),
        (("[data]", "[dat]"), "mine.toml: unknown key: 'dat' .*did you mean 'data'"),
        (("targets = [[1.0]]", ""), "data.targets is missing; it must be a list of rows"),
        (("[[0.1]]", "0.1"), "network.biases must be a list with a list of numbers"),
        (("[[0.1]]", "[[0.1, 0.2]]"), r"layer 1 needs weights .* got \(1, 2\) and \(2,\)"),
        (('title = "t"', "title = 3"), "title must be a text, got 3"),
        (("[data]", 'activation = "sigmod"\n[data]'), "network.activation must be one of .*got 'sigmod'"),
        (("[data]", "shared_bias = 1\n[data]"), "network.shared_bias must be true or false, got 1"),
        (("[data]", '[loss]\nname = "mse"\n[data]'), "loss.name must be one of .*'half_squared_error'.* got 'mse'"),
        (("[data]", "[training]\nsteps = -1\n[data]"), "training.steps must be a whole number, 0 or more, got -1"),
        (("[data]", '[training]\nupdate = "later"\n[data]'), "training.update must be one of .*got 'later'"),
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


def test_every_key_of_the_schema_is_used_by_a_builtin_problem():
    keys = {f"{s}.{k}" for s, ks in SCHEMA.items() for k in ks}
    assert keys >= {"network.shared_bias", "training.train_biases", "training.update", "loss.l2"}
    assert builtin_names() == sorted(builtin_names())


def test_an_expression_is_a_problem():
    problem = load("sigmoid(w*x + b) ** 2 - 3", {"w": 2.0, "x": -1.0, "b": -3.0})
    root = problem.root()
    root.backward()
    assert root.data == pytest.approx(-2.9999552, abs=1e-7)
    assert [leaf.label for leaf in problem.leaves()] == ["w", "x", "b"]
    assert {node.op.name for node in root.graph() if node.op} == {"mul", "add", "sigmoid", "pow_const", "sub"}


def test_numbers_in_an_expression_spare_what_nobody_needs():
    root = load("(-2) ** 2 * x + 2 ** x + x ** -1", {"x": 3.0}).root()
    assert root.data == pytest.approx(12 + 8 + 1 / 3)
    assert {"pow_const", "const_pow"} <= {node.op.name for node in root.graph() if node.op}


def test_a_long_expression_needs_no_recursion():
    assert load(" + ".join(["x"] * 2000), {"x": 1.0}).root().data == 2000.0


@pytest.mark.parametrize(
    ("text", "numbers", "said"),
    [
        ("w*x", {"w": 1.0}, "needs a number for x: add x=0.5"),
        ("w*x", {"w": 1.0, "x": 1.0, "y": 2.0}, "unknown name: 'y'"),
        ("sigmod(x)", {"x": 1.0}, "unknown operation: 'sigmod' .*did you mean 'sigmoid'"),
        ("max(x)", {"x": 1.0}, r"max needs 2 argument\(s\), got 1"),
        ("x.y", {"x": 1.0}, re.escape("cannot use 'x.y', in 'x.y': an expression has numbers")),
        ("__import__('os').system('true')", {}, "cannot use|unknown operation"),
        ("x if x else 1", {"x": 1.0}, "cannot use"),
        ("x +", {"x": 1.0}, "cannot read the expression"),
        ("+" * 10_001, {}, "may have 10,000 characters, got 10,001"),
        ("w1w8", {}, "unknown problem: 'w1w8' .*did you mean 'w1-w8'"),
        ("~" + "-" * 2000 + "x", {"x": 1.0}, "cannot use '~-"),
        ("w1-w8", {"w1": 1.0}, "has its numbers already"),
        ("True + x", {"x": 1.0}, "cannot use 'True'"),
    ],
)
def test_what_is_no_problem_is_refused_with_the_reason(text, numbers, said):
    with pytest.raises(ProblemError, match=said):
        load(text, numbers)


def test_a_leaf_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no leaf is called 'w9'; nearest: w"):
        load("w1-w8").find("w9")


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


def test_numbers_beyond_float_are_infinite():
    from microbp import errstate

    with errstate("ignore"):
        assert load(f"x*1{'0' * 400}", {"x": 1.0}).root().data == float("inf")
