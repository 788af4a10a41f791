import numpy as np
import pytest

from microbp.derivation.formulas import ERRORS, MISREMEMBERED, SLOPES, at, of_net, symbol
from microbp.derivation.notation import parse, shown, value
from microbp.vectorized import ACTIVATIONS, LOSSES, softmax

A = np.array([[1.0, -2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3·4", 14.0),
        ("−2²", -4.0),
        ("(1 + 2)·3 − 4/2/2", 8.0),
        ("Σi A[i,0]", 4.0),
        ("Σi A[i,0]·A[i,1] + 1", 11.0),
        ("Σi≠1 A[i,0]·A[i,1]", -2.0),
        ("2·Σi A[i,1]", 4.0),
        ("A[m−1,0] − A[0,1]", 5.0),
        ("[A[0,1] < 0] + [A[0,1] > 0]", 1.0),
        ("half(A[1,1])²", 4.0),
        ("Σi Σj A[i,j]", 6.0),
    ],
)
def test_a_line_comes_to_its_value_and_shows_its_numbers(text, expected):
    scope = {"A": A, "m": 2, "half": lambda x: x / 2}
    assert float(value(text, scope)) == expected
    python = shown(text, scope).replace("·", "*").replace("−", "-").replace("²", "**2")
    assert eval(python) == expected


@pytest.mark.parametrize("text", ["", "1 +", "(1", "[1 2]", "a..b", "Σ", "1)", "in words", "x @ y", "f(1", "Σi≠"])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match="no formula"):
        parse(text)


def test_a_name_that_is_not_in_scope_is_an_error():
    with pytest.raises(KeyError):
        value("nothing + 1", {})


def test_a_long_sum_shows_its_largest_terms():
    assert shown("Σi x[i]", {"x": np.array([1.0, -9.0, 2.0, 8.0])}) == "−9 + 8 + 2 + … (4 terms)"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_printed_derivative_of_an_activation_is_its_derivative(name):
    z = np.linspace(-3.0, 3.0, 10)
    f, prime = ACTIVATIONS[name]
    scope = {"z": z, "a": f(z), **{symbol(other): pair[0] for other, pair in ACTIVATIONS.items()}}
    assert np.allclose(value(SLOPES[name], scope), prime(z, f(z)), rtol=1e-12)
    for text in MISREMEMBERED[name]:
        assert not np.allclose(value(text, scope), prime(z, f(z)), rtol=1e-3)


@pytest.mark.parametrize("name", ERRORS)
def test_the_printed_derivative_of_a_loss_is_its_derivative(name):
    assert ERRORS.keys() == LOSSES.keys()
    rng = np.random.default_rng(0)
    a = rng.uniform(0.1, 0.9, size=(3, 4))
    y = np.eye(4)[[0, 2, 3]] * (2.0 if name == "hinge" else 1.0) - (1.0 if name == "hinge" else 0.0)
    made = value(ERRORS[name], {"a": a, "y": y, "p": softmax(a), "m": 3, "n": 4})
    assert np.allclose(made, LOSSES[name][1](a, y), rtol=1e-12)


def test_formulas_are_placed_in_a_layer():
    assert at("(a − y)/(a·(1 − a))/m", 2, "[i,j]") == "(a2[i,j] − y[i,j])/(a2[i,j]·(1 − a2[i,j]))/m"
    assert of_net("1 − a²") == "1 − z²"
