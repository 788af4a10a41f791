"""What may stand beside a value, and what is taken for a number or for an array of numbers."""

import operator
from fractions import Fraction

import numpy as np
import pytest

from microbp import Value
from microbp.engine.operands import DECISIONS, real_array, real_number
from microbp.errors import OperandError

ORDERS = (operator.lt, operator.le, operator.gt, operator.ge)


@pytest.fixture
def noted():
    """The comparisons that were made, as while a graph is recorded."""
    token = DECISIONS.set(found := [])
    yield found
    DECISIONS.reset(token)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("other", [2, 3.0, np.float64(3.5), np.array(3.0), Value(2.5), Value(3.0)])
def test_a_comparison_is_that_of_the_numbers_and_is_noted_once(noted, order, other):
    v, number = Value(3.0), other.data if isinstance(other, Value) else float(other)
    assert order(v, other) == order(3.0, number)
    assert noted == [(order, (v, other), order(3.0, number))]
    assert type(noted[0][2]) is bool


@pytest.mark.parametrize("order", ORDERS)
def test_a_comparison_with_an_array_is_one_with_each_of_its_elements(noted, order):
    assert order(Value(3.0), np.array([2.0, 3.0, 5.0])).tolist() == [order(3.0, x) for x in (2.0, 3.0, 5.0)]
    assert len(noted) == 3


def test_nothing_is_noted_where_nobody_records():
    assert Value(1.0) < 2
    assert DECISIONS.get() is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (3, 3.0),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.array([[7]]), 7.0),
        (Fraction(1, 4), 0.25),
        (10**400, np.inf),
        (Fraction(-(10**400), 3), -np.inf),
    ],
)
def test_a_real_number_is_taken_as_a_float(number, expected):
    found = real_number(number, "data")
    assert type(found) is float
    assert found == expected


NO_NUMBERS = ["2.5", b"2.5", bytearray(b"2.5"), 2 + 0j, np.complex64(2), np.array(["2.5"]), np.array([2 + 0j]), None]


@pytest.mark.parametrize("bad", NO_NUMBERS)
def test_what_only_looks_like_a_number_is_refused(bad):
    with pytest.raises(OperandError, match=r"^data needs one real number, got .*\. Convert it first\.$"):
        real_number(bad, "data")


@pytest.mark.parametrize("many", [[2.0], (2.0, 3.0), np.array([2.0, 3.0])])
def test_many_numbers_are_not_one(many):
    with pytest.raises(OperandError, match=r"^data needs one real number.*\)\. For an array of Values, make one Value"):
        real_number(many, "data")


@pytest.mark.parametrize(
    "given",
    [
        [[1.5, -2.0]],
        [[True, False], [True, True]],
        7,
        [],
        np.array([[200]], dtype=np.uint8),
        np.array([0.1], dtype=np.float16),
        np.ma.array([1.0, 2.0], mask=[False, False]),
        np.array([[1, Fraction(1, 2)], [0.25, np.float32(3)]], dtype=object),
    ],
)
def test_an_array_of_real_numbers_is_copied_as_floats(given):
    found, original = real_array(given, "W"), np.asarray(given)
    assert type(found) is np.ndarray
    assert (found.dtype, found.shape) == (np.float64, original.shape)
    assert found.ravel().tolist() == [float(x) for x in original.ravel().tolist()]
    assert not np.shares_memory(found, original)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.ma.array([1.0, 2.0], mask=[False, True]), "W needs an array of real numbers: a mask hides some of them"),
        ([[1.0], [1.0, 2.0]], "W needs an array of real numbers: .*inhomogeneous"),
        (["1.5"], "W needs an array of real numbers: <U3 is not a kind of number"),
        ([2 + 0j], "complex128 is not a kind of number"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "datetime64.* is not a kind of number"),
        (np.array([(1.0,)], dtype=[("x", float)]), "is not a kind of number"),
        *((np.array([1.0, bad], dtype=object), "each of W needs one real number") for bad in NO_NUMBERS[:5]),
    ],
)
def test_what_numpy_would_make_an_array_of_numbers_is_refused(given, said):
    with pytest.raises(OperandError, match=said):
        real_array(given, "W")
