import json
from dataclasses import replace

import numpy as np
import pytest

import microbp
from microbp.errors import ProblemError
from microbp.terminal.cli import main
from microbp.training.conventions import conventions

W1_W8 = microbp.load("w1-w8")


def assert_traced(published, steps, quantity, deviations):
    found = conventions(W1_W8, published, steps)
    assert (quantity, deviations) in [(match.quantity, match.deviations) for match in found.matches], str(found)
    assert {len(match.deviations) for match in found.matches} == {len(deviations)}


@pytest.mark.parametrize(
    ("published", "steps", "quantity", "deviations"),
    [
        ("0.298371109", 1, "E before training", ()),
        ("0.291027774", 1, "E after 1 step", ()),
        ("0.291027924", 1, "E after 1 step", ("update output-first",)),
        ("0.285750887", 1, "E after 1 step", ("biases trained",)),
        ("0.280471447", 1, "E after 1 step", ("biases trained", "one bias a neuron")),
        ("0.35891648", 1, "w5 after 1 step", ()),
        ("0.082167041", 1, "∂E/∂w5 before training", ()),
        ("−0.082167041", 1, "∂E/∂w5 before training", ("gradient's sign turned",)),
        ("0.138498562", 1, "∂E/∂net_o1 before training", ()),
        ("0.274811083", 1, "E_o1 before training", ()),
        ("0.593269992", 1, "out_h1 before training", ()),
        ("0.596742218", 1, "E before training", ("loss squared_error",)),
    ],
)
def test_a_published_number_is_traced_to_its_conventions(published, steps, quantity, deviations):
    assert_traced(published, steps, quantity, deviations)


@pytest.mark.slow
def test_a_number_after_many_steps_is_traced_too(monkeypatch):
    # Pairs of conventions would take longer, and are in the cases of one step. 10,000 steps, after which there are
    # published numbers, take five seconds; that these come of the slip, tests/terminal/test_cli.py asks of the demo.
    monkeypatch.setattr("microbp.training.conventions.MOST_WORK", 1.0)
    published = microbp.train(microbp.load("w1-w8"), 1000, update="output-first").outputs[0][0]
    assert_traced(f"{published:.9f}", 1000, "out_o1 after 1,000 steps", ("update output-first",))


def by_hand(rate, sign=1.0):
    """E of w1–w8 after one step, and nothing of microbp in it."""
    W1, W2 = np.array([[0.15, 0.2], [0.25, 0.3]]), np.array([[0.4, 0.45], [0.5, 0.55]])
    x, y = np.array([0.05, 0.1]), np.array([0.01, 0.99])

    def outputs():
        h = 1 / (1 + np.exp(-(W1 @ x + 0.35)))
        return h, 1 / (1 + np.exp(-(W2 @ h + 0.6)))

    h, o = outputs()
    d2 = (o - y) * o * (1 - o)
    d1 = (W2.T @ d2) * h * (1 - h)
    W1, W2 = W1 - sign * rate * np.outer(d1, x), W2 - sign * rate * np.outer(d2, h)
    return float(np.sum((y - outputs()[1]) ** 2) / 2)


@pytest.mark.parametrize(
    ("rate", "sign", "deviations"),
    [
        (0.5, 1.0, ()),
        (0.1, 1.0, ("learning rate 0.1",)),
        (5.0, 1.0, ("learning rate 5",)),
        (0.5, -1.0, ("gradient's sign turned",)),
        (0.25, -1.0, ("gradient's sign turned", "learning rate 0.25")),
    ],
)
def test_another_learning_rate_and_sign_are_found(rate, sign, deviations):
    found = conventions(W1_W8, f"{by_hand(rate, sign):.9f}", 1)
    assert ("E after 1 step", deviations) in [(match.quantity, match.deviations) for match in found.matches], str(found)


