"""Numeric derivatives: what is wrong with each is known of polynomials, and is what it says that it resolves."""

from dataclasses import replace

import numpy as np
import pytest

from microbp import Value
from microbp.comparing import differences
from microbp.comparing.differences import Estimate, Estimates, by_complex_step, by_differences
from microbp.comparing.rounding import rounding

EPS = 2.0**-52


def with_steps(root, *leaves, scale=None):
    graph = root.graph()
    rounds = rounding(graph, leaves)
    if scale is None:
        return by_complex_step(graph, leaves, rounds)
    return by_differences(graph, leaves, rounds, np.full(len(leaves), scale))


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        ((1.0, 0.1), (1.05, 0.01), (1.05, 0.01)),
        ((1.0, 0.01), (1.05, 0.1), (1.0, 0.01)),
        ((1.0, 0.1), (1.1, 0.1), (1.0, 0.1)),
        ((1.0, 0.25), (1.5, 0.25), (1.0, 0.25)),  # as far apart as both resolve
        ((1.0, 1e-9), (1.4, 1e-3), (1.4, 0.4)),  # they contradict: what they have in common is resolved
        ((1.0, 1e-9), (2.0, 1e-3), (2.0, 1.0)),
        ((1.0, 1e-9), (2.1, 1e-3), (2.1, np.inf)),  # not a digit
        ((-1.0, 1e-9), (1.0, 1e-3), (1.0, np.inf)),
        ((1.0, 1e-9), (1.4, np.inf), (1.0, 1e-9)),
        ((1.0, 1e-9), (1.4, 0.3), (1.4, 0.4)),
        ((1.0, 1e-9), (1.4, 0.39), (1.4, 0.4)),
    ],
)
def test_of_two_estimates_the_finer_counts_unless_they_contradict(one, other, better):
    first, second = (Estimate(np.array([x]), np.array([resolution]), {}) for x, resolution in (one, other))
    first = replace(first, kinks={0: "a kink"})
    found = first.or_finer(second)
    assert (found.numbers[0], found.resolution[0]) == (better[0], pytest.approx(better[1], rel=1e-9))
    assert first.contradicts(second).tolist() == [abs(one[0] - other[0]) > one[1] + other[1]]
    assert found.kinks == (first.kinks if better == one else {})


def test_a_complex_step_is_tiny_beside_its_leaf_and_beside_one():
    for x, h in ((8.0, 1e-30), (0.0, 1e-30), (0.25, 0.25e-30), (-1e-3, 1e-33)):
        leaf, stranger = Value(x), Value(x)
        found = with_steps(3.0 * leaf, leaf, stranger)
        assert found.numbers.tolist() == [3.0, 0.0]
        assert found.resolution[0] == pytest.approx(h, rel=1e-9, abs=0)
        assert found.resolution[1] < 1e-200
    leaf = Value(1e-200)
    (underflow,) = with_steps(3.0 * leaf, leaf).resolution
    assert underflow == pytest.approx(4 * np.finfo(float).tiny / 1e-180, rel=1e-9, abs=0)
    leaf = Value(0.0)
    assert with_steps(leaf**3, leaf).numbers[0] == pytest.approx(-1e-60, rel=1e-9, abs=0)


def test_what_drowns_a_complex_step_is_not_resolved():
    leaf = Value(-1.0)
    found = with_steps(leaf**101, leaf)
    error = abs(found.numbers[0] - 101.0)
    assert error > 1e10
    assert 1.5 * error < found.resolution[0] < 3 * error


def test_a_difference_is_off_by_h_squared_and_resolves_less_than_twice_that():
    h = EPS ** (1 / 3) * 1000.0
    leaf = Value(1.0)
    found = with_steps(leaf**3, leaf, scale=1000.0)  # 3 + h²
    assert found.numbers[0] - 3.0 == pytest.approx(h**2, rel=1e-6)
    assert found.resolution[0] == pytest.approx(2.5 * (1 - 1 / 4) * h**2, rel=1e-3)


