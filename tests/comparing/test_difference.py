import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp.comparing.difference import difference

LARGEST = float(np.finfo(np.float64).max)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def apart(a, b, tolerance=0.0):
    a, b = np.array([a], dtype=np.float64), np.array([b], dtype=np.float64)
    return difference("W1", a, b, np.full(a.shape, tolerance))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_finite_numbers_are_measured_as_fractions_measure_them(pairs):
    a, b = zip(*pairs, strict=True)
    row = apart(a, b)
    exact = [abs(Fraction(x) - Fraction(y)) for x, y in pairs]
    larger = [max(abs(Fraction(x)), abs(Fraction(y))) for x, y in pairs]
    relative = max(e / m if m else Fraction(0) for e, m in zip(exact, larger, strict=True))
    assert row.relative == pytest.approx(float(relative), rel=1e-12)
    # Beyond the largest number there is only inf.
    most = max(exact)
    assert row.absolute == (math.inf if most > Fraction(LARGEST) * (1 + Fraction(1, 2**54)) else float(most))
    units = [Fraction(math.ulp(float(m))) for m in larger]
    assert row.ulps == pytest.approx(float(max(e / u for e, u in zip(exact, units, strict=True))), rel=1e-12)
    assert math.isfinite(row.norm)
    assert 0 <= row.norm <= 1 + 1e-12
    assert row.wrong == sum(x != y for x, y in pairs)
    assert row.ok == (row.wrong == 0)


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1.0, 1e200, 1e308])
def test_the_norm_is_that_of_numbers_of_any_size(size):
    row = apart([0.6 * size, 0.8 * size], [0.8 * size, 0.6 * size])
    assert row.norm == pytest.approx(math.sqrt(2) / 10, rel=1e-3 if size < 1e-300 else 1e-12)


def test_numbers_that_differ_by_a_last_digit_do_differ():
    row = apart([1.0, 7.0], [1.0 + 2**-52, 7.0])
    assert row.ulps == 1.0
    assert row.relative == pytest.approx(2**-52, rel=1e-12)
    assert row.absolute == 2**-52
    assert row.norm > 0


@pytest.mark.parametrize("wrong", [math.inf, -math.inf])
def test_an_inf_is_infinitely_far_and_finitely_many_numbers_away(wrong):
    row = apart([1.0, wrong], [1.0, 2.0], tolerance=math.inf)
    assert (row.absolute, row.relative, row.norm, row.where, row.wrong, row.ok) == (
        *(math.inf, math.inf, math.inf),
        *((0, 1), 1, False),
    )
    assert row.ulps == 2.0**53 - 1  # as far as the largest number, in its last digits
    row = apart([math.inf], [-math.inf])
    assert (row.absolute, row.relative, row.ulps) == (math.inf, math.inf, 2 * (2.0**53 - 1))


def test_an_inf_that_is_right_is_left_out():
    row = apart([math.inf, 3.0], [math.inf, 1.0])
    assert (row.absolute, row.relative, row.norm, row.wrong, row.where) == (2.0, 2 / 3, 0.5, 1, (0, 1))
    row = apart([math.inf, -math.inf], [math.inf, -math.inf])
    assert (row.absolute, row.relative, row.norm, row.ulps, row.ok) == (0.0, 0.0, 0.0, 0.0, True)


def test_a_nan_is_wrong_and_no_number_is_said_of_it():
    row = apart([1.0, math.nan], [1.0, 2.0], tolerance=10.0)
    assert all(map(math.isnan, (row.absolute, row.relative, row.norm, row.ulps)))
    assert (row.wrong, row.where, row.ok) == (1, (0, 1), False)


def test_the_place_is_that_of_a_wrong_number_if_there_is_one_and_of_a_given_one():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.1, 3.0])
    row = difference("b1", a, b, np.array([1.0, 0.0, 0.0]))
    assert (row.wrong, row.given, row.where, row.yours, row.right, row.absolute) == (1, 3, (1,), 2.0, 2.1, 0.5)
    row = difference("b1", np.zeros(3), np.zeros(3), np.zeros(3), np.array([False, False, True]))
    assert (row.ok, row.given, row.where) == (True, 1, (2,))
