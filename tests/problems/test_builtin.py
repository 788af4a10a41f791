from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp import jacobian, to_theta
from microbp.comparing.gradcheck import check_graph
from microbp.diagnosis.compare import compare
from microbp.nn import ACTIVATIONS
from microbp.nn.initial import start
from microbp.problems import NetworkProblem, builtin_names, load
from microbp.problems.loading import SCHEMA
from microbp.stepping.stepper import Stepper
from microbp.training.train import train

REAL = ("digits", "iris")


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


def test_every_key_of_the_schema_is_used_by_a_builtin_problem():
    keys = {f"{s}.{k}" for s, ks in SCHEMA.items() for k in ks}
    assert keys >= {"network.shared_bias", "training.train_biases", "training.update", "loss.l2"}
    assert builtin_names() == sorted(builtin_names())


# Every built-in problem.


@pytest.fixture(params=builtin_names())
def builtin(request):
    return load(request.param)


def test_there_are_the_problems_that_are_talked_about():
    assert set(builtin_names()) >= {
        *("w1-w8", "chain", "chain-wide", "matrix-form", "matrix-form-deep", "neuron"),
        *("delta-rule", "deep", "xor", "iris", "digits"),
    }


def test_both_derivations_agree_on_all_samples_of_every_problem(builtin):
    comparison = compare(builtin.model, builtin.inputs, builtin.targets, loss=builtin.loss, l2=builtin.l2)
    assert comparison.tolerance == 1e-12
    assert comparison.ok, comparison


def test_numeric_derivatives_agree_for_every_problem(builtin):
    check = check_graph(builtin.root(), builtin.leaves())
    assert not check.kinks
    assert check.worst < {"complex": 1e-12, "central": 1e-8}[check.method]


def test_most_problems_are_checked_by_the_complex_step():
    made = [load(name) for name in builtin_names() if name not in REAL]
    methods = {problem.title: check_graph(problem.root(), problem.leaves()).method for problem in made}
    assert sum(method == "complex" for method in methods.values()) >= 5, methods


def test_the_steps_of_a_pass_end_with_its_gradients(builtin):
    root = builtin.root()
    stepper = Stepper(root)
    stepper.goto(len(stepper))
    root.backward()
    assert [stepper.grad(leaf) for leaf in builtin.leaves()] == [leaf.grad for leaf in builtin.leaves()]
    assert any(leaf.grad for leaf in builtin.leaves())


def test_every_problem_gets_better_by_training(builtin):
    result = train(builtin, engine="vectorized")
    assert result.loss < 0.98 * result.initial_loss
    assert result.stopped == ""


@pytest.mark.parametrize("name", builtin_names())
def test_every_problem_is_the_same_whenever_it_is_loaded(name):
    one, again = load(name), load(name)
    for part in ("inputs", "targets", "held_out_inputs", "held_out_targets"):
        assert np.array_equal(getattr(one, part), getattr(again, part))
    assert [leaf.data for leaf in one.leaves()] == [leaf.data for leaf in again.leaves()]


# The numbers of each problem, published or derived by hand.


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradients(problem):
    root = problem.root()
    root.backward()
    return {leaf.label: leaf.grad for leaf in problem.leaves()}


def test_the_chain_has_its_closed_formulas():
    # 3Blue1Brown, "Backpropagation calculus": ∂C/∂w(L) = a(L−1) σ′(z(L)) 2(a(L) − y), ∂C/∂b(L) = σ′(z(L)) 2(a(L) − y),
    # ∂C/∂a(L−1) = w(L) σ′(z(L)) 2(a(L) − y), and so on down the chain.
    problem = load("chain")
    w, b, a = [0.6, -0.4, 0.9], [0.1, 0.3, -0.2], [0.8]
    for weight, bias in zip(w, b, strict=True):
        a.append(sigmoid(weight * a[-1] + bias))
    found = gradients(problem)
    upstream = 2 * (a[3] - 1.0)
    for l in (3, 2, 1):
        slope = a[l] * (1 - a[l])
        assert found[f"w{l}"] == pytest.approx(a[l - 1] * slope * upstream, rel=1e-14, abs=0)
        assert found[f"b{l}"] == pytest.approx(slope * upstream, rel=1e-14, abs=0)
        upstream *= w[l - 1] * slope
    assert problem.root().data == pytest.approx((a[3] - 1.0) ** 2, rel=1e-14, abs=0)
    assert {v.label for v in problem.root().graph()} >= {"z1", "a1", "z2", "a2", "z3", "a3", "C", "w1", "b1"}


