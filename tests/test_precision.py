import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microbp.diagnosis.niceness import Niceness
from microbp.diagnosis.precision import typed_half_units
from microbp.diagnosis.scaling import Column, scalings

NUMBERS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


@given(NUMBERS, st.integers(3, 12))
def test_rounding_to_digits_stays_within_the_half_unit(numbers, digits):
    rounded = np.array([float(f"{x:.{digits}g}") for x in numbers])
    assert np.all(np.abs(rounded - numbers) <= typed_half_units(rounded) * (1 + 1e-6))


@given(NUMBERS, st.integers(3, 9))
def test_rounding_to_decimals_stays_within_the_half_unit(numbers, decimals):
    numbers = np.array([*numbers, 1.0])
    rounded = numbers.round(decimals)
    assert np.all(np.abs(rounded - numbers) <= typed_half_units(rounded) * (1 + 1e-6) + 1e-15)


def test_full_doubles_are_taken_as_they_are():
    numbers = np.random.default_rng(0).normal(size=20)
    assert np.all(typed_half_units(numbers) <= 1e-15)


@given(st.floats(-5, 5).filter(lambda f: abs(f) > 0.01), st.floats(-5, 5).filter(lambda c: abs(c) > 0.01))
def test_the_factors_of_loss_and_penalty_are_solved_for(f, c):
    rng = np.random.default_rng(1)
    loss, l2 = rng.normal(size=12), rng.normal(size=12)
    numbers = f * loss + c * l2
    columns = [Column("dW1", numbers, loss, l2, np.full(12, 1e-9 * np.abs(numbers).max()))]
    found = scalings(columns, Niceness(3, 2), 9)
    assert found
    for scaling in found:
        value = {name: group.value for group in scaling.groups for name in group.names}.get("dW1", 1.0)
        penalty = scaling.l2_weights * (value if any(group.penalty for group in scaling.groups) else 1.0)
        assert np.allclose([value, penalty], [f, c], rtol=1e-6, atol=1e-7) or np.allclose(
            value * (loss + scaling.l2_weights * l2), numbers, rtol=1e-6, atol=1e-7
        )
