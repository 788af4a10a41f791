import math

import pytest

from microbp.printing import decimals, derivative, factor, number_text, printable


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1234567894, "0.123456789"),
        (0.1234567896, "0.123456790"),
        (1e-6, "1e−06"),
        (1.00000005e-6, "0.000001000"),
        (0.99999995e-6, "9.9999995e−07"),
        (999999.9999999999, "1000000.000000000"),
        (1000000.25, "1000000.25"),
        (1000000.123456, "1000000.12"),
        (1047197.5511965977, "1047197.55"),
        (-2.5, "−2.5"),
        (0.0, "0"),
        (-0.0, "0"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, "nan"),
    ],
)
def test_nine_decimals_or_nine_digits(number, text):
    assert decimals(number) == text


def test_fewer_digits_for_people():
    assert (number_text(0.123456), number_text(-0.123456, 2), number_text(12345.0)) == ("0.1235", "−0.12", "1.234e+04")


@pytest.mark.parametrize(
    ("number", "text"), [(0.5, "0.5"), (-0.5, "(−0.5)"), (0.0, "0"), (-0.0, "0"), (-1e-9, "(−1e−09)")]
)
def test_a_negative_factor_has_brackets(number, text):
    assert factor(number) == text


@pytest.mark.parametrize("sign", " ·^/−*+")
def test_what_is_no_name_has_brackets_in_a_derivative(sign):
    assert derivative("E", "w1") == "∂E/∂w1"
    assert derivative(f"a{sign}b", "w1") == f"∂(a{sign}b)/∂w1"
    assert derivative("E", f"a{sign}b") == f"∂E/∂(a{sign}b)"


def test_what_commands_a_terminal_is_printed_as_its_escape():
    assert printable("σ(net h1)") == "σ(net h1)"
    assert printable("a\x1b[2Jσ\u202e\n") == "a\\x1b[2Jσ\\u202e\\n"
