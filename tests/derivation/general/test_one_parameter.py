"""One weight in the notation of a text: its last number is the gradient, whatever the notation."""

import re

import pytest

import microbp
from microbp.derivation.general.notations import NOTATIONS
from microbp.errors import MicrobpError, UnknownNameError
from microbp.printing import decimals


def gradients(problem):
    """Each parameter by its own label, with its gradient."""
    root = problem.root()
    root.backward()
    leaves = {leaf.label: leaf for leaf in root.graph() if leaf.op is None}
    for layer in problem.model.layers:
        for neuron in (layer.neurons[0], layer.neurons[-1]):
            for value in {neuron.w[0], neuron.w[-1], neuron.b}:
                yield value.label, leaves[value.label].grad


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "name", ["w1-w8", "chain", "chain-wide", "deep", "delta-rule", "matrix-form", "neuron", "iris"]
)
def test_the_gradient_is_that_of_the_graph(name, notation):
    problem = microbp.load(name)
    for label, gradient in gradients(problem):
        page = microbp.explain_in_notation(problem, label, notation)
        whole = [one for one in page.formulas if "for one sample" not in "".join(one.about)]
        made = [one for one in whole if re.match(r"∂\S+/∂[WwΘb]\S* =|D_", one.formula)]
        text = "".join(made[-1].layers[0][-1].parts)
        assert text.endswith(f"= {decimals(gradient)}"), (label, text)


def test_a_layer_has_the_derivative_of_its_own_activation_and_nets_come_from_activations_already_told():
    page = microbp.explain_in_notation(microbp.load("delta-rule"), "w[1][0,0]", "delta")
    lines = [one.formula for one in page.formulas]
    own = {l: next(line for line in lines if line.startswith(f"f′(u({l}))")) for l in (1, 2, 3)}
    assert [line.split("′ = ")[0].split(" = ")[-1] for line in own.values()] == ["softplus", "tanh", "σ"]
    assert [line.split(" = ")[0] for line in lines[:6]] == ["u(1)", "y(1)", "f′(u(1))", "u(2)", "y(2)", "f′(u(2))"]


def test_only_what_leads_to_the_weight_is_told():
    text = str(microbp.explain_in_notation(microbp.load("w1-w8"), "w8", "w1-w8"))
    assert "w8 is W_22(2)" in text
    assert "(1) =" not in text
    assert "∂E/∂b" not in text
    bias = str(microbp.explain_in_notation(microbp.load("chain"), "b2", "chain"))
    assert "∂C/∂w" not in bias
    assert "b2 is b_0(2)" in bias


def test_conventions_are_taken_and_refused_as_those_of_the_general_formulas():
    problem = microbp.load("chain-wide")
    page = microbp.explain_in_notation(problem, "w[1][2,0]", w_ij=True, index_from=1)
    assert "w[1][2,0] is W_13(1)" in str(page)
    with pytest.raises(UnknownNameError, match="unknown notation"):
        microbp.explain_in_notation(problem, "w[1][2,0]", "chian")
    with pytest.raises(MicrobpError, match="with theta the biases are column 0"):
        microbp.explain_in_notation(problem, "w[1][2,0]", theta=True, columns=True)
    with pytest.raises(UnknownNameError, match="parameter"):
        microbp.explain_in_notation(problem, "w[7][2,0]")
