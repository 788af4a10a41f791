import copy
import gc
import math
import pickle
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given

import microbp
from microbp import Constant, Value, affine, total
from microbp.comparing.gradcheck import check_graph
from microbp.errors import OperandError, ShapeError
from tests.graphs import graphs
from tests.rounding import gradient_errors

LONG = 1_000_000


@given(graphs())
def test_gradients_agree_with_central_differences(graph):
    root, leaves = graph
    assert not check_graph(root, leaves, "central").wrong


@given(graphs(analytic=True))
def test_gradients_agree_with_complex_step(graph):
    root, leaves = graph
    check = check_graph(root, leaves, "complex")
    assert check.ok or not any(check.analytic), str(check)  # of zeros none can be judged


@given(graphs())
def test_graph_is_in_topological_order_and_each_value_stands_once(graph):
    root, leaves = graph
    order = root.graph()
    place = {node: k for k, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    assert set(leaves) <= place.keys()
    assert all(place[x] < place[node] for node in order for x in node.inputs)


@given(graphs())
def test_second_backward_doubles_leaves_and_renews_interior_grads(graph):
    root, leaves = graph
    errors = gradient_errors(root)
    root.backward()
    first = {node: node.grad for node in root.graph()}
    root.backward()
    for node, grad in first.items():
        assert abs(node.grad - (2 * grad if node.op is None else grad)) <= (3 * errors[node] if node.op is None else 0)
    root.zero_grad()
    assert all(node.grad == 0.0 for node in root.graph())
    root.backward(seed=3.0)
    assert all(abs(leaf.grad - 3 * first[leaf]) <= 6 * errors[leaf] for leaf in leaves)


@given(graphs())
def test_copies_and_pickles_are_equal_and_apart(graph):
    root, _ = graph
    root.backward()
    for other in (copy.deepcopy(root), pickle.loads(pickle.dumps(root))):
        pairs = list(zip(root.graph(), other.graph(), strict=True))
        assert all(a is not b for a, b in pairs)
        assert all(
            (a.data, a.grad, a.label, a.op, type(a)) == (b.data, b.grad, b.label, b.op, type(b)) for a, b in pairs
        )


def test_a_copy_keeps_shared_leaves_shared():
    w = Value(2.0)
    again, root = copy.deepcopy([w, w * w + w])
    assert root.graph()[0] is again
    assert copy.deepcopy(w) is not w


def test_fan_out_accumulates():
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad, len(b.inputs)) == (4.0, 2.0, 2)


def test_operations_stay_what_was_written():
    a, b = Value(3.0), Value(5.0)
    assert [(a - b).op.name, (a / b).op.name, (-a).op.name] == ["sub", "div", "neg"]
    assert (a - b).inputs == (a, b)
    assert (2 - a).inputs[1] is a
    assert isinstance((2 - a).inputs[0], Constant)


def test_backward_on_a_leaf_adds_the_seed():
    a = Value(1.0)
    a.backward()
    a.backward(2)
    assert a.grad == 3.0
    assert a.graph() == [a]


def test_values_are_equal_only_to_themselves():
    a, b = Value(1.0), Value(1.0)
    assert a != b
    assert a == a  # the point
    assert len({a, b}) == 2
    assert a <= b
    assert not a < b
    assert Value(2.0) > 1


@pytest.mark.slow
def test_long_chain_is_built_differentiated_copied_and_freed():
    x = Value(1.0 + 1e-9)
    y = x
    for _ in range(LONG):
        y = y * x
    y.backward()
    assert x.grad == pytest.approx((LONG + 1) * (1.0 + 1e-9) ** LONG, rel=1e-9, abs=0)
    assert repr(y).startswith("Value(1.001")
    with pytest.raises(microbp.errors.GraphError, match="1,000,001 values cannot be read"):
        microbp.draw(y)
    del y  # freed without recursion in C


def test_numbers_beyond_float_become_infinite():
    assert Value(10**400).data == math.inf
    assert Value(-(10**400)).data == -math.inf


def test_training_step_leaves_nothing_for_the_collector():
    model = microbp.nn.MLP(2, [4, 1], seed=0)
    optimizer = microbp.optim.SGD(model.parameters(), lr=0.1)

    def step():
        loss = microbp.losses.batch_loss(model, [[1.0, 2.0], [3.0, 4.0]], [[1.0], [-1.0]], "hinge", l2=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_interrupted_walk_leaves_the_graph_usable(monkeypatch):
    a = Value(2.0)
    b = a * a
    root = b + b

    class Interrupt:
        @property
        def __class__(self):
            raise KeyboardInterrupt

    x, b._y, b._x = b._x, None, Interrupt()
    with pytest.raises(KeyboardInterrupt):
        root.backward()
    b._x = b._y = x
    root.backward()
    assert a.grad == 8.0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("a", "Value needs one real number, got 'a' \\(str\\)"),
        (1j, "got 1j"),
        (np.array([1.0, 2.0]), r"shape \(2,\)\). For an array of Values"),
        ([1.0], "make one Value for each element"),
        (None, "got None"),
        (Value(1.0), "got Value"),
    ],
)
def test_only_real_numbers_become_values(bad, said):
    with pytest.raises(OperandError, match=said):
        Value(bad)


