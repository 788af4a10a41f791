import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp import Op, Value, define, gradcheck
from microbp.engine import OPS
from microbp.errors import GraphError, UnknownNameError
from microbp.numeric import check_graph, replay
from tests.graphs import graphs


@pytest.fixture
def wrong_rule():
    yield define(Op("wrong", "x ** 3", ("2 * x ** 2",), rule="Wrong on purpose."))
    del OPS["wrong"], Value.wrong


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_wrong_derivative_is_found(wrong_rule, method):
    check = gradcheck(lambda x, y: x.wrong() * y, 2.0, 3.0, method=method)
    assert not check.ok
    assert check.errors[0] == pytest.approx(1 / 3, rel=1e-6)
    assert check.errors[1] < 1e-9
    assert "GRADIENTS DIFFER" in str(check)


def test_methods_are_chosen_by_what_is_analytic():
    assert gradcheck(lambda x: x.sin() * x.sigmoid() / (x**3 + 2), 0.7).method == "complex"
    assert gradcheck(lambda x: x.relu() + x.sin(), 0.7).method == "central"


@given(st.floats(-3, 3), st.integers(2, 5))
def test_integer_powers_of_negative_numbers_are_exact_by_complex_step(x, n):
    assert gradcheck(lambda v: v**n, x, method="complex").ok


def test_a_kink_within_the_step_is_not_compared_but_named():
    check = gradcheck(lambda x, y: (x - 1).relu() + y, 1.0, 2.0)
    assert check.ok
    assert check.kinks == {0: "the step crosses x == 0 of relu(x) (unnamed)"}
    assert math.isnan(check.errors[0])
    assert "not comparable here" in str(check)
    assert gradcheck(lambda x: (x - 1).relu(), 1.1).kinks == {}


def test_a_nan_is_no_agreement():
    x = Value(-1.0)
    from microbp import errstate

    with errstate("ignore"):
        assert not check_graph(x.log(), [x], "central").ok


def test_grads_on_the_graph_stay_as_they_were():
    x = Value(2.0)
    y = x * x
    y.backward()
    x.grad = 7.0
    check_graph(y, [x])
    assert (x.grad, y.grad) == (7.0, 1.0)


@given(graphs())
def test_replay_gives_the_values_of_the_graph(graph):
    root, _ = graph
    order = root.graph()
    values = replay(order, {})
    assert all(values[node] == pytest.approx(node.data, rel=1e-13, abs=1e-300) for node in order)


def test_replay_takes_arrays():
    x = Value(1.0)
    assert np.array_equal(replay((x * x).graph(), {x: np.array([1.0, 2.0, 3.0])})[x], [1.0, 2.0, 3.0])


def test_many_leaves_are_checked_in_several_goes(monkeypatch):
    monkeypatch.setattr("microbp.numeric._CELLS", 30)
    check = gradcheck(lambda *xs: sum(x * x for x in xs), *range(9))
    assert check.numeric == tuple(2.0 * k for k in range(9))


def test_another_method_is_refused():
    with pytest.raises(UnknownNameError, match="unknown method: 'forward'"):
        gradcheck(lambda x: x, 1.0, method="forward")


@pytest.mark.parametrize(
    ("fn", "x"),
    [
        (lambda x: x**101, -1.0),  # the imaginary part drowns in NumPy's complex power
        (lambda x: x.sigmoid(), -800.0),  # and overflows here
        (lambda x: x.sqrt(), 1e-200),
        (lambda x: abs(x) ** 0.5, 1e-3),  # curved on the scale of x, not of 1
    ],
)
def test_right_gradients_are_found_right_where_one_method_fails(fn, x):
    assert gradcheck(fn, x).ok


def test_complex_step_is_refused_where_an_operation_is_not_analytic():
    with pytest.raises(GraphError, match="analytic operations only, and abs is not"):
        gradcheck(abs, -1.0, method="complex")


def test_a_leaf_is_not_hidden_by_a_kink_of_another_of_its_name(wrong_rule):
    a, b = Value(0.0, label="p"), Value(2.0, label="p")
    check = check_graph(a.relu() + b.wrong(), [a, b])
    assert list(check.kinks) == [0]
    assert not check.ok


def test_richardson_extrapolation_is_nearer_than_a_central_difference():
    def fn(x, y):
        return (x * y).tanh() + (x / y).exp() * y.sin()

    checks = {method: gradcheck(fn, 0.7, 1.9, method=method) for method in ("central", "richardson")}
    assert checks["richardson"].ok
    assert checks["richardson"].worst < checks["central"].worst
    assert "Richardson extrapolation" in str(checks["richardson"])


def test_richardson_extrapolation_names_a_kink_within_its_step():
    check = gradcheck(lambda x: (x - 1.0).relu() * x, 1.0001, method="richardson")
    assert check.ok
    assert "crosses" in check.kinks[0]
