"""Every value and derivative is right to 4 ulp wherever the operation is defined: `make accuracy` prints the table."""

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp import Value, affine, total
from microbp.engine.ops import FAMILIES, OPS
from tests.engine.accuracy import DIGITS, MOST, measure, ulps
from tests.engine.truth import TRUTH


def test_there_is_a_truth_for_every_operation():
    assert TRUTH.keys() == OPS.keys()


@pytest.mark.parametrize("name", OPS)
def test_values_and_derivatives_are_right_to_4_ulp(name):
    with mpmath.workdps(DIGITS):
        for what, worst in measure(OPS[name], 200).items():
            assert worst.ulp <= MOST, (what, worst)


@pytest.mark.parametrize(
    ("name", "x"),
    [("sigmoid", x) for x in (1.89, 20.0, 30.0, 37.0, 100.0, 745.0)]
    + [("tanh", x) for x in (10.0, -19.1, 20.0, 300.0, 372.0)]
    + [("expm1", x) for x in (-40.0, -745.0)],
)
def test_the_digits_that_the_textbook_formula_loses_are_there(name, x):
    v = Value(x)
    getattr(v, name)().backward()
    with mpmath.workdps(DIGITS):
        assert ulps(v.grad, TRUTH[name][1](mpmath.mpf(x))) <= MOST
    assert v.grad > 0.0


def test_sigmoid_far_below_zero_is_subnormal_and_not_zero():
    for x in (-710.0, -740.0, -745.0):
        assert Value(x).sigmoid().data == math.exp(x) > 0.0


numbers = st.floats(-1e100, 1e100)


@given(st.lists(numbers, min_size=1, max_size=30))
def test_a_sum_is_rounded_once(terms):
    with mpmath.workdps(400):
        assert total(terms).data == float(sum(map(mpmath.mpf, terms)))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12), numbers)
def test_a_weighted_sum_is_its_rounded_products_added_without_error(pairs, bias):
    net = affine([Value(w) for w, _ in pairs], [x for _, x in pairs], bias)
    assert net.data == math.fsum([*(w * x for w, x in pairs), bias])
    assert "rounded" in FAMILIES["affine"].accuracy
