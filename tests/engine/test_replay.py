"""Replaying a recorded graph: what building it again gives, bit by bit."""

import copy
import math
import pickle
import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microbp
from microbp import Value, nn
from microbp.engine import apply
from microbp.engine.arrays.ufuncs import ELEMENTWISE
from microbp.engine.order import passes
from microbp.engine.replay import replay
from microbp.errors import DecisionError, GraphError, OperandError, UnknownNameError
from tests.graphs import graphs


def numbers(root):
    return [(v.data, v.grad) for v in root.graph()]


def rebuilt(root, leaves, new):
    """The same graph, built by the engine's own operations from leaves with these numbers."""
    copies = dict(zip(leaves, (Value(x) for x in new), strict=True))
    for node in root.graph():
        if node.op is not None:
            copies[node] = apply(node.op, tuple(copies.get(x, x) for x in node.inputs))
    return copies[root], [copies[leaf] for leaf in leaves]


@settings(max_examples=100, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_replay_gives_what_building_gives_at_other_numbers(built, seed):
    root, leaves = built
    r = replay(root)
    rng = random.Random(seed)
    for _ in range(3):
        new = [rng.uniform(-3, 3) for _ in leaves]
        for leaf, x in zip(leaves, new, strict=True):
            leaf.data = x
        with microbp.errstate("ignore"):
            r.zero_grad()
            loss = r.forward()
            r.backward()
            again, copies = rebuilt(root, leaves, new)
            again.backward()
        assert np.array_equal([loss], [again.data], equal_nan=True)
        assert np.array_equal([v.grad for v in leaves], [v.grad for v in copies], equal_nan=True)


def test_backward_accumulates_as_the_graph_does():
    model = nn.MLP(2, [3, 1], activation="tanh", seed=3)
    root = model([0.5, -1.0])
    root.backward()
    once = [p.grad for p in model.parameters()]
    r = replay(root)
    r.forward()
    r.backward()
    assert [p.grad for p in model.parameters()] == [2 * g for g in once]
    r.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_training_in_place_is_training_by_building():
    problem, other = microbp.load("w1-w8"), microbp.load("w1-w8")
    r = replay(problem.root())
    for _ in range(50):
        r.zero_grad()
        r.forward()
        r.backward()
        root = other.root()
        for p in other.trained():
            p.grad = 0.0
        root.backward()
        assert r.root.data == root.data
        for p, q in zip(problem.trained(), other.trained(), strict=True):
            assert p.grad == q.grad
            p.data -= 0.5 * p.grad
            q.data -= 0.5 * q.grad


def test_what_python_decided_is_checked_before_anything_after_it_is_computed():
    x = Value(2.0, label="margin")
    r = replay(lambda: x.log() if x * 2 > 1 else x)
    assert r(margin=3.0) == Value(3.0).log().data
    with microbp.errstate("raise"), pytest.raises(DecisionError, match=r"mul > 1 was True; with .*test_replay\.py:\d+"):
        r(margin=-3.0)  # and no DomainError of a logarithm that would not have been taken


def test_a_choice_in_numpy_is_a_decision_too():
    x = np.array([Value(1.0, label="p"), Value(2.0, label="q")])
    r = replay(lambda: np.max(x) * 3.0)
    assert r(p=1.5) == 6.0
    with pytest.raises(DecisionError, match="test_replay"):
        r(p=2.5)


@pytest.mark.parametrize(
    "decide",
    [
        lambda x: x < 2.0,
        lambda x: x < np.float64(2.0),
        lambda x: np.float64(2.0) > x,
        lambda x: x <= np.array(2.0),
        lambda x: (x < np.array([2.0, 5.0])).all(),
        lambda x: (np.array([2.0, 5.0]) >= x).all(),
        lambda x: np.less(x, 2.0),
        lambda x: (np.array([x, 1.0]) < 2.0).all(),
        lambda x: (microbp.array([x.data], "y") * x < 2.0).all(),
        lambda x: np.where(np.array([x]) > 2.0, 0, 1)[0],
        lambda x: np.cbrt(x - 2.0).data < 0.0,
        lambda x: np.not_equal(x, 10.0),
        lambda x: np.logical_not(np.isclose(x, 10.0)),
    ],
)
def test_a_decision_is_noted_whoever_compares(decide):
    x = Value(1.0, label="x")
    r = replay(lambda: x * 2 if decide(x) else x * 3)
    assert r(x=1.5) == 3.0
    with pytest.raises(DecisionError, match=r"was (True|False); with (x = 10|mul = 10|sub = 8)\.0"):
        r(x=10.0)


@pytest.mark.parametrize(
    ("decide", "named"),
    [
        (np.argmax, "np.argmax(a[0], a[1]) was 1; with a[0] = 10.0, a[1] = 5.0 it is 0"),
        (np.argsort, "np.argsort(a[0], a[1]) was [0 1]"),
        (lambda a: np.equal(a, 10.0), "np.equal(a[0], a[1]) was [False False]"),
        (lambda a: np.all(a - 10.0), "np.all(sub, sub) was True"),
        (lambda a: np.where(a - 10.0, a, 0.0), "np.not_equal(sub, sub) was [ True  True]"),
        (lambda a: np.flatnonzero(a - 10.0), "np.flatnonzero(sub, sub) was [0 1]"),
        (lambda a: ELEMENTWISE["xlogy"](a[0] - 10.0, 2.0), "np.not_equal(sub) was True"),
    ],
)
def test_what_numpy_says_of_the_numbers_is_a_decision_too(decide, named):
    a = microbp.array([1.0, 5.0], "a")
    r = replay(lambda: (decide(a), a.sum())[1])
    assert r(**{"a[0]": 1.5}) == 6.5
    with pytest.raises(DecisionError, match=re.escape(named)):
        r(**{"a[0]": 10.0})


def test_a_decision_is_of_the_numbers_before_the_array_and_what_was_found_are_written_to():
    a = microbp.array([1.0, 3.0], "a")

    def changed_afterwards():
        h = a * 2.0
        order = np.argsort(h)
        h[0] = h[1] * 10.0
        order[:] = 1
        return h.sum() * order[0]

    r = replay(changed_afterwards)
    assert r(**{"a[0]": 2.0}) == 66.0
    with pytest.raises(DecisionError, match=re.escape("np.argsort(mul, mul) was [0 1]")):
        r(**{"a[0]": 4.0})


def test_numbers_that_are_looked_at_are_no_decisions_and_what_python_cannot_ask_is_not_compiled():
    a = microbp.array([1.0, 2.0], "a")
    assert replay(lambda: np.round(a, 1)[0] + a[0])(**{"a[0]": 7.0}) == 8.0
    with pytest.raises(GraphError, match=r"np\.argmax\(a\[0\], a\[1\]\) was asked for at .*test_replay"):
        microbp.compile(lambda: a[np.argmax(a)] * 2.0)


def test_the_operation_max_needs_no_decision():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    r = replay(lambda: x.max(y))
    assert r(x=5.0) == 5.0
    r.backward()
    assert (x.grad, y.grad) == (1.0, 0.0)


def test_comparisons_elsewhere_are_not_noted():
    x = Value(1.0, label="x")
    r = replay(lambda: x * 2)
    assert x > 0
    assert r(x=-1.0) == -2.0


def test_a_leaf_alone_is_a_graph():
    x = Value(1.0, label="x")
    r = replay(x)
    assert r(x=2.0) == 2.0
    r.backward()
    assert x.grad == 1.0


def test_wrong_words_are_refused():
    x, y = Value(1.0, label="x"), Value(2.0, label="x")
    with pytest.raises(UnknownNameError, match="nearest: x"):
        replay(x * 2)(xx=1.0)
    with pytest.raises(GraphError, match="2 leaves"):
        replay(x * y)(x=1.0)
    for wrong in (3.0, lambda: 3.0):
        with pytest.raises(OperandError):
            replay(wrong)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_copy_is_a_graph_of_its_own_with_its_decisions(again):
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    r = replay(lambda: (x * w).tanh() if x * w < 0 else w)
    other = again(r)
    assert other(x=0.5) == math.tanh(-1.5)
    other.backward()
    assert (x.data, x.grad, r.root.data) == (2.0, 0.0, math.tanh(-6.0))
    with pytest.raises(DecisionError, match=r"while mul < 0 was True"):
        other(x=-1.0)


def test_a_grad_of_none_is_0_and_two_passes_at_once_are_refused():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    r = replay(x * y)
    x.grad = None
    r.backward()
    assert (x.grad, y.grad) == (3.0, 2.0)
    passes["another thread's"] = [r.root]
    try:
        with pytest.raises(GraphError, match="another one is under way"):
            r.backward()
    finally:
        del passes["another thread's"]
