"""What rounding does is measured, and neither less nor much more than what it can do."""

import math

import numpy as np
import pytest
from hypothesis import given

from microbp import Value, total
from microbp.comparing.rounding import rounding
from tests.graphs import graphs

EPS = 2.0**-52


def of(root, *leaves):
    return rounding(root.graph(), leaves)


def test_of_a_sum_of_products_the_last_digit_of_each_path_counts():
    x, y, stranger = Value(1.25), Value(-3.0), Value(5.0)
    rounds = of(3.0 * x - 2.0 * y + 2.0 * x, x, y, stranger)
    assert rounds.paths.tolist() == [5.0, 2.0, 0.0]
    assert rounds.gradients.tolist() == [20.0 * EPS, 8.0 * EPS, 0.0]  # no local derivative of it is rounded
    assert of(7.0 * x - 7.0 * x, x).paths.tolist() == [14.0]


def test_what_underflows_in_any_value_reaches_the_root():
    x, y = Value(0.5), Value(2.0)
    rounds = of((x * y - 3.0 * y) * -4.0, x, y)
    assert sorted(rounds.reach.values()) == [1.0, 4.0, 4.0, 4.0]
    assert rounds.underflow() == 4 * 5e-324 * 13
    assert rounds.underflow(1e-300) == pytest.approx(52e-300, rel=1e-12, abs=0)


@given(graphs())
def test_the_reach_of_a_value_is_the_size_of_its_gradient(graph):
    root, leaves = graph
    rounds = rounding(root.graph(), leaves)
    root.backward()
    interior = [node for node in root.graph() if node.op is not None]
    assert [*rounds.reach.items()] == [(node, abs(node.grad)) for node in interior]


@pytest.mark.parametrize("count", [2, 4, 100])
def test_a_value_of_many_terms_is_moved_by_the_root_of_their_number(count):
    root = total([Value(1.5) for _ in range(count)])
    moved, half = of(root).trials / (root.data * EPS * math.sqrt(count)), 0.5 / math.sqrt(count)
    assert 0.75 - half < moved < 1.25 + half
    hidden = (root * 1e-300) * 1e300  # two more values, of two terms each
    assert of(hidden).trials < (1.25 * (math.sqrt(count) + 2 * math.sqrt(2)) + 1) * hidden.data * EPS


def test_forward_and_backward_a_value_is_moved_by_its_last_digit():
    """Of z² with z = x + y the gradient 2z moves as z does: by √2 · u ± u' last digits, u and u' from 0.75 to 1.25.

    The largest of six such numbers is 2.6 on the average. To a move of one digit rounding itself adds half of one.
    """
    leaves = [(Value(float(k)), Value(0.5)) for k in range(1, 300)]
    rounds = of(total([(x + y) ** 2 for x, y in leaves]), *(x for x, _ in leaves))
    assert rounds.paths.tolist() == [2 * (x.data + y.data) for x, y in leaves]
    moved = rounds.gradients / rounds.paths / (4 * EPS) - 1
    assert 3.0 < max(moved) < 1.25 * (math.sqrt(2) + 1) + 0.5
    assert 2.5 < np.mean(moved) < 2.75
    assert 0.1 < min(moved) < 1.0


def test_of_what_a_digit_moves_by_a_fiftieth_of_its_terms_nothing_is_left():
    for turns, left in ((9e11, True), (13.5e11, False)):
        z = 8 * turns * math.pi + math.pi / 4  # sin and cos are alike: a digit moves cos z by that part of z
        x = Value(1.0)
        rounds = of((z * x).sin(), x)
        assert np.isfinite(rounds.gradients[0]) == left
