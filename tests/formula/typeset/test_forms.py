"""Pages in every form: the same numbers in each, and each equation in numbers true."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

import microbp
from microbp.derivation.any_value import explain_value
from microbp.derivation.general.notations import NOTATIONS
from microbp.derivation.general.page import general_formulas
from microbp.formula.typeset.blocks import CodeLines, Heading, Math, Matrix, Sentence, said
from microbp.formula.typeset.forms import html_page, latex_page, markdown_page, text_page
from microbp.problems import builtin_names
from tests.terminal.test_texts import worth

PROBLEMS = [name for name in builtin_names() if name != "digits"]
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def page_of(name):
    """A weight, the general formulas and one value of a problem, on one page."""
    problem = microbp.load(name)
    samples = len(problem.shown_samples[0])
    value = explain_value(problem, "z[1][0]@2" if samples > 1 else "z[1][0]")
    weight = microbp.explain(problem, problem.model.layers[0].neurons[0].w[0].label)
    notation = name if name in NOTATIONS else "own"
    return (*weight.blocks, *general_formulas(problem, notation).blocks, *value.blocks)


def of_latex(text):
    """The lines of LaTeX with the signs that a line of text has."""
    for latex, sign in (*{r"\times": "×", r"\cdot": "·", r"\Bigl": "", r"\Bigr": "", "$": "", "-": "−"}.items(),):
        text = text.replace(latex, sign)
    text = re.sub(r"([\d.]+) · 10\^\{(.*?)\}", r"\1e\2", text)
    return [re.sub(r"\{\\leftskip=\dem |\\displaystyle |\\par\}?", "", line) for line in text.splitlines()]


def of_markdown(text):
    return [re.sub(r"\\(.)", r"\1", line).removeprefix("- ") for line in text.splitlines()]


def of_html(text):
    body = re.search(r"<body>(.*)</body>", text, re.DOTALL)[1]
    return ["".join(line.itertext()) for line in ElementTree.fromstring(f"<b>{body}</b>") if line.tag == "p"]


FORMS = {
    "text": (lambda blocks: text_page(blocks, 100_000), str.splitlines),
    "md": (markdown_page, of_markdown),
    "latex": (latex_page, of_latex),
    "html": (html_page, of_html),
}


@pytest.fixture(scope="module", params=PROBLEMS)
def page(request):
    return page_of(request.param)


@pytest.mark.parametrize("form", FORMS)
def test_each_equation_in_numbers_is_true_in_each_form(page, form):
    write, lines_of = FORMS[form]
    judged = 0
    for line in lines_of(write(page)):
        sides = [side.strip() for side in re.sub(r"^.*: ", "", line).split("=")]
        for one, two in pairwise(sides):
            left, right = worth(one), worth(two)
            if left and right:
                scale = max(1.0, left[1], right[1])
                assert left[0] == pytest.approx(right[0], rel=1e-6, abs=2e-8 * scale), line
                judged += 1
    assert judged >= 10


@pytest.mark.parametrize("form", ["md", "latex", "html"])
def test_each_form_has_the_numbers_of_the_text(page, form):
    lines = [block for block in page if isinstance(block, Sentence)]
    write, lines_of = FORMS[form]
    plain = [line for line in lines_of(write(lines)) if line.strip() and not line.startswith(("{\\rag", "\\par"))]
    assert len(plain) == len(lines)
    for line, block in zip(plain, lines, strict=True):
        wanted = sorted(number for number in NUMBER.findall(block.text) if "." in number)
        assert sorted(number for number in NUMBER.findall(line) if "." in number) == wanted, line


def test_latex_is_ascii_for_every_built_in_problem(page):
    assert latex_page(page).isascii()


def as_lines(blocks, width):
    return text_page(blocks, width).splitlines()


PAGE = [
    Heading(1, ("About ", Math("w5"), " & <more>")),
    said("With {x}: {f}", x="x_1", f="∂E/∂w5 = (−0.5) · a1").deeper(),
    Matrix("W", [[1.0, -2.5]] * 7),
]


def test_markdown_keeps_matrices_and_escapes_words():
    assert markdown_page(PAGE).splitlines() == [
        r"# About w5 & \<more\>",
        "",
        "- With x_1: ∂E/∂w5 = (−0.5) · a1",
        "",
        "```text",
        *["W = [    1  −2.5 ]", *["    [    1  −2.5 ]"] * 5, "    … 7 rows"],
        "```",
    ]


def test_latex_escapes_words_and_cuts_long_matrices():
    text = latex_page(PAGE)
    assert r"\subsection*{About $w_{5}$ \& $<$more$>$}" in text
    assert text.count(r"1 & -2.5 \\") == 6
    assert r"\dots & \dots\end{pmatrix}" in text


def test_a_long_formula_is_broken_at_its_signs_of_equality():
    line = Sentence((Math(f"E = {' + '.join(['0.25 × 0.5'] * 8)} = 1"),))
    assert text_page([line], 60).splitlines() == [
        "E = 0.25 × 0.5 + 0.25 × 0.5 + 0.25 × 0.5 + 0.25 × 0.5 + 0.25",
        "    × 0.5 + 0.25 × 0.5 + 0.25 × 0.5 + 0.25 × 0.5",
        "  = 1",
    ]


def test_a_result_below_a_long_product_stands_below_its_beginning():
    product = " × ".join(["0.25"] * 8)
    lines = [Sentence((Math(f"= {product} = 1"),)), Sentence((Math(f"({product}) = 3 = 4"),))]
    assert as_lines(lines, 57) == [f"= {product}", "= 1", f"({product})", "  = 3 = 4"]


def test_code_has_columns_where_there_is_room_for_them():
    rows = [CodeLines([("dW = d.T @ a", "∂E/∂W = δᵀ a", "(2, 2)"), ("db = d", "∂E/∂b = δ", "(2,)")])]
    assert as_lines(rows, 40)[0] == "dW = d.T @ a  ∂E/∂W = δᵀ a  (2, 2)"
    assert as_lines(rows, 30) == ["dW = d.T @ a", "    ∂E/∂W = δᵀ a    (2, 2)", "db = d", "    ∂E/∂b = δ    (2,)"]
