"""A graph of a million values: what works on it, and what refuses with a number before it begins."""

import copy
import pickle

import pytest

import microbp
from microbp import Value, affine, total
from microbp.engine import copying
from microbp.engine.methods import _UNROLLED, generated_sources
from microbp.engine.ops import FAMILIES
from microbp.errors import GraphError
from microbp.stepping.step import MOST_STEPS


def chain(length):
    x = Value(1.0 + 1e-9, label="x")
    y = x
    for _ in range(length):
        y = y * x
    return x, y


@pytest.fixture(scope="module")
def too_long():
    """Refused by all, changed by none."""
    return chain(200_001)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (lambda x, y: microbp.steps(y), r"a pass of 400,002 steps .* \(the limit is 200,000\): take one sample"),
        (lambda x, y: microbp.Stepper(y), "a pass of 400,002 steps"),
        (lambda x, y: microbp.paths(y, x), "a pass of 400,002 steps"),
        (lambda x, y: microbp.page(y, "never.html"), "(400,002 steps|200,002 values)"),
        (lambda x, y: microbp.draw(y), "200,002 values"),
        (
            lambda x, y: microbp.compile(y),
            r"200,002 values .*\(the limit is 120,000\): compile the graph",
        ),
        (
            lambda x, y: microbp.gradcheck(lambda v: v * (y / x), 1.0),
            r"1 leaves in a graph of 200,0\d\d values .*200,000",
        ),
    ],
)
def test_what_would_take_minutes_is_refused_with_a_number(view, said, too_long):
    assert MOST_STEPS == 200_000
    with pytest.raises(GraphError, match=said):
        view(*too_long)


@pytest.mark.slow
def test_a_pickle_of_a_long_chain_is_small_and_a_copy_is_equal():
    x, y = chain(100_000)
    y.backward()
    text = pickle.dumps(y)
    assert len(text) < 45 * 100_000
    for other in (pickle.loads(text), copy.deepcopy(y)):
        other.zero_grad()
        other.backward()
        assert (other.data, other.graph()[0].grad) == (y.data, x.grad)


def test_a_pickle_of_several_values_keeps_shared_nodes_shared():
    x = Value(0.5, label="x")
    h = (x * 3 + 1).tanh()
    h.label = "h"
    a, b = h * x, microbp.total([h, h, x.exp()])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for values in ([a, b, h, x], [h, a, x, b], [x, h, b, a], {"loss": a, "hidden": h, "both": (b, x)}):
            again = pickle.loads(pickle.dumps(values, protocol))
            if isinstance(again, dict):
                a2, h2, (b2, x2) = again.values()
            else:
                a2, b2, h2, x2 = (again[values.index(v)] for v in (a, b, h, x))
            assert a2.inputs == (h2, x2)
            assert b2.inputs[0] is b2.inputs[1] is h2
            assert b2.inputs[2].inputs[0] is x2
            b2.backward()
            assert h2.label == "h"
            assert h2.grad == 2.0


def test_a_pickle_without_labels_has_none():
    assert len(pickle.dumps(chain(1000)[1])) < 42 * 1000


def test_a_bundle_that_goes_late_leaves_what_another_has_taken_meanwhile():
    """As a thread may, between the moment at which nothing refers to a bundle any more and its end."""
    _, y = chain(3)
    first = copying.Bundle(y)
    copying._bundles.clear()
    second = copying.Bundle(y)
    del first
    assert y.__reduce__() == (copying._pick, (second, second.place[y]))
    del second
    assert not copying._bundles


def test_a_second_pickle_has_the_numbers_of_its_time():
    x = Value(2.0)
    y = x * x
    first = pickle.dumps(y)
    y.backward()
    assert (pickle.loads(first).grad, pickle.loads(pickle.dumps(y)).grad) == (0.0, 1.0)
    assert not copying._bundles


def test_a_shallow_copy_is_another_value_of_the_same_inputs():
    x = Value(2.0, label="x")
    y = x * x
    again = copy.copy(y)
    assert again is not y
    assert (again.data, again.op, again.inputs) == (4.0, y.op, (x, x))
    assert copy.copy(x).label == "x"


def test_long_sums_are_loops_and_do_what_short_ones_do():
    n = 50_000
    ones = [Value(0.1) for _ in range(n)]
    root = total(ones) * 2
    root.backward()
    assert root.data == 2 * 5000.0
    assert {v.grad for v in ones} == {2.0}
    ws = [Value(float(k)) for k in range(n)]
    net = affine(ws, ones, 0.5)
    net.backward()
    assert net.data == pytest.approx(0.1 * n * (n - 1) / 2 + 0.5, rel=1e-15, abs=0)
    assert (ws[7].grad, ones[7].grad, net.inputs[-1].grad) == (0.1, 2.0 + 7.0, 1.0)
    assert net.op.local(net)[:4] == (0.1, 0.0, 0.1, 1.0)
    assert "for w, x in zip" in generated_sources(FAMILIES["affine"].row(_UNROLLED))[f"pull_affine{_UNROLLED}"]