def test_an_extrapolated_difference_is_off_by_the_fourth_power():
    h = EPS ** (1 / 5) * 100.0
    leaf = Value(1.0)
    graph = (leaf**5).graph()
    found = by_differences(graph, [leaf], rounding(graph, [leaf]), np.array([100.0]), extrapolate=True)
    assert found.numbers[0] - 5.0 == pytest.approx(-4 * h**4, rel=1e-6)  # of 5 + 10h² + h⁴ with h and 2h
    assert found.resolution[0] == pytest.approx(2.5 * 4 * (1 - 1 / 16) * h**4, rel=1e-3)


def test_the_rounding_of_a_difference_is_that_of_its_longest_step():
    leaf = Value(0.0)
    assert with_steps(3.0 * leaf, leaf, scale=1.0).resolution[0] == pytest.approx(2 * 4 * 3 * EPS, rel=1e-9, abs=0)
    leaf = Value(1.0)
    assert with_steps(1e-320 * leaf, leaf, scale=1.0).resolution[0] > 0  # whatever was lost to underflow


def test_steps_are_tried_beside_one_and_beside_the_leaf_and_then_smaller_ones(monkeypatch):
    tried = []

    def watched(graph, leaves, rounds, scale, extrapolate=False):
        tried.append((scale.tolist(), extrapolate))
        return by_differences(graph, leaves, rounds, scale, extrapolate)

    monkeypatch.setattr(differences, "by_differences", watched)
    leaves = [Value(0.0), Value(0.25), Value(-8.0)]
    root = leaves[0] * leaves[1] + leaves[2].relu()
    wide, own = [1.0, 1.0, 8.0], [1.0, 0.25, 8.0]
    both = [(wide, False), (own, False)]
    for extrapolate, more, expected in (
        (False, False, both),
        (True, False, [(wide, True), (own, True)]),
        (False, True, [*both, (wide, True), (own, True), ([x / 1000 for x in own], False)]),
    ):
        tried.clear()
        found = Estimates(root.graph(), leaves)
        for _ in range(2):  # the second time all are there
            assert len([*found.by_differences(extrapolate, more)]) == len(expected)
        assert tried == expected


def test_no_estimate_resolves_less_than_the_one_before():
    leaf = Value(1e-3)
    first, second = Estimates((leaf * leaf).graph(), [leaf]).by_differences(False, False)
    assert second.resolution[0] <= first.resolution[0] < 1e-9


def test_complex_steps_end_where_a_smaller_one_is_no_finer(monkeypatch):
    steps = []

    def watched(graph, leaves, rounds, step):
        steps.append(step)
        return by_complex_step(graph, leaves, rounds, step)

    monkeypatch.setattr(differences, "by_complex_step", watched)
    for x in (0.5, 1e-200):  # the smaller one is finer, or loses more to underflow
        leaf = Value(x)
        found = Estimates((3.0 * leaf).graph(), [leaf])
        assert [len([*found.by_complex_steps()]) for _ in range(2)] == [2, 2]
        assert steps == [1e-30, 1e-90]
        steps.clear()


@pytest.mark.parametrize(("room", "turns"), [(0.5, [(0, 1), (1, 2), (2, 3), (3, 4)]), (2, [(0, 2), (2, 4)])])
def test_leaves_that_are_taken_in_turn_keep_their_numbers(room, turns, monkeypatch):
    leaves = [Value(1.0, "a"), Value(2.0, "b"), Value(4.0, "c"), Value(0.0, "d")]
    root = leaves[0] * leaves[1] * leaves[2] + leaves[3].relu()
    monkeypatch.setattr(differences, "_CELLS", int(room * len(root.graph())))
    assert [*differences._goes(root.graph(), leaves)] == [slice(*turn) for turn in turns]
    found = with_steps(root, *leaves, scale=1.0)
    assert found.kinks == {3: "the step crosses x == 0 of relu(x) (unnamed)"}
    assert found.numbers[:3].tolist() == pytest.approx([8.0, 4.0, 2.0], rel=1e-9)
    assert np.isinf(found.resolution).tolist() == [False, False, False, True]


def test_a_kink_is_named_once():
    leaf = Value(0.0, "x")
    root = leaf.relu()
    root.label = root.op.call
    assert with_steps(root, leaf, scale=1.0).kinks == {0: f"the step crosses x == 0 of {root.op.call}"}
    root.label = "a1"
    assert with_steps(root, leaf, scale=1.0).kinks == {0: f"the step crosses x == 0 of {root.op.call} (a1)"}
