import pytest

from microbp import Value
from microbp.printing import number_text
from microbp.stepping.names import name_graph


def names(root):
    return [name.text() for name in name_graph(root.graph()).values()]


def test_values_without_label_are_called_by_their_expression_if_it_is_short():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    assert names((a + b) * -1 / b)[-1] == "(a + b)·(−1) / b"
    long = a
    for _ in range(20):
        long = long * b + a
    assert all(len(name) <= 24 for name in names(long))
    assert any(name.startswith("v") for name in names(long))


def test_names_are_the_same_in_every_run():
    def build():
        a = Value(1.0)
        return a * a + a.tanh()

    assert names(build()) == names(build()) == ["v0", "v0·v0", "tanh(v0)", "v0·v0 + tanh(v0)"]


def test_a_label_goes_before_everything_and_any_text_will_do():
    a = Value(1.0, label="1 + <b>")
    b = a * 2
    b.label = "twice"
    assert names(b) == ["1 + <b>", "2", "twice"]


def test_constants_that_are_no_numbers_are_named_too():
    from microbp import errstate

    with errstate("ignore"):
        assert names(Value(1.0, label="a") * float("inf"))[1] == "inf"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.000004, "4e−06"), (123456.0, "1.235e+05"), (-0.5, "−0.5"), (0.0, "0"), (float("nan"), "nan")],
)
def test_numbers_never_round_to_nothing(number, text):
    assert number_text(number) == text