@pytest.mark.parametrize("number", [True, 2, np.float32(0.5), np.int64(3), np.array([1.5]), np.array(1.5), 10**300])
def test_every_kind_of_real_number_is_taken(number):
    assert type(Value(number).data) is float
    assert type((Value(1.0) * Value(number)).data) is float


@pytest.mark.parametrize("bad", ["a", 1j, [1.0], None, object()])
def test_operators_refuse_what_is_no_number(bad):
    for operate in (lambda: Value(1.0) * bad, lambda: bad - Value(1.0), lambda: Value(1.0) ** bad):
        with pytest.raises(TypeError):
            operate()


def test_methods_of_two_take_numbers_and_refuse_the_rest():
    assert Value(2.0).max(3).data == 3.0
    with pytest.raises(OperandError, match="max needs one real number, got 's'"):
        Value(2.0).max("s")


def test_numpy_scalars_and_arrays_work_elementwise():
    v = Value(3.0)
    assert (np.float64(2) * v).data == 6.0
    assert (np.float64(2) ** v).data == 8.0
    assert [x.data for x in np.array([1.0, 2.0]) * v] == [3.0, 6.0]
    assert [x.data for x in v - np.array([1.0, 2.0])] == [2.0, 1.0]


def test_vectorized_formula_runs_on_the_graph_itself():
    rng = np.random.default_rng(0)
    W, b, x = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    values = np.array([[Value(w) for w in row] for row in W])
    for f, name in (
        (np.tanh, "tanh"),
        (np.exp, "exp"),
        (lambda z: np.maximum(z, 0), "relu"),
        (lambda z: 1 / (1 + np.exp(-z)), "σ"),
    ):
        out = f(values @ x + b)
        assert np.allclose([getattr(o, "data", o) for o in out], f(W @ x + b), rtol=1e-15, atol=0), name
        out.sum().backward()
    assert values[0, 0].grad != 0.0


def test_affine_is_one_node_and_checks_lengths():
    w, x = [Value(1.0), Value(2.0)], [3.0, Value(4.0)]
    net = affine(w, x, 5)
    assert (net.data, net.op.name, len(net.inputs)) == (16.0, "affine2", 5)
    with pytest.raises(ShapeError, match="got 2 weights and 1 inputs"):
        affine(w, [1.0], 0.0)
    with pytest.raises(ShapeError, match="at least one, got 0 weights"):
        affine([], [], 0.0)
    assert affine(w[:1], [3.0], 5).data == 8.0
    assert total(w[:1]) is w[0]
    with pytest.raises(ShapeError, match="total needs at least one value"):
        total([])


@pytest.mark.slow
def test_wide_affine_works_beyond_any_recursion_limit():
    n = 5000
    net = affine([Value(1.0) for _ in range(n)], [0.5] * n, 1.0)
    net.backward()
    assert net.data == n / 2 + 1
    assert net.inputs[-3].grad == 0.5


def test_affine_is_the_written_out_sum_rounded_once():
    rng = np.random.default_rng(1)
    w, x, b = [Value(v) for v in rng.normal(size=4)], rng.normal(size=4), Value(0.3)
    by_hand = [w[0] * x[0], w[1] * x[1], w[2] * x[2], w[3] * x[3], b]
    assert affine(w, x, b).data == math.fsum(term.data for term in by_hand)


def test_tracebacks_show_generated_code():
    x = Value(1.0)
    x.data = "not a number"
    with pytest.raises(TypeError) as caught:
        x * 2
    assert "data = x.data * y.data" in "".join(traceback.format_exception(caught.value))


def test_softplus_and_sigmoid_are_stable_at_both_ends():
    assert Value(-1000.0).sigmoid().data == 0.0
    assert Value(1000.0).sigmoid().data == 1.0
    assert Value(1000.0).softplus().data == 1000.0
    assert Value(-30.0).softplus().data == pytest.approx(math.exp(-30), rel=1e-12, abs=0)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.longdouble, np.bool_, int, float])
def test_values_compare_with_every_kind_of_number(kind):
    v, one = Value(3.0), kind(1)
    assert v > one
    assert v >= one
    assert not v < one
    assert one < v


def test_values_compare_elementwise_with_arrays():
    assert (Value(3.0) < np.array([2.0, 5.0])).tolist() == [False, True]
    assert (np.array([2.0, 5.0]) >= Value(3.0)).tolist() == [False, True]


def test_deep_copies_share_what_was_shared():
    h = Value(2.0) * 3
    inner, outer = copy.deepcopy((h, h * h))
    outer.backward()
    assert inner.grad == 12.0


def test_threads_may_share_a_graph():
    h = Value(1.0)
    for _ in range(3000):
        h = h.sin()
    roots = [h * k for k in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda root: len(root.graph()), roots)) == [3003] * 4
    finally:
        sys.setswitchinterval(interval)
