"""Gradients as values: backward's numbers, and derivatives of any order by the same table."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import Value, gradient, nn
from microbp.engine import OPS, apply
from microbp.errors import OperandError
from tests.derivation.compiling.test_scalar import eager
from tests.graphs import graphs


def second_differences(root, leaves, direction, h=1e-4):
    """How the gradient of the graph itself changes along a direction, and how far off that may be.

    Where it changes otherwise to both sides, as elu's at 0, the second derivative is that of one side.
    """
    numbers = np.array([leaf.data for leaf in leaves])

    def slopes(h):
        behind, here, ahead = (
            np.array(eager(root, leaves, (numbers + s * h * direction).tolist())[1]) for s in (-1, 0, 1)
        )
        return (here - behind) / h, (ahead - here) / h

    once, twice = slopes(h), slopes(h / 2)
    central, closer = np.mean(once, axis=0), np.mean(twice, axis=0)
    off = np.abs(closer - central) + 1e-7 * (1 + np.abs(central)) + np.abs(twice[1] - twice[0]) * 0.55
    return (4 * closer - central) / 3, off.max()


@given(graphs())
def test_random_graphs_have_the_gradient_of_backward_to_the_last_bit(built):
    root, leaves = built
    found = gradient(root, leaves)
    root.backward()
    assert [slope.data for slope in found] == [leaf.grad for leaf in leaves]


@given(graphs(), st.integers(0, 2**32))
def test_hessian_times_vector_is_what_differences_of_gradients_give(built, seed):
    root, leaves = built
    v = np.random.default_rng(seed).uniform(-1, 1, len(leaves))
    along = sum(c * slope for c, slope in zip(v.tolist(), gradient(root, leaves), strict=True))
    product = [slope.data for slope in gradient(along, leaves)]
    expected, off = second_differences(root, leaves, v)
    assert np.abs(product - expected).max() <= off


def test_the_hessian_is_symmetric():
    model = nn.MLP(2, [3, 1], activation="tanh", output="sigmoid", seed=0)
    root, leaves = model([0.5, -1.0]), model.parameters()
    rows = [[slope.data for slope in gradient(first, leaves)] for first in gradient(root, leaves)]
    np.testing.assert_allclose(rows, np.transpose(rows), rtol=0, atol=1e-15)


FUNCTIONS = [name for name, op in OPS.items() if op.arity == 1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_third_derivative_of_every_function(name):
    x = Value(1.3 if name == "arccosh" else 0.3, "x")
    slope = gradient(apply(OPS[name], (x,)) * x * x, x)
    third = gradient(gradient(slope, x), x)
    (expected,), off = second_differences(slope, [x], np.ones(1))
    assert abs(third.data - expected) <= off


LOG2 = math.log(2)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Value.logaddexp, [[0.25, -0.25], [-0.25, 0.25]]),  # where x = y its share is written as a number
        (
            lambda x, y: (x + 2) ** (y - x),
            [[LOG2**2 - 1, 0.5 - LOG2**2], [0.5 - LOG2**2, LOG2**2]],
        ),  # the exponent is 0
    ],
)
def test_where_an_equality_chose_a_formula_the_one_beside_it_says_how_it_changes(make, expected):
    leaves = [Value(0.0, "x"), Value(0.0, "y")]
    found = [[second.data for second in gradient(slope, leaves)] for slope in gradient(make(*leaves), leaves)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_it_has_the_shape_of_what_was_asked_for_and_writes_no_grad():
    W = microbp.array([[1.0, 2.0], [3.0, 4.0]], "W")
    x = [Value(0.5, "x0"), Value(-1.0, "x1")]
    root = np.sum(np.tanh(W @ np.array(x)))
    root.label = "E"
    grads = gradient(root, W)
    assert grads.shape == (2, 2)
    assert grads[0, 1].label == "∂E/∂W[0,1]"
    assert [[g.data for g in row] for row in gradient(root, [x, x])] == [[g.data for g in gradient(root, x)]] * 2
    hidden = root.inputs[0]
    assert gradient(root, hidden).data == 1.0
    assert not any(node.grad for node in root.graph())


def test_of_what_it_does_not_depend_on_the_gradient_is_0():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    assert gradient(x * 2, w).data == 0.0
    assert gradient(x, x).data == 1.0
    assert gradient(x.relu() * -1, x).data == -1.0
    assert gradient(gradient(x.relu() + w, x), [x, w])[1].data == 0.0


def test_a_long_chain_needs_no_recursion():
    x = Value(1.0, "x")
    y = x
    for _ in range(5000):
        y = y * 1.0001 + 1e-6
    assert gradient(y * y, x).data == pytest.approx(2 * y.data * 1.0001**5000)


@pytest.mark.parametrize("what", [3.0, "x", [1.0], [[Value(1.0)], [Value(1.0), Value(2.0)]]])
def test_what_is_no_value_is_refused(what):
    with pytest.raises(OperandError, match="gradient needs Values"):
        gradient(Value(1.0) * 2, what)