def test_the_form_of_the_penalty_is_found():
    problem = microbp.load("matrix-form")
    weights = problem.model.arrays()[0]
    squares = sum(float(np.sum(W**2)) for W in weights)
    data = replace(problem, l2=0.0).root().data
    for factor, words in ((problem.l2, "λ·Σw²"), (problem.l2 / 5, "λ/m·Σw²"), (problem.l2 / 2, "λ/2·Σw²"), (0, "none")):
        found = conventions(problem, f"{data + factor * squares:.10f}", 0)
        assert [(m.quantity, m.deviations) for m in found.matches] == [("J before training", (f"penalty {words}",))]


def test_a_number_from_nowhere_says_what_was_tried(capsys):
    assert main(["conventions", "w1-w8", "--published", "0.123456789"]) == 1
    said = capsys.readouterr().out
    assert "comes from none of 146 combinations: the problem's own conventions, or\none or two of these" in said
    assert "\n  learning rate    1, 0.25, 5, 0.05, 0.1\n" in said
    assert "before training or after 1 step.\nIs it from after another number of steps? Give --steps N." in said
    assert main(["conventions", "iris", "--published", "0.123456789", "--steps", "2", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["options"]["batches"] == ["of all samples", "in order", "of single samples in order"]
    assert (found["steps"], found["deviations"], found["matches"]) == (2, 2, [])


def test_what_would_take_long_is_tried_with_one_deviation(monkeypatch):
    monkeypatch.setattr("microbp.training.conventions.MOST_WORK", 1.0)
    found = conventions(W1_W8, "0.123456789")
    assert (found.deviations, found.tried) == (1, 21)
    assert "or\none of these in their place" in str(found)


def test_a_number_of_few_digits_has_many_ways_of_which_some_are_printed():
    found = conventions(microbp.load("iris"), "0.1", 1)
    said = str(found).splitlines()
    assert len(said) == 12
    assert said[10:] == [
        f"and {len(found.matches) - 10:,} more: with more digits there are fewer",
        "So few digits fit many numbers by chance: give all that were published.",
    ]
    assert [match.rounded for match in found.matches] == sorted(match.rounded for match in found.matches)


def test_a_value_that_only_rounds_to_the_number_stands_beside_it(capsys):
    assert main(["conventions", "w1-w8", "--published", "0.5", "--steps", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("0.5 (0.511301270, rounded) is w7 after 1 step")
    assert "So few digits" in said
    for number, quantity in (("0.359", "0.358916480"), ("0.35891648", None)):
        (match,) = conventions(W1_W8, number, 1).matches
        assert (match.quantity, match.rounded) == ("w5 after 1 step", quantity is not None)
        assert (f"({quantity}, rounded)" in str(match)) == match.rounded
    assert "chance" not in str(conventions(W1_W8, "0.359", 1))


def test_a_misprint_is_told_from_the_digits_that_it_begins_with():
    said = str(conventions(W1_W8, "0.75136079", 1))  # the text's own; it computes with 0.75136507
    assert "A misprint? out_o1 before training is 0.751365070, which begins with the same 5 digits or more." in said
    assert "misprint" not in str(conventions(W1_W8, "0.75146079", 1))


def test_an_output_of_a_sample_has_its_mark():
    problem = microbp.load("xor")
    found = conventions(problem, f"{problem.predict(problem.inputs)[0, 0]:.12f}", 0)
    assert "a[2][0]@1 before training" in [match.quantity for match in found.matches]


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ("0", "needs a digit other than 0"),
        ("-0.000", "needs a digit other than 0"),
        ("1e-999", "needs a digit other than 0"),
        (0.0, "needs a digit other than 0"),
        ("nan", "must be finite"),
        ("1e999", "must be finite"),
        (float("inf"), "must be finite"),
        ("x", "is given with its digits"),
        ("0,29", "is given with its digits"),
    ],
)
def test_what_is_no_number_to_look_for_is_refused(published, said):
    with pytest.raises(ProblemError, match=said):
        conventions(W1_W8, published)


def test_a_number_in_full_is_found_although_rounding_differs():
    loss = microbp.train(microbp.load("w1-w8"), 1000).loss
    assert [m.quantity for m in conventions(W1_W8, loss * (1 + 1e-13), 1000).matches] == ["E after 1,000 steps"]
