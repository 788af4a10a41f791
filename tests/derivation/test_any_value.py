"""The gradient of any value as products: the numbers are the graph's own."""

import pytest

import microbp
from microbp.derivation.any_value import explain_value
from microbp.errors import UnknownNameError
from microbp.nn.places import layers_of
from microbp.printing import decimals
from microbp.stepping.samples import samples_of


@pytest.mark.parametrize("name", ["w1-w8", "chain", "delta-rule", "chain-wide"])
def test_every_net_and_activation_has_the_gradient_of_the_graph(name):
    problem = microbp.load(name)
    root = problem.root()
    root.backward()
    samples = samples_of(root.graph())
    for node, (l, j) in layers_of(problem.model, root.graph()).items():
        letter = "z" if node.op.family == "affine" else "a"
        mark = f"@{samples[node]}" if node in samples else ""
        found = explain_value(problem, f"{letter}[{l + 1}][{j}]{mark}")
        assert found.lines[-1].text.endswith(f"= {decimals(node.grad)}")
        assert found.gradient == node.grad


def test_a_delta_is_the_gradient_of_its_net():
    lines = explain_value(microbp.load("w1-w8"), "δ[2][0]").page(80).splitlines()
    assert lines[0] == "δ[2][0] is ∂E/∂net_o1"
    assert lines[2].endswith("= 0.741365070 × 0.186815602 = 0.138498562")


def test_the_sum_over_both_outputs_has_its_symbols():
    (last,) = [line.text for line in explain_value(microbp.load("w1-w8"), "out_h1").lines if " + " in line.text]
    assert last == "∂E/∂out_h1 = 0.055399425 + (−0.019049118) = 0.036350306"


def test_a_value_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no value is called 'out_h7'; nearest: out_h2"):
        explain_value(microbp.load("w1-w8"), "out_h7")
    with pytest.raises(UnknownNameError, match="one in each sample"):
        explain_value(microbp.load("chain-wide"), "a[1][0]")
    with pytest.raises(UnknownNameError, match=r"say which of δ\[1\]\[0\]@1 … δ\[1\]\[0\]@4"):
        explain_value(microbp.load("chain-wide"), "δ[1][0]")
