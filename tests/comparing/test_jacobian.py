import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp import Value, errstate
from microbp.comparing.differences import recomputed
from microbp.comparing.jacobian import jacobian
from microbp.errors import DomainError, OperandError
from microbp.nn import ACTIVATIONS, MLP
from tests.graphs import graphs
from tests.test_vectorized import TEXTBOOK


def values(numbers):
    return [Value(x, f"x{k}") for k, x in enumerate(numbers)]


@given(graphs())
def test_a_row_is_the_gradient_of_one_output(graph):
    root, leaves = graph
    matrix = jacobian([root], leaves)
    h = 1e-6
    for k, leaf in enumerate(leaves):
        low, high = (recomputed(root.graph(), {leaf: leaf.data + s})[root] for s in (-h, h))
        assert matrix[0, k] == pytest.approx((high - low) / (2 * h), rel=1e-5, abs=1e-5)


def test_it_agrees_with_finite_differences_of_the_whole_vector():
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(4, 3)), rng.normal(size=3)

    def f(x):
        return np.tanh(A @ x) * np.exp(x[0])

    leaves = values(x)
    outputs = [sum(a * v for a, v in zip(row, leaves, strict=True)).tanh() * leaves[0].exp() for row in A]
    h = 1e-6
    numeric = np.column_stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)])
    assert np.allclose(jacobian(outputs, leaves), numeric, atol=1e-8)


def test_a_linear_layer_is_its_own_matrix():
    model = MLP(3, [2], seed=1)
    x = values([0.5, -1.0, 2.0])
    (W,), _ = model.arrays()
    assert np.array_equal(jacobian(model(x), x), W)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_is_elementwise(activation):
    # ∂a/∂z = diag(f′(z)): Parr and Howard, "The matrix calculus you need for deep learning", element-wise operators.
    z = np.array([-1.5, -0.2, 0.3, 2.0])
    leaves = values(z)
    outputs = leaves if activation == "linear" else [getattr(v, activation)() for v in leaves]
    assert np.allclose(jacobian(outputs, leaves), np.diag([TEXTBOOK[activation][1](x) for x in z]), rtol=1e-12, atol=0)


def test_softmax_is_diagonal_minus_outer_product():
    leaves = values([0.5, -1.0, 2.0])
    exps = [v.exp() for v in leaves]
    total = exps[0] + exps[1] + exps[2]
    p = np.exp([0.5, -1.0, 2.0]) / np.exp([0.5, -1.0, 2.0]).sum()
    assert np.allclose(jacobian([e / total for e in exps], leaves), np.diag(p) - np.outer(p, p), atol=1e-15)


def test_the_chain_rule_is_a_product_of_matrices():
    model = MLP(3, [4, 2], activation="tanh", output="sigmoid", seed=3)
    x = values([0.5, -1.0, 2.0])
    outputs = model(x)
    named = {v.label: v for out in outputs for v in out.graph()}
    hidden = [named[f"a[1][{j}]"] for j in range(4)]
    assert np.allclose(jacobian(outputs, x), jacobian(outputs, hidden) @ jacobian(hidden, x), atol=1e-15)


def test_what_does_not_depend_is_zero():
    x, y = values([1.0, 2.0])
    assert jacobian([x * x, y], [x, y]).tolist() == [[2.0, 0.0], [0.0, 1.0]]
    assert jacobian([x], [x * 3]).tolist() == [[0.0]]


def test_arrays_of_any_shape_are_taken_row_by_row():
    model = MLP(2, [3], seed=0)
    W, b = model.parameter_arrays()
    matrix = jacobian(np.array(model([2.0, 5.0]), dtype=object), W)
    assert matrix.shape == (3, 6)
    assert matrix.tolist() == np.kron(np.eye(3), [2.0, 5.0]).tolist()
    assert np.array_equal(jacobian(model([2.0, 5.0]), b), np.eye(3))


@given(graphs(), st.floats(-3, 3))
def test_grads_on_the_graph_stay_as_they_were_and_do_not_count(graph, grad):
    root, leaves = graph
    expected = jacobian([root, *root.inputs], leaves)
    for k, node in enumerate(root.graph()):
        node.grad = grad + k
    assert np.array_equal(jacobian([root, *root.inputs], leaves), expected)
    assert [node.grad for node in root.graph()] == [grad + k for k in range(len(root.graph()))]


def test_grads_stay_as_they_were_if_the_pass_fails():
    y = Value(0.0, "y")
    root = y.sqrt()
    y.grad, root.grad = 3.0, 4.0
    with errstate("raise"), pytest.raises(DomainError):
        jacobian([root], [y])
    assert (y.grad, root.grad) == (3.0, 4.0)


@pytest.mark.parametrize(("outputs", "inputs"), [([1.0], [Value(1.0)]), ([Value(1.0)], [0.5]), (["x"], [Value(1.0)])])
def test_what_is_no_value_is_refused(outputs, inputs):
    with pytest.raises(OperandError, match="jacobian needs values, got"):
        jacobian(outputs, inputs)
