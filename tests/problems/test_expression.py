import re

import pytest

from microbp.errors import ProblemError, UnknownNameError
from microbp.problems import load


def test_an_expression_is_a_problem():
    problem = load("sigmoid(w*x + b) ** 2 - 3", {"w": 2.0, "x": -1.0, "b": -3.0})
    root = problem.root()
    root.backward()
    assert root.data == pytest.approx(-2.9999552, abs=1e-7)
    assert [leaf.label for leaf in problem.leaves()] == ["w", "x", "b"]
    assert {node.op.name for node in root.graph() if node.op} == {"mul", "add", "sigmoid", "pow_const", "sub"}


def test_numbers_in_an_expression_spare_what_nobody_needs():
    root = load("(-2) ** 2 * x + 2 ** x + x ** -1", {"x": 3.0}).root()
    assert root.data == pytest.approx(12 + 8 + 1 / 3)
    assert {"pow_const", "const_pow"} <= {node.op.name for node in root.graph() if node.op}


def test_a_long_expression_needs_no_recursion():
    assert load(" + ".join(["x"] * 2000), {"x": 1.0}).root().data == 2000.0


@pytest.mark.parametrize(
    ("text", "numbers", "said"),
    [
        ("w*x", {"w": 1.0}, "needs a number for x: add x=0.5"),
        ("w*x", {"w": 1.0, "x": 1.0, "y": 2.0}, "unknown name: 'y'"),
        ("sigmod(x)", {"x": 1.0}, "unknown operation: 'sigmod' .*did you mean 'sigmoid'"),
        ("max(x)", {"x": 1.0}, r"max needs 2 argument\(s\), got 1"),
        ("x.y", {"x": 1.0}, re.escape("cannot use 'x.y', in 'x.y': an expression has numbers")),
        ("__import__('os').system('true')", {}, "cannot use|unknown operation"),
        ("x if x else 1", {"x": 1.0}, "cannot use"),
        ("x +", {"x": 1.0}, "cannot read the expression"),
        ("+" * 10_001, {}, "may have 10,000 characters, got 10,001"),
        ("w1w8", {}, "unknown problem: 'w1w8' .*did you mean 'w1-w8'"),
        ("~" + "-" * 2000 + "x", {"x": 1.0}, "cannot use '~-"),
        ("w1-w8", {"w1": 1.0}, "has its numbers already"),
        ("True + x", {"x": 1.0}, "cannot use 'True'"),
    ],
)
def test_what_is_no_problem_is_refused_with_the_reason(text, numbers, said):
    with pytest.raises(ProblemError, match=said):
        load(text, numbers)


def test_a_leaf_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no leaf is called 'w9'; nearest: w"):
        load("w1-w8").find("w9")


def test_numbers_beyond_float_are_infinite():
    from microbp import errstate

    with errstate("ignore"):
        assert load(f"x*1{'0' * 400}", {"x": 1.0}).root().data == float("inf")