def test_the_wide_chain_has_the_mean_of_its_samples():
    # C = 1/n Σ Cₓ, so ∂C/∂w = 1/n Σ ∂Cₓ/∂w: the average over the training examples.
    problem = load("chain-wide")
    alone = [
        replace(problem, inputs=[x], targets=[y], loss="squared_error")
        for x, y in zip(problem.inputs.tolist(), problem.targets.tolist(), strict=True)
    ]
    each = [gradients(one) for one in alone]
    for label, gradient in gradients(problem).items():
        assert gradient == pytest.approx(np.mean([one[label] for one in each]), rel=1e-12, abs=1e-15)
    assert problem.root().data == pytest.approx(np.mean([one.root().data for one in alone]), rel=1e-14, abs=0)


def test_the_wide_chain_sums_over_the_neurons_a_weight_leads_to():
    # ∂Cₓ/∂a(L−1)k = Σj w(L)jk σ′(z(L)j) 2(a(L)j − yj), the sum over layer L; then as in the chain.
    problem = load("chain-wide")
    (W1, W2), (b1, b2) = problem.model.arrays()
    dW1 = np.zeros_like(W1)
    for x, y in zip(problem.inputs, problem.targets, strict=True):
        h = sigmoid(W1 @ x + b1)
        a = sigmoid(W2 @ h + b2)
        for k in range(3):
            arriving = sum(W2[j, k] * a[j] * (1 - a[j]) * 2 * (a[j] - y[j]) for j in range(2))
            dW1[k] += arriving * h[k] * (1 - h[k]) * x / 4
    problem.root().backward()
    assert np.allclose(problem.model.grad_arrays()[0][0], dW1, rtol=1e-12, atol=1e-16)


# checkNNGradients of the machine-learning course's neural-network exercise: Theta1(:) and Theta2(:), as printed there.
PUBLISHED = {
    0.0: """
        -9.2783e-03 8.8991e-03 -8.3601e-03 7.6281e-03 -6.7480e-03 -3.0498e-06 1.4287e-05 -2.5938e-05 3.6988e-05
        -4.6876e-05 -1.7506e-04 2.3315e-04 -2.8747e-04 3.3532e-04 -3.7622e-04 -9.6266e-05 1.1798e-04 -1.3715e-04
        1.5325e-04 -1.6656e-04 3.1454e-01 1.1106e-01 9.7401e-02 1.6409e-01 5.7574e-02 5.0458e-02 1.6457e-01 5.7787e-02
        5.0753e-02 1.5834e-01 5.5924e-02 4.9162e-02 1.5113e-01 5.3697e-02 4.7146e-02 1.4957e-01 5.3154e-02 4.6560e-02
    """,
    3.0: """
        -9.2783e-03 8.8991e-03 -8.3601e-03 7.6281e-03 -6.7480e-03 -1.6768e-02 3.9433e-02 5.9336e-02 2.4764e-02
        -3.2688e-02 -6.0174e-02 -3.1961e-02 2.4923e-02 5.9772e-02 3.8641e-02 -1.7370e-02 -5.7566e-02 -4.5196e-02
    """,
}


@pytest.mark.parametrize("l2", PUBLISHED)
def test_the_matrix_form_has_the_published_columns(l2):
    problem = replace(load("matrix-form"), l2=l2)
    problem.root().backward()
    column = np.concatenate([theta.ravel(order="F") for theta in to_theta(*problem.model.grad_arrays())])
    published = PUBLISHED[l2].split()
    assert [f"{x:.4e}" for x in column[: len(published)]] == published
    assert len(column) == 38


@pytest.mark.parametrize("name", ["matrix-form", "matrix-form-deep"])
def test_the_matrix_form_is_its_formulas(name):
    # J = 1/m Σ −[y log h + (1 − y) log(1 − h)] + λ/2m Σ Θ², bias columns left out; δ(L) = h − y,
    # δ(l) = (Θ(l)ᵀ δ(l+1)) ⊙ g′(z(l)) without its first row, D(l) = 1/m δ(l+1) a(l)ᵀ + λ/m Θ(l): one example at a time.
    problem = load(name)
    thetas, m, l2 = to_theta(*problem.model.arrays()), len(problem.inputs), problem.l2
    J, D = 0.0, [np.zeros_like(theta) for theta in thetas]
    for x, y in zip(problem.inputs, problem.targets, strict=True):
        a = [np.r_[1, x]]
        for theta in thetas:
            a.append(np.r_[1, sigmoid(theta @ a[-1])])
        h = a[-1][1:]
        J -= (y @ np.log(h) + (1 - y) @ np.log(1 - h)) / m
        delta = h - y
        for l in reversed(range(len(thetas))):
            D[l] += np.outer(delta, a[l]) / m
            delta = ((thetas[l].T @ delta) * a[l] * (1 - a[l]))[1:]
    for l, theta in enumerate(thetas):
        J += l2 / (2 * m) * np.sum(theta[:, 1:] ** 2)
        D[l][:, 1:] += l2 / m * theta[:, 1:]
    root = problem.root()
    root.backward()
    assert root.data == pytest.approx(J, rel=1e-13, abs=0)
    for found, expected in zip(to_theta(*problem.model.grad_arrays()), D, strict=True):
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
def test_the_neuron_learns_the_first_feature_and_nothing_else():
    # Its target is x1, so the least cost is 0, at w = (1, 0, 0) and b = 0.
    result = train(load("neuron"), 1000)
    assert np.allclose(list(result.parameters.values()), [1.0, 0.0, 0.0, 0.0], atol=1e-12)
    assert list(result.parameters) == ["w1", "w2", "w3", "b"]
    assert result.loss < 1e-25


