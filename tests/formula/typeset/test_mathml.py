"""Formulas as MathML: well-formed, and with every sign of the text."""

import html
import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from microbp.formula.typeset.mathml import mathml_of


def parsed(text):
    return ElementTree.fromstring(f"<p>{mathml_of(text)}</p>")


@given(st.text(alphabet='∂/()[]@_abE12.5 =+−×·Σδᵀ²′{}<>&"\x1b é', max_size=30))
def test_whatever_stands_there_gives_well_formed_mathml(text):
    assert {element.tag for element in parsed(text).iter()} <= {
        *("p", "math", "mi", "mn", "mo", "mrow", "mfrac", "msub", "msup", "msubsup")
    }


def test_a_derivative_is_a_fraction_and_may_be_broken_only_before_operators():
    page = parsed("∂E/∂w5 = (−0.5) × a[1][0] + b")
    assert [len(part) > 0 for part in page] == [True] * 4
    assert ["".join(part.itertext()) for part in page] == ["∂E∂w5", "=(−0.5)", "×a0[1]", "+b"]
    assert page.find(".//mfrac") is not None
    forms = [(mark.text, mark.get("form")) for mark in page.iter("mo") if mark.get("form")]
    assert forms == [("=", "infix"), ("−", "prefix"), ("×", "infix"), ("+", "infix")]


def test_signs_of_html_are_escaped():
    assert re.findall(r"<m\w+[^>]*>([^<]+)</m", mathml_of("a < b & c"))[1::2] == [html.escape("<"), html.escape("&")]
