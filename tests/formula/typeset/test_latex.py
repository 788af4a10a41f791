"""Formulas as LaTeX: what a line of text has, in the signs of math mode."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp.formula.dialects import latex_name
from microbp.formula.typeset.latex import latex_of
from microbp.formula.typeset.signs import Fraction, read


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("∂E/∂w[1][j,k]", r"\frac{\partial E}{\partial w^{[1]}_{j,k}}"),
        ("∂C/∂((0.01 − out_o1)²)", r"\frac{\partial C}{\partial((0.01 - \mathrm{out}_{o1})^{2})}"),
        ("δ(l+1) Θ(l+1)ᵀ", r"\delta^{(l+1)}\ \Theta^{(l+1)\top}"),
        ("f′(z[2][i,j]) ⊙ σ(0.5)", r"f'(z^{[2]}_{i,j}) \odot \sigma(0.5)"),
        ("e⁻ᶻ/(1 + e⁻ᶻ)²", "e^{-z}/(1 + e^{-z})^{2}"),
        ("(∂E/∂a + 1) · 2", r"\Bigl(\frac{\partial E}{\partial a} + 1\Bigr) \cdot 2"),
        ("dW2[0, 0] = −1,234.5", r"\mathrm{dW}_{2}[0,\ 0] = -1{,}234.5"),
        ("4e−12 × a[1][0]@3", r"4 \cdot 10^{-12} \times a^{[1](3)}_{0}"),
        ("Σ_q ΣJ_s", r"\sum_{q} \sum J_{s}"),
        ("50% & {x}", r"50\%\ \&\ \{x\}"),
    ],
)
def test_latex_is_what_a_textbook_prints(text, latex):
    assert latex_of(text) == latex


@pytest.mark.parametrize("label", ["w5", "out_h1", "b[2][0]", "x[0]", "E", "loss", "z[2][0]@3", "δ_o1"])
def test_a_name_in_a_formula_is_written_as_it_is_alone(label):
    assert latex_of(label) == latex_name(label)


@given(st.text(alphabet="∂/()[]@_abE12.5 =+−×·Σδᵀ²′{}$%\\^~#&é", max_size=30))
def test_whatever_stands_there_gives_balanced_latex(text):
    latex = re.sub(r"\\textbackslash\{\}|\\[\^~]\{\}|\\[\\{}$%#&]", "", latex_of(text))
    assert latex.count("{") == latex.count("}")
    assert not re.search("[$%#&~]", latex)


@pytest.mark.parametrize("label", ["权_重", "w_out_1", "out_神_1", "w1_2", "E_总_差"])
def test_a_label_with_several_parts_is_one_name_below_a_derivative(label):
    (node,) = read(f"∂E/∂{label}")
    assert isinstance(node, Fraction)
    assert len(node.bottom) == 2  # the ∂, and the name
    assert "_" not in latex_of(label).replace(r"\_", "").replace("_{", "")