def test_the_neuron_has_the_jacobians_of_the_matrix_calculus():
    # Parr and Howard, "The matrix calculus you need for deep learning": ∂a/∂w = xᵀ, ∂a/∂b = 1,
    # ∂C/∂w = 2/N Σ eᵢ xᵢᵀ and ∂C/∂b = 2/N Σ eᵢ, where eᵢ = w·xᵢ + b − yᵢ.
    problem = load("neuron")
    leaves = problem.leaves()
    x = problem.inputs[0]
    assert jacobian([problem.model(x)], leaves).tolist() == [[*x.tolist(), 1.0]]
    X, y = problem.inputs, problem.targets[:, 0]
    error = X @ [0.5, -0.3, 0.8] + 0.2 - y
    whole = problem.root(slice(None))
    expected = 2 / len(X) * np.r_[error @ X, error.sum()]
    assert np.allclose(jacobian([whole], leaves)[0], expected, rtol=1e-12, atol=0)
    assert whole.data == pytest.approx(np.mean(error**2), rel=1e-13, abs=0)


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=5),
    st.data(),
    st.integers(0, 999),
    st.sampled_from(["half_squared_error", "mean_squared_error"]),
)
def test_the_delta_of_a_neuron_is_the_derivative_by_its_bias(sizes, data, seed, loss):
    # The delta rule (Bishop 1995, 4.8): δj = ∂E/∂uj = ∂E/∂bj, whatever the activation, since ∂uj/∂bj = 1.
    activations = [data.draw(st.sampled_from(ACTIVATIONS)) for _ in sizes[1:]]
    weights, biases = start(sizes, "uniform", seed)
    rng = np.random.default_rng(seed)
    problem = NetworkProblem(
        *("delta", weights, biases, rng.normal(size=(1, sizes[0])), rng.normal(size=(1, sizes[-1]))),
        activation=activations[:-1],
        output=activations[-1],
        loss=loss,
    )
    root = problem.root()
    root.backward()
    nets = {v.label: v for v in root.graph() if v.label.startswith("z[")}
    for l, layer in enumerate(problem.model.layers, 1):
        for j, neuron in enumerate(layer.neurons):
            assert neuron.b.grad == nets[f"z[{l}][{j}]"].grad


def test_the_delta_rule_is_its_recursion():
    # δo = (y − t) f′(u) in the last layer, δj = f′(uj) Σk δk wkj below; ∂E/∂wji = δj yi.
    problem = load("delta-rule")
    (W1, W2, W3), (b1, b2, b3) = problem.model.arrays()
    x, t = problem.inputs[0], problem.targets[0]
    u1 = W1 @ x + b1
    y1 = np.log1p(np.exp(u1))
    y2 = np.tanh(W2 @ y1 + b2)
    y3 = sigmoid(W3 @ y2 + b3)
    d3 = (y3 - t) * y3 * (1 - y3)
    d2 = (1 - y2**2) * (W3.T @ d3)
    d1 = sigmoid(u1) * (W2.T @ d2)
    problem.root().backward()
    dW, db = problem.model.grad_arrays()
    for found, expected in zip(db, (d1, d2, d3), strict=True):
        assert np.allclose(found, expected, rtol=1e-12, atol=0)
    for found, d, y in zip(dW, (d1, d2, d3), (x, y1, y2), strict=True):
        assert np.allclose(found, np.outer(d, y), rtol=1e-12, atol=0)


def test_the_deep_network_is_as_deep_as_it_says():
    problem = load("deep")
    assert [W.shape for W in problem.model.arrays()[0]] == [(4, 3), (4, 4), (2, 4)]
    assert problem.root().data == problem.root(slice(2)).data != problem.root(slice(None)).data


def test_digits_and_irises_hold_samples_out():
    for name, whole, held_out in (("digits", 1797, 360), ("iris", 150, 30)):
        problem = load(name)
        assert (len(problem.inputs), len(problem.held_out_inputs)) == (whole - held_out, held_out)
        assert len(problem.held_out_targets) == held_out
        # Shuffled before: every class is in both parts.
        assert problem.targets.any(axis=0).all()
        assert problem.held_out_targets.any(axis=0).all()
